// Tiles in memory: rendered once for all who ask, and dropped only where a publication touches them.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { PbfReader } from 'pbf';
import { VectorTile } from '@mapbox/vector-tile';
import { CHIEF, featureCollection, folder, get, makeStore, plainIngest, run, serve, square, tileOf } from './county.mjs';

const store = makeStore();
const server = await serve(store, '--threads', '4');
after(() => server.stop());
const at = (path, options) => get(server.url + path, options);
const path = ({ z, x, y }, layers = 'parcel') => `/xyz/${layers}/${z}/${x}/${y}`;
const gzip = { headers: { 'Accept-Encoding': 'gzip' } };
async function metrics() {
  const { text } = await at('/metrics');
  return Object.fromEntries(text.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => {
    const [name, value] = line.split(' ');
    return [name.replace(/^dikuai_(tile_cache_)?/, ''), Number(value)];
  }));
}
const here = tileOf(117.201, 31.801, 14);

test('a hundred requests for one cold tile render it once', async () => {
  const before = await metrics();
  const answers = await Promise.all(Array.from({ length: 100 }, () => at(path(here), gzip)));
  const after = await metrics();
  assert.equal(after.misses_total - before.misses_total, 1);
  assert.equal(after.hits_total - before.hits_total, 99);
  assert.equal(new Set(answers.map(({ headers }) => headers.etag)).size, 1);
  for (const { status, raw } of answers) assert.ok(status === 200 && raw.equals(answers[0].raw));
});

test('each coding is an answer of its own with its own tag; all are the same tile', async () => {
  const plain = await at(path(here)), gzipped = await at(path(here), gzip);
  const zstd = await at(path(here), { headers: { 'Accept-Encoding': 'zstd' } });
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal(gzipped.headers['content-encoding'], 'gzip');
  assert.equal(zstd.headers['content-encoding'], 'zstd');
  assert.ok(gunzipSync(gzipped.raw).equals(plain.raw));
  assert.ok(execFileSync('zstd', ['-dc'], { input: zstd.raw }).equals(plain.raw));
  assert.equal(new Set([plain, gzipped, zstd].map(({ headers }) => headers.etag)).size, 3);
  for (const answer of [plain, gzipped, zstd]) {
    assert.match(answer.headers.etag, /^"[^"]+"$/);
    assert.match(answer.headers.vary, /Accept-Encoding/);
    assert.match(answer.headers['cache-control'], /^public, max-age=\d+$/);
    assert.equal(answer.headers['access-control-allow-origin'], '*');
  }
  // Ranked alike, as browsers do, gzip is sent; zstd where it is ranked higher.
  assert.equal((await at(path(here), { headers: { 'Accept-Encoding': 'gzip, deflate, br, zstd' } })).headers['content-encoding'], 'gzip');
  assert.equal((await at(path(here), { headers: { 'Accept-Encoding': 'gzip;q=0.5, zstd' } })).headers['content-encoding'], 'zstd');
  assert.equal((await at(path(here), { headers: { 'Accept-Encoding': 'zstd;q=0, gzip;q=0' } })).headers['content-encoding'], undefined);
});

