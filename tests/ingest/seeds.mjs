// A small whole file of each format that dikuai-ingest reads, written by other programs where one writes it, to be broken
// by tests; and running the program with its memory measured.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Drawing } from './drawings.mjs';
import { gbk, program, square, wkt, xlsx, zip } from './helpers.mjs';
import { smallGeodatabase } from './jet_mdb.mjs';

const tests = join(dirname(fileURLToPath(import.meta.url)), '..');
export const crs = ['--crs', 'EPSG:4527'];
const text = (lines) => lines.join('\n') + '\n';

const surveyTxt = text(['[属性描述]', '坐标系=2000国家大地坐标系', '几度分带=3', '投影类型=高斯克吕格', '计量单位=米', '带号=39', '精度=0.001', '转换参数=,,,,,,', '[地块坐标]',
  ...['DK1', 'DK2'].flatMap((id, k) => [`4,1.0000,${id},镕城${k},面,,工业用地,,@`, ...square(3521000, 39520000 + 200 * k).map(([n, e], i) => `J${i + 1},1,${n}.000,${e}.000`)])]);
const vctPlaces = (id, x) => text([id, '2001010100', 'unknown', '1', `${39520005 + x}.000,3521005.000`, '1', '11', '4',
  ...square(39520000 + x, 3521000).map(([e, n]) => `${e}.000,${n}.000`), '0']);
const vct = text(['HeadBegin', 'DataMark:CNSDTF-VCT', 'Version:GB/T 17798-2007', 'CoordinateSystemType:P', 'Dim:2', 'XAxisDirection:E', 'YAxisDirection:N', 'XYUnit:M',
  'Spheroid:CGCS2000,6378137.0,298.257222101', 'Projection:高斯-克吕格投影', 'Parameters:117,1,39500000,0,3,39', 'Offset:0,0', 'Separator:,', 'HeadEnd',
  'FeatureCodeBegin', '2001010100,地类图斑,Polygon,DLTB', 'FeatureCodeEnd', 'TableStructureBegin', 'DLTB,2', 'DKBH,Char,18', 'DKMC,Char,60', '0', 'TableStructureEnd',
  'LineBegin', 'LineEnd', 'PolygonBegin']) + vctPlaces(101, 0) + vctPlaces(102, 200)
  + text(['PolygonEnd', 'AttributeBegin', 'DLTB', '101,DK1,镕城一号', '102,DK2,镕城二号', 'TableEnd', 'AttributeEnd']);

/**
 * Writes the files into a folder. Each: { source, kind, options, files: all that belong to it, names within the folder }.
 * All load as they are.
 */
