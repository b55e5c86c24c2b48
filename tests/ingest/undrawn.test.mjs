// 无图形: parcels that are known from a ledger and on no map yet; how they load, are found, and are drawn.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { catalogue, scene, shapefile, square, wkt, xlsx } from './helpers.mjs';

const ledger = (rows) => xlsx([['地块编号', '地块名称', '项目编号', '批准文号', '地块面积'], ...rows.map((row) => row.map((v) => (typeof v === 'number' ? { n: v } : v)))]);
const box = (i) => wkt(square(39520000 + i * 300, 3521000));
const sql = (s, text) => execFileSync('sqlite3', ['-json', s.store, text], { encoding: 'utf8' }).trim();
const rows = (s) => s.rows('parcel').map((f) => [f.properties.id, f.properties.name ?? null, f.geometry === null || f.geometry.coordinates.length === 0 ? null : f.geometry.type])
  .sort((a, b) => (a[0] < b[0] ? -1 : 1));

test('a ledger without outlines is refused with what to say, and loads where it is said', (t) => {
  const s = scene(t);
  s.write('旧账.xlsx', ledger([['L1', '老地一', 'P1', '皖政地〔1998〕12号', 1], ['L2', '老地二', 'P1', '皖政地〔1998〕12号', 2]]));
  assert.match(s.load('parcel', '旧账.xlsx').stderr, /旧账\.xlsx: parcel is a layer, and this file has no geometry; --undrawn loads rows that have none yet/);
  const done = s.load('parcel', '旧账.xlsx', '--undrawn', '--publish', '--report', 'r.json');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual([done.json.loaded, done.json.undrawn], [2, 2]);
  // What is not drawn has no area that another could differ from.
  assert.equal(JSON.parse(s.read('r.json')).checks.find(({ check }) => check === 'area_differs').count, 0);
  // GDAL reads them as features with an empty geometry, and the computed area is none.
  assert.deepEqual(rows(s), [['L1', '老地一', null], ['L2', '老地二', null]]);
  assert.equal(sql(s, 'SELECT count(f_area_m2) n FROM row_parcel'), '[{"n":0}]');
  for (const command of ['check', 'reindex', 'check']) assert.equal(s.run(command, s.store).code, 0, command);
  const again = s.load('parcel', '旧账.xlsx', '--undrawn');
  assert.deepEqual([again.json.unchanged, again.json.batch], [2, null]);
});

test('a file with some outlines: the rows without are kept, those with are drawn', (t) => {
  const s = scene(t);
  s.write('p.csv', `地块编号,地块名称,wkt\nA,有图,"${box(0)}"\nB,无图,\nC,坏图,"POLYGON((1 2"\n`);
  const strict = s.load('parcel', 'p.csv', '--crs', 'EPSG:4527', '--dry-run');
  assert.deepEqual([strict.json.loaded, strict.json.rejected], [1, 2]);
  const done = s.load('parcel', 'p.csv', '--crs', 'EPSG:4527', '--undrawn', '--publish', '--allow-rejects');
  assert.deepEqual([done.code, done.json.loaded, done.json.undrawn, done.json.rejected], [0, 2, 1, 1], done.stderr); // a broken outline is no missing one
  assert.deepEqual(rows(s), [['A', '有图', 'MultiPolygon'], ['B', '无图', null]]);
});

test('an empty geometry is a missing outline, a damaged one is not', (t) => {
  const s = scene(t);
  s.write('e.csv', '地块编号,wkt\nE1,POLYGON EMPTY\nE2,GEOMETRYCOLLECTION EMPTY\nE3,MULTIPOLYGON(EMPTY)\n');
  assert.match(s.load('parcel', 'e.csv', '--crs', 'EPSG:4527').stderr, /there is no geometry; --undrawn loads rows that have none yet/);
  const done = s.load('parcel', 'e.csv', '--crs', 'EPSG:4527', '--undrawn', '--publish');
  assert.deepEqual([done.code, done.json.loaded, done.json.undrawn], [0, 3, 3], done.stderr);
  // The second shape announces more parts than it has points (Esri Shapefile Technical Description, Polygon).
  shapefile(s, 'd', [0, 1].map((i) => ({ DKBH: `D${i}`, wkt: box(i) })));
  const bytes = readFileSync(s.path('d.shp'));
  bytes.writeInt32LE(9999, 100 + 8 + 136 + 8 + 36);
  writeFileSync(s.path('d.shp'), bytes);
  for (const args of [[], ['--undrawn']]) {
    const half = s.load('parcel', 'd.shp', '--dry-run', '--rejects', 'd.csv', ...args);
    assert.deepEqual([half.json.loaded, half.json.rejected], [1, 1], half.stderr);
    assert.match(readFileSync(s.path('d.csv'), 'utf8'), /d\.shp,2,D1,its geometry cannot be read; the file is damaged: copy or export it again/);
  }
});