test('304, HEAD and 204 come from memory as from rendering', async () => {
  for (const coding of ['identity', 'gzip', 'zstd']) {
    const headers = { 'Accept-Encoding': coding };
    const full = await at(path(here), { headers });
    const again = await at(path(here), { headers: { ...headers, 'If-None-Match': full.headers.etag } });
    assert.equal(again.status, 304);
    assert.equal(again.raw.length, 0);
    for (const name of ['etag', 'vary', 'cache-control']) assert.equal(again.headers[name], full.headers[name]);
    assert.equal((await at(path(here), { headers: { ...headers, 'If-None-Match': '"other", W/"more"' } })).status, 200);
    assert.equal((await at(path(here), { headers: { ...headers, 'If-None-Match': '*' } })).status, 304);
    const head = await at(path(here), { headers, method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.raw.length, 0);
    assert.equal(head.headers['content-length'], String(full.raw.length));
    assert.equal(head.headers.etag, full.headers.etag);
  }
  for (let i = 0; i < 2; i++) {
    const empty = await at('/xyz/parcel/14/0/0');
    assert.equal(empty.status, 204);
    assert.equal(empty.headers.etag, undefined);
    assert.match(empty.headers['cache-control'], /max-age/);
  }
});

test('what staff see is neither kept nor given to others', async () => {
  const hidden = async (token) => {
    const answer = await at(path(here), { token });
    const { parcel } = new VectorTile(new PbfReader(answer.body)).layers;
    return { owners: Array.from({ length: parcel.length }, (_, i) => parcel.feature(i).properties.owner).filter(Boolean).length, control: answer.headers['cache-control'] };
  };
  const before = await metrics();
  for (let i = 0; i < 3; i++) {
    assert.deepEqual((await hidden()).owners, 0);
    const staff = await hidden(CHIEF);
    assert.ok(staff.owners > 0);
    assert.equal(staff.control, 'private, no-store');
  }
  const after = await metrics();
  assert.equal(after.entries, before.entries);
});

test('a publication is seen at once, and only the tiles that it touches change their tag', async () => {
  const far = tileOf(117.2105, 31.8205, 18), near = tileOf(117.201, 31.8001, 18), whole = tileOf(117.201, 31.801, 8);
  const grid = 'parcel,parcel_grid';
  const before = await Promise.all([at(path(far, grid), gzip), at(path(near, grid), gzip), at(path(whole, grid), gzip), at(path(far, 'zone'), gzip)]);
  const counts = await metrics();
  const dir = folder();
  // Half of it lies over the corner of the near tile.
  const ring = square(0, 0).map(([lon, lat]) => [lon, lat - 0.004]);
  writeFileSync(join(dir, 'new.geojson'), featureCollection([{ id: 'NEW', name: '新地块', division: '341321101', project_id: 'X9', approval_no: '皖政地〔2021〕1号',
    geometry: { type: 'Polygon', coordinates: [ring] } }]));
  run('load', store, 'parcel', join(dir, 'new.geojson'), '--publish');
  const there = tileOf(ring[0][0] + 1e-4, ring[0][1] + 1e-4, 18);
  let fresh;
  for (const limit = Date.now() + 5000; Date.now() < limit; await sleep(5)) {
    fresh = await at(path(there, grid), gzip);
    if (fresh.status === 200) break;
  }
  assert.equal(fresh.status, 200, 'the new parcel is drawn');
  const after = await Promise.all([at(path(far, grid), gzip), at(path(near, grid), gzip), at(path(whole, grid), gzip), at(path(far, 'zone'), gzip)]);
  assert.equal(after[0].headers.etag, before[0].headers.etag, 'far away nothing changes');
  assert.notEqual(after[2].headers.etag, before[2].headers.etag, 'a tile of the whole county counts one more');
  assert.equal(after[3].headers.etag, before[3].headers.etag, 'another layer does not change');
  const dropped = (await metrics()).dropped_total - counts.dropped_total;
  assert.ok(dropped >= 1 && dropped < counts.entries, `${dropped} of ${counts.entries}`);
});

test('whoever has seen a generation gets no tile from before it', async () => {
  const dir = folder(), start = promisify(execFile), named = tileOf(...square(30, 30)[0], 14);
  const names = async () => {
    const { parcel } = new VectorTile(new PbfReader((await at(path(named))).body)).layers;
    return Array.from({ length: parcel?.length ?? 0 }, (_, i) => parcel.feature(i).properties).filter(({ id }) => id === 'TURN').map(({ name }) => name);
  };
  let { generation } = (await at('/healthz')).json;
  for (let turn = 0; turn < 40; turn++) {
    writeFileSync(join(dir, 'turn.geojson'), featureCollection([{ id: 'TURN', name: `第${turn}次`, division: '341321101', project_id: 'X9', approval_no: '皖政地〔2021〕1号',
      geometry: { type: 'Polygon', coordinates: [square(30, 30)] } }]));
    const done = start(plainIngest, ['load', store, 'parcel', join(dir, 'turn.geojson'), '--replace', '--publish']);
    let seen = generation;
    for (const limit = Date.now() + 10000; seen === generation && Date.now() < limit;) seen = (await at('/healthz')).json.generation;
    assert.deepEqual(await names(), [`第${turn}次`], `generation ${seen} after ${generation}`);
    generation = seen;
    await done;
  }
});

test('memory is bounded, and --cache-size 0 keeps nothing', async () => {
  const small = await serve(store, '--cache-size', '256K');
  const none = await serve(store, '--cache-size', '0');
  try {
    for (let x = 0; x < 300; x++) {
      await get(`${small.url}/xyz/parcel/16/${x}/0`);
      if (x < 10) await get(`${none.url}/xyz/parcel/16/${x}/0`);
    }
    const read = async (url, name) => Number(new RegExp(`^dikuai_tile_cache_${name} (\\d+)$`, 'm').exec((await get(`${url}/metrics`)).text)[1]);
    assert.ok(await read(small.url, 'bytes') <= 256 * 1024);
    assert.ok(await read(small.url, 'evicted_total') > 0);
    assert.equal(await read(none.url, 'entries'), 0);
  } finally {
    await small.stop();
    await none.stop();
  }
});
