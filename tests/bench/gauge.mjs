// The machine's noise: milliseconds of compressing the same megabyte, fastest, median and slowest of 15.
import zlib from 'node:zlib';

let seed = 1;
const bytes = Buffer.alloc(1 << 20);
for (let i = 0; i < bytes.length; i++) {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  bytes[i] = i % 3 ? bytes[i - (i % 97) - 1] ?? 7 : seed >>> 27;
}
const times = Array.from({ length: 15 }, () => {
  const start = process.hrtime.bigint();
  zlib.deflateSync(bytes, { level: 6 });
  return Number(process.hrtime.bigint() - start) / 1e6;
}).sort((a, b) => a - b);
console.log(`${times[0].toFixed(1)} / ${times[7].toFixed(1)} / ${times[14].toFixed(1)} ms`);
