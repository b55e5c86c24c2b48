// Old datums: transformed by the parameters of a file, which leave no trace, or taken with their error, which does.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { scene, shapefile, wkt } from './helpers.mjs';

// ---- what is expected, computed here: IOGP Guidance Note 7-2, 4.3.3.1 and 4.1.1 ----

const second = Math.PI / 180 / 3600;
function helmert([x, y, z], p, frame) {
  const s = frame === 'coordinate_frame' ? -1 : 1, m = 1 + p.scale * 1e-6;
  const rx = s * p.rx * second, ry = s * p.ry * second, rz = s * p.rz * second;
  return [m * (x - rz * y + ry * z) + p.x, m * (rz * x + y - rx * z) + p.y, m * (-ry * x + rx * y + z) + p.z];
}
function geocentric([lon, lat], a, rf) {
  const f = 1 / rf, e2 = 2 * f - f * f, phi = lat * Math.PI / 180, lambda = lon * Math.PI / 180, nu = a / Math.sqrt(1 - e2 * Math.sin(phi) ** 2);
  return [nu * Math.cos(phi) * Math.cos(lambda), nu * Math.cos(phi) * Math.sin(lambda), (1 - e2) * nu * Math.sin(phi)];
}
function geographic([x, y, z], a, rf) {
  const f = 1 / rf, e2 = 2 * f - f * f, p = Math.hypot(x, y);
  let phi = Math.atan2(z, p * (1 - e2));
  for (let i = 0; i < 20; i++) phi = Math.atan2(z + e2 * a / Math.sqrt(1 - e2 * Math.sin(phi) ** 2) * Math.sin(phi), p);
  return [Math.atan2(y, x) * 180 / Math.PI, phi * 180 / Math.PI];
}
const cs2cs = (from, to, points) => execFileSync('cs2cs', ['-f', '%.10f', from, to], { input: points.map(([e, n]) => `${n} ${e}\n`).join('') }).toString()
  .trim().split('\n').map((line) => line.trim().split(/\s+/).slice(0, 2).map(Number).reverse()); // north first, on both sides
// EPSG:2384 is Xian 1980 in zone 39 without the number: to degrees on the same datum only the projection is undone.
const xianDegrees = (points) => cs2cs('EPSG:2384', 'EPSG:4610', points);
const ours = (s) => s.rows('parcel')[0].geometry.coordinates.flat(s.rows('parcel')[0].geometry.type === 'MultiPolygon' ? 2 : 1);

const square = [[520000, 3521000], [520200, 3521000], [520200, 3521150], [520000, 3521150]];
const parcels = (points = square) => `地块编号,wkt\nDK1,"POLYGON((${[...points, points[0]].map((p) => p.join(' ')).join(',')}))"\n`;
const p7 = { x: 12.3456789, y: -98.7654321, z: 45.6543219, rx: 1.2345671, ry: -2.3456712, rz: 3.4567123, scale: 4.5671234 };
const yaml = (p, more) => Object.entries({ name: '示例县西安80转2000', from: 'xian80', ...more, ...p }).map(([key, value]) => `${key}: ${value}\n`).join('');
function write(s, text, mode = 0o600) { const path = s.write('t.yaml', text); chmodSync(path, mode); }
function near(found, expected, what) {
  for (const [lon, lat] of expected)
    assert.ok(found.some((p) => Math.abs(p[0] - lon) < 2e-9 && Math.abs(p[1] - lat) < 2e-9), `${what}: ${lon} ${lat} not in ${JSON.stringify(found)}`);
}

test('a MapInfo table in Xian 1980 is on its own ellipsoid', (t) => {
  const s = scene(t);
  s.write('d.csv', parcels().replace('地块编号', 'DKBH'));
  execFileSync('ogr2ogr', ['-f', 'MapInfo File', s.path('d.tab'), s.path('d.csv'), '-a_srs', 'EPSG:2384', '-lco', 'ENCODING=CP936', '-lco', 'BOUNDS=400000,3400000,600000,3600000',
    '-oo', 'GEOM_POSSIBLE_NAMES=wkt', '-oo', 'KEEP_GEOM_COLUMNS=NO'], { stdio: 'pipe' });
  assert.match(s.load('parcel', 'd.tab').stderr, /on the datum Xian 1980, tens of metres from CGCS2000; give the official parameters with --transformation/);
  assert.equal(s.load('parcel', 'd.tab', '--accept-datum-error', '--publish').code, 0);
  near(ours(s), xianDegrees(square), 'd.tab');
});

