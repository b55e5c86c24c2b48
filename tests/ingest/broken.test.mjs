// Broken and hostile files: whatever is wrong with them, the load ends soon, with success or with one clear sentence that
// names the file, in bounded memory, loses no row in silence, and leaves nothing behind. Many more by tests/fuzz/mutate.mjs.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, cpSync, ftruncateSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { crc32, gbk, scene, shapefile, square, wkt, xlsx, zip } from './helpers.mjs';
import { mutated } from './mutations.mjs';
import { crs, GIGABYTE, makeSeeds, measured, measuredPlain, measuring, misbehaviour } from './seeds.mjs';

const box = (i) => wkt(square(39520000 + i * 200, 3521000));
const load = (s, kind, source, ...options) => measured(s.dir, 'load', 'store.gpkg', kind, source, ...options, '--json');
/** named: what the sentence is about, if not the source. */
function refuses(s, done, source, sentence, named = source) {
  assert.equal(done.code, 1, `${source}: ${done.stderr}`);
  assert.equal(misbehaviour(done, named), null, source);
  assert.match(done.stderr, sentence, source);
  assert.deepEqual(s.batches(), [], source);
}
const refused = (s, source, sentence, ...options) => refuses(s, load(s, 'parcel', source, ...options), source, sentence);
const sparse = (s, name, head, size) => {
  const file = openSync(s.path(name), 'w');
  writeSync(file, head);
  ftruncateSync(file, size);
  closeSync(file);
};

test('each format whole, and cut off or broken in some way', async (t) => {
  const s = scene(t), seeds = makeSeeds(s.dir), places = ['a', 'b'];
  for (const place of places) { mkdirSync(s.path(place)); cpSync(s.store, join(s.path(place), 'store.gpkg')); }
  const tasks = [];
  for (const [k, seed] of seeds.entries()) {
    const files = seed.files.length > 6 ? seed.files.filter((file) => readFileSync(s.path(file)).length > 100) : seed.files;
    tasks.push({ seed });
    const i = k % 2 ? 1 + k % 3 : 4 + (5 * k) % 12; // every other is cut off
    tasks.push({ seed, file: files[(k + i) % files.length], i });
  }
  await Promise.all(places.map(async (name) => {
    const place = s.path(name);
    for (let task = tasks.pop(); task; task = tasks.pop()) {
      const { seed: { source, kind, options, files }, file, i } = task;
      for (const part of files) { mkdirSync(join(place, part, '..'), { recursive: true }); cpSync(s.path(part), join(place, part)); }
      let how = 'whole';
      if (file) {
        const [what, bytes] = mutated(readFileSync(s.path(file)), i, 16, 7);
        how = `${file}, ${what}`;
        writeFileSync(join(place, file), bytes);
      }
      const done = await measuring(place, 'load', 'store.gpkg', kind, source, ...options, '--dry-run', '--json');
      assert.equal(misbehaviour(done, source), null, `${source}, ${how}`);
      if (!file) assert.equal(done.code, 0, `${source}: ${done.stderr}`);
      for (const part of files) rmSync(join(place, part.split('/')[0]), { recursive: true, force: true });
    }
  }));
});

// A GiB is read by the program without sanitizers, where there is one.
test('a CSV of a gigabyte in one line, one whose quotes never end, rows beyond all bounds, and NULs', (t) => {
  const s = scene(t);
  const big = (name, head, piece, bytes) => {
    const file = openSync(s.path(name), 'w'), block = Buffer.alloc(1 << 20, piece);
    writeSync(file, head);
    for (let at = 0; at < bytes; at += block.length) writeSync(file, block);
    closeSync(file);
  };
  for (const [name, head, piece, bytes, sentence] of [
    ['line.csv', '地块编号,wkt\n', '一', GIGABYTE, /line\.csv, row 2: the row is over 64 MiB: a quotation mark is not closed, or there are no line ends/],
    ['commas.csv', 'DKBH,wkt\n', ',', 80 << 20, /commas\.csv, row 2: /],
    ['quote.csv', 'DKBH,wkt\n1,"', 'x', 80 << 20, /quote\.csv, row 2: the row is over 64 MiB/]]) {
    big(name, head, piece, bytes);
    refuses(s, measuredPlain(s.dir, 'load', 'store.gpkg', 'parcel', name, ...crs, '--json'), name, sentence);
    rmSync(s.path(name));
  }
  for (const name of ['nuls.csv', 'nuls.txt', 'nuls.dxf', 'nuls.vct']) {
    sparse(s, name, '地块编号,wkt\n', 2 ** 30);
    refused(s, name, /not a text: it holds NUL bytes; save it as/, ...crs);
  }
  s.write('column.csv', Buffer.concat([Buffer.from('DKBH,DKMC,wkt\n'), ...[0, 1, 2].map((i) => Buffer.concat([Buffer.from(`D${i},`), Buffer.alloc(20), Buffer.from(`,"${box(i)}"\n`)]))]));
  refused(s, 'column.csv', /column\.csv: not a text: it holds NUL bytes/, ...crs);
});

