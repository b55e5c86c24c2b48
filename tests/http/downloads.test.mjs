// Downloads as whoever receives them sees them: read back by GDAL, by unzip, by a CSV parser of our own, and by
// dikuai-ingest; and what happens when there are too many, when the client leaves, or when the conversion dies.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { CHIEF, STAFF, catalogue, featureCollection, folder, get, ingest, makeStore, parcels, run, serve, square, tiler } from './county.mjs';

const LONG = '很长的名称'.repeat(40); // 400 bytes of GB18030
/** Texts that spreadsheets, encodings or widths are hard on. */
const odd = [
  { id: '001', name: '=1+1', division: '340111001', project_id: 'X9', owner: '@SUM(A1)' },
  { id: '341321199001011234', name: `${LONG}止`, division: '340111001', project_id: 'X9', owner: '"引号",逗号' },
  { id: '1-2', name: '𠮷野家', division: '340111001', project_id: 'X9', owner: '-2' },
].map((row, i) => ({ ...row, households: i, geometry: { type: 'Polygon', coordinates: [square(i * 2, 20)] } }));
const MANY = 3000;

let store, big, temp, server;
before(async () => {
  store = makeStore();
  const dir = dirname(store);
  writeFileSync(join(dir, 'odd.geojson'), featureCollection(odd));
  run('load', store, 'parcel', join(dir, 'odd.geojson'), '--publish');
  writeFileSync(join(dir, 'undrawn.csv'), 'id,name,division,project_id\n无图1,没有图形,340111001,X9\n');
  run('load', store, 'parcel', join(dir, 'undrawn.csv'), '--undrawn', '--publish');
  temp = folder();
  server = await serve(store, '--temp-dir', temp);

  big = join(folder(), 'big.dk');
  const put = (name, text) => {
    writeFileSync(join(dirname(big), name), text, { mode: 0o600 });
    return join(dirname(big), name);
  };
  run('create', big, '--catalogue', put('catalogue.yaml', catalogue));
  const rows = (name) => Array.from({ length: MANY }, (_, i) => ({ id: `N${i}`, name: `${name}${i}`, division: '340111001', project_id: 'B',
    geometry: { type: 'Polygon', coordinates: [square((i % 60) * 2, Math.floor(i / 60) * 2, 0.0005)] } }));
  run('load', big, 'parcel', put('old.geojson', featureCollection(rows('旧'))), '--publish');
  run('load', big, 'parcel', put('new.geojson', featureCollection(rows('新').map((row) => ({ ...row, households: 7 })))), '--replace');
  put('tokens', `${CHIEF} * 李四\n`);
});
after(async () => {
  const { code, stderr } = await server.stop();
  assert.equal(code, 0);
  assert.equal(stderr, '');
  assert.deepEqual(readdirSync(temp), []);
});

const items = (of, kind, query) => `${of.url}/collections/${kind}/items?${query}`;
const download = (query, options, kind = 'parcel') => get(items(server, kind, query), options);

/** The body as a file of that name. */
function keep(answer, name) {
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  const path = join(folder(), name);
  writeFileSync(path, answer.body);
  return path;
}

