// Everything that a bureau has, in one folder and one command for each kind: formats that other software wrote, encodings,
// datums. Places are those of PROJ's cs2cs and cct, areas those of plane geometry.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { Drawing } from './drawings.mjs';
import { catalogue, gbk, scene, square, wkt, xlsx, zip } from './helpers.mjs';
import { personalGeodatabase, polygonShape, zone39 } from './jet_mdb.mjs';

const near = (url) => new URL(url, import.meta.url).pathname;
const E = 39520000, N = 3521000;
const corner = (i) => [E + i * 300, N];
const box = (i) => square(E + i * 300, N, 200); // 4 ha
const run = (program, args, input) => execFileSync(program, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });
const degrees = (text) => text.trim().split(/\s+/).slice(0, 2).map(Number);
const cgcs = ([east, north], from = 'EPSG:4527') => degrees(run('cs2cs', ['-f', '%.10f', from, 'EPSG:4490'], `${north} ${east}\n`)).reverse();
// From an old datum's plane by seven parameters, each step named: IOGP 7-2, 4.3.3.
const helmert = ([east, north], ellipsoid, p) => degrees(run('cct', ['-d', '10', '+proj=pipeline', '+step', '+inv', '+proj=tmerc', '+lat_0=0', '+lon_0=117', '+k=1', '+x_0=500000', ...ellipsoid,
  '+step', '+proj=cart', ...ellipsoid, '+step', '+proj=helmert', ...Object.entries(p).map(([k, v]) => `+${k}=${v}`), '+convention=position_vector',
  '+step', '+inv', '+proj=cart', '+a=6378137', '+rf=298.257222101', '+step', '+proj=unitconvert', '+xy_in=rad', '+xy_out=deg'], `${east} ${north} 0 0\n`));
const xian = { ellipsoid: ['+a=6378140', '+rf=298.257'], p: { x: 12.3, y: -98.7, z: 45.6, rx: 1.2, ry: -2.3, rz: 3.4, s: 4.5 } };
const beijing = { ellipsoid: ['+a=6378245', '+rf=298.3'], p: { x: 20.1, y: -110.2, z: -30.3, rx: 0.5, ry: 0.6, rz: -1.7, s: -2.8 } };
const parameters = (name, from, { p }) => `name: ${name}\nfrom: ${from}\nmethod: helmert7\nconvention: position_vector\n${Object.entries(p).map(([k, v]) => `${k === 's' ? 'scale' : k}: ${v}\n`).join('')}`;

const survey = (head, ...parcels) => `[属性描述]\n${Object.entries(head).map(([k, v]) => `${k}=${v}\n`).join('')}[地块坐标]\n${parcels.map(({ id, points, area = '4.0' }) =>
  `${points.length + 1},${area},${id},地${id},面,,,,@\n${[...points, points[0]].map(([x, y], k) => `J${k % points.length + 1},1,${x},${y}\n`).join('')}`).join('')}`;
const header = { 坐标系: '2000国家大地坐标系', 几度分带: 3, 投影类型: '高斯克吕格', 计量单位: '米', 带号: 39 };
const northFirst = (i, strip = 0) => box(i).map(([x, y]) => [y, x - strip]);