// A ZIP with one entry whose data are already deflated, of a size that is said.
function packed(name, raw, size, crc) {
  const path = Buffer.from(name), field = Buffer.alloc(26), rest = Buffer.alloc(14), end = Buffer.alloc(22);
  field.writeUInt16LE(20, 0); field.writeUInt16LE(8, 4); field.writeUInt32LE(crc, 10); field.writeUInt32LE(raw.length, 14); field.writeUInt32LE(size, 18); field.writeUInt16LE(path.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), field, path, raw]), central = Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), field, rest, path]);
  end.write('PK\x05\x06', 'latin1'); end.writeUInt16LE(1, 8); end.writeUInt16LE(1, 10); end.writeUInt32LE(central.length, 12); end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

test('archives and workbooks that unpack to far more than they are, or to other than they say', (t) => {
  const s = scene(t), blank = Buffer.alloc(70 << 20, 32), raw = deflateRawSync(blank, { level: 1 }), crc = crc32(blank);
  const kinds = { 'bomb.zip': 'p.csv', 'bomb.kmz': 'doc.kml', 'bomb.xlsx': 'xl/workbook.xml', 'bomb.ods': 'content.xml' };
  for (const [name, inside] of Object.entries(kinds)) {
    const kind = /xlsx|ods/.test(name) ? 'compensation' : 'parcel';
    for (const size of [blank.length, 1000]) { // as it is, and as if it were small
      s.write(name, packed(inside, raw, size, crc));
      refuses(s, load(s, kind, name), name, /: bomb\.\w+(\/p\.csv, row 1)?: /);
    }
  }
  s.write('nested.zip', zip({ 'a.zip': zip({ 'b.zip': packed('p.csv', raw, blank.length, crc) }) }));
  refused(s, 'nested.zip', /nested\.zip: the archive holds no data with geometry that can be read, only: a\.zip/);
});

const kml = (more, key) => `<?xml version="1.0"?>${more}<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Schema name="dk" id="dk"><SimpleField name="DKBH" type="string"/></Schema><Placemark><ExtendedData><SchemaData schemaUrl="#dk"><SimpleData name="DKBH">${key}</SimpleData></SchemaData></ExtendedData><Polygon><outerBoundaryIs><LinearRing><coordinates>117.2,31.8 117.21,31.8 117.21,31.81 117.2,31.8</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Document></kml>`;
const gml = (more, key) => `<?xml version="1.0"?>${more}<ogr:FeatureCollection xmlns:ogr="http://ogr.maptools.org/" xmlns:gml="http://www.opengis.net/gml"><gml:featureMember><ogr:dk><ogr:DKBH>${key}</ogr:DKBH><ogr:geometryProperty><gml:Polygon srsName="EPSG:4490"><gml:outerBoundaryIs><gml:LinearRing><gml:coordinates>117.2,31.8 117.21,31.8 117.21,31.81 117.2,31.8</gml:coordinates></gml:LinearRing></gml:outerBoundaryIs></gml:Polygon></ogr:geometryProperty></ogr:dk></gml:featureMember></ogr:FeatureCollection>`;

