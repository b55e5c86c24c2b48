// The sample data: the same bytes every time, geometry that holds by GEOS, records that link, nothing that could be real.
// Reads with GDAL's programs and Node's decoders, not with dikuai's own code. DK_BUILD: the build directory.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const dangshan = join(root, 'samples', 'dangshan');
const generate = join(root, 'samples', 'generate');
let scratch;
before(() => { scratch = mkdtempSync(join(tmpdir(), 'dikuai-samples-')); });
after(() => rmSync(scratch, { recursive: true, force: true }));

const run = (folder, ...options) => {
  const out = join(scratch, folder);
  execFileSync(generate, [out, ...options], { stdio: ['ignore', 'ignore', 'inherit'] });
  return out;
};

// RFC 4180.
function parseCsv(text) {
  const rows = [[]];
  let cell = '', quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') { cell += '"'; i++; } else if (c === '"') quoted = false; else cell += c;
    } else if (c === '"') quoted = true;
    else if (c === ',') { rows.at(-1).push(cell); cell = ''; }
    else if (c === '\n') { rows.at(-1).push(cell); cell = ''; rows.push([]); }
    else if (c !== '\r') cell += c;
  }
  if (cell !== '' || rows.at(-1).length > 0) rows.at(-1).push(cell); else rows.pop();
  const [header, ...body] = rows;
  return body.map((values) => Object.fromEntries(header.map((name, i) => [name, values[i] ?? ''])));
}
const csv = (file, encoding = 'utf-8') =>
  parseCsv(new TextDecoder(encoding, { fatal: true }).decode(readFileSync(join(dangshan, file))));
const viaGdal = (file, ...options) => parseCsv(execFileSync('ogr2ogr', ['-f', 'CSV', '/vsistdout/', file, ...options],
  { env: { ...process.env, OGR_XLSX_HEADERS: 'FORCE' }, encoding: 'utf8', maxBuffer: 1 << 28 }));
const sheet = (file) => viaGdal(join(dangshan, file));
const layer = (file) => viaGdal(join(dangshan, file), ...(file.endsWith('.shp') ? ['-oo', 'ENCODING=CP936'] : []));
const ask = (file, sql) => viaGdal(file, '-dialect', 'sqlite', '-sql', sql)[0];
const near = (a, b, tolerance, what) => assert.ok(Math.abs(a - b) <= tolerance, `${what}: ${a} and ${b}`);

// Every bracket and digit that a clerk may type, as one way of writing.
const plainNo = (no) => no.normalize('NFKC').replace(/[[(【]/g, '〔').replace(/[\])】]/g, '〕').trim();
const numbersOf = (text) => text.split('、').map(plainNo).filter((no) => no !== '');
const plainDate = (text) => {
  const [, y, m, d] = /^(\d{4})[-年./](\d{1,2})[-月./](\d{1,2})日?$/.exec(text);
  return `${y}-${m.padStart(2, '0')}-${d.padStart(2, '0')}`;
};

/** The files in a folder and those below it. */
const namesIn = (folder) => readdirSync(folder, { recursive: true }).filter((name) => statSync(join(folder, name)).isFile()).sort();

test('the same arguments give the same bytes, another seed gives others', () => {
  const files = (folder) => Object.fromEntries(namesIn(folder).map((name) => [name, readFileSync(join(folder, name))]));
  for (const options of [[], ['--format', 'gpkg', '--encoding', 'utf8', '--parcels', '300'], ['--format', 'fgb', '--seed', '7', '--parcels', '300']]) {
    const first = files(run('first', ...options)), second = files(run('second', ...options));
    assert.deepEqual(Object.keys(first), Object.keys(second));
    for (const name of Object.keys(first)) assert.ok(first[name].equals(second[name]), `${name} differs with ${options}`);
    rmSync(join(scratch, 'first'), { recursive: true });
    rmSync(join(scratch, 'second'), { recursive: true });
  }
  const other = files(run('other', '--seed', '2'));
  assert.ok(!other['parcels.shp'].equals(readFileSync(join(dangshan, 'parcels.shp'))));
});

test('the committed county is what the generator writes, and is small', () => {
  const again = run('again');
  assert.deepEqual(namesIn(again), namesIn(dangshan).filter((name) => name !== 'README.md'));
  // The written catalogue carries its calendar along; the committed one names the file.
  assert.equal(readFileSync(join(again, 'catalogue.yaml'), 'utf8'),
    `${readFileSync(join(dangshan, 'catalogue.yaml'), 'utf8')}---\n${readFileSync(join(root, 'samples', 'calendars', 'cn.yaml'), 'utf8')}`);
  for (const name of namesIn(again))
    if (!/\.(xlsx|gpkg)$|catalogue\.yaml$/.test(name)) // which carry the versions of the libraries that wrote them
      assert.ok(readFileSync(join(again, name)).equals(readFileSync(join(dangshan, name))), name);
  const size = namesIn(dangshan).reduce((sum, name) => sum + statSync(join(dangshan, name)).size, 0);
  assert.ok(size < 5e6, `${size} bytes`);
});

