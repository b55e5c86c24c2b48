// Coordinate systems: datum, zone before the eastings, axis order, extent.
import test from 'node:test';
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { scene, shapefile, square, wkt } from './helpers.mjs';

// The published fixture: outer ring 200 m x 150 m with a hole, EPSG:4527, and its corners in degrees.
const outer = [[39520000, 3521000], [39520200, 3521000], [39520200, 3521150], [39520000, 3521150]];
const hole = [[39520060, 3521050], [39520110, 3521050], [39520110, 3521090], [39520060, 3521090]];
const oracle = { sw: [117.211224980, 31.811770426], ne: [117.213340327, 31.813119664],
  holeSw: [117.211859681, 31.812220293], holeNe: [117.212388568, 31.812580150] };
const fixture = (rings = [outer, hole]) => [{ DKBH: 'DK001', DKMC: '地块1', DKMJ: '2.8', wkt: wkt(...rings) }];
const shift = (rings, by) => rings.map((ring) => ring.map(([x, y]) => [x + by, y]));

function assertFixture(s) {
  const [feature] = s.rows('parcel');
  const polygon = feature.geometry.type === 'MultiPolygon' ? feature.geometry.coordinates[0] : feature.geometry.coordinates;
  const holds = (ring, [lon, lat]) => assert.ok(ring.some((p) => Math.abs(p[0] - lon) < 2e-9 && Math.abs(p[1] - lat) < 2e-9),
    `${lon} ${lat} not in ${JSON.stringify(ring)}`);
  assert.equal(polygon.length, 2);
  holds(polygon[0], oracle.sw);
  holds(polygon[0], oracle.ne);
  holds(polygon[1], oracle.holeSw);
  holds(polygon[1], oracle.holeNe);
}

