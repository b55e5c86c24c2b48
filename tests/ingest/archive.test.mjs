// Archives and folders as sources: what is found in them, what is left out and said, and what is not safe.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { crc32 as crc, gbk, scene as plainScene, shapefile, square, wkt, zip as storedZip } from './helpers.mjs';

const rows = (prefix, n = 2) => Array.from({ length: n }, (_, i) => ({ DKBH: `${prefix}${i + 1}`, DKMC: `${prefix}号地${i + 1}`, wkt: wkt(square(39520000 + i * 200, 3521000)) }));
const names = (s) => s.rows('parcel').map((f) => f.properties.name).sort();
const parts = ['shp', 'shx', 'dbf', 'prj', 'cpg'];

// A scene whose temporary folder is its own: what is left there is seen.
function scene(t) {
  const s = plainScene(t);
  mkdirSync(s.path('tmp'));
  const load = s.load;
  s.load = (...args) => {
    const before = process.env.TMPDIR ?? '/tmp';
    process.env.TMPDIR = s.path('tmp');
    try {
      return load(...args);
    } finally {
      process.env.TMPDIR = before;
      assert.deepEqual(readdirSync(s.path('tmp')), [], 'nothing unpacked is left');
    }
  };
  return s;
}

// A deflated ZIP of { name: bytes or {data, and what its directory says otherwise} }; names may be bytes.
function zip(entries) {
  const bodies = [], heads = [];
  let at = 0;
  for (const [name, value] of entries) {
    const e = Buffer.isBuffer(value) || typeof value === 'string' ? { data: value } : value;
    const data = Buffer.from(e.data), raw = e.raw ?? deflateRawSync(data), path = Buffer.isBuffer(name) ? name : Buffer.from(name);
    const field = Buffer.alloc(26), local = Buffer.alloc(4), central = Buffer.alloc(6), rest = Buffer.alloc(14);
    local.writeUInt32LE(0x04034b50); central.writeUInt32LE(0x02014b50); central.writeUInt16LE(e.made ?? 20, 4);
    field.writeUInt16LE(20, 0); field.writeUInt16LE(e.flags ?? 0, 2); field.writeUInt16LE(e.method ?? 8, 4);
    field.writeUInt32LE(e.crc ?? crc(data), 10); field.writeUInt32LE(e.packed ?? raw.length, 14); field.writeUInt32LE(e.size ?? data.length, 18); field.writeUInt16LE(path.length, 22);
    rest.writeUInt32LE(e.mode ?? 0, 6); rest.writeUInt32LE(e.offset ?? at, 10);
    bodies.push(local, field, path, raw);
    heads.push(central, field, rest, path);
    at += 30 + path.length + raw.length;
  }
  const directory = Buffer.concat(heads), end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50); end.writeUInt16LE(entries.length, 8); end.writeUInt16LE(entries.length, 10); end.writeUInt32LE(directory.length, 12); end.writeUInt32LE(at, 16);
  return Buffer.concat([...bodies, directory, end]);
}
const shapeEntries = (s, name, as) => { shapefile(s, name, rows(name)); return parts.map((part) => [Buffer.concat([Buffer.from(as), Buffer.from(`.${part}`)]), readFileSync(s.path(`${name}.${part}`))]); };

