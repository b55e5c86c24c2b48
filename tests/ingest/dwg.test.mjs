// Drawings as DWG. acad-ts wrote them; GDAL's CAD driver says where their vertices are, cs2cs where that is on Earth, and
// the same drawing as DXF which parcels there are. Areas are those of plane geometry.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { Drawing, objectsOf } from './drawings.mjs';
import { gbk, scene, square, wkt } from './helpers.mjs';
import { XYZ } from '@node-projects/acad-ts';

const X = 39520000, Y = 3521000;
const how = ['--crs', 'EPSG:4527', '--field', 'id=句柄', '--field', 'name=文字'];
const at = (points, x, y) => points.map(([a, b, ...rest]) => [X + x + a, Y + y + b, ...rest]);
const box = (x, y, side = 100) => square(X + x, Y + y, side).slice(0, 4);
const noted = (done, sentence) => assert.ok(done.json.notes.some((note) => sentence.test(note)), `${sentence} not in ${done.json.notes.join('\n')}`);
const inDegrees = (points) => execFileSync('cs2cs', ['-f', '%.10f', 'EPSG:4527', 'EPSG:4490'], { input: points.map(([x, y]) => `${y} ${x}\n`).join(''), encoding: 'utf8' })
  .trim().split('\n').map((line) => line.trim().split(/\s+/).slice(0, 2).map(Number).reverse());
const rings = (feature) => (feature.geometry.type === 'MultiPolygon' ? feature.geometry.coordinates.flat(1) : feature.geometry.coordinates);
const near = (a, b) => Math.abs(a[0] - b[0]) < 2e-9 && Math.abs(a[1] - b[1]) < 2e-9; // a fifth of a millimetre

function parcels() {
  const d = new Drawing();
  d.polyline(box(0, 0), '征地红线');
  d.polyline(box(40, 20, 20), '征地红线'); // in the first
  d.polyline(at([[200, 0, 1], [240, 0, 1]], 0, 0), '征地红线'); // a circle of two arcs
  d.polyline(at([[300, 0], [400, 0, 1], [400, 100], [300, 100]], 0, 0), '征地红线');
  d.polyline(box(500, 0, 50), '征地红线', { closed: false });
  d.polyline([...box(600, 0, 50), box(600, 0, 50)[0]], '征地红线', { closed: false }); // returns
  d.heavy(at([[700, 0], [760, 0, 0.5], [760, 60], [700, 60]], 0, 0), '征地红线');
  d.heavy(box(800, 0, 70), '征地红线', { height: 12.5 });
  const mirrored = d.polyline(square(-X - 950, Y, 30).slice(0, 4), '征地红线'); // seen from below, so its x runs the other way
  Object.assign(mirrored, { normal: new XYZ(0, 0, -1), elevation: 3, constantWidth: 0.5, thickness: 2 });
  d.polyline(box(2000, 0), '道路');
  d.polyline(box(0, 0), '征地红线', { where: d.document.paperSpace });
  d.text('镕城DK1', X + 50, Y + 60, '注记');
  d.text('DK2 圆', X + 220, Y, '注记');
  d.mtext('{\\fSimSun|b0;DK3}\\P工业', X + 350, Y + 50, '注记');
  d.text('DK6', X + 625, Y + 53, '注记'); // beside it
  d.line([X, Y], [X + 10, Y + 10], '道路');
  return d;
}