export function makeSeeds(dir) {
  const path = (name) => join(dir, name);
  const csv = `DKBH,DKMC,PZWH,DKMJ,WKT\n` + [0, 1, 2].map((i) => `DK${i + 1},镕城${i + 1}号,皖政地〔2020〕${i + 1}号,1.0,"${wkt(square(39520000 + 200 * i, 3521000), square(39520020 + 200 * i, 3521020, 20))}"\n`).join('');
  writeFileSync(path('source.csv'), csv);
  const ogr = (driver, name, ...more) => execFileSync('ogr2ogr', ['-f', driver, path(name), path('source.csv'), '-oo', 'GEOM_POSSIBLE_NAMES=WKT', '-oo', 'KEEP_GEOM_COLUMNS=NO',
    '-nlt', 'POLYGON', '-nln', 'dk', ...(/KML|GeoJSON/.test(driver) ? ['-s_srs', 'EPSG:4527', '-t_srs', 'EPSG:4326'] : ['-a_srs', 'EPSG:4527']), ...more], { stdio: 'ignore' });
  const seeds = [];
  const add = (source, { kind = 'parcel', options = [], files = [source] } = {}) => seeds.push({ source, kind, options, files });
  const written = (driver, source, endings, ...more) => {
    ogr(driver, source, ...more);
    const stem = source.replace(/\.[a-z]+$/, '');
    add(source, { files: endings.map((ending) => `${stem}.${ending}`) });
  };
  written('ESRI Shapefile', 'shape.shp', ['shp', 'shx', 'dbf', 'prj', 'cpg'], '-lco', 'ENCODING=GBK');
  written('GPKG', 'pack.gpkg', ['gpkg']);
  written('GeoJSON', 'plain.geojson', ['geojson']);
  written('GeoJSONSeq', 'lines.geojsonl', ['geojsonl']);
  written('FlatGeobuf', 'flat.fgb', ['fgb']);
  written('LIBKML', 'google.kml', ['kml']);
  written('LIBKML', 'packed.kmz', ['kmz']);
  written('GML', 'markup.gml', ['gml', 'xsd']);
  written('MapInfo File', 'table.tab', ['tab', 'dat', 'map', 'id'], '-lco', 'ENCODING=CP936', '-lco', 'BOUNDS=39400000,3400000,39600000,3600000');
  written('MapInfo File', 'inter.mif', ['mif', 'mid'], '-lco', 'ENCODING=CP936');
  ogr('OpenFileGDB', 'base.gdb');
  add('base.gdb', { files: readdirSync(path('base.gdb')).map((name) => `base.gdb/${name}`) });
  writeFileSync(path('access.mdb'), smallGeodatabase());
  add('access.mdb', { options: ['--layer', '征收地块', '--ignore', '*'] });
  copyFileSync(join(tests, 'ingest', 'data', 'ezdxf_r2000_gbk.dxf'), path('drawing.dxf'));
  add('drawing.dxf', { options: [...crs, '--field', 'id=句柄', '--field', 'name=文字', '--holes', '--allow-rejects'] });
  const drawing = new Drawing();
  for (let i = 0; i < 3; i++) {
    drawing.polyline(square(39520000 + 200 * i, 3521000).slice(0, 4), '征地红线');
    drawing.text(`镕城${i + 1}号`, 39520050 + 200 * i, 3521050, '注记');
  }
  drawing.heavy([[39520600, 3521000, 0.5], [39520700, 3521000], [39520700, 3521100]], '征地红线');
  writeFileSync(path('plan.dwg'), drawing.dwg());
  add('plan.dwg', { options: [...crs, '--field', 'id=句柄', '--field', 'name=文字', '--holes', '--allow-rejects'] });
  writeFileSync(path('land.vct'), gbk(vct));
  add('land.vct');
  writeFileSync(path('survey.txt'), gbk(surveyTxt));
  add('survey.txt');
  writeFileSync(path('places.csv'), gbk(csv));
  add('places.csv', { options: crs });
  const ledger = [['补偿编号', '地块编号', '补偿总额', '支付日期'], ['1', 'DK1', { n: '100.5' }, { d: 43997 }], ['2', 'DK2', { n: '7' }, { d: 43998 }]];
  writeFileSync(path('ledger.csv'), '补偿编号,地块编号,补偿总额,支付日期\n1,DK1,100.5,2020-06-15\n2,DK2,7,2020年6月16日\n');
  add('ledger.csv', { kind: 'compensation' });
  writeFileSync(path('book.xlsx'), xlsx(ledger));
  add('book.xlsx', { kind: 'compensation' });
  for (const ending of ['xls', 'ods', 'xlsx']) { // LibreOffice wrote them; see tests/sheets/table.mjs
    copyFileSync(join(tests, 'sheets', `table.${ending}`), path(`office.${ending}`));
    add(`office.${ending}`, { kind: 'compensation', options: ['--ignore', '*', '--merged', 'total=first', '--allow-rejects'] });
  }
  copyFileSync(path('shape.dbf'), path('alone.dbf'));
  add('alone.dbf', { kind: 'compensation', options: ['--field', 'id=DKBH', '--field', 'parcel_id=DKBH', '--ignore', '*'] });
  const inside = (endings) => Object.fromEntries(endings.map((ending) => [`资料/地块.${ending}`, readFileSync(path(`shape.${ending}`))]));
  writeFileSync(path('papers.zip'), zip(inside(['shp', 'shx', 'dbf', 'prj'])));
  add('papers.zip');
  mkdirSync(path('folder/东乡'), { recursive: true });
  for (const ending of ['shp', 'shx', 'dbf', 'prj']) copyFileSync(path(`shape.${ending}`), path(`folder/东乡/地块.${ending}`));
  add('folder', { files: ['shp', 'shx', 'dbf', 'prj'].map((ending) => `folder/东乡/地块.${ending}`) });
  return seeds;
}

