// Personal geodatabases. The files are made by jet_mdb.mjs after the published format, so what is read of them is compared
// with what other readers find: GDAL's PGeo driver over mdbtools' ODBC driver, and mdbtools itself. Their faults limit where: no
// table with a Chinese name, no money and no rare characters with PGeo. A file that Access wrote comes with npm's package mdb.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { scene, square, xlsx, zip } from './helpers.mjs';
import { jet4, personalGeodatabase, polygonShape, ringsShape, serial, zone39 } from './jet_mdb.mjs';

const E = 39520000, N = 3521000;
const text = (name, size = 100) => ({ name, type: 'text', size });
const plain = [text('DKBH'), text('DKMC')];
const box = (i, size = 100) => square(E + i * 300, N, size);
const parcel = (i, more = {}) => ({ Shape: polygonShape([[box(i)]]), DKBH: `DK${i}`, DKMC: `镕城${i}号`, ...more });
const layer = (rows, more = {}) => ({ name: 'DK', columns: plain, rows, wkt: zone39, ...more });
const accessFile = new URL('../node_modules/mdb/test/fruit.mdb', import.meta.url).pathname;

// GDAL would enter the driver into /etc or the home folder; here into the scene. A driver that is missing fails the test.
// Arcs become lines in the plane, before they are moved to degrees; step: degrees that a chord turns by.
function pgeo(s, file, name, step = 4) {
  mkdirSync(s.path('odbc'), { recursive: true });
  const ogr = (...args) => execFileSync('ogr2ogr', ['-f', 'GeoJSON', '-lco', 'COORDINATE_PRECISION=11', '/vsistdout/', ...args], { env: { ...process.env, ODBCSYSINI: s.path('odbc'), OGR_ARC_STEPSIZE: String(step) }, encoding: 'utf8', maxBuffer: 1 << 28 });
  s.write('plane.json', ogr(s.path(file), name));
  return JSON.parse(ogr('-s_srs', 'EPSG:4527', '-t_srs', 'EPSG:4490', s.path('plane.json'))).features;
}
const mdbtools = (program, ...args) => execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });
// What ingest/jet.c reads: { table, rows, columns, types, data }.
function read(file) {
  const done = spawnSync(`${process.env.DK_BUILD}/tests/jet_rows`, [file], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const tables = [];
  for (const line of done.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line))) if (Array.isArray(line)) tables.at(-1).data.push(line); else tables.push({ ...line, data: [] });
  return { code: done.status, stderr: done.stderr, tables };
}
const rings = (f) => (f.geometry.type === 'MultiPolygon' ? f.geometry.coordinates.flat() : f.geometry.coordinates);
function sameShape(got, wanted) {
  const count = (f) => rings(f).map((ring) => ring.length).sort((a, b) => a - b);
  assert.deepEqual(count(got), count(wanted));
  const corners = rings(got).flat();
  for (const [x, y] of rings(wanted).flat()) assert.ok(corners.some((p) => Math.abs(p[0] - x) < 2e-9 && Math.abs(p[1] - y) < 2e-9), `${x} ${y}`);
}
const refused = (s, name, sentence, ...args) => {
  const done = s.load('parcel', name, ...args);
  assert.equal(done.code, 1, `${name} loaded`);
  assert.match(done.stderr, sentence);
  assert.equal(done.stderr.trim().split('\n').length, 1, done.stderr);
};

