// What a batch would change, for staff in whose scope it lies: on /batches and nowhere else, and for nobody else.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CHIEF, featureCollection, get, makeStore, parcels, run, serve, square, STAFF, tileOf } from './county.mjs';

const store = makeStore();
const put = (name, text) => {
  writeFileSync(join(dirname(store), name), text);
  return join(dirname(store), name);
};
const batch = (title) => Number(JSON.parse(run('batches', store, '--json')).batches.filter((one) => one.title === title).at(-1).batch);
const polygon = (...rings) => ({ type: 'Polygon', coordinates: rings });
const [first] = parcels, other = parcels[3];

// One batch: a new parcel, one with another name and outline, one with another owner only, and one of another division.
const waiting = [
  { ...first, id: 'DK900', name: '金丝雀新地', owner: '金丝雀户主', approval_no: '皖政地〔2031〕9号', geometry: polygon(square(7, 2)) },
  { ...first, name: '金丝雀改名', geometry: polygon(square(0, 0, 0.0019)) },
  { ...parcels[1], owner: '金丝雀李' },
  { ...other, name: '金丝雀别处', geometry: polygon(square(0, 10, 0.0018)) },
];
run('load', store, 'parcel', put('waiting.geojson', featureCollection(waiting)), '--replace', '--batch', '金丝雀批次', '--actor', '王导入');
const WAITING = batch('金丝雀批次');
// Another, which nobody of 341321 has to do with, and one of records.
run('load', store, 'parcel', put('elsewhere.geojson', featureCollection([{ ...other, id: 'DK901', name: '金丝雀远方', geometry: polygon(square(3, 10)) }])), '--batch', '金丝雀远批');
run('load', store, 'project', put('new.csv', 'project_id,name,regime\nXWAIT9,金丝雀项目,2020年前\n'), '--batch', '金丝雀项目批');
const ELSEWHERE = batch('金丝雀远批'), PROJECT = batch('金丝雀项目批');

const server = await serve(store);
after(() => server.stop());
const at = (path, token) => get(server.url + path, { token });
const json = async (path, token) => {
  const answer = await at(path, token);
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  assert.equal(answer.headers['cache-control'], 'private, no-store');
  assert.equal(answer.headers.etag, undefined);
  return answer.json;
};
const rings = (ring) => JSON.stringify(ring.map(([x, y]) => [x.toFixed(6), y.toFixed(6)]).sort());

test('for the public there is nothing at these addresses, in the words in which there is nothing at others', async () => {
  const nothing = await at('/no-such-place');
  assert.equal(nothing.status, 404);
  for (const path of ['/batches', '/batches?all=true', `/batches/${WAITING}`, '/batches/99', '/batches/x', `/batches/${WAITING}/changes`, `/batches/${WAITING}/changes?nonsense=1`]) {
    const answer = await at(path);
    assert.equal(answer.status, 404, path);
    assert.equal(answer.text, nothing.text, path);
  }
  assert.equal((await at('/batches', 'no-such-token-at-all')).status, 401);
});

test('staff see what waits in their scope, and how much of it', async () => {
  const all = (await json('/batches', CHIEF)).batches;
  assert.deepEqual(all.map((b) => [b.batch, b.kind, b.layer, b.title, b.state, b.added, b.changed, b.whole]), [
    [PROJECT, 'project', false, '金丝雀项目批', 'staged', 1, 0, true], [ELSEWHERE, 'parcel', true, '金丝雀远批', 'staged', 1, 0, true],
    [WAITING, 'parcel', true, '金丝雀批次', 'staged', 1, 3, true]]);
  const mine = (await json('/batches', STAFF)).batches;
  assert.deepEqual(mine.map((b) => [b.batch, b.added, b.changed, b.whole, b.findings, b.loaded_by]), [[WAITING, 1, 2, false, null, '王导入']]);
  assert.deepEqual(all[2].findings, { sure: 0, perhaps: 0 });
  const one = await json(`/batches/${WAITING}`, STAFF);
  assert.deepEqual([one.added, one.changed, one.acts.map(({ what, by }) => [what, by])], [1, 2, [['loaded', '王导入']]]);
  for (const path of [`/batches/${ELSEWHERE}`, `/batches/${ELSEWHERE}/changes`, `/batches/${PROJECT}`, '/batches/99', '/batches/0', '/batches/x']) {
    const answer = await at(path, STAFF);
    assert.equal(answer.status, 404, path);
    assert.match(answer.json.detail, /There is no such batch\./);
  }
});

