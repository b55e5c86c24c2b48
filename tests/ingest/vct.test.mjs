// VCT exchange files. No program at hand writes them: the files follow the structure that ingest/vct.h gives, and places are
// those of cs2cs.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { gbk, scene } from './helpers.mjs';

const cs2cs = (north, east) => execFileSync('cs2cs', ['-f', '%.10f', 'EPSG:4527', 'EPSG:4490'], { input: `${north} ${east}\n`, encoding: 'utf8' })
  .trim().split(/\s+/).slice(0, 2).map(Number).reverse();
const rings = (feature) => (feature.geometry.type === 'MultiPolygon' ? feature.geometry.coordinates.flat(1) : feature.geometry.coordinates);
const noted = (done, sentence) => assert.ok(done.json.notes.some((note) => sentence.test(note)), `${sentence} not in ${done.json.notes.join('\n')}`);

const E = 39520000, N = 3521000;
const place = (x, y) => `${E + x}.000,${N + y}.000`;
const line = (id, ...places) => `${id}\n1099000000\nunknown\n1\n1\n11\n${places.length}\n${places.map((p) => place(...p)).join('\n')}\n0\n`;
const ofLines = (id, refs, code = '2001010100', count = refs.length) => `${id}\n${code}\nunknown\n100\n${place(5, 5)}\n21\n${count}\n${refs.join(',')}\n0\n`;
const ofPlaces = (id, code, ...all) => `${id}\n${code}\nunknown\n1\n${place(5, 5)}\n${all.length}\n${all.map((ring) => `11\n${ring.length}\n${ring.map((p) => place(...p)).join('\n')}\n`).join('')}0\n`;
const square = (x, y, size) => [[x, y], [x + size, y], [x + size, y + size], [x, y + size]];

function vct({ head = {}, lines = '', polygons, rows, more = '' }) {
  const keys = { DataMark: 'CNSDTF-VCT', Version: 'GB/T 17798-2007', CoordinateSystemType: 'P', Dim: '2', XAxisDirection: 'E', YAxisDirection: 'N', XYUnit: 'M',
    Spheroid: 'CGCS2000,6378137.0,298.257222101', Projection: '高斯-克吕格投影', Parameters: '117,1,39500000,0,3,39', Offset: '0,0', Separator: ',', ...head };
  return `HeadBegin\r\n${Object.entries(keys).map(([k, v]) => `${k}:${v}\n`).join('')}HeadEnd\n\nFeatureCodeBegin\n1000600100,行政区,Polygon,XZQ\n2001010100,地类图斑,Polygon,DLTB\n`
    + `1099000000,界线,Line,JX\nFeatureCodeEnd\n\nTableStructureBegin\nDLTB,3\nDKBH,Char,18\nDKMC,Char,60\nDKMJ,Float,15,2\n0\nXZQ,1\nXZQDM,Char,12\n0\nTableStructureEnd\n\n`
    + `LineBegin\n${lines}LineEnd\n\nPolygonBegin\n${polygons}PolygonEnd\n\n${more}AttributeBegin\nDLTB\n${rows}TableEnd\nAttributeEnd\n`;
}
// Two neighbours that share the line 3, with a hole of the line 4 in the first, and one of places.
const lines = line(1, [100, 0], [0, 0], [0, 100], [100, 100]) + line(2, [100, 100], [200, 100], [200, 0], [100, 0]) + line(3, [100, 0], [100, 100])
  + line(4, [40, 40], [60, 40], [60, 60], [40, 60], [40, 40]);
const polygons = ofLines(101, [1, -3, 4]) + ofLines(102, [2, 3]) + ofPlaces(103, '2001010100', square(300, 0, 50), square(310, 10, 10), square(400, 0, 10));
const rows = '101,DK1,镕城一号,0.96\n102,DK2,镕城二号,1.00\n103,DK3,镕城三号,0.25\n';