test('entities that multiply, that fetch, that vanish, and nesting without end', (t) => {
  const s = scene(t);
  s.write('secret.txt', 'GEHEIM');
  for (const [name, make] of [['whole.kml', kml], ['whole.gml', gml]]) {
    s.write(name, make('<!-- <!DOCTYPE x [<!ENTITY e "x">]> -->', 'DK1'));
    assert.equal(load(s, 'parcel', name, '--dry-run').code, 0);
  }
  s.write('encoding.kml', gbk(kml('', '镕1').replace('"1.0"', '"1.0" encoding="GBK"')));
  refused(s, 'encoding.kml', /encoding\.kml: cannot be read as KML; .*; save it again in UTF-8/);
  s.write('none.kmz', zip({ 'a.txt': 'x' }));
  refused(s, 'none.kmz', /none\.kmz: there is no \.kml in it; copy or export it again/);
  for (const place of [`file://${s.path('secret.txt')}`, s.path('secret.txt'), 'secret.txt']) {
    s.write('fetch.kml', kml(`<!DOCTYPE kml [<!ENTITY e SYSTEM "${place}">]>`, 'A&e;B'));
    refused(s, 'fetch.kml', /fetch\.kml: cannot be read as KML/);
    s.write('fetch.gml', gml(`<!-- GML --><!DOCTYPE x [<!ENTITY e SYSTEM "${place}">]>`, 'A&e;B'));
    refused(s, 'fetch.gml', /fetch\.gml: the file declares entities/);
  }
  s.write('wide.gml', Buffer.from('\ufeff' + gml('<!DOCTYPE x [<!ENTITY e SYSTEM "secret.txt">]>', 'A&e;B'), 'utf16le'));
  refused(s, 'wide.gml', /wide\.gml: the file declares entities/);
  const laughs = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaa">' + [...'bcdefghij'].map((name, i) => `<!ENTITY ${name} "${`&${'abcdefghij'[i]};`.repeat(16)}">`).join('') + ']>';
  s.write('laughs.kml', kml(laughs, '&j;'));
  s.write('laughs.gml', gml(laughs, '&j;'));
  s.write('laughs.ods', zip({ mimetype: 'application/vnd.oasis.opendocument.spreadsheet', 'content.xml': `<?xml version="1.0"?>${laughs}<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0">&j;</office:document-content>` }));
  s.write('deep.geojson', `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"1"},"geometry":{"type":"Polygon","coordinates":${'['.repeat(200000)}`);
  s.write('deep.csv', `地块编号,wkt\n1,"${'GEOMETRYCOLLECTION('.repeat(100000)}"\n`);
  for (const name of ['laughs.kml', 'laughs.gml', 'laughs.ods', 'deep.geojson', 'deep.csv'])
    refuses(s, load(s, name.endsWith('ods') ? 'compensation' : 'parcel', name, ...(name.endsWith('csv') ? crs : [])), name, new RegExp(`: ${name.replace('.', '\\.')}`));
});