test('changes: what is new, what it replaces, and in what it differs', async () => {
  const { features, ...page } = await json(`/batches/${WAITING}/changes`, STAFF);
  assert.deepEqual(page, { type: 'FeatureCollection', numberReturned: 3, added: 1, changed: 2, removed: 0, next: null });
  const [added, renamed, owned] = features;
  assert.deepEqual([added.id, added.change, added.properties.dk_change, added.properties.name, added.properties.owner, added.before, added.differs],
    ['X1:DK900', 'added', 'added', '金丝雀新地', '金丝雀户主', undefined, undefined]);
  assert.equal(rings(added.geometry.coordinates[0]), rings(square(7, 2)));
  assert.deepEqual([renamed.id, renamed.change, renamed.differs, renamed.outline_differs, renamed.before.properties.name, renamed.before.properties.dk_change],
    ['X1:DK001', 'changed', ['name', 'area_m2'], true, '一号地', undefined]);
  assert.equal(rings(renamed.before.geometry.coordinates[0]), rings(square(0, 0)));
  assert.equal(rings(renamed.geometry.coordinates[0]), rings(square(0, 0, 0.0019)));
  assert.deepEqual([owned.id, owned.differs, owned.outline_differs, owned.before.properties.owner, owned.properties.owner],
    ['X1:DK002', ['owner'], false, '李二户', '金丝雀李']);
  assert.ok(!JSON.stringify(features).includes('id_number'));
  const chief = await json(`/batches/${WAITING}/changes`, CHIEF);
  assert.deepEqual(chief.features.map((f) => f.id), ['X1:DK900', 'X1:DK001', 'X1:DK002', 'X2:DK001']);
});

test('changes by extent and by page', async () => {
  const ids = (page) => page.features.map((f) => f.id);
  const [west, south] = square(7, 2)[0];
  assert.deepEqual(ids(await json(`/batches/${WAITING}/changes?bbox=${west + 0.0001},${south + 0.0001},${west + 0.0002},${south + 0.0002}`, CHIEF)), ['X1:DK900']);
  // where only the outline of now reaches: a hair inside the corner that the new one gives up
  const [, , [east, north]] = square(0, 0);
  assert.deepEqual(ids(await json(`/batches/${WAITING}/changes?bbox=${east - 0.00004},${north - 0.00004},${east - 0.00002},${north - 0.00002}`, CHIEF)), ['X1:DK001']);
  assert.deepEqual(ids(await json(`/batches/${WAITING}/changes?bbox=117.4,31.9,117.41,31.91`, CHIEF)), []);
  const found = [];
  let after = '';
  do {
    const page = await json(`/batches/${WAITING}/changes?limit=1${after}`, CHIEF);
    assert.ok(page.features.length <= 1);
    found.push(...ids(page));
    after = page.next === null ? null : `&after=${page.next}`;
  } while (after !== null);
  assert.deepEqual(found, ['X1:DK900', 'X1:DK001', 'X1:DK002', 'X2:DK001']);
  for (const wrong of ['bbox=1,2,3', 'bbox=a,b,c,d', 'limit=0', 'limit=100000', 'after=-1', 'withdraw=perhaps', 'f=html', 'other=1'])
    assert.equal((await at(`/batches/${WAITING}/changes?${wrong}`, CHIEF)).status, 400, wrong);
});

test('records are previewed, too', async () => {
  const { features } = await json(`/batches/${PROJECT}/changes`, CHIEF);
  assert.deepEqual(features.map((f) => [f.id, f.change, f.properties.name, f.geometry]), [['XWAIT9', 'added', '金丝雀项目', null]]);
});

