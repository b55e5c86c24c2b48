// Who sees what. Everything that is hidden from a viewer appears nowhere: not in items, tiles, filters, counts, search,
// totals, timelines or errors.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { PbfReader } from 'pbf';
import { VectorTile } from '@mapbox/vector-tile';
import { CHIEF, get, makeStore, serve, STAFF, tileOf } from './county.mjs';

const server = await serve(makeStore(), '--trust-proxy', '127.0.0.1');
after(() => server.stop());
const at = (path, options) => get(server.url + path, options);
const json = async (path, token) => {
  const answer = await at(path, { token });
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer.json;
};
const south = tileOf(117.201, 31.801, 14), north = tileOf(117.201, 31.821, 14);
const tilePath = ({ z, x, y }, layers = 'parcel') => `/xyz/${layers}/${z}/${x}/${y}`;

const paths = ['/catalogue', '/collections', '/collections/parcel', '/collections/parcel/items', '/collections/compensation/items', '/collections/approval/items',
  '/collections/parcel/items/X1%3ADK001', '/collections/parcel/items/X1%3ADK001/dossier', '/collections/parcel/items/X2%3ADK001/dossier',
  '/collections/parcel/items/X1%3ADK001/compensation', '/collections/project/items/X1/dossier', '/search?q=DK', '/search?q=X1', '/xyz/parcel.json', '/?f=json',
  tilePath(south), tilePath(north), ...[6, 10, 16].map((z) => tilePath(tileOf(117.201, 31.801, z), 'parcel,parcel_grid'))];
const staffOnly = ['王大户', '李二户', '赵三户', '孙四户', '钱五户', '张甲', '张乙', '张丙', '张丁', '张戊', '2020-12-01', '2021-03-15', '2021-06-15',
  'owner', 'payee', 'surveyed_on', 'received_on', '户主', '农户'];
const never = ['341321199001011234', '341321199001011235', '6222000000000001', 'id_number', 'bank_account', '身份证号', '账号'];

test('the public sees nothing of what is not public, at any address', async () => {
  for (const path of paths) {
    const answer = await at(path);
    assert.equal(answer.status, 200, path);
    for (const text of [...staffOnly, ...never]) assert.ok(!answer.text.includes(text), `${path} holds ${text}`);
    for (const amount of ['100.1', '200.2', '300.3', '400.4', '500.5', '600.6']) assert.ok(!answer.text.includes(amount), `${path} holds ${amount}`);
  }
});

test('what is never shown is shown to no staff either', async () => {
  for (const token of [STAFF, CHIEF]) {
    for (const path of paths) {
      const answer = await at(path, { token });
      for (const text of never) assert.ok(!answer.text.includes(text), `${path} holds ${text}`);
    }
  }
});

test('staff see their division whole, and of others what is public', async () => {
  const owners = (collection) => Object.fromEntries(collection.features.map((f) => [f.id, f.properties.owner]));
  assert.deepEqual(owners(await json('/collections/parcel/items', STAFF)), { 'X1:DK001': '王大户', 'X1:DK002': '李二户', 'X1:DK003': '赵三户',
    'X2:DK001': undefined, 'X2:甲/乙 丙?': undefined });
  assert.deepEqual(owners(await json('/collections/parcel/items', CHIEF)), { 'X1:DK001': '王大户', 'X1:DK002': '李二户', 'X1:DK003': '赵三户',
    'X2:DK001': '孙四户', 'X2:甲/乙 丙?': '钱五户' });
  const amounts = (await json('/collections/parcel/items/X1%3ADK001/compensation', STAFF)).features.map((f) => [f.properties.total, f.properties.payee]);
  assert.deepEqual(amounts, [[100.1, '张甲'], [200.2, '张乙']]);
});

test('the catalogue says who is asking, and names the fields they see', async () => {
  const fields = async (token) => {
    const { viewer, layers } = await json('/catalogue', token);
    return [viewer, layers[0].fields.map(({ name, audience }) => (audience ? `${name} ${audience}` : name))];
  };
  const open = ['id', 'name', 'division', 'project_id', 'approval_no', 'households'];
  assert.deepEqual(await fields(), [{ audience: 'public', division: null }, [...open, 'area_m2']]);
  assert.deepEqual(await fields(STAFF), [{ audience: 'staff', division: '341321' }, [...open, 'surveyed_on staff', 'owner staff', 'area_m2']]);
  assert.deepEqual((await fields(CHIEF))[0], { audience: 'staff', division: '' });
});