test('a file that has fewer rows than it says, or more, is refused: none is lost in silence', (t) => {
  const s = scene(t);
  s.write('source.csv', 'DKBH,DKMC,WKT\n' + [1, 2, 3, 4, 5].map((i) => `DK${i},地块${i},"${box(i)}"\n`).join(''));
  const ogr = (driver, name, ...more) => execFileSync('ogr2ogr', ['-f', driver, s.path(name), s.path('source.csv'), '-oo', 'GEOM_POSSIBLE_NAMES=WKT', '-oo', 'KEEP_GEOM_COLUMNS=NO', '-nlt', 'POLYGON', '-nln', 'dk', '-a_srs', 'EPSG:4527', ...more], { stdio: 'ignore' });
  const bytes = (name) => readFileSync(s.path(name));
  const changed = (name, how) => { const data = bytes(name); return how(data) ?? data; };
  const broken = (source, parts, sentence) => {
    const whole = Object.keys(parts).map((name) => [name, bytes(name)]);
    for (const [name, how] of Object.entries(parts)) s.write(name, changed(name, how));
    refused(s, source, sentence);
    for (const [name, data] of whole) s.write(name, data);
  };
  const loads = (source) => assert.equal(JSON.parse(load(s, 'parcel', source, '--dry-run').stdout).loaded, 5, source);
  ogr('ESRI Shapefile', 'p.shp', '-lco', 'ENCODING=GBK');
  loads('p.shp');
  const shx4 = (d) => { d.writeUInt32BE((100 + 8 * 4) / 2, 24); return d.subarray(0, 100 + 8 * 4); };
  const dbf4 = (d) => { d.writeUInt32LE(4, 4); return Buffer.concat([d.subarray(0, d.readUInt16LE(8) + 4 * d.readUInt16LE(10)), Buffer.from([0x1a])]); };
  broken('p.shp', { 'p.shx': shx4, 'p.dbf': dbf4 }, /p\.shp: more shapes are in it than the 4 of the \.shx/);
  broken('p.shp', { 'p.dbf': dbf4 }, /p\.shp: 5 shapes in the \.shx and 4 rows in the \.dbf/);
  broken('p.shp', { 'p.dbf': (d) => { d.writeUInt32LE(4, 4); } }, /p\.dbf: its header announces 4 records, and more follow/);
  broken('p.shp', { 'p.dbf': (d) => { d.writeUInt32LE(0xffffffff, 4); } }, /p\.dbf: the attribute table is cut off: its header announces 4294967295 records/);
  broken('p.shp', { 'p.shx': (d) => { d.writeUInt32BE((100 + 8 * 4) / 2, 24); } }, /p\.shx: its header announces 132 bytes, 140 are there/);
  broken('p.shp', { 'p.shx': (d) => { d.fill(0, 108, 116); } }, /p\.shx: its entry 2 leads nowhere/);
  for (const part of ['p.shp', 'p.shx']) broken('p.shp', { [part]: (d) => { d.writeUInt32BE(0xffffffff, 24); } }, new RegExp(`${part}: the file is cut off: its header announces`));
  ogr('FlatGeobuf', 'i.fgb');
  ogr('FlatGeobuf', 'n.fgb', '-lco', 'SPATIAL_INDEX=NO');
  const ends = []; // of the rows in n.fgb, by the sizes before them
  { const d = bytes('n.fgb'); for (let at = 12 + d.readUInt32LE(8); at < d.length; ends.push(at)) at += 4 + d.readUInt32LE(at); }
  for (const name of ['i.fgb', 'n.fgb']) loads(name);
  broken('i.fgb', { 'i.fgb': (d) => d.subarray(0, d.length - 50) }, /i\.fgb: the file is cut off or damaged: 4 whole rows are in it, fewer than its head announces/);
  broken('n.fgb', { 'n.fgb': (d) => d.subarray(0, ends[2]) }, /n\.fgb: the file is cut off or damaged: 3 whole rows are in it/);
  broken('n.fgb', { 'n.fgb': (d) => Buffer.concat([d, d.subarray(ends[3])]) }, /n\.fgb: its head announces 5 rows, and 6 are there/);
  ogr('GPKG', 'p.gpkg');
  loads('p.gpkg');
  const sql = (statement) => execFileSync('sqlite3', [s.path('p.gpkg'), statement], { encoding: 'utf8' });
  const [root, page] = sql("SELECT rootpage,(SELECT page_size FROM pragma_page_size) FROM sqlite_master WHERE name='dk'").trim().split('|').map(Number);
  // A leaf of the table's tree that says it has four cells instead of five (sqlite.org/fileformat2.html, 1.6).
  broken('p.gpkg', { 'p.gpkg': (d) => { const at = (root - 1) * page; assert.deepEqual([d[at], d.readUInt16BE(at + 3)], [13, 5]); d.writeUInt16BE(4, at + 3); } },
    /p\.gpkg: 4 rows are in it, fewer than the 5 that it announces/);
  // GDAL's own note of how many there are, which other programs leave as it was.
  sql('UPDATE gpkg_ogr_contents SET feature_count=9');
  loads('p.gpkg');
  ogr('OpenFileGDB', 'p.gdb');
  loads('p.gdb');
  const index = 'p.gdb/' + readdirSync(s.path('p.gdb')).filter((name) => name.endsWith('.gdbtablx')).sort().pop();
  broken('p.gdb', { [index]: (d) => { d.fill(0, 16 + 5, 16 + 10); } }, /p\.gdb: 4 rows are in it, fewer than the 5/);
  broken('p.gdb', { [index]: (d) => { d.writeUInt32LE(3, 8); } }, /p\.gdb: its \.gdbtablx knows fewer rows than the \.gdbtable says/);
  ogr('MapInfo File', 'p.mif', '-lco', 'ENCODING=CP936');
  loads('p.mif');
  broken('p.mif', { 'p.mid': (d) => d.subarray(0, d.indexOf('DK4') - 1) }, /p\.mif: reading stops after 3 rows/);
  broken('p.mif', { 'p.mid': (d) => Buffer.concat([d, Buffer.from('"DK6","x"\n')]) }, /p\.mif: 5 rows are in it, fewer than the 6/);
  ogr('MapInfo File', 'p.tab', '-lco', 'ENCODING=CP936', '-lco', 'BOUNDS=39400000,3400000,39600000,3600000');
  loads('p.tab');
  for (const [n, sentence] of [[3, /p\.dat: its header announces 3 records, and more follow/], [9, /p\.dat: the attribute table is cut off/]]) broken('p.tab', { 'p.dat': (d) => { d.writeUInt32LE(n, 4); } }, sentence);
});