test('the oracle itself: the worked example of IOGP 373-7-2, 4.3.3.1', () => {
  const [x, y, z] = helmert([3657660.66, 255768.55, 5201382.11], { x: 0, y: 0, z: 4.5, rx: 0, ry: 0, rz: 0.554, scale: 0.219 });
  assert.ok(Math.abs(x - 3657660.78) < 0.006 && Math.abs(y - 255778.43) < 0.006 && Math.abs(z - 5201387.75) < 0.006, `${x} ${y} ${z}`);
});

for (const convention of ['position_vector', 'coordinate_frame'])
  test(`seven parameters, ${convention}`, (t) => {
    const s = scene(t);
    write(s, yaml(p7, { method: 'helmert7', convention }));
    s.write('a.csv', parcels());
    const done = s.load('parcel', 'a.csv', '--crs', 'EPSG:2384', '--transformation', 't.yaml', '--publish');
    assert.equal(done.code, 0, done.stderr);
    near(ours(s), xianDegrees(square).map((p) => geographic(helmert(geocentric(p, 6378140, 298.257), p7, convention), 6378137, 298.257222101)), convention);
    assert.ok(done.json.notes.some((note) => /has no control points: nothing tells whether it is right/.test(note)));
    assert.match(s.run('batches', s.store).stdout, /\[Xian 1980 transformed by 示例县西安80转2000\]/);
  });

test('four parameters turn clockwise on the map, with the zone in the eastings or without', (t) => {
  const p = { east: 35.25, north: -12.5, rotation: 8.25, scale: -3.5 }, a = p.rotation * second, m = 1 + p.scale * 1e-6;
  const moved = square.map(([e, n]) => [p.east + m * (e * Math.cos(a) + n * Math.sin(a)), p.north + m * (n * Math.cos(a) - e * Math.sin(a))]);
  const expected = cs2cs('EPSG:4548', 'EPSG:4490', moved);
  for (const [crs, shift, convention, sign, said] of [['EPSG:2384', 0, 'clockwise', 1], ['EPSG:2363', 39e6, 'clockwise', 1], ['EPSG:2384', 0, 'counterclockwise', -1],
    ['EPSG:2363', 0, 'clockwise', 1, /lack the zone 39 that .*EPSG:2363\) has/], ['EPSG:2384', 39e6, 'clockwise', 1, /begin with the number of their zone, which .*EPSG:2384\) does not have/]]) {
    const s = scene(t);
    write(s, yaml({ ...p, rotation: sign * p.rotation }, { method: 'plane4', convention, systems: '{from: EPSG:2384, to: EPSG:4548}' }));
    s.write('a.csv', parcels(square.map(([e, n]) => [e + shift, n])));
    const done = s.load('parcel', 'a.csv', '--crs', crs, '--transformation', 't.yaml', '--publish');
    assert.equal(done.code, 0, done.stderr);
    near(ours(s), expected, `${crs} ${convention}`);
    // What is said of eastings is true of the system that --crs names.
    assert.deepEqual(done.json.notes.filter((note) => /the eastings of/.test(note)).map((note) => said?.test(note)), said ? [true] : [], done.json.notes.join('\n'));
  }
});