test('polygons of lines in both directions and of places, with holes and parts, in GBK', (t) => {
  const s = scene(t);
  s.write('地块.vct', gbk(vct({ lines, polygons, rows, more: 'AnnotationBegin\n9\n1\nu\n1\n注记\n1,2,0\n0\nAnnotationEnd\n' })));
  const done = s.load('parcel', '地块.vct', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual([done.json.loaded, done.json.repaired], [3, 0]);
  const row = (id) => s.rows('parcel').find((f) => f.properties.id === id);
  const wanted = { DK1: [9600, [5, 5], [[0, 0], [100, 100], [60, 40]]], DK2: [10000, [5], [[200, 100], [100, 0]]], DK3: [2500 - 100 + 100, [5, 5, 5], [[350, 50], [320, 10], [410, 10]]] };
  for (const [id, [area, points, places]] of Object.entries(wanted)) {
    assert.ok(Math.abs(row(id).properties.area_m2 / area - 1) < 1e-4, id);
    assert.deepEqual(rings(row(id)).map((ring) => ring.length), points);
    for (const [x, y] of places)
      assert.ok(rings(row(id)).flat().some((p) => cs2cs(N + y, E + x).every((v, i) => Math.abs(v - p[i]) < 2e-9)), `${id} ${x} ${y}`);
  }
  assert.equal(row('DK2').properties.name, '镕城二号');
  noted(done, /对象标识码 was left out/);
});

// The outline of a yard of 57 x 44 m, whose corners all lie within a thousandth of a degree.
test('a VCT in degrees keeps the places of lines and rings that lie close together', (t) => {
  const s = scene(t);
  const corners = [[117.2, 31.8], [117.2003, 31.8], [117.2006, 31.8], [117.2006, 31.8002], [117.2006, 31.8004], [117.2003, 31.8004], [117.2, 31.8004]];
  const text = (places) => places.map((p) => p.join(',')).join('\n');
  const edge = (id, places) => `${id}\n1099000000\nunknown\n1\n1\n11\n${places.length}\n${text(places)}\n0\n`;
  const head = { CoordinateSystemType: 'D', XYUnit: 'D', Projection: '', Parameters: '' };
  s.write('d.vct', vct({ head, lines: edge(1, corners.slice(0, 5)) + edge(2, [...corners.slice(4), corners[0]]), rows: '101,DK1,甲,0.25\n103,DK3,乙,0.25\n',
    polygons: `101\n2001010100\nunknown\n100\n117.2003,31.8001\n21\n2\n1,2\n0\n103\n2001010100\nunknown\n1\n117.2003,31.8001\n1\n11\n7\n${text(corners)}\n0\n` }));
  const done = s.load('parcel', 'd.vct', '--publish');
  assert.equal(done.code, 0, done.stderr);
  for (const id of ['DK1', 'DK3'])
    assert.deepEqual(rings(s.rows('parcel').find((f) => f.properties.id === id)), [[...corners, corners[0]]]);
});

test('Parameters of no zone of China are refused: meridian, scale and false easting', (t) => {
  const s = scene(t);
  const load = (parameters, ...args) => {
    s.write('p.vct', vct({ head: { Parameters: parameters }, lines, polygons, rows }));
    return s.load('parcel', 'p.vct', '--dry-run', ...args);
  };
  for (const parameters of ['117,1,450000,0,3,39', '117,0.9996,500000,0,3,39', '117,1,39450000', '117,1,500000,-3000000', '117.25,1,500000,0,3,',
    '117,1,500,0,3,39', '117,1,39,0', '117,1,39,0,3,39', '117,0,-500', '117,1,500000,0,3,38', '117,30,1,500000'])
    assert.ok(load(parameters).stderr.includes(`the head says Parameters:${parameters}, where the central meridian of a zone, scale 1 and false easting 500000`), parameters);
  for (const parameters of ['117,1,500000', '117.0,0,1.0,39500000.0,0', '1170000,1,500000,0', '117,500000,6378137,6356752.3', '', '117', '117,39', '117,3,39',
    '117,0,0,0,0,1,500000,0,3,39', '117,500000,6378137,298.257222101', '39500000,0,1,3,39'])
    assert.equal(load(parameters).json.loaded, 3, parameters);
  assert.equal(load('117,1,450000,0,3,39', '--crs', 'EPSG:4527').json.loaded, 3);
  // The meridian is that of zone 38, the eastings begin with 39: that is noted, and not where --crs says which it is.
  const other = load('114,1,500000,0');
  noted(other, /all eastings begin with zone 39/);
  assert.doesNotMatch(load('114,1,500000,0', '--crs', 'EPSG:4527').json.notes.join('\n'), /eastings begin|with --crs/);
});

test('a Spheroid that names a local system is none of the national ones', (t) => {
  const s = scene(t);
  const load = (spheroid) => {
    s.write('p.vct', vct({ head: { Spheroid: spheroid }, lines, polygons, rows }));
    return s.load('parcel', 'p.vct', '--dry-run');
  };
  for (const spheroid of ['合肥2000独立坐标系,6378137.0,298.257222101', '合肥80坐标系,6378140,298.257'])
    assert.match(load(spheroid).stderr, new RegExp(`the head says Spheroid:${spheroid}, a local coordinate system; have the data transformed to CGCS2000`), spheroid);
  assert.equal(load('2000国家大地坐标系,6378137.0,298.257222101').json.loaded, 3);
  for (const spheroid of ['西安80,6378140.0,298.257', '1980西安坐标系,6378140.0,298.257', 'IAG75,6378140.0,298.257'])
    assert.match(load(spheroid).stderr, /on the datum Xian 1980/, spheroid);
});

test('north first, another separator, remarks, 标识码 as the first field, and lines named in the wrong direction', (t) => {
  const s = scene(t);
  const north = (text) => text.replaceAll(/^([\d.]+),([\d.]+)$/gm, '$2,$1');
  s.write('n.vct', north(vct({ head: { XAxisDirection: 'N', YAxisDirection: 'E' }, lines, polygons: ofLines(101, [1, 3, 4]), rows: 'DK9,无关,1\n'.replace('DK9', '101') })));
  const done = s.load('parcel', 'n.vct', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(s.rows('parcel')[0].properties.id, '101');
  assert.equal(rings(s.rows('parcel')[0]).length, 2);
  noted(done, /1 lines are named in the wrong direction, and were turned/);
  const semicolons = vct({ lines, polygons: polygons + '\nCommentBegin\n1,2\nCommentEnd\n', rows }).replaceAll(/^([^\n:]*,[^\n]*)$/gm, (row) => row.replaceAll(',', ';')).replace('Separator:,', 'Separator:;');
  s.write('s.vct', semicolons);
  const other = s.load('parcel', 's.vct', '--set', 'project_id=S');
  assert.equal(other.code, 0, other.stderr);
  assert.equal(other.json.loaded, 3);
});

test('polygons that cannot be read are rejected with line and 标识码, the others load', (t) => {
  const s = scene(t);
  const circle = `201\n2001010100\nu\n1\n${place(0, 0)}\n1\n13\n${place(0, 0)}\n5.0\n0\n`;
  const composed = `202\n2001010100\nu\n100\n${place(0, 0)}\n22\n1\n101\n0\n`;
  s.write('p.vct', vct({ lines: lines + '5\n1099000000\nu\n1\n1\n12\n3\n1,1\n2,2\n3,3\n0\n', polygons: polygons + circle + composed + ofLines(203, [1, 9]) + ofLines(204, [1, 4])
    + ofLines(205, [1]) + ofLines(206, [5]) + ofPlaces(207, '2001010100', [[0, 0], [5, 5], [9, 9]]) + ofPlaces(208, '2001010100', square(600, 0, 10)) + ofPlaces(209, '2001010100', square(700, 0, 10)) + ofPlaces(210, '2001010100', square(800, 0, 10)),
    rows: rows + [201, 202, 203, 204, 205, 206, 207].map((id) => `${id},D${id},x,1\n`).join('') + '208,D208,一,二,1\n209,D209,x,1\n209,D209,y,1\n' }));
  const done = s.load('parcel', 'p.vct', '--publish', '--allow-rejects');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual([done.json.read, done.json.loaded, done.json.rejected], [13, 3, 10]);
  const rejects = s.read('p.vct.rejects.csv');
  for (const sentence of [/the polygon 201: it is made of circles/, /the polygon 202: it is made of circles, ellipses or other polygons/, /the polygon 203: its line 9 is not in the file/,
    /the polygon 204: its line 4 does not begin where line 1 ends/, /the polygon 205: the ring that ends with line 1 does not return/, /the polygon 206: its line 5 is drawn with arcs/,
    /the polygon 207: its ring 1 encloses nothing/, /the polygon 208: its row in table DLTB \(line \d+\) has 5 values, and the table has 3 fields/, /the polygon 209: table DLTB has two rows for it \(lines \d+ and \d+\)/,
    /^p\.vct,\d+,,"id \(地块编号\) is empty/m])
    assert.match(rejects, sentence);
  noted(done, /1 polygons have no row in table DLTB/);
});

test('a layer is chosen by table, code or name', (t) => {
  const s = scene(t);
  s.write('two.vct', vct({ lines, polygons: polygons + ofPlaces(301, '1000600100', square(0, 0, 300)), rows: rows + 'TableEnd\nXZQ\n301,341321\n' }));
  assert.match(s.load('parcel', 'two.vct').stderr, /two\.vct: the file has 2 layers of polygons; choose one with --layer: XZQ \(行政区\), DLTB \(地类图斑\)/);
  for (const layer of ['DLTB', '2001010100', '地类图斑'])
    assert.equal(s.load('parcel', 'two.vct', '--layer', layer, '--dry-run').json.loaded, 3, layer);
  assert.match(s.load('parcel', 'two.vct', '--layer', 'GDB').stderr, /there are no polygons of a layer "GDB"; there are: XZQ/);
  const district = s.load('parcel', 'two.vct', '--layer', 'XZQ', '--field', 'id=对象标识码', '--publish');
  assert.equal(district.code, 0, district.stderr);
  assert.equal(s.rows('parcel')[0].properties.division, '341321');
});

test('bytes that are no text are named by column and line', (t) => {
  const s = scene(t);
  const bytes = gbk(vct({ lines, polygons, rows }));
  bytes.set([0xff, 0xff], bytes.indexOf(gbk('镕城二')));
  s.write('b.vct', bytes);
  const done = s.load('parcel', 'b.vct');
  assert.deepEqual([done.json.loaded, done.json.rejected], [2, 1]);
  assert.match(s.read('b.vct.rejects.csv'), /the polygon 102: column DKMC: its bytes \(line \d+\) are not text in GB18030/);
});

test('files of other versions, systems and states are refused in one sentence, and never come before Idrisi', (t) => {
  const s = scene(t);
  const good = vct({ lines, polygons, rows });
  const cases = {
    'old.vct': [vct({ head: { Version: '1.0' }, polygons, rows }), /old\.vct: a VCT file of another structure than GB\/T 17798-2007: its head says DataMark CNSDTF-VCT, Version 1\.0; have it exported/],
    'landuse.vct': [vct({ head: { DataMark: 'LANDUSE-VCT', Version: '3.0' }, polygons, rows }), /DataMark LANDUSE-VCT, Version 3\.0/],
    'idrisi.vct': ['\x01\x02binary\0', /idrisi\.vct: not a text: it holds NUL bytes/],
    'text.vct': ['hello\n', /text\.vct: not a VCT exchange file: it does not begin with HeadBegin/],
    'cut.vct': [good.slice(0, good.indexOf('PolygonEnd') - 30), /cut\.vct: the file is cut off/],
    'count.vct': [good.replace('\n11\n4\n', '\n11\n5\n'), /count\.vct, line \d+: "0" stands where X,Y of a point must be/],
    'word.vct': [good.replace('101\n2001010100', 'x\n2001010100'), /word\.vct, line \d+: "x" stands where 标识码 of an object must be/],
    'code.vct': [good.replace('101\n2001010100', '101\n77'), /code\.vct, line \d+: the polygon 101 has a 要素代码 that FeatureCode does not declare/],
    'empty.vct': [vct({ polygons: '', rows }), /empty\.vct: the file has no polygons/],
    'west.vct': [vct({ head: { XAxisDirection: 'W' }, polygons, rows }), /XAxisDirection:W and YAxisDirection:N/],
    'offset.vct': [vct({ head: { Offset: '39500000,0' }, polygons, rows }), /Offset:39500000,0, and coordinates with an offset are not read/],
    'xian.vct': [vct({ head: { Spheroid: 'IAG-75,6378140,298.257' }, lines, polygons, rows }), /xian\.vct: .*Xian 1980/],
    'lambert.vct': [vct({ head: { Projection: '兰伯特' }, lines, polygons, rows }), /Projection:兰伯特, where 高斯-克吕格 is expected/],
    'system.vct': [vct({ head: { Spheroid: '' }, lines, polygons, rows }), /does not say its coordinate system; its eastings begin with zone 39: .*--crs EPSG:4527/],
    'zones.vct': [vct({ lines, polygons: polygons + ofPlaces(301, '2001010100', square(-1000000, 0, 100)), rows }), /zones\.vct: its eastings begin with several zones, among them 38 and 39, .*--crs/],
    'huge.vct': [good.replace('\n11\n4\n', '\n11\n999999999999999999999\n'), /huge\.vct, line \d+: "9+" stands where a number of points must be/],
  };
  for (const [name, [bytes, sentence]] of Object.entries(cases)) {
    s.write(name, bytes);
    const done = s.load('parcel', name);
    assert.equal(done.code, 1, name);
    assert.match(done.stderr, sentence, name);
    assert.equal(done.stderr.trim().split('\n').length, 1, name);
  }
  assert.deepEqual(s.batches(), []);
});