test('the wrong zone, the wrong encoding, one wrong byte, crossing edges, control characters', (t) => {
  const s = scene(t), two = [0, 200].map((x, i) => ({ DKBH: `DK${i}`, DKMC: '镕城', wkt: wkt(square(39520000 + x, 3521000)) }));
  shapefile(s, 'zone', two, { srs: 'EPSG:4528' });
  refused(s, 'zone.shp', /zone\.shp, row 1: the easting 39520000 begins with zone 39, which contradicts .*zone 40.*; say the right one with --crs; all 2 geometries/);
  s.write('zone.csv', `DKBH,wkt\nZ1,"${box(0)}"\n`);
  const single = load(s, 'parcel', 'zone.csv', '--crs', 'EPSG:4528');
  refuses(s, single, 'zone.csv', /zone\.csv, row 2: .*say the right one with --crs$/m);
  s.write('far.csv', `DKBH,wkt\nZ1,"${wkt(square(39520000, 4521000))}"\n`);
  refused(s, 'far.csv', /far\.csv, row 2: .* lies outside the catalogue's extent \(.*\); correct it, say the right coordinate system with --crs, or load it into a store/, ...crs);
  s.write('utf16.csv', Buffer.from('\ufeff地块编号,wkt\n', 'utf16le'));
  refused(s, 'utf16.csv', /utf16\.csv: the text is UTF-16; save it as CSV UTF-8 and load that/);
  s.write('cross.csv', 'DKBH,wkt\nX1,"POLYGON((39520000 3521000,39520100 3521100,39520100 3521000,39520000 3521100,39520000 3521000))"\n');
  refused(s, 'cross.csv', /cross\.csv, row 2: the polygon is not valid: Self-intersection/, ...crs);
  s.write('count.txt', '[属性描述]\n坐标系=2000国家大地坐标系\n几度分带=3\n带号=39\n[地块坐标]\n9,1,D1,甲,面,,,,@\nJ1,1,3521000,39520000\nJ2,1,3521000,39520100\nJ3,1,3521100,39520100\n');
  assert.equal(misbehaviour(load(s, 'parcel', 'count.txt', '--dry-run'), 'count.txt'), null);
  for (const [name, text] of [['empty.csv', ''], ['empty.shp', ''], ['empty.gpkg', ''], ['empty.xlsx', '']]) {
    s.write(name, text);
    refused(s, name, /: the file is empty; copy it again$/m);
  }
  s.write('head.csv', 'DKBH,wkt\n');
  refused(s, 'head.csv', /head\.csv: the file has no rows; is it the right one, and whole\?/, ...crs);
  // What a terminal would obey is shown as question marks, in failures and in notes.
  s.write('esc.csv', '补偿编号,地块编号,\x1b]0;x\x07\n1,DK1,2\n');
  refuses(s, load(s, 'compensation', 'esc.csv'), 'esc.csv', /^dikuai-ingest: esc\.csv: compensation knows no field for the column \?\]0;x\?;/);
  s.write('note.csv', '补偿编号,地块编号\n1,DK\x1b[31m1\n');
  const note = s.run('load', s.store, 'compensation', 'note.csv', '--batch', 'a\x1b]0;x\x07b');
  assert.equal(note.code, 0, note.stderr);
  const listed = s.run('batches', s.store);
  assert.match(listed.stdout, /a\?\]0;x\?b/);
  for (const said of [note.stdout, listed.stdout]) assert.doesNotMatch(said, /[\x00-\x09\x0b-\x1f\x7f]/);
});