test('a shapefile in EPSG:4527 by its Esri .prj lands on the published degrees, hole included', (t) => {
  const s = scene(t);
  shapefile(s, 'p', fixture());
  assert.match(s.read('p.prj'), /CGCS2000_3_Degree_GK_Zone_39/);
  const done = s.load('parcel', 'p.shp', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(done.json.repaired, 0);
  assertFixture(s);
});

test('eastings with their zone and a CRS without it: put right, and said once', (t) => {
  const s = scene(t);
  shapefile(s, 'p', fixture(), { srs: 'EPSG:4548' });
  const done = s.load('parcel', 'p.shp', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(done.json.notes.filter((note) => /begin with the number of their zone/.test(note)).length, 1);
  assertFixture(s);
});

test('eastings without their zone and a CRS with it: put right, and said', (t) => {
  const s = scene(t);
  shapefile(s, 'p', fixture(shift([outer, hole], -39e6)));
  const done = s.load('parcel', 'p.shp', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.ok(done.json.notes.some((note) => /lack the zone 39/.test(note)));
  assertFixture(s);
});

test('the six-degree zone 20 has the central meridian of zone 39: its prefix is put right too', (t) => {
  const s = scene(t);
  shapefile(s, 'p', fixture(shift([outer, hole], -19e6)));
  const done = s.load('parcel', 'p.shp', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assertFixture(s);
});

test('eastings whose zone contradicts the CRS are an error of the file', (t) => {
  const s = scene(t);
  shapefile(s, 'p', fixture(), { srs: 'EPSG:4526' });
  for (const args of [['p.shp'], ['p.shp', '--crs', 'EPSG:4547']]) {
    const done = s.load('parcel', ...args);
    assert.equal(done.code, 1);
    assert.match(done.stderr, /p\.shp, row 1: the easting 39520000 begins with zone 39, which contradicts .*--crs/);
  }
  assert.deepEqual(s.batches(), []);
  assert.ok(!s.exists('p.shp.rejects.csv'));
});

test('no CRS at all is refused, and --crs says it', (t) => {
  const s = scene(t);
  shapefile(s, 'p', fixture(), { srs: null });
  const done = s.load('parcel', 'p.shp');
  assert.equal(done.code, 1);
  assert.match(done.stderr, /p\.shp: the file does not say its coordinate system.*no readable \.prj.*--crs EPSG:4527/);
  assert.equal(s.load('parcel', 'p.shp', '--crs', 'epsg:4527', '--publish').code, 0);
  assertFixture(s);
});

for (const [code, name] of [[2363, 'Xian 1980'], [2415, 'Beijing 1954'], [21420, 'Beijing 1954'], [4555, 'New Beijing'], [4610, 'Xian 1980']])
  test(`EPSG:${code}, on the datum ${name}, is refused by its name, from the .prj and from --crs`, (t) => {
    const s = scene(t);
    shapefile(s, 'p', fixture(), { srs: `EPSG:${code}` });
    const own = s.load('parcel', 'p.shp');
    assert.equal(own.code, 1);
    assert.match(own.stderr, new RegExp(`p\\.shp: its coordinate system is .*datum ${name}.*official parameters`));
    const over = s.load('parcel', 'p.shp', '--crs', 'EPSG:4527');
    assert.equal(over.code, 1, '--crs must not paper over the datum that the file names');
    rmSync(s.path('p.prj'));
    const said = s.load('parcel', 'p.shp', '--crs', `EPSG:${code}`);
    assert.equal(said.code, 1);
    assert.match(said.stderr, new RegExp(`--crs EPSG:${code}: .*datum ${name}`));
    assert.deepEqual(s.batches(), []);
  });

test('a .prj that calls the Krassovsky ellipsoid CGCS2000 is refused', (t) => {
  const s = scene(t);
  shapefile(s, 'p', fixture());
  writeFileSync(s.path('p.prj'), s.read('p.prj').replace('6378137.0,298.257222101', '6378245.0,298.3'));
  assert.match(s.load('parcel', 'p.shp').stderr, /neither CGCS2000 nor WGS 84/);
});

test('UTM on WGS 84 and Web Mercator come out where cs2cs puts them', (t) => {
  for (const code of [32650, 3857]) {
    const s = scene(t);
    const [x, y] = execFileSync('cs2cs', ['-f', '%.4f', 'EPSG:4326', `EPSG:${code}`], { input: '31.8117 117.2112\n', encoding: 'utf8' }).split(/\s+/).map(Number);
    shapefile(s, 'p', [{ DKBH: '1', wkt: wkt(square(x, y, 100)) }], { srs: `EPSG:${code}` });
    const done = s.load('parcel', 'p.shp', '--publish');
    assert.equal(done.code, 0, done.stderr);
    const ring = s.rows('parcel')[0].geometry.coordinates.flat(3);
    assert.ok(Math.abs(Math.min(...ring.filter((_, i) => i % 2 === 0)) - 117.2112) < 1e-5);
    assert.ok(Math.abs(Math.min(...ring.filter((_, i) => i % 2 === 1)) - 31.8117) < 1e-5);
  }
});

test('northing first in a shapefile is refused with --axes yx, which puts it right', (t) => {
  const s = scene(t);
  shapefile(s, 'p', fixture([outer, hole].map((ring) => ring.map(([x, y]) => [y, x]))));
  const done = s.load('parcel', 'p.shp');
  assert.equal(done.code, 1);
  assert.match(done.stderr, /row 1: x and y are swapped.*--axes yx/);
  assert.equal(s.load('parcel', 'p.shp', '--axes', 'yx', '--publish').code, 0);
  assertFixture(s);
});

const geojson = (ring, extra = {}) => JSON.stringify({ type: 'FeatureCollection', ...extra, features: [
  { type: 'Feature', properties: { id: 'G1', 地块名称: '甲' }, geometry: { type: 'Polygon', coordinates: [[...ring, ring[0]]] } }] });
const degrees = [[117.2112, 31.8117], [117.2133, 31.8117], [117.2133, 31.8131], [117.2112, 31.8131]];

test('GeoJSON is in degrees by RFC 7946; latitude first is refused, --axes yx puts it right', (t) => {
  const s = scene(t);
  s.write('g.geojson', geojson(degrees));
  assert.equal(s.load('parcel', 'g.geojson').code, 0);
  const swapped = scene(t);
  swapped.write('g.geojson', geojson(degrees.map(([x, y]) => [y, x])));
  const done = swapped.load('parcel', 'g.geojson');
  assert.equal(done.code, 1);
  assert.match(done.stderr, /swapped.*latitude first.*--axes yx/);
  assert.equal(swapped.load('parcel', 'g.geojson', '--axes', 'yx').code, 0);
});

test('GeoJSON in metres is refused until --crs says which', (t) => {
  const s = scene(t);
  s.write('g.geojson', geojson(outer));
  const done = s.load('parcel', 'g.geojson');
  assert.equal(done.code, 1);
  assert.match(done.stderr, /is in metres, but the coordinate system, WGS 84 .*is in degrees.*--crs EPSG:4527/);
  assert.equal(s.load('parcel', 'g.geojson', '--crs', 'EPSG:4527', '--publish').code, 0);
  assert.ok(Math.abs(s.rows('parcel')[0].geometry.coordinates.flat(3)[0] - 117.2112) < 0.01);
});

test('degrees in a file that says metres are refused', (t) => {
  const s = scene(t);
  shapefile(s, 'p', [{ DKBH: '1', wkt: wkt(degrees) }]);
  assert.match(s.load('parcel', 'p.shp').stderr, /is in degrees, but the coordinate system.*is in metres/);
});

test('a row outside the extent is rejected with its coordinate, the others load', (t) => {
  const s = scene(t);
  shapefile(s, 'p', [{ DKBH: '1', wkt: wkt(square(39520000, 3521000)) }, { DKBH: '2', wkt: wkt(square(39520000, 4521000)) }]);
  const done = s.load('parcel', 'p.shp');
  assert.equal(done.code, 1);
  assert.equal(done.json.loaded, 1);
  assert.equal(done.json.rejected, 1);
  assert.match(s.read('p.shp.rejects.csv'), /p\.shp,2,2,.*\(39520000, 4521000\).*outside the catalogue's extent/);
});

test('one row with swapped axes among good ones is rejected alone', (t) => {
  const s = scene(t);
  shapefile(s, 'p', [{ DKBH: '1', wkt: wkt(square(3521000, 39520000)) }, { DKBH: '2', wkt: wkt(square(39520000, 3521000)) }]);
  const done = s.load('parcel', 'p.shp');
  assert.equal(done.json.loaded, 1);
  assert.match(s.read('p.shp.rejects.csv'), /p\.shp,1,1,.*swapped/);
});

test('a CSV with WKT, a GeoPackage and a FlatGeobuf give the same row', (t) => {
  const s = scene(t);
  s.write('p.csv', `地块编号,地块名称,wkt\nDK001,地块1,"${wkt(outer, hole)}"\n`);
  assert.match(s.load('parcel', 'p.csv').stderr, /does not say its coordinate system/);
  assert.equal(s.load('parcel', 'p.csv', '--crs', 'EPSG:4527', '--publish').code, 0);
  assertFixture(s);
  shapefile(s, 'q', fixture());
  for (const [ending, driver] of [['gpkg', 'GPKG'], ['fgb', 'FlatGeobuf']]) {
    const other = scene(t);
    execFileSync('ogr2ogr', ['-f', driver, other.path('p.' + ending), s.path('q.shp')]);
    const done = other.load('parcel', 'p.' + ending, '--publish');
    assert.equal(done.code, 0, done.stderr);
    assertFixture(other);
  }
});

test('a GeoPackage whose coordinate system is undefined is one that does not say it', (t) => {
  const s = scene(t);
  shapefile(s, 'p', fixture(), { srs: null });
  execFileSync('ogr2ogr', ['-f', 'GPKG', s.path('u.gpkg'), s.path('p.shp')], { stdio: 'ignore' });
  assert.match(s.load('parcel', 'u.gpkg').stderr, /u\.gpkg: the file does not say its coordinate system/);
  assert.equal(s.load('parcel', 'u.gpkg', '--crs', 'EPSG:4527', '--publish').code, 0);
  assertFixture(s);
});

// OGC 07-036, 9.10: srsName of a geometry says its system; each may have another.
test('a GML whose geometries name several systems is refused, also with --crs, which cannot hold for all', (t) => {
  const s = scene(t);
  const member = (id, srs, ring) => `<d:member><d:P gml:id="${id}"><d:DKBH>${id}</d:DKBH><d:g><gml:Polygon gml:id="g${id}" srsName="urn:ogc:def:crs:EPSG::${srs}"><gml:exterior><gml:LinearRing>`
    + `<gml:posList>${[...ring, ring[0]].map(([x, y]) => `${y} ${x}`).join(' ')}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></d:g></d:P></d:member>`;
  const write = (...srs) => s.write('g.gml', `<?xml version="1.0" encoding="UTF-8"?><d:FC xmlns:d="http://x" xmlns:gml="http://www.opengis.net/gml/3.2" gml:id="fc">${srs.map((code, i) => member(`G${i}`, code, degrees)).join('')}</d:FC>`);
  for (const other of [4610, 4527])
    for (const args of [[], ['--crs', 'EPSG:4490']]) {
      write(4490, other);
      assert.match(s.load('parcel', 'g.gml', '--dry-run', ...args).stderr, /g\.gml: its geometries name several coordinate systems \(srsName\), and one holds for all of a file; put those of each/);
    }
  write(4490, 4490);
  assert.equal(s.load('parcel', 'g.gml', '--dry-run').json.loaded, 2);
});
