// What the end-to-end tests of dikuai-ingest share: running it, and making input files without its help.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync, readFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const program = process.env.DK_INGEST;
if (!program) throw new Error('DK_INGEST must name the built dikuai-ingest');

// A small catalogue over all of Anhui, so that the published fixture near Hefei lies inside.
export const catalogue = `
title: 测试目录
publisher: 测试
map_approval_no: 无
extent: [114.5, 29.0, 120.0, 35.0]
layers:
  - name: parcel
    title: 征收地块
    geometry: polygon
    key: {field: id, qualify: [project_id, source]}
    division: division
    label: name
    zooms: [6, 16]
    ignore: [OBJECTID]
    fields:
      - {name: id, title: 地块编号, type: text, audience: public, required: true, tiles: true, aliases: [DKBH]}
      - {name: name, title: 地块名称, type: text, audience: public, aliases: [DKMC]}
      - {name: division, title: 行政区划代码, type: division, audience: public, aliases: [XZQDM]}
      - {name: project_id, title: 项目编号, type: text, audience: public, aliases: [XMBH]}
      - {name: approval_no, title: 批准文号, type: approval_no, audience: public, aliases: [PZWH]}
      - {name: project_name, title: 征收土地项目名称, type: text, audience: public}
      - {name: area_declared_ha, title: 地块面积, type: number, unit: ha, audience: public, declares_area: true, aliases: [DKMJ]}
      - {name: area_m2, title: 椭球面积, type: number, unit: m2, audience: public, computed: area}
records:
  - name: approval
    title: 批复
    key: {field: approval_no}
    date: approved_on
    label: approval_no
    fields:
      - {name: approval_no, title: 批准文号, type: approval_no, audience: public, required: true, aliases: [文号]}
      - {name: approved_on, title: 批准时间, type: date, audience: public, aliases: [批准日期]}
      - {name: area_total_ha, title: 总面积, type: number, unit: ha, audience: public}
  - name: compensation
    title: 补偿
    key: {field: id}
    date: paid_on
    fields:
      - {name: id, title: 补偿编号, type: text, audience: public, required: true}
      - {name: parcel_id, title: 地块编号, type: text, audience: public, required: true}
      - {name: total, title: 补偿总额, type: number, unit: yuan, audience: public}
      - {name: paid_on, title: 支付日期, type: date, audience: public}
      - {name: id_number, title: 身份证号, type: text, audience: never}
links:
  - from: parcel
    to: approval
    on:
      - match: {approval_no: approval_no}
  - from: compensation
    to: parcel
    on:
      - match: {parcel_id: id}
`;

// A directory with a new store; removed after the test.
export function scene(t, text = catalogue) {
  const dir = mkdtempSync(join(tmpdir(), 'dk-ingest-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const path = (name) => join(dir, name);
  writeFileSync(path('catalogue.yaml'), text);
  const self = {
    dir, path,
    store: path('store.gpkg'),
    write: (name, content) => { writeFileSync(path(name), content); return path(name); },
    read: (name) => readFileSync(path(name), 'utf8'),
    exists: (name) => existsSync(path(name)),
    run: (...args) => run(dir, ...args),
    load: (kind, ...args) => run(dir, 'load', self.store, kind, ...args, '--json'),
    // The published rows as GDAL reads them from the store, which is a GeoPackage.
    rows: (layer) => JSON.parse(execFileSync('ogr2ogr', ['-f', 'GeoJSON', '-lco', 'COORDINATE_PRECISION=10', '/vsistdout/',
      self.store, layer], { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] })).features,
    batches: () => JSON.parse(run(dir, 'batches', self.store, '--json').stdout).batches,
  };
  const empty = emptyStore(text);
  copyFileSync(empty, self.store);
  copyFileSync(empty + '-lock', self.store + '-lock');
  return self;
}

// A store of each catalogue is made once by every file of tests, and copied: there are some 260 scenes.
const empties = mkdtempSync(join(tmpdir(), 'dk-ingest-empty-')), emptyOf = new Map();
process.on('exit', () => rmSync(empties, { recursive: true, force: true }));

function emptyStore(text) {
  if (!emptyOf.has(text)) {
    const store = join(empties, `${emptyOf.size}.gpkg`);
    writeFileSync(store + '.yaml', text);
    const made = run(empties, 'create', store, '--catalogue', store + '.yaml');
    if (made.code !== 0) throw new Error(made.stderr);
    emptyOf.set(text, store);
  }
  return emptyOf.get(text);
}

export function run(cwd, ...args) {
  const done = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: 60000 });
  let json = null, events = [];
  try { // one line, and events before it
    const lines = done.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
    json = lines.pop();
    events = lines;
  } catch { /* not --json */ }
  return { code: done.status, stdout: done.stdout, stderr: done.stderr, json, events };
}

// Text in GBK, by iconv of the C library's tools.
export function gbk(text) {
  return execFileSync('iconv', ['-f', 'UTF-8', '-t', 'GBK'], { input: text, maxBuffer: 1 << 28 });
}

// A ring as WKT from corner pairs, closed.
export const wkt = (...rings) => 'POLYGON(' + rings.map((ring) => '(' + [...ring, ring[0]].map((p) => p.join(' ')).join(',') + ')').join(',') + ')';
export const square = (x, y, size = 100) => [[x, y], [x + size, y], [x + size, y + size], [x, y + size]];

