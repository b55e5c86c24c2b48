// A folder as bureaus have them: files of many formats, some broken, read in one command; profiles; runs that end early.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { gbk, program, scene, shapefile, square, wkt, xlsx, zip } from './helpers.mjs';

const parts = ['shp', 'shx', 'dbf', 'prj', 'cpg'];
const names = (s) => s.rows('parcel').map((f) => f.properties.name).sort();
const box = (i) => square(39520000 + i * 200, 3521000);
const csv = (i, id = `C${i}`) => `地块编号,地块名称,wkt\n${id},表${i},"${wkt(box(i))}"\n`;
const features = (n, from = 0) => Array.from({ length: n }, (_, i) => JSON.stringify({ type: 'Feature', properties: { DKBH: `J${from + i}`, DKMC: `行${from + i}` },
  geometry: { type: 'Polygon', coordinates: [[[117, 32], [117.001, 32], [117.001, 32.001], [117, 32]].map(([x, y]) => [x + (i % 100) * 0.002, y + Math.floor(i / 100) * 0.002])] } })).join('\n') + '\n';
const survey = (id, name, i) => `[属性描述]\n坐标系=2000国家大地坐标系\n几度分带=3\n带号=39\n计量单位=米\n[地块坐标]\n4,1.0,${id},${name},面,,,,@\n${box(i).map(([x, y], k) => `J${k + 1},1,${y},${x}`).join('\n')}\nJ1,1,${box(i)[0][1]},${box(i)[0][0]}\n`;
// A drawing of one closed polyline with a text in it (AutoCAD R12 groups).
const drawing = (text, i) => ['0', 'SECTION', '2', 'ENTITIES', '0', 'POLYLINE', '8', '红线', '66', '1', '70', '1', ...box(i).flatMap(([x, y]) => ['0', 'VERTEX', '8', '红线', '10', `${x}`, '20', `${y}`]), '0', 'SEQEND', '8', '红线',
  '0', 'TEXT', '8', '注记', '10', `${box(i)[0][0] + 40}`, '20', `${box(i)[0][1] + 40}`, '40', '5', '1', text, '0', 'ENDSEC', '0', 'EOF', ''].join('\r\n');

// 资料/ with seven formats, two levels and an archive; two of its files cannot be read.
function archive(s) {
  for (const dir of ['资料/一九九八', '资料/台账']) mkdirSync(s.path(dir), { recursive: true });
  shapefile(s, 'a', [{ DKBH: 'S1', DKMC: '形一', wkt: wkt(box(0)) }]);
  for (const part of parts) copyFileSync(s.path(`a.${part}`), s.path(`资料/征收地块.${part}`));
  shapefile(s, 'b', [{ DKBH: 'S2', DKMC: '形二', wkt: wkt(box(1)) }]);
  for (const part of parts) copyFileSync(s.path(`b.${part}`), s.path(`资料/一九九八/坏.${part}`));
  truncateSync(s.path('资料/一九九八/坏.shp'), 120);
  const source = s.write('g.csv', `DKBH,DKMC,WKT\nG1,库一,"${wkt(box(2))}"\n`);
  const ogr = (driver, name, ...more) => execFileSync('ogr2ogr', ['-f', driver, s.path(name), source, '-oo', 'GEOM_POSSIBLE_NAMES=WKT', '-oo', 'KEEP_GEOM_COLUMNS=NO', '-nlt', 'POLYGON', ...more], { stdio: 'ignore' });
  ogr('OpenFileGDB', '资料/库.gdb', '-a_srs', 'EPSG:4527');
  ogr('LIBKML', '资料/谷歌.kml', '-s_srs', 'EPSG:4527', '-t_srs', 'EPSG:4326');
  s.write('资料/一九九八/勘测.txt', gbk(survey('T1', '测一', 3)));
  s.write('资料/一九九八/说明.txt', gbk('这是一九九八年的资料。\n'));
  s.write('资料/红线.dxf', drawing('D1', 4));
  s.write('资料/报盘.csv', csv(5));
  s.write('资料/台账/补偿.xlsx', xlsx([['补偿编号', '地块编号'], ['B1', 'S1']]));
  s.write('资料/包.zip', zip({ '里/行.geojsonl': features(2) }));
  s.write('资料/断.zip', 'PK');
  s.write('资料/批复.pdf', '%PDF');
}
const profile = `files:
  - match: "*.dxf"
    crs: EPSG:4527
    fields: {id: 文字}
    ignore: [句柄, 图层]
  - match: "*.csv"
    crs: EPSG:4527
  - {match: "说明*.txt", skip: true}
`;
const all = ['库一', '库一', '形一', '测一', '表5', '行0', '行1'];

