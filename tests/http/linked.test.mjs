// Fields of parcels that follow from approvals and payments, while the server runs: what the CSV files that are published
// say, put together here, against tiles, items, filters, statistics and downloads. Ten thousand parcels.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PbfReader } from 'pbf';
import { VectorTile } from '@mapbox/vector-tile';
import { CHIEF, featureCollection, folder, get, plainIngest, serve, tileOf } from './county.mjs';

const catalogue = `
title: 测试县征地信息
publisher: 测试局
extent: [116.0, 31.0, 118.0, 33.0]
layers:
  - name: parcel
    title: 征收地块
    geometry: polygon
    key: {field: id}
    label: id
    zooms: [6, 18]
    grid: [paid]
    fields:
      - {name: id, title: 地块编号, type: text, audience: public, required: true, tiles: true}
      - {name: approval_no, title: 批准文号, type: approval_no, audience: public}
      - {name: approved_on, title: 批准日期, type: date, audience: public, tiles: true, linked: {field: approval.approved_on, as: min}}
      - {name: paid, title: 是否付清, type: text, audience: public, tiles: true, index: true, values: [已付清, 部分付清, 未付], linked: {field: payment.paid_on, as: state}}
records:
  - name: approval
    title: 用地批复
    key: {field: approval_no}
    fields:
      - {name: approval_no, title: 批准文号, type: approval_no, audience: public, required: true}
      - {name: approved_on, title: 批准日期, type: date, audience: public}
  - name: payment
    title: 征地补偿
    key: {field: id}
    fields:
      - {name: id, title: 补偿编号, type: text, audience: public, required: true}
      - {name: parcel, title: 地块编号, type: text, audience: public}
      - {name: paid_on, title: 支付日期, type: date, audience: public}
links:
  - from: parcel
    to: approval
    on:
      - match: {approval_no: approval_no}
  - from: payment
    to: parcel
    on:
      - match: {parcel: key}
`;

const SIDE = 100, STEP = 0.002, WEST = 117.0, SOUTH = 31.5, ZOOM = 14;
const parcels = Array.from({ length: SIDE * SIDE }, (_, n) => {
  const row = Math.floor(n / SIDE), x = WEST + (n % SIDE) * STEP, y = SOUTH + row * STEP, d = 0.0017;
  return { id: `DK${n}`, approval_no: `皖政地〔2021〕${row}号`, middle: [x + d / 2, y + d / 2],
    geometry: { type: 'Polygon', coordinates: [[[x, y], [x + d, y], [x + d, y + d], [x, y + d], [x, y]]] } };
});
const tiles = [...new Map(parcels.map(({ middle }) => tileOf(...middle, ZOOM)).map((tile) => [`${tile.x}/${tile.y}`, tile])).values()];
const pathOf = ({ z, x, y }) => `/xyz/parcel/${z}/${x}/${y}`;
// The tiles in whose own square some of a parcel lies, or in the buffer of which: 64 units of 4096.
const tilesNear = (parcel) => {
  const [west, south] = parcel.geometry.coordinates[0][0], [east, north] = parcel.geometry.coordinates[0][2];
  const margin = 360 / 2 ** ZOOM * 65 / 4096;
  const a = tileOf(west - margin, north + margin, ZOOM), b = tileOf(east + margin, south - margin, ZOOM);
  return tiles.filter(({ x, y }) => x >= a.x && x <= b.x && y >= a.y && y <= b.y);
};

const dir = folder(), store = join(dir, 'county.dk');
const put = (name, text) => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};
put('tokens', `${CHIEF} * 李四\n`);

const groupBy = (rows, key) => rows.reduce((groups, row) => groups.set(key(row), [...(groups.get(key(row)) ?? []), row]), new Map());
// What is published: the text of each batch, in the order of their publication.
const published = { approval: [], payment: [] };
const rowsOf = (text) => {
  const [head, ...rows] = text.trim().split('\n').map((line) => line.split(','));
  return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i]])));
};
const current = (kind, key) => [...new Map(published[kind].flatMap(({ text }) => rowsOf(text)).map((row) => [row[key], row])).values()];
/** approved_on and paid of each parcel, as the published files say. */
function expected() {
  const approved = new Map(current('approval', 'approval_no').map((row) => [row.approval_no, row.approved_on]));
  const payments = groupBy(current('payment', 'id'), (row) => row.parcel);
  return new Map(parcels.map(({ id, approval_no }) => {
    const rows = payments.get(id) ?? [], paid = rows.filter((row) => row.paid_on !== '').length;
    return [id, { approved_on: approved.get(approval_no) || undefined,
      paid: rows.length === 0 ? undefined : paid === rows.length ? '已付清' : paid > 0 ? '部分付清' : '未付' }];
  }));
}

// The many rows are loaded without sanitizers; tests/test_linked.c follows few with them.
const run = (...args) => execFileSync(plainIngest, args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });

