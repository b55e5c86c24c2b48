// GCJ-02 where it is declared, and what is said of rows that lie beside their divisions.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { catalogue, scene, wkt } from './helpers.mjs';

// The public algorithm, for its other direction; the published values below hold it to what others compute.
function gcj02([lon, lat]) {
  const { PI, sin, cos, sqrt, abs } = Math, x = lon - 105, y = lat - 35, sum = (...terms) => terms.reduce((a, b) => a + b, 0);
  const waves = (...pairs) => sum(...pairs.map(([amplitude, phase]) => amplitude * sin(phase * PI))) * 2 / 3;
  const north = sum(-100, 2 * x, 3 * y, y * y / 5, x * y / 10, sqrt(abs(x)) / 5) + waves([20, 6 * x], [20, 2 * x], [20, y], [40, y / 3], [160, y / 12], [320, y / 30]);
  const east = sum(300, x, 2 * y, x * x / 10, x * y / 10, sqrt(abs(x)) / 10) + waves([20, 6 * x], [20, 2 * x], [20, x], [40, x / 3], [150, x / 12], [300, x / 30]);
  const e2 = 0.00669342162296594323, w = 1 - e2 * sin(lat * PI / 180) ** 2;
  return [lon + east / (6378245 / sqrt(w) * cos(lat * PI / 180)) * 180 / PI, lat + north / (6378245 * (1 - e2) / w ** 1.5) * 180 / PI];
}
// github.com/googollee/eviltransform, python/test.py: Shanghai, Shenzhen, Beijing.
const published = [[[121.5272106, 31.1774276], [121.531541859215, 31.17530398364597]], [[113.912316, 22.543847], [113.9171764808363, 22.540796131694766]],
  [[116.377817, 39.911954], [116.38404722455657, 39.91334545536069]]];

const layer = `
  - name: division_area
    title: 行政区
    geometry: polygon
    key: {field: code}
    label: name
    zooms: [6, 16]
    fields:
      - {name: code, title: 行政区代码, type: division, audience: public, required: true}
      - {name: name, title: 行政区名称, type: text, audience: public}
`;
const withDivisions = catalogue.replace('\nrecords:', layer + 'records:');

// Nine villages of 2 km on a side in degrees of CGCS2000, and 16 parcels of 60 m spread evenly over each.
const lon = (m) => 117.2 + m / 94600, lat = (m) => 31.8 + m / 110880;
const box = (x, y, size) => [[lon(x), lat(y)], [lon(x + size), lat(y)], [lon(x + size), lat(y + size)], [lon(x), lat(y + size)]];
const villages = Array.from({ length: 9 }, (_, i) => ({ code: `340123101${201 + i}`, x: (i % 3) * 2000, y: Math.floor(i / 3) * 2000 }));
const areas = (list = villages) => 'code,name,wkt\n' + list.map((v) => `${v.code},村,"${wkt(box(v.x, v.y, v.size ?? 2000))}"\n`).join('');
const parcelsOf = (v, by = [0, 0]) => Array.from({ length: 16 }, (_, k) => box(v.x + 250 + (k % 4) * 480 + by[0], v.y + 250 + Math.floor(k / 4) * 480 + by[1], 60));
const parcels = (rings, at = (p) => p) => '地块编号,行政区划代码,wkt\n' + rings.map(([code, ring], i) => `D${i},${code},"${wkt(ring.map(at))}"\n`).join('');
const everywhere = (by) => villages.flatMap((v) => parcelsOf(v, by).map((ring) => [v.code, ring]));

function county(t, list, text = withDivisions) {
  const s = scene(t, text);
  s.write('areas.csv', areas(list));
  const done = s.load('division_area', 'areas.csv', '--crs', 'EPSG:4490', '--publish');
  assert.equal(done.code, 0, done.stderr);
  return s;
}
function notes(s, text, ...more) {
  s.write('p.csv', text);
  const done = s.load('parcel', 'p.csv', '--crs', ...(more.length ? more : ['EPSG:4490']));
  assert.equal(done.code, 0, done.stderr);
  return done.json.notes.join('\n');
}
const shifted = /\d+ of 144 rows looked at lie outside their division, by up to \d+ m, and with GCJ-02 undone 0 would: .*--crs gcj02/;

test('what is declared GCJ-02 comes out where the published values say, and the batch is marked', (t) => {
  for (const [place, there] of published) assert.ok(gcj02(place).every((value, i) => Math.abs(value - there[i]) < 1e-12));
  const s = scene(t, catalogue.replace('[114.5, 29.0, 120.0, 35.0]', '[73, 18, 135, 54]'));
  const rings = published.map(([[x, y]]) => [[x, y], [x + 0.001, y], [x + 0.001, y + 0.001]]);
  s.write('p.csv', '地块编号,wkt\n' + rings.map((ring, i) => `D${i},"${wkt([published[i][1], ...ring.slice(1).map(gcj02)])}"\n`).join(''));
  const done = s.load('parcel', 'p.csv', '--crs', 'GCJ-02', '--publish');
  assert.equal(done.code, 0, done.stderr);
  s.rows('parcel').forEach((row, i) => rings[i].forEach(([x, y]) =>
    assert.ok(row.geometry.coordinates.flat(2).some((p) => Math.abs(p[0] - x) < 2e-10 && Math.abs(p[1] - y) < 2e-10), `${x} ${y}: ${JSON.stringify(row.geometry)}`)));
  assert.match(done.json.notes.join('\n'), /p\.csv: GCJ-02 undone by the public approximation, good to metres only; the batch is marked/);
  assert.equal(s.batches()[0].datum, 'GCJ-02 undone by the public approximation, good to metres only');
});

