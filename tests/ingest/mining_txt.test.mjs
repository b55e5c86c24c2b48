// 报盘 TXT of mining rights, zones and DDD.MMSS of mining boundaries. Places are those of cs2cs and of arithmetic here.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { gbk, scene, wkt, zip } from './helpers.mjs';

const catalogue = `
title: 测试目录
publisher: 测试
map_approval_no: 无
extent: [110, 29.0, 120.0, 36.0]
layers:
  - name: region
    title: 行政区
    geometry: polygon
    key: {field: code}
    label: code
    zooms: [6, 16]
    fields:
      - {name: code, title: 区划代码, type: division, audience: public, required: true}
  - name: mining
    title: 矿业权
    geometry: polygon
    key: {field: licence_no}
    division: division
    label: licence_no
    zooms: [6, 16]
    fields:
      - {name: licence_no, title: 许可证号, type: text, audience: public, required: true, tiles: true}
      - {name: name, title: 矿山名称, type: text, audience: public}
      - {name: division, title: 行政区划代码, type: division, audience: public}
      - {name: area_m2, title: 椭球面积, type: number, unit: m2, audience: public, computed: area}
      - {name: rings, title: 分层范围, type: text, audience: public}
`;
const cs2cs = (code, north, east) => execFileSync('cs2cs', ['-f', '%.10f', `EPSG:${code}`, 'EPSG:4490'], { input: `${north} ${east}\n`, encoding: 'utf8' })
  .trim().split(/\s+/).slice(0, 2).map(Number).reverse();
const points = (feature) => feature.geometry.coordinates.flat(feature.geometry.type === 'MultiPolygon' ? 2 : 1);
const holds = (feature, [lon, lat]) => assert.ok(points(feature).some((p) => Math.abs(p[0] - lon) < 2e-9 && Math.abs(p[1] - lat) < 2e-9),
  `${lon} ${lat} not in ${JSON.stringify(feature.geometry)}`);
const noted = (done, sentence) => assert.ok(done.json.notes.some((note) => sentence.test(note)), `${sentence} not in ${done.json.notes.join('\n')}`);
const row = (s, id) => s.rows('mining').find((feature) => feature.properties.licence_no === id);
const ringsOf = (feature) => typeof feature.properties.rings === 'string' ? JSON.parse(feature.properties.rings) : feature.properties.rings;

// As the registration software writes it: sections, decoration, key=value, then the lines XY. Names and numbers are made up.
const right = (id, system, lines, count = lines.length) => `[登记项目]
*******************项目内容*******************
许可证号=${id}
矿山名称=石料矿
法定代表人=张三
联系电话=13900000000
坐标系统=${system}
矿区范围拐点坐标总数应小于1000个
矿区范围拐点坐标与标高的总行数=  ${count}
${lines.map((line, i) => `XY${String(i + 1).padStart(3, '0')}=${line}\n`).join('')}`.replaceAll('\n', '\r\n');
const square = (north, east, size) => [[north, east], [north, east + size], [north + size, east + size], [north + size, east]]
  .map(([n, e], i) => `${i + 1},${n.toFixed(2)},${e.toFixed(2)}`);
const slices = [...square(3521000, 39520000, 400), '标高,220,100,一号,1', ...square(3521200, 39520200, 400), '标高,100,-50,,1',
  ...square(3521100, 39520100, 50), '标高,220,100,圈入的,-1'];

