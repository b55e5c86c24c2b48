// Ways to break a file, the same for the same seed.

/** Numbers in [0, n) from a seed: mulberry32. */
export function dice(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n);
  };
}

const extremes = [0, 1, 0x7f, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const numbers = ['', '-1', '0', '65536', '2147483648', '99999999999999999999', '1e309', 'NaN'];
const ways = {
  'one bit': (data, roll) => { data[roll(data.length)] ^= 1 << roll(8); return data; },
  'one byte': (data, roll) => { data[roll(data.length)] = roll(256); return data; },
  'a count': (data, roll) => {
    const at = roll(Math.max(1, data.length - 3)), value = extremes[roll(extremes.length)];
    if (data.length >= 4) data[roll(2) ? 'writeUInt32LE' : 'writeUInt32BE'](value, at);
    return data;
  },
  zeros: (data, roll) => { const at = roll(data.length); return data.fill(0, at, Math.min(data.length, at + 1 + roll(200))); },
  'a piece less': (data, roll) => { const at = roll(data.length), size = 1 + roll(100); return Buffer.concat([data.subarray(0, at), data.subarray(at + size)]); },
  'a piece twice': (data, roll) => { const at = roll(data.length), size = 1 + roll(100); return Buffer.concat([data.subarray(0, at + size), data.subarray(at)]); },
  'a number': (data, roll) => {
    const found = [...data.toString('latin1').matchAll(/\d+(\.\d+)?/g)];
    if (found.length === 0) return data;
    const { index, 0: { length } } = found[roll(found.length)];
    return Buffer.concat([data.subarray(0, index), Buffer.from(numbers[roll(numbers.length)]), data.subarray(index + length)]);
  },
};

/** The i-th of n ways to break a file: a quarter of them is cut off, at places all over it. Returns [what was done, the bytes]. */
export function mutated(data, i, n, seed) {
  const cuts = Math.ceil(n / 4);
  if (data.length === 0) return ['one byte more', Buffer.from([seed & 255])];
  if (i < cuts) {
    const size = Math.floor((data.length * i) / cuts);
    return [`cut at byte ${size} of ${data.length}`, data.subarray(0, size)];
  }
  const roll = dice(seed * 100003 + i), names = Object.keys(ways);
  let bytes = Buffer.from(data);
  const done = [];
  for (let k = 1 + (roll(4) === 0 ? roll(4) : 0); k > 0 && bytes.length > 0; k--) {
    const name = names[roll(names.length)];
    bytes = ways[name](bytes, roll);
    done.push(name);
  }
  return [done.join(', '), bytes];
}