/** Features of any data source, as GDAL reads it. */
function read(path, ...options) {
  const text = execFileSync('ogr2ogr', ['-f', 'GeoJSON', '-lco', 'RFC7946=NO', ...options, '/vsistdout/', path],
    { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(text).features;
}

/** RFC 4180, as written there. */
function parseCsv(text) {
  const rows = [];
  let row = [], i = 0;
  while (i < text.length) {
    let cell = '';
    if (text[i] === '"') {
      for (i++; text[i] !== '"' || text[i + 1] === '"'; i++) {
        assert.ok(i < text.length, 'an open quote');
        if (text[i] === '"') i++;
        cell += text[i];
      }
      i++;
    } else {
      while (i < text.length && text[i] !== ',' && text[i] !== '\r') cell += text[i++];
      assert.ok(!/["\n]/.test(cell), cell);
    }
    row.push(cell);
    if (text[i] === ',') {
      i++;
      continue;
    }
    assert.equal(text.slice(i, i + 2), '\r\n');
    i += 2;
    rows.push(row);
    row = [];
  }
  return rows;
}

const all = [...parcels, ...odd, { id: '无图1', name: '没有图形', division: '340111001', project_id: 'X9' }];
const area = (feature) => feature.geometry.coordinates.flat(feature.geometry.type === 'Polygon' ? 0 : 1).reduce((sum, ring) => sum + ring.slice(1)
  .reduce((part, [x, y], i) => part + (ring[i][0] - 117) * (y - 31) - (x - 117) * (ring[i][1] - 31), 0), 0) / 2;

test('a CSV has a byte order mark, CRLF, titles, and no column that the public never sees', async () => {
  const answer = await download('f=csv');
  assert.equal(answer.headers['content-type'], 'text/csv; charset=utf-8');
  assert.equal(answer.headers['content-disposition'],
    `attachment; filename="parcel.csv"; filename*=UTF-8''${encodeURIComponent('征收地块')}.csv`);
  assert.deepEqual([...answer.body.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
  const [head, ...rows] = parseCsv(answer.text.slice(1));
  assert.deepEqual(head, ['地块编号', '地块名称', '行政区划代码', '项目编号', '批准文号', '户数', '面积']);
  assert.equal(rows.length, all.length);
  assert.ok(!answer.text.includes('王大户') && !answer.text.includes('341321199001011235'));
  const names = parseCsv((await download('f=csv&header=names&properties=name,id')).text.slice(1));
  assert.deepEqual(names[0], ['id', 'name']); // as the catalogue has them
  assert.deepEqual(names.slice(1).map((row) => row[1]).sort(), all.map((row) => (row.name === '=1+1' ? "'=1+1" : row.name)).sort());
});

test('formulas are defused and long numbers kept', async () => {
  const [, ...rows] = parseCsv((await download('f=csv&project_id=X9', { token: CHIEF })).text.slice(1));
  const cells = rows.flat();
  for (const cell of cells) assert.ok(!/^[=+\-@\t\r]/.test(cell) || /^="[^"]*"$/.test(cell), cell);
  for (const cell of ["'=1+1", "'@SUM(A1)", '="001"', '="341321199001011234"', '="1-2"', '="-2"', '"引号",逗号']) assert.ok(cells.includes(cell), cell);
});

/** The rows of a store's parcels by id and project, with what was loaded. */
async function loaded(path, name, ...options) {
  const copy = join(folder(), 'copy.dk');
  writeFileSync(join(dirname(copy), 'catalogue.yaml'), catalogue);
  run('create', copy, '--catalogue', join(dirname(copy), 'catalogue.yaml'));
  run('load', copy, name, path, '--publish', ...options);
  writeFileSync(join(dirname(copy), 'tokens'), `${CHIEF} * 李四\n`, { mode: 0o600 });
  const other = await serve(copy);
  const answer = await get(items(other, name, 'limit=1000'), { token: CHIEF });
  await other.stop();
  return answer.json.features;
}
const sorted = (features, drop = []) => features.map(({ id, properties, geometry }) => {
  const rest = { ...properties };
  for (const name of drop) delete rest[name];
  return JSON.stringify({ id, properties: rest, geometry });
}).sort();

test('a CSV with outlines and an XLSX load again as the same rows', async () => {
  const now = (await download('limit=1000', { token: CHIEF })).json.features;
  const csv = keep(await download('f=csv&geometry=wkt', { token: CHIEF }), '下载.csv');
  const undefused = now.map((feature) => ({ ...feature, properties: Object.fromEntries(Object.entries(feature.properties)
    .map(([name, value]) => [name, ['=1+1', '@SUM(A1)'].includes(value) ? `'${value}` : value])) }));
  assert.deepEqual(sorted(await loaded(csv, 'parcel', '--undrawn', '--crs', 'EPSG:4490')), sorted(undefused));
  const xlsx = keep(await download('f=xlsx', { token: CHIEF }), '下载.xlsx');
  const bare = now.map((feature) => ({ ...feature, geometry: null }));
  assert.deepEqual(sorted(await loaded(xlsx, 'parcel', '--undrawn'), ['area_m2']), sorted(bare, ['area_m2']));
});

test('an XLSX is a whole archive, with texts, numbers and dates as such', async () => {
  const path = keep(await download('f=xlsx', { token: STAFF }), 'parcels.xlsx');
  execFileSync('unzip', ['-tq', path]);
  const rows = read(path, '-oo', 'HEADERS=FORCE').map((feature) => feature.properties);
  assert.equal(rows.length, all.length);
  const first = rows.find((row) => row.地块名称 === '一号地');
  assert.equal(first.户数, 3);
  assert.equal(first.调查日期.slice(0, 10).replaceAll('/', '-'), '2020-12-01');
  assert.equal(first.行政区划代码, '341321101');
  assert.equal(first.户主, '王大户');
  assert.ok(rows.some((row) => row.地块编号 === '341321199001011234' && row.地块名称 === `${LONG}止`));
  assert.ok(rows.some((row) => row.地块编号 === '001' && row.地块名称 === '=1+1' && row.户主 == null)); // not within 341321
  assert.ok(rows.some((row) => row.地块名称 === '怪号"地\\' && row.地块编号 === '甲/乙 丙?'));
  const sheet = execFileSync('unzip', ['-p', path, 'xl/worksheets/sheet1.xml'], { encoding: 'utf8' });
  assert.match(sheet, /state="frozen"/);
  assert.ok(!sheet.includes('<f>'));
});

test('GeoJSON is what items give, in one piece', async () => {
  const page = (await download('limit=1000')).json.features.map(({ links, ...feature }) => feature); // a file leads nowhere
  const answer = await download('f=geojson');
  assert.deepEqual(answer.json.features, page);
  assert.equal(answer.json.numberReturned, all.length);
  const lines = (await download('f=geojsonseq')).text.split('\x1e').slice(1).map((line) => JSON.parse(line));
  assert.deepEqual(lines, page);
  const chosen = (await download('f=geojson&properties=name&id=DK002')).json.features;
  assert.deepEqual(chosen.map((feature) => feature.properties), [{ name: '二号地' }]);
});

test('FlatGeobuf, which holds no rows without an outline, loses none', async () => {
  const answer = await download('f=fgb');
  assert.equal(answer.status, 413);
  assert.match(answer.json.detail, /1 of these have none yet .* give a bbox/);
});

for (const [format, query, expected] of [['gpkg', '', all], ['fgb', '&bbox=117,31.5,117.5,32', all.filter((row) => row.geometry)]]) {
  test(`GDAL reads the ${format}: rows, Chinese texts, outlines, none where there is none`, async () => {
    const path = keep(await download(`f=${format}${query}`, { token: STAFF }), `parcels.${format}`);
    const features = read(path);
    assert.deepEqual(features.map(({ properties: p }) => [p.id, p.name, p.households ?? null].join()).sort(),
      expected.map((row) => [row.id, row.name, row.households ?? null].join()).sort());
    const now = (await download('limit=1000')).json.features;
    for (const feature of features) {
      const same = now.find(({ properties: p }) => p.id === feature.properties.id && p.name === feature.properties.name);
      assert.equal(feature.geometry === null, same.geometry === null);
      if (same.geometry) assert.ok(Math.abs(Math.abs(area(feature)) - Math.abs(area(same))) < 1e-12, feature.properties.id);
    }
    assert.equal(features.find(({ properties: p }) => p.name === '一号地').properties.owner, '王大户');
    assert.ok(features.find(({ properties: p }) => p.name === '=1+1').properties.owner == null);
    const said = execFileSync('ogrinfo', ['-ro', '-so', '-al', path], { encoding: 'utf8' });
    assert.match(said, /ID\["EPSG",4490\]/);
    assert.ok(!said.includes('id_number'));
  });
}

test('a shapefile says which column is what and what was cut', async () => {
  const path = keep(await download('f=shp', { token: CHIEF }), 'parcels.zip');
  execFileSync('unzip', ['-tq', path]);
  const names = execFileSync('unzip', ['-Z1', path], { encoding: 'utf8' }).trim().split('\n');
  assert.deepEqual(names.map((name) => (/^[\x20-\x7e]+$/.test(name) ? name : '说明.txt')).sort(),
    ['parcel.cpg', 'parcel.dbf', 'parcel.prj', 'parcel.shp', 'parcel.shx', '说明.txt']);
  const features = read(`/vsizip/${path}/parcel.shp`);
  assert.equal(features.length, all.length);
  const of = (id) => features.find(({ properties: p }) => p.地块编号 === id);
  assert.equal(of('1-2').properties.地块名称, '𠮷野家');
  assert.equal(of('DK002').properties.行政区划代, '341321101');
  assert.equal(of('DK002').properties.户数, 5);
  assert.equal(of('无图1').geometry, null);
  assert.equal(of('DK003').geometry.type, 'MultiPolygon');
  assert.match(features.find(({ properties: p }) => p.调查日期).properties.调查日期, /^2020.12.01$/);
  const cut = of('341321199001011234').properties.地块名称;
  assert.equal(cut, LONG.slice(0, 127));
  const notes = execFileSync('python3', ['-c', 'import sys,zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("说明.txt"))', path], { encoding: 'utf8' });
  assert.match(notes, /行政区划代\t行政区划代码\tdivision/);
  assert.match(notes, /地块名称：1 处超过 254 字节/);
  assert.match(notes, /GB18030/);
  // Characters of code page 936 alone: then the .cpg says so.
  const plain = keep(await download('f=shp&project_id=X1'), 'plain.zip');
  assert.equal(execFileSync('unzip', ['-p', plain, 'parcel.cpg'], { encoding: 'utf8' }), '936');
  assert.ok(read(`/vsizip/${plain}/parcel.shp`).some(({ properties: p }) => p.地块名称 === '三号地'));
});

test('records come as tables; a format that needs outlines says so', async () => {
  const path = keep(await download('f=gpkg', {}, 'approval'), 'approvals.gpkg');
  assert.deepEqual(read(path).map(({ properties: p, geometry }) => [p.approval_no, p.approved_on.replaceAll('/', '-'), geometry]),
    [['皖政地〔2021〕1号', '2021-03-05', null], ['皖政地〔2021〕2号', '2021-06-05', null]]);
  for (const format of ['shp', 'fgb']) {
    const answer = await download(`f=${format}`, {}, 'approval');
    assert.equal(answer.status, 400);
    assert.match(answer.json.detail, /no geometry/);
  }
});

test('filters, boxes and limits hold, and a hidden field is as unknown as one that is not', async () => {
  const ids = async (query) => parseCsv((await download(`f=csv&header=names&properties=id&${query}`)).text.slice(1)).slice(1).flat().sort();
  assert.deepEqual(await ids('project_id=X1'), ['DK001', 'DK002', 'DK003']);
  assert.deepEqual(await ids('bbox=117.1999,31.7999,117.2005,31.8005'), ['DK001']);
  assert.equal((await ids('limit=4')).length, 4);
  assert.deepEqual(await ids('project_id=none'), []);
  assert.deepEqual(await ids(`filter=${encodeURIComponent("households > 1 AND project_id = 'X1'")}`), ['DK001', 'DK002']);
  const [, ...order] = parseCsv((await download('f=csv&header=names&properties=households&sortby=-households&project_id=X1')).text.slice(1));
  assert.deepEqual(order.flat(), ['5', '3', '="-2"'].map((cell) => cell.replace(/[="]/g, '')));
  for (const query of ['owner=王大户', 'id_number=1', 'nothing=1', 'bbox=1,2', 'limit=0', 'properties=id_number', 'properties=nothing', 'header=x', 'geometry=x', 'crs=http://www.opengis.net/def/crs/EPSG/0/4527']) {
    const answer = await download(`f=csv&${query}`);
    assert.equal(answer.status, 400, query);
    assert.match(answer.json.detail, /parameter/);
  }
  assert.equal((await download('f=csv', {}, 'nothing')).status, 404);
});

test('staff downloads are not stored, others may be asked about', async () => {
  assert.equal((await download('f=csv', { token: STAFF })).headers['cache-control'], 'private, no-store');
  assert.equal((await download('f=csv')).headers['cache-control'], 'no-cache');
  assert.equal((await download('f=csv', { token: 'no-such-token' })).status, 401);
});

// RFC 9110, 13.1.1: no tag of a client names a file that is made anew each time; * does, and is weighed after what fails anyway (13.2.1).
test('If-Match holds for downloads, too', async () => {
  for (const query of ['f=csv', 'f=xlsx', 'f=geojson', 'f=shp', 'f=gpkg&limit=1']) {
    for (const token of [undefined, STAFF]) {
      const stale = await download(query, { token, headers: { 'If-Match': '"nope"' } });
      assert.equal(stale.status, 412, query);
      assert.equal(stale.headers['content-type'], 'application/problem+json');
      assert.equal(stale.headers['content-disposition'], undefined);
      assert.equal((await download(query, { token, headers: { 'If-Match': '*' } })).status, 200, query);
    }
  }
  assert.equal((await download('f=csv&nothing=1', { headers: { 'If-Match': '"nope"' } })).status, 400);
  assert.equal((await download('f=csv', { headers: { 'If-Match': ['"nope"', '*'] } })).status, 200, 'on two lines');
});

test('texts are gzipped for who takes that, and HEAD says what GET would', async () => {
  const plain = await download('f=csv'), packed = await download('f=csv', { headers: { 'Accept-Encoding': 'gzip' } });
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.deepEqual(packed.body, plain.body);
  const head = await download('f=csv', { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.raw.length, 0);
  assert.equal(head.headers['content-disposition'], plain.headers['content-disposition']);
});

test('what is larger than allowed is refused with a way out', async () => {
  const strict = await serve(big, '--download-rows', '2000', '--temp-dir', folder());
  for (const query of ['f=csv', 'f=gpkg', 'f=csv&project_id=B']) {
    const answer = await get(items(strict, 'parcel', query));
    assert.equal(answer.status, 413, query);
    assert.match(answer.json.detail, /at most 2000 .* narrow it/);
  }
  assert.equal((await get(items(strict, 'parcel', 'f=csv&limit=2000'))).status, 200);
  assert.equal((await get(items(strict, 'parcel', 'f=csv&id=N7'))).status, 200);
  await strict.stop();
  const small = await serve(big, '--download-size', '32K', '--temp-dir', folder());
  const answer = await get(items(small, 'parcel', 'f=csv'));
  assert.equal(answer.status, 413);
  assert.match(answer.json.detail, /narrow/);
  assert.equal((await get(items(small, 'parcel', 'f=csv&limit=10'))).status, 200);
  await small.stop();
});

/** dikuai-ingest that first does something: a shell script. */
function script(text) {
  const path = join(folder(), 'ingest');
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}
const until = async (what) => {
  for (let i = 0; i < 1000 && !what(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(what());
};
/** The folders of conversions in a server's temporary folder. */
const jobs = (where) => readdirSync(where).flatMap((root) => readdirSync(join(where, root)));

test('an answer is of one generation, though another is published in the middle of it', async () => {
  const mine = folder(), go = join(mine, 'go'), where = folder();
  const slow = await serve(big, '--temp-dir', where, '--ingest',
    script(`while [ ! -e ${go} ]; do sleep 0.05; done; exec ${ingest} "$@"`));
  const waiting = get(items(slow, 'parcel', 'f=gpkg'));
  await until(() => jobs(where).length === 1);
  await new Promise((resolve) => setTimeout(resolve, 300)); // the pipe is full now: 3000 rows do not fit in it
  run('publish', big, '2');
  const other = await get(items(slow, 'parcel', 'f=csv&properties=name')); // beside it
  writeFileSync(go, '');
  const features = read(keep(await waiting, 'parcels.gpkg'));
  assert.equal(features.length, MANY);
  assert.ok(features.every(({ properties: p }) => p.name.startsWith('旧') && p.households === null));
  const [, ...rows] = parseCsv(other.text.slice(1));
  assert.equal(rows.length, MANY);
  assert.ok(rows.every(([name]) => name.startsWith('新')));
  assert.deepEqual(jobs(where), []);
  await slow.stop();
});

test('the work ends when the client leaves', async () => {
  const where = folder(), mine = folder();
  const stuck = await serve(big, '--temp-dir', where, '--ingest', script(`echo $$ >${mine}/pid; exec sleep 600`));
  const call = httpRequest(items(stuck, 'parcel', 'f=shp'));
  call.on('error', () => {});
  call.end();
  await until(() => existsSync(join(mine, 'pid')) && readFileSync(join(mine, 'pid'), 'utf8').endsWith('\n'));
  const pid = Number(readFileSync(join(mine, 'pid'), 'utf8'));
  assert.ok(existsSync(`/proc/${pid}`));
  call.destroy();
  await until(() => !existsSync(`/proc/${pid}`));
  await until(() => jobs(where).length === 0);
  // Also while a file is sent: nothing is left behind, and the server goes on.
  await new Promise((resolve) => {
    const other = httpRequest(items(stuck, 'parcel', 'f=geojson'), (response) => response.once('data', () => {
      other.destroy();
      resolve();
    }));
    other.on('error', () => {});
    other.end();
  });
  assert.equal((await get(items(stuck, 'parcel', 'f=csv&limit=1'))).status, 200);
  const { code, stderr } = await stuck.stop();
  assert.equal(code, 0);
  assert.equal(stderr, '');
  assert.deepEqual(readdirSync(where), []);
});

test('a conversion that dies, fails or takes too long is an answer, and leaves nothing', async () => {
  for (const [text, options, status] of [['kill -9 $$', [], 500], ['echo 坏了 >&2; exit 1', [], 500], ['exit 0', [], 500],
    ['sleep 600', ['--download-seconds', '1'], 413]]) {
    const where = folder();
    const broken = await serve(big, '--temp-dir', where, '--ingest', script(text), ...options);
    const answer = await get(items(broken, 'parcel', 'f=gpkg'));
    assert.equal(answer.status, status, text);
    assert.ok(!answer.json.detail.includes('坏了') && !answer.json.detail.includes('/'));
    assert.deepEqual(jobs(where), [], text);
    const { stderr } = await broken.stop();
    if (status === 500) assert.match(stderr, /^dikuai-tiler: \/collections\/parcel\/items as gpkg: .+\n$/);
  }
});

test('several at once are all right, and stopping ends what is under way', async () => {
  const answers = await Promise.all(['csv', 'gpkg', 'shp', 'xlsx', 'geojson', 'fgb', 'csv', 'gpkg'].map((format) => download(`f=${format}&bbox=117,31.5,117.5,32`)));
  assert.deepEqual(answers.map((answer) => answer.status), answers.map(() => 200));
  assert.deepEqual(answers[0].body, answers[6].body);
  const where = folder(), stuck = await serve(big, '--temp-dir', where, '--ingest', script('exec sleep 600'));
  const calls = Array.from({ length: 4 }, () => get(items(stuck, 'parcel', 'f=gpkg')).catch(() => null));
  await until(() => jobs(where).length === 2); // no more at a time
  const more = await Promise.all(Array.from({ length: 20 }, () => new Promise((resolve) => {
    const call = httpRequest(items(stuck, 'parcel', 'f=gpkg'), (response) => resolve([response.statusCode, response.headers['retry-after']]));
    call.on('error', () => resolve(null));
    call.setTimeout(2000, () => call.destroy());
    call.end();
  })));
  assert.ok(more.some((answer) => answer && answer[0] === 503 && Number(answer[1]) > 0));
  assert.equal((await get(`${stuck.url}/collections/parcel/items?limit=1`)).status, 200); // others do not wait
  assert.equal((await stuck.stop()).code, 0);
  await Promise.all(calls);
  assert.deepEqual(readdirSync(where), []);
});

test('without dikuai-ingest the formats that need it say so, and the others are there', async () => {
  const path = join(folder(), 'dikuai-tiler');
  copyFileSync(tiler, path);
  chmodSync(path, 0o755);
  const alone = await serve(store, '--temp-dir', folder(), { tiler: path });
  for (const format of ['gpkg', 'fgb', 'shp']) {
    const answer = await get(items(alone, 'parcel', `f=${format}`));
    assert.equal(answer.status, 503);
    assert.match(answer.json.detail, /dikuai-ingest.*csv/);
  }
  assert.equal((await get(items(alone, 'parcel', 'f=csv'))).status, 200);
  const { stderr } = await alone.stop();
  assert.match(stderr, /--ingest PATH/);
  const wrong = spawnSync(path, [store, '--listen', '127.0.0.1:0', '--ingest', '/nowhere/dikuai-ingest'], { encoding: 'utf8' });
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /--ingest \/nowhere\/dikuai-ingest: /);
});

test('what a killed server left is removed by the next, and nothing else', async () => {
  const where = folder(), old = join(where, 'dikuai-tiler-Ab3dEf'), other = join(where, 'dikuai-tiler-other');
  for (const path of [old, other]) {
    mkdirSync(path, { mode: 0o700 });
    writeFileSync(join(path, 'job'), 'x');
    utimesSync(path, 1, 1);
  }
  symlinkSync(other, join(where, 'dikuai-tiler-Link00'));
  const running = await serve(store, '--temp-dir', where);
  const own = readdirSync(where).filter((name) => !/other|Link00/.test(name));
  assert.equal(own.length, 1);
  assert.notEqual(own[0], 'dikuai-tiler-Ab3dEf');
  utimesSync(join(where, own[0]), 1, 1);
  const second = await serve(store, '--temp-dir', where); // does not take the first one's
  assert.ok(existsSync(join(where, own[0])));
  await second.stop();
  await running.stop();
  assert.deepEqual(readdirSync(where).sort(), ['dikuai-tiler-Link00', 'dikuai-tiler-other']);
  assert.equal(readFileSync(join(other, 'job'), 'utf8'), 'x');
});