test('a folder of many formats in one command: what cannot be read is named with its reason and keeps nothing else out', (t) => {
  const s = scene(t);
  archive(s);
  assert.match(s.load('parcel', '资料').stderr, /资料: the folder holds data of several formats; choose, .* or take all with --all-formats: /);
  s.write('p.yaml', profile);
  const done = s.load('parcel', '资料', '--all-formats', '--profile', 'p.yaml', '--publish');
  assert.equal(done.code, 1);
  assert.match(done.stderr, /2 of 9 files could not be read, so the batch was not published; they are in .*资料\.rejects\.csv with their reasons\n$/);
  assert.deepEqual([done.json.files, done.json.files_failed, done.json.loaded, done.json.rejected], [7, 2, 8, 0]);
  const rejects = s.read('资料.rejects.csv').split('\r\n');
  assert.equal(rejects[0], '\uFEFFsource,row,key,reason');
  assert.deepEqual(rejects.slice(1, 3).map((line) => line.split(',')[0]).sort(), ['资料/一九九八/坏.shp', '资料/断.zip']);
  assert.match(rejects.join('\n'), /坏\.shp: the file is cut off/);
  assert.match(rejects.join('\n'), /断\.zip: not a whole ZIP archive/);
  const note = (text) => done.json.notes.filter((n) => n.includes(text));
  assert.deepEqual(note('补偿.xlsx'), ['资料/台账/补偿.xlsx: not read: parcel is a layer, and this table has no outlines']);
  assert.deepEqual(note('说明.txt'), ['资料/一九九八/说明.txt: left out, as the profile says']);
  assert.deepEqual(note('批复.pdf'), ['资料: not read of it: 批复.pdf']);
  // What goes on, for programs: a line for each file, in the order of their names.
  const files = done.events.filter((e) => e.event === 'file');
  assert.deepEqual(files.map((e) => [e.n, e.of]), files.map((_, i) => [i + 1, 10]));
  assert.deepEqual(files.map((e) => e.file), [...files.map((e) => e.file)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  assert.equal(files.reduce((sum, e) => sum + e.loaded, 0), 8);
  assert.equal(files.filter((e) => e.error).length, 2);
  // Without the two, by the same command: nothing is new but the publication.
  assert.equal(s.run('publish', s.store, String(done.json.batch)).code, 0);
  assert.deepEqual(names(s), [null, ...all].sort());
  assert.equal(s.run('check', s.store).code, 0);
  const again = s.load('parcel', '资料', '--all-formats', '--profile', 'p.yaml', '--allow-rejects');
  assert.deepEqual([again.code, again.json.loaded, again.json.unchanged, again.json.batch], [0, 0, 8, null], again.stderr);
});

test('a file of a folder that breaks off in the middle leaves none of its rows', (t) => {
  const s = scene(t);
  mkdirSync(s.path('f'));
  s.write('f/a.geojsonl', features(3));
  const spike = '{"type":"Feature","properties":{"DKBH":"SPIKE","DKMC":"刺"},"geometry":{"type":"Polygon","coordinates":[[[117.4,31.5],[117.401,31.5],[117.401,31.501],[117.402,31.501],[117.401,31.501],[117.4,31.501],[117.4,31.5]]]}}\n';
  s.write('f/b.geojsonl', spike + features(700, 1000) + '{"type":"Feature","proper');
  s.write('f/c.geojsonl', features(3, 2000));
  const done = s.load('parcel', 'f', '--allow-rejects', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual([done.json.files, done.json.files_failed, done.json.read, done.json.loaded, done.json.repaired], [2, 1, 6, 6, 0]);
  assert.match(s.read('f.rejects.csv'), /^f\/b\.geojsonl,,,/m);
  assert.equal(s.rows('parcel').length, 6);
  assert.equal(s.run('check', s.store).code, 0);
  // Its rows are not there under any word: mended, it loads as if new.
  s.write('f/b.geojsonl', features(700, 1000));
  const mended = s.load('parcel', 'f', '--publish');
  assert.deepEqual([mended.code, mended.json.loaded, mended.json.unchanged], [0, 700, 6], mended.stderr);
});

test('rejected rows of a file that is left out are not among the rejects: its reason stands for them', (t) => {
  const s = scene(t);
  const ledger = (id, n) => '补偿编号,地块编号,补偿总额\n' + Array.from({ length: n }, (_, i) => `${id}${i},D${i},${i % 2 ? '一' : 1}\n`).join('');
  mkdirSync(s.path('f'));
  for (const id of 'ac') s.write(`f/${id}.csv`, ledger(id, 3));
  s.write('f/b.csv', ledger('b', 700) + 'B9999,"no end');
  const done = s.load('compensation', 'f', '--allow-rejects', '--report', 'r.json');
  assert.deepEqual([done.code, done.json.files_failed, done.json.read, done.json.loaded, done.json.rejected], [0, 1, 6, 4, 2], done.stderr);
  assert.deepEqual(done.events.filter((e) => e.event === 'file').map((e) => e.rejected), [1, 0, 1]);
  const written = s.read('f.rejects.csv'), places = ['f/a.csv,3', 'f/b.csv,', 'f/c.csv,3'];
  assert.deepEqual(written.match(/^f\/[^,]+,\d*(?=,)/gm), places);
  const kept = JSON.parse(s.run('report', s.store, String(done.json.batch)).stdout);
  for (const told of [JSON.parse(s.read('r.json')), kept]) {
    const table = told.checks.find((c) => c.check === 'rejected');
    assert.deepEqual(told.sources.map((source) => source.name), ['f/a.csv', 'f/c.csv']);
    assert.deepEqual([table.count, table.rows.map((row) => `${row.source},${row.row || ''}`)], [3, places]);
    assert.deepEqual([table.kinds.number, Object.values(table.kinds).reduce((a, b) => a + b)], [2, 3]);
  }
  // The same through a pipe, in which nothing can be taken back.
  execFileSync('bash', ['-c', '"$0" load "$1" compensation f --allow-rejects --dry-run --rejects >(cat >piped.csv; echo >end) && until [ -e end ]; do sleep 0.02; done', program, s.store], { cwd: s.dir });
  assert.equal(s.read('piped.csv'), written);
});

test('a file that is left out leaves no outlines of rejected rows, and is itself the first reason', (t) => {
  const s = scene(t);
  const bent = '{"type":"Feature","properties":{"DKBH":"A"},"geometry":{"type":"Polygon","coordinates":[[[117.4,31.5],[117.401,31.501],[117.401,31.5],[117.4,31.501],[117.4,31.5]]]}}\n';
  mkdirSync(s.path('f'));
  for (const id of 'ab') s.write(`f/${id}.geojsonl`, bent + features(3) + '{"type":"Feature","proper');
  const none = s.load('parcel', 'f');
  assert.match(none.stderr, /no row could be loaded; the first: f\/a\.geojsonl: /);
  s.write('f/b.geojsonl', features(6, 9));
  const done = s.load('parcel', 'f', '--allow-rejects', '--report', 'r.html');
  assert.deepEqual([done.json.read, done.json.loaded, done.json.rejected, done.json.files_failed], [6, 6, 0, 1], done.stderr);
  assert.match(s.read('f.rejects.csv'), /^\uFEFFsource,row,key,reason\r\nf\/a\.geojsonl,,,[^\n]*\r\n$/);
  assert.doesNotMatch(s.read('r.html'), /class="reject" d="M/);
});

test('notes on rows of a file that is left out go with them, and keep none of the others from being named', (t) => {
  const s = scene(t);
  mkdirSync(s.path('f'));
  const ledger = (id, n) => '补偿编号,地块编号,补偿总额\n' + Array.from({ length: n }, (_, i) => `${id}${i},D${i},-${i + 1}\n`).join('');
  s.write('f/a.csv', ledger('A', 700) + 'A9999,"no end');
  s.write('f/b.csv', ledger('B', 2));
  const done = s.load('compensation', 'f', '--allow-rejects');
  assert.deepEqual(done.json.notes.map((note) => note.split(/[:,]/)[0]), ['left out', 'f/b.csv', 'f/b.csv', 'f/b.csv', 'f/b.csv'], done.json.notes.join('\n'));
  assert.equal(done.json.notes.filter((note) => note.includes('has no 征收地块')).length, 2);
});

test('a rejects file that was put right loads, though files that were left out stand in it', (t) => {
  const s = scene(t);
  mkdirSync(s.path('f'));
  const ledger = (id) => `补偿编号,地块编号,补偿总额\n${id}1,D1,1\n${id}2,D2,一\n`;
  for (const id of 'an') s.write(`f/${id}.csv`, ledger(id));
  for (const id of 'mz') s.write(`f/${id}.csv`, '补偿编号,地块编号\nB,"no end');
  const first = s.load('compensation', 'f', '--allow-rejects');
  assert.deepEqual([first.json.loaded, first.json.rejected, first.json.files_failed], [2, 2, 2]);
  s.write('改.csv', s.read('f.rejects.csv').replaceAll(',一', ',2'));
  const fixed = s.load('compensation', '改.csv', '--publish');
  assert.deepEqual([fixed.code, fixed.json.loaded, fixed.json.rejected, fixed.json.left_out], [0, 2, 0, 3], fixed.stderr);
  assert.ok(fixed.json.notes.includes('改.csv: rows 3, 6 were left out: they tell of a file that could not be read; load that file itself'), fixed.json.notes.join('\n'));
});

test('unchanged rows of a file that is left out may come again in the next one', (t) => {
  const s = scene(t);
  const ledger = (n, from = 0) => '补偿编号,地块编号\n' + Array.from({ length: n }, (_, i) => `B${from + i},D${from + i}\n`).join('');
  s.write('first.csv', ledger(9002));
  assert.equal(s.load('compensation', 'first.csv', '--publish').code, 0);
  mkdirSync(s.path('f'));
  s.write('f/a.csv', ledger(2));
  s.write('f/b.csv', ledger(9000, 2) + 'B9999,"no end');
  s.write('f/c.csv', ledger(9000, 2));
  const done = s.load('compensation', 'f', '--allow-rejects');
  assert.deepEqual([done.json.files_failed, done.json.unchanged, done.json.rejected], [1, 9002, 0], done.stderr);
});

test('a file that is alone in its folder has the keys that it has beside others', (t) => {
  const s = scene(t);
  mkdirSync(s.path('f'));
  s.write('f/a.geojsonl', features(2, 0));
  assert.equal(s.load('parcel', 'f', '--publish').json.loaded, 2);
  s.write('f/b.geojsonl', features(3, 100));
  const done = s.load('parcel', 'f', '--publish');
  assert.deepEqual([done.json.loaded, done.json.unchanged], [3, 2]);
  assert.equal(s.load('parcel', 'f/a.geojsonl').json.unchanged, 2);
  // A copy under another name is told: its keys are others, so its parcels are there twice.
  s.write('f/a 副本.geojsonl', features(2, 0));
  const copied = s.load('parcel', 'f');
  assert.equal(copied.json.loaded, 2);
  assert.deepEqual(copied.json.notes, ['f/a 副本.geojsonl has the same bytes as f/a.geojsonl of batch 1, and its rows other keys, made of its own name: '
    + 'they are there twice; load one of the two only, or withdraw the batch']);
});

test('a file that is loaded again with another key is said to be there twice, while both are', (t) => {
  const s = scene(t);
  s.write('a.geojsonl', features(2, 0));
  assert.equal(s.load('parcel', 'a.geojsonl', '--publish').json.loaded, 2);
  assert.deepEqual(s.load('parcel', 'a.geojsonl').json.notes, []);
  const again = s.load('parcel', 'a.geojsonl', '--set', 'project_id=XM1', '--publish');
  assert.deepEqual([again.code, again.json.loaded], [0, 2], again.stderr);
  assert.equal(again.json.notes.length, 1);
  assert.match(again.json.notes[0], /^a\.geojsonl was loaded before, in batch 1, and its rows have other keys now \(XM1:\S+ was a:\S+\): they are there twice; withdraw one of the two batches$/);
  for (const batch of ['1', String(again.json.batch)]) assert.equal(s.run('withdraw', s.store, batch, '--reason', '编号改正').code, 0);
  assert.deepEqual(s.load('parcel', 'a.geojsonl', '--set', 'project_id=XM2').json.notes, []);
});

test('names in GBK, as old disks have them, are text wherever they are kept', (t) => {
  const s = scene(t), at = (name) => Buffer.concat([Buffer.from(s.path('f/')), gbk(name)]);
  mkdirSync(s.path('f'));
  writeFileSync(at('征收地块.geojsonl'), features(2, 0));
  writeFileSync(at('历年资料.rar'), 'Rar!\x1a\x07\0');
  const done = s.load('parcel', 'f', '--publish', '--allow-rejects', '--report', 'r.html');
  assert.deepEqual([done.code, done.json.loaded, done.json.files_failed], [0, 2, 1], done.stderr);
  assert.deepEqual(done.events.map((event) => event.file).sort(), ['f/历年资料.rar', 'f/征收地块.geojsonl']);
  const kept = execFileSync('sqlite3', [s.store, 'SELECT key FROM row_parcel UNION SELECT name FROM dikuai_source UNION SELECT name FROM dikuai_file'], { encoding: 'utf8' });
  assert.equal(kept, 'f/征收地块.geojsonl\n征收地块.geojsonl\n征收地块:J0\n征收地块:J1\n');
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  // Also where there is no room for all of a title.
  assert.equal(s.load('parcel', 'f', '--dry-run', '--batch', '很'.repeat(150), '--report', 'long.html').code, 1);
  assert.match(utf8.decode(readFileSync(s.path('long.html'))), /很{90,} 质量报告/);
  for (const file of ['r.html', 'f.rejects.csv']) assert.match(utf8.decode(readFileSync(s.path(file))), /历年资料\.rar/);
});

test('a folder of nothing but tables without outlines says what to do', (t) => {
  const s = scene(t);
  mkdirSync(s.path('f'));
  for (const name of ['a', 'b']) s.write(`f/${name}.csv`, `地块编号\n${name}\n`);
  assert.equal(s.load('parcel', 'f').stderr, 'dikuai-ingest: there is nothing to load: parcel is a layer, and none of the 2 tables has outlines; '
    + 'a CSV may have them as WKT in a column named wkt, and --undrawn loads rows that have none yet\n');
  assert.equal(s.load('parcel', 'f', '--undrawn').json.loaded, 2);
});

test('a file that was named breaks the load, as before', (t) => {
  const s = scene(t);
  s.write('a.geojsonl', features(3));
  s.write('b.geojsonl', features(3, 10) + '{"type":');
  const done = s.load('parcel', 'a.geojsonl', 'b.geojsonl');
  assert.equal(done.code, 1);
  assert.deepEqual(s.batches(), []);
});

test('a profile that was saved reads other files of the same making, in another store', (t) => {
  const s = scene(t);
  s.write('甲.csv', `编号,名字,多余,wkt\nK1,甲地,x,"${wkt(box(0))}"\n`);
  s.write('红线.dxf', drawing('D1', 1));
  const first = s.load('parcel', '甲.csv', '--crs', 'EPSG:4527', '--field', 'id=编号', '--field', 'name=名字', '--ignore', '多余', '--set', 'project_id=XM"1', '--save-profile', '做法.yaml', '--publish');
  assert.equal(first.code, 0, first.stderr);
  const text = s.read('做法.yaml');
  assert.equal(text.slice(text.indexOf('\n') + 1), `files:
  - match: "*.csv"
    crs: "EPSG:4527"
    fields:
      "id": "编号"
      "name": "名字"
    set:
      "project_id": "XM\\"1"
    ignore:
      - "多余"
`);
  s.write('乙.csv', `名字,编号,多余,wkt\n乙地,K2,y,"${wkt(box(2))}"\n`);
  const second = s.load('parcel', '乙.csv', '--profile', '做法.yaml', '--publish');
  assert.equal(second.code, 0, second.stderr);
  assert.deepEqual(s.rows('parcel').map((f) => [f.properties.id, f.properties.name, f.properties.project_id]).sort(), [['K1', '甲地', 'XM"1'], ['K2', '乙地', 'XM"1']]);
  const other = s.load('parcel', '乙.csv', '--profile', '做法.yaml', '--set', 'project_id=P9', '--publish');
  assert.equal(other.code, 0, other.stderr); // the command line comes first
  assert.ok(s.rows('parcel').some((f) => f.properties.project_id === 'P9'));
  s.write('yx.yaml', 'files:\n  - match: "*.csv"\n    axes: yx\n    crs: EPSG:4527\n');
  s.write('丙.csv', csv(9));
  assert.match(s.load('parcel', '丙.csv', '--profile', 'yx.yaml').stderr, /x and y are swapped/);
  assert.equal(s.load('parcel', '丙.csv', '--profile', 'yx.yaml', '--axes', 'xy').code, 0);
});

test('folder and name of a file as values, and patterns with a folder', (t) => {
  const s = scene(t);
  for (const dir of ['f/XM-01', 'f/XM-02']) mkdirSync(s.path(dir), { recursive: true });
  s.write('f/XM-01/一组.txt', survey('1', '地', 0));
  s.write('f/XM-02/一组.txt', survey('1', '地', 1));
  s.write('f/XM-02/二组.TXT', survey('1', '地', 2));
  s.write('p.yaml', 'files:\n  - match: "XM-02/*"\n    set: {project_id: "{folder}/{name}", name: 乙}\n  - match: "*.txt"\n    set: {project_id: "{folder}"}\n');
  const done = s.load('parcel', 'f', '--profile', 'p.yaml', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('parcel').map((f) => f.properties.project_id).sort(), ['XM-01', 'XM-02/一组', 'XM-02/二组']);
  // One character of a pattern is one of Chinese.
  mkdirSync(s.path('g'));
  for (const [i, name] of ['丁', '三组', '丙组'].entries()) s.write(`g/${name}.txt`, survey('9', '地', 10 + i));
  s.write('q.yaml', 'files:\n  - match: "?.txt"\n    set: {project_id: 一字}\n  - match: "[甲三]组.txt"\n    set: {project_id: 三}\n  - match: "??.txt"\n    set: {project_id: 两字}\n');
  assert.equal(s.load('parcel', 'g', '--profile', 'q.yaml', '--publish').code, 0);
  assert.deepEqual(s.rows('parcel').filter((f) => f.properties.id === '9').map((f) => f.properties.project_id).sort(), ['一字', '三', '两字']);
  // Where the path does not say the folder, too.
  s.write('三组.txt', survey('1', '地', 3));
  assert.ok(!done.json.notes.some((text) => /used for no file/.test(text)));
  const single = s.load('parcel', './三组.txt', '--profile', 'p.yaml', '--publish');
  assert.equal(single.json.loaded, 1);
  assert.deepEqual(single.json.notes.filter((text) => /used for no file/.test(text)),
    ['p.yaml:2: 1 entry was used for no file: none has such a name, or an entry before it fits']);
  s.write('r.yaml', 'files:\n  - match: "*.txt"\n    set: {project_id: P}\n  - match: 三组.txt\n    crs: EPSG:4527\n  - match: "*.dxf"\n    layer: 红线\n');
  assert.deepEqual(s.load('parcel', '三组.txt', '--profile', 'r.yaml', '--dry-run').json.notes.filter((text) => /used for no file/.test(text)),
    ['r.yaml:4: 2 entries were used for no file, this is the first: none has such a name, or an entry before it fits']);
  assert.ok(s.rows('parcel').some((f) => f.properties.project_id === basename(s.dir)));
  assert.equal(s.load('parcel', '三组.txt', '--profile', 'p.yaml').json.unchanged, 1);
});

test('a key that comes twice in a folder: in which file and row it came first', (t) => {
  const s = scene(t);
  mkdirSync(s.path('g/旧'), { recursive: true });
  const head = '地块编号,项目编号,wkt\n', line = (id, i) => `${id},P1,"${wkt(box(i))}"\n`;
  s.write('g/旧/甲.csv', head + line('DK1', 0) + line('DK7', 1));
  s.write('g/乙.csv', head + line('DK2', 2) + line('DK7', 3) + line('DK2', 4));
  assert.equal(s.load('parcel', 'g', '--crs', 'EPSG:4527').json.rejected, 2);
  const [own, other] = s.read('g.rejects.csv').match(/the key[^;]*/g).sort();
  assert.equal(own, 'the key P1:DK2 stands in row 2 of the same load already');
  assert.match(other, /^the key P1:DK7 stands in row 3 of g\/(旧\/甲|乙)\.csv of the same load already$/); // whichever is read first
  const t2 = scene(t);
  t2.write('甲.csv', s.read('g/旧/甲.csv'));
  t2.write('乙.csv', s.read('g/乙.csv'));
  const done = t2.load('parcel', t2.path('甲.csv'), t2.path('乙.csv'), '--crs', 'EPSG:4527');
  assert.equal(done.json.rejected, 2);
  assert.match(readFileSync(resolve(t2.dir, done.json.rejects), 'utf8'), /the key P1:DK7 stands in row 3 of 甲\.csv of the same load already/); // no folders of absolute paths
});

test('mistakes in a profile are named by line and key', (t) => {
  const s = scene(t);
  s.write('a.csv', csv(1));
  for (const [text, sentence] of [['', /p\.yaml/], ['files: []\n', /p\.yaml:1: files/], ['files:\n  - crs: EPSG:4527\n', /p\.yaml:2: files.*match/], ['files:\n  - match: "*"\n    crs: 4527x\n', /p\.yaml:3: .*write it as EPSG:N/],
    ['files:\n  - match: "*"\n    fields: {id: A, id: B}\n', /p\.yaml:3: .*twice/], ['files:\n  - match: "*"\n    projection: x\n', /p\.yaml:3: .*projection/], ['files:\n  - match: "*"\n    encoding: latin1\n', /p\.yaml:3: .*UTF-8 or GB18030/],
    ['files:\n  - match: "*"\n    merged: {total: both}\n', /p\.yaml:3: .*first or each/], ['files:\n  - match: "*"\n    set:\n      project_id: "XM-{Folder}"\n', /p\.yaml:4: files\[0\]\.set: .*XM-\{Folder\}.* is filled in by nothing; there are \{folder\} and \{name\}/], ['files:\n  - match: "*"\n    set: {nosuch: x}\n    crs: EPSG:4527\n', /nosuch: parcel has no such field; it has: id/]]) {
    s.write('p.yaml', text);
    const done = s.load('parcel', 'a.csv', '--profile', 'p.yaml');
    assert.equal(done.code, 1, text);
    assert.match(done.stderr, sentence, text);
    assert.equal(done.stderr.trim().split('\n').length, 1, done.stderr);
  }
  assert.match(s.load('parcel', 'a.csv', '--profile', 'none.yaml').stderr, /none\.yaml: there is no such profile/);
  assert.match(s.load('parcel', 'a.csv', '--crs', 'EPSG:4527', '--save-profile', 'a.csv').stderr, /a\.csv: the profile would be written over this file/);
});

test('a load that is killed anywhere, and done again, is as if it had been done once', async (t) => {
  const s = scene(t), whole = scene(t);
  for (const at of [s, whole]) {
    mkdirSync(at.path('f'));
    for (let i = 0; i < 6; i++) at.write(`f/${i}.geojsonl`, features(1000, i * 10000));
  }
  const rows = (at) => execFileSync('sqlite3', [at.store, 'SELECT key, f_name, length(geom), batch FROM row_parcel ORDER BY row'], { encoding: 'utf8' }).replaceAll(/\|\d+$/gm, '');
  const began = performance.now();
  assert.equal(whole.load('parcel', 'f').code, 0);
  const took = performance.now() - began;
  // One of them was quicker than the signal, if only to its last commit: it is the load done again.
  const staged = () => execFileSync('sqlite3', [s.store, "SELECT count(*) FROM dikuai_batch WHERE state='staged'"], { encoding: 'utf8' }) === '1\n';
  let over = false;
  for (const share of [0.1, 0.25, 0.4, 0.55]) {
    if (over) break;
    const child = spawn(program, ['load', s.store, 'parcel', 'f', '--json'], { cwd: s.dir, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    await new Promise((resolve) => setTimeout(resolve, took * share));
    child.kill('SIGKILL');
    over = await ended === 0 || staged();
  }
  if (!over) {
    const done = s.load('parcel', 'f', '--publish');
    assert.equal(done.code, 0, done.stderr);
    assert.equal(done.json.loaded, 6000);
  }
  assert.equal(rows(s), rows(whole)); // the numbers of the batches are others
  assert.equal(s.run('check', s.store).code, 0);
});

test('files that are read beside each other come in the order of their names, whatever the timing', (t) => {
  const order = [0, 1].map(() => {
    const s = scene(t);
    mkdirSync(s.path('f'));
    for (let i = 0; i < 9; i++) s.write(`f/${i}.geojsonl`, features(i % 2 ? 3 : 400, i * 1000));
    const done = s.load('parcel', 'f', '--publish');
    assert.equal(done.code, 0, done.stderr);
    return execFileSync('sqlite3', [s.store, 'SELECT f_id FROM row_parcel ORDER BY row'], { encoding: 'utf8' });
  });
  assert.equal(order[0], order[1]);
  assert.equal(order[0], Array.from({ length: 9 }, (_, i) => Array.from({ length: i % 2 ? 3 : 400 }, (_, k) => `J${i * 1000 + k}\n`).join('')).join(''));
});