test('a zipped shapefile with folders and names in GBK, a note and a ledger beside it', (t) => {
  const s = scene(t);
  s.write('资料.zip', zip([...shapeEntries(s, 'a', gbk('报批资料/征收地块')), [gbk('报批资料/说明.docx'), 'x'], [gbk('报批资料/补偿台账.xlsx'), 'x'],
    ['__MACOSX/._a', 'x'], ['Thumbs.db', 'x']]));
  const done = s.load('parcel', '资料.zip', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(names(s), ['a号地1', 'a号地2']);
  assert.deepEqual(done.json.notes.filter((note) => /not read/.test(note)), ['资料.zip: not read of it: 报批资料/补偿台账.xlsx, 报批资料/说明.docx']);
  assert.equal(s.batches()[0].title, '资料.zip');
});

test('archives that GDAL wrote: a shapefile, a KMZ, and a geodatabase of many files', (t) => {
  const s = scene(t);
  const csv = s.write('p.csv', `DKBH,DKMC,WKT\nG1,镕城,"${wkt(square(39520000, 3521000))}"\n`);
  const ogr = (...args) => execFileSync('ogr2ogr', [...args, csv, '-oo', 'GEOM_POSSIBLE_NAMES=WKT', '-oo', 'KEEP_GEOM_COLUMNS=NO', '-nlt', 'POLYGON'], { stdio: 'ignore' });
  ogr('-f', 'ESRI Shapefile', '-a_srs', 'EPSG:4527', '-lco', 'ENCODING=GBK', s.path('p.shz'));
  copyFileSync(s.path('p.shz'), s.path('p.zip'));
  ogr('-f', 'LIBKML', '-s_srs', 'EPSG:4527', '-t_srs', 'EPSG:4326', s.path('p.kmz'));
  ogr('-f', 'OpenFileGDB', '-a_srs', 'EPSG:4527', s.path('p.gdb'));
  s.write('p.gdb.zip', zip(readdirSync(s.path('p.gdb')).map((name) => [`成果/p.gdb/${name}`, readFileSync(s.path(`p.gdb/${name}`))])));
  for (const [name, project] of [['p.zip', 'Z'], ['p.kmz', 'K'], ['p.gdb.zip', 'G']]) {
    const done = s.load('parcel', name, '--set', `project_id=${project}`, '--publish');
    assert.equal(done.code, 0, done.stderr);
  }
  mkdirSync(s.path('县/成果'), { recursive: true });
  cpSync(s.path('p.gdb'), s.path('县/成果/p.gdb'), { recursive: true });
  const folder = s.load('parcel', '县', '--set', 'project_id=F', '--publish');
  assert.equal(folder.code, 0, folder.stderr);
  assert.deepEqual(s.rows('parcel').map((f) => [f.properties.project_id, f.properties.name]).sort(), [['F', '镕城'], ['G', '镕城'], ['K', '镕城'], ['Z', '镕城']]);
});

test('several data sets of one format are all loaded, of several formats one is to be named', (t) => {
  const s = scene(t);
  s.write('two.zip', zip([...shapeEntries(s, 'a', '东乡/地块'), ...shapeEntries(s, 'b', '西乡/地块')]));
  const done = s.load('parcel', 'two.zip', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(names(s), ['a号地1', 'a号地2', 'b号地1', 'b号地2']);
  s.write('mixed.zip', zip([...shapeEntries(s, 'c', 'c'), ['d.geojson', '{}']]));
  assert.match(s.load('parcel', 'mixed.zip').stderr, /mixed\.zip: the archive holds data of several formats; choose, for example by mixed\.zip\/c\.shp, or take all with --all-formats: c\.shp, d\.geojson/);
  const one = s.load('parcel', 'mixed.zip/c.shp', '--publish');
  assert.equal(one.code, 0, one.stderr);
  assert.equal(one.json.loaded, 2);
  assert.match(s.load('parcel', 'mixed.zip/e.shp').stderr, /mixed\.zip: there is no e\.shp in this archive/);
  assert.match(s.load('parcel', 'mixed.zip/d.geojson').stderr, /mixed\.zip\/d\.geojson: /);
});

test('archives inside an archive and data of formats that are not read count as files that could not be read, notes and pictures do not', (t) => {
  const s = scene(t);
  const harmless = [['说明.txt', 'x'], ['说明.docx', 'x'], ['现场.jpg', 'x'], ['元数据.xml', '<x/>'], ['批复.pdf', 'x'], ['读我.md', 'x'], ['工程.mxd', 'x']];
  s.write('好.zip', zip([...shapeEntries(s, 'a', 'a'), ...harmless]));
  assert.equal(s.load('parcel', '好.zip', '--publish').code, 0);
  s.write('外.zip', zip([...shapeEntries(s, 'b', 'b'), ['里.zip', zip(shapeEntries(s, 'c', 'c'))], ['旧.RAR', 'Rar!'], ['图斑.wp', 'x'], ['台账.et', 'x'], ...harmless]));
  mkdirSync(s.path('夹'));
  writeFileSync(s.path('夹/外.zip'), readFileSync(s.path('外.zip')));
  s.write('夹/空.zip', '');
  s.write('夹/又.7z', '7z');
  for (const [name, inside, unread] of [['外.zip', '', ['图斑.wp', '旧.RAR', '里.zip']], ['夹', '外.zip/', ['图斑.wp', '旧.RAR', '里.zip']]]) {
    const done = s.load('parcel', name, '--publish');
    assert.equal(done.code, 1, done.stderr);
    const all = [...unread.map((file) => `${name}/${inside}${file}`), ...(inside ? ['夹/空.zip', '夹/又.7z'] : [])];
    assert.deepEqual([done.json.loaded + done.json.unchanged, done.json.rejected, done.json.files_failed], [2, 0, all.length]);
    assert.match(done.stderr, new RegExp(`${all.length} of ${all.length + 1} files could not be read`));
    const lines = s.read(`${name}.rejects.csv`).split('\r\n').slice(1).filter(Boolean);
    assert.deepEqual(lines.map((line) => line.split(',')[0]).sort(), all.sort());
    assert.match(lines.join('\n'), /里\.zip: a ZIP in a ZIP, which is not looked into; unpack it/);
    assert.match(lines.join('\n'), /旧\.RAR: a RAR archive, which is not looked into; unpack it/);
  }
  // A profile says that one of them does not matter.
  s.write('p.yaml', 'files:\n  - {match: "*.zip", skip: true}\n  - {match: "*.RAR", skip: true}\n  - {match: "*.wp", skip: true}\n');
  const done = s.load('parcel', '外.zip', '--profile', 'p.yaml', '--publish');
  assert.deepEqual([done.code, done.json.files_failed ?? 0], [0, 0], done.stderr);
});

test('a folder is walked: parts, hidden files, the store and links to folders are no data', (t) => {
  const s = scene(t);
  mkdirSync(s.path('县/乡/村'), { recursive: true });
  for (const [name, folder] of [['a', '县'], ['b', '县/乡/村']]) {
    shapefile(s, name, rows(name));
    for (const part of parts) copyFileSync(s.path(`${name}.${part}`), s.path(`${folder}/${name}.${part}`));
  }
  symlinkSync('..', s.path('县/乡/循环'));
  writeFileSync(s.path('县/.隐藏.geojson'), '{}');
  writeFileSync(s.path('县/批复.pdf'), 'x');
  const done = s.load('parcel', '县/', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(names(s), ['a号地1', 'a号地2', 'b号地1', 'b号地2']);
  assert.deepEqual(done.json.notes.filter((note) => /not read/.test(note)), ['县/: not read of it: 批复.pdf']);
  assert.equal(s.batches()[0].title, '县');
  mkdirSync(s.path('台账'));
  writeFileSync(s.path('台账/一.csv'), '补偿编号,地块编号\n1,a1\n');
  writeFileSync(s.path('台账/二.csv'), '补偿编号,地块编号\n2,a2\n');
  for (const part of parts) copyFileSync(s.path(`a.${part}`), s.path(`台账/a.${part}`));
  const ledgers = s.load('compensation', '台账', '--publish');
  assert.equal(ledgers.code, 0, ledgers.stderr);
  assert.deepEqual(s.rows('compensation').map((f) => f.properties.id).sort(), ['1', '2']);
  for (const name of ['台账/.', '台账/../台账//']) assert.equal(s.load('compensation', name, '--dry-run').json.title, '台账'); // nothing is called "."
  assert.match(s.load('compensation', '台账', '--rejects', '台账/一.csv').stderr, /台账\/一\.csv: the rejects would be written over this file/);
  mkdirSync(s.path('空'));
  assert.match(s.load('parcel', '空').stderr, /空: the folder holds no data with geometry that can be read/);
  writeFileSync(s.path('空/台账.xlsx'), 'x');
  assert.match(s.load('parcel', '空').stderr, /空: the folder holds no data with geometry that can be read, only: 台账\.xlsx/);
});

test('rows of an archive that cannot be loaded, and what is wrong in it, are named by the archive', (t) => {
  const s = scene(t);
  const entries = shapeEntries(s, 'a', 'a');
  s.write('cut.zip', zip(entries.map(([name, data]) => [name, String(name).endsWith('.shp') ? data.subarray(0, 150) : data])));
  assert.match(s.load('parcel', 'cut.zip').stderr, /: cut\.zip\/a\.shp: the file is cut off/);
  s.write('lone.zip', zip(entries.filter(([name]) => !String(name).endsWith('.shx'))));
  assert.match(s.load('parcel', 'lone.zip').stderr, /: lone\.zip\/a\.shp: the \.shx beside it is missing/);
  s.write('csv.zip', zip([['p.csv', `地块编号,wkt\n1,"${wkt(square(39520000, 3521000))}"\n2,x\n`]]));
  const done = s.load('parcel', 'csv.zip', '--crs', 'EPSG:4527');
  assert.deepEqual([done.json.loaded, done.json.rejected], [1, 1]);
  assert.match(s.read('csv.zip.rejects.csv'), /^csv\.zip\/p\.csv,3,2,/m);
});

test('archives that are not safe, not whole or not to be read are refused in one sentence', (t) => {
  const s = scene(t);
  const blank = Buffer.alloc(80 << 20), csv = Buffer.from('地块编号,wkt\n');
  const stored = (data, more = {}) => ({ data, raw: Buffer.from(data), method: 0, ...more });
  const cases = {
    'up.zip': [zip([['../../etc/p.csv', csv]]), /up\.zip: the name "\.\.\/\.\.\/etc\/p\.csv" in it is no name of a file inside the archive/],
    'back.zip': [zip([['a\\..\\..\\p.csv', csv]]), /back\.zip: the name .* is no name of a file inside/],
    'root.zip': [zip([['/etc/p.csv', csv]]), /root\.zip: the name "\/etc\/p\.csv"/],
    'drive.zip': [zip([['C:/p.csv', csv]]), /drive\.zip: the name "C:\/p\.csv"/],
    'nul.zip': [zip([[Buffer.from('p.csv\0.txt'), csv]]), /nul\.zip: the name /],
    'bomb.zip': [zip([['p.csv', blank]]), /bomb\.zip: p\.csv in it unpacks from \d+ to 83886080 bytes, as no data do/],
    'sum.zip': [zip(Array.from({ length: 5 }, (_, i) => [`${i}.csv`, { data: csv, size: 1 << 30 }])), /(sum\.zip: the archive unpacks to more than 4 GiB|as no data do)/],
    'overlap.zip': [zip([['a.csv', { data: 'x'.repeat(1000), raw: Buffer.alloc(1000, 120), method: 0 }], ['b.csv', stored('x', { offset: 0, packed: 1000, size: 1000 })]]), /overlap\.zip: the files in the archive overlap/],
    'short.zip': [zip([['p.csv', { data: csv, size: csv.length - 3 }]]), /short\.zip: p\.csv in it is damaged/],
    'long.zip': [zip([['p.csv', { data: csv, size: csv.length + 3 }]]), /long\.zip: p\.csv in it is damaged/],
    'crc.zip': [zip([['p.csv', { data: csv, crc: 1 }]]), /crc\.zip: p\.csv in it is damaged/],
    'locked.zip': [zip([['p.csv', { data: csv, flags: 1 }]]), /locked\.zip: p\.csv in it is encrypted; unpack it with its password/],
    'method.zip': [zip([['p.csv', { data: csv, method: 9 }]]), /method\.zip: p\.csv in it is packed by method 9/],
    'twice.zip': [zip([['p.csv', csv], ['p.csv', csv]]), /p\.csv: there are two of this name/],
    'cut.zip': [zip([['p.csv', csv]]).subarray(0, 60), /cut\.zip: not a whole ZIP archive: its directory is missing/],
    'no.zip': ['just a text', /no\.zip: not a whole ZIP archive/],
    'bomb.kmz': [zip([['doc.kml', blank]]), /bomb\.kmz: doc\.kml in it unpacks from/],
    'no.kmz': ['x', /no\.kmz: not a whole ZIP archive/],
    'none.zip': ['', /none\.zip: /],
    'link.zip': [zip([['p.csv', { data: '/etc/passwd', made: 0x0314, mode: (0o120777 << 16) >>> 0 }]]), /link\.zip: the archive holds no data with geometry/],
    'nested.zip': [storedZip({ 'inner.zip': 'x' }), /nested\.zip: the archive holds no data with geometry that can be read, only: inner\.zip/],
    'many.zip': [zip(Array.from({ length: 10001 }, (_, i) => [`${i}`, ''])), /many\.zip: the archive holds 10001 files, more than 10000/],
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