test('tiles: the same features for all, the hidden field only within the scope', async () => {
  const owners = async (tile, token) => {
    const { layers } = new VectorTile(new PbfReader((await at(tilePath(tile), { token })).body));
    return Array.from({ length: layers.parcel.length }, (_, i) => layers.parcel.feature(i)).map(({ id, properties }) => [id, properties.owner])
      .sort(([a], [b]) => a - b);
  };
  const publicSouth = await owners(south), publicNorth = await owners(north);
  assert.ok(publicSouth.length >= 2 && publicNorth.length >= 1, JSON.stringify([publicSouth, publicNorth]));
  assert.ok([...publicSouth, ...publicNorth].every(([, owner]) => owner === undefined));
  const names = Object.fromEntries((await json('/collections/parcel/items', CHIEF)).features.map((f) => [f.feature, f.properties]));
  for (const tile of [south, north]) {
    for (const [id, owner] of await owners(tile, STAFF)) assert.equal(owner, names[id].division.startsWith('341321') ? names[id].owner : undefined);
    for (const [id, owner] of await owners(tile, CHIEF)) assert.equal(owner, names[id].owner);
  }
  assert.deepEqual((await owners(south, STAFF)).map(([id]) => id), publicSouth.map(([id]) => id));
  const { vector_layers: [layer] } = await json('/xyz/parcel.json');
  assert.ok(!('owner' in layer.fields));
  assert.equal((await json('/xyz/parcel.json', STAFF)).vector_layers[0].fields.owner, 'String');
});

test('a filter on a hidden field gets exactly the answer of a field that does not exist', async () => {
  const refusal = async (name, value, token, collection = 'parcel') => {
    const answer = await at(`/collections/${collection}/items?${name}=${encodeURIComponent(value)}`, { token });
    return [answer.status, answer.text.replaceAll(name, 'FIELD'), answer.headers['content-type'], answer.headers['cache-control']];
  };
  const [status, ...unknown] = await refusal('no_such_field', 'x');
  assert.equal(status, 400);
  for (const value of ['王大户', 'nobody', '', '2020-12-01']) {
    for (const field of ['owner', 'surveyed_on', 'id_number']) assert.deepEqual(await refusal(field, value), [400, ...unknown], `${field}=${value}`);
  }
  assert.deepEqual((await refusal('id_number', '341321199001011234', STAFF)).slice(0, 2), [400, unknown[0]]);
  /* Within the scope the filter works; a row outside it matches nothing, as if it had no such value. */
  const filtered = async (owner) => (await json(`/collections/parcel/items?owner=${encodeURIComponent(owner)}`, STAFF)).numberMatched;
  assert.deepEqual([await filtered('王大户'), await filtered('孙四户'), await filtered('nobody')], [1, 0, 0]);
  assert.deepEqual((await json(`/collections/parcel/items?owner=${encodeURIComponent('孙四户')}`, CHIEF)).features.map((f) => f.id), ['X2:DK001']);
  const [, compensation] = await refusal('no_such_field', '1', undefined, 'compensation');
  for (const field of ['total', 'payee', 'bank_account']) assert.equal((await refusal(field, '100.1', undefined, 'compensation'))[1], compensation);
});

test('search looks only where the viewer may', async () => {
  const found = async (q, token) => (await json(`/search?q=${encodeURIComponent(q)}`, token)).results.map(({ key }) => key);
  for (const q of ['王大户', '孙四户', '张甲', '341321199001011234']) assert.deepEqual(await found(q), [], q);
  assert.deepEqual(await found('王大户', STAFF), ['X1:DK001']);
  assert.deepEqual(await found('孙四户', STAFF), [], 'another division');
  assert.deepEqual(await found('孙四户', CHIEF), ['X2:DK001']);
  assert.deepEqual(await found('张甲', STAFF), ['B1']);
  assert.deepEqual(await found('341321199001011234', CHIEF), []);
});

test('the timeline has staff dates for staff only', async () => {
  const dates = async (token) => (await json('/collections/parcel/items/X1%3ADK001/dossier', token)).timeline.map(({ date, field }) => `${date} ${field}`);
  assert.ok(!(await dates()).includes('2020-12-01 surveyed_on'));
  assert.ok((await dates(STAFF)).includes('2020-12-01 surveyed_on'));
  assert.ok((await dates(CHIEF)).includes('2021-03-15 received_on'));
});

test('staff answers are in no cache and have no public tag', async () => {
  for (const path of ['/catalogue', tilePath(south), '/collections/parcel/items', '/search?q=DK001']) {
    const open = await at(path), staff = await at(path, { token: STAFF });
    assert.equal(open.headers['cache-control'], 'public, max-age=60');
    assert.equal(staff.headers['cache-control'], 'private, no-store');
    assert.equal(staff.headers.etag, undefined);
    assert.match(open.headers.vary, /Authorization/);
    assert.equal((await at(path, { token: STAFF, headers: { 'If-None-Match': open.headers.etag } })).status, 200);
    assert.equal((await at(path, { token: STAFF, headers: { 'If-None-Match': '*' } })).status, 200);
  }
});

test('a token that is not one shows nothing at all', async () => {
  for (const [i, path] of paths.entries()) { // each from another client: of one, only ten in a row are answered so
    const answer = await at(path, { token: 'guessed-token-guessed', headers: { 'X-Forwarded-For': `198.51.100.${i}` } });
    assert.equal(answer.status, 401);
    assert.ok(!answer.text.includes('guessed'));
  }
});
