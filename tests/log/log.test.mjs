// The publication log against implementations that are not ours: numbers and the order of names against Node's own, all
// that a log serves against golang.org/x/mod (sumdb/note and sumdb/tlog), digests against Node's crypto.
// DK_BUILD: the build directory.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildGo } from './go.mjs';

const peer = join(process.env.DK_BUILD, 'tests', 'log_peer');
let scratch;
before(() => { scratch = mkdtempSync(join(tmpdir(), 'dikuai-log-')); });
after(() => rmSync(scratch, { recursive: true, force: true }));

const ask = (what, input) => execFileSync(peer, [what], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
const view = new DataView(new ArrayBuffer(8));
const bitsOf = (value) => { view.setFloat64(0, value); return view.getBigUint64(0); };
const ofBits = (bits) => { view.setBigUint64(0, bits); return view.getFloat64(0); };
// xorshift64*, so that every run sees the same.
function* random(state) {
  for (;;) {
    state ^= state >> 12n; state ^= (state << 25n) & 0xffffffffffffffffn; state ^= state >> 27n;
    yield (state * 2685821657736338717n) & 0xffffffffffffffffn;
  }
}

test('numbers are written as JSON.stringify writes them', () => {
  const values = [];
  for (let e = -1074; e < 1024; e++) { // powers of two, where the doubles below lie closer, and their neighbours
    const bits = bitsOf(2 ** e);
    for (const d of [-2n, -1n, 0n, 1n, 2n]) if (bits + d >= 0n) values.push(ofBits(bits + d));
  }
  for (let e = -324; e < 309; e++) {
    const bits = bitsOf(Number(`1e${e}`));
    for (const d of [-1n, 0n, 1n]) if (bits + d >= 0n) values.push(ofBits(bits + d));
  }
  for (let i = 0; i < 3000; i++) values.push(i / 100, i / 7, -i * 0.1, i + 1 / 3, 1 - i * Number.EPSILON, i * 5e-324);
  const next = random(88172645463325252n);
  for (let i = 0; i < 150000; i++) values.push(ofBits(next.next().value));
  for (let i = 0; i < 50000; i++) { // areas and sums as people write them
    const n = Number(next.next().value % 10n ** BigInt(1 + i % 17));
    values.push(n / 10 ** (i % 9), n * 10 ** (i % 12));
  }
  const answers = ask('numbers', values.map((v) => bitsOf(v).toString(16) + '\n').join('')).trimEnd().split('\n');
  assert.equal(answers.length, values.length);
  for (let i = 0; i < values.length; i++)
    assert.equal(answers[i], Number.isFinite(values[i]) ? JSON.stringify(values[i]) : 'refused');
});

test('coordinates are the decimals that they are rounded to', () => {
  const values = [0, -0, 180, -180, 90, 1e-9, -1e-9, 4e-10, 1e-7, 9.99e-7, 1e-6, 116.123456789, 116.1234567894, 34.5];
  const next = random(362436069n);
  for (let i = 0; i < 50000; i++) values.push((Number(next.next().value >> 11n) / 2 ** 53 - 0.5) * 360);
  const answers = ask('degrees', values.map((v) => bitsOf(v).toString(16) + '\n').join('')).trimEnd().split('\n');
  for (let i = 0; i < values.length; i++) {
    const rounded = Number((BigInt(Math.round(Math.abs(values[i]) * 1e9)) * (values[i] < 0 ? -1n : 1n))) / 1e9;
    assert.equal(answers[i], JSON.stringify(rounded));
  }
});

test('fields stand in the order of sort, and names are written as JSON.stringify writes them', () => {
  const names = ['', 'a', 'aa', 'b', '地块', '编号', '"', '\\', '\u0000', '\u001f', '\u007f', '\ud7ff', '\ue000', '\uffff',
    '\u{10000}', '\u{10ffff}', 'a\u{10000}', 'a\uffff', 'x\ue000y', 'x\u{1f600}y'];
  const next = random(521288629n);
  const from = [0x20, 0x7f, 0x80, 0x7ff, 0x800, 0x4e00, 0xd7ff, 0xe000, 0xfffd, 0xffff, 0x10000, 0x1f600, 0x10ffff];
  for (let i = 0; i < 2000; i++) {
    let name = '';
    for (let c = Number(next.next().value % 6n); c >= 0; c--)
      name += String.fromCodePoint(from[Number(next.next().value % BigInt(from.length))]);
    names.push(name);
  }
  const given = [...new Set(names)].filter((name) => !name.includes('\u0000')); // a name ends where C's strings do
  const text = ask('fields', given.map((name) => Buffer.from(name).toString('hex') + '\n').join(''));
  const places = new Map(given.map((name, i) => [name, i]));
  const members = [...given].sort().map((name) => `${JSON.stringify(name)}:${places.get(name)}`);
  assert.equal(text, `{"event":"publish","fields":{${members.join(',')}},"form":1,"generation":1}`);
});

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

test('a log is verified by golang.org/x/mod, which signs it in turn', () => {
  const program = join(scratch, 'verify'), dir = join(scratch, 'log');
  buildGo('verify.go', program);
  mkdirSync(dir);
  execFileSync(peer, ['write', dir, '66000'], { stdio: 'inherit' });
  assert.match(execFileSync(program, [dir], { encoding: 'utf8' }),
    /^7 checkpoints, 66000 entries, \d\d+ inclusion proofs, 7 consistency proofs\n$/);

  // What Go signed, we verify; and refuse when it is changed.
  const key = readFileSync(join(dir, 'witness.key'), 'utf8'), note = readFileSync(join(dir, 'witness.note'), 'utf8');
  const verified = spawnSync(peer, ['verify', key], { input: note, encoding: 'utf8' });
  assert.equal(verified.stderr, '');
  assert.equal(verified.stdout, note.slice(0, note.indexOf('\n\n') + 1));
  const changed = spawnSync(peer, ['verify', key], { input: note.replace('66000', '66001'), encoding: 'utf8' });
  assert.equal(changed.status, 1);
  assert.match(changed.stderr, /The signature of witness\.example\/go is wrong/);
  // And that of the log by Node's Ed25519, as the page does it.
  const logKey = Buffer.from(readFileSync(join(dir, 'key'), 'utf8').split('+').slice(2).join('+'), 'base64');
  const id = sha256('dk.example.gov.cn/log\n', logKey).readUInt32BE();
  const line = note.split('\n').find((l) => l.startsWith('— dk.example.gov.cn/log ') &&
    Buffer.from(l.split(' ')[2], 'base64').readUInt32BE() === id);
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), logKey.subarray(1)]);
  assert.ok(verifySignature(null, Buffer.from(verified.stdout), createPublicKey({ key: spki, format: 'der', type: 'spki' }),
    Buffer.from(line.split(' ')[2], 'base64').subarray(4)));

  // Entries are what salt and content hash to, and Go's verifier refuses one that is changed.
  for (const name of readdirSync(join(dir, 'inclusion')).slice(0, 20)) {
    const index = parseInt(name, 10);
    const extra = Buffer.from(/^extra (.*)$/m.exec(readFileSync(join(dir, 'inclusion', name), 'utf8'))[1], 'base64');
    assert.equal(JSON.parse(extra.subarray(32)).feature, index);
    const n = String(Math.floor(index / 256)).padStart(3, '0'), last = 66000 % 256;
    const bundle = readFileSync(join(dir, 'tile/entries', index >= 66000 - last ? `${n}.p/${last}` : n));
    assert.deepEqual(bundle.subarray(34 * (index % 256) + 2, 34 * (index % 256) + 34), sha256(extra));
  }
  const bundle = join(dir, 'tile/entries/123');
  const bytes = readFileSync(bundle);
  bytes[77] ^= 1;
  writeFileSync(bundle, bytes);
  const refused = spawnSync(program, [dir], { encoding: 'utf8' });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /entry 31490 is not what its hash says/);
});
