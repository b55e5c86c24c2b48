// dikuai-ingest convert, the direction of uploads: what someone sends becomes outlines in degrees, or one sentence.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { run, scene, shapefile, square, wkt, zip } from './helpers.mjs';

const outlines = (s, ...args) => {
  const done = s.run('convert', ...args, '--to', 'geojson', '--confined');
  return { ...done, features: done.code === 0 ? JSON.parse(done.stdout).features : null };
};
const zipped = (s, name) => zip(Object.fromEntries(readdirSync(s.dir).filter((part) => part.startsWith(`${name}.`) && !part.endsWith('.csv'))
  .map((part) => [part, readFileSync(s.path(part))])));

test('a zipped shapefile of a zone comes out in degrees, as PROJ computes them', (t) => {
  const s = scene(t);
  shapefile(s, '红线', [{ DKBH: '1', wkt: wkt(square(39520000, 3521000)) }, { DKBH: '2', wkt: wkt(square(39520300, 3521000), square(39520320, 3521020, 20)) }]);
  s.write('红线.zip', zipped(s, '红线'));
  const { code, features, stderr } = outlines(s, '红线.zip');
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  assert.deepEqual(features.map((f) => f.properties), [{ source: '红线.zip/红线.shp', row: 1 }, { source: '红线.zip/红线.shp', row: 2 }]);
  assert.deepEqual(features.map((f) => f.geometry.coordinates.length), [1, 2]);
  const [lat, lon] = execFileSync('cs2cs', ['EPSG:4527', 'EPSG:4490', '-f', '%.10f'], { input: '3521000 39520000\n', encoding: 'utf8' }).trim().split(/\s+/).map(Number);
  assert.ok(features[0].geometry.coordinates[0].some(([x, y]) => Math.abs(x - lon) < 2e-9 && Math.abs(y - lat) < 2e-9));
});

test('a coordinate TXT with a hole gives the published corners', (t) => {
  const s = scene(t);
  const ring = (n, first, corners) => [...corners, corners[0]].map(([east, north], i) => `J${first + i % corners.length},${n},${north}.000,${east}.000`);
  s.write('红线.txt', ['[属性描述]', '坐标系=2000国家大地坐标系', '几度分带=3', '投影类型=高斯克吕格', '计量单位=米', '带号=39', '精度=0.001', '转换参数=,,,,,,', '[地块坐标]',
    '10,2.8000,DK001,地块1,面,,工业用地,,@', ...ring(1, 1, [[39520000, 3521000], [39520200, 3521000], [39520200, 3521150], [39520000, 3521150]]),
    ...ring(2, 5, [[39520060, 3521050], [39520110, 3521050], [39520110, 3521090], [39520060, 3521090]]), ''].join('\r\n'));
  const { code, features, stderr } = outlines(s, '红线.txt');
  assert.equal(code, 0, stderr);
  const positions = features[0].geometry.coordinates.flat(features[0].geometry.type === 'MultiPolygon' ? 2 : 1);
  for (const [x, y] of [[117.211224980, 31.811770426], [117.213340327, 31.813119664], [117.211859681, 31.812220293], [117.212388568, 31.812580150]]) {
    assert.ok(positions.some(([lon, lat]) => Math.abs(lon - x) < 2e-9 && Math.abs(lat - y) < 2e-9), `${x} ${y}`);
  }
});