test('a DWG in GBK has the parcels of the same drawing as DXF: arcs, texts, holes and rejects', (t) => {
  const drawing = parcels(), loaded = {};
  for (const ending of ['dwg', 'dxf']) {
    const s = scene(t);
    s.write(`红线.${ending}`, drawing[ending]());
    const done = s.load('parcel', `红线.${ending}`, ...how, '--layer', '征地红线', '--holes', '--publish', '--allow-rejects');
    assert.equal(done.code, 0, done.stderr);
    const rejects = s.read(`红线.${ending}.rejects.csv`).split('\n').slice(1).map((line) => line.replace(/^[^,]*,\d+,/, ''));
    loaded[ending] = { rows: s.rows('parcel').map((f) => [f.properties.name, f.properties.area_m2, f.geometry]), rejects, notes: done.json.notes.map((note) => note.slice(note.indexOf(':'))),
      counts: [done.json.loaded, done.json.rejected, done.json.repaired], read: done };
    if (ending === 'dwg') {
      assert.match(s.read('红线.dwg.rejects.csv'), /红线\.dwg,5,(\w+),"the polyline \1 on layer 征地红线: it is not closed; close it in the drawing/);
      noted(done, /1 polylines on other layers than 征地红线 were not read/);
      noted(done, /not read, as they are no polylines: 1 LINE/);
      noted(done, /1 outlines have no text inside, and got the nearest one/);
      noted(done, /1 polylines have a height at each vertex/);
      noted(done, /1 polylines in paper space/);
      const row = (name) => s.rows('parcel').find((f) => f.properties.name === name);
      const segment = (chord, bulge) => { const angle = 4 * Math.atan(bulge), r = chord * (1 + bulge ** 2) / (4 * bulge); return r * r * (angle - Math.sin(angle)) / 2; };
      const areas = { 镕城DK1: 10000 - 400, 'DK2 圆': Math.PI * 400, 'DK3 工业': 10000 + segment(100, 1), DK6: 2500 };
      for (const [name, area] of Object.entries(areas)) assert.ok(Math.abs(row(name).properties.area_m2 / area - 1) < 2e-4, `${name}: ${row(name).properties.area_m2} for ${area}`);
      const nameless = s.rows('parcel').filter((f) => f.properties.name === null).map((f) => f.properties.area_m2);
      for (const area of [3600 + segment(60, 0.5), 4900, 900]) assert.ok(nameless.some((found) => Math.abs(found / area - 1) < 2e-4), `${area} not in ${nameless}`);
      assert.equal(rings(row('镕城DK1')).length, 2);
    }
  }
  assert.deepEqual(loaded.dwg.counts, [7, 1, 0]);
  for (const what of ['counts', 'rows', 'rejects', 'notes']) assert.deepEqual(loaded.dwg[what], loaded.dxf[what], what);
});

test('vertices are where GDAL reads them', (t) => {
  const s = scene(t), d = new Drawing();
  const shapes = [box(0, 0), at([[0.125, 0.25], [99.9375, 3.1], [80.000001, 77.7], [-3.3, 60.123456789]], 300, 0), box(1e3 / 3, 500, 12.3456789)];
  for (const points of shapes) d.polyline(points, '地块');
  s.write('p.dwg', d.dwg());
  const done = s.load('parcel', 'p.dwg', ...how, '--publish');
  assert.equal(done.code, 0, done.stderr);
  const seen = JSON.parse(execFileSync('ogr2ogr', ['-f', 'GeoJSON', '-lco', 'COORDINATE_PRECISION=12', '/vsistdout/', s.path('p.dwg')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  const lines = seen.features.filter((f) => f.properties.cadgeom_type === 'CADLWPolyline').map((f) => inDegrees(f.geometry.coordinates));
  const found = s.rows('parcel').map((f) => rings(f)[0]);
  assert.deepEqual([lines.length, found.length], [3, 3]);
  for (const line of lines) assert.ok(found.some((ring) => ring.length === 5 && line.every((p) => ring.some((q) => near(p, q)))), JSON.stringify(line));
});

test('what the numbers look like is said, layers are chosen, and the texts find the rows of a ledger', (t) => {
  const s = scene(t);
  s.write('p.dwg', parcels().dwg());
  assert.match(s.load('parcel', 'p.dwg', '--layer', '道路', '--set', 'id=1').stderr, /p\.dwg.*begin with zone 39: if they are CGCS2000, say --crs EPSG:4527/);
  assert.match(s.load('parcel', 'p.dwg', ...how).stderr, /p\.dwg: closed polylines are on 2 layers; choose one with --layer: .*征地红线 \(8\)/);
  assert.match(s.load('parcel', 'p.dwg', ...how, '--layer', '没有').stderr, /no polyline is on a layer "没有"; layers with closed polylines: /);
  s.write('台账.csv', gbk('图上注记,地块编号,地块名称\n镕城DK1,DK1,镕城一号\nDK6,DK6,镕城六号\n'));
  const done = s.load('parcel', 'p.dwg', '--crs', 'EPSG:4527', '--layer', '征地红线', '--join', '台账.csv', '--on', '文字=图上注记', '--publish', '--allow-rejects');
  assert.deepEqual(s.rows('parcel').map((f) => [f.properties.id, f.properties.name]), [['DK1', '镕城一号'], ['DK6', '镕城六号']], done.stderr);
});

test('the bytes decide, whatever the code page says; what is no text is named by its handle', (t) => {
  const names = { 'utf8.dwg': (text) => new Drawing((x) => x === text ? new TextDecoder('windows-1252').decode(Buffer.from(x)) : x), 'escaped.dwg': () => new Drawing((x) => [...x].map((c) => (c < '\x7f' ? c : `\\U+${c.codePointAt(0).toString(16).toUpperCase()}`)).join('')) };
  for (const [name, make] of Object.entries(names)) {
    const s = scene(t), d = make('镕城一号');
    d.polyline(box(0, 0), '0');
    d.text('镕城一号', X + 50, Y + 50, '0');
    s.write(name, d.dwg());
    const done = s.load('parcel', name, ...how, '--publish');
    assert.deepEqual(s.rows('parcel').map((f) => f.properties.name), ['镕城一号'], done.stderr);
  }
  const s = scene(t), d = new Drawing();
  d.polyline(box(0, 0), '红线');
  d.polyline(box(200, 0), '红线');
  d.text('好的', X + 250, Y + 50, '红线');
  const bad = Object.assign(d.text('', X + 50, Y + 50, '红线'), { value: new TextDecoder('windows-1252').decode(Buffer.from([0xff, 0xff, 0x31])) });
  s.write('b.dwg', d.dwg());
  const done = s.load('parcel', 'b.dwg', ...how, '--publish', '--allow-rejects');
  assert.deepEqual([done.json.loaded, done.json.rejected], [1, 1], done.stderr);
  assert.match(s.read('b.dwg.rejects.csv'), new RegExp(`column 文字: its bytes \\(handle ${bad.handle.toString(16).toUpperCase()}\\) are not text in GB18030`));
});

// 小学 in GBK is D0 A1 D1 A7, Сѧ in UTF-8; the code page stands at 13 (hexadecimal) of the file.
test('where few bytes are text in both encodings, the code page decides, and that is said', (t) => {
  for (const [page, name, sentence] of [[39, '小学', /GB18030 was taken, as it says itself: if they look foreign, say --encoding UTF-8/], [30, 'Сѧ', /UTF-8 was taken: if they look foreign, say --encoding GB18030/]]) {
    const s = scene(t), d = new Drawing();
    d.polyline(box(0, 0), '0');
    d.text('小学', X + 50, Y + 50, '0');
    const bytes = d.dwg();
    bytes.writeUInt16LE(page, 0x13);
    s.write('p.dwg', bytes);
    const done = s.load('parcel', 'p.dwg', ...how, '--publish');
    assert.deepEqual(s.rows('parcel').map((f) => f.properties.name), [name], done.stderr);
    noted(done, sentence);
  }
});

test('other versions and damaged drawings are refused in one sentence with what to do', (t) => {
  const s = scene(t), whole = parcels().dwg(), objects = objectsOf(whole);
  const broken = (change) => { const bytes = Buffer.from(whole); change(bytes); return bytes; };
  const [handle, place, size] = objects[objects.length - 5];
  const HANDLE = handle.toString(16).toUpperCase();
  const cases = {
    '2004.dwg': [parcels().dwg('AC1018'), /2004\.dwg: a drawing in the DWG of AutoCAD 2004 \(AC1018\); of DWG only that of AutoCAD 2000 \(AC1015\) is read: save the drawing as AutoCAD 2000 DWG, or as DXF/],
    '2018.dwg': [parcels().dwg('AC1032'), /2018\.dwg: .* AutoCAD 2018 \(AC1032\)/],
    'no.dwg': ['AC', /no\.dwg: not an AutoCAD drawing/],
    'half.dwg': [whole.subarray(0, whole.length / 2), /half\.dwg: the drawing is damaged or cut off: .* would lie beyond its end; copy it again/],
    'bit.dwg': [broken((bytes) => { bytes[place + size - 3] ^= 4; }), new RegExp(`bit\\.dwg, handle ${HANDLE}: the drawing is damaged: .*; copy it again, or repair it \\(RECOVER in AutoCAD\\) and save it again`)],
    'open.dwg': [(() => { const d = new Drawing(); d.line([X, Y], [X, Y + 1]); return d.dwg(); })(), /open\.dwg: the drawing has no closed polylines .* explode blocks/],
  };
  for (const [name, [bytes, sentence]] of Object.entries(cases)) {
    s.write(name, bytes);
    const done = s.load('parcel', name, ...how);
    assert.equal(done.code, 1, name);
    assert.match(done.stderr, sentence, name);
    assert.equal(done.stderr.trim().split('\n').length, 1, done.stderr);
  }
});

test('in a folder a DWG steps back behind its DXF and behind other data, and alone it is read', (t) => {
  const s = scene(t), d = new Drawing();
  d.polyline(box(0, 0), '红线');
  for (const name of ['一', '二']) mkdirSync(s.path(name));
  s.write('一/a.dwg', d.dwg());
  s.write('一/a.dxf', d.dxf());
  const both = s.load('parcel', '一', ...how, '--all-formats', '--dry-run');
  assert.deepEqual([both.code, both.json.files, both.json.loaded], [0, 1, 1], both.stderr);
  noted(both, /not read of it: a\.dwg/);
  s.write('二/新.dwg', d.dwg('AC1032'));
  s.write('二/p.csv', `DKBH,wkt\nW1,"${wkt(square(X, Y))}"\n`);
  const beside = s.load('parcel', '二', '--crs', 'EPSG:4527', '--dry-run');
  assert.deepEqual([beside.code, beside.json.loaded], [0, 1], beside.stderr);
  noted(beside, /not read of it: 新\.dwg/);
  const all = s.load('parcel', '二', '--crs', 'EPSG:4527', '--all-formats', '--allow-rejects', '--publish');
  assert.deepEqual([all.code, all.json.loaded, all.json.files_failed], [0, 1, 1], all.stderr);
  assert.match(s.read('二.rejects.csv'), /新\.dwg.*save the drawing as AutoCAD 2000 DWG, or as DXF/);
  mkdirSync(s.path('三'));
  s.write('三/b.dwg', d.dwg());
  assert.deepEqual(s.load('parcel', '三', ...how, '--dry-run').json.loaded, 1);
});