test('a file that says WGS 84 may be declared GCJ-02, which is noted; what is in metres may not', (t) => {
  const s = scene(t);
  const feature = (ring) => JSON.stringify({ type: 'FeatureCollection', features: [{ type: 'Feature', properties: { 地块编号: '1' }, geometry: { type: 'Polygon', coordinates: [[...ring, ring[0]]] } }] });
  s.write('g.geojson', feature(box(0, 0, 60).map(gcj02)));
  assert.equal(s.load('parcel', 'g.geojson', '--crs', 'gcj02', '--publish').code, 0);
  const found = s.rows('parcel')[0].geometry.coordinates.flat(2);
  for (const [x, y] of box(0, 0, 60)) assert.ok(found.some((p) => Math.abs(p[0] - x) < 2e-10 && Math.abs(p[1] - y) < 2e-10));
  s.write('m.geojson', feature([[39520000, 3521000], [39520100, 3521000], [39520100, 3521100]]));
  assert.match(s.load('parcel', 'm.geojson', '--crs', 'gcj02').stderr, /is in metres, but the coordinate system, GCJ-02, is in degrees/);
  assert.match(s.load('parcel', 'm.geojson', '--crs', 'bd09').stderr, /--crs bd09: write it as EPSG:N, .* or as gcj02/);
});

test('rows in GCJ-02 that do not say so are loaded as they are, and said to lie half a kilometre off', (t) => {
  const s = county(t);
  assert.match(notes(s, parcels(everywhere(), gcj02)), shifted);
});

test('declared, the same rows lie in their divisions', (t) => {
  const s = county(t);
  assert.doesNotMatch(notes(s, parcels(everywhere(), gcj02), 'gcj02'), /outside their division/);
});

test('rows in their divisions, at their borders and up to 50 m beyond are not spoken of', (t) => {
  assert.doesNotMatch(notes(county(t), parcels(everywhere())), /outside their division/);
  // Each parcel 40 m beyond the eastern or the southern border.
  assert.doesNotMatch(notes(county(t), parcels(villages.flatMap((v) => [[v.code, box(v.x + 2040, v.y + 900, 60)], [v.code, box(v.x + 900, v.y - 100, 60)]]))), /outside their division/);
});

test('a project that reaches over the border into a neighbour is not taken for GCJ-02', (t) => {
  const s = county(t);
  const over = parcelsOf(villages[4], [300, 0]).map((ring) => [villages[4].code, ring]); // a quarter lies east of the village
  assert.doesNotMatch(notes(s, parcels([...everywhere(), ...over])), /outside their division/);
});

test('codes of other villages are told as what they are', (t) => {
  const s = county(t);
  const rotated = villages.flatMap((v, i) => parcelsOf(v).map((ring) => [villages[(i + 4) % 9].code, ring]));
  assert.match(notes(s, parcels(rotated)), /144 of 144 rows looked at lie outside their division, half of these by \d{3,4} m or more: check the coordinate system/);
});

test('where a village has no outline, that of its township counts; where none has, nothing is said', (t) => {
  const township = [{ code: '340123101', x: 0, y: 0, size: 6000 }];
  assert.match(notes(county(t, township), parcels(everywhere([7000, 0]))), /144 of 144 rows looked at lie outside their division/);
  assert.doesNotMatch(notes(county(t, township), parcels([['340123102201', box(9000, 0, 60)]])), /outside their division/);
  const padded = county(t, [{ code: '340123000000', x: 0, y: 0, size: 6000 }]);
  assert.match(notes(padded, parcels(everywhere([7000, 0]))), /144 of 144 rows/);
  // The county bore another code before.
  const renamed = county(t, [{ code: '340123000000', x: 0, y: 0, size: 6000 }], withDivisions
    + "divisions:\n  - {code: '340123', name: 新县}\n  - {code: '340199', name: 旧县, successor: '340123'}\n");
  const former = (rows) => rows.map(([code, ring]) => [code.replace('340123', '340199'), ring]);
  assert.match(notes(renamed, parcels(former(everywhere([7000, 0])))), /144 of 144 rows/);
  const none = scene(t);
  assert.doesNotMatch(notes(none, parcels(everywhere(), gcj02)), /outside their division/);
});

test('rows of a file that is left out are not looked at: neither told of, nor in the place of others', (t) => {
  const s = county(t, [villages[0]]), code = villages[0].code;
  const line = (ring, i, id) => JSON.stringify({ type: 'Feature', properties: { DKBH: `${id}${i}`, XZQDM: code }, geometry: { type: 'Polygon', coordinates: [[...ring, ring[0]]] } }) + '\n';
  const rows = (id, x) => Array.from({ length: 250 }, (_, i) => line(box(x + (i % 50) * 30, 100 + Math.floor(i / 50) * 30, 20), i, id)).join('');
  mkdirSync(s.path('f'));
  const told = (left, loaded) => {
    s.write('f/a.geojsonl', rows('A', left) + '{"type":"Feature",');
    s.write('f/b.geojsonl', rows('B', loaded));
    const done = s.load('parcel', 'f', '--crs', 'EPSG:4490', '--allow-rejects', '--dry-run');
    assert.deepEqual([done.code, done.json.files_failed, done.json.loaded], [0, 1, 250], done.stderr);
    return done.json.notes.filter((note) => note.includes('outside their division')).map((note) => note.split(',')[0]);
  };
  assert.deepEqual(told(9000, 100), []);
  assert.deepEqual(told(100, 9000), ['200 of 200 rows looked at lie outside their division']);
});