test('drawing: the outline comes, what the ledger said stays, and what contradicts it is told', (t) => {
  const s = scene(t);
  s.write('旧账.xlsx', ledger([['L1', '老地一', 'P1', '皖政地〔1998〕12号', 1], ['L2', '老地二', 'P1', '', 900], ['L3', '老地三', 'P1', '', 1]]));
  assert.equal(s.load('parcel', '旧账.xlsx', '--undrawn', '--publish').code, 0);
  s.write('图.csv', `地块编号,地块名称,wkt\nL1,,"${box(0)}"\nL2,老地二,"${box(1)}"\nL3,另名,"${box(2)}"\nL9,,"${box(3)}"\n`);
  const plain = s.load('parcel', '图.csv', '--crs', 'EPSG:4527', '--set', 'project_id=P1', '--dry-run');
  assert.equal(plain.json.rejected, 3); // L1 to L3 are there with other content
  const done = s.load('parcel', '图.csv', '--crs', 'EPSG:4527', '--set', 'project_id=P1', '--draw', '--publish', '--allow-rejects');
  assert.deepEqual([done.code, done.json.replaced, done.json.rejected, done.json.area_differs], [0, 2, 2, 1], done.stderr); // 900 ha were declared of L2
  const rejects = s.read('图.csv.rejects.csv');
  assert.match(rejects, /,4,P1:L3,"?name says 另名, and P1:L3 is there with 老地三; correct one of them, or load with --replace/);
  assert.match(rejects, /,5,P1:L9,"?there is no P1:L9 to be drawn; load it first, or load this file without --draw/);
  assert.deepEqual(rows(s), [['L1', '老地一', 'MultiPolygon'], ['L2', '老地二', 'MultiPolygon'], ['L3', '老地三', null]]);
  assert.equal(s.rows('parcel').find((f) => f.properties.id === 'L1').properties.approval_no, '皖政地〔1998〕12号');
  assert.equal(s.run('check', s.store).code, 0);
  // The same again changes nothing; another outline needs --replace; a row without does not take one away.
  const again = s.load('parcel', '图.csv', '--crs', 'EPSG:4527', '--set', 'project_id=P1', '--draw', '--allow-rejects');
  assert.deepEqual([again.json.unchanged, again.json.batch], [2, null], again.stderr);
  s.write('移.csv', `地块编号,wkt\nL1,"${wkt(square(39520010, 3521010))}"\n`);
  const moved = s.load('parcel', '移.csv', '--crs', 'EPSG:4527', '--set', 'project_id=P1', '--draw');
  assert.match(s.read('移.csv.rejects.csv'), /P1:L1 has another outline already \(batch 2\); load with --replace/);
  assert.equal(moved.code, 1);
  s.write('改账.xlsx', ledger([['L1', '改名', 'P1', '皖政地〔1998〕12号', 1], ['L2', '', 'P1', '', 900], ['L3', '老地三', 'P1', '', 1]]));
  const taken = s.load('parcel', '改账.xlsx', '--undrawn', '--replace', '--allow-rejects');
  assert.deepEqual([taken.json.replaced, taken.json.unchanged, taken.json.rejected], [0, 1, 2]);
  assert.match(s.read('改账.xlsx.rejects.csv'), /is there already with its outline \(batch 2\), which a row without does not replace/);
  // Withdrawn, the drawing is gone and the ledger's rows are there as before.
  assert.equal(s.run('withdraw', s.store, '2', '--reason', '更正').code, 0);
  assert.deepEqual(rows(s).map((row) => row[2]), [null, null, null]);
  assert.equal(s.run('check', s.store).code, 0);
});

test('a ledger that comes again after its parcels were drawn changes nothing', (t) => {
  const s = scene(t);
  s.write('旧账.xlsx', ledger([['L1', '老地一', 'P1', '皖政地〔1998〕12号', 1], ['L2', '', 'P1', '', 1], ['L3', '老地三', 'P1', '', 1]]));
  const load = (...more) => s.load('parcel', '旧账.xlsx', '--undrawn', '--publish', ...more);
  assert.equal(load().code, 0);
  // L2 gets its name from the drawing, and then another one.
  s.write('图.csv', `地块编号,地块名称,wkt\nL1,,"${box(0)}"\nL2,新地二,"${box(1)}"\n`);
  const draw = (...more) => s.load('parcel', '图.csv', '--crs', 'EPSG:4527', '--set', 'project_id=P1', '--draw', '--publish', ...more);
  assert.equal(draw().json.replaced, 2);
  s.write('图.csv', `地块编号,地块名称,wkt\nL1,,"${box(0)}"\nL2,新二,"${box(1)}"\n`);
  assert.equal(draw('--replace').json.replaced, 1);
  const drawn = [['L1', '老地一', 'MultiPolygon'], ['L2', '新二', 'MultiPolygon'], ['L3', '老地三', null]];
  assert.deepEqual(rows(s), drawn);
  for (const more of [[], ['--replace']]) {
    const again = load(...more);
    assert.deepEqual([again.code, again.json.unchanged, again.json.rejected, again.json.batch], [0, 3, 0, null], again.stderr);
  }
  assert.deepEqual(rows(s), drawn);
  // One that was corrected since says something else.
  s.write('旧账.xlsx', ledger([['L1', '老地一', 'P1', '皖政地〔1998〕12号', 2], ['L2', '地二', 'P1', '', 1], ['L3', '老地三', 'P1', '', 1]]));
  const other = load();
  assert.deepEqual([other.code, other.json.unchanged, other.json.rejected], [1, 1, 2]);
  assert.match(s.read('旧账.xlsx.rejects.csv'), /P1:L1,"?P1:L1 is there already with its outline/);
  assert.deepEqual(rows(s), drawn);
});

test('a file that has no more than numbers and outlines draws rows whose required fields the ledger has', (t) => {
  const s = scene(t, catalogue.replace('title: 地块名称, type: text, audience: public', 'title: 地块名称, type: text, audience: public, required: true'));
  s.write('旧账.xlsx', ledger([['L1', '老地一', 'P1', '', 1]]));
  assert.equal(s.load('parcel', '旧账.xlsx', '--undrawn', '--publish').code, 0);
  s.write('图.csv', `地块编号,wkt\nL1,"${box(0)}"\n`);
  assert.match(s.load('parcel', '图.csv', '--crs', 'EPSG:4527', '--set', 'project_id=P1').stderr, /no column gives the required field name/);
  assert.equal(s.load('parcel', '图.csv', '--crs', 'EPSG:4527', '--set', 'project_id=P1', '--draw', '--publish').code, 0);
  assert.deepEqual(rows(s), [['L1', '老地一', 'MultiPolygon']]);
});

test('a geometry that was lost is still found by check', (t) => {
  const s = scene(t);
  s.write('旧账.xlsx', ledger([['L1', '老地一', 'P1', '', 1]]));
  assert.equal(s.load('parcel', '旧账.xlsx', '--undrawn', '--publish').code, 0);
  sql(s, 'UPDATE row_parcel SET geom=NULL');
  const found = s.run('check', s.store);
  assert.equal(found.code, 1);
  assert.match(found.stdout + found.stderr, /has no geometry/);
});

test('the progress report: an approval is drawn when one of its parcels is', (t) => {
  const s = scene(t);
  s.write('批.csv', '批准文号,批准时间\n皖政地〔1998〕12号,1998-05-01\n');
  s.write('旧账.xlsx', ledger([['L1', '老地一', 'P1', '皖政地〔1998〕12号', 1], ['L2', '老地二', 'P1', '皖政地〔1998〕12号', 1]]));
  assert.equal(s.load('approval', '批.csv', '--publish').code, 0);
  assert.equal(s.load('parcel', '旧账.xlsx', '--undrawn', '--publish').code, 0);
  const total = () => { const { known, drawn } = JSON.parse(s.run('progress', s.store, '--json').stdout).total; return [known, drawn]; };
  assert.deepEqual(total(), [1, 0]);
  s.write('图.csv', `地块编号,wkt\nL1,"${box(0)}"\n`);
  assert.equal(s.load('parcel', '图.csv', '--crs', 'EPSG:4527', '--set', 'project_id=P1', '--draw', '--publish').code, 0);
  assert.deepEqual(total(), [1, 1]);
});