test('a text in UTF-8 with one wrong byte is a broken text in UTF-8, and no GB18030', (t) => {
  const s = scene(t), good = Array.from({ length: 40 }, (_, i) => `D${i},镕城第${i}号地块,"${box(i)}"\n`).join('');
  const bytes = Buffer.from(`DKBH,DKMC,wkt\n${good}`);
  bytes[bytes.indexOf('第20号') + 1] = 0x20;
  s.write('one.csv', bytes);
  const one = load(s, 'parcel', 'one.csv', ...crs, '--allow-rejects', '--publish'), summary = JSON.parse(one.stdout);
  assert.deepEqual([one.code, summary.loaded, summary.rejected], [0, 39, 1], one.stderr);
  assert.match(s.read('one.csv.rejects.csv'), /^one\.csv,22,.*column DKMC: its bytes are not text in UTF-8/m);
  assert.equal(s.rows('parcel').find((f) => f.properties.id === 'D5').properties.name, '镕城第5号地块');
  s.write('gbk.csv', gbk(`DKBH,DKMC,wkt\n${good.replaceAll('D', 'G')}`.replace('GKBH,GKMC', 'DKBH,DKMC')));
  assert.equal(load(s, 'parcel', 'gbk.csv', ...crs, '--publish').code, 0);
  assert.equal(s.rows('parcel').find((f) => f.properties.id === 'G5').properties.name, '镕城第5号地块');
});

test('a broken ledger to join, or transformation file, is what the sentence is about', (t) => {
  const s = scene(t);
  shapefile(s, 'p', [0, 1].map((i) => ({ TBBH: `T${i}`, wkt: box(i) })));
  const ledger = '地块编号,地块名称\nT0,甲\nT1,乙\n', book = xlsx([['地块编号', '地块名称'], ['T0', '甲'], ['T1', '乙']]);
  const joined = (name) => load(s, 'parcel', 'p.shp', '--join', name, '--on', 'TBBH=地块编号', '--field', 'id=TBBH');
  for (const [name, text, sentence] of [
    ['a.csv', '', /the file is empty; copy it again/],
    ['b.csv', '地块编号,地块名称\n', /the ledger has no row with a value in 地块编号; is it the right one/],
    ['c.csv', '编号,地块名称\nT0,甲\n', /--on 地块编号: the ledger has no such column; it has: 编号, 地块名称/],
    ['d.csv', '地块编号,地块名称\nT0,\0\0\n', /not a text: it holds NUL bytes/],
    ['e.csv', '地块编号,地块名称\nT0,"甲\nT1,乙\n', /row 2: a quotation mark is opened and never closed; close it/],
    ['f.csv', Buffer.from('\ufeff' + ledger, 'utf16le'), /the text is UTF-16/],
    ['g.xlsx', book.subarray(0, 500), /the file is damaged or no XLSX: save it again/],
    ['h.xlsx', '<html><table>', /a web page or XML with the name of a sheet/],
    ['i.zip', zip({ 'i.csv': ledger }), /a ledger to join is one file; unpack it, and give the table inside/]]) {
    s.write(name, text);
    refuses(s, joined(name), 'p.shp', sentence, name);
  }
  refuses(s, joined('none.csv'), 'p.shp', /none\.csv: there is no such file/, 'none.csv');
  // A row of it that cannot be read rejects what belongs to it, and nothing else.
  s.write('bad.csv', Buffer.concat([Buffer.from('地块编号,地块名称\nT0,甲乙丙丁戊己庚辛壬癸'), Buffer.from([0xe6]), Buffer.from('\nT1,乙乙乙乙乙乙乙乙乙乙\n')]));
  const bad = JSON.parse(load(s, 'parcel', 'p.shp', '--join', 'bad.csv', '--on', 'TBBH=地块编号', '--field', 'id=TBBH', '--dry-run').stdout);
  assert.deepEqual([bad.loaded, bad.rejected], [1, 1]);
  assert.match(s.read('p.shp.rejects.csv'), /row 2 of bad\.csv: column 地块名称: its bytes are not text in UTF-8/);
  const parameters = 'name: 某县\nfrom: xian80\nmethod: helmert7\nconvention: position_vector\nx: 1.0\ny: 2.0\nz: 3.0\nrx: 0.1\nry: 0.1\nrz: 0.1\nscale: 0.5\n';
  s.write('o.csv', `DKBH,wkt\nO1,"${box(0)}"\n`);
  const laughs = 'a: &a ["x","x"]\n' + Array.from({ length: 20 }, (_, i) => `b${i}: &b${i} [${i ? `*b${i - 1},*b${i - 1}` : '*a,*a'}]\n`).join('');
  for (const [name, text, sentence] of [
    ['a.yaml', '', /a\.yaml:1: the transformation file is empty; write at least/],
    ['b.yaml', parameters.slice(0, 60), /b\.yaml:1: '\w+' is missing; add it/],
    ['c.yaml', '\0'.repeat(50), /c\.yaml:1: this is not UTF-8 text/],
    ['f.yaml', '['.repeat(5000), /f\.yaml:1: lists and mappings are nested more than 32 deep/],
    ['g.yaml', laughs + parameters, /g\.yaml:1: .*is not a key here/],
    ['h.yaml', parameters + '#'.repeat(2 << 20), /h\.yaml: it has more than 1 MiB/],
    ['j.yaml', parameters + 'x: 5\n', /j\.yaml:12: .*is written twice/]]) {
    s.write(name, text);
    refuses(s, load(s, 'parcel', 'o.csv', '--crs', 'EPSG:2363', '--transformation', name), 'o.csv', sentence, name);
  }
});

