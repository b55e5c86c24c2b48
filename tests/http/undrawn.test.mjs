// Parcels that are known and on no map yet (无图形): in lists, search and dossiers with a mark, in no tile and no box.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { VectorTile } from '@mapbox/vector-tile';
import { PbfReader } from 'pbf';
import { get, makeStore, parcels, run, serve, tileOf } from './county.mjs';

const store = makeStore();
const put = (name, text) => {
  writeFileSync(join(dirname(store), name), text);
  return join(dirname(store), name);
};
const old = (id, name, approval) => `${id},${name},341321101,X1,${approval}\n`;
run('load', store, 'parcel', put('旧.csv', `地块编号,地块名称,行政区划代码,项目编号,批准文号\n${old('L1', '老地一', '皖政地〔2021〕1号')}${old('L2', '老地二', '')}`), '--undrawn', '--publish');
const server = await serve(store);
after(() => server.stop());
const at = async (path) => {
  const answer = await get(server.url + path);
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer.json;
};

test('an item has no geometry and no box, and says that it is not drawn; the others say nothing', async () => {
  const item = await at('/collections/parcel/items/X1:L1');
  assert.deepEqual([item.geometry, item.bbox, item.undrawn, item.properties.name], [null, undefined, true, '老地一']);
  const drawn = await at('/collections/parcel/items/X1:DK001');
  assert.deepEqual([drawn.geometry.type, drawn.undrawn], ['Polygon', undefined]);
  assert.equal((await at('/collections/parcel/items/X1:L1/dossier')).subject.undrawn, true);
});

test('lists and filters have them, boxes do not, and the counts agree', async () => {
  const all = await at('/collections/parcel/items?limit=100');
  assert.equal(all.numberMatched, parcels.length + 2);
  assert.deepEqual(all.features.filter((f) => f.undrawn).map((f) => f.id), ['X1:L1', 'X1:L2']);
  for (const box of ['117,31.5,117.5,32', '-180,-90,180,90', '117.2,31.8,117.201,31.801']) {
    const inside = await at(`/collections/parcel/items?limit=100&bbox=${box}`);
    assert.equal(inside.features.filter((f) => f.undrawn).length, 0, box);
    assert.equal(inside.numberMatched, inside.features.length, box);
  }
  assert.equal((await at('/collections/parcel/items?bbox=117,31.5,117.5,32')).numberMatched, parcels.length);
  assert.equal((await at('/collections/parcel/items?project_id=X1&bbox=117,31.5,117.5,32')).numberMatched, parcels.filter((p) => p.project_id === 'X1').length);
  const collection = await at('/collections/parcel');
  assert.deepEqual([collection.itemCount, collection.undrawnCount], [parcels.length + 2, 2]);
});

test('search finds them, links lead to them and from them', async () => {
  const { results } = await at('/search?q=老地一');
  assert.deepEqual(results.map((r) => [r.key, r.undrawn, r.bbox]), [['X1:L1', true, undefined]]);
  const linked = await at(`/collections/approval/items/${encodeURIComponent('皖政地〔2021〕1号')}/parcel`);
  assert.equal(linked.features.find((f) => f.id === 'X1:L1').undrawn, true);
  assert.deepEqual((await at('/collections/parcel/items/X1:L1/approval')).features.map((f) => f.id), ['皖政地〔2021〕1号']);
});

test('every tile has the drawn ones, drawn or counted, and nothing else', async () => {
  for (const z of [6, 10, 14]) {
    const seen = new Set();
    let counted = 0;
    const from = tileOf(117.19, 31.83, z), to = tileOf(117.22, 31.79, z);
    for (let x = from.x; x <= to.x; x++) {
      for (let y = from.y; y <= to.y; y++) {
        const answer = await get(`${server.url}/xyz/parcel,parcel_grid/${z}/${x}/${y}`);
        if (answer.status === 204) continue;
        assert.equal(answer.status, 200, answer.text);
        const { layers } = new VectorTile(new PbfReader(answer.body));
        for (let i = 0; i < (layers.parcel?.length ?? 0); i++) seen.add(layers.parcel.feature(i).id);
        for (let i = 0; i < (layers.parcel_grid?.length ?? 0); i++) counted += layers.parcel_grid.feature(i).properties.count;
      }
    }
    assert.equal(seen.size + counted, parcels.length, `zoom ${z}`);
  }
});
