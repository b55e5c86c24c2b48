// What GDAL reads by name: file geodatabases, KML, GML, MapInfo. All files are written by ogr2ogr, places are those of ogr2ogr.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { catalogue, gbk, scene, square, wkt, zip } from './helpers.mjs';

const rows = [['DK1', '镕城一号', wkt(square(39520000, 3521000))], ['DK2', '镕城二号', wkt(square(39520200, 3521000), square(39520220, 3521020, 20))]];
const expected = ['镕城一号', '镕城二号'];
const source = (s, data = rows) => s.write('source.csv', 'DKBH,DKMC,WKT\n' + data.map(([id, name, shape]) => `${id},${name},"${shape}"\n`).join(''));
const ogr = (...args) => execFileSync('ogr2ogr', args, { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' });
const from = ['-oo', 'GEOM_POSSIBLE_NAMES=WKT', '-oo', 'KEEP_GEOM_COLUMNS=NO', '-nlt', 'POLYGON'];
// A file by a driver of GDAL; extra: options of ogr2ogr.
function written(s, driver, name, extra = [], data = rows) {
  ogr('-f', driver, s.path(name), source(s, data), ...from, ...(driver.endsWith('KML') ? ['-s_srs', 'EPSG:4527', '-t_srs', 'EPSG:4326'] : ['-a_srs', 'EPSG:4527']), ...extra);
  return name;
}
const names = (s) => s.rows('parcel').map((f) => f.properties.name).sort();
const corners = (f) => f.geometry.coordinates.flat(f.geometry.type === 'MultiPolygon' ? 2 : 1);
// That each corner that ogr2ogr computes is one of the loaded row's, within 0.1 mm, and that no other is there.
function lies(s, tolerance = 1e-9) {
  const wanted = JSON.parse(ogr('-f', 'GeoJSON', '-lco', 'COORDINATE_PRECISION=11', '/vsistdout/', source(s), ...from, '-s_srs', 'EPSG:4527', '-t_srs', 'EPSG:4490')).features;
  for (const want of wanted) {
    const got = s.rows('parcel').find((f) => f.properties.id === want.properties.DKBH);
    assert.equal(corners(got).length, corners(want).length);
    for (const [x, y] of corners(want)) assert.ok(corners(got).some((p) => Math.abs(p[0] - x) < tolerance && Math.abs(p[1] - y) < tolerance), `${x} ${y}`);
  }
}

for (const [driver, name, extra] of [['OpenFileGDB', '三区三线.gdb', []], ['LIBKML', 'p.kml', []], ['KML', 'plain.kml', []], ['GML', 'p.gml', []],
  ['GML', 'p3.gml', ['-dsco', 'FORMAT=GML3.2']], ['MapInfo File', 'p.tab', ['-lco', 'ENCODING=CP936', '-lco', 'BOUNDS=39400000,3400000,39600000,3600000']], ['MapInfo File', 'p.mif', ['-lco', 'ENCODING=CP936']]])
  test(`${name} as the ${driver} driver of ogr2ogr writes it loads with its names, holes and places, and the file stays as it was`, (t) => {
    const s = scene(t);
    written(s, driver, name, extra);
    if (name === 'p3.gml') rmSync(s.path('p3.xsd')); // GDAL would write a .gfs beside it
    const before = readdirSync(s.dir);
    const done = s.load('parcel', name, '--publish');
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual([done.json.loaded, done.json.rejected, done.json.repaired], [2, 0, 0]);
    assert.deepEqual(names(s), expected);
    lies(s, driver === 'MapInfo File' && name.endsWith('tab') ? 2e-8 : 1e-9); // a TAB keeps integers, here of 0.1 mm
    assert.deepEqual(readdirSync(s.dir).filter((file) => !file.startsWith('store.gpkg')), before.filter((file) => !file.startsWith('store.gpkg')));
    const noise = done.json.notes.filter((note) => /tessellate|altitudeMode|gml_id|encoding/.test(note));
    assert.deepEqual(noise, []);
  });

test('a geodatabase with a slash behind its name, one of its layers, and a table of it as records', (t) => {
  const s = scene(t);
  written(s, 'OpenFileGDB', 'g.gdb', ['-nln', 'DK']);
  ogr('-f', 'OpenFileGDB', '-update', s.path('g.gdb'), s.write('c.csv', '补偿编号,地块编号,支付日期\nB1,DK1,2020-06-15 23:30:00\n'), '-nln', 'BC', '-oo', 'AUTODETECT_TYPE=YES');
  assert.match(s.load('parcel', 'g.gdb').stderr, /g\.gdb: the file has 2 layers; choose one with --layer: DK, BC/);
  assert.equal(s.load('parcel', 'g.gdb/', '--layer', 'DK').code, 0);
  assert.match(s.load('parcel', 'g.gdb', '--layer', 'BC').stderr, /parcel is a layer, and this file has no geometry/);
  const done = s.load('compensation', 'g.gdb', '--layer', 'BC', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(s.rows('compensation')[0].properties.parcel_id, 'DK1');
  assert.equal(s.rows('compensation')[0].properties.paid_on, '2020-06-15'); // its dates have no time zone, whatever GDAL says
  // GDAL shows one layer less. Which file is that of a table, GDB_SystemCatalog says.
  const catalogue = JSON.parse(ogr('-f', 'GeoJSON', '-sql', 'SELECT FID, Name FROM GDB_SystemCatalog', '/vsistdout/', s.path('g.gdb'))).features;
  const table = `a${catalogue.find((f) => f.properties.Name === 'BC').properties.FID.toString(16).padStart(8, '0')}.gdbtable`;
  rmSync(s.path(`g.gdb/${table}`));
  assert.match(s.load('parcel', 'g.gdb').stderr, new RegExp(`g\\.gdb: its layer or table BC is missing, as there is no file ${table}; copy the whole folder again`));
});

// A MIF of two parcels with given bytes, as MapInfo on a Chinese Windows writes it: Chinese column names too.
function mif(s, name, charset, encode, { columns = ['地块编号', '地块名称'], width = 40, values = expected } = {}) {
  if (!s.exists('plain.mif')) written(s, 'MapInfo File', 'plain.mif');
  const shapes = readFileSync(s.path('plain.mif'), 'latin1');
  const head = `Version 300\r\nCharset "${charset}"\r\nDelimiter ","\r\n${/CoordSys.*/.exec(shapes)[0]}\r\nColumns 2\r\n`;
  writeFileSync(s.path(`${name}.mif`), Buffer.concat([Buffer.from(head), ...columns.map((c) => Buffer.concat([Buffer.from('  '), encode(c), Buffer.from(` Char(${width})\r\n`)])),
    Buffer.from(shapes.slice(shapes.indexOf('Data')))]));
  writeFileSync(s.path(`${name}.mid`), encode(values.map((v, i) => `"DK${i + 1}","${v}"\r\n`).join('')));
  return `${name}.mif`;
}

// MapInfo Pro, "Using affine transformations": 1000 is added to the projection, 3000 with bounds; 2000 is bounds alone. GDAL passes over it.
test('a MapInfo table whose CoordSys has an affine transformation is of a local system', (t) => {
  const s = scene(t), name = mif(s, 'm', 'Neutral', (text) => Buffer.from(text), { columns: ['DKBH', 'DKMC'] }), text = s.read(name), earth = /CoordSys Earth Projection (\d+)(, .*)/.exec(text);
  const refused = /: its CoordSys has an affine transformation, so that its coordinates are those of a local system; have the data transformed to CGCS2000, or say/;
  const load = (coordsys, ...args) => (s.write(name, text.replace(earth[0], coordsys)), s.load('parcel', name, '--dry-run', ...args));
  for (const affine of [`${earth[0]} Affine Units "m", 1, 0, 1000, 0, 1, 0`, `CoordSys Earth Projection 1008${earth[2]}, 1, 0, 1000, 0, 1, 0`, `CoordSys Earth Projection 3008${earth[2]}, 1, 0, 1000, 0, 1, 0, 1, 2, 3, 4`])
    assert.match(load(affine).stderr, refused);
  assert.equal(load(`${earth[0]} Affine Units "m", 1, 0, 1000, 0, 1, 0`, '--crs', 'EPSG:4527').json.loaded, expected.length);
  assert.equal(load(`CoordSys Earth Projection 2008${earth[2]}, 39000000, 0, 40000000, 10000000`).json.loaded, expected.length);
  // Of a table the byte 0x200 of the .map says whether one holds, from version 500 on.
  const tab = written(s, 'MapInfo File', 'a.tab', ['-lco', 'ENCODING=CP936', '-lco', 'BOUNDS=39400000,3400000,39600000,3600000']);
  const map = readFileSync(s.path('a.map'));
  assert.deepEqual([map.readInt16LE(0x104), map[0x200]], [500, 0]);
  assert.equal(s.load('parcel', tab, '--dry-run').code, 0);
  map[0x200] = 1;
  writeFileSync(s.path('a.map'), map);
  assert.match(s.load('parcel', tab, '--dry-run').stderr, refused);
});

test('a MIF reads as Chinese, its columns too, whatever it says of its character set', (t) => {
  const s = scene(t);
  for (const [what, encode] of [['GBK', gbk], ['UTF-8', (text) => Buffer.from(text)]])
    for (const charset of ['WindowsSimpChinese', 'Neutral', 'WindowsLatin1', 'UTF-8']) {
      const done = s.load('parcel', mif(s, 'm', charset, encode), '--publish', '--set', `project_id=${what}${charset}`);
      assert.equal(done.code, 0, done.stderr);
      assert.deepEqual(s.rows('parcel').filter((f) => f.properties.project_id === what + charset).map((f) => f.properties.name).sort(), expected);
    }
});

test('what stands in a decimal column of a TAB and is no number is rejected, asterisks and blanks are empty', (t) => {
  const s = scene(t), cells = ['  1,5', '  abc', ' 1.5x', '*****', '', ' 1.25', '-.5e0'];
  s.write('n.csv', `DKBH,DKMJ,NUM,WKT\n${cells.map((_, i) => `DK${i + 1},${90 + i}.75,${i},"${rows[0][2]}"\n`).join('')}`);
  s.write('n.csvt', '"String(8)","Real(9.2)","Integer","WKT"\n');
  ogr('-f', 'MapInfo File', s.path('n.tab'), s.path('n.csv'), ...from, '-a_srs', 'EPSG:4527', '-lco', 'BOUNDS=39400000,3400000,39600000,3600000');
  const dat = readFileSync(s.path('n.dat'));
  cells.forEach((cell, i) => dat.write(cell.padEnd(5).slice(0, 5), dat.indexOf(`${90 + i}.75`), 'latin1'));
  writeFileSync(s.path('n.dat'), dat);
  const done = s.load('parcel', 'n.tab', '--ignore', 'NUM', '--set', 'project_id=P', '--publish', '--allow-rejects');
  assert.deepEqual([done.json.loaded, done.json.rejected], [4, 3], done.stderr);
  assert.deepEqual(s.rows('parcel').map((f) => [f.properties.id, f.properties.area_declared_ha]).sort(), [['DK4', null], ['DK5', null], ['DK6', 1.25], ['DK7', -0.5]]);
  cells.slice(0, 3).forEach((cell, i) => assert.match(s.read('n.tab.rejects.csv'), new RegExp(`,${i + 1},DK${i + 1},"DKMJ: ""${cell.trim()}"" is no number, which its column is for; correct it",`)));
  assert.ok(done.json.notes.some((note) => /1 numbers are nothing but asterisks, the first in row 4, column DKMJ: they are taken as empty; they stand for a number that had no room/.test(note)), done.stdout);
  assert.ok(!done.json.notes.some((note) => /NUL/.test(note))); // whole numbers are bytes
});

test('a TAB in UTF-8, as QGIS writes it, is read as such whatever bytes its whole numbers, decimals and dates have', (t) => {
  const s = scene(t);
  s.write('u.csv', `DKBH,DKMC,DKMJ,NUM,RQ,WKT\n${['地块二号', '地块三号'].map((name, i) => `DK${i},${name},${i + 1.25},${200 + 50 * i},202${i}-10-02,"${rows[i][2]}"\n`).join('')}`);
  ogr('-f', 'MapInfo File', s.path('u.tab'), s.path('u.csv'), ...from, '-oo', 'AUTODETECT_TYPE=YES', '-a_srs', 'EPSG:4527', '-lco', 'BOUNDS=39400000,3400000,39600000,3600000');
  const done = s.load('parcel', 'u.tab', '--ignore', 'NUM', '--ignore', 'RQ', '--publish');
  assert.equal(done.code, 0, done.stderr);
  const read = JSON.parse(ogr('-f', 'GeoJSON', '/vsistdout/', s.path('u.tab'))).features; // of a table that says Neutral GDAL gives the bytes
  assert.deepEqual(names(s), read.map((f) => f.properties.DKMC).sort());
});

test('a table whose few letters are text in UTF-8 and in GBK is in the character set that it says, and a note says so', (t) => {
  const s = scene(t);
  for (const name of ['e.tab', 'e.mif']) {
    written(s, 'MapInfo File', name, ['-lco', 'ENCODING=CP936', '-lco', 'BOUNDS=39400000,3400000,39600000,3600000'], [['DK1', '小学', rows[0][2]]]); // Сѧ in UTF-8
    const done = s.load('parcel', name, '--publish', '--set', `project_id=${name}`);
    assert.equal(done.code, 0, done.stderr);
    assert.ok(done.json.notes.some((note) => /GB18030 was taken, as it says itself/.test(note)), done.stdout);
  }
  assert.deepEqual(names(s), ['小学', '小学']);
});

test('what stands in a column of numbers of a MIF and is none is rejected, nothing is nothing, and a date is read however it is written', (t) => {
  const s = scene(t), cells = ['1.5x', 'abc', '"1,5"', '1 2', '', '****', '1.25', '"2.5"', '99999999999'];
  mif(s, 'n', 'Neutral', gbk, { columns: ['DKBH', 'DKMC'], values: [] });
  const text = readFileSync(s.path('n.mif'), 'latin1'), shape = /Data\s+([\s\S]*?)\n(?=Region|$)/.exec(text)[1];
  s.write('n.mif', text.slice(0, text.indexOf('Columns')) + 'Columns 4\n  DKBH Char(8)\n  DKMJ Decimal(12,4)\n  TALLY Integer\n  RQ Date\nData\n\n' + `${shape}\n`.repeat(cells.length));
  s.write('n.mid', cells.map((cell, i) => `"DK${i + 1}",${cell},${i === 6 ? '4.6' : i},${i === 6 ? '2020-06-15' : '20200102'}\n`).join(''));
  const with_fields = scene(t, catalogue.replace('{name: division,', '{name: tally, title: 数, type: number, unit: m2, audience: public, aliases: [TALLY]}\n      - {name: on, title: 日, type: date, audience: public, aliases: [RQ]}\n      - {name: division,'));
  for (const name of ['n.mif', 'n.mid']) copyFileSync(s.path(name), with_fields.path(name));
  const done = with_fields.load('parcel', 'n.mif', '--set', 'project_id=P', '--publish', '--allow-rejects');
  assert.deepEqual([done.json.loaded, done.json.rejected], [5, 4], done.stderr);
  assert.deepEqual(with_fields.rows('parcel').map(({ properties: p }) => [p.id, p.area_declared_ha, p.tally, p.on]).sort(),
    [['DK5', null, 4, '2020-01-02'], ['DK6', null, 5, '2020-01-02'], ['DK7', 1.25, 4.6, '2020-06-15'], ['DK8', 2.5, 7, '2020-01-02'], ['DK9', 99999999999, 8, '2020-01-02']]);
  cells.slice(0, 4).forEach((cell, i) => assert.match(with_fields.read('n.mif.rejects.csv'), new RegExp(`,${i + 1},DK${i + 1},"DKMJ: ""${cell.replaceAll('"', '')}"" is no number, which its column is for`)));
  assert.ok(done.json.notes.some((note) => /1 numbers are nothing but asterisks, the first in row 6, column DKMJ/.test(note)), done.stdout);
});

test('a TAB in GB18030 whose characters CP936 lacks, whatever it says, and no temporary folder is left', (t) => {
  const s = scene(t);
  mkdirSync(s.path('tmp'));
  written(s, 'MapInfo File', 'p.tab', ['-lco', 'ENCODING=CP936'], [['DK1', 'XXXX', rows[0][2]]]);
  const dat = readFileSync(s.path('p.dat'));
  execFileSync('iconv', ['-f', 'UTF-8', '-t', 'GB18030'], { input: '𬭚' }).copy(dat, dat.indexOf('XXXX')); // four bytes
  for (const charset of ['WindowsSimpChinese', 'WindowsLatin1', 'Neutral']) {
    const head = readFileSync(s.path('p.tab'), 'latin1').replaceAll(/WindowsSimpChinese/g, charset);
    const dir = s.path(charset);
    mkdirSync(dir);
    for (const part of ['map', 'id']) copyFileSync(s.path(`p.${part}`), `${dir}/Q.${part.toUpperCase()}`);
    writeFileSync(`${dir}/Q.TAB`, head, 'latin1');
    writeFileSync(`${dir}/Q.DAT`, dat);
    const before = process.env.TMPDIR ?? '/tmp';
    process.env.TMPDIR = s.path('tmp');
    const done = s.load('parcel', `${charset}/Q.TAB`, '--publish', '--set', `project_id=${charset}`);
    process.env.TMPDIR = before;
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(readdirSync(s.path('tmp')), []);
  }
  assert.deepEqual(names(s), ['𬭚', '𬭚', '𬭚']);
});

test('in a MIF a text and a name that fill their column and end in half a character, and bytes that are none', (t) => {
  const s = scene(t);
  const cut = (text) => { const bytes = gbk(text); return /项目名称/.test(text) ? bytes.subarray(0, 15) : bytes; };
  mif(s, 'n', 'WindowsSimpChinese', cut, { columns: ['地块编号', '征收土地项目名称'], values: ['城东', '城西'] });
  const named = s.load('parcel', 'n.mif');
  assert.equal(named.code, 1); // 15 bytes are no name of full length: it is not known, and not guessed
  mif(s, 'w', 'WindowsSimpChinese', (text) => (text.includes('"') ? Buffer.from(gbk(text).filter((byte, i, all) => !(all[i + 1] === 0x22 && all[i + 2] === 0x0d))) : gbk(text)), { width: 7 });
  const done = s.load('parcel', 'w.mif', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(names(s), ['镕城一', '镕城二']);
  assert.ok(done.json.notes.some((note) => /2 texts fill their column/.test(note)), done.json.notes.join('\n'));
  mif(s, 'b', 'WindowsSimpChinese', (text) => Buffer.concat([gbk(text).subarray(0, -5), Buffer.from(text.includes('"') ? [0xff, 0xff, 0x22, 13, 10] : gbk(text).subarray(-5))]));
  const bad = s.load('parcel', 'b.mif');
  assert.deepEqual([bad.json.loaded, bad.json.rejected], [1, 1], bad.stderr);
  assert.match(s.read('b.mif.rejects.csv'), /column 地块名称: its bytes are not text in GB18030/);
});

test('a placemark whose only name is that of KML, and one whose data name it too', (t) => {
  const s = scene(t);
  ogr('-f', 'LIBKML', s.path('n.kml'), s.write('n.csv', `Name,DKBH,WKT\n甲,DK1,"${rows[0][2]}"\n`), ...from, '-s_srs', 'EPSG:4527', '-t_srs', 'EPSG:4326');
  assert.equal(s.load('parcel', 'n.kml', '--publish').code, 0);
  assert.deepEqual(names(s), ['甲']);
  const done = s.load('parcel', written(s, 'LIBKML', 'p.kml'), '--dry-run', '--set', 'project_id=X');
  assert.ok(done.json.notes.some((note) => /Name was left out: name comes from DKMC/.test(note)), done.stderr);
});

test('damaged and incomplete files are named in one sentence', (t) => {
  const cases = [
    ['OpenFileGDB', 'a.gdb', (s) => rmSync(s.path('a.gdb/a00000001.gdbtable')), /a\.gdb: not a file geodatabase: .*copy the whole folder again/],
    ['OpenFileGDB', 'a.gdb', (s) => truncateSync(s.path('a.gdb/a00000004.gdbtable'), 100), /a\.gdb: /],
    ['OpenFileGDB', 'a.gdb', (s) => truncateSync(s.path('a.gdb/a00000009.gdbtable'), 700), /a\.gdb: /],
    ['OpenFileGDB', 'a.gdb', (s) => { rmSync(s.path('a.gdb'), { recursive: true }); s.write('a.gdb', 'x'); }, /a\.gdb: not a file geodatabase: that is a folder/],
    ['OpenFileGDB', 'a.gdb', (s) => { // the type of a field, behind its name and an empty alias, is that of a Big Integer
      const table = readFileSync(s.path('a.gdb/a00000009.gdbtable'));
      table[table.indexOf(Buffer.from('\x04D\0K\0B\0H\0\0', 'latin1')) + 10] = 13;
      writeFileSync(s.path('a.gdb/a00000009.gdbtable'), table);
    }, /a\.gdb: its layer source cannot be read: .*Big Integer.*export the layer with fields of other types/],
    ['LIBKML', 'a.kml', (s) => truncateSync(s.path('a.kml'), 1500), /a\.kml: cannot be read as KML; .*\(line \d+: /],
    ['LIBKML', 'a.kml', (s) => s.write('a.kml', '<html/>'), /a\.kml: cannot be read as KML/],
    ['GML', 'a.gml', (s) => truncateSync(s.path('a.gml'), 1500), /a\.gml: /],
    ['GML', 'a.gml', (s) => s.write('a.gml', 'x'), /a\.gml: cannot be read as GML/],
    ['MapInfo File', 'a.tab', (s) => rmSync(s.path('a.map')), /a\.tab: the \.map beside it is missing; .*copy all of them/],
    ['MapInfo File', 'a.tab', (s) => rmSync(s.path('a.dat')), /a\.tab: the \.dat beside it is missing/],
    ['MapInfo File', 'a.tab', (s) => truncateSync(s.path('a.dat'), 300), /a\.dat: the attribute table is cut off/],
    ['MapInfo File', 'a.tab', (s) => truncateSync(s.path('a.map'), 600), /a\.tab: /],
    ['MapInfo File', 'a.tab', (s) => s.write('a.tab', '!table\n!version 300\nDefinition Table\n Type SEAMLESS\n'), /a\.tab: a MapInfo table of type SEAMLESS, which is not read/],
    ['MapInfo File', 'a.tab', (s) => s.write('a.tab', 'tab\tseparated'), /a\.tab: not a MapInfo table: there is no line !table/],
    ['MapInfo File', 'a.mif', (s) => rmSync(s.path('a.mid')), /a\.mif: the \.mid beside it is missing/],
    ['MapInfo File', 'a.mif', (s) => truncateSync(s.path('a.mif'), 150), /a\.mif: not a MapInfo MIF: there is no line Data/],
  ];
  const whole = scene(t), s = scene(t);
  const written_once = new Set();
  for (const [driver, name, harm, sentence] of cases) {
    if (!written_once.has(name)) written_once.add(written(whole, driver, name));
    for (const part of readdirSync(whole.dir).filter((part) => part.startsWith('a.'))) cpSync(whole.path(part), s.path(part), { recursive: true });
    harm(s);
    const done = s.load('parcel', name);
    assert.equal(done.code, 1, `${name} ${harm}`);
    assert.match(done.stderr, sentence, `${harm}`);
    assert.equal(done.stderr.trim().split('\n').length, 1, `${harm}: ${done.stderr}`);
    for (const part of readdirSync(s.dir).filter((part) => part.startsWith('a.'))) rmSync(s.path(part), { recursive: true });
  }
  assert.deepEqual(s.batches(), []);
});

// OGC 07-147r2, 9.3: Data without a Schema; as Google Earth, 奥维 and others write it.
const placemark = (name, data, x, element = 'Data') => `<Placemark><name>${name}</name><ExtendedData>${data.map(([key, value]) => `<${element}\n name = '${key}' ><value>${value}</value></${element}>`).join('')}</ExtendedData><Polygon><outerBoundaryIs><LinearRing><coordinates>${[...square(x, 31.8, 0.001), [x, 31.8]].map((p) => p.join()).join(' ')}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>`;
const kml = (...placemarks) => `<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>测试</name><!-- <Data name="注释"/> -->${placemarks.join('')}</Document></kml>`;
const untyped = kml(placemark('K1', [['地块编号', 'DK1'], ['项目编号', '项目甲'], ['地块名称', '甲&amp;乙'], ['行政区划代码', '341321']], 117.2), placemark('K2', [['地块名称', '丙'], ['地块编号', 'DK2'], ['项目编号', '项目乙'], ['征收土地项目名称', '后来']], 117.3));
for (const [name, file] of [['p.kml', untyped], ['p.kmz', zip({ 'doc.kml': untyped })]])
  test(`the untyped data of a ${name.slice(2)} have their Chinese names, and those of equal length are not one`, (t) => {
    const s = scene(t);
    s.write(name, file);
    const before = readdirSync(s.dir).filter((file) => !file.startsWith('store.gpkg'));
    const done = s.load('parcel', name, '--publish');
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(s.rows('parcel').map(({ properties: p }) => [p.id, p.project_id, p.name, p.division, p.project_name]).sort(),
      [['DK1', '项目甲', '甲&乙', '341321', null], ['DK2', '项目乙', '丙', null, '后来']]);
    assert.deepEqual(readdirSync(s.dir).filter((file) => !file.startsWith('store.gpkg') && !file.endsWith('.rejects.csv')), before);
  });

test('names of data in a KML that GDAL would call the same are told apart, others stay, and a KMZ of several is refused', (t) => {
  const s = scene(t);
  s.write('a.kml', kml(placemark('K1', [['DK-BH', 'DK1'], ['DK.BH', 'DK2'], ['DKMC', '名']], 117.2)));
  assert.match(s.load('parcel', 'a.kml').stderr, /DK-BH, DK\.BH/);
  const done = s.load('parcel', 'a.kml', '--field', 'id=DK.BH', '--ignore', 'DK-BH', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('parcel').map(({ properties: p }) => [p.id, p.name]), [['DK2', '名']]);
  s.write('b.kmz', zip({ 'doc.kml': kml(placemark('K1', [['地块编号', 'DK1']], 117.2)), 'files/more.kml': kml(placemark('K2', [['项目编号', 'DK1']], 117.3)) }));
  assert.match(s.load('parcel', 'b.kmz').stderr, /b\.kmz: the data in it have names beyond ASCII, which cannot be read in a KMZ of several KML; unpack it as a ZIP, and give the \.kml/);
});

// GDAL reads of 12a3 the 12, and of 4294967297 the largest that it has room for; a KML alone is read from a copy without types.
test('a KMZ of several KML whose fields are numbers is refused, and the KML alone keeps its digits', (t) => {
  const s = scene(t);
  const typed = (name, id, x) => kml(placemark(name, [['DKBH', id]], x)).replace('<name>测试', '<Schema name="S" id="S"><SimpleField name="DKBH" type="int"/></Schema><name>测试')
    .replace(/<ExtendedData>.*<\/ExtendedData>/s, `<ExtendedData><SchemaData schemaUrl="#S"><SimpleData name="DKBH">${id}</SimpleData></SchemaData></ExtendedData>`);
  s.write('d.kmz', zip({ 'doc.kml': typed('K1', '12a3', 117.2), 'files/more.kml': typed('K2', '4294967297', 117.3) }));
  assert.match(s.load('parcel', 'd.kmz').stderr, /d\.kmz: it has fields of numbers, which cannot be read in a KMZ of several KML; unpack it as a ZIP, and give the \.kml/);
  s.write('more.kml', typed('K2', '4294967297', 117.3));
  assert.equal(s.load('parcel', 'more.kml', '--publish').code, 0);
  assert.deepEqual(s.rows('parcel').map(({ properties: p }) => p.id), ['4294967297']);
});

test('a KMZ loses no placemark: one whose first KML does not link to the others is refused', (t) => {
  const s = scene(t);
  s.write('c.kmz', zip({ 'doc.kml': kml(placemark('K1', [['DKBH', 'DK1']], 117.2)), 'files/more.kml': kml(placemark('K2', [['DKBH', 'DK2']], 117.3)) }));
  assert.match(s.load('parcel', 'c.kmz').stderr, /c\.kmz: of its 2 placemarks 1 would not be read, as they are in a KML to which the first of the KMZ does not lead; unpack it as a ZIP, and give each \.kml/);
});

// XML has no types: without a schema GDAL would take for numbers what looks like them.
test('what looks like a number in a GML without a schema keeps its zeros and its digits', (t) => {
  const s = scene(t);
  const member = (id, name, x) => `<gml:featureMember><ogr:dk><ogr:geometryProperty><gml:Polygon srsName="EPSG:4490"><gml:outerBoundaryIs><gml:LinearRing><gml:coordinates>${[...square(x, 31.8, 0.001), [x, 31.8]].map((p) => p.join()).join(' ')}</gml:coordinates></gml:LinearRing></gml:outerBoundaryIs></gml:Polygon></ogr:geometryProperty><ogr:DKBH>${id}</ogr:DKBH><ogr:DKMC>${name}</ogr:DKMC><ogr:DKMJ>1.50</ogr:DKMJ></ogr:dk></gml:featureMember>`;
  s.write('z.gml', `<?xml version="1.0"?><ogr:FeatureCollection xmlns:ogr="http://ogr.maptools.org/" xmlns:gml="http://www.opengis.net/gml">${member('001', '34132110000100000123', 117.2)}${member('010', '7', 117.3)}</ogr:FeatureCollection>`);
  assert.equal(s.load('parcel', 'z.gml', '--publish').code, 0);
  assert.deepEqual(s.rows('parcel').map(({ properties: p }) => [p.id, p.name, p.area_declared_ha]).sort(), [['001', '34132110000100000123', 1.5], ['010', '7', 1.5]]);
});

// XML Schema 1.0, 3.3.13: an integer has as many digits as it likes; what is no number is what its writer promised and did not keep.
test('what the schema of a GML calls a number and is none rejects its row where a field would take it, and a long one stays', (t) => {
  const s = scene(t);
  s.write('i.csv', 'DKBH,DKMC,YT,WKT\n' + [1, 2, 3, 4].map((n) => `${n},7,8,"${rows[0][2]}"\n`).join(''));
  ogr('-f', 'GML', s.path('i.gml'), s.path('i.csv'), ...from, '-oo', 'AUTODETECT_TYPE=YES', '-a_srs', 'EPSG:4527');
  assert.match(s.read('i.xsd'), /integer/);
  s.write('i.gml', s.read('i.gml').replace('DKBH>1<', 'DKBH>0012345678901<').replace('DKBH>2</ogr:DKBH>\n      <ogr:DKMC>7<', "DKBH>2</ogr:DKBH>\n      <ogr:DKMC>7' of field 号<")
    .replace('DKBH>3</ogr:DKBH>\n      <ogr:DKMC>7</ogr:DKMC>\n      <ogr:YT>8<', 'DKBH>3</ogr:DKBH>\n      <ogr:DKMC>7</ogr:DKMC>\n      <ogr:YT>无<'));
  const done = s.load('parcel', 'i.gml', '--ignore', 'YT', '--publish', '--allow-rejects');
  assert.deepEqual([done.json.loaded, done.json.rejected], [3, 1], done.stderr);
  assert.deepEqual(s.rows('parcel').map(({ properties: p }) => p.id).sort(), ['0012345678901', '3', '4']);
  assert.match(s.read('i.gml.rejects.csv'), /DKMC: ""7' of field 号"" is no number, which its column is for; correct it/);
});

for (const [driver, name] of [['OpenFileGDB', 'f.gdb'], ['FlatGeobuf', 'f.fgb']])
  test(`a number that a ${driver} keeps in 24 bits is the one that was written`, (t) => {
    const s = scene(t);
    s.write('f.csv', `DKBH,DKMJ,WKT\nA,0.1,"${rows[0][2]}"\nB,100.1,"${rows[1][2]}"\n`);
    s.write('f.vrt', `<OGRVRTDataSource><OGRVRTLayer name="f"><SrcDataSource relativeToVRT="1">f.csv</SrcDataSource><LayerSRS>EPSG:4527</LayerSRS><GeometryType>wkbPolygon</GeometryType><GeometryField encoding="WKT" field="WKT"/><Field name="DKBH" type="String"/><Field name="DKMJ" type="Real" subtype="Float32"/></OGRVRTLayer></OGRVRTDataSource>`);
    ogr('-f', driver, s.path(name), s.path('f.vrt'));
    assert.equal(s.load('parcel', name, '--publish').code, 0);
    assert.deepEqual(s.rows('parcel').map(({ properties: p }) => p.area_declared_ha).sort(), [0.1, 100.1]);
  });

test('of a GeoPackage with styles that QGIS has saved in it the only layer is read', (t) => {
  const s = scene(t);
  ogr('-f', 'GPKG', s.path('q.gpkg'), source(s), ...from, '-a_srs', 'EPSG:4527', '-nln', '地块');
  ogr('-f', 'GPKG', '-update', s.path('q.gpkg'), s.write('q.csv', 'f_table_name,styleQML\n地块,<qgis/>\n'), '-nln', 'layer_styles');
  assert.equal(s.load('parcel', 'q.gpkg', '--publish').code, 0);
  assert.deepEqual(names(s), expected);
});

test('the thousands of names that the data of a KML may have are told apart, and more are refused', (t) => {
  const s = scene(t);
  const names = (n) => Array.from({ length: n }, (_, i) => [`列${i % 2 ? '-' : '.'}${i}`, `值${i}`]);
  s.write('most.kml', kml(placemark('K1', [['地块编号', 'DK1'], ...names(4094), ['地块名称', '甲']], 117.2), placemark('K2', [...names(4094).reverse(), ['地块名称', '乙'], ['地块编号', 'DK2']], 117.3)));
  const done = s.load('parcel', 'most.kml', '--field', 'project_id=列-4093', '--ignore', '*', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('parcel').map(({ properties: p }) => [p.id, p.name, p.project_id]).sort(), [['DK1', '甲', '值4093'], ['DK2', '乙', '值4093']]);
  s.write('more.kml', kml(placemark('K1', [['地块编号', 'DK1'], ...names(4096)], 117.2)));
  assert.match(s.load('parcel', 'more.kml').stderr, /more\.kml: its data have more than 4096 names; save it with fewer columns/);
});

// Beside each row with an arc one that says the same as a polygon of 3000 corners, with no arc in it.
const around = (x, y, r, from, to, n = 3000) => Array.from({ length: n + 1 }, (_, i) => [x + r * Math.cos(from + (to - from) * i / n), y + r * Math.sin(from + (to - from) * i / n)]);
const dense = (ring) => 'POLYGON((' + [...ring, ring[0]].map((p) => p.join(' ')).join(',') + '))';
const half = (x, y, r) => [`CURVEPOLYGON(COMPOUNDCURVE(CIRCULARSTRING(${x + r} ${y},${x} ${y + r},${x - r} ${y}),(${x - r} ${y},${x + r} ${y})))`, dense(around(x, y, r, 0, Math.PI))];
const full = (x, y, r) => [`CURVEPOLYGON(CIRCULARSTRING(${x - r} ${y},${x + r} ${y},${x - r} ${y}))`, dense(around(x, y, r, 0, 2 * Math.PI))];
for (const [what, srs, shapes] of [['metres', 'EPSG:4527', [half(39520000, 3521000, 50), full(39521000, 3521000, 50), full(39525000, 3521000, 2000), half(39530000, 3521000, 0.5)]],
  ['degrees', 'EPSG:4490', [half(117.2, 31.8, 0.0005), full(117.25, 31.8, 0.0005), full(117.3, 31.8, 0.02), half(117.35, 31.8, 0.000005)]]])
  for (const [driver, name] of [['GPKG', 'arc.gpkg'], ['GML', 'arc.gml']])
    test(`arcs of a ${driver} in ${what} become chords that keep the area within 0.01 %, and that is said`, (t) => {
      const s = scene(t), data = shapes.flatMap(([arc, corners], i) => [[`A${i}`, '弧', arc], [`P${i}`, '多边形', corners]]);
      ogr('-f', driver, s.path(name), source(s, data), '-oo', 'GEOM_POSSIBLE_NAMES=WKT', '-oo', 'KEEP_GEOM_COLUMNS=NO', '-nlt', 'CURVEPOLYGON', '-a_srs', srs, ...(driver === 'GML' ? ['-dsco', 'FORMAT=GML3.2'] : []));
      const done = s.load('parcel', name, '--publish');
      assert.equal(done.code, 0, done.stderr);
      assert.deepEqual([done.json.loaded, done.json.repaired], [2 * shapes.length, 0]);
      const area = Object.fromEntries(s.rows('parcel').map((f) => [f.properties.id, f.properties.area_m2]));
      shapes.forEach((_, i) => assert.ok(Math.abs(area[`A${i}`] / area[`P${i}`] - 1) < 1e-4, `${i}: ${area[`A${i}`]} ${area[`P${i}`]}`));
      assert.ok(done.json.notes.some((note) => /the arcs of 4 rows became chords, 1 mm off them at most/.test(note)), done.stdout);
    });

test('a MIF in metres of no earth that does not say its encoding: GB18030, and its zone is said', (t) => {
  const s = scene(t);
  const ring = [[39520000, 3521000], [39520200, 3521000], [39520200, 3521150], [39520000, 3521150], [39520000, 3521000]];
  writeFileSync(s.path('a.mif'), gbk('VERSION 300\nCHARSET "Neutral"\nDELIMITER ","\nCOORDSYS NONEARTH UNITS "m" BOUNDS (0,0) (50000000,10000000)\nCOLUMNS 2\n  DKBH CHAR(20)\n  DKMC CHAR(40)\nDATA\n'
    + `REGION 1\n 5\n${ring.map(([x, y]) => `${x} ${y}`).join('\n')}\n`));
  writeFileSync(s.path('a.mid'), gbk('"DK001","龘镇"\n'));
  const done = s.load('parcel', 'a.mif', '--crs', 'EPSG:4527', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(names(s), ['龘镇']);
  // The published fixture: EPSG:4527, and its corners in degrees.
  for (const [lon, lat] of [[117.211224980, 31.811770426], [117.213340327, 31.813119664]])
    assert.ok(corners(s.rows('parcel')[0]).some((p) => Math.abs(p[0] - lon) < 2e-9 && Math.abs(p[1] - lat) < 2e-9));
});
