// Temporary folders of loads that were killed: the next load removes them, and no folder that is in use.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { program, scene, square, wkt, zip } from './helpers.mjs';

const rows = 'DKBH,wkt\n' + Array.from({ length: 3 }, (_, i) => `D${i},"${wkt(square(39520000 + 200 * i, 3521000))}"\n`).join('');

function place(t) {
  const s = scene(t), tmp = s.path('tmp');
  mkdirSync(tmp);
  s.write('a.zip', zip({ '资料/p.csv': rows }));
  const env = { ...process.env, TMPDIR: tmp };
  return { ...s, tmp, env, left: () => readdirSync(tmp).sort(), args: ['load', s.store, 'parcel', 'a.zip', '--crs', 'EPSG:4527', '--dry-run', '--json'] };
}
const loads = (s) => {
  const done = spawnSync(program, s.args, { cwd: s.dir, env: s.env, encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
};
// A folder as a load leaves it that was killed: flock(1) stands for a load that is alive.
function folder(s, name, { lock = true } = {}) {
  mkdirSync(join(s.tmp, name, '资料'), { recursive: true });
  chmodSync(join(s.tmp, name), 0o700);
  writeFileSync(join(s.tmp, name, '资料', 'p.csv'), rows);
  if (lock) writeFileSync(join(s.tmp, name, 'dikuai.lock'), '');
  return join(s.tmp, name);
}

test('what a killed load had unpacked is removed by the next, and a folder in use is not', async (t) => {
  const s = place(t);
  folder(s, 'dikuai-dead01');
  chmodSync(folder(s, 'dikuai-dead02'), 0o2700); // as in a folder that gives its group to all that is made in it
  const live = folder(s, 'dikuai-live01');
  const holder = spawn('flock', [join(live, 'dikuai.lock'), 'sh', '-c', 'echo held; read x'], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => holder.stdin.end()); // else a test that fails would wait for it
  const ended = new Promise((resolve) => holder.on('close', resolve));
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  loads(s);
  assert.deepEqual(s.left(), ['dikuai-live01']);
  assert.ok(existsSync(join(live, '资料', 'p.csv')));
  holder.stdin.end('\n');
  await ended;
  loads(s);
  assert.deepEqual(s.left(), []);
});

test('nothing is removed that is not a folder of a load', (t) => {
  const s = place(t), day = Date.now() / 1000 - 86400;
  folder(s, 'dikuai-nolock', { lock: false }); // of another program, or of an older version
  folder(s, 'dikuai-wide01');
  chmodSync(join(s.tmp, 'dikuai-wide01'), 0o755);
  folder(s, 'dikuai-longer-name');
  folder(s, 'other-123456');
  writeFileSync(join(s.tmp, 'dikuai-afile1'), '');
  mkdirSync(join(s.tmp, 'dikuai-empty1'), { mode: 0o700 });
  mkdirSync(join(s.tmp, 'dikuai-fresh1'), { mode: 0o700 }); // another load may be about to lock it
  for (const name of ['dikuai-nolock', 'dikuai-empty1']) utimesSync(join(s.tmp, name), day, day);
  const before = s.left();
  loads(s);
  assert.deepEqual(s.left(), before.filter((name) => name !== 'dikuai-empty1'));
});

test('a load that is killed while its archive is unpacked leaves nothing behind the next', async (t) => {
  const s = place(t);
  s.write('a.zip', zip({ 'p.csv': 'DKBH,wkt\n' + Array.from({ length: 60000 }, (_, i) => `D${i},"${wkt(square(39510000 + 20 * (i % 500), 3520000 + 20 * Math.floor(i / 500), 10))}"\n`).join('') }));
  const child = spawn(program, s.args, { cwd: s.dir, env: s.env, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(signal)));
  while (!s.left().some((name) => existsSync(join(s.tmp, name, 'p.csv')))) await new Promise((resolve) => setTimeout(resolve, 2));
  child.kill('SIGKILL');
  assert.equal(await ended, 'SIGKILL');
  assert.equal(s.left().length, 1);
  s.write('a.zip', zip({ 'p.csv': rows }));
  loads(s);
  assert.deepEqual(s.left(), []);
});
