// Divisions that are no more: rows load with the code as it is written, and answer for the code of today. And where a row
// comes from, which staff of its division see and nobody else.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PbfReader } from 'pbf';
import { VectorTile } from '@mapbox/vector-tile';
import { catalogue, featureCollection, folder, get, run, serve, square, tileOf } from './county.mjs';

// 341321109 was merged into 341321108 in 2018, and that into 341321105 in 2020; 341399 is another county.
const divisions = `divisions:
  - {code: '341321', name: 县}
  - {code: '341321105', name: 今镇}
  - {code: '341321108', name: 旧镇, valid_to: '2020-01-01', successor: '341321105'}
  - {code: '341321109', name: 更旧镇, valid_from: '1990-01-01', valid_to: '2018-01-01', successor: '341321108'}
  - {code: '341399', name: 邻县}
obligations:
  - {id: approval_document, item: approval_document, after: approval.approved_on, within: 10 days}
`;
const rows = [['A', '341321105'], ['B', '341321108'], ['C', '341321109'], ['D', '341321109201'], ['E', '341399']].map(([id, division], i) =>
  ({ id, name: id, division, project_id: 'X1', owner: `户主${id}`, geometry: { type: 'Polygon', coordinates: [square(2 * i, 0)] } }));
const dir = folder(), store = join(dir, 'county.dk');
const put = (name, text) => { writeFileSync(join(dir, name), text, { mode: 0o600 }); return join(dir, name); };
// The division is searched and so has terms; another kind of query walks the rows.
const indexed = catalogue.replace('{name: division, title: 行政区划代码, type: division, audience: public, required: true, tiles: true}',
  '{name: division, title: 行政区划代码, type: division, audience: public, required: true, tiles: true, search: true}');
run('create', store, '--catalogue', put('catalogue.yaml', indexed + divisions));
run('load', store, 'parcel', put('parcel.geojson', featureCollection(rows)), '--publish');
run('load', store, 'compensation', put('compensation.csv', 'id,parcel,project_id,division,total,payee\n' +
  rows.map((r, i) => `B${i},${r.id},X1,${r.division},${i + 1}.5,农户${r.id}\n`).join('')), '--publish');
const [NOW, OLD, OTHER] = ['today', 'before', 'beside'].map((name) => `staff-token-${name}`);
put('tokens', `${NOW} 341321105 甲\n${OLD} 341321109 乙\n${OTHER} 341399 丙\n`);
const server = await serve(store);
after(() => server.stop());
const json = async (path, token) => {
  const answer = await get(server.url + path, { token });
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer.json;
};
const ids = (collection) => collection.features.map((f) => f.properties.id);

test('dead codes stand as they were written', async () => {
  assert.deepEqual((await json('/collections/parcel/items')).features.map((f) => f.properties.division), rows.map((r) => r.division));
});

test('rows are found under the code of today, with and without an index, and under their own', async () => {
  const found = async (path) => ids(await json(path)).join('');
  for (const [division, parcels] of Object.entries({ 341321105: 'ABC', 341321108: 'BC', 341321109: 'C', 341321105201: 'D', 341321109201: 'D', 341399: 'E' })) {
    assert.equal(await found(`/collections/parcel/items?division=${division}`), parcels, division);
    assert.equal(await found(`/collections/parcel/items?division=${division}&bbox=117.19,31.79,117.2150,31.81`), parcels.replace('E', ''), division);
    const number = 'ABCDE', expected = [...parcels].map((p) => `B${number.indexOf(p)}`);
    assert.deepEqual(ids(await json(`/collections/compensation/items?division=${division}`)), expected, division);
    const search = (await json(`/search?q=${division}`)).results;
    const hits = search.map((hit) => hit.key).filter((key) => key.startsWith('X1:')).map((key) => key.slice(3));
    for (const p of parcels) assert.ok(hits.includes(p), `${division}: ${hits}`);
  }
});

test('rows fall into the scope of what took their place', async () => {
  const owners = async (token) => (await json('/collections/parcel/items', token)).features.filter((f) => f.properties.owner).map((f) => f.properties.id).join('');
  assert.deepEqual([await owners(NOW), await owners(OLD), await owners(OTHER), await owners()], ['ABCD', 'CD', 'E', '']);
  const amounts = (await json('/collections/compensation/items', NOW)).features.map((f) => f.properties.total);
  assert.deepEqual(amounts, [1.5, 2.5, 3.5, 4.5, undefined]);
});

