// Tiles of what a filter holds for: with the grid they show exactly those rows, at every zoom and in both grids.
import test from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { get, serve } from '../http/county.mjs';
import { catalogue, makeLand, randomOf } from './land.mjs';
import { PbfReader } from 'pbf';
import { VectorTile } from '@mapbox/vector-tile';

const random = randomOf(11);
const parcels = Array.from({ length: 600 }, (_, i) => {
  const west = 117.2 + (i % 30) * 0.01, south = 31.6 + Math.floor(i / 30) * 0.01, side = 0.0005 + 0.008 * random() ** 3;
  return { id: `D${i}`, households: i % 7, rings: [[[west, south], [west + side, south], [west + side, south + side], [west, south + side], [west, south]]] };
});
const land = makeLand(catalogue);
land.load('first', parcels.slice(0, 400));
land.load('second', parcels.slice(400));
land.load('again', parcels.slice(0, 50).map((p) => ({ ...p, households: 3 })), '--replace'); // new versions, which move

/** What the tiles of a zoom show: ids drawn, counts and sums of the grid, each once. */
async function shown(url, z, set, params) {
  const drawn = new Set();
  let counted = 0, households = 0;
  const plate = set === 'CGCS2000Quad', n = 2 ** z;
  const column = (lon) => Math.floor((lon + 180) / 360 * n);
  const row = (lat) => plate ? Math.floor((90 - lat) / 360 * n) : Math.floor((1 - Math.log(Math.tan(lat * Math.PI / 180) + 1 / Math.cos(lat * Math.PI / 180)) / Math.PI) / 2 * n);
  for (let x = column(117.19); x <= column(117.52); x++) {
    for (let y = row(31.82); y <= row(31.59); y++) {
      for (const [layer, read] of [
        ['zone', (feature) => drawn.add(feature.properties.id)],
        ['zone_grid', ({ properties }) => { counted += properties.count; households += properties.households; }]]) {
        const path = plate ? `/collections/${layer}/tiles/${set}/${z}/${y}/${x}` : `/xyz/${layer}/${z}/${x}/${y}.mvt`;
        const answer = await get(`${url}${path}?${params}`);
        if (answer.status === 204) continue;
        assert.equal(answer.status, 200, answer.text);
        const tile = new VectorTile(new PbfReader(answer.body)).layers[layer];
        for (let i = 0; i < tile.length; i++) read(tile.feature(i));
      }
    }
  }
  return { drawn, counted, households };
}

test('drawn and counted rows are those that the filter holds for', async () => {
  writeFileSync(join(dirname(land.store), 'tokens'), 'token-for-the-tests-0001 * all\n', { mode: 0o600 });
  const server = await serve(land.store);
  try {
    const params = new URLSearchParams({ filter: 'households = 3' });
    const wanted = new Map(parcels.filter((p, i) => i < 50 || p.households === 3).map((p) => [p.id, 3]));
    const items = await get(`${server.url}/collections/zone/items?limit=1000&${params}`);
    assert.deepEqual(new Set(items.json.features.map((f) => f.id)), new Set(wanted.keys()));
    for (const set of ['WebMercatorQuad', 'CGCS2000Quad']) {
      let both = 0;
      for (const z of [4, 8, 9, 10, 11, 12, 14]) {
        const { drawn, counted, households } = await shown(server.url, z, set, params);
        for (const id of drawn) assert.ok(wanted.has(id), `${set} ${z} ${id}`);
        assert.equal(drawn.size + counted, wanted.size, `${set} zoom ${z}`);
        assert.equal(households, 3 * counted);
        both += drawn.size > 0 && counted > 0;
      }
      assert.ok(both > 0, 'at some zoom some are drawn and some counted');
    }
    const json = (await get(`${server.url}/xyz/zone,zone_grid.json?f=json&${params}`)).json;
    assert.ok(json.tiles[0].endsWith('.mvt?filter=households%20%3D%203'), json.tiles[0]);
    const broken = await get(`${server.url}/xyz/zone.json?filter=colour%3D1`);
    assert.equal(broken.status, 400);
    assert.match(broken.json.detail, /colour/);
    assert.equal((await get(`${server.url}/xyz/zone/8/210/103.mvt?filter=households%3D99`)).status, 204);
    const etag = await get(`${server.url}/xyz/zone_grid/4/13/6.mvt?${params}`);
    assert.equal((await get(`${server.url}/xyz/zone_grid/4/13/6.mvt?${params}`, { headers: { 'If-None-Match': etag.headers.etag } })).status, 304);
  } finally {
    await server.stop();
  }
});
