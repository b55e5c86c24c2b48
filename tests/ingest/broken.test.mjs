// Broken files: whatever is wrong with them, the load ends soon, with success or with one clear sentence that names the
// file, in bounded memory, and leaves nothing behind. Many more by tests/fuzz/mutate.mjs.
import test from 'node:test';
import assert from 'node:assert/strict';
import { closeSync, cpSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { gbk, scene, square, wkt } from './helpers.mjs';
import { mutated } from './mutations.mjs';
import { crs, makeSeeds, measured, misbehaviour, MOST_MEMORY } from './seeds.mjs';

const box = (i) => wkt(square(39520000 + i * 200, 3521000));
const load = (s, source, ...options) => measured(s.dir, 'load', 'store.gpkg', 'parcel', source, ...options, '--json');
function refused(s, source, sentence, ...options) {
  const done = load(s, source, ...options);
  assert.equal(done.code, 1, `${source}: ${done.stderr}`);
  assert.equal(misbehaviour(done, source), null);
  assert.match(done.stderr, sentence);
}

test('each format whole, cut off and broken in a few ways', (t) => {
  const s = scene(t);
  const whole = join(s.dir, 'whole'), place = join(s.dir, 'place');
  mkdirSync(whole);
  const seeds = makeSeeds(whole), runs = 5;
  seeds.forEach(({ source, kind, options, files }, k) => {
    for (let i = -1; i < runs; i++) {
      rmSync(place, { recursive: true, force: true });
      for (const part of files) {
        mkdirSync(join(place, part, '..'), { recursive: true });
        cpSync(join(whole, part), join(place, part));
      }
      cpSync(s.store, join(place, 'store.gpkg'));
      const large = files.filter((file) => statSync(join(whole, file)).size > 100), file = large[(i + k) % large.length] ?? files[0];
      const [how, bytes] = i < 0 ? ['whole', readFileSync(join(whole, file))] : mutated(readFileSync(join(whole, file)), i, runs, 20261127 + k);
      writeFileSync(join(place, file), bytes);
      const done = measured(place, 'load', 'store.gpkg', kind, source, ...options, '--dry-run', '--json');
      assert.equal(misbehaviour(done, source), null, `${source}, ${file}: ${how}`);
      if (i < 0) assert.equal(done.code, 0, `${source}: ${done.stderr}`);
    }
  });
});

test('a CSV of one line of a gigabyte, one without an end of its quotes, and rows beyond all bounds', (t) => {
  const s = scene(t);
  const big = (name, head, piece, bytes) => {
    const fd = openSync(s.path(name), 'w'), block = Buffer.alloc(1 << 24, piece);
    writeSync(fd, head);
    for (let at = 0; at < bytes; at += block.length) writeSync(fd, block);
    closeSync(fd);
  };
  big('line.csv', '', 'a', 1 << 30);
  refused(s, 'line.csv', /line\.csv.*(row|line)/, ...crs);
  rmSync(s.path('line.csv'));
  big('commas.csv', 'DKBH,wkt\n', ',', 1 << 28);
  refused(s, 'commas.csv', /commas\.csv/, ...crs);
  rmSync(s.path('commas.csv'));
  big('quote.csv', 'DKBH,wkt\n1,"', 'x', 1 << 28);
  refused(s, 'quote.csv', /quote\.csv/, ...crs);
});

test('NULs, a wrong count, wrong bytes and a mislabelled zone', (t) => {
  const s = scene(t);
  s.write('nul.csv', Buffer.concat([Buffer.from('DKBH,DKMC,wkt\n'), ...[0, 1, 2].map((i) => Buffer.concat([Buffer.from(`D${i},`), Buffer.alloc(20), Buffer.from(`,"${box(i)}"\n`)]))]));
  refused(s, 'nul.csv', /nul\.csv: not a text: it holds NUL bytes/, ...crs);
  // A UTF-8 file in which one character is broken is a broken UTF-8 file, and no GB18030.
  const good = Array.from({ length: 40 }, (_, i) => `D${i},镕城第${i}号地块,"${box(i)}"\n`).join('');
  const bytes = Buffer.from(`DKBH,DKMC,wkt\n${good}`);
  bytes[bytes.indexOf('第20号') + 1] = 0x20;
  s.write('one.csv', bytes);
  const one = load(s, 'one.csv', ...crs, '--allow-rejects', '--publish');
  const summary = JSON.parse(one.stdout);
  assert.deepEqual([one.code, summary.loaded, summary.rejected], [0, 39, 1], one.stderr);
  assert.match(s.read('one.csv.rejects.csv'), /^one\.csv,22,.*column DKMC: its bytes are not text in UTF-8/m);
  assert.equal(s.rows('parcel').find((f) => f.properties.id === 'D5').properties.name, '镕城第5号地块');
  s.write('gbk.csv', gbk(`DKBH,DKMC,wkt\n${good.replaceAll('D', 'G')}`.replace('GKBH,GKMC', 'DKBH,DKMC')));
  assert.equal(load(s, 'gbk.csv', ...crs, '--publish').code, 0);
  assert.equal(s.rows('parcel').find((f) => f.properties.id === 'G5').properties.name, '镕城第5号地块');
  s.write('zone.csv', `DKBH,wkt\nZ1,"${box(0)}"\n`);
  refused(s, 'zone.csv', /zone\.csv, row 2: .*zone/, '--crs', 'EPSG:4528');
  s.write('cross.csv', `DKBH,wkt\nX1,"POLYGON((39520000 3521000,39520100 3521100,39520100 3521000,39520000 3521100,39520000 3521000))"\n`);
  refused(s, 'cross.csv', /cross\.csv, row 2: the polygon is not valid: Self-intersection/, ...crs);
  s.write('count.txt', '[属性描述]\n坐标系=2000国家大地坐标系\n几度分带=3\n带号=39\n[地块坐标]\n9,1,D1,甲,面,,,,@\nJ1,1,3521000,39520000\nJ2,1,3521000,39520100\nJ3,1,3521100,39520100\n');
  const count = load(s, 'count.txt', '--dry-run');
  assert.equal(misbehaviour(count, 'count.txt'), null);
  assert.ok(MOST_MEMORY > 0);
});