test('broken files between whole ones of a folder: each is named with its reason, the others load whole, and the report tells no values', (t) => {
  const s = scene(t);
  mkdirSync(s.path('资料'));
  const write = (name, text) => s.write(`资料/${name}`, text);
  const row = (key) => `DKBH,wkt\n${key},"${box(Number(key.slice(1)))}"\n`;
  write('a.csv', row('A1'));
  write('b空.csv', '');
  write('c.zip', zip({ 'c.csv': row('C2') }));
  write('d.zip', zip({ 'd.csv': row('D3') }).subarray(0, 40));
  write('e.kml', kml('<!DOCTYPE kml [<!ENTITY e SYSTEM "a.csv">]>', 'A&e;B'));
  write('f.geojson', '{"type":"FeatureCollection","features":[{"type":"Feature"');
  write('g.csv', row('G4'));
  write('h.fgb', 'fgb');
  write('i.csv', `342225199001011234,wkt\nI5,"${box(5)}"\n`); // a row where the header should be
  write('j.dxf', '0\nSECTION\n张三342225199001011234\nX\n');
  write('k.gdb', '');
  write('l.txt', '[属性描述]\n坐标系=2000国家大地坐标系\n几度分带=3\n带号=39\n[地块坐标]\n');
  write('z.csv', row('Z6'));
  const done = load(s, 'parcel', '资料', ...crs, '--all-formats', '--allow-rejects', '--publish', '--report', 'r.json', '--report', 'r.html');
  assert.equal(done.code, 0, done.stderr);
  const summary = JSON.parse(done.stdout.trim().split('\n').pop());
  const kept = s.rows('parcel').map((f) => f.properties.id).sort();
  assert.deepEqual(kept, ['A1', 'C2', 'G4', 'Z6']);
  const rejects = s.read('资料.rejects.csv').trim().split('\n').slice(1).map((line) => line.match(/^资料\/([^,]+),,,(.*)/)).map(([, name, reason]) => [name, reason]);
  assert.deepEqual(rejects.map(([name]) => name).sort(), ['b空.csv', 'd.zip', 'e.kml', 'f.geojson', 'h.fgb', 'i.csv', 'j.dxf', 'k.gdb', 'l.txt'], JSON.stringify(rejects));
  assert.equal(summary.files_failed, 9);
  const of = Object.fromEntries(rejects);
  assert.match(of['i.csv'], /342225199001011234/);
  assert.match(of['j.dxf'], /张三342225199001011234/);
  const report = JSON.parse(s.read('r.json')), rows = report.checks.find((c) => c.check === 'rejected').rows;
  assert.equal(rows.length, 9);
  for (const name of ['r.json', 'r.html']) assert.doesNotMatch(s.read(name), /342225199001011234|张三/);
  assert.match(rows.find((r) => r.source.endsWith('i.csv')).reason, /i\.csv: its columns do not fit; how they are called stands in the rejects file only/);
  assert.match(rows.find((r) => r.source.endsWith('j.dxf')).reason, /"\.\.\." stands where a group code must be/);
  assert.match(s.read('r.html'), /文件损坏或不完整 <code>damaged<\/code>/);
});