// Under ASan freed memory is kept back, and each byte has its shadow.
const sanitized = readFileSync(program).includes('__asan_init');
/** The most memory a load of a small or a broken file may take, in MiB; GDAL alone takes 50, with ASan 200. */
export const MOST_MEMORY = sanitized ? 400 : 160;
export const MOST_SECONDS = 60;

const build = process.env.DK_BUILD ?? 'build', peak = join(build, 'tests', 'peak'), unsanitized = join(build, 'ingest', 'dikuai-ingest');
// libkml leaks a ZIP that it cannot open.
const environment = { ...process.env, LSAN_OPTIONS: `suppressions=${join(tests, 'fuzz', 'leaks.txt')}:print_suppressions=0`, ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? 'exitcode=99'}:quarantine_size_mb=16` };
const finished = (cwd, status, stdout, stderr, began) => ({ code: status, stdout, stderr, seconds: (Date.now() - began) / 1000,
  memory: existsSync(join(cwd, 'peak')) ? Number(readFileSync(join(cwd, 'peak'), 'utf8')) / 1024 : NaN });

/** Runs the program in a folder: its exit code, what it said, its seconds and its peak of memory in MiB. */
export const measured = (cwd, ...args) => measure(program, cwd, args);
/** The same of the program of DK_BUILD, which has no sanitizers in tests/run: for what is large. */
export const measuredPlain = (cwd, ...args) => measure(unsanitized, cwd, args);
/** A gigabyte, or an eighth of it where that program has sanitizers and is too slow. */
export const GIGABYTE = readFileSync(unsanitized).includes('__asan_init') ? 1 << 27 : 1 << 30;
function measure(which, cwd, args) {
  const began = Date.now();
  const done = spawnSync(peak, [join(cwd, 'peak'), which, ...args], { cwd, encoding: 'utf8', env: environment, timeout: MOST_SECONDS * 1000 });
  return finished(cwd, done.status, done.stdout, done.stderr, began);
}
/** The same, while other things go on. */
export function measuring(cwd, ...args) {
  return new Promise((resolve) => {
    const began = Date.now();
    const child = spawn(peak, [join(cwd, 'peak'), program, ...args], { cwd, env: environment, timeout: MOST_SECONDS * 1000, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (data) => { said[name] += data; });
    child.on('close', (status) => resolve(finished(cwd, status, said.stdout, said.stderr, began)));
  });
}

/**
 * What is wrong with how a load of a broken file ended, or null. It may succeed (not all damage can be seen); if not, it
 * says one clear sentence about the file.
 */
export function misbehaviour({ code, stderr, seconds, memory }, source) {
  const lines = stderr.trim().split('\n');
  if (code !== 0 && code !== 1) return `it ended with ${code}: ${stderr.slice(0, 2000)}`;
  if (!(memory < MOST_MEMORY)) return `it took ${Math.round(memory)} MiB`;
  if (seconds > MOST_SECONDS) return `it took ${seconds} s`;
  if (code === 0) return stderr.trim() === '' ? null : `it succeeded and said: ${stderr}`;
  if (lines.length === 2 && /^dikuai-ingest: the rejected rows are in .+ with their reasons$/.test(lines[1])) lines.pop();
  if (lines.length !== 1) return `it said ${lines.length} lines: ${stderr}`;
  if (!lines[0].startsWith('dikuai-ingest: ')) return `it said: ${lines[0]}`;
  if (/[\x00-\x1f\x7f-\x9f]/.test(lines[0])) return `its sentence is no clean text: ${JSON.stringify(lines[0])}`;
  if (lines[0].length > 1500) return `its sentence has ${lines[0].length} characters: ${lines[0]}`;
  if (/no reason given|\/tmp\/dikuai-|vsimem|\(null\)|: :|unknown error/i.test(lines[0])) return `its sentence says what nobody knows: ${lines[0]}`;
  const stem = basename(source).replace(/\.[a-z]+$/, '');
  if (!lines[0].includes(stem)) return `its sentence does not name the file: ${lines[0]}`;
  return null;
}
