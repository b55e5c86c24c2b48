// Files as they come: encodings of shapefiles, cut-off and missing parts, columns, formats.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { gbk, scene, shapefile, square, wkt, xlsx } from './helpers.mjs';

const rows = (n = 3) => Array.from({ length: n }, (_, i) => ({ DKBH: `DK${i + 1}`, 地块名称: `镕城第${i + 1}号地块`, XZQDM: '341321',
  wkt: wkt(square(39520000 + i * 200, 3521000)) }));
const names = (s) => s.rows('parcel').map((f) => f.properties.name).sort();
const expected = ['镕城第1号地块', '镕城第2号地块', '镕城第3号地块'];

for (const [what, cpg] of [['no .cpg', null], ['a .cpg that says UTF-8', 'UTF-8'], ['a .cpg that says ANSI 936', 'ANSI 936'],
  ['a .cpg that says OEM', 'OEM'], ['a true .cpg', 'GBK']])
  test(`a shapefile in GBK with ${what} reads as Chinese`, (t) => {
    const s = scene(t);
    shapefile(s, 'p', rows(), { encoding: 'GBK' });
    if (cpg === null) rmSync(s.path('p.cpg'));
    else writeFileSync(s.path('p.cpg'), cpg);
    const done = s.load('parcel', 'p.shp', '--publish');
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(names(s), expected);
  });

for (const byte of [0x00, 0x57, 0x4d])
  test(`the language byte 0x${byte.toString(16)} of a DBF in GBK is not believed`, (t) => {
    const s = scene(t);
    shapefile(s, 'p', rows(), { encoding: 'GBK' });
    rmSync(s.path('p.cpg'));
    const dbf = readFileSync(s.path('p.dbf'));
    dbf[29] = byte;
    writeFileSync(s.path('p.dbf'), dbf);
    assert.equal(s.load('parcel', 'p.shp', '--publish').code, 0);
    assert.deepEqual(names(s), expected);
  });

