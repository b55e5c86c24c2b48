// Strings that stand nowhere else are put wherever something is hidden; a crawler then asks every address that it finds or
// can think of, as everyone who can ask, and looks for them in all bytes that come back: as they came, decompressed, out
// of archives. None is where it may not be.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { dirname, join } from 'node:path';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import { PbfReader } from 'pbf';
import { VectorTile } from '@mapbox/vector-tile';
import { catalogue, CHIEF, featureCollection, get, ingest, makeStore, run, serve, square, STAFF, tileOf } from './county.mjs';
import { pdf } from '../ingest/scans.mjs';

const VILLAGE = 'members-of-341321101', APPLICANT = 'applicant-of-341321', ELSEWHERE = 'staff-of-340111';

/* ---- the canaries ---- */

const canaries = new Map(); // text -> who may meet it: (viewer, path) => boolean
const canary = (name, who) => {
  const text = `CANARY${name}QX`;
  canaries.set(text, who);
  return text;
};
const nobody = () => false, chief = (v) => v === 'chief';
// Rows of 341321101 are in the scope of staff, the village's members and the applicant; those of 340111001 in that of others.
const here = (...more) => (v) => ['chief', 'staff', ...more].includes(v), there = (v) => ['chief', 'elsewhere'].includes(v);
// Who works for the bureau, anywhere, may know what kinds of rows there are and which files were loaded.
const bureau = (v) => ['staff', 'chief', 'elsewhere'].includes(v);
const previews = (who) => (v, path) => path.startsWith('/batches') && who(v);

const yaml = catalogue
  .replace('      - {name: owner, title: 户主, type: text, audience: staff, tiles: true, search: true}\n', `      - {name: owner, title: 户主, type: text, audience: staff, tiles: true, search: true, mask: {group: name}}
      - {name: shares, title: 分配, type: text, audience: group, tiles: true, search: true}
      - {name: minutes, title: 记录, type: text, audience: request, search: true}
      - {name: amount, title: 金额, type: number, unit: yuan, audience: staff}
`)
  .replace('records:\n', `records:
  - name: complaint
    title: ${canary('KINDTITLE', bureau)}
    audience: staff
    key: {field: id}
    division: division
    date: received_on
    label: title
    documents: staff
    fields:
      - {name: id, title: 编号, type: text, audience: staff, required: true, search: true}
      - {name: title, title: 标题, type: text, audience: staff, search: true}
      - {name: parcel, title: 地块, type: text, audience: staff}
      - {name: division, title: 区划, type: division, audience: staff}
      - {name: received_on, title: 日期, type: date, audience: staff}
      - {name: fee, title: 费用, type: number, unit: yuan, audience: staff}
    totals:
      - {by: [parcel], sum: [fee], min_rows: 5, audience: staff}
`)
  .replace('links:\n', `links:
  - from: complaint
    to: parcel
    on:
      - match: {parcel: key}
`);
assert.ok(yaml.includes('mask: {group: name}') && yaml.includes('name: complaint') && yaml.includes('from: complaint'));

const store = makeStore(yaml), dir = dirname(store);
const put = (name, text) => {
  writeFileSync(join(dir, name), text, { mode: 0o600 });
  return join(dir, name);
};
put('tokens', `${STAFF} 341321 张三\n${CHIEF} * 李四\n${VILLAGE} group:341321101 村民\n${APPLICANT} request:341321 申请人\n${ELSEWHERE} staff:340111 外县\n`);
const polygon = (column, row) => ({ type: 'Polygon', coordinates: [square(column, row)] });
const row = (id, division, column, line, more) => ({ id, name: id, division, project_id: 'X1', approval_no: '皖政地〔2021〕1号', geometry: polygon(column, line), ...more });
const AMOUNT = 918273.645, AMOUNT_THERE = 918273.546;
run('load', store, 'parcel', put(`${canary('SOURCE', bureau)}.geojson`, featureCollection([
  row('H1', '341321101', 10, 1, { owner: canary('OWNERHERE', here()), shares: canary('SHARESHERE', here('village', 'applicant')), minutes: canary('MINUTESHERE', here('applicant')),
    id_number: canary('NEVERHERE', nobody), amount: AMOUNT, surveyed_on: '1987-05-04' }),
  row('H2', '340111001', 12, 1, { owner: canary('OWNERTHERE', there), shares: canary('SHARESTHERE', there), minutes: canary('MINUTESTHERE', there), amount: AMOUNT_THERE })])),
  '--publish', '--batch', canary('TITLE', previews(() => true)), '--actor', canary('ACTOR', previews(() => true)));