let batches = 0, server;
after(() => server?.stop());
const at = (path) => get(server.url + path);
const items = async (params) => {
  const answer = await at(`/collections/parcel/items?${new URLSearchParams(params)}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
};
async function seenBy(generation) {
  for (const limit = Date.now() + 10000; Date.now() < limit; await sleep(5))
    if ((await at('/healthz')).json.generation === generation) return;
  assert.fail(`the server does not see generation ${generation}`);
}
let generation = 0;
async function publish(kind, text, ...options) {
  run('load', store, kind, put(`${kind}${batches}.csv`, text), '--publish', ...options);
  published[kind].push({ batch: ++batches, text });
  await seenBy(++generation);
}
async function withdraw(kind, batch) {
  run('withdraw', store, String(batch), '--reason', '更正');
  published[kind] = published[kind].filter((one) => one.batch !== batch);
  await seenBy(++generation);
}

async function tileRows(path) {
  const answer = await at(path);
  if (answer.status === 204) return { etag: '', rows: new Map() };
  assert.equal(answer.status, 200, answer.text);
  const { parcel } = new VectorTile(new PbfReader(answer.body)).layers;
  const rows = new Map();
  for (let i = 0; i < parcel.length; i++) {
    const { id, approved_on, paid } = parcel.feature(i).properties;
    assert.ok(!rows.has(id), `${id} is twice in ${path}`);
    rows.set(id, { approved_on, paid });
  }
  return { etag: answer.headers.etag, rows };
}

/** Every tile has what is expected, of all parcels; gives the tags by address. */
async function compareTiles() {
  const wanted = expected(), tags = new Map(), met = new Set();
  await Promise.all(tiles.map(async (tile) => {
    const { etag, rows } = await tileRows(pathOf(tile));
    tags.set(pathOf(tile), etag);
    for (const [id, row] of rows) {
      assert.deepEqual(row, wanted.get(id), `${id} in ${pathOf(tile)}`);
      met.add(id);
    }
  }));
  assert.equal(met.size, parcels.length);
  return tags;
}
const changedTags = (before, now) => [...now].filter(([path, tag]) => before.get(path) !== tag).map(([path]) => path).sort();
const near = (ids) => [...new Set(ids.flatMap((id) => tilesNear(parcels[Number(id.slice(2))])).map(pathOf))].sort();

/** {value: parcels} as the grid counts them at a zoom at which none is drawn. */
async function counted() {
  const counts = {}, z = 8, corners = [[WEST, SOUTH + SIDE * STEP], [WEST + SIDE * STEP, SOUTH]].map((corner) => tileOf(...corner, z));
  let count = 0;
  for (let { x } = corners[0]; x <= corners[1].x; x++) {
    for (let { y } = corners[0]; y <= corners[1].y; y++) {
      const { parcel_grid: grid } = new VectorTile(new PbfReader((await at(`/xyz/parcel_grid/${z}/${x}/${y}`)).body)).layers;
      for (let i = 0; i < (grid?.length ?? 0); i++) {
        const { properties } = grid.feature(i);
        count += properties.count;
        for (const [key, n] of Object.entries(properties)) if (key.startsWith('paid_')) counts[key.slice(5)] = (counts[key.slice(5)] ?? 0) + n;
      }
    }
  }
  assert.equal(count, parcels.length);
  return counts;
}

/** Items, filters, statistics, filtered tiles and the grid agree with what is expected. */
async function compareAnswers() {
  const wanted = expected(), ids = (test) => [...wanted].filter(([, row]) => test(row)).map(([id]) => id).sort();
  for (const value of ['已付清', '部分付清', '未付']) {
    const found = await items({ filter: `paid = '${value}'`, limit: 10000, skipGeometry: true });
    assert.deepEqual(found.features.map((feature) => feature.id).sort(), ids((row) => row.paid === value), value);
  }
  const dated = await items({ filter: "approved_on < '2021-06-01' AND paid IS NULL", limit: 10000, skipGeometry: true });
  assert.deepEqual(dated.features.map((feature) => feature.id).sort(), ids((row) => row.approved_on < '2021-06-01' && row.paid === undefined));
  const { groups } = (await at('/collections/parcel/statistics?group_by=paid')).json;
  const counts = [null, '已付清', '部分付清', '未付'].map((value) => [value, ids((row) => (row.paid ?? null) === value).length]).filter(([, n]) => n > 0);
  assert.deepEqual(new Map(groups.map((group) => [group.by[0] ?? null, group.count])), new Map(counts));
  assert.deepEqual(await counted(), Object.fromEntries(counts.filter(([value]) => value !== null)));
  const open = ids((row) => row.paid === '未付' || row.paid === '部分付清');
  const drawn = await Promise.all(tiles.map((tile) => tileRows(`${pathOf(tile)}?${new URLSearchParams({ filter: "paid IN ('未付', '部分付清')" })}`)));
  assert.deepEqual([...new Set(drawn.flatMap(({ rows }) => [...rows.keys()]))].sort(), open);
  for (const n of [0, 5, 1234]) {
    const { properties } = (await at(`/collections/parcel/items/DK${n}`)).json;
    assert.deepEqual({ approved_on: properties.approved_on ?? undefined, paid: properties.paid ?? undefined }, wanted.get(`DK${n}`));
  }
}

const approvalText = (rows, date) => `approval_no,approved_on\n${rows.map((row) => `皖政地〔2021〕${row}号,${date(row)}\n`).join('')}`;
const paymentText = (rows) => `id,parcel,paid_on\n${rows.map((row) => `${row.join(',')}\n`).join('')}`;
const numbers = (n) => Array.from({ length: n }, (_, i) => i);

test('parcels first: nothing is linked, and nothing is said', async () => {
  run('create', store, '--catalogue', put('catalogue.yaml', catalogue));
  run('load', store, 'parcel', put('parcel.geojson', featureCollection(parcels.map(({ middle, ...parcel }) => parcel))), '--publish');
  batches++;
  generation++;
  server = await serve(store);
  await compareTiles();
});

test('then approvals: their parcels have the date, the tiles of all others keep their tag', async () => {
  const before = await compareTiles();
  await publish('approval', approvalText(numbers(10), (row) => (row < 5 ? `2021-03-0${row + 1}` : `2021-07-0${row}`)));
  const changed = changedTags(before, await compareTiles());
  assert.deepEqual(changed, near(parcels.slice(0, 10 * SIDE).map(({ id }) => id)));
  assert.ok(changed.length < tiles.length / 3, `${changed.length} of ${tiles.length}`);
});

test('then payments: all, some or none of a parcel paid', async () => {
  const rows = numbers(300).flatMap((n) => [[`A${n}`, `DK${7 * n}`, n % 3 === 0 ? '' : '2021-08-01'], [`B${n}`, `DK${7 * n}`, n % 3 === 1 ? '2021-08-02' : '']]);
  await publish('payment', paymentText(rows));
  await compareTiles();
  await compareAnswers();
});

const scattered = numbers(10).map((n) => `DK${n * 1007 + 3}`);
test('ten payments change the tiles of ten parcels', async () => {
  const before = await compareTiles();
  await publish('payment', paymentText(scattered.map((id, n) => [`C${n}`, id, n % 2 ? '2021-09-01' : ''])));
  assert.deepEqual(changedTags(before, await compareTiles()), near(scattered));
  await compareAnswers();
});

test('a replacement: what was paid since, and an approval with another date', async () => {
  let before = await compareTiles();
  await publish('payment', paymentText(scattered.map((id, n) => [`C${n}`, id, '2021-10-01'])), '--replace');
  assert.deepEqual(changedTags(before, before = await compareTiles()), near(scattered.filter((_, n) => n % 2 === 0)), 'who was paid before keeps 已付清');
  await publish('approval', approvalText([7], () => '2020-12-31'), '--replace');
  assert.deepEqual(changedTags(before, await compareTiles()), near(numbers(SIDE).map((n) => `DK${7 * SIDE + n}`)));
  await compareAnswers();
});

test('withdrawn, what was there before is back, under its old tag', async () => {
  const before = await compareTiles();
  await withdraw('payment', batches - 1); // the replacement
  const changed = changedTags(before, await compareTiles());
  assert.deepEqual(changed, near(scattered.filter((_, n) => n % 2 === 0)));
  await compareAnswers();
  await withdraw('approval', 2);
  await compareTiles();
  await compareAnswers();
});

test('the fields are named wherever fields are', async () => {
  const { vector_layers: [layer] } = (await at('/xyz/parcel.json')).json;
  assert.deepEqual([layer.fields.approved_on, layer.fields.paid], ['String', 'String']);
  for (const resource of ['schema', 'queryables']) {
    const { properties } = (await at(`/collections/parcel/${resource}?f=json`)).json;
    assert.equal(properties.paid.title, '是否付清');
    assert.deepEqual(properties.paid.enum, ['已付清', '部分付清', '未付']);
    assert.equal(properties.approved_on.format, 'date');
  }
  assert.ok('approved_on' in (await at('/collections/parcel/sortables?f=json')).json.properties);
  const sorted = await items({ sortby: '-approved_on', limit: 3, skipGeometry: true });
  const last = [...expected().values()].map((row) => row.approved_on ?? '').sort().at(-1);
  for (const { properties } of sorted.features) assert.equal(properties.approved_on, last);
  const csv = (await at(`/collections/parcel/items?${new URLSearchParams({ f: 'csv', header: 'names', properties: 'id,paid', filter: 'paid IS NOT NULL' })}`)).text;
  assert.deepEqual(csv.slice(1).trim().split(/\r?\n/).slice(1).sort(),
    [...expected()].filter(([, row]) => row.paid !== undefined).map(([id, row]) => `${id},${row.paid}`).sort());
  const { properties } = (await at('/collections/parcel/items/DK0/dossier')).json.parcel ?? (await at('/collections/parcel/items/DK0')).json;
  assert.equal(properties.paid, expected().get('DK0').paid);
});

test('check finds nothing, and what reindex makes anew are the same tiles', async () => {
  run('check', store);
  const before = await compareTiles();
  run('reindex', store);
  assert.equal(run('load', store, 'parcel', join(dir, 'parcel.geojson'), '--dry-run', '--json').includes('"unchanged":10000'), true);
  run('check', store);
  await server.stop();
  server = await serve(store);
  const now = await compareTiles();
  assert.deepEqual(changedTags(before, now), []);
});