test('control points tell how well it fits, and refuse what does not', (t) => {
  const s = scene(t);
  const from = [[520000, 3521000], [530000, 3531000], [510000, 3511000]];
  const to = cs2cs('EPSG:4490', 'EPSG:4548', xianDegrees(from).map((p) => geographic(helmert(geocentric(p, 6378140, 298.257), p7), 6378137, 298.257222101)));
  const points = (off) => '\n' + from.map((p, i) => `  - {name: G${i + 1}, from: [${p}], to: [${to[i][0] + off}, ${to[i][1]}]}`).join('\n');
  const file = (convention, off) => yaml(p7, { method: 'helmert7', convention, systems: '{from: EPSG:2384, to: EPSG:4548}', control_points: points(off) });
  s.write('a.csv', parcels());
  write(s, file('position_vector', 0.1), 0o644);
  const done = s.load('parcel', 'a.csv', '--crs', 'EPSG:2384', '--transformation', 't.yaml');
  assert.equal(done.code, 0, done.stderr);
  assert.ok(done.json.notes.some((note) => /misses its control points by 0\.100 m \(G1\), 0\.100 m \(G2\), 0\.100 m \(G3\); at most 0\.100 m/.test(note)), done.json.notes.join('\n'));
  assert.ok(done.json.notes.some((note) => /others than its owner can read t\.yaml.*chmod 600/.test(note)));
  write(s, file('coordinate_frame', 0));
  assert.match(s.load('parcel', 'a.csv', '--crs', 'EPSG:2384', '--transformation', 't.yaml').stderr,
    /t\.yaml: its control point G1 is missed by \d+\.\d{3} m, more than the tolerance of 0\.5 m: the parameters, their convention or the point are wrong/);
});

test('a transformation that is given and not used is said not to be', (t) => {
  const s = scene(t);
  write(s, yaml(p7, { method: 'helmert7', convention: 'position_vector' }));
  s.write('a.csv', parcels());
  const done = s.load('parcel', 'a.csv', '--crs', 'EPSG:4548', '--transformation', 't.yaml', '--publish');
  assert.equal(done.code, 0, done.stderr);
  near(ours(s), cs2cs('EPSG:4548', 'EPSG:4490', square), 'CGCS2000');
  assert.ok(done.json.notes.some((note) => /a\.csv: the transformation 示例县西安80转2000 is from Xian 1980 and was not used: the coordinates are in CGCS2000.*\(EPSG:4548\)$/.test(note)), done.json.notes.join('\n'));
});

test('beside the coordinates of the source no place behind the transformation is said', (t) => {
  const s = scene(t);
  write(s, yaml(p7, { method: 'helmert7', convention: 'position_vector' }));
  // Two triangles that meet in a corner, which is repaired, and the same crossing each other beside it, which is not.
  const twice = [[0, 0], [100, 100.5], [200, 0], [200, 200], [100, 100.5], [0, 200]], bow = [[0, 0], [200, 200], [200, 0], [0, 200]];
  const ring = (points, north) => points.map(([x, y]) => [39520000.125 + x, 3521000.25 + north + y]);
  s.write('a.csv', parcels(ring(twice, 0)) + parcels(ring(bow, 500)).split('\n')[1].replace('DK1', 'DK2') + '\n');
  assert.equal(s.load('parcel', 'a.csv', '--crs', 'EPSG:2363', '--transformation', 't.yaml', '--allow-rejects', '--report', 'r.json').code, 0);
  const checks = JSON.parse(s.read('r.json')).checks, rows = (check) => checks.find((c) => c.check === check).rows;
  assert.equal(rows('repaired')[0].found, 'Ring Self-intersection near the corner (39520100.125, 3521100.75)');
  assert.match(rows('rejected')[0].reason, /^the polygon is not valid: Self-intersection near the corner \(39520(000|200)\.125, 3521(500|700)\.25\), and repairing it would change its area from /);
  assert.doesNotMatch(s.read('a.csv.rejects.csv'), /longitude|117\.2/);
});

test('no parameter is in the store, in what is printed or in the rejects', (t) => {
  const s = scene(t);
  write(s, yaml(p7, { method: 'helmert7', convention: 'position_vector' }));
  s.write('a.csv', parcels() + 'DK2,"POLYGON((0 0,1 1,1 0,0 0))"\n');
  const done = s.load('parcel', 'a.csv', '--crs', 'EPSG:2384', '--transformation', 't.yaml', '--publish', '--allow-rejects');
  assert.equal(done.code, 0, done.stderr);
  const files = readdirSync(s.dir).filter((name) => !['t.yaml', 'a.csv', 'catalogue.yaml'].includes(name));
  assert.ok(files.some((name) => name.endsWith('.rejects.csv')));
  const texts = [Buffer.from(done.stdout + done.stderr + s.run('batches', s.store, '--json').stdout), ...files.map((name) => readFileSync(s.path(name)))];
  for (const value of Object.values(p7)) {
    const bytes = Buffer.alloc(8), swapped = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    swapped.writeDoubleBE(value);
    for (const text of texts)
      for (const form of [String(value), bytes, swapped]) assert.ok(!text.includes(form), `${value} was left behind`);
  }
});

