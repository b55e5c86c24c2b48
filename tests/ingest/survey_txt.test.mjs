// Coordinate TXT of 勘测定界 and 报备. What is expected comes from the published fixture and from cs2cs.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { gbk, scene } from './helpers.mjs';

const head = (system = '2000国家大地坐标系', zone = '39') => `[属性描述]
格式版本号=1.01版本
数据产生单位=合肥市自然资源和规划局
数据产生日期=2020-6-15
坐标系=${system}
几度分带=3
投影类型=高斯克吕格
计量单位=米
带号=${zone}
精度=0.001
转换参数=,,,,,,
[地块坐标]
`;
const fixture = `10,2.8000,DK001,地块1,面,,工业用地,,@
J1,1,3521000.000,39520000.000
J2,1,3521000.000,39520200.000
J3,1,3521150.000,39520200.000
J4,1,3521150.000,39520000.000
J1,1,3521000.000,39520000.000
J5,2,3521050.000,39520060.000
J6,2,3521050.000,39520110.000
J7,2,3521090.000,39520110.000
J8,2,3521090.000,39520060.000
J5,2,3521050.000,39520060.000
`;
const parcel = (id, points, area = '') => `${points.length},${area},${id},,面,,,,@\n` +
  points.map(([north, east], i) => `J${i + 1},1,${north},${east}\n`).join('');
const square = (north, east, size = 100) => [[north, east], [north, east + size], [north + size, east + size], [north + size, east]];
const oracle = [[117.211224980, 31.811770426], [117.213340327, 31.813119664], [117.211859681, 31.812220293], [117.212388568, 31.812580150]];

const points = (feature) => feature.geometry.coordinates.flat(feature.geometry.type === 'MultiPolygon' ? 2 : 1);
const holds = (feature, [lon, lat]) => assert.ok(points(feature).some((p) => Math.abs(p[0] - lon) < 2e-9 && Math.abs(p[1] - lat) < 2e-9),
  `${lon} ${lat} not in ${JSON.stringify(feature.geometry)}`);
const noted = (done, sentence) => assert.ok(done.json.notes.some((note) => sentence.test(note)), `${sentence} not in ${done.json.notes.join('\n')}`);
// Degrees of a northing and easting, by PROJ's own program.
const cs2cs = (code, north, east) => execFileSync('cs2cs', ['-f', '%.10f', `EPSG:${code}`, 'EPSG:4490'], { input: `${north} ${east}\n`, encoding: 'utf8' })
  .trim().split(/\s+/).slice(0, 2).map(Number).reverse();

