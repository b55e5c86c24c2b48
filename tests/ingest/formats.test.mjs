// Formats that other software writes: ogr2ogr makes each from the same parcels, whose degrees and texts are known.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync, mkdirSync, truncateSync } from 'node:fs';
import { scene } from './helpers.mjs';

// The published fixture: EPSG:4527, and its corners in degrees.
const ring = [[39520000, 3521000], [39520200, 3521000], [39520200, 3521150], [39520000, 3521150], [39520000, 3521000]];
const corners = [[117.211224980, 31.811770426], [117.213340327, 31.813119664]];
const parcels = { type: 'FeatureCollection', crs: { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::4527' } }, features: [
  { type: 'Feature', properties: { DKBH: 'DK001', DKMC: '周寨村一组', DKMJ: 3.0 }, geometry: { type: 'Polygon', coordinates: [ring] } },
  { type: 'Feature', properties: { DKBH: 'DK002', DKMC: '龘镇', DKMJ: 3.0 }, geometry: { type: 'Polygon', coordinates: [ring.map(([x, y]) => [x + 300, y])] } }] };
function make(s, file, ...options) {
  s.write('source.geojson', JSON.stringify(parcels));
  execFileSync('ogr2ogr', [...options, s.path(file), s.path('source.geojson'), '-nln', 'parcels'], { stdio: 'pipe' });
}
function check(s, precision = 2e-9) {
  const rows = s.rows('parcel').sort((a, b) => (a.properties.id < b.properties.id ? -1 : 1));
  assert.deepEqual(rows.map(({ properties: p }) => [p.id, p.name, p.area_declared_ha]), [['DK001', '周寨村一组', 3], ['DK002', '龘镇', 3]]);
  const points = rows[0].geometry.coordinates.flat(rows[0].geometry.type === 'MultiPolygon' ? 2 : 1);
  for (const [lon, lat] of corners) assert.ok(points.some((p) => Math.abs(p[0] - lon) < precision && Math.abs(p[1] - lat) < precision), JSON.stringify(points));
}

for (const [name, file, options, precision] of [
  ['a file geodatabase', 'a.gdb', ['-f', 'OpenFileGDB'], 2e-8],
  ['GML 3', 'a.gml', ['-f', 'GML', '-dsco', 'FORMAT=GML3.2'], 2e-9],
  ['MapInfo TAB', 'a.tab', ['-f', 'MapInfo File', '-lco', 'ENCODING=CP936', '-t_srs', 'EPSG:4326'], 1e-6],
  ['MapInfo MIF', 'a.mif', ['-f', 'MapInfo File', '-lco', 'ENCODING=CP936', '-t_srs', 'EPSG:4326'], 1e-6],
  ['KML', 'a.kml', ['-f', 'LIBKML', '-t_srs', 'EPSG:4326'], 2e-8],
  ['KMZ', 'a.kmz', ['-f', 'LIBKML', '-t_srs', 'EPSG:4326'], 2e-8],
])
  test(`${name} that ogr2ogr wrote`, (t) => {
    const s = scene(t);
    make(s, file, ...options);
    const before = readdirSync(s.dir).length;
    const done = s.load('parcel', file, '--publish');
    assert.equal(done.code, 0, done.stderr);
    check(s, precision);
    assert.equal(readdirSync(s.dir).filter((entry) => /\.(gfs|lock)$/.test(entry)).length, 0, 'nothing is left beside the source');
    assert.ok(before > 0);
  });

test('a MIF that does not say its encoding is GB18030, its zone in metres is said', (t) => {
  const s = scene(t);
  const gbk = (text) => execFileSync('iconv', ['-f', 'UTF-8', '-t', 'GB18030'], { input: text });
  s.write('a.mif', gbk('VERSION 300\nCHARSET "Neutral"\nDELIMITER ","\nCOORDSYS NONEARTH UNITS "m" BOUNDS (0,0) (50000000,10000000)\nCOLUMNS 3\n  DKBH CHAR(20)\n  DKMC CHAR(40)\n  DKMJ FLOAT\nDATA\n'
    + [0, 300].map((by) => `REGION 1\n 5\n${ring.map(([x, y]) => `${x + by} ${y}`).join('\n')}\n`).join('')));
  s.write('a.mid', gbk('"DK001","周寨村一组",3\n"DK002","龘镇",3\n'));
  const done = s.load('parcel', 'a.mif', '--crs', 'EPSG:4527', '--publish');
  assert.equal(done.code, 0, done.stderr);
  check(s);
});

test('several layers of a geodatabase: one is chosen by name', (t) => {
  const s = scene(t);
  make(s, 'a.gdb', '-f', 'OpenFileGDB');
  execFileSync('ogr2ogr', ['-f', 'OpenFileGDB', '-update', s.path('a.gdb'), s.path('source.geojson'), '-nln', '其他图层'], { stdio: 'pipe' });
  assert.match(s.load('parcel', 'a.gdb').stderr, /a\.gdb: the file has 2 layers; choose one with --layer: parcels, 其他图层/);
  assert.equal(s.load('parcel', 'a.gdb', '--layer', '其他图层').code, 0);
});

test('damaged files of these formats are refused with one sentence', (t) => {
  const s = scene(t);
  // libkml leaks a few hundred bytes of an archive that it cannot open.
  process.env.LSAN_OPTIONS = `print_suppressions=0:suppressions=${s.write('suppressions', 'leak:libkml\n')}`;
  t.after(() => { delete process.env.LSAN_OPTIONS; });
  for (const [file, options] of [['a.gml', ['-f', 'GML']], ['a.kml', ['-f', 'LIBKML', '-t_srs', 'EPSG:4326']], ['a.mif', ['-f', 'MapInfo File']], ['a.tab', ['-f', 'MapInfo File']], ['a.kmz', ['-f', 'LIBKML', '-t_srs', 'EPSG:4326']]]) {
    make(s, file, ...options);
    const path = s.path(file);
    truncateSync(path, Math.floor(readFileSync(path).length / 2));
    const done = s.load('parcel', file, '--dry-run');
    assert.notEqual(done.code, 0, file);
    assert.match(done.stderr.trim(), new RegExp(`^dikuai-ingest: ${file.replace('.', '\\.')}[^\\n]*$`), file);
  }
  mkdirSync(s.path('empty.gdb'));
  assert.match(s.load('parcel', 'empty.gdb').stderr, /empty\.gdb: cannot be read as OpenFileGDB/);
  writeFileSync(s.path('b.gdb'), 'x');
  assert.match(s.load('parcel', 'b.gdb').stderr, /b\.gdb: a file geodatabase is a folder; copy all of it/);
  writeFileSync(s.path('c.kml'), '<kml><Document/></kml>');
  assert.match(s.load('parcel', 'c.kml').stderr, /c\.kml: /);
  assert.ok(existsSync(s.store));
});
