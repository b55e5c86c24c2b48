// Shapes without attributes and a ledger with them: joined by a key, and what has no partner on either side is said.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { gbk, scene, shapefile, square, wkt, xlsx } from './helpers.mjs';

const shapes = (s, ids, more = {}) => shapefile(s, 'p', ids.map((id, i) => ({ TBBH: id, ...more, wkt: wkt(square(39520000 + i * 200, 3521000)) })));
const noted = (done, sentence) => assert.ok(done.json.notes.some((note) => sentence.test(note)), `${sentence} not in ${done.json.notes.join('\n')}`);

test('a shapefile with nothing but a number gets its attributes from a sheet, dates and long numbers as of a sheet', (t) => {
  const s = scene(t);
  shapes(s, ['1', '2', '３', '4']);
  s.write('台账.xlsx', xlsx([['某县征收地块台账'], ['图斑编号', '地块编号', '地块名称', '地块面积（亩）'],
    [{ n: '1' }, 'DK1', '镕城一号', { n: '15' }], ['2', 'DK2', '镕城二号', { n: '1.5' }], [' 3 ', 'DK3', '镕城三号', { n: '3' }], ['9', 'DK9', '没有图形', { n: '1' }], [null, 'DK10', '没有编号', null]]));
  const done = s.load('parcel', 'p.shp', '--join', '台账.xlsx', '--on', 'TBBH=图斑编号', '--publish', '--allow-rejects');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual([done.json.loaded, done.json.rejected], [3, 1]);
  assert.deepEqual(s.rows('parcel').map((f) => [f.properties.id, f.properties.name, f.properties.area_declared_ha]),
    [['DK1', '镕城一号', 1], ['DK2', '镕城二号', 0.1], ['DK3', '镕城三号', 0.2]]);
  noted(done, /台账\.xlsx: 1 rows of the ledger belong to nothing that was read, by 图斑编号: row 6$/);
  noted(done, /台账\.xlsx: 1 rows of the ledger have nothing in 图斑编号/);
  assert.match(s.read('p.shp.rejects.csv'), /p\.shp,4,,"no row of 台账\.xlsx has ""4"" in 图斑编号/);
});

test('units above the header of a ledger that is joined count for its columns, and those that its cells show', (t) => {
  const s = scene(t);
  s.write('p.csv', ['TB BH,wkt', ...['1', '2'].map((id, i) => `${id},"${wkt(square(39520000 + i * 200, 3521000))}"`)].join('\n'));
  s.write('l.xlsx', xlsx([['面积单位：亩'], ['TB\nBH', '地块编号', '地块面积'], ['1', 'DK1', { n: '15' }], ['2', 'DK2', { n: '20000', f: '0.00"平方米"' }]]));
  const done = s.load('parcel', 'p.csv', '--join', 'l.xlsx', '--on', 'TBBH', '--crs', 'EPSG:4527', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('parcel').map((f) => f.properties.area_declared_ha), [1, 2]);
});

test('a GBK ledger for two files; the key is a field itself; the ledger comes before columns of the file', (t) => {
  const s = scene(t);
  const file = (name, id, x) => s.write(name, `地块编号,地块名称,wkt\n${id},旧名,"${wkt(square(x, 3521000))}"\n`);
  file('a.csv', 'A1', 39520000);
  file('b.csv', 'B1', 39520200);
  s.write('台账.csv', gbk('地块编号,地块名称,项目编号\nA1,镕城东,X1\nB1,镕城西,X2\n'));
  const done = s.load('parcel', 'a.csv', 'b.csv', '--join', '台账.csv', '--on', '地块编号', '--crs', 'EPSG:4527', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('parcel').map((f) => [f.properties.name, f.properties.project_id]), [['镕城东', 'X1'], ['镕城西', 'X2']]);
  noted(done, /地块名称 \(of the file itself\) was left out/);
  assert.deepEqual(done.json.notes.filter((note) => /belong to nothing/.test(note)), []);
});

test('a 文号 is a key in whatever brackets it is written', (t) => {
  const s = scene(t);
  shapes(s, ['皖政地(2020)1号', '皖政地【2020】第2号', '皖政地〔2020〕1号之一']);
  s.write('台账.csv', '文号,地块编号\n皖政地〔2020〕1号,A1\n皖政地〔2020〕2号,A2\n皖政地〔2020〕1号之一,A3\n');
  const done = s.load('parcel', 'p.shp', '--join', '台账.csv', '--on', 'TBBH=文号', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('parcel').map((f) => f.properties.id), ['A1', 'A2', 'A3']);
  // The area of an approval is none of each of its parcels.
  s.write('q.csv', ['地块编号,PZWH,wkt', ...['皖政地[2020]1号', '皖政地[2020]2号', '皖政地[2020]2号'].map((no, i) => `B${i},${no},"${wkt(square(39530000 + i * 200, 3521000))}"`)].join('\n'));
  s.write('批复.csv', '批准文号,地块面积\n皖政地〔2020〕1号,4\n皖政地〔2020〕2号,8\n');
  const shared = s.load('parcel', 'q.csv', '--join', '批复.csv', '--on', 'PZWH=批准文号', '--crs', 'EPSG:4527', '--dry-run');
  noted(shared, /批复\.csv: 1 rows of the ledger were given to several rows each, the first, row 3, to 2; [^;]*面积 is then counted for each of them/);
  assert.ok(!s.load('parcel', 'q.csv', '--join', '批复.csv', '--on', 'PZWH=批准文号', '--ignore', '地块面积', '--crs', 'EPSG:4527', '--dry-run').json.notes.some((note) => /several rows/.test(note)));
});

test('a key of the ledger that a field knows gives it, whatever the file calls it', (t) => {
  const s = scene(t);
  shapes(s, ['A１', 'A2']);
  s.write('台账.csv', '地块编号,地块名称\nA1,镕城东\nA2,镕城西\n');
  const done = s.load('parcel', 'p.shp', '--join', '台账.csv', '--on', 'TBBH=地块编号', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('parcel').map((f) => [f.properties.id, f.properties.name]), [['A1', '镕城东'], ['A2', '镕城西']]);
  // A column of the file that gives the field already stays what it is.
  const both = s.load('parcel', 'p.shp', '--join', '台账.csv', '--on', 'TBBH=地块编号', '--field', 'id=TBBH', '--set', 'project_id=X', '--dry-run');
  noted(both, /地块编号 was left out: id comes from TBBH$/);
});

test('a key that stands twice, a bad row, and keys that are not there', (t) => {
  const s = scene(t);
  shapes(s, ['1', '2']);
  s.write('l.csv', 'TBBH,DKBH,DKMC\n1,DK1,甲\n1,DK1b,乙\n2,DK2,丙\n');
  const twice = s.load('parcel', 'p.shp', '--join', 'l.csv', '--on', 'TBBH');
  assert.deepEqual([twice.json.loaded, twice.json.rejected], [1, 1]);
  assert.match(s.read('p.shp.rejects.csv'), /the rows 2 and 3 of l\.csv both have ""1"" in TBBH; leave one of them/);
  const bytes = Buffer.concat([Buffer.from('TBBH,DKBH,DKMC\n1,DK1,'), Buffer.from([0xff, 0xff]), gbk('中'), Buffer.from('\n2,DK2,x\n')]);
  s.write('bad.csv', bytes);
  const bad = s.load('parcel', 'p.shp', '--join', 'bad.csv', '--on', 'TBBH', '--set', 'project_id=B');
  assert.deepEqual([bad.json.loaded, bad.json.rejected], [1, 1]);
  assert.match(s.read('p.shp.rejects.csv'), /row 2 of bad\.csv: column DKMC: its bytes are not text/);
  const fails = [[['--join', 'l.csv', '--on', 'XX'], /l\.csv: --on XX: the ledger has no such column; it has: TBBH, DKBH, DKMC/],
    [['--join', 'l.csv', '--on', 'XX=TBBH'], /p\.shp: --on XX: the file has no such column to find its rows in l\.csv by; it has: TBBH/],
    [['--join', 'no.csv', '--on', 'TBBH'], /no\.csv: there is no such file/]];
  for (const [args, sentence] of fails) assert.match(s.load('parcel', 'p.shp', ...args).stderr, sentence);
  const before = s.read('l.csv');
  assert.match(s.load('parcel', 'p.shp', '--join', 'l.csv', '--on', 'TBBH', '--rejects', 'l.csv').stderr, /l\.csv: the rejects would be written over this file/);
  assert.equal(s.read('l.csv'), before);
  for (const args of [['--join', 'l.csv'], ['--on', 'x'], ['--join', 'l.csv', '--on', '=x'], ['--join-layer', 'x']])
    assert.equal(s.load('parcel', 'p.shp', ...args).code, 2);
});

test('shapes of a file that is left out had no row of the ledger: neither is one said to be given twice, nor as found', (t) => {
  const s = scene(t), shape = (id) => `{"type":"Feature","properties":{"TBBH":"T${id}"},"geometry":{"type":"Polygon","coordinates":[[[${117 + id / 500},32],[${117.001 + id / 500},32],[${117.001 + id / 500},32.001],[${117 + id / 500},32]]]}}\n`;
  const shapesOf = (n) => Array.from({ length: n }, (_, i) => shape(i)).join('');
  mkdirSync(s.path('f'));
  s.write('f/a.geojsonl', shapesOf(5) + '{"type":');
  s.write('f/b.geojsonl', shapesOf(3));
  s.write('l.csv', '图斑,地块编号,地块面积\n' + Array.from({ length: 6 }, (_, i) => `T${i},D${i},1\n`).join('') + 'T4,D9,1\n');
  const done = s.load('parcel', 'f', '--join', 'l.csv', '--on', 'TBBH=图斑', '--allow-rejects');
  assert.deepEqual([done.code, done.json.loaded, done.json.files_failed], [0, 3, 1], done.stderr);
  assert.deepEqual(done.json.notes.filter((note) => note.startsWith('l.csv')), ['l.csv: 4 rows of the ledger belong to nothing that was read, by 图斑: row 5, 6, 7, 8']);
});