const complaints = (name, lines) => put(name, `id,title,parcel,division,received_on\n${lines.map((line) => line.join(',')).join('\n')}\n`);
run('load', store, 'complaint', complaints('complaints.csv', [[canary('COMPLAINTHERE', here()), canary('TITLEHERE', here()), 'X1:H1', '341321101', '1988-06-07'],
  [canary('COMPLAINTTHERE', there), canary('TITLETHERE', there), 'X1:H2', '340111001', '1988-06-08']]), '--publish');
// Staged: a new row, another value of one that is published, one elsewhere; documents; records.
run('load', store, 'parcel', put('staged.geojson', featureCollection([
  row(canary('STAGEDKEY', previews(here())), '341321101', 14, 1, { owner: canary('STAGEDOWNER', previews(here())) }),
  { ...row('H1', '341321101', 10, 1), name: canary('STAGEDNAME', previews(here())) },
  row(canary('STAGEDTHERE', previews(there)), '340111001', 16, 1, {})])), '--replace');
run('load', store, 'notice', put('staged.csv', `id,project_id,approval_no,kind,title,published_on\nG9,X1,,征收土地公告,${canary('STAGEDNOTICE', previews(chief))},1989-07-08\n`));
const attach = (kind, name, content, ...options) => JSON.parse(run('attach', store, kind, put(name, content), '--json', ...options));
attach('approval', `皖政地2021-1号 ${canary('SCANNAME', chief)}.pdf`, pdf(canary('SCANBYTES', chief)), '--publish');
attach('parcel', `${canary('SCANHERE', here())}.pdf`, pdf(canary('BYTESHERE', here())), '--key', 'X1:H1', '--publish');
attach('parcel', `${canary('SCANSTAGED', previews(here()))}.pdf`, pdf(canary('BYTESSTAGED', previews(here()))), '--key', 'X1:H1');
attach('parcel', `${canary('SCANSTAGEDTHERE', previews(there))}.pdf`, pdf(canary('BYTESSTAGEDTHERE', previews(there))), '--key', 'X1:H2');
// Withdrawn, with the reason for it.
const withdrawn = JSON.parse(run('load', store, 'parcel', put('withdrawn.geojson', featureCollection([
  row(canary('WITHDRAWNKEY', nobody), '341321101', 18, 1, { owner: canary('WITHDRAWNOWNER', nobody) })])), '--publish', '--json').trim().split('\n').at(-1));
run('withdraw', store, String(withdrawn.batch), '--reason', canary('REASON', previews(() => true)));
// Rejected: what a load threw out is kept with its batch.
spawnSync(ingest, ['load', store, 'parcel', put(`${canary('FILENAME', nobody)}.geojson`, featureCollection([row(canary('REJECTED', nobody), 'no division', 20, 1, {})]))]);

const server = await serve(store);
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
after(() => {
  agent.destroy();
  return server.stop();
});

/* ---- the crawler ---- */

const viewers = { public: undefined, staff: STAFF, chief: CHIEF, village: VILLAGE, applicant: APPLICANT, elsewhere: ELSEWHERE };

/** All that an answer holds: its bytes, and what is packed in them. */
function* contents(bytes, depth = 0) {
  yield bytes;
  if (depth > 2) return;
  if (bytes.length > 4 && bytes.readUInt32LE(0) === 0x04034b50) {
    for (let at = bytes.length - 22; at >= 0; at--) {
      if (bytes.readUInt32LE(at) !== 0x06054b50) continue;
      let entry = bytes.readUInt32LE(at + 16);
      for (let n = bytes.readUInt16LE(at + 10); n > 0; n--) {
        const method = bytes.readUInt16LE(entry + 10), size = bytes.readUInt32LE(entry + 20), local = bytes.readUInt32LE(entry + 42);
        const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28), packed = bytes.subarray(start, start + size);
        yield bytes.subarray(entry + 46, entry + 46 + bytes.readUInt16LE(entry + 28));
        yield* contents(method === 8 ? inflateRawSync(packed) : packed, depth + 1);
        entry += 46 + bytes.readUInt16LE(entry + 28) + bytes.readUInt16LE(entry + 30) + bytes.readUInt16LE(entry + 32);
      }
      break;
    }
  }
}

