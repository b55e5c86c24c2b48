// Zones that fill tiles of small zooms, so that most give way there: what is drawn stands in overviews. A tile with them
// equals one that is drawn from the blocks of the index alone: of the same store, whose overviews are taken away.
import test from 'node:test';
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PbfReader } from 'pbf';
import { VectorTile } from '@mapbox/vector-tile';
import { get, plainIngest, plainTiler, serve } from '../http/county.mjs';
import { catalogue, makeLand, randomOf, tilesOf } from './land.mjs';

const SIDE = 124, STEP = 0.018, WEST = 116.9, SOUTH = 30.6;
const random = randomOf(8);
// Rings of sixteen positions, of sizes that differ, some of them over the tile's edge at 118.125 degrees.
const zone = (i, j) => {
  const cx = WEST + i * STEP, cy = SOUTH + j * STEP, r = STEP * (0.25 + 0.24 * random());
  const ring = Array.from({ length: 16 }, (_, k) => [cx + r * (0.8 + 0.2 * random()) * Math.cos(k * Math.PI / 8), cy + r * (0.8 + 0.2 * random()) * Math.sin(k * Math.PI / 8)]);
  return { id: `Z${i}-${j}`, households: 1, note: Array.from({ length: 10 }, () => Math.floor(random() * 2 ** 32).toString(36)).join('').replace(/\d/g, (d) => 'ABCDEFGHIJ'[d]), rings: [[...ring, ring[0]]] };
};
const zones = Array.from({ length: SIDE * SIDE }, (_, n) => zone(Math.floor(n / SIDE), n % SIDE));
const box = [WEST - STEP, SOUTH - STEP, WEST + SIDE * STEP, SOUTH + SIDE * STEP];
const land = makeLand(catalogue.replace('tiles: true}\n      - {name: households', 'tiles: true}\n      - {name: note, title: 说明, type: text, audience: public, tiles: true}\n      - {name: households'), { large: true });
writeFileSync(join(land.dir, 'tokens'), 'token-for-the-tests-0001 * all\n', { mode: 0o600 });

const sql = (store, text) => execFileSync('sqlite3', [store, text], { encoding: 'utf8' }).trim();
async function served(store, work, options) {
  const server = await serve(store, ...options);
  try {
    return await work(server.url);
  } finally {
    await server.stop();
  }
}

/** Every tile of zooms 4 to 9 in both grids: the path, and its features in the order of their ids. */
async function tilesAt(url) {
  const paths = [];
  for (let z = 4; z <= 9; z++) {
    paths.push(...tilesOf(box, z).map(({ x, y }) => `/xyz/zone,zone_grid/${z}/${x}/${y}`));
    const width = 360 / 2 ** z;
    for (let x = Math.floor((box[0] + 180) / width); x <= Math.floor((box[2] + 180) / width); x++)
      for (let y = Math.floor((90 - box[3]) / width); y <= Math.floor((90 - box[1]) / width); y++) paths.push(`/collections/zone/tiles/CGCS2000Quad/${z}/${y}/${x}`);
  }
  return Promise.all(paths.map(async (path) => {
    const { status, body } = await get(url + path);
    if (status === 204) return { path, features: [] };
    assert.equal(status, 200, path);
    const features = Object.entries(new VectorTile(new PbfReader(body)).layers).flatMap(([name, layer]) =>
      Array.from({ length: layer.length }, (_, i) => layer.feature(i)).map((f) => JSON.stringify([name, f.id, f.properties, f.loadGeometry()])));
    return { path, features: features.sort() };
  }));
}

/** The tiles, which are those of the store without its overviews. */
async function compared() {
  const bare = join(land.dir, 'bare.gpkg');
  execFileSync('sqlite3', [land.store, 'pragma wal_checkpoint(truncate)']);
  copyFileSync(land.store, bare);
  const overviews = Number(sql(land.store, 'select count(*) from overview_zone where died=0'));
  sql(bare, 'delete from overview_zone');
  const [ours, others] = await Promise.all([served(land.store, tilesAt, []), served(bare, tilesAt, [{ tiler: plainTiler }])]);
  for (let i = 0; i < ours.length; i++) assert.deepEqual(ours[i], others[i]);
  assert.ok(ours.some(({ features }) => features.length > 1000));
  land.run('check', land.store);
  return { overviews, tiles: ours };
}
const drawnOf = (tiles, id) => tiles.filter(({ features }) => features.some((text) => text.includes(`"${id}"`))).map(({ path }) => path);

test('a tile with overviews is the tile of the blocks, and they go with what is published', async () => {
  land.load('half', zones.filter((_, n) => n % 2 === 0));
  land.load('rest', zones.filter((_, n) => n % 2 === 1));
  const full = await compared();
  assert.ok(full.overviews >= 4, `${full.overviews} overviews`);
  // Another text of a zone that is drawn at a zoom with a threshold shows at once in its tiles, and only there.
  const largest = zones.reduce((a, b) => (area(a) > area(b) ? a : b));
  const before = drawnOf(full.tiles, largest.id);
  assert.ok(before.some((path) => path.startsWith('/xyz/zone,zone_grid/7/')));
  land.load('again', [{ ...largest, note: '改过的说明' }], '--replace');
  const changed = await compared();
  assert.deepEqual(drawnOf(changed.tiles, largest.id), before);
  for (const { features } of changed.tiles) for (const text of features) if (text.includes(`"${largest.id}"`)) assert.ok(text.includes('改过的说明'));
  // Half of all is taken back, and with it thresholds.
  land.run('withdraw', land.store, '2', '--reason', '更正');
  await compared();
  land.run('withdraw', land.store, '3', '--reason', '更正');
  land.load('rest again', zones.filter((_, n) => n % 2 === 1));
  const again = await compared();
  assert.deepEqual(again.tiles, full.tiles);
});

function area({ rings: [ring] }) {
  return Math.abs(ring.slice(1).reduce((sum, [x, y], i) => sum + ring[i][0] * y - x * ring[i][1], 0)) / 2;
}

test('a row that is erased is in no overview, and nowhere in the file', async () => {
  const largest = zones.reduce((a, b) => (area(a) > area(b) ? a : b)), word = 'ERASEDWORD';
  const times = () => {
    sql(land.store, 'pragma wal_checkpoint(truncate)');
    return readFileSync(land.store).toString('latin1').split(word).length - 1;
  };
  land.load('to be erased', [{ ...largest, note: word }], '--replace');
  assert.ok(Number(sql(land.store, `select count(*) from overview_zone where instr(data,cast('${word}' as blob))>0`)) > 0);
  assert.ok(times() > 0);
  land.run('redact', land.store, 'zone', largest.id, '--reason', '信息误公开');
  assert.equal(times(), 0);
  await compared();
});

test('check tells of an overview that is damaged, and reindex makes it anew', async () => {
  const damaged = join(land.dir, 'damaged.gpkg');
  execFileSync('sqlite3', [land.store, 'pragma wal_checkpoint(truncate)']);
  copyFileSync(land.store, damaged);
  sql(damaged, 'delete from overview_zone where id=(select min(id) from overview_zone where died=0)');
  const check = () => spawnSync(plainIngest, ['check', damaged], { encoding: 'utf8' });
  const told = check();
  assert.notEqual(told.status, 0);
  assert.match(told.stdout + told.stderr, /an overview of zone at zoom \d+ differs from what is published; run dikuai-ingest reindex/);
  execFileSync(plainIngest, ['reindex', damaged], { stdio: 'ignore' });
  const after = check();
  assert.equal(after.status, 0, after.stdout + after.stderr);
});