test('outlines of a personal geodatabase lie where GDAL\'s PGeo driver finds them: holes, parts, islands, heights, long ones, arcs, packed ones', (t) => {
  const s = scene(t);
  const circle = Array.from({ length: 700 }, (_, i) => [E + 3000 + 500 * Math.cos(2 * Math.PI * i / 700), N + 500 * Math.sin(2 * Math.PI * i / 700)]);
  const packed = (shape) => { const body = deflateSync(shape, { level: 9 }), head = Buffer.alloc(12); head.writeUInt32LE(shape.length, 4); head.writeUInt32LE(body.length, 8); return Buffer.concat([head, body]); };
  const shapes = [polygonShape([[box(0)]]), polygonShape([[box(1), square(E + 320, N + 20, 20)], [box(2)]]), polygonShape([[box(3), square(E + 910, N + 10, 80)], [square(E + 930, N + 30, 40)]]),
    polygonShape([[box(4)]], { z: 12.5 }), polygonShape([[circle]]), polygonShape([[box(6)]], { arcs: [{ start: 1, centre: [E + 1900, N + 50] }] }),
    polygonShape([[box(7)]], { arcs: [{ start: 0, centre: [E + 2150, N + 120], bits: 0x80 }] }), packed(polygonShape([[box(8), square(E + 2420, N + 20, 20)]]))];
  s.write('a.mdb', personalGeodatabase([layer(shapes.map((Shape, i) => parcel(i, { Shape })))]));
  const before = readdirSync(s.dir);
  const done = s.load('parcel', 'a.mdb', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual([done.json.loaded, done.json.rejected, done.json.repaired], [shapes.length, 0, 0]);
  assert.deepEqual(readdirSync(s.dir).filter((name) => !name.startsWith('store')), before.filter((name) => !name.startsWith('store')));
  // Half a degree leaves an arc of 50 m by 50 (1 - cos 0.25 deg) = 0.5 mm, one degree by 1.9 mm.
  const arcs = ['DK5', 'DK6'], wanted = [4, 0.5].flatMap((step) => pgeo(s, 'a.mdb', 'DK', step).filter((f) => arcs.includes(f.properties.DKBH) === (step === 0.5))), rows = s.rows('parcel');
  assert.equal(wanted.length, shapes.length);
  assert.ok(done.json.notes.some((note) => /the arcs of 2 rows became chords/.test(note)), done.stdout);
  for (const want of wanted) {
    const got = rows.find((f) => f.properties.id === want.properties.DKBH);
    assert.equal(got.properties.name, want.properties.DKMC);
    sameShape(got, want);
  }
  // In the plane: a square with half a disc of radius 50 more. And the island in the hole counts.
  const area = (id) => rows.find((f) => f.properties.id === id).properties.area_m2;
  assert.ok(Math.abs(area('DK5') / (10000 + Math.PI * 50 * 50 / 2) - 1) < 1e-4, `${area('DK5')}`);
  assert.ok(Math.abs(area('DK2') / (10000 - 80 * 80 + 40 * 40) - 1) < 1e-4, `${area('DK2')}`);
});

test('layers with Chinese names, one of them chosen, a table without outlines as records, in a ZIP too', (t) => {
  const s = scene(t);
  const file = personalGeodatabase([layer([parcel(0), parcel(1)], { name: '征收地块' }), layer([parcel(5)], { name: '规划 分区', field: '图形' })],
    [{ name: '补偿', columns: [text('补偿编号'), text('地块编号'), { name: '补偿总额', type: 'money' }, { name: '支付日期', type: 'date' }], rows: [['B1', 'DK0', 12345678.91, '2020-06-15'], ['B2', 'DK1', null, serial('1999-12-31') + 0.75]] }]);
  s.write('县.mdb', file);
  refused(s, '县.mdb', /县\.mdb: the file has 3 layers; choose one with --layer: 征收地块, 规划 分区, 补偿/);
  refused(s, '县.mdb', /there is no layer "地块"; there are: 征收地块/, '--layer', '地块');
  refused(s, '县.mdb', /parcel is a layer, and this file has no geometry/, '--layer', '补偿');
  assert.equal(s.load('parcel', '县.mdb', '--layer', '征收地块', '--publish').code, 0);
  assert.deepEqual(s.rows('parcel').map((f) => f.properties.name).sort(), ['镕城0号', '镕城1号']);
  const paid = s.load('compensation', '县.mdb', '--layer', '补偿', '--publish');
  assert.equal(paid.code, 0, paid.stderr);
  const rows = s.rows('compensation').map((f) => f.properties).sort((a, b) => (a.id < b.id ? -1 : 1));
  assert.deepEqual(rows.map((r) => [r.id, r.total, r.paid_on]), [['B1', 12345678.91, '2020-06-15'], ['B2', null, '1999-12-31']]);
  s.write('包.zip', zip({ '资料/县.mdb': file, '资料/县.ldb': 'x' }));
  const packed = s.load('parcel', '包.zip', '--layer', '征收地块', '--dry-run');
  assert.deepEqual([packed.code, packed.json?.loaded], [0, 2], packed.stderr);
  assert.deepEqual(packed.json.notes.filter((note) => /ldb/.test(note)), []);
  s.write('表.mdb', personalGeodatabase([], [{ name: '说明', columns: [text('甲')], rows: [['x']] }]));
  refused(s, '表.mdb', /表\.mdb: no feature class is in the personal geodatabase, only tables without outlines: 说明$/m);
  // One layer with outlines needs no choice, whatever tables lie beside it.
  s.write('一.mdb', personalGeodatabase([layer([parcel(8)])], [{ name: '说明', columns: [text('甲')], rows: [] }]));
  assert.equal(s.load('parcel', '一.mdb', '--dry-run').code, 0);
});

test('values as mdbtools reads them, and exact where it does not: NULL, empty, 18 digits, money, decimals, rare characters', (t) => {
  const s = scene(t);
  const columns = [text('名', 50), { name: '备注', type: 'memo' }, { name: '整', type: 'long' }, { name: '短', type: 'int' }, { name: '字节', type: 'byte' }, { name: '双', type: 'double' }, { name: '单', type: 'single' },
    { name: '钱', type: 'money' }, { name: '精', type: 'numeric', precision: 28, scale: 3 }, { name: '日', type: 'date' }, { name: '是', type: 'bool' }, { name: '标识', type: 'guid' }];
  const guid = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
  const rows = [['镕城 A-1', '短', -2147483648, -32768, 255, 0.1, 0.1, -0.0001, '-12345678901234567890.125', '2020-02-29', true, guid], ['', '说'.repeat(5000), 2147483647, 32767, 0, 1e300, -2.5, 800000000000.4775, '0.500', '1950-01-01', false, guid],
    [null, 'latin only, kept a byte each', 0, 0, 1, -0.5, 16777216, 1.5, '7', serial('2100-12-31') + 0.999, true, null], ['𬭚镇', '🏠'.repeat(40), ...Array(7).fill(null), '0100-01-01'], [...Array(12).fill(null)]];
  s.write('v.mdb', jet4([{ name: 'V', columns, rows }]));
  const { tables: [, { data }] } = read(s.path('v.mdb'));
  assert.deepEqual(data, [['镕城 A-1', '短', '-2147483648', '-32768', '255', '0.10000000000000001', '0.10000000000000001', '-0.0001', '-12345678901234567890.125', '2020-02-29', '1', '{33221100-5544-7766-8899-AABBCCDDEEFF}'],
    ['', '说'.repeat(5000), '2147483647', '32767', '0', '1.0000000000000001e+300', '-2.5', '800000000000.4775', '0.5', '1950-01-01', '0', '{33221100-5544-7766-8899-AABBCCDDEEFF}'],
    [null, 'latin only, kept a byte each', '0', '0', '1', '-0.5', '16777216', '1.5', '7', '2100-12-31', '1', null], ['𬭚镇', '🏠'.repeat(40), ...Array(7).fill(null), '0100-01-01', '0', null], [...Array(10).fill(null), '0', null]]);
  const seen = mdbtools('mdb-json', '-D', '%Y-%m-%d', '-T', '%Y-%m-%d', s.path('v.mdb'), 'V').trim().split('\n');
  for (const [i, line] of seen.slice(0, 3).entries()) {
    const want = JSON.parse(line);
    for (const name of ['备注', '整', '短', '字节', '双', '日', '是', '钱']) {
      const got = data[i][columns.findIndex((c) => c.name === name)];
      if (typeof want[name] === 'number') assert.equal(Number(got), want[name], name); else assert.equal(got, want[name], name);
    }
    assert.ok(line.includes(`"精":${data[i][8]}`), line);
  }
  // In a store: a number of more than 15 digits that is no text has lost some, as everywhere; as text or decimal it has not.
  const numbered = (type, value) => personalGeodatabase([layer([parcel(0, { DKBH: value })], { columns: [{ name: 'DKBH', type, size: 30, precision: 20 }, text('DKMC')] })]);
  s.write('d.mdb', numbered('double', 341321001001000017));
  assert.match(s.load('parcel', 'd.mdb').stderr, /d\.mdb, row 1: .*lost digits/);
  for (const [i, [type, value]] of [['text', '341321001001000017'], ['numeric', '341321001001000017']].entries()) {
    s.write('d.mdb', numbered(type, value));
    assert.equal(s.load('parcel', 'd.mdb', '--publish', '--set', `project_id=P${i}`).code, 0);
  }
  assert.deepEqual(s.rows('parcel').map((f) => f.properties.id), ['341321001001000017', '341321001001000017']);
});

test('NULs behind a text, with which programs in Visual Basic fill fields, are none of it; one within it is damage', (t) => {
  const s = scene(t);
  const rows = ['镕城\0\0\0', 'A1\0', '\0\0', '镕\0城'].map((value) => [Buffer.from(value, 'utf16le')]);
  s.write('n.mdb', jet4([{ name: 'N', columns: [text('名', 50)], rows }]));
  const { tables: [, { data }] } = read(s.path('n.mdb'));
  assert.deepEqual(data.map(([value]) => value), ['镕城', 'A1', '', data[3][0]]);
  assert.notEqual(data[3][0], '镕');
  assert.notEqual(data[3][0], '镕城');
});

test('texts of fixed length (CHAR in SQL) are read, as mdbtools reads them', (t) => {
  const s = scene(t);
  const columns = [{ name: 'N', type: 'long' }, { name: 'DKBH', type: 'text', size: 8, char: true }, text('T'), { name: 'M', type: 'text', size: 4, char: true }];
  s.write('c.mdb', jet4([{ name: 'C', columns, rows: [[1, 'DK1', 'x', 'abcd'], [2, '镕城二号', null, null]] }]));
  const { data } = read(s.path('c.mdb')).tables[1];
  assert.deepEqual(data, [['1', 'DK1     ', 'x', 'abcd'], ['2', '镕城二号    ', null, null]]);
  const seen = mdbtools('mdb-json', s.path('c.mdb'), 'C').trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(seen.map((row) => [String(row.N), row.DKBH, row.T ?? null, row.M ?? null]), data);
  s.write('d.mdb', personalGeodatabase([layer([parcel(0), parcel(1)], { columns: [columns[1], text('DKMC')] })]));
  assert.equal(s.load('parcel', 'd.mdb', '--publish').code, 0);
  assert.deepEqual(s.rows('parcel').map((f) => f.properties.id), ['DK0', 'DK1']);
});

test('a file that Access wrote is read as mdbtools reads it, every table and every row', () => {
  const { code, stderr, tables } = read(accessFile);
  assert.equal(code, 0, stderr);
  const sorted = (lines) => lines.map((line) => JSON.stringify(line)).sort();
  let cells = 0;
  for (const { table, rows, columns, types, data } of tables) {
    const seen = mdbtools('mdb-json', '-D', '%Y-%m-%d', '-T', '%Y-%m-%d', accessFile, table).split('\n').filter(Boolean).map((line) => JSON.parse(line));
    assert.deepEqual([data.length, seen.length], [rows, rows], table);
    const kept = columns.map((name, i) => [name, i]).filter(([, i]) => [1, 2, 3, 4, 7, 8, 10, 12].includes(types[i]));
    assert.deepEqual(sorted(data.map((row) => kept.map(([, i]) => (row[i] ?? '')))), sorted(seen.map((row) => kept.map(([name]) => String(row[name] ?? '')))), table);
    cells += kept.length * rows;
  }
  assert.ok(tables.length === 15 && cells > 1500, `${tables.length} tables, ${cells} cells`);
});

test('deleted rows are none, rows that moved to another page are there once, and many pages of rows are read to the last', (t) => {
  const s = scene(t);
  const columns = [{ name: 'N', type: 'long' }, text('T')];
  const many = Array.from({ length: 20000 }, (_, i) => [i, `第${i}行`.padEnd(50, '。')]);
  const deleted = [0, 7, 150, 19999], moved = [3, 4, 2000, 19998];
  s.write('m.mdb', jet4([{ name: 'M', columns, rows: many, deleted, moved }]));
  const { code, stderr, tables: [, { rows, data }] } = read(s.path('m.mdb'));
  assert.equal(code, 0, stderr);
  const left = many.filter(([i]) => !deleted.includes(i)).map(([i, text]) => [String(i), text]);
  assert.equal(rows, left.length);
  assert.deepEqual(data, left);
  assert.equal(Number(mdbtools('mdb-export', '-H', '-Q', '-R', '\n', s.path('m.mdb'), 'M').split('\n').filter((line) => /^\d+,/.test(line)).length), left.length);
});

test('a table that counts other rows than there are breaks the load, whichever way', (t) => {
  const s = scene(t);
  for (const count of [0, 2, 4, 4000000000]) {
    s.write('c.mdb', personalGeodatabase([layer([parcel(0), parcel(1), parcel(2)], { count })]));
    const sentence = new RegExp(`c\\.mdb: the table DK counts ${count} rows, and 3 are there; .*Compact and Repair`);
    assert.match(read(s.path('c.mdb')).stderr, sentence);
    if (count === 2) refused(s, 'c.mdb', sentence);
  }
  assert.deepEqual(s.batches(), []);
  // Cut off at a page: what is behind is missed.
  const whole = personalGeodatabase([layer(Array.from({ length: 60 }, (_, i) => parcel(i)))]);
  let told = 0;
  for (let pages = 3; pages < whole.length / 4096; pages++) {
    s.write('c.mdb', whole.subarray(0, pages * 4096));
    const { code, stderr } = read(s.path('c.mdb'));
    assert.equal(code, 1, `${pages} pages`);
    assert.match(stderr, /c\.mdb: the table .* is damaged|c\.mdb: the table .* counts \d+ rows, and \d+ are there/);
    told++;
  }
  assert.ok(told > 4);
});

test('rows without an outline, and rows whose outline or value is damaged, are rejected with their reason', (t) => {
  const s = scene(t);
  const bad = polygonShape([[box(2)]]), noNumber = polygonShape([[box(3)]]);
  bad.writeUInt32LE(99, 40);
  noNumber.writeDoubleLE(NaN, 48);
  const bezier = polygonShape([[box(4)]], { arcs: [{ start: 0, centre: [0, 0] }] });
  bezier.writeUInt32LE(4, bezier.length - 24);
  const half = Buffer.from([0x15, 0x95, 0x15]);
  s.write('r.mdb', personalGeodatabase([layer([parcel(0), parcel(1, { Shape: null }), parcel(2, { Shape: bad }), parcel(3, { Shape: noNumber }), parcel(4, { Shape: bezier }), parcel(5, { Shape: Buffer.from([0, 0, 0, 0]) }),
    parcel(6, { DKMC: half }), parcel(7, { Shape: ringsShape([[[E, N, 0], [E + 5, N + 5]]], { type: 3 }) }), parcel(8, { Shape: Buffer.from([54, 0, 0, 0]) }), parcel(9, { OBJECTID: 77, Shape: ringsShape([[[E, N], [E + 5, N], [E, N]]]) })])]));
  const done = s.load('parcel', 'r.mdb', '--allow-rejects', '--publish');
  assert.deepEqual([done.code, done.json?.loaded, done.json?.rejected], [0, 1, 9], done.stderr);
  const reasons = s.read('r.mdb.rejects.csv').split('\n').filter((line) => line.startsWith('r.mdb,'));
  for (const [row, reason] of [[2, /there is no geometry/], [3, /column Shape: its shape is cut off or damaged/], [4, /column Shape: a coordinate of its shape is no number/], [5, /column Shape: its shape has Bezier curves/], [6, /there is no geometry/],
    [7, /column DKMC: its value cannot be read: the file is damaged there/], [8, /the geometry is a MULTILINESTRING, the layer has polygons/], [9, /column Shape: its shape is a multipatch/], [77, /not valid/]])
    assert.ok(reasons.some((line) => line.startsWith(`r.mdb,${row},`) && reason.test(line)), `${row} ${reason}: ${reasons.join('\n')}`);
});

test('coordinate systems: none said, an unknown one, an old datum', (t) => {
  const s = scene(t);
  for (const wkt of ['{B286C06B-0879-11D2-AACA-00C04FA33C20}', '']) {
    s.write('k.mdb', personalGeodatabase([layer([parcel(0)], { wkt })]));
    refused(s, 'k.mdb', /k\.mdb: the file does not say its coordinate system; say it with --crs/);
    assert.equal(s.load('parcel', 'k.mdb', '--crs', 'EPSG:4527', '--dry-run').code, 0);
  }
  s.write('k.mdb', personalGeodatabase([layer([parcel(0)], { wkt: 'PROJCS["no end' })]));
  refused(s, 'k.mdb', /k\.mdb: the definition of its coordinate system in GDB_SpatialRefs cannot be read/);
  const xian = execFileSync('gdalsrsinfo', ['-o', 'wkt_esri', '--single-line', 'EPSG:2363'], { encoding: 'utf8' }).trim();
  s.write('k.mdb', personalGeodatabase([layer([parcel(0)], { wkt: xian })]));
  refused(s, 'k.mdb', /k\.mdb: its coordinate system is .*Xian/);
});

test('what is no personal geodatabase is told by its first bytes, with what to do', (t) => {
  const s = scene(t);
  const good = personalGeodatabase([layer([parcel(0)])]);
  const changed = (change) => { const copy = Buffer.from(good); change(copy); return copy; };
  const cases = [['p.mdb', readFileSync(accessFile), /p\.mdb: an Access database, but no personal geodatabase: there is no table GDB_GeomColumns; export its tables as CSV or XLSX/],
    ['j.mdb', changed((b) => { b[0x14] = 0; }), /j\.mdb: a database of Access 97 or earlier \(Jet 3\), which is not read; convert it in Access/],
    ['e.mdb', changed((b) => { b.write('Standard ACE DB', 4); b[0x14] = 2; }), /e\.mdb: a database of Access 2007 or later, which is not read; save it in Access as a database of 2002 to 2003/],
    ['e.accdb', good, /e\.accdb: this is a database of Access 2007 or later; save it in Access/],
    ['k.mdb', changed((b) => { b[0x3e] ^= 1; }), /k\.mdb: the Access database is encrypted; decode it in Access/],
    ['h.mdb', good.subarray(0, 4096 * 3 + 100), /h\.mdb: the Access database is cut off; copy it again/],
    ['q.mdb', good.subarray(0, 10), /q\.mdb: not an Access database, in spite of its name/],
    ['x.mdb', xlsx([['a']]), /x\.mdb: not an Access database, in spite of its name/],
    ['n.mdb', personalGeodatabase([]), /n\.mdb: there is no layer in it; the personal geodatabase is empty/],
    ['m.mdb', jet4([{ name: 'GDB_GeomColumns', columns: [text('TableName')], rows: [['A']] }]), /m\.mdb: the table GDB_GeomColumns of the personal geodatabase is not as ArcGIS writes it/]];
  for (const [name, bytes, sentence] of cases) {
    writeFileSync(s.path(name), bytes);
    if (/^[jekhqx]\.mdb/.test(name)) assert.match(read(s.path(name)).stderr, sentence); else refused(s, name, sentence);
  }
  // A table that is registered and not there.
  const lost = personalGeodatabase([layer([parcel(0)]), layer([parcel(1)], { name: 'XX' })]);
  let at = lost.lastIndexOf(Buffer.from('XX', 'utf16le')); // in the catalogue, which is written last
  lost.write('YY', at, 'utf16le');
  s.write('l.mdb', lost);
  refused(s, 'l.mdb', /l\.mdb: the table of the layer XX is missing/, '--layer', 'XX');
});