test('nothing of what waits is seen at any other address, by anybody', async () => {
  const tiles = [...waiting.map((row) => row.geometry.coordinates[0][0]), square(3, 10)[0]].flatMap(([lon, lat]) => [8, 12, 14, 16].map((z) => tileOf(lon + 0.001, lat + 0.001, z)));
  const paths = ['/catalogue', '/collections', '/collections/parcel', '/collections/parcel/items?limit=1000', '/collections/parcel/items?f=csv', '/collections/parcel/items?f=html',
    '/collections/parcel/items/X1%3ADK900', '/collections/parcel/items/X1%3ADK001', '/collections/parcel/items/X1%3ADK001?f=html', '/collections/parcel/items/X1%3ADK900/dossier',
    '/collections/parcel/items/X1%3ADK001/dossier', '/collections/parcel/items/X1%3ADK001/dossier?f=html', '/collections/parcel/items/X1%3ADK001/overlaps', '/collections/parcel/items/X2%3ADK001',
    '/collections/project/items', '/collections/project/items/XWAIT9', '/collections/project/items/XWAIT9/parcel', '/collections/parcel/items?sortby=name', '/collections/parcel/statistics?by=division',
    `/collections/parcel/items?filter=${encodeURIComponent("name LIKE '金丝雀%'")}`, `/collections/parcel/items?q=${encodeURIComponent('金丝雀')}`, `/collections/parcel/items?count=true&filter=${encodeURIComponent("name='金丝雀新地'")}`,
    `/search?q=${encodeURIComponent('金丝雀')}`, '/search?q=jsq', '/search?q=DK900', '/search?q=XWAIT9', `/overlaps?point=${square(7, 2)[0].map((v) => v + 0.0001)}`, '/lists', '/metrics', '/api', '/log/checkpoint',
    '/healthz', ...tiles.flatMap(({ z, x, y }) => [`/xyz/parcel/${z}/${x}/${y}`, `/xyz/parcel_grid/${z}/${x}/${y}`, `/xyz/parcel/${z}/${x}/${y}?filter=${encodeURIComponent("name LIKE '金%'")}`])];
  for (const token of [undefined, STAFF, CHIEF]) {
    for (const path of paths) {
      const answer = await at(path, token);
      // What someone asked for may be repeated to them.
      for (const canary of ['金丝雀新地', '金丝雀改名', '金丝雀李', '金丝雀别处', '金丝雀远方', '金丝雀项目', '金丝雀户主', '金丝雀批次', '金丝雀远批', '王导入', '〔2031〕', 'DK900', 'DK901', 'XWAIT9'])
        assert.ok(path.includes(canary) || decodeURIComponent(path).includes(`'${canary}'`) || !answer.text.includes(canary), `${token} ${path} holds ${canary}`);
    }
    const found = (await at(`/collections/parcel/items?count=true&filter=${encodeURIComponent("name LIKE '金丝雀%'")}`, token)).json;
    assert.deepEqual([found.numberReturned, found.numberMatched], [0, 0]);
    assert.equal((await at('/collections/parcel/items', token)).json.numberMatched, 5);
  }
  for (const canary of ['金丝雀别处', '金丝雀远', '金丝雀项目']) {
    for (const path of ['/batches', '/batches?all=true', `/batches/${WAITING}`, `/batches/${WAITING}/changes`, `/batches/${WAITING}/changes?bbox=117,31,118,32`, `/batches/${ELSEWHERE}`, `/batches/${ELSEWHERE}/changes?withdraw=true`])
      assert.ok(!(await at(path, STAFF)).text.includes(canary), `${path} holds ${canary}`);
  }
});

test('what a withdrawal would bring back and take away', async () => {
  assert.equal((await at(`/batches/${WAITING}/changes?withdraw=true`, CHIEF)).status, 400);
  run('review', store, String(WAITING), '--approve', '--actor', '赵审核');
  assert.deepEqual((await json('/batches', STAFF)).batches.map((b) => [b.state, b.reviewed_by]), [['reviewed', '赵审核']]);
  run('publish', store, String(WAITING), '--at', '2099-01-01T00:00Z');
  assert.equal((await json('/batches', STAFF)).batches[0].due, '2099-01-01T00:00:00Z');
  run('publish', store, String(WAITING));
  assert.deepEqual((await json('/batches', STAFF)).batches, []);
  assert.equal((await at(`/batches/${WAITING}/changes`, CHIEF)).status, 400);
  const { features, ...page } = await json(`/batches/${WAITING}/changes?withdraw=true`, CHIEF);
  assert.deepEqual([page.added, page.changed, page.removed], [0, 3, 1]);
  assert.deepEqual(features.map((f) => [f.id, f.change, f.properties.name, f.before?.properties.name]), [['X1:DK900', 'removed', '金丝雀新地', undefined],
    ['X1:DK001', 'changed', '一号地', '金丝雀改名'], ['X1:DK002', 'changed', '二号地', '二号地'], ['X2:DK001', 'changed', '另一个一号地', '金丝雀别处']]);
  // and it does
  run('withdraw', store, String(WAITING), '--reason', '试验');
  const names = Object.fromEntries((await at('/collections/parcel/items', CHIEF)).json.features.map((f) => [f.id, f.properties.name]));
  assert.deepEqual([names['X1:DK900'], names['X1:DK001'], names['X2:DK001']], [undefined, '一号地', '另一个一号地']);
  const listed = (await json('/batches?all=true', STAFF)).batches.find((b) => b.batch === WAITING);
  assert.deepEqual([listed.state, listed.reason], ['withdrawn', '试验']);
});