test('报盘 TXT in GBK: rights with slices, by content; every ring kept, the union published, conflicts told', (t) => {
  const s = scene(t, catalogue);
  s.write('报盘.txt', gbk(right('C1', '2000国家大地坐标系', slices) + right('C2', '2000国家大地坐标系', square(3700000, 38620000, 100))));
  const done = s.load('mining', '报盘.txt', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual([done.json.loaded, done.json.rejected], [2, 0]);
  noted(done, /row 1: ring 3 \(from line 20 on\) is described as 圈入 and its flag is -1/);
  noted(done, /row 25: the last ring has no line of 标高/);
  noted(done, /each row is in the zone before its eastings: 38 \(1 row\), 39 \(1 row\)/);
  noted(done, /联系电话 was left out/);
  const one = row(s, 'C1');
  assert.equal(one.properties.name, '石料矿');
  // 400 x 400 twice, 200 x 200 of it common, less 50 x 50; 0.03 % within 20 km of the central meridian.
  assert.ok(Math.abs(one.properties.area_m2 / (2 * 160000 - 40000 - 2500) - 1) < 3e-4, one.properties.area_m2);
  holds(one, cs2cs(4527, 3521600, 39520600));
  holds(one, cs2cs(4527, 3521100, 39520150));
  holds(row(s, 'C2'), cs2cs(4526, 3700100, 38620100));
  assert.deepEqual(ringsOf(one).map((r) => [r.top, r.bottom, r.excluded, r.description, r.points.length]),
    [[220, 100, false, '一号', 4], [100, -50, false, '', 4], [220, 100, true, '圈入的', 4]]);
  assert.deepEqual(ringsOf(one)[0].points[0], [39520000, 3521000]);
});

test('坐标系统=2 is Xian 1980, whatever --crs says; one that is not known must be said', (t) => {
  const s = scene(t, catalogue);
  s.write('old.txt', right('C1', '2', slices));
  for (const args of [[], ['--crs', 'EPSG:4527']])
    assert.match(s.load('mining', 'old.txt', ...args).stderr, /old\.txt: .*Xian 1980 .*\(EPSG:2363\), on the datum Xian 1980, tens of metres from CGCS2000/);
  assert.equal(s.load('mining', 'old.txt', '--accept-datum-error', '--dry-run').json.loaded, 1);
  s.write('which.txt', right('C1', '7', slices));
  assert.match(s.load('mining', 'which.txt').stderr, /坐标系统=7 of the right of line 1 is not known; say what it is with --crs/);
  const said = s.load('mining', 'which.txt', '--crs', 'EPSG:4490', '--publish');
  assert.equal(said.code, 0, said.stderr);
  holds(row(s, 'C1'), cs2cs(4527, 3521000, 39520000));
});

test('报盘 TXT out of an archive, with a ledger joined to it, and for records', (t) => {
  const s = scene(t, catalogue.trimEnd() + `
records:
  - name: licence
    title: 许可
    key: {field: licence_no}
    fields:
      - {name: licence_no, title: 许可证号, type: text, audience: public, required: true}
`);
  s.write('m.zip', zip({ 'data/mine.txt': right('C1', 'CGCS2000', slices) }));
  s.write('ledger.csv', '许可证号,行政区划代码\nC1,340123\n');
  const done = s.load('mining', 'm.zip', '--join', 'ledger.csv', '--on', '许可证号', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(row(s, 'C1').properties.division, '340123');
  holds(row(s, 'C1'), cs2cs(4527, 3521600, 39520600));
  s.write('mine.txt', right('C1', '', slices));
  const records = s.load('licence', 'mine.txt', '--dry-run');
  assert.deepEqual([records.code, records.json.loaded], [0, 1], records.stderr);
});

test('packed degrees, and what is wrong with a right is a reject with its line', (t) => {
  const s = scene(t, catalogue);
  s.write('p.txt', right('D', 'CGCS2000', ['1,315900.00,1170700.00', '2,315900.00,1171100.00', '3,315500.00,1171100.00', '标高,+80米,10米,,']));
  const done = s.load('mining', 'p.txt', '--publish');
  assert.equal(done.code, 0, done.stderr);
  noted(done, /without marks \(DDDMMSS\)/);
  holds(row(s, 'D'), [117 + 11 / 60, 31 + 55 / 60]);
  assert.deepEqual(ringsOf(row(s, 'D')).map((r) => [r.top, r.bottom]), [[80, 10]]);
  const bad = { COUNT: [slices, 5], CROSS: [['1,3521000,39520000', '2,3521100,39520100', '3,3521100,39520000', '4,3521000,39520100', '标高,1,2,,1']],
    FLAG: [[...square(3521000, 39520000, 9), '标高,1,2,,3']], ZONE: [['1,3521000,39520000', '2,3521100,38520100', '3,3521100,39520000', '标高,1,2,,1']],
    POINT: [['1,3521000,39520000', '2,3521100', '3,3521100,39520000', '标高,1,2,,1']], HEIGHT: [[...square(3521000, 39520000, 9), '标高,深,2,,1']] };
  s.write('bad.txt', Object.entries(bad).map(([id, [lines, count]]) => right(id, 'CGCS2000', lines, count)).join('') + right('GOOD', 'CGCS2000', square(3521000, 39520000, 9)));
  const told = s.load('mining', 'bad.txt', '--allow-rejects');
  assert.deepEqual([told.json.read, told.json.loaded, told.json.rejected], [7, 1, 6]);
  const rejects = s.read('bad.txt.rejects.csv');
  for (const sentence of [/1,COUNT,"it says 5 lines of corner points, and has 15;/, /25,CROSS,ring 1 crosses or touches itself/,
    /FLAG,"line 52: ""3"" is no flag/, /ZONE,"line 63: its easting begins with zone 38, those before with 39/, /POINT,"line 76: ""2,3521100"" is neither/,
    /HEIGHT,"line 92: ""深"" is no 标高/])
    assert.match(rejects, sentence);
  s.write('huge.txt', right('X', 'CGCS2000', [...square(3521000, 39520000, 9), ...Array(200).fill(`标高,1,2,${'甲'.repeat(10000)},1`)]));
  assert.match(s.load('mining', 'huge.txt').stderr, /row 1: line \d+: it has more than 20000 lines of corner points, or more than 4 MiB of them/);
  // XY out of order, and a file that ends early.
  s.write('order.txt', right('X', 'CGCS2000', slices).replace('XY004', 'XY005'));
  assert.match(s.load('mining', 'order.txt').stderr, /line 13: XY005 follows on XY003; is a line missing, or there twice\?/);
  const whole = Buffer.from(right('X', 'CGCS2000', slices));
  for (let size = 40; size < whole.length - 30; size += 41) {
    s.write('cut.txt', whole.subarray(0, size));
    assert.equal(s.load('mining', 'cut.txt', '--dry-run').code, 1, `${size}`);
  }
});

test('rows of a column in several zones: --crs names the datum, the eastings the zone; nothing is guessed', (t) => {
  const s = scene(t, catalogue);
  const ring = (north, east) => `"1,4,${square(north, east, 100).join(',')},10,0,,1,"`;
  s.write('a.csv', `许可证号,区域坐标\nZ38,${ring(3700000, 38620000)}\nZ39,${ring(3521000, 39520000)}\nZ20,${ring(3521000, 20520000)}\nBARE,${ring(3521000, 520000)}\nDEG,"1,3,117.123456,31.987654,117.187654,31.987654,117.187654,31.923456,1,0,0"\nZ24,${ring(3521000, 24520000)}\n`);
  const unsaid = s.load('mining', 'a.csv');
  assert.match(unsaid.stderr, /say it with --crs: EPSG:4490 for CGCS2000 in degrees or with the zone before the eastings/);
  const done = s.load('mining', 'a.csv', '--crs', 'EPSG:4490', '--publish', '--allow-rejects');
  assert.deepEqual([done.code, done.json.loaded, done.json.rejected], [0, 4, 2], done.stderr);
  noted(done, /each row is in the zone before its eastings: 20 \(1 row\), 38 \(1 row\), 39 \(1 row\); 1 are in degrees/);
  holds(row(s, 'Z38'), cs2cs(4526, 3700000, 38620000));
  holds(row(s, 'Z39'), cs2cs(4527, 3521000, 39520000));
  holds(row(s, 'Z20'), cs2cs(4498, 3521000, 20520000));
  holds(row(s, 'DEG'), [117.123456, 31.987654]);
  const rejects = s.read('a.csv.rejects.csv');
  assert.match(rejects, /BARE,"区域坐标: --crs says CGCS2000 without a zone, and the eastings begin with none; say the zone with --crs, for example --crs EPSG:4548[^;]*"/);
  assert.match(rejects, /Z24,"区域坐标: .* begin with none that is known;/);
  // With a zone in --crs, those of others are rejects, as ever; zone 20 of 6 degrees is the same projection as 39 of 3.
  const one = s.load('mining', 'a.csv', '--crs', 'EPSG:4527', '--dry-run');
  assert.equal(one.json.rejected, 3);
  // What a notice says of an old datum is not passed over.
  s.write('notice.csv', `许可证号,拐点坐标\nOLD,"1980西安坐标系\n${square(3521000, 39520000, 100).join('\n')}"\nNEW,"2000国家大地坐标系\n${square(3521000, 39520000, 100).join('\n')}"\n`);
  for (const crs of ['EPSG:4490', 'EPSG:4527'])
    assert.deepEqual(['loaded', 'rejected'].map((key) => s.load('mining', 'notice.csv', '--crs', crs, '--dry-run').json[key]), [1, 1]);
  assert.match(s.read('notice.csv.rejects.csv'), /OLD,"拐点坐标: its text says Xian 1980, and --crs CGCS2000; load such rows apart/);
  // An old datum is one by its code in degrees too.
  assert.match(s.load('mining', 'a.csv', '--crs', 'EPSG:4610').stderr, /on the datum Xian 1980/);
});

test('DDD.MMSS or decimal degrees: by the numbers, the extent, the division; else a reject', (t) => {
  const s = scene(t, catalogue);
  const box = (w, so, e, n) => wkt([[w, so], [e, so], [e, n], [w, n]]);
  s.write('regions.csv', `区划代码,wkt\n340123,"${box(117.0, 31.85, 117.25, 32.05)}"\n340124,"${box(117.0, 31.2, 117.1, 31.6)}"\n340125,"${box(117.0, 31.0, 118, 32)}"\n`);
  assert.equal(s.load('region', 'regions.csv', '--crs', 'EPSG:4490', '--publish').code, 0);
  // 117.0724 31.5915: 117.0724°, 31.5915° lies in 340124, 117°07′24″ 31°59′15″ in 340123.
  const ring = '"1,4,117.0724,31.5915,117.0915,31.5915,117.0915,31.5524,117.0724,31.5524,1,0,0"';
  const edge = '"1,3,119.5424,35.5915,119.5915,35.5915,119.5915,35.5524,1,0,0"'; // 119°54′24″ 35°59′15″ and 119.54° 35.59°: both in the extent
  const outside = '"1,3,119.3024,35.5915,119.5915,36.0015,119.5915,35.5524,1,0,0"'; // 36°00′15″ is beyond the extent, and so is 36.0015°
  s.write('metres.csv', `许可证号,区域范围\nM,${ring}\n`);
  assert.match(s.load('mining', 'metres.csv', '--crs', 'EPSG:4527').stderr, /the coordinate \(117\.0724, 31\.5915\) is in degrees, but the coordinate system/);
  s.write('a.csv', `许可证号,行政区划代码,区域范围\nMIN,340123,${ring}\nDEC,340124,${ring}\nBOTH,340125,${ring}\nNONE,,${ring}\nFAR,340123,${edge}\nOUT1,340123,${outside}\n`);
  const done = s.load('mining', 'a.csv', '--crs', 'EPSG:4490', '--publish', '--allow-rejects');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual([done.json.loaded, done.json.rejected], [2, 4], s.read('a.csv.rejects.csv'));
  holds(row(s, 'MIN'), [117 + 7 / 60 + 24 / 3600, 31 + 59 / 60 + 15 / 3600]);
  assert.ok(Math.abs(ringsOf(row(s, 'MIN'))[0].points[0][0] - 117.123333333) < 1e-8);
  holds(row(s, 'DEC'), [117.0724, 31.5915]);
  noted(done, /row 2: the coordinates were read as degrees, minutes and seconds \(DDD\.MMSS\), since the other way it would lie outside of its division 340123/);
  noted(done, /row 3: the coordinates were read as decimal degrees, since the other way .* 340124/);
  // Between 12'59" and 13'00" lies a second in one way, and 0.0041 degrees in the other: what crosses in one need not in the other.
  const hexagon = ['116.2546,34.2620', '116.2555,34.2653', '116.2531,34.2551', '116.2611,34.2621', '116.2637,34.2624', '116.2646,34.2710'];
  const pentagon = ['116.2600,34.2703', '116.2535,34.2646', '116.2549,34.2644', '116.2549,34.2604', '116.2530,34.2557'];
  const strings = [hexagon, pentagon].map((points) => `"1,${points.length},${points.join(',')},1,0,0"`);
  s.write('x.csv', `许可证号,区域范围\nHEX,${strings[0]}\nPENT,${strings[1]}\n`);
  const crossing = s.load('mining', 'x.csv', '--crs', 'EPSG:4490', '--publish');
  assert.equal(crossing.code, 0, crossing.stderr);
  holds(row(s, 'HEX'), [116 + 25 / 60 + 46 / 3600, 34 + 26 / 60 + 20 / 3600]);
  holds(row(s, 'PENT'), [116.26, 34.2703]);
  noted(crossing, /row 2: the coordinates were read as degrees, minutes and seconds \(DDD\.MMSS\), since the other way its rings cross/);
  noted(crossing, /row 3: the coordinates were read as decimal degrees, since the other way its rings cross/);
  const rejects = s.read('a.csv.rejects.csv');
  assert.match(rejects, /BOTH,"?区域范围: whether the coordinates are decimal degrees .* either way it lies in its division 340125; write them as 110°00′28\.20″/);
  assert.match(rejects, /NONE,.*the row has no division/);
  assert.match(rejects, /FAR,.*either way it lies outside of its division 340123/);
  assert.match(rejects, /OUT1,.*either way it lies outside of the catalogue's extent/);
});

test('the extent decides between degrees and minutes, without any division', (t) => {
  const s = scene(t, catalogue.replace('[110, 29.0, 120.0, 36.0]', '[117.0, 31.0, 117.3, 31.7]'));
  s.write('a.csv', '许可证号,区域范围\nDEC,"1,3,117.0724,31.5915,117.0915,31.5915,117.0915,31.5524,1,0,0"\nMIN,"1,3,117.0724,31.2915,117.3015,31.2915,117.0915,31.2524,1,0,0"\n');
  const done = s.load('mining', 'a.csv', '--crs', 'EPSG:4490', '--allow-rejects', '--publish');
  assert.equal(done.code, 0, done.stderr);
  holds(row(s, 'DEC'), [117.0724, 31.5915]);
  noted(done, /row 2: .* as decimal degrees, since the other way it would lie outside of the catalogue's extent/);
  assert.match(s.read('a.csv.rejects.csv'), /MIN,.*either way it lies outside of the catalogue's extent/);
});