test('what cannot be read is one sentence that names the file, and no outlines', (t) => {
  const s = scene(t);
  shapefile(s, 'bare', [{ DKBH: '1', wkt: wkt(square(39520000, 3521000)) }], { srs: null });
  s.write('bare.zip', zipped(s, 'bare'));
  s.write('cut.zip', zipped(s, 'bare').subarray(0, 300));
  s.write('empty.geojson', '{"type":"FeatureCollection","features":[]}');
  s.write('line.geojson', '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":[[117,31],[117.1,31]]}}]}');
  s.write('far.geojson', '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}}]}');
  s.write('program.sh', 'echo');
  for (const [file, sentence] of [['bare.zip', /bare\.zip\/bare\.shp: .*coordinate system.*--crs/], ['cut.zip', /cut\.zip: /], ['empty.geojson', /empty\.geojson: /],
    ['line.geojson', /line\.geojson, row 1: /], ['far.geojson', /far\.geojson, row 1: .*outside/], ['program.sh', /program\.sh: /], ['none.zip', /none\.zip: /]]) {
    const { code, stdout, stderr } = outlines(s, file);
    assert.equal(code, 1, file);
    assert.throws(() => JSON.parse(stdout), `${file}: what was written is taken for a whole collection`);
    assert.match(stderr, /^dikuai-ingest: [^\n]+\n$/);
    assert.match(stderr, sentence);
  }
  assert.equal(outlines(s, 'bare.zip', '--crs', 'EPSG:4527').code, 0);
  for (const args of [['bare.zip'], ['bare.zip', '--to', 'gpkg'], ['-', '--from', 'rows', '--to', 'gpkg'], ['-', '--from', 'csv', '--to', 'gpkg', '--output', 'x']]) {
    assert.equal(run(s.dir, 'convert', ...args).code, 2, args.join(' '));
  }
});

test('what load would note is said beside the outlines, and outlines that break off are not whole JSON', (t) => {
  const s = scene(t);
  const at = (i) => wkt(square(39520000 + i * 200, 3521000));
  // A spike of no width on one side (OGC 06-103r4: not valid), which may go without changing the area.
  const spike = wkt([[39520400, 3521000], [39520500, 3521000], [39520500, 3521050], [39520600, 3521050], [39520500, 3521050], [39520500, 3521100], [39520400, 3521100]]);
  s.write('old.csv', `id,wkt\n1,"${at(0)}"\n2,"${spike}"\n`);
  const old = s.run('convert', 'old.csv', '--to', 'geojson', '--crs', 'EPSG:2363', '--accept-datum-error');
  assert.equal(old.code, 0, old.stderr);
  assert.equal(JSON.parse(old.stdout).features.length, 2);
  assert.deepEqual(old.stderr.trim().split('\n'), ['note: old.csv: Xian 1980 taken as CGCS2000 without a transformation: it may lie tens of metres off',
    'note: old.csv: 1 outlines were not valid and were repaired, which changes areas by 0.1 % at most']);
  mkdirSync(s.path('f'));
  s.write('f/a.csv', `id,wkt\n1,"${at(0)}"\n`);
  s.write('f/台账.xlsx', 'x');
  assert.equal(s.run('convert', 'f', '--to', 'geojson', '--crs', 'EPSG:4527').stderr, 'note: f: not read of it: 台账.xlsx\n');
  s.write('late.csv', `id,wkt\n1,"${at(0)}"\n2,x\n`);
  const late = s.run('convert', 'late.csv', '--to', 'geojson', '--crs', 'EPSG:4527');
  assert.deepEqual([late.code, late.stderr.split('\n').length], [1, 2], late.stderr);
  assert.throws(() => JSON.parse(late.stdout));
  assert.equal(s.run('convert', 'none.shp', '--to', 'geojson').stdout, '');
});

test('a confined conversion writes no file larger than it may, and ends when its time is over', (t) => {
  const s = scene(t);
  shapefile(s, 'red', [{ DKBH: '1', wkt: wkt(square(39520000, 3521000)) }]);
  s.write('red.zip', zipped(s, 'red')); // it is unpacked before it is read
  const small = s.run('convert', 'red.zip', '--to', 'geojson', '--confined', '--most-bytes', '64');
  assert.notEqual(small.code, 0);
  assert.equal(small.stdout.includes('"Feature"'), false);
  const rows = s.run('convert', '-', '--from', 'rows', '--to', 'gpkg', '--output', 'x.gpkg', '--confined');
  assert.equal(rows.code, 1); // there are none on its input
  assert.match(rows.stderr, /the rows end in the middle, or are none/);
});