const found = [], met = new Map(), statuses = new Map();
let requests = 0;
async function ask(viewer, path, options = {}) {
  const answer = await get(server.url + path, { token: viewers[viewer], agent, headers: { 'Accept-Encoding': 'gzip' }, ...options });
  requests++;
  statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
  const head = Buffer.from(JSON.stringify(answer.headers));
  const asked = decodeURIComponent(path.replaceAll('+', ' ').replace(/%(?![0-9a-f]{2})/gi, '%25')) + (options.body ?? '');
  for (const bytes of [head, ...contents(answer.body)]) {
    const text = bytes.toString('latin1');
    if (!text.includes('CANARY') && !text.includes('918273')) continue;
    for (const [word, may] of canaries) {
      if (!text.includes(word)) continue;
      if (may(viewer, path)) met.set(`${word} ${viewer}`, path);
      else if (!asked.includes(word)) found.push(`${viewer} finds ${word} at ${path}`); // what was asked may be repeated
    }
    for (const [amount, may] of [[AMOUNT, here()], [AMOUNT_THERE, there]])
      if (text.includes(String(amount)) && !may(viewer) && !asked.includes(String(amount))) found.push(`${viewer} finds ${amount} at ${path}`);
  }
  // What a shared cache may keep is what everyone gets.
  if (viewer !== 'public' && answer.status < 400 && !/no-store/.test(answer.headers['cache-control'] ?? '')) {
    const open = await get(server.url + path, { agent, headers: { 'Accept-Encoding': 'gzip' }, ...options });
    assert.ok(open.body.equals(answer.body), `${viewer} ${path} is not what the public gets, and caches may keep it`);
  }
  return answer;
}

/** The addresses in an answer, of this server. */
function linksOf(answer) {
  const type = answer.headers['content-type'] ?? '', links = [];
  if (/json/.test(type)) {
    const walk = (value) => {
      if (Array.isArray(value)) value.forEach(walk);
      else if (value && typeof value === 'object') for (const [key, inside] of Object.entries(value)) {
        if (typeof inside === 'string' && /^(href|url)$/.test(key)) links.push(inside);
        else walk(inside);
      }
    };
    try { walk(answer.json); } catch { /* lines of JSON */ }
  } else if (/html/.test(type)) {
    for (const [, link] of answer.text.matchAll(/(?:href|src|action)="([^"]*)"/g)) links.push(link.replaceAll('&amp;', '&'));
  }
  return links.map((link) => link.replace(server.url, '')).filter((link) => link.startsWith('/') && !link.includes('{'));
}

const FIELDS = ['id', 'name', 'division', 'owner', 'shares', 'minutes', 'amount', 'id_number', 'surveyed_on', 'households', 'area_m2', 'total', 'payee', 'bank_account', 'received_on', 'title', 'parcel', 'no_such_field'];
const KINDS = ['parcel', 'project', 'approval', 'notice', 'compensation', 'preexamination', 'complaint'];
const e = encodeURIComponent;

