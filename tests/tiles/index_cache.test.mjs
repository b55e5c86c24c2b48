// What tiles are made of is kept in memory (--index-cache). A server that keeps it gives the very bytes of one that reads the
// store each time, whatever is published, taken back, erased or built anew meanwhile.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHIEF, get, plainIngest, serve, tiler } from '../http/county.mjs';
import { makeLand, randomOf, tilesOf } from './land.mjs';

const random = randomOf(21), land = makeLand(undefined, { large: true }), WEST = 117, SOUTH = 31.5, SIDE = 40, STEP = 0.006;
writeFileSync(join(land.dir, 'tokens'), `${CHIEF} * all\n`, { mode: 0o600 });
const circle = (cx, cy, r, n) => Array.from({ length: n + 1 }, (_, k) => [cx + r * Math.cos(2 * Math.PI * (k % n) / n), cy + r * Math.sin(2 * Math.PI * (k % n) / n)]);
const zone = (n, prefix = 'Z') => {
  const r = STEP * (0.1 + 0.35 * random());
  return { id: `${prefix}${n}`, households: n % 7, rings: [circle(WEST + (n % SIDE) * STEP, SOUTH + Math.floor(n / SIDE) * STEP, r, 24)] };
};
const box = [WEST - STEP, SOUTH - STEP, WEST + SIDE * STEP, SOUTH + SIDE * STEP];
// With one whose outline is cut into pieces, and is a sheet that is not kept.
const rough = (ring) => ring.map(([x, y], i) => [x + 4e-5 * (i % 4 === 1), y + 4e-5 * (i % 4 === 2)]);
land.load('first', [...Array.from({ length: SIDE * SIDE }, (_, n) => zone(n)),
  { id: 'WIDE', households: 1, rings: [rough(circle(WEST + SIDE * STEP / 2, SOUTH + SIDE * STEP / 2, SIDE * STEP / 2, 60000))] }]);

const servers = {};
for (const [name, size] of [['kept', '64M'], ['small', '1M'], ['none', '0']]) servers[name] = await serve(land.store, '--cache-size', '0', '--index-cache', size);
after(() => Promise.all(Object.values(servers).map((server) => server.stop())));

// From the largest zoom on: there pieces stand for the wide one, and its sheet is looked at and not read.
const paths = tilesOf(box, 15).filter((_, i) => i % 27 === 0).map(({ x, y }) => `/xyz/zone/15/${x}/${y}`);
for (let z = 12; z >= 4; z--) paths.push(...tilesOf(box, z).map(({ x, y }) => `/xyz/zone,zone_grid/${z}/${x}/${y}`));
paths.push('/collections/zone/tiles/CGCS2000Quad/9/165/422', '/overlaps?bbox=117.05,31.55,117.06,31.56');
const keysOf = (value) => (typeof value !== 'object' || value === null ? [] : [...(value.key !== undefined ? [[value.key, value.area_m2]] : []), ...Object.values(value).flatMap(keysOf)]);
const token = { token: CHIEF }; // a server keeps no tile of theirs
async function answers(url) {
  const all = [];
  for (let i = 0; i < paths.length; i += 8) all.push(...await Promise.all(paths.slice(i, i + 8).map(async (path) => {
    const { status, body } = await get(url + path, token);
    assert.ok(status === 200 || status === 204, `${path}: ${status}`);
    const same = path.startsWith('/overlaps') ? JSON.stringify(keysOf(JSON.parse(body))) : body;
    return `${same.length} bytes ${createHash('sha256').update(same).digest('hex')}`;
  })));
  return all;
}
const counter = async (server, name) => Number(new RegExp(`^dikuai_index_cache_${name} (\\d+)$`, 'm').exec((await get(`${server.url}/metrics`)).text)[1]);

/** What all of them answer, each asked twice. */
async function compared() {
  const wanted = await answers(servers.none.url);
  for (const name of ['kept', 'small'])
    for (let turn = 0; turn < 2; turn++) {
      const given = await answers(servers[name].url);
      for (let i = 0; i < paths.length; i++) assert.equal(given[i], wanted[i], `${name}: ${paths[i]}`);
    }
  return wanted;
}