// A shapefile written by GDAL. rows: objects with a wkt property; the other properties are its columns.
export function shapefile(s, name, rows, { srs = 'EPSG:4527', encoding = 'GBK' } = {}) {
  const columns = Object.keys(rows[0]).filter((key) => key !== 'wkt');
  const quote = (text) => '"' + String(text).replaceAll('"', '""') + '"';
  const csv = [columns.concat('WKT').map(quote).join(',')]
    .concat(rows.map((row) => columns.map((key) => quote(row[key])).concat(quote(row.wkt)).join(',')));
  const from = s.write(name + '.source.csv', csv.join('\n') + '\n');
  execFileSync('ogr2ogr', ['-f', 'ESRI Shapefile', s.path(name + '.shp'), from, '-oo', 'GEOM_POSSIBLE_NAMES=WKT',
    '-oo', 'KEEP_GEOM_COLUMNS=NO', '-lco', 'ENCODING=' + encoding, ...(srs ? ['-a_srs', srs] : [])], { stdio: 'ignore' });
  return s.path(name + '.shp');
}

// ---- an XLSX as Excel writes it: a ZIP (stored) of sheet, shared strings and styles ----
const crcTable = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
export const crc32 = (data) => {
  let c = 0xffffffff;
  for (const byte of data) c = crcTable[(c ^ byte) & 0xff] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
};

export function zip(files) {
  const parts = [], directory = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const data = Buffer.from(text), path = Buffer.from(name), crc = crc32(data);
    const local = Buffer.alloc(30), central = Buffer.alloc(46);
    local.writeUInt32LE(0x04034b50, 0); local.writeUInt16LE(20, 4);
    local.writeUInt32LE(crc, 14); local.writeUInt32LE(data.length, 18); local.writeUInt32LE(data.length, 22);
    local.writeUInt16LE(path.length, 26);
    central.writeUInt32LE(0x02014b50, 0); central.writeUInt16LE(20, 4); central.writeUInt16LE(20, 6);
    central.writeUInt32LE(crc, 16); central.writeUInt32LE(data.length, 20); central.writeUInt32LE(data.length, 24);
    central.writeUInt16LE(path.length, 28); central.writeUInt32LE(offset, 42);
    parts.push(local, path, data);
    directory.push(central, path);
    offset += 30 + path.length + data.length;
  }
  const size = directory.reduce((n, part) => n + part.length, 0), end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0); end.writeUInt16LE(directory.length / 2, 8); end.writeUInt16LE(directory.length / 2, 10);
  end.writeUInt32LE(size, 12); end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

// rows: arrays of cells; null leaves a gap, a string is a text cell, {n: '3.4E+17'} a number as written, {d: 43997} a
// date by its style. An empty array is a row that is not there, one with hidden: true is not shown. merges: such as 'A1:B2'.
export function xlsx(rows, sheet = 'Sheet1', merges = [], columns = '') {
  const strings = [], formats = [];
  const style = (code) => 2 + (formats.includes(code) ? formats.indexOf(code) : formats.push(code) - 1);
  const column = (i) => String.fromCharCode(65 + i);
  const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const cell = (value, r, c) => {
    const ref = `${column(c)}${r + 1}`;
    if (value === null) return '';
    if (typeof value === 'string') {
      strings.push(value);
      return `<c r="${ref}" t="s"><v>${strings.length - 1}</v></c>`;
    }
    if ('f' in value) return `<c r="${ref}" s="${style(value.f)}"><v>${value.n}</v></c>`;
    return 'd' in value ? `<c r="${ref}" s="1"><v>${value.d}</v></c>` : `<c r="${ref}"><v>${value.n}</v></c>`;
  };
  const data = rows.map((row, r) => row.length ? `<row r="${r + 1}"${row.hidden ? ' hidden="1"' : ''}>${row.map((v, c) => cell(v, r, c)).join('')}</row>` : '').join('');
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main', rel = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
  return zip({
    '[Content_Types].xml': `${head}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>`,
    '_rels/.rels': `${head}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `${head}<workbook xmlns="${main}" xmlns:r="${rel}"><sheets><sheet name="${sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `${head}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${rel}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${rel}/styles" Target="styles.xml"/><Relationship Id="rId3" Type="${rel}/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
    'xl/styles.xml': `${head}<styleSheet xmlns="${main}"><numFmts count="${formats.length}">${formats.map((code, i) => `<numFmt numFmtId="${164 + i}" formatCode="${escape(code).replaceAll('"', '&quot;')}"/>`).join('')}</numFmts><cellXfs count="${2 + formats.length}"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/>${formats.map((_, i) => `<xf numFmtId="${164 + i}" applyNumberFormat="1"/>`).join('')}</cellXfs></styleSheet>`,
    'xl/worksheets/sheet1.xml': `${head}<worksheet xmlns="${main}">${columns}<sheetData>${data}</sheetData>${merges.length ? `<mergeCells>${merges.map((ref) => `<mergeCell ref="${ref}"/>`).join('')}</mergeCells>` : ''}</worksheet>`,
    'xl/sharedStrings.xml': `${head}<sst xmlns="${main}" count="${strings.length}" uniqueCount="${strings.length}">${strings.map((text) => `<si><t>${escape(text)}</t></si>`).join('')}</sst>`,
  });
}