/** What nobody links to. */
function* guesses() {
  yield* ['/', '/?f=json', '/?f=html', '/conformance', '/api', '/api?f=html', '/collections', '/catalogue', '/healthz', '/metrics', '/lists', '/tileMatrixSets', '/styles/default.json',
    '/styles/parcel.json', '/session', '/batches', '/batches?all=true', '/log/checkpoint', '/log/tile/0/000', '/log/tile/entries/000', '/log/tile/0/000.p/1', '/log/tile/entries/000.p/1',
    '/documents', '/no/such/place', '/collections/complaint', '/catalogue?f=html'];
  for (let batch = 1; batch <= 20; batch++) yield* [`/batches/${batch}`, `/batches/${batch}/changes`, `/batches/${batch}/changes?withdraw=true`, `/batches/${batch}/documents`];
  for (let n = 1; n <= 40; n += 13) yield* [`/log/tile/0/000.p/${n}`, `/log/tile/entries/000.p/${n}`];
  for (const kind of KINDS) {
    const c = `/collections/${kind}`;
    yield* [c, `${c}/schema`, `${c}/queryables`, `${c}/sortables`, `${c}/items?limit=1000`, `${c}/items?f=html&limit=1000`, `${c}/statistics`, `${c}/tiles`, `${c}/tiles/WebMercatorQuad`,
      `${c}/items?count=true`, `${c}/items?datetime=1980-01-01/..`, `${c}/items?bbox=117,31.5,117.5,32`];
    for (const f of ['csv', 'csv&geometry=wkt', 'xlsx', 'geojson', 'geojsonseq', 'gpkg', 'fgb', 'shp']) yield `${c}/items?f=${f}`;
    for (const field of ['parcel', 'complaint'].includes(kind) ? FIELDS : kind === 'compensation' ? ['id', 'total', 'payee', 'bank_account', 'no_such_field'] : ['id', 'received_on', 'no_such_field']) {
      yield* [`${c}/items?${field}=CANARYOWNERHEREQX`, `${c}/items?sortby=${field}`, `${c}/items?sortby=-${field}`, `${c}/items?properties=${field}`, `${c}/statistics?group_by=${field}`,
        `${c}/statistics?sum=${field}`, `${c}/statistics?group_by=parcel.${field}`, `${c}/statistics?group_by=complaint.${field}`, `${c}/items?f=csv&properties=${field}`];
      for (const filter of [`${field} LIKE 'CANARY%'`, `${field} IS NOT NULL`, `${field} = 'CANARYOWNERHEREQX'`, `CASEI(${field}) = CASEI('x')`, `${field} > 0`, `NOT (${field} IS NULL)`])
        yield `${c}/items?filter=${e(filter)}`;
    }
    for (const q of ['CANARY', 'CANARYOWNER', 'CANARYSTAGED', 'H1', '341321101', '王']) yield `${c}/items?q=${q}`;
    for (const key of ['X1:H1', 'X1:H2', 'X1:CANARYSTAGEDKEYQX', 'X1:CANARYWITHDRAWNKEYQX', 'CANARYCOMPLAINTHEREQX', 'CANARYCOMPLAINTTHEREQX', 'G9', '皖政地〔2021〕1号']) {
      const i = `${c}/items/${e(key)}`;
      yield* [i, `${i}?f=html`, `${i}/dossier`, `${i}/dossier?f=html`, `${i}/overlaps`, `${i}/proof`, ...KINDS.map((other) => `${i}/${other}`)];
    }
  }
  for (const word of ['CANARY', 'canary', 'ANARYOWN', 'CANARYOWNERHEREQX', 'CANARYSTAGED', 'CANARYTITLE', 'CANARYWITHDRAWN', 'CANARYCOMPLAINT', 'CANARYSCAN', '918273', 'H1', '户主', '信访', '王', '1987'])
    yield* [`/search?q=${e(word)}`, `/search?q=${e(word)}&limit=100&per_kind=50`];
  for (const question of ['point=117.221,31.803', 'bbox=117.2,31.8,117.25,31.83', `wkt=${e('POLYGON((117.2 31.8,117.25 31.8,117.25 31.83,117.2 31.83,117.2 31.8))')}`])
    yield* [`/overlaps?${question}`, `/overlaps?${question}&layers=parcel`, `/overlaps?${question}&f=html`];
  for (const layers of ['parcel', 'parcel_grid', 'parcel,parcel_grid', 'complaint', 'complaint_grid']) {
    yield `/xyz/${layers}.json`;
    for (let z = 0; z <= 17; z += z < 6 ? 3 : 1)
      for (const [lon, lat] of [[117.221, 31.803], [117.225, 31.803], [117.229, 31.803], [117.237, 31.803]]) {
        const tile = tileOf(lon, lat, z);
        yield `/xyz/${layers}/${z}/${tile.x}/${tile.y}`;
        if (z % 4 === 2) yield `/collections/${layers.split(',')[0]}/tiles/WebMercatorQuad/${z}/${tile.y}/${tile.x}`;
      }
    const tile = tileOf(117.221, 31.803, 14);
    for (const field of ['owner', 'shares', 'id_number', 'amount']) yield `/xyz/${layers}/14/${tile.x}/${tile.y}?filter=${e(`${field} LIKE 'CANARY%'`)}`;
  }
}