test('what is wrong with a transformation file is said without its values', (t) => {
  const s = scene(t);
  s.write('a.csv', parcels());
  const said = (text, ...more) => { write(s, text); const done = s.load('parcel', 'a.csv', '--crs', 'EPSG:2384', '--transformation', 't.yaml', ...more); assert.notEqual(done.code, 0); return done.stderr; };
  assert.match(said(yaml(p7, { method: 'helmert7' })), /t\.yaml:\d+: convention is missing: position_vector or coordinate_frame\. The rotations have opposite signs/);
  const bad = said(yaml({ ...p7, ry: '12.34.56' }, { method: 'helmert7', convention: 'position_vector' }));
  assert.match(bad, /t\.yaml:\d+: ry: this is no number/);
  assert.doesNotMatch(bad, /12\.34/);
  assert.match(said(yaml({ ...p7, z: '' }, { method: 'helmert7', convention: 'position_vector' })), /t\.yaml:\d+: z: this is no number/);
  assert.match(said(yaml(p7, { method: 'plane4', convention: 'clockwise' })), /x is no parameter of plane4/);
  assert.match(said(yaml({ east: 1, north: 1, rotation: 1, scale: 1 }, { method: 'plane4', convention: 'clockwise' })), /systems is missing/);
  assert.match(said(yaml({ east: 1, north: 1, rotation: 1, scale: 1 }, { method: 'plane4', convention: 'clockwise', systems: '{from: EPSG:2363, to: EPSG:4527}' })),
    /systems\.from: .* has the zone before its eastings/);
  assert.match(said(yaml(p7, { method: 'helmert7', convention: 'position_vector', from: 'beijing54' })), /on the datum Xian 1980, and the transformation 示例县西安80转2000 is from Beijing 1954/);
  assert.match(s.load('parcel', 'a.csv', '--crs', 'EPSG:2384').stderr, /--transformation FILE.*--accept-datum-error/);
  assert.match(said(yaml(p7, { method: 'helmert7', convention: 'position_vector' }), '--accept-datum-error'), /--transformation and --accept-datum-error exclude each other/);
});

test('an old datum taken with its error marks the batch', (t) => {
  const s = scene(t);
  s.write('a.csv', parcels());
  const done = s.load('parcel', 'a.csv', '--crs', 'EPSG:2384', '--accept-datum-error', '--publish');
  assert.equal(done.code, 0, done.stderr);
  near(ours(s), xianDegrees(square), 'as it is');
  assert.ok(done.json.notes.some((note) => /Xian 1980 taken as CGCS2000 without a transformation: it may lie tens of metres off, and the batch is marked/.test(note)));
  assert.equal(JSON.parse(s.run('batches', s.store, '--json').stdout).batches[0].datum, 'Xian 1980 taken as CGCS2000 without a transformation');
  // By both, where rights in one 报盘 TXT say two.
  const right = (id, system, shift) => `[登记项目]\n地块编号=${id}\n坐标系统=${system}\n` + square.map(([e, n], i) => `XY00${i + 1}=${i + 1},${n},${e + 39e6 + shift}\n`).join('') + 'XY005=标高,,,,1\n';
  s.write('b.txt', right('B1', '1980西安坐标系', 1000) + right('B2', '1954北京坐标系', 2000) + right('B3', 'CGCS2000', 3000));
  const both = s.load('parcel', 'b.txt', '--accept-datum-error');
  assert.deepEqual([both.code, both.json.loaded], [0, 3], both.stderr);
  assert.equal(s.batches()[1].datum, 'Xian 1980 taken as CGCS2000 without a transformation; Beijing 1954 taken as CGCS2000 without a transformation');
  assert.ok(both.json.notes.some((note) => /b\.txt: Beijing 1954 taken as CGCS2000 without a transformation: it may lie tens of metres off, and the batch is marked/.test(note)));
});

// ---- against PROJ's cct, with pipelines written out here ----