test('the published fixture in GBK lands on the published degrees, and what was decided is said', (t) => {
  const s = scene(t);
  s.write('勘测.txt', gbk(head() + fixture));
  const done = s.load('parcel', '勘测.txt', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual([done.json.loaded, done.json.repaired, done.json.area_differs], [1, 0, 0]);
  noted(done, /EPSG:4527, from 坐标系=2000国家大地坐标系 and the zone before the eastings/);
  noted(done, /northing before easting/);
  noted(done, /地块面积 is in 公顷.*1 agree/);
  noted(done, /地块用途 was left out: parcel knows no field for it/);
  const [feature] = s.rows('parcel');
  assert.equal(feature.properties.id, 'DK001');
  assert.equal(feature.properties.name, '地块1');
  assert.equal(feature.properties.area_declared_ha, 2.8);
  assert.equal(feature.geometry.coordinates.flat(feature.geometry.type === 'MultiPolygon' ? 1 : 0).length, 2);
  for (const place of oracle) holds(feature, place);
  const again = s.load('parcel', '勘测.txt');
  assert.deepEqual([again.code, again.json.unchanged, again.json.batch], [0, 1, null]);
});

test('easting first, zones without prefix, another zone: the degrees of cs2cs', (t) => {
  const s = scene(t);
  s.write('e.txt', head() + parcel('E', square(3521000, 39520000).map(([n, e]) => [e, n])));
  s.write('bare.txt', head('CGCS2000', '40') + parcel('B', square(3521000, 400000)));
  s.write('z38.txt', head('CGCS2000', '') + parcel('Z', square(3700000, 38620000)));
  const done = s.load('parcel', 'e.txt', 'bare.txt', 'z38.txt', '--publish');
  assert.equal(done.code, 0, done.stderr);
  noted(done, /e\.txt: the columns are easting before northing/);
  noted(done, /bare\.txt: the file's coordinate system is EPSG:4549, .*带号/);
  const row = (id) => s.rows('parcel').find((feature) => feature.properties.id === id);
  holds(row('E'), cs2cs(4527, 3521000, 39520000));
  holds(row('B'), cs2cs(4549, 3521100, 400100));
  holds(row('Z'), cs2cs(4526, 3700000, 38620100));
});

test('a header whose 带号 the eastings contradict is noted, and both areas of unit are told apart', (t) => {
  const s = scene(t);
  s.write('p.txt', head('CGCS2000', '38') + parcel('H', square(3521000, 39520000), '1.0000') + parcel('M', square(3522000, 39520000), '10000'));
  const done = s.load('parcel', 'p.txt', '--publish');
  assert.equal(done.code, 0, done.stderr);
  noted(done, /带号=38, but all eastings begin with zone 39/);
  noted(done, /公顷 for 1 parcels and in 平方米 for 1/);
  assert.deepEqual(s.rows('parcel').map((feature) => feature.properties.area_declared_ha), [1, 1]);
  assert.equal(done.json.area_differs, 0);
  // Where --crs says the system, what the header and the numbers would have decided is not told, the rest is.
  const said = s.load('parcel', 'p.txt', '--crs', 'EPSG:4527', '--dry-run');
  assert.doesNotMatch(said.json.notes.join('\n'), /--crs|coordinate system is/);
  noted(said, /公顷 for 1 parcels and in 平方米 for 1/);
});

test('parcels of several zones in one file lie each in its own, by cs2cs, and --crs takes one zone alone', (t) => {
  const s = scene(t);
  s.write('two.txt', head() + parcel('Z39', square(3521000, 39520000)) + parcel('Z38', square(3700000, 38620000)));
  s.write('joined.txt', head('CGCS2000', '38') + parcel('B38', square(3700000, 622000)) + head('CGCS2000', '40') + parcel('B40', square(3521000, 400000)));
  const split = s.load('parcel', 'two.txt', '--crs', 'EPSG:4526', '--dry-run');
  assert.deepEqual([split.json.loaded, split.json.rejected], [1, 1]);
  assert.doesNotMatch(split.json.notes.join('\n'), /taken in its own/);
  const done = s.load('parcel', 'two.txt', 'joined.txt', '--publish');
  assert.equal(done.code, 0, done.stderr);
  noted(done, /two\.txt: the parcels are in several zones, and each was taken in its own: 38 .* \(line 18\), 39 .* \(line 13\)/);
  const row = (id) => s.rows('parcel').find((feature) => feature.properties.id === id);
  holds(row('Z39'), cs2cs(4527, 3521100, 39520100));
  holds(row('Z38'), cs2cs(4526, 3700100, 38620000));
  holds(row('B38'), cs2cs(4547, 3700000, 622100));
  holds(row('B40'), cs2cs(4549, 3521000, 400000));
  s.write('old.txt', head('1980西安坐标系') + parcel('Z39', square(3521000, 39520000)) + parcel('Z38', square(3700000, 38620000)));
  assert.match(s.load('parcel', 'old.txt').stderr, /on the datum Xian 1980, tens of metres from CGCS2000/);
});

test('what cannot be read is a row of the rejects with file, line and 点号, and the others load', (t) => {
  const s = scene(t);
  s.write('p.txt', head() + fixture
    + parcel('CROSS', [[3521000, 39521000], [3521000, 39521100], [3521100, 39521000], [3521100, 39521100]])
    + '9,1,COUNT,,面,,,,@\n' + parcel('', square(3521000, 39522000)).split('\n').slice(1).join('\n')
    + '4,1,ROW,,面,,,,@\nJ1,1,3521000,39523000\nJ2,1,3521000\n');
  const done = s.load('parcel', 'p.txt', '--publish', '--allow-rejects', '--report', 'r.json');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual([done.json.read, done.json.loaded, done.json.rejected], [4, 1, 3]);
  assert.deepEqual(JSON.parse(s.read('r.json')).checks[0].kinds, { invalid_geometry: 1, geometry: 2 });
  const rejects = s.read('p.txt.rejects.csv');
  assert.match(rejects, /p\.txt,24,CROSS,"the edge J2-J3 \(lines 26, 27\) crosses the edge J4-J1 \(lines 28, 25\)",/);
  assert.match(rejects, /p\.txt,29,COUNT,"line 29: 界址点数 is 9, but 4 points follow; is a row missing or too many\?",/);
  assert.match(rejects, /p\.txt,34,ROW,"line 36: ""J2"" with 3 values is neither a parcel's line, which ends in @, nor 点号,圈号,X,Y",/);
});

test('letters that are text in UTF-8 and in GB18030 are told', (t) => {
  const s = scene(t), bare = (text) => text.replace(/,面,/, ',,');
  s.write('p.txt', gbk(bare(parcel('小学', square(3521000, 39520000)))));
  noted(s.load('parcel', 'p.txt', '--crs', 'EPSG:4527', '--dry-run'), /^p\.txt: the few letters beyond ASCII in it are text in UTF-8 and in GB18030, .* say --encoding GB18030$/);
  assert.equal(s.load('parcel', 'p.txt', '--crs', 'EPSG:4527', '--encoding', 'GB18030', '--publish').code, 0);
  assert.deepEqual(s.rows('parcel').map((feature) => feature.properties.id), ['小学']);
});

test('a 线 is no parcel, and says so', (t) => {
  const s = scene(t);
  s.write('p.txt', head() + fixture + parcel('L', square(3521000, 39521000)).replace('面', '线'));
  const done = s.load('parcel', 'p.txt');
  assert.deepEqual([done.json.loaded, done.json.rejected], [1, 1]);
  assert.match(s.read('p.txt.rejects.csv'), /MULTILINESTRING, the layer has polygons/);
});

test('a file that does not say its system, or says an old or unknown one, is refused with what to pass', (t) => {
  const s = scene(t);
  s.write('none.txt', fixture);
  assert.match(s.load('parcel', 'none.txt').stderr, /none\.txt: the header does not say the coordinate system .*--crs EPSG:4527/);
  assert.equal(s.load('parcel', 'none.txt', '--crs', 'EPSG:4527').code, 0);
  s.write('old.txt', head('1980西安坐标系') + fixture);
  for (const args of [[], ['--crs', 'EPSG:4527']])
    assert.match(s.load('parcel', 'old.txt', ...args).stderr, /on the datum Xian 1980, tens of metres from CGCS2000/);
  s.write('local.txt', head('合肥独立坐标系') + fixture);
  assert.match(s.load('parcel', 'local.txt').stderr, /坐标系=合肥独立坐标系, which is not known/);
  s.write('bare.txt', head('CGCS2000', '') + parcel('B', square(3521000, 520000)));
  assert.match(s.load('parcel', 'bare.txt').stderr, /does not say the zone .*--crs EPSG:4548/);
  s.write('degrees.txt', '4,,D,,面,,,,@\n1,1,117.21,31.81\n2,1,117.22,31.81\n3,1,117.22,31.82\n4,1,117.21,31.82\n');
  assert.match(s.load('parcel', 'degrees.txt').stderr, /--crs EPSG:4490/);
  assert.equal(s.load('parcel', 'degrees.txt', '--crs', 'EPSG:4490', '--publish').code, 0);
  holds(s.rows('parcel').find((feature) => feature.properties.id === 'D'), [117.22, 31.82]);
  s.write('swapped.txt', head() + parcel('E', square(3521000, 39520000).map(([n, e]) => [e, n])));
  assert.match(s.load('parcel', 'swapped.txt', '--axes', 'yx').stderr, /has the easting first; load it without --axes yx/);
  assert.equal(s.load('parcel', 'bare.txt', '--axes', 'yx', '--crs', 'EPSG:4548').code, 0);
});

test('[项目信息] and the values of 13 columns become columns', (t) => {
  const s = scene(t);
  s.write('p.txt', '[项目信息]\n项目编号=XM1\n项目性质=整治\n' + head() + '4,1.0,DK1,甲,面,I50,耕地,0101,水田,旱地,9,8,备注,@\n'
    + parcel('', square(3521000, 39520000)).split('\n').slice(1).join('\n'));
  const done = s.load('parcel', 'p.txt', '--field', 'approval_no=备注', '--publish');
  assert.equal(done.code, 0, done.stderr);
  noted(done, /项目性质 was left out/);
  noted(done, /等别后 was left out/);
  assert.equal(s.rows('parcel')[0].properties.project_id, 'XM1');
  assert.equal(s.rows('parcel')[0].properties.approval_no, '备注');
});

test('broken files are one sentence', (t) => {
  const s = scene(t);
  const cases = { 'long.txt': [Buffer.alloc(3 << 20, 'J'), /line 1: the line is over 64 KiB/], 'nul.txt': [Buffer.alloc(100), /not a text: it holds NUL bytes/],
    'empty.txt': ['', /the file is empty/], 'table.txt': ['编号\t名称\n1\t甲\n', /no coordinate TXT/], 'utf16.txt': [Buffer.from('\ufeff' + fixture, 'utf16le'), /UTF-16/],
    'head.txt': [head(), /no parcels/] };
  for (const [name, [content, sentence]] of Object.entries(cases)) {
    s.write(name, content);
    const done = s.load('parcel', name);
    assert.equal(done.code, 1, name);
    assert.match(done.stderr, sentence);
    assert.equal(done.stderr.trim().split('\n').length, 1, done.stderr);
  }
  // Cut anywhere before its last corner, the fixture is a reject or a sentence.
  const whole = Buffer.from(head() + fixture);
  for (let size = 1; size < whole.length - 45; size += 37) {
    s.write('cut.txt', whole.subarray(0, size));
    const done = s.load('parcel', 'cut.txt', '--dry-run');
    assert.equal(done.code, 1, `${size}: ${done.stdout}`);
    assert.match(done.stderr, /cut\.txt/);
  }
});