test('a shapefile in UTF-8 with a .cpg that says GBK reads as Chinese', (t) => {
  const s = scene(t);
  shapefile(s, 'p', rows(), { encoding: 'UTF-8' });
  writeFileSync(s.path('p.cpg'), 'GBK');
  const done = s.load('parcel', 'p.shp', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(names(s), expected);
});

// 小学 in GBK is D0 A1 D1 A7, which is Сѧ in UTF-8: what a file says of itself decides where bytes cannot.
for (const [what, cpg, language, more, name, sentence] of [['a .cpg that says GBK', 'GBK', 0, [], '小学', /GB18030 was taken, as it says itself: if they look foreign, say --encoding UTF-8/],
  ['a language byte of GBK', null, 0x4d, [], '小学', /GB18030 was taken/], ['a .cpg that says UTF-8', 'UTF-8', 0x4d, [], 'Сѧ', null], ['nothing that says it', null, 0, [], 'Сѧ', /UTF-8 was taken: if they look foreign, say --encoding GB18030/],
  ['nothing that says it, and --encoding', null, 0, ['--encoding', 'GB18030'], '小学', null]])
  test(`a shapefile with few Chinese letters that pass for UTF-8, and ${what}`, (t) => {
    const s = scene(t), field = (name, width) => ({ name: Buffer.from(name), width });
    shapefile(s, 'p', rows(1));
    if (cpg === null) rmSync(s.path('p.cpg'));
    else writeFileSync(s.path('p.cpg'), cpg);
    const bytes = dbf([field('DKBH', 8), field('DKMC', 12)], [[Buffer.from('DK1'), gbk('小学')]]);
    bytes[29] = language;
    writeFileSync(s.path('p.dbf'), bytes);
    const done = s.load('parcel', 'p.shp', '--publish', ...more);
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(names(s), [name]);
    const notes = done.json.notes.filter((note) => /letters beyond ASCII/.test(note));
    assert.equal(notes.length, sentence ? 1 : 0, done.stdout);
    if (sentence) assert.match(notes[0], sentence);
  });

test('a CSV whose few letters beyond ASCII are text in both encodings says so', (t) => {
  const s = scene(t);
  s.write('a.csv', Buffer.concat([Buffer.from('id,parcel_id\n1,'), gbk('小学'), Buffer.from('\n')]));
  assert.match(s.load('compensation', 'a.csv', '--dry-run').json.notes.join(), /UTF-8 was taken: if they look foreign, say --encoding GB18030/);
  assert.deepEqual(s.load('compensation', 'a.csv', '--publish', '--encoding', 'GBK').json.notes.filter((note) => /beyond ASCII/.test(note)), []);
  assert.equal(s.rows('compensation')[0].properties.parcel_id, '小学');
});

// A DBF of C fields, or of another type, of the given widths, beside the .shp and .shx of a real shapefile with as many rows.
function dbf(fields, records) {
  const width = 1 + fields.reduce((n, f) => n + f.width, 0), head = Buffer.alloc(32 + 32 * fields.length + 1);
  head[0] = 3; head.writeUInt32LE(records.length, 4); head.writeUInt16LE(head.length, 8); head.writeUInt16LE(width, 10);
  fields.forEach((f, i) => { f.name.copy(head, 32 + 32 * i, 0, 11); head[32 + 32 * i + 11] = (f.type ?? 'C').charCodeAt(0); head[32 + 32 * i + 16] = f.width; head[32 + 32 * i + 17] = f.decimals ?? 0; });
  head[head.length - 1] = 13;
  const body = records.map((record) => Buffer.concat([Buffer.from(' '), ...record.map((value, i) =>
    Buffer.concat([value, Buffer.alloc(fields[i].width, 32)]).subarray(0, fields[i].width))]));
  return Buffer.concat([head, ...body, Buffer.from([26])]);
}

test('a character cut in half at the end of a full column is left out, said, and turns no encoding', (t) => {
  for (const encode of [gbk, (text) => Buffer.from(text)]) {
    const s = scene(t);
    shapefile(s, 'p', rows(1));
    rmSync(s.path('p.cpg'));
    const text = encode('一二三四五六七八九十'), width = encode('一二三四五').length + 1;
    writeFileSync(s.path('p.dbf'), dbf([{ name: Buffer.from('DKBH'), width: 8 }, { name: Buffer.from('DKMC'), width }],
      [[Buffer.from('DK1'), text]]));
    const done = s.load('parcel', 'p.shp', '--publish');
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(names(s), ['一二三四五']);
    assert.ok(done.json.notes.some((note) => /1 texts fill their column/.test(note)));
  }
});

test('a column name cut at 10 bytes, also in the middle of a character, is found by its beginning', (t) => {
  for (const encode of [gbk, (text) => Buffer.from(text)]) {
    const s = scene(t);
    shapefile(s, 'p', rows(1));
    rmSync(s.path('p.cpg'));
    writeFileSync(s.path('p.dbf'), dbf([{ name: Buffer.from('DKBH'), width: 8 },
      { name: encode('征收土地项目名称').subarray(0, 10), width: 40 }], [[Buffer.from('DK1'), encode('城东一期')]]));
    const done = s.load('parcel', 'p.shp', '--publish');
    assert.equal(done.code, 0, done.stderr);
    assert.equal(s.rows('parcel')[0].properties.project_name, '城东一期');
    assert.ok(done.json.notes.some((note) => /cut off at 10 bytes, was taken for project_name/.test(note)));
  }
});

test('what stands in a column of numbers of a DBF and is none is rejected, not taken as far as it goes', (t) => {
  const s = scene(t), field = (name, width, more) => ({ name: Buffer.from(name), width, ...more });
  const cells = ['         abc', '       1.5.5', '        1.5x', '         1,5', '         1 2', '      1.2500', '1.250e+001  ', '', '************'];
  shapefile(s, 'p', rows(cells.length));
  writeFileSync(s.path('p.dbf'), dbf([field('DKBH', 8), field('DKMJ', 12, { type: 'N', decimals: 4 })], cells.map((text, i) => [Buffer.from(`DK${i + 1}`), Buffer.from(text)])));
  const done = s.load('parcel', 'p.shp', '--publish', '--allow-rejects');
  assert.deepEqual([done.json.loaded, done.json.rejected], [4, 5], done.stderr);
  assert.deepEqual(s.rows('parcel').map((f) => [f.properties.id, f.properties.area_declared_ha]).sort(), [['DK6', 1.25], ['DK7', 12.5], ['DK8', null], ['DK9', null]]);
  cells.slice(0, 5).forEach((text, i) => assert.match(s.read('p.shp.rejects.csv'), new RegExp(`,${i + 1},DK${i + 1},"DKMJ: ""${text.trim()}"" is no number, which its column is for; correct it",`)));
  // GDAL, which writes them for none, is asked what it makes of asterisks.
  assert.match(execFileSync('ogrinfo', ['-al', s.path('p.dbf')], { encoding: 'utf8' }), /DKBH \(String\) = DK9\n\s+DKMJ \(Real\) = \(null\)/);
  assert.ok(done.json.notes.some((note) => /1 numbers are nothing but asterisks, the first in row 9, column DKMJ: they are taken as empty/.test(note)), done.stdout);
});

test('in a column of whole numbers of a DBF decimals are not cut off, and a column that is ignored rejects no row', (t) => {
  const s = scene(t), field = (name, width, more) => ({ name: Buffer.from(name), width, ...more });
  shapefile(s, 'p', rows(3));
  writeFileSync(s.path('p.dbf'), dbf([field('DKBH', 8), field('DKMJ', 9, { type: 'N' }), field('OBJECTID', 9, { type: 'N' })],
    [['DK1', '      1.5', '        1'], ['DK2', '        2', '        x'], ['DK3', '     3.00', '        3']].map((row) => row.map((text) => Buffer.from(text)))));
  const done = s.load('parcel', 'p.shp', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('parcel').map((f) => f.properties.area_declared_ha), [1.5, 2, 3]);
});

test('what stands behind a NUL in a DBF is left out, as it is rubbish at times, and said', (t) => {
  const s = scene(t), field = (name, width) => ({ name: Buffer.from(name), width });
  shapefile(s, 'p', rows(2));
  rmSync(s.path('p.cpg'));
  writeFileSync(s.path('p.dbf'), dbf([field('DKBH', 8), field('DKMC', 12)], [[Buffer.from('DK1'), Buffer.from('a\0\0\0\0\0\0\0\0\0\0\0')], [Buffer.from('DK2'), gbk('a\0b地')]]));
  const done = s.load('parcel', 'p.shp', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(names(s), ['a', 'a']);
  assert.ok(done.json.notes.some((note) => /1 texts hold a NUL byte, the first in row 2, column DKMC, and what stands behind it was left out/.test(note)), done.stdout);
});

test('parts of a shapefile that are missing or cut off are named', (t) => {
  const cases = [
    ['shx', (s) => rmSync(s.path('p.shx')), /p\.shp: the \.shx beside it is missing; .*three files that belong together/],
    ['dbf', (s) => rmSync(s.path('p.dbf')), /p\.shp: the \.dbf beside it is missing/],
    ['shx and dbf', (s) => ['p.shx', 'p.dbf'].forEach((part) => rmSync(s.path(part))), /p\.shp: the \.shx and the \.dbf beside it are missing/],
    ['shp cut', (s) => truncateSync(s.path('p.shp'), 300), /p\.shp: the file is cut off: its header announces \d+ bytes, 300 are there/],
    ['shp cut in its header', (s) => truncateSync(s.path('p.shp'), 40), /p\.shp: the file is cut off inside its header/],
    ['shx cut', (s) => truncateSync(s.path('p.shx'), 108), /p\.shx: the file is cut off/],
    ['dbf cut', (s) => truncateSync(s.path('p.dbf'), readFileSync(s.path('p.dbf')).length - 30), /p\.dbf: the attribute table is cut off/],
    ['shp empty', (s) => truncateSync(s.path('p.shp'), 0), /p\.shp: the file is empty/],
    ['other dbf', (s) => { shapefile(s, 'q', rows(2)); copyFileSync(s.path('q.dbf'), s.path('p.dbf')); },
      /3 shapes in the \.shx and 2 rows in the \.dbf; .* do not belong together/],
    ['shp of no kind', (s) => writeFileSync(s.path('p.shp'), Buffer.alloc(500, 7)), /p\.shp: not a shapefile/],
    ['shx past the end', (s) => {
      const shx = readFileSync(s.path('p.shx'));
      shx.writeUInt32BE(0x7fffff00, 100);
      writeFileSync(s.path('p.shx'), shx);
    }, /p\.shp: the file is cut off: record 1 ends at byte/],
  ];
  for (const [what, harm, sentence] of cases) {
    const s = scene(t);
    shapefile(s, 'p', rows());
    harm(s);
    const done = s.load('parcel', 'p.shp');
    assert.equal(done.code, 1, what);
    assert.match(done.stderr, sentence, what);
    assert.equal(done.stderr.trim().split('\n').length, 1, `${what}: one sentence, nothing of GDAL's: ${done.stderr}`);
    assert.deepEqual(s.batches(), []);
  }
});

test('file names in capitals are the same shapefile', (t) => {
  const s = scene(t);
  shapefile(s, 'p', rows());
  for (const ending of ['shp', 'shx', 'dbf', 'prj']) {
    copyFileSync(s.path(`p.${ending}`), s.path(`P2.${ending.toUpperCase()}`));
  }
  const done = s.load('parcel', 'P2.SHP', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(names(s), expected);
});

// ESRI Shapefile Technical Description, page 8: a record's content is its type, a box, the numbers of parts and points, where
// each part begins, and the points. which: of record and ring.
function turnRings(s, which) {
  const shp = readFileSync(s.path('p.shp'));
  for (let at = 100; at < shp.length; at += 8 + 2 * shp.readInt32BE(at + 4)) {
    const n = shp.readInt32LE(at + 44), points = at + 52 + 4 * n, starts = Array.from({ length: n }, (_, i) => shp.readInt32LE(at + 52 + 4 * i)).concat(shp.readInt32LE(at + 48));
    for (let i = 0; i < n; i++) {
      if (!which(shp.readInt32BE(at), i)) continue;
      const ring = Array.from({ length: starts[i + 1] - starts[i] }, (_, k) => Buffer.from(shp.subarray(points + 16 * (starts[i] + k), points + 16 * (starts[i] + k + 1))));
      ring.reverse().forEach((point, k) => point.copy(shp, points + 16 * (starts[i] + k)));
    }
  }
  writeFileSync(s.path('p.shp'), shp);
}
test('rings of a shapefile that run the wrong way round are holes by where they lie', (t) => {
  const s = scene(t), ring = (x, size) => wkt(square(39520000 + x, 3521000 + x, size)).slice(8, -1), far = wkt(square(39520500, 3521000)).slice(8, -1);
  const shapes = { 一: `POLYGON(${ring(0, 100)},${ring(20, 20)})`, 二: `POLYGON(${ring(0, 100)},${ring(20, 20)},${ring(60, 10)})`, 三: `MULTIPOLYGON((${ring(0, 100)},${ring(20, 20)}),(${far}))`,
    四: `MULTIPOLYGON((${ring(0, 100)},${ring(20, 60)}),(${ring(40, 20)}))`, 五: `MULTIPOLYGON((${ring(0, 100)}),(${far}))`, 六: `MULTIPOLYGON((${ring(0, 100)}),(${ring(20, 20)}))`,
    七: `POLYGON(${ring(0, 100)},${ring(20, 20)},(39520005 3521005,39520010 3521010,39520005 3521005))` }; // and a hole that has collapsed, which is left out
  const data = Object.entries(shapes).map(([name, wkt]) => ({ DKBH: name, 地块名称: name, XZQDM: '341321', wkt }));
  shapefile(s, 'p', data);
  turnRings(s, (record, ring) => record === 6 && ring === 1); // GDAL writes it as a hole
  const args = ['--publish', '--allow-rejects', '--set'];
  const right = s.load('parcel', 'p.shp', ...args, 'project_id=顺');
  turnRings(s, () => true);
  const turned = s.load('parcel', 'p.shp', ...args, 'project_id=逆');
  // 六: two outlines, one in the other, are no hole, whichever way both run.
  for (const done of [right, turned]) assert.deepEqual([done.json.loaded, done.json.repaired, done.json.rejected], [6, 1, 1], done.stderr);
  const area = new Map(s.rows('parcel').map(({ properties: p }) => [p.project_id + p.name, p.area_m2]));
  for (const name of '一二三四五七') assert.ok(Math.abs(area.get('顺' + name) - area.get('逆' + name)) < 1e-6, name);
  const note = (done) => done.json.notes.filter((text) => /run the wrong way/.test(text));
  assert.deepEqual([note(right).length, note(turned).length], [0, 1]);
  assert.match(note(turned)[0], /the rings of 5 polygons run the wrong way, of the first in row 1: which are holes was told by which lies in which/);
});

test('a column that nothing knows stops the load and says the three ways out, each of which works', (t) => {
  const s = scene(t);
  s.write('a.csv', '补偿编号,地块编号,怪列,补偿额\n1,DK1,x,5\n');
  const done = s.load('compensation', 'a.csv');
  assert.equal(done.code, 1);
  assert.match(done.stderr, /a\.csv: compensation knows no field for the columns 怪列, 补偿额; .*--field FIELD=怪列.*aliases in the catalogue \(dikuai-ingest catalogue\).*--ignore 怪列/);
  assert.deepEqual(s.batches(), []);
  assert.equal(s.load('compensation', 'a.csv', '--ignore', '怪列', '--field', 'total=补偿额', '--publish').code, 0);
  assert.equal(s.rows('compensation')[0].properties.total, 5);
  assert.equal(scene(t).load('compensation', s.path('a.csv'), '--ignore', '*').code, 0);
});

test('two columns for one field, a missing required column, and --set', (t) => {
  const s = scene(t);
  s.write('two.csv', '补偿编号,地块编号,parcel_id\n1,DK1,DK2\n');
  assert.match(s.load('compensation', 'two.csv').stderr, /columns 地块编号 and parcel_id both give the field parcel_id; choose: --field/);
  assert.equal(s.load('compensation', 'two.csv', '--field', 'parcel_id=parcel_id', '--ignore', '地块编号').code, 0);
  s.write('none.csv', '补偿编号\n9\n');
  assert.match(s.load('compensation', 'none.csv').stderr, /no column gives the required field parcel_id; looked for: parcel_id, 地块编号; .*--set parcel_id=VALUE/);
  assert.equal(s.load('compensation', 'none.csv', '--set', 'parcel_id=DK7', '--publish').code, 0);
  assert.equal(s.rows('compensation')[0].properties.parcel_id, 'DK7');
  assert.match(s.load('compensation', 'none.csv', '--set', 'parcel=DK7').stderr, /--set parcel: compensation has no such field; it has: id, parcel_id/);
  assert.match(s.load('compensation', 'none.csv', '--set', 'parcel_id=1', '--set', 'paid_on=昨天').stderr, /--set paid_on: "昨天" is no date/);
  assert.match(s.load('compensation', 'none.csv', '--field', 'total=没有').stderr, /there is no such column; there are: 补偿编号/);
});

test('parts and holes without points are left out, and a geometry that cannot be read is one fault, not two', (t) => {
  const s = scene(t);
  const [outer, hole] = [square(39520000, 3521000), square(39520020, 3521020, 20)].map((ring) => wkt(ring).slice(8, -1));
  const cases = [`MULTIPOLYGON ((${outer}), EMPTY)`, `MULTIPOLYGON ((${outer}, EMPTY, ${hole}))`, `POLYGON (${outer}, EMPTY)`, `MULTIPOLYGON (EMPTY, EMPTY)`, `POLYGON (${outer}`, `LINEARRING ${outer}`, `POLYGON (EMPTY, ${hole})`];
  s.write('p.csv', 'DKBH,wkt\n' + cases.map((text, i) => `${i + 1},"${text}"\n`).join(''));
  const done = s.load('parcel', 'p.csv', '--crs', 'EPSG:4527', '--publish', '--allow-rejects');
  assert.deepEqual([done.json.loaded, done.json.repaired, done.json.rejected], [3, 0, 4], done.stderr);
  const loaded = new Map(s.rows('parcel').map((f) => [f.properties.id, f.properties.area_m2]));
  assert.ok(Math.abs(loaded.get('1') - loaded.get('2') - 400) < 1 && Math.abs(loaded.get('1') - loaded.get('3')) < 1e-3);
  assert.match(s.read('p.csv.rejects.csv'), /,4,there is no geometry; --undrawn loads rows that have none yet,/);
  assert.match(s.read('p.csv.rejects.csv'), /,7,a polygon of it has a hole and no outline; correct it in the source,/); // it would be a parcel
  for (const row of [5, 6]) assert.match(s.read('p.csv.rejects.csv'), new RegExp(`,${row},"the geometry is no WKT, such as POLYGON\\(\\(x y, \\.\\.\\.\\)\\): ""[^"]*""",`));
});

// OGC 06-103r4, 7.2: a text is one geometry; several polygons are a MULTIPOLYGON.
test('what stands behind the geometry of a row in WKT rejects it, be it another polygon or anything else', (t) => {
  const s = scene(t), [one, two] = [0, 500].map((x) => wkt(square(39520000 + x, 3521000)));
  const cases = [`${one},${two}`, `${one};${two}`, `${one} ${two}`, `${one} garbage`, `${one}) x`, `${one} \u3000;`, `MULTIPOLYGON (${one.slice(7)},${two.slice(7)})`, `${one})`,
    ...['3521100.5O', '3521100..5', '3521100-5', '0x35BA4E'].map((none) => one.replace('3521100', none)), one.replace('3521100', '3.5211e6')]; // 7.2.1: a signed numeric literal
  s.write('p.csv', 'DKBH,wkt\n' + cases.map((text, i) => `${i + 1},"${text}"\n`).join(''));
  const done = s.load('parcel', 'p.csv', '--crs', 'EPSG:4527', '--publish', '--allow-rejects');
  assert.deepEqual([done.json.loaded, done.json.rejected], [4, 9], done.stderr);
  assert.deepEqual(s.rows('parcel').map((f) => [f.properties.id, f.geometry.coordinates.length]).sort(), [['13', 1], ['6', 1], ['7', 2], ['8', 1]]);
  for (const [i, none] of ['3521100.5O', '3521100..5', '3521100-5', '0x35BA4E'].entries()) assert.ok(s.read('p.csv.rejects.csv').includes(`,${10 + i},${9 + i},"the geometry has ""${none}"", which is no number; correct it"`), none);
  for (const row of [2, 3, 4, 5, 6]) assert.match(s.read('p.csv.rejects.csv'), new RegExp(`,${row},\\d,"behind the end of the geometry stands more: ""[^"]+""; write several polygons as one MULTIPOLYGON`));
});

test('files of other formats are named with what to save them as', (t) => {
  const s = scene(t);
  const cases = { 'a.dwg': /not an AutoCAD drawing/, 'a.zip': /not a whole ZIP archive/, 'a.mdb': /Access database/, 'a.pdf': /PDF document/,
    'a.shx': /one part of a shapefile; give the \.shp/, 'a.txt': /text file/, 'a.tar.gz': /a gzip file; unpack it/, 'a.unknown': /the format is not known; save it as one of these/ };
  for (const [name, sentence] of Object.entries(cases)) {
    s.write(name, 'something');
    const done = s.load('parcel', name);
    assert.equal(done.code, 1, name);
    assert.match(done.stderr, sentence);
  }
  for (const name of ['a.geojson', 'a.gpkg', 'a.fgb', 'a.xlsx', 'a.xls', 'a.ods']) {
    s.write(name, 'this is none of it');
    const done = s.load('parcel', name);
    assert.equal(done.code, 1, name);
    assert.match(done.stderr, new RegExp(`^dikuai-ingest: .*${name}`));
    assert.equal(done.stderr.trim().split('\n').length, 1);
  }
  assert.match(s.load('parcel', 'missing.shp').stderr, /missing\.shp: there is no such file/);
  s.write('cut.geojson', '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"1"},"geometry":{"type":"Pol');
  assert.equal(s.load('parcel', 'cut.geojson').code, 1);
});

test('a layer needs geometry; of a file with several sheets one is chosen', (t) => {
  const s = scene(t);
  s.write('p.csv', '地块编号\n1\n');
  assert.match(s.load('parcel', 'p.csv').stderr, /parcel is a layer, and this file has no geometry; a CSV may have it as WKT/);
  s.write('p.xlsx', xlsx([['补偿编号', '地块编号'], ['1', 'DK1']], '补偿表'));
  assert.match(s.load('compensation', 'p.xlsx', '--layer', '别的').stderr, /there is no sheet "别的"; there are: 补偿表/);
  assert.equal(s.load('compensation', 'p.xlsx', '--layer', '补偿表').code, 0);
});

const feature = (properties, i = 0) => ({ type: 'Feature', properties, geometry: { type: 'Polygon', coordinates: [[...square(117.2 + i % 200 / 100, 31.8, 0.001), [117.2 + i % 200 / 100, 31.8]]] } });
const collection = (features) => ({ type: 'FeatureCollection', features });
// In GBK the second byte of 乗 is a backslash, that of 亄 a brace.
const chinese = [{ 地块编号: 'DK1', 地块名称: '镕城乗亄' }, { 地块编号: 'DK2', 地块名称: '一' }];
const many = Array.from({ length: 4000 }, (_, i) => ({ 地块编号: `M${i}`, 地块名称: '乗'.repeat(1 + i % 197) }));
for (const [what, name, rows, text] of [['one object', 'gb.geojson', chinese, JSON.stringify(collection(chinese.map(feature)))], ['line by line', 'gb.geojsonl', chinese, chinese.map((p, i) => JSON.stringify(feature(p, i))).join('\n') + '\n'],
  ['of more than a piece', 'gb.json', many, JSON.stringify(collection(many.map(feature)))]])
  test(`a GeoJSON in GBK, ${what}, is read as Chinese, with --encoding and without`, (t) => {
    for (const more of [[], ['--encoding', 'GB18030']]) {
      const s = scene(t);
      s.write(name, gbk(text));
      const done = s.load('parcel', name, '--publish', ...more);
      assert.equal(done.code, 0, done.stderr);
      assert.deepEqual(done.json.notes.filter((note) => /encoding|GB18030/.test(note)).map((note) => note.replace(/^.*: /, '')), ['its texts are in GB18030, not in UTF-8 as those of a GeoJSON should be, and were decoded']);
      assert.deepEqual(s.rows('parcel').map(({ properties: p }) => [p.id, p.name]), rows.map((row) => [row.地块编号, row.地块名称]));
    }
  });

test('a GeoJSON without rows is said to have none, as other formats are', (t) => {
  const s = scene(t);
  for (const [name, text] of [['a.geojson', JSON.stringify(collection([]))], ['b.csv', '地块编号,wkt\n']]) {
    s.write(name, text);
    assert.match(s.load('parcel', name, '--crs', 'EPSG:4490').stderr, new RegExp(`${name}: the file has no rows; is it the right one, and whole\\?`));
  }
  s.write('c.geojson', JSON.stringify(collection([{ ...feature({}), properties: {} }])));
  assert.match(s.load('parcel', 'c.geojson').stderr, /no column gives the required field id/);
});

test('bytes of a GeoJSON that are no text reject their row, and the sentence is true', (t) => {
  const s = scene(t), text = JSON.stringify(collection([feature({ 地块编号: 'DK1', 地块名称: '甲@' }), feature({ 地块编号: 'DK2', 地块名称: '镕城' }, 1)]));
  const spoilt = (bytes) => { const copy = Buffer.from(bytes); copy[copy.indexOf('@')] = 0xff; return copy; };
  s.write('gb.geojson', spoilt(gbk(text)));
  s.write('u.geojson', spoilt(Buffer.from(text.replace('镕城', '镕城'.repeat(20)))));
  for (const [name, encoding] of [['gb.geojson', 'GB18030'], ['u.geojson', 'UTF-8']]) {
    const done = s.load('parcel', name, '--dry-run');
    assert.deepEqual([done.json.loaded, done.json.rejected], [1, 1], done.stderr);
    assert.match(s.read(`${name}.rejects.csv`), new RegExp(`,1,DK1,"?column 地块名称: its bytes are not text in ${encoding}`));
  }
});

// RFC 8259, 7: \u0000 is a character of a text, and \\u0000 none.
test('a NUL in a text of a GeoJSON rejects its row instead of ending the text', (t) => {
  const s = scene(t);
  for (const encode of [gbk, Buffer.from]) {
    s.write('nul.geojson', encode(JSON.stringify(collection([{ 地块编号: 'DK1', 地块名称: 'a\0b地' }, { 地块编号: 'DK2', 地块名称: 'a\\u0000b' }, { 地块编号: 'DK3', 地块名称: '\\' }].map(feature)))));
    const done = s.load('parcel', 'nul.geojson', '--publish', '--allow-rejects');
    assert.deepEqual([done.json.loaded + done.json.unchanged, done.json.rejected], [2, 1], done.stderr);
    assert.match(s.read('nul.geojson.rejects.csv'), /,1,DK1,column 地块名称: a NUL character \(\\u0000\) stands in its text; take it out,/);
    assert.deepEqual(s.rows('parcel').map(({ properties: p }) => [p.id, p.name]), [['DK2', 'a\\u0000b'], ['DK3', '\\']]);
  }
});

test('lists of a GeoJSON are texts of their own, row by row', (t) => {
  const s = scene(t);
  const row = (i) => ({ type: 'Feature', properties: { id: `DK${i}`, name: [`甲${i}`, '乙'], approval_no: null, project_name: ['x', `project ${i}`], project_id: [1, i] }, geometry: { type: 'Polygon', coordinates: [[...square(117.2 + i / 100, 31.8, 0.001), [117.2 + i / 100, 31.8]]] } });
  s.write('lists.geojson', JSON.stringify({ type: 'FeatureCollection', features: [row(1), row(2)] }));
  const done = s.load('parcel', 'lists.geojson', '--publish');
  assert.equal(done.code, 0, done.stderr);
  for (const { properties: p } of s.rows('parcel')) {
    const i = p.id.slice(2);
    assert.match(p.name, new RegExp(`甲${i}.*乙`));
    assert.match(p.project_name, new RegExp(`x.*project ${i}`));
    assert.match(p.project_id, new RegExp(`1.*${i}`));
  }
});