// What each file holds: id -> a corner in degrees.
function archive(s) {
  const wanted = new Map();
  const dir = (name) => { mkdirSync(s.path(`历年/${name}`), { recursive: true }); return `历年/${name}`; };
  let n = 0;
  // By ogr2ogr, from a CSV of one parcel in zone 39.
  const made = (driver, name, { srs = ['-a_srs', 'EPSG:4527'], points, place, options = [], env = {} } = {}) => {
    const i = n++, id = `R${i}`;
    const source = s.write('one.csv', `DKBH,DKMC,DKMJ,WKT\n${id},镕城${i},4,"${wkt(points ?? box(i))}"\n`);
    execFileSync('ogr2ogr', ['-f', driver, s.path(`历年/${name}`), source, '-oo', 'GEOM_POSSIBLE_NAMES=WKT', '-oo', 'KEEP_GEOM_COLUMNS=NO', '-nlt', 'POLYGON', ...srs, ...options], { stdio: 'ignore', env: { ...process.env, ...env } });
    wanted.set(id, place ?? cgcs(corner(i)));
  };
  const gbkShape = ['-lco', 'ENCODING=GBK'], toDegrees = ['-s_srs', 'EPSG:4527', '-t_srs', 'EPSG:4326'];
  dir('一九九八'); dir('西安80'); dir('北京54');
  made('ESRI Shapefile', '一九九八/征收地块.shp', { options: gbkShape });
  rmSync(s.path('历年/一九九八/征收地块.cpg'));
  made('ESRI Shapefile', '一九九八/报错的编码.shp', { options: gbkShape });
  s.write('历年/一九九八/报错的编码.cpg', 'UTF-8');
  made('ESRI Shapefile', '六度带.shp', { options: ['-lco', 'ENCODING=UTF-8'], srs: ['-s_srs', 'EPSG:4527', '-t_srs', 'EPSG:4498'] });
  const old = square(520000, N, 200), at = [520000, N];
  made('ESRI Shapefile', '西安80/地块.shp', { options: gbkShape, srs: ['-a_srs', 'EPSG:2384'], points: old, place: helmert(at, xian.ellipsoid, xian.p) });
  made('ESRI Shapefile', '北京54/地块54.shp', { options: gbkShape, srs: ['-a_srs', 'EPSG:2436'], points: old, place: helmert(at, beijing.ellipsoid, beijing.p) });
  made('OpenFileGDB', '三区三线.gdb');
  made('OpenFileGDB', '打包.gdb');
  s.write('历年/成果.gdb.zip', zip(Object.fromEntries(readdirSync(s.path('历年/打包.gdb')).map((part) => [`成果/打包.gdb/${part}`, readFileSync(s.path(`历年/打包.gdb/${part}`))]))));
  rmSync(s.path('历年/打包.gdb'), { recursive: true });
  made('GPKG', '图层.gpkg');
  made('GeoJSON', '网上.geojson', { srs: toDegrees, options: ['-lco', 'COORDINATE_PRECISION=10'] });
  made('GeoJSONSeq', '逐行.geojsonl', { srs: toDegrees, options: ['-lco', 'COORDINATE_PRECISION=10'] });
  made('FlatGeobuf', '快.fgb');
  made('LIBKML', '谷歌.kml', { srs: toDegrees });
  made('LIBKML', '压缩.kmz', { srs: toDegrees });
  made('GML', '交换.gml');
  made('MapInfo File', '老图.tab', { options: ['-lco', 'ENCODING=CP936', '-lco', 'BOUNDS=39400000,3400000,39600000,3600000'] });
  made('MapInfo File', '老图2.mif', { options: ['-lco', 'ENCODING=CP936'] });
  // By hand: tables with WKT and coordinate TXT, each in other bytes.
  const byHand = (name, bytes, ids) => { s.write(`历年/${name}`, bytes); for (const [id, place] of ids) wanted.set(id, place); };
  byHand('表.csv', Buffer.from(`\uFEFFDKBH,DKMC,wkt\nW1,龘,"${wkt(box(30))}"\n`), [['W1', cgcs(corner(30))]]);
  byHand('表2.csv', execFileSync('iconv', ['-f', 'UTF-8', '-t', 'GB18030'], { input: `DKBH\tDKMC\twkt\nW2\t𬭚\t"${wkt(box(31))}"\n` }), [['W2', cgcs(corner(31))]]);
  byHand('勘测1.txt', gbk(survey(header, { id: 'T1', points: northFirst(40) })), [['T1', cgcs(corner(40))]]);
  byHand('勘测2.txt', survey({ ...header, 带号: 39 }, { id: 'T2', points: northFirst(41, 39e6) }, { id: 'T3', points: northFirst(42, 39e6) }), [['T2', cgcs(corner(41))], ['T3', cgcs(corner(42))]]);
  byHand('勘测3.txt', gbk(survey(header, { id: 'T4', points: box(43), area: '40000.0' })), [['T4', cgcs(corner(43))]]); // east first, square metres
  byHand('勘测4.TXT', Buffer.from(`\uFEFF${survey(header, { id: 'T5', points: northFirst(44) }).replaceAll('\n', '\r\n')}`), [['T5', cgcs(corner(44))]]);
  byHand('两带.txt', gbk(survey({ ...header, 带号: '' }, { id: 'T6', points: northFirst(45) }, { id: 'T7', points: square(N, 40400000, 200) })), [['T6', cgcs(corner(45))], ['T7', cgcs([40400000, N], 'EPSG:4528')]]);
  // Personal geodatabases, with a table beside the layer, and the lock that Access leaves.
  const personal = (i) => personalGeodatabase([{ name: '征收地块', wkt: zone39, columns: [{ name: 'DKBH', type: 'text', size: 20 }, { name: 'DKMC', type: 'text', size: 50 }],
    rows: [{ Shape: polygonShape([[box(i)]]), DKBH: `M${i}`, DKMC: '𬭚镕城' }] }], [{ name: '台账', columns: [{ name: '甲', type: 'long' }], rows: [[1]] }]);
  byHand('个人库.mdb', personal(50), [['M50', cgcs(corner(50))]]);
  s.write('历年/个人库.ldb', 'PC-01');
  s.write('历年/旧库.zip', zip({ '旧/库.MDB': personal(51) }));
  wanted.set('M51', cgcs(corner(51)));
  // Drawings that ezdxf and acad-ts wrote, and VCT.
  for (const name of ['ezdxf_r12_gbk', 'ezdxf_r2000_gbk']) copyFileSync(near(`./data/${name}.dxf`), s.path(`历年/${name}.dxf`));
  const drawing = new Drawing();
  drawing.polyline(box(60).slice(0, 4), '征地红线');
  drawing.text('C1', E + 60 * 300 + 100, N + 100, '注记');
  byHand('老图.dwg', drawing.dwg(), [['C1', cgcs(corner(60))]]);
  copyFileSync(near('../fuzz/corpus/vct/lines_gb18030'), s.path('历年/图斑.vct'));
  // What is no parcel: ledgers, a scan, a note.
  s.write('历年/补偿台账.xlsx', xlsx([['补偿编号', '地块编号'], ['B1', 'R0']]));
  s.write('历年/批复.pdf', '%PDF-1.4\n');
  s.write('西安.yaml', parameters('示例西安80', 'xian80', xian));
  s.write('北京.yaml', parameters('示例北京54', 'beijing54', beijing));
  for (const name of ['西安.yaml', '北京.yaml']) chmodSync(s.path(name), 0o600);
  s.write('做法.yaml', `files:
  - {match: "西安80/*", transformation: 西安.yaml}
  - {match: "北京54/*", transformation: 北京.yaml}
  - {match: "*.dxf", crs: EPSG:4527, holes: true, fields: {id: 句柄, name: 文字}}
  - {match: "*.dwg", crs: EPSG:4527, fields: {id: 文字}}
  - {match: "*.vct", ignore: [YSDM]}
  - {match: "*.csv", crs: EPSG:4527}
`);
  return wanted;
}
const columns = catalogue.replace('aliases: [DKBH]', 'aliases: [DKBH, 标识]');