test('parcels are valid, do not overlap, and have 5 to 60 vertices, some with holes or two parts', () => {
  const at = join(dangshan, 'parcels.shp');
  const r = ask(at, `select count(*) n, sum(st_isvalid(geometry)) valid, min(st_npoints(geometry)) least, max(st_npoints(geometry)) most,
    sum(st_numgeometries(geometry) > 1) parts, sum(st_numinteriorring(geometry) > 0) holes,
    sum(st_area(geometry)) sum, st_area(st_union(geometry)) united from parcels`);
  assert.equal(r.n, '1200');
  assert.equal(r.valid, '1200');
  assert.ok(Number(r.least) >= 5 && Number(r.most) <= 60, `${r.least} to ${r.most}`);
  assert.ok(Number(r.parts) >= 3 && Number(r.holes) >= 5);
  near(Number(r.sum), Number(r.united), 0.1, 'sum of areas and area of the union, m2');
});

test('neighbouring parcels have every vertex of their common border in common', () => {
  // If they do, the border of a parcel never passes a neighbour's vertex without having it as its own.
  const geometries = JSON.parse(execFileSync('ogr2ogr', ['-f', 'GeoJSON', '-lco', 'RFC7946=NO', '-lco', 'COORDINATE_PRECISION=3', '/vsistdout/',
    join(dangshan, 'parcels.shp'), '-where', "XMBH = 'XM2022001'"], { encoding: 'utf8', maxBuffer: 1 << 28 })).features.map((f) => f.geometry);
  assert.equal(geometries.length, 47);
  const rings = geometries.flatMap((g) => (g.type === 'Polygon' ? [g.coordinates] : g.coordinates).map((part) => part[0]));
  const sides = new Map();
  for (const ring of rings)
    for (let i = 0; i + 1 < ring.length; i++) {
      const side = [ring[i], ring[i + 1]].map(String).sort().join(' ');
      sides.set(side, (sides.get(side) ?? 0) + 1);
    }
  let shared = 0;
  for (const uses of sides.values()) {
    assert.ok(uses <= 2);
    shared += uses === 2 ? 1 : 0;
  }
  assert.ok(shared > 47, `${shared} sides have a parcel on both sides`);
  for (const ring of rings)
    for (let i = 0; i + 1 < ring.length; i++)
      for (const other of rings)
        for (const p of other === ring ? [] : other) {
          const [[ax, ay], [bx, by]] = [ring[i], ring[i + 1]];
          const length = Math.hypot(bx - ax, by - ay), along = ((p[0] - ax) * (bx - ax) + (p[1] - ay) * (by - ay)) / length;
          const across = Math.abs((p[0] - ax) * (by - ay) - (p[1] - ay) * (bx - ax)) / length;
          assert.ok(across > 0.01 || along < 0.002 || along > length - 0.002, `${p} lies on the side ${ring[i]} ${ring[i + 1]}`);
        }
});

test('zones tessellate the county: no gap, no overlap, villages in holes', () => {
  const r = ask(join(dangshan, 'zones.gpkg'), `select count(*) n, sum(st_isvalid(geom)) valid, sum(st_area(geom)) sum, st_area(st_union(geom)) united,
    st_numgeometries(st_union(geom)) parts, st_numinteriorring(st_geometryn(st_union(geom), 1)) holes from zones`);
  assert.equal(r.n, r.valid);
  near(Number(r.sum), Number(r.united), 1, 'sum of areas and area of the union, m2');
  assert.equal(r.parts, '1');
  assert.equal(r.holes, '0');
  const kinds = new Set(layer('zones.gpkg').map((zone) => zone.FQLX));
  assert.deepEqual([...kinds].sort(), ['一般农业区', '城镇开发边界', '村庄建设区', '永久基本农田', '生态保护红线'].sort());
});