async function crawl(viewer) {
  const queue = [...guesses()], seen = new Set(queue);
  while (queue.length > 0) {
    const answers = await Promise.all(queue.splice(0, 4).map((path) => ask(viewer, path)));
    for (const answer of answers)
      for (const link of linksOf(answer))
        if (seen.size < 6000 && !seen.has(link)) {
          seen.add(link);
          queue.push(link);
        }
  }
  return seen.size;
}

for (const viewer of Object.keys(viewers)) {
  test(`nothing hidden is met by: ${viewer}`, async () => {
    const before = found.length, asked = await crawl(viewer);
    assert.ok(asked > 1000, `${asked} addresses`);
    for (const [path, body, type] of [['/overlaps', JSON.stringify({ type: 'Polygon', coordinates: [square(10, 1, 0.02)] }), 'application/geo+json'],
      ['/overlaps', 'POLYGON((117.2 31.8,117.25 31.8,117.25 31.83,117.2 31.83,117.2 31.8))', 'text/plain'], ['/session', '{"token":"CANARYGUESSQX"}', 'application/json']])
      await ask(viewer, path, { method: 'POST', body, headers: { 'Content-Type': type } });
    for (const method of ['HEAD', 'OPTIONS', 'PUT', 'DELETE']) await ask(viewer, '/collections/parcel/items', { method });
    assert.deepEqual(found.slice(before, before + 20), []);
  });
}

test('those who may, meet them: the crawler would have found the others, too', () => {
  for (const expected of ['CANARYOWNERHEREQX staff', 'CANARYOWNERHEREQX chief', 'CANARYOWNERTHEREQX elsewhere', 'CANARYSHARESHEREQX village', 'CANARYSHARESHEREQX applicant', 'CANARYMINUTESHEREQX applicant',
    'CANARYCOMPLAINTHEREQX staff', 'CANARYTITLETHEREQX elsewhere', 'CANARYSCANHEREQX staff', 'CANARYBYTESHEREQX staff', 'CANARYSCANNAMEQX chief', 'CANARYSTAGEDOWNERQX staff', 'CANARYKINDTITLEQX staff', 'CANARYSOURCEQX staff', 'CANARYSTAGEDKEYQX staff'])
    assert.ok(met.has(expected), `${expected} was never met in ${requests} requests`);
  assert.ok((statuses.get(200) ?? 0) > 2000 && (statuses.get(400) ?? 0) > 300 && (statuses.get(404) ?? 0) > 100, JSON.stringify([...statuses]));
  assert.equal(statuses.get(500), undefined);
});

test('tiles hold nothing else when they are decoded', async () => {
  const tile = tileOf(117.221, 31.803, 14);
  for (const [viewer, sees] of [['public', {}], ['village', { shares: 'CANARYSHARESHEREQX' }], ['staff', { shares: 'CANARYSHARESHEREQX', owner: 'CANARYOWNERHEREQX' }], ['elsewhere', {}]]) {
    const { parcel } = new VectorTile(new PbfReader((await ask(viewer, `/xyz/parcel/14/${tile.x}/${tile.y}`)).body)).layers;
    const h1 = Array.from({ length: parcel.length }, (_, i) => parcel.feature(i).properties).find(({ id }) => id === 'H1');
    assert.deepEqual([h1.shares, viewer === 'village' ? undefined : h1.owner], [sees.shares, sees.owner], viewer);
    assert.ok(!String(h1.owner ?? '').startsWith('CANARY') || sees.owner);
  }
});

test('what the server says of itself holds none either', () => {
  for (const word of canaries.keys()) assert.ok(!server.errors().includes(word), word);
});