test('a folder with every format that is read, in five encodings and four datums, is one command', (t) => {
  const s = scene(t, columns);
  const wanted = archive(s);
  const done = s.load('parcel', '历年', '--all-formats', '--profile', '做法.yaml', '--allow-rejects', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(done.json.files_failed, 0, done.json.notes.join('\n'));
  const rows = s.rows('parcel');
  const points = (f) => f.geometry.coordinates.flat(f.geometry.type === 'MultiPolygon' ? 2 : 1);
  for (const [id, [lon, lat]] of wanted) {
    const row = rows.find((f) => f.properties.id === id);
    assert.ok(row, `${id} is not there`);
    const off = Math.min(...points(row).map(([x, y]) => Math.max(Math.abs(x - lon), Math.abs(y - lat))));
    assert.ok(off < (id === 'R15' ? 2e-8 : 3e-9), `${id} (${row.properties.name}) is ${off} degrees off`); // a TAB keeps integers
    const area = 40000; // in the plane; on the ellipsoid as much within 1 in 5000, and 1 in 1000 by 1954's
    assert.ok(Math.abs(row.properties.area_m2 / area - 1) < 1e-3, `${id}: ${row.properties.area_m2}`);
    if (/^[RT]/.test(id)) assert.ok(Math.abs(row.properties.area_declared_ha - 4) < 1e-9, `${id}: ${row.properties.area_declared_ha}`);
  }
  assert.deepEqual(rows.filter((f) => f.properties.id.startsWith('R')).map((f) => f.properties.name).filter((name) => !/^镕城\d+$/.test(name)), []);
  assert.deepEqual(['W1', 'W2'].map((id) => rows.find((f) => f.properties.id === id).properties.name), ['龘', '𬭚']);
  assert.deepEqual(['M50', 'M51'].map((id) => rows.find((f) => f.properties.id === id).properties.name), ['𬭚镕城', '𬭚镕城']);
  // Each DXF has three closed polylines and an open one; the VCT a row of its table for each polygon.
  const [, table] = /AttributeBegin\r?\nDLTB\r?\n(.*?)TableEnd/s.exec(readFileSync(near('../fuzz/corpus/vct/lines_gb18030'), 'latin1'));
  assert.equal(rows.filter((f) => !wanted.has(f.properties.id)).length, 3 + 3 + table.trim().split('\n').length);
  assert.deepEqual([done.json.loaded, done.json.rejected], [rows.length, 2]);
  assert.equal(rows.filter((f) => /DK1 工业用地/.test(f.properties.name)).length, 2);
  const noted = (pattern) => assert.ok(done.json.notes.some((note) => pattern.test(note)), `${pattern}`);
  for (const pattern of [/补偿台账\.xlsx: not read: parcel is a layer/, /not read of it: 批复\.pdf/, /两带\.txt: the parcels are in several zones/, /西安80\/地块\.shp: Xian 1980 .*示例西安80/, /北京54\/地块54\.shp: Beijing 1954 .*示例北京54/])
    noted(pattern);
  assert.match(s.batches()[0].datum, /示例北京54.*示例西安80|示例西安80.*示例北京54/);
  assert.equal(s.run('check', s.store).code, 0);
  // Again, changed in nothing.
  const again = s.load('parcel', '历年', '--all-formats', '--profile', '做法.yaml', '--allow-rejects');
  assert.deepEqual([again.json.loaded, again.json.unchanged, again.json.batch], [0, rows.length, null]);
});