const cct = (pipeline, points) => execFileSync('cct', ['-d', '10', ...pipeline.split(' ')], { input: points.map(([e, n]) => `${e} ${n} 0 0\n`).join('') }).toString()
  .trim().split('\n').map((line) => line.trim().split(/\s+/).slice(0, 2).map(Number));
const b7 = { x: 21.0625, y: -147.6875, z: -78.3125, rx: -0.40625, ry: 0.53125, rz: -0.71875, scale: 2.15625 };
const shift = (p, ellipsoid, convention) => `+step +proj=cart +ellps=${ellipsoid} +step +proj=helmert +x=${p.x} +y=${p.y} +z=${p.z} +rx=${p.rx} +ry=${p.ry} +rz=${p.rz} +s=${p.scale} ` +
  `+convention=${convention} +step +inv +proj=cart +ellps=GRS80 +step +proj=unitconvert +xy_in=rad +xy_out=deg`;
const tmerc = (meridian, easting, ellipsoid) => `+proj=pipeline +step +inv +proj=tmerc +lat_0=0 +lon_0=${meridian} +k=1 +x_0=${easting} +y_0=0 +ellps=${ellipsoid}`;

for (const [code, from, meridian, easting, ellipsoid, convention] of [
  ['EPSG:21420', 'beijing54', 117, 20500000, 'krass', 'position_vector'], // 6 degrees, the zone before the eastings
  ['EPSG:21460', 'beijing54', 117, 500000, 'krass', 'coordinate_frame'],  // 6 degrees
  ['EPSG:2415', 'beijing54', 117, 39500000, 'krass', 'coordinate_frame'], // 3 degrees
  ['EPSG:2334', 'xian80', 117, 20500000, 'IAU76', 'coordinate_frame'],
  ['EPSG:2363', 'xian80', 117, 39500000, 'IAU76', 'position_vector'],
  ['EPSG:2385', 'xian80', 120, 500000, 'IAU76', 'position_vector'],
])
  test(`${code} by seven parameters comes out where cct puts it`, (t) => {
    const s = scene(t), off = meridian === 120 ? -180000 : 0;
    const points = [[easting + off + 20000, 3521000], [easting + off + 20200, 3521000], [easting + off + 20200, 3521150]];
    write(s, yaml(b7, { from, method: 'helmert7', convention }));
    s.write('a.csv', parcels(points));
    const done = s.load('parcel', 'a.csv', '--crs', code, '--transformation', 't.yaml', '--publish');
    assert.equal(done.code, 0, done.stderr);
    near(ours(s), cct(`${tmerc(meridian, easting, ellipsoid)} ${shift(b7, ellipsoid, convention)}`, points), code);
  });

test('degrees of New Beijing, and coordinate TXT whose header says 1980, take the same way', (t) => {
  const s = scene(t), degrees = [[117.2, 31.8], [117.202, 31.8], [117.202, 31.802]];
  write(s, yaml(b7, { from: 'new_beijing', method: 'helmert7', convention: 'position_vector' }));
  s.write('a.csv', parcels(degrees));
  assert.equal(s.load('parcel', 'a.csv', '--crs', 'EPSG:4555', '--transformation', 't.yaml', '--publish').code, 0);
  near(ours(s), cct(`+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad ${shift(b7, 'krass', 'position_vector')}`, degrees), 'degrees');
  const txt = scene(t);
  write(txt, yaml(b7, { method: 'helmert7', convention: 'position_vector' }));
  txt.write('a.txt', '[属性描述]\n坐标系=80国家大地坐标系\n几度分带=3\n投影类型=高斯克吕格\n计量单位=米\n带号=39\n精度=0.01\n转换参数=0,0,0,0,0,0,0\n[地块坐标]\n' +
    `4,3,DK1,甲,面,,,,@\n${[...square, square[0]].map(([e, n], i) => `J${i % 4 + 1},1,${n},${e + 39e6}`).join('\n')}\n`);
  const done = txt.load('parcel', 'a.txt', '--transformation', 't.yaml', '--publish', '--ignore', '*');
  assert.equal(done.code, 0, done.stderr);
  near(ours(txt), cct(`${tmerc(117, 500000, 'IAU76')} ${shift(b7, 'IAU76', 'position_vector')}`, square), 'TXT');
  assert.match(done.json.notes.join('\n'), /a\.txt: Xian 1980 transformed by 示例县西安80转2000/);
  // New Beijing has zones of its own.
  const fresh = scene(t);
  write(fresh, yaml(b7, { from: 'new_beijing', method: 'helmert7', convention: 'position_vector' }));
  fresh.write('a.txt', txt.read('a.txt').replace('80国家大地坐标系', '新1954年北京坐标系'));
  assert.match(fresh.load('parcel', 'a.txt', '--ignore', '*').stderr, /on the datum New Beijing, tens of metres from CGCS2000/);
  assert.equal(fresh.load('parcel', 'a.txt', '--transformation', 't.yaml', '--publish', '--ignore', '*').code, 0);
  near(ours(fresh), cct(`${tmerc(117, 500000, 'krass')} ${shift(b7, 'krass', 'position_vector')}`, square), 'New Beijing');
});