test('the scorecard of a division that is no more is that of the one in its place, and so is what falls due', async () => {
  const n = (card) => Object.values(card.total.states).reduce((sum, state) => sum + state, 0);
  for (const [division, now, rows] of [['341321105', '341321105', 4], ['341321108', '341321105', 4], ['341321109', '341321105', 4], ['341321109201', '341321105201', 1], ['341399', '341399', 1]]) {
    for (const as_of of ['', '&as_of=2020-01-01']) {
      const card = await json(`/scorecard?division=${division}${as_of}`);
      assert.deepEqual([card.division.code, n(card)], [now, rows], division);
    }
    const behind = await json(`/scorecard/rows?state=waiting&division=${division}`);
    assert.deepEqual([behind.rows.length, new Set(behind.rows.map((row) => row.division.slice(0, now.length)))], [rows, new Set([now])]);
  }
  assert.match((await get(`${server.url}/scorecard?division=341321109&f=html`)).text, /<option value="341321105" selected>今镇/);
  const due = async (token, query = '') => (await json(`/due${query}`, token)).division;
  assert.deepEqual([await due(OLD), await due(NOW), await due(NOW, '?division=341321109')], ['341321105', '341321105', '341321105']);
  assert.equal((await get(`${server.url}/due?division=341321109`, { token: OTHER })).status, 400);
});

test('a county that lists another one that came to it is compared by its towns', async () => {
  const one = join(dir, 'one.dk');
  run('create', one, '--catalogue', put('one.yaml', indexed + divisions.replace("{code: '341399', name: 邻县}", "{code: '341399', name: 旧县, valid_to: '2015-01-01', successor: '341321'}")));
  run('load', one, 'parcel', join(dir, 'parcel.geojson'), '--publish');
  const other = await serve(one);
  try {
    const card = (await get(`${other.url}/scorecard`)).json;
    assert.deepEqual([card.level, card.groups.map((group) => group.division.code).sort()], [9, ['341321', '341321105']]);
  } finally { await other.stop(); }
});

test('in tiles too', async () => {
  const owners = async (token) => {
    const seen = new Map();
    for (let x = 0; x < 5; x++) {
      const { z, x: column, y } = tileOf(117.201 + 0.004 * x, 31.801, 16);
      const answer = await get(`${server.url}/xyz/parcel/${z}/${column}/${y}`, { token });
      const layer = new VectorTile(new PbfReader(answer.body)).layers.parcel;
      for (let i = 0; i < layer.length; i++) seen.set(layer.feature(i).properties.name, layer.feature(i).properties.owner);
    }
    return [...seen].filter(([, owner]) => owner).map(([name]) => name).sort().join('');
  };
  assert.deepEqual([await owners(NOW), await owners(OLD), await owners(OTHER), await owners()], ['ABCD', 'CD', 'E', '']);
});

test('staff see where a row of their division comes from, others nothing of it', async () => {
  const sha256 = execFileSync('sha256sum', [join(dir, 'parcel.geojson')], { encoding: 'utf8' }).slice(0, 64);
  const { origin } = await json('/collections/parcel/items/X1%3AC', NOW);
  assert.deepEqual([origin.batch, origin.source, origin.row, origin.files.map((f) => [f.name, f.sha256])], [1, 'parcel.geojson', 3, [['parcel.geojson', sha256]]]);
  assert.equal((await json('/collections/compensation/items/B2', NOW)).origin.source, 'compensation.csv');
  assert.deepEqual((await json('/collections/parcel/items/X1%3AC/dossier', NOW)).origin, origin);
  for (const [key, token] of [['X1%3AC', OTHER], ['X1%3AE', NOW], ['X1%3AC', undefined]])
    for (const end of ['', '/dossier']) {
      const answer = await get(`${server.url}/collections/parcel/items/${key}${end}`, { token });
      assert.equal(answer.status, 200);
      assert.equal(answer.json.origin, undefined);
      assert.ok(!answer.text.includes(sha256) && !answer.text.includes('parcel.geojson'));
    }
});