test('the bytes are those of the store, and memory is bounded', async () => {
  const all = await compared();
  assert.ok(all.filter((text) => Number.parseInt(text, 10) > 1000).length > 20);
  const hits = await counter(servers.kept, 'hits_total'), misses = await counter(servers.kept, 'misses_total');
  await answers(servers.kept.url);
  assert.ok(await counter(servers.kept, 'hits_total') > hits + 100);
  assert.ok(await counter(servers.kept, 'misses_total') - misses < misses / 4, 'only what is too large to be kept is read again');
  assert.ok(await counter(servers.small, 'bytes') <= 1 << 20);
  for (const name of ['hits_total', 'misses_total', 'bytes']) assert.equal(await counter(servers.none, name), 0);
});

test('they follow what is published, replaced, taken back and erased', async () => {
  const first = await compared();
  land.load('other', [...Array.from({ length: 50 }, (_, n) => zone(n * 31, 'M')), ...Array.from({ length: 100 }, (_, n) => zone(n * 5))], '--replace');
  assert.notDeepEqual(await compared(), first);
  land.run('withdraw', land.store, '2', '--reason', '更正');
  assert.deepEqual(await compared(), first);
  land.run('redact', land.store, 'zone', 'Z17', '--reason', '信息误公开');
  assert.notDeepEqual(await compared(), first);
});

test('an index that is built anew is read anew, though no generation comes', async () => {
  const damaged = join(land.dir, 'damaged.gpkg'), right = await answers(servers.none.url);
  execFileSync('sqlite3', [land.store, 'pragma wal_checkpoint(truncate)']);
  copyFileSync(land.store, damaged);
  execFileSync('sqlite3', [damaged, 'delete from block_zone where died=0 and id%2=0; delete from grid_zone where died=0']);
  const server = await serve(damaged, '--cache-size', '0');
  try {
    const before = await answers(server.url);
    assert.notDeepEqual(before, right);
    const { generation } = (await get(`${server.url}/healthz`)).json;
    for (let turn = 0; turn < 2; turn++) {
      assert.equal(spawnSync(plainIngest, ['reindex', damaged]).status, 0);
      assert.deepEqual(await answers(server.url), right);
      execFileSync('sqlite3', [damaged, 'delete from block_zone where died=0']);
    }
    assert.equal((await get(`${server.url}/healthz`)).json.generation, generation);
  } finally {
    await server.stop();
  }
});

test('tiles that a server keeps go when the index is built anew', async () => {
  const damaged = join(land.dir, 'kept.gpkg'), some = paths.filter((path) => /^\/xyz\/zone,zone_grid\/[4-9]\//.test(path));
  const tiles = (url) => Promise.all(some.map(async (path) => createHash('sha256').update((await get(url + path)).body ?? '').digest('hex')));
  execFileSync('sqlite3', [land.store, 'pragma wal_checkpoint(truncate)']);
  copyFileSync(land.store, damaged);
  execFileSync('sqlite3', [damaged, 'delete from grid_zone where died=0']);
  const right = await tiles(servers.none.url), server = await serve(damaged);
  try {
    const wrong = await tiles(server.url);
    assert.notDeepEqual(wrong, right);
    assert.deepEqual(await tiles(server.url), wrong);
    assert.equal(spawnSync(plainIngest, ['reindex', damaged]).status, 0);
    const until = Date.now() + 10000; // it looks a hundred times a second
    while (Date.now() < until && (await tiles(server.url)).join() !== right.join());
    assert.deepEqual(await tiles(server.url), right);
  } finally {
    await server.stop();
  }
});

test('a size that holds nothing is refused', () => {
  for (const [size, sentence] of [['100K', /--index-cache needs 1M at least, or 0 for none, not 100K;/], ['much', /--index-cache takes a number of bytes, perhaps with K, M or G behind, not much;/]]) {
    const { status, stderr } = spawnSync(tiler, [land.store, '--index-cache', size], { encoding: 'utf8' });
    assert.equal(status, 2);
    assert.match(stderr, sentence);
  }
});