test('the zone of an old datum that a text does not say is that of --crs, if it is of the same', (t) => {
  const s = scene(t);
  write(s, yaml(b7, { method: 'helmert7', convention: 'position_vector' }));
  s.write('a.txt', '[属性描述]\n坐标系=1980西安坐标系\n[地块坐标]\n4,3,A,甲,面,,,,@\n' + square.map(([e, n], i) => `J${i + 1},1,${n},${e}\n`).join(''));
  s.write('b.txt', '[登记项目]\n地块编号=B\n坐标系统=2\n' + square.map(([e, n], i) => `XY00${i + 1}=${i + 1},${n},${e}\n`).join('') + 'XY005=标高,,,,1\n');
  const expected = cct(`${tmerc(117, 500000, 'IAU76')} ${shift(b7, 'IAU76', 'position_vector')}`, square);
  for (const name of ['a', 'b']) {
    for (const crs of [[], ['--crs', 'EPSG:4548']])
      assert.match(s.load('parcel', `${name}.txt`, '--transformation', 't.yaml', ...crs).stderr, /begin with .*; say it with --crs, for example --crs EPSG:2384 \(Xian 1980, 3 degrees, central meridian 117°E\)/);
    assert.match(s.load('parcel', `${name}.txt`, '--crs', 'EPSG:2384').stderr, /on the datum Xian 1980, tens of metres from CGCS2000/);
    const done = s.load('parcel', `${name}.txt`, '--crs', 'EPSG:2384', '--transformation', 't.yaml', '--publish');
    assert.equal(done.code, 0, done.stderr);
    near(s.rows('parcel').find((f) => f.properties.id === name.toUpperCase()).geometry.coordinates.flat(2), expected, name);
    assert.doesNotMatch(done.json.notes.join('\n'), /EPSG:4610|whatever --crs says/);
  }
  // Degrees under a header that speaks of metres.
  const degrees = [[117.2, 31.8], [117.202, 31.8], [117.202, 31.802]];
  s.write('c.txt', '[属性描述]\n坐标系=1980西安坐标系\n计量单位=米\n[地块坐标]\n3,,C,甲,面,,,,@\n' + degrees.map(([lon, lat], i) => `J${i + 1},1,${lat},${lon}\n`).join(''));
  assert.match(s.load('parcel', 'c.txt', '--transformation', 't.yaml').stderr, /计量单位=米, but the numbers look like degrees; say what they are with --crs, for example --crs EPSG:4610 \(Xian 1980 degrees\)/);
  assert.equal(s.load('parcel', 'c.txt', '--crs', 'EPSG:4610', '--transformation', 't.yaml', '--publish').code, 0);
  near(s.rows('parcel').find((f) => f.properties.id === 'C').geometry.coordinates.flat(2),
    cct(`+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad ${shift(b7, 'IAU76', 'position_vector')}`, degrees), 'C');
});