test('a province: valid, with long red lines, inside the extent that its catalogue declares', () => {
  const out = run('province', '--province', '--parcels', '500', '--format', 'fgb');
  const r = ask(join(out, 'zones.fgb'), 'select count(*) n, sum(st_isvalid(geometry)) valid, max(st_npoints(geometry)) most from zones');
  assert.equal(r.n, r.valid);
  assert.ok(Number(r.most) > 1000, 'a red line of many vertices');
  const catalogue = readFileSync(join(out, 'catalogue.yaml'), 'utf8');
  const [west, south, east, north] = JSON.parse(/^extent: (.*)$/m.exec(catalogue)[1]);
  for (const name of ['parcels', 'zones', 'mining']) {
    execFileSync('ogr2ogr', ['-f', 'FlatGeobuf', '-t_srs', 'EPSG:4490', join(scratch, `${name}.fgb`), join(out, `${name}.fgb`)]);
    const box = ask(join(scratch, `${name}.fgb`), `select min(st_minx(geometry)) w, min(st_miny(geometry)) s, max(st_maxx(geometry)) e, max(st_maxy(geometry)) n from ${name}`);
    assert.ok(box.w > west && box.s > south && box.e < east && box.n < north, JSON.stringify(box));
  }
  for (const parcel of viaGdal(join(out, 'parcels.fgb'))) assert.ok(catalogue.includes(`'${parcel.行政区划代码}'`));
});

test('shapefiles have the habits that the README names', () => {
  assert.equal(readFileSync(join(dangshan, 'parcels.dbf'))[29], 0);
  assert.ok(!readdirSync(dangshan).includes('parcels.cpg'));
  assert.equal(readFileSync(join(dangshan, 'mining.cpg'), 'utf8').trim(), 'UTF-8');
  for (const name of ['parcels.dbf', 'mining.dbf'])
    assert.throws(() => new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(join(dangshan, name))), name);
  assert.match(readFileSync(join(dangshan, 'parcels.prj'), 'utf8'), /^PROJCS\["CGCS2000_3_Degree_GK_Zone_39"/);
  assert.ok(!/EPSG/.test(readFileSync(join(dangshan, 'parcels.prj'), 'utf8')));
  assert.ok('土地征收名' in layer('parcels.shp')[0] && '土地征收文' in layer('parcels.shp')[0]);
  assert.deepEqual([...readFileSync(join(dangshan, 'projects.csv')).subarray(0, 3)], [0xef, 0xbb, 0xbf]);
});

test('records link: by project, by approval number in any brackets, by parcel, by plan, by licence', () => {
  const parcels = layer('parcels.shp'), projects = csv('projects.csv'), approvals = sheet('approvals.xlsx');
  const projectIds = new Set(projects.map((row) => row.项目编号));
  const approvalNos = new Map(approvals.map((row) => [plainNo(row.批准文号), row.项目编号]));
  assert.equal(approvalNos.size, approvals.length);
  const unknown = [], keys = new Set(), byApproval = new Set();
  for (const parcel of parcels) {
    assert.ok(projectIds.has(parcel.XMBH));
    keys.add(`${parcel.XMBH}:${parcel.DKBH}`);
    for (const no of numbersOf(parcel.土地征收文)) {
      byApproval.add(`${no} ${parcel.DKBH}`);
      if (!approvalNos.has(no)) unknown.push(`${parcel.XMBH}:${parcel.DKBH}`);
      else assert.equal(approvalNos.get(no), parcel.XMBH);
    }
  }
  assert.equal(keys.size, 1200);
  assert.deepEqual(unknown, ['XM2021002:DK002']);
  for (const row of approvals) assert.ok(projectIds.has(row.项目编号));
  for (const row of csv('compensation.csv', 'gbk'))
    for (const no of numbersOf(row.批准文号)) assert.ok(byApproval.has(`${no} ${row.地块编号}`), row.补偿编号);
  for (const row of sheet('notices.xlsx')) {
    assert.ok(projectIds.has(row.项目编号));
    for (const no of numbersOf(row.批准文号)) assert.equal(approvalNos.get(no), row.项目编号);
  }
  for (const row of csv('preexaminations.csv')) assert.ok(projectIds.has(row.项目编号));
  const plans = new Set(csv('plans.csv').map((row) => plainNo(row.规划批准文号)));
  const unplanned = layer('zones.gpkg').filter((zone) => !plans.has(plainNo(zone.GHWH)));
  assert.equal(unplanned.length, 6);
  assert.ok(unplanned.every((zone) => plainNo(zone.GHWH) === '宿政秘〔2024〕9016号'));
  for (const row of csv('plan_notices.csv')) assert.ok(plans.has(plainNo(row.规划批准文号)));
  const licences = new Set(layer('mining.shp').map((right) => right.XKZH)), decided = new Set(csv('mining_decisions.csv').map((row) => row.许可证号));
  for (const licence of decided) assert.ok(licences.has(licence));
  assert.deepEqual([...licences].filter((licence) => !decided.has(licence)), ['C3413212020049900000002']);
});