test('rows outside the extent of the transformation are rejected, without telling where they would come out', (t) => {
  const s = scene(t);
  write(s, yaml(p7, { method: 'helmert7', convention: 'position_vector', extent: '[117.0, 31.5, 117.3, 32.0]' }));
  s.write('a.csv', parcels() + parcels(square.map(([e, n]) => [e + 30000, n])).split('\n')[1].replace('DK1', 'DK2') + '\n' +
    parcels(square.map(([e, n]) => [e, n + 900000])).split('\n')[1].replace('DK1', 'DK3') + '\n');
  const done = s.load('parcel', 'a.csv', '--crs', 'EPSG:2384', '--transformation', 't.yaml', '--publish', '--allow-rejects');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual([done.json.loaded, done.json.rejected], [1, 2]);
  const rejects = s.read('a.csv.rejects.csv');
  assert.match(rejects, /the coordinate \(550000, 3521000\) lies outside the extent in which the transformation holds; use the transformation of its area/);
  assert.match(rejects, /the coordinate \(520000, 4421000\) lies outside the catalogue's extent/);
  assert.doesNotMatch(rejects, /that is/);
  // Of a 报盘 TXT with rights of two datums it is asked of those that are transformed.
  const right = (id, system, shift) => `[登记项目]\n地块编号=${id}\n坐标系统=${system}\n` + square.map(([e, n], i) => `XY00${i + 1}=${i + 1},${n},${e + 39e6 + shift}\n`).join('') + 'XY005=标高,,,,1\n';
  s.write('b.txt', right('B1', '2', 0) + right('B2', 'CGCS2000', 30000));
  const both = s.load('parcel', 'b.txt', '--transformation', 't.yaml', '--publish');
  assert.deepEqual([both.code, both.json.loaded], [0, 2], both.stderr);
  near(s.rows('parcel').find((f) => f.properties.id === 'B2').geometry.coordinates.flat(2), cs2cs('EPSG:4548', 'EPSG:4490', square.map(([e, n]) => [e + 30000, n])), 'B2');
});

test('what a .prj says of an old datum counts, whatever --crs says, and that is noted', (t) => {
  const s = scene(t);
  write(s, yaml(p7, { method: 'helmert7', convention: 'position_vector' }));
  shapefile(s, 'p', [{ DKBH: 'DK1', wkt: wkt(square) }], { srs: 'EPSG:2384' });
  const done = s.load('parcel', 'p.shp', '--crs', 'EPSG:4548', '--transformation', 't.yaml', '--publish');
  assert.equal(done.code, 0, done.stderr);
  near(ours(s), xianDegrees(square).map((p) => geographic(helmert(geocentric(p, 6378140, 298.257), p7), 6378137, 298.257222101)), '.prj');
  assert.match(done.json.notes.join('\n'), /p\.shp: the file says .*Xian 1980.*EPSG:2384.*, which is used, whatever --crs says/);
  // Nor is it advised to say --crs, which would change nothing.
  shapefile(s, 'q', [{ DKBH: 'DK2', wkt: wkt(square.map(([x, y]) => [x + 38000000, y])) }], { srs: 'EPSG:2384' });
  assert.match(s.load('parcel', 'q.shp', '--transformation', 't.yaml').stderr, /begins with zone 38, which contradicts the coordinate system, .*EPSG:2384.*; correct what the file says of its coordinate system, which counts whatever --crs says/);
  // Nothing is to be said where --crs says the same.
  const same = s.load('parcel', 'p.shp', '--crs', 'EPSG:2384', '--transformation', 't.yaml', '--dry-run');
  assert.deepEqual([same.code, same.json.unchanged], [0, 1], same.stderr);
  assert.doesNotMatch(same.json.notes.join('\n'), /--crs/);
});

test('the file may come through a pipe, so that it need not lie anywhere', (t) => {
  const s = scene(t);
  const fifo = s.path('t.fifo');
  execFileSync('mkfifo', ['-m', '600', fifo]);
  s.write('a.csv', parcels());
  s.write('plain.yaml', yaml(p7, { method: 'helmert7', convention: 'position_vector' }));
  const writer = spawn('sh', ['-c', 'cat plain.yaml > t.fifo'], { cwd: s.dir, stdio: 'ignore' });
  t.after(() => writer.kill());
  const done = s.load('parcel', 'a.csv', '--crs', 'EPSG:2384', '--transformation', 't.fifo', '--publish');
  assert.equal(done.code, 0, done.stderr);
  near(ours(s), xianDegrees(square).map((p) => geographic(helmert(geocentric(p, 6378140, 298.257), p7), 6378137, 298.257222101)), 'pipe');
});