test('the special rows are as the README says', () => {
  const parcels = layer('parcels.shp'), approvals = sheet('approvals.xlsx'), notices = sheet('notices.xlsx'), payments = csv('compensation.csv', 'gbk');
  const regime = Object.fromEntries(csv('projects.csv').map((row) => [row.项目编号, row.适用程序]));
  assert.deepEqual(['XM2018001', 'XM2020001', 'XM2022001'].map((id) => regime[id]), ['2020年前', '2020至2021年8月', '2021年9月起']);
  const parcel = (key) => parcels.find((row) => `${row.XMBH}:${row.DKBH}` === key);
  assert.equal(parcel('XM2023001:DK001').土地征收文, '皖政地(2023)9001号、自然资函[2023]9001号');
  const fifty = parcels.filter((row) => numbersOf(row.土地征收文).includes('皖政地〔2019〕9003号'));
  assert.equal(fifty.length, 50);
  assert.ok(parcel('XM2018001:DK001') && parcel('XM2022001:DK001'));
  const kinds = (id) => notices.filter((row) => row.项目编号 === id).map((row) => row.公告类型);
  assert.equal(kinds('XM2018001').length, 8);
  assert.deepEqual(kinds('XM2022001'), ['征收土地预公告', '拟征收土地现状调查', '征地补偿安置公告', '征地报批材料', '征收土地公告']);
  assert.ok(!kinds('XM2022002').includes('征地补偿安置公告'));
  assert.deepEqual(kinds('XM2024001'), ['征收土地预公告']);
  assert.ok(parcels.filter((row) => row.XMBH === 'XM2024001').every((row) => row.土地征收文 === ''));
  const early = notices.find((row) => row.公告编号 === 'GG000014'), approval = approvals.find((row) => row.项目编号 === 'XM2022001');
  assert.equal(early.批准文号, '');
  assert.equal(plainDate(early.发布时间), '2021-12-16');
  assert.ok(plainDate(early.发布时间) < plainDate(approval.批准时间));
  near(Number(parcel('XM2019001:DK003').DKMJ) / (Number(parcel('XM2019001:DK003').Shape_Area) / 1e4), 1.1, 0.001, 'declared over true area');
  const total = (collective) => payments.filter((row) => numbersOf(row.批准文号).includes('皖政地〔2022〕9001号') && (!collective || row.受款单位 === collective))
    .reduce(([rows, fen], row) => [rows + 1, fen + Math.round(Number(row.补偿总额) * 100)], [0, 0]);
  assert.deepEqual(total(), [113, 967681979]);
  assert.deepEqual(total('郭程庄村一村民小组'), [48, 342766631]);
  assert.equal(payments.filter((row) => row.受款单位 === '马良村九村民小组').length, 2);
  for (const row of payments) {
    const parts = ['土地补偿费', '安置补助费', '青苗和地上附着物补偿费', '社会保障费'].map((name) => Math.round(Number(row[name]) * 100));
    assert.equal(parts.reduce((a, b) => a + b), Math.round(Number(row.补偿总额) * 100), row.补偿编号);
  }
});

test('nothing can be taken for a real person, account, telephone or approval', () => {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const luhn = (digits) => [...digits].reverse().reduce((sum, c, i) => sum + (i % 2 ? [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][c] : Number(c)), 0) % 10 === 0;
  assert.ok(luhn('4539578763621486')); // the check itself
  for (const row of csv('compensation.csv', 'gbk')) {
    assert.match(row.身份证号, /^\d{17}[\dX]$/);
    const sum = weights.reduce((s, w, i) => s + w * Number(row.身份证号[i]), 0);
    assert.notEqual(row.身份证号[17], '10X98765432'[sum % 11], row.补偿编号);
    assert.match(row.银行账号, /^\d{19}$/);
    assert.ok(!luhn(row.银行账号), row.补偿编号);
    assert.match(row.被征地农户, /^示例/);
  }
  for (const right of layer('mining.shp')) {
    assert.match(right.DH, /^100\d{8}$/);
    assert.match(right.SQR, /^示例.*矿业有限公司$/);
    assert.ok(!luhn(right.YHZH));
    assert.match(right.XKZH, /^[CT](\d{17}|\d{22})$/);
  }
  for (const row of sheet('approvals.xlsx')) assert.ok(Number(/〕(\d+)号/.exec(plainNo(row.批准文号))[1]) > 9000);
});

test('wrong usage says what is wrong and exits with 2', () => {
  for (const [options, said] of [[[], /one folder/], [[scratch, '--parcels', 'many'], /many/], [[scratch, '--format', 'dwg'], /dwg/],
    [[scratch, '--format', 'shp', '--parcels', '9000000'], /2 GB/]]) {
    const r = spawnSync(generate, options, { encoding: 'utf8' });
    assert.equal(r.status, 2, r.stderr);
    assert.match(r.stderr, said);
  }
  assert.equal(spawnSync(generate, ['/dev/null/x'], { encoding: 'utf8' }).status, 1);
});
