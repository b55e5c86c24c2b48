// Rows, links in both directions, dossiers and search, against the rows that were written to the files.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { get, makeStore, parcels, serve, square, STAFF } from './county.mjs';

const server = await serve(makeStore());
after(() => server.stop());
const at = async (path, options) => {
  const answer = await get(new URL(path, server.url), options);
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer.json;
};
const keys = (collection) => collection.features.map((feature) => feature.id);
const link = (object, rel) => object.links.find((l) => l.rel === rel)?.href;
const generation = (await at('/healthz')).generation;

function area(ring) {
  let sum = 0;
  for (let i = 0; i + 1 < ring.length; i++) sum += ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1];
  return sum;
}

test('an item is what was loaded: geometry, values with their types, label, box, generation', async () => {
  const item = await at('/collections/parcel/items/X1:DK002');
  assert.equal(item.type, 'Feature');
  assert.equal(item.id, 'X1:DK002');
  assert.equal(item.label, '二号地');
  assert.equal(item.generation, generation);
  assert.deepEqual(item.geometry, { type: 'Polygon', coordinates: [square(1, 0).map(([a, b]) => [+a.toFixed(9), +b.toFixed(9)]), item.geometry.coordinates[1]] });
  assert.ok(area(item.geometry.coordinates[0]) > 0, 'exterior counter-clockwise (RFC 7946)');
  assert.ok(area(item.geometry.coordinates[1]) < 0, 'hole clockwise');
  assert.deepEqual(item.bbox, [117.202, 31.8, 117.204, 31.802]);
  const { area_m2, ...rest } = item.properties;
  assert.deepEqual(rest, { id: 'DK002', name: '二号地', division: '341321101', project_id: 'X1', approval_no: '皖政地〔2021〕1号', households: 5 });
  assert.ok(area_m2 > 31000 && area_m2 < 32000);
  assert.equal((await at('/collections/parcel/items/X1:DK003')).geometry.type, 'MultiPolygon');
  assert.equal((await at('/collections/parcel/items/X1:DK003')).properties.households, -2);
});

test('a key with slash, blank, question mark and Chinese, a value with quote and backslash', async () => {
  const { features } = await at('/collections/parcel/items?project_id=X2');
  const odd = features.find((feature) => feature.id.includes('/'));
  assert.equal(odd.id, 'X2:甲/乙 丙?');
  assert.equal(odd.properties.name, '怪号"地\\');
  assert.ok(!('households' in odd.properties), 'null values are left out');
  const again = await at(`/collections/parcel/items/${encodeURIComponent(odd.id)}`);
  assert.equal(again.id, odd.id);
  const self = await get(new URL(link(again, 'self'), server.url));
  assert.equal(self.json.id, odd.id);
});

test('items come in an order that stays, in pages that next leads through, none twice', async () => {
  const all = await at('/collections/parcel/items');
  assert.equal(all.numberMatched, parcels.length);
  assert.deepEqual(keys(all), ['X1:DK001', 'X1:DK002', 'X1:DK003', 'X2:DK001', 'X2:甲/乙 丙?'], 'as they were loaded');
  assert.equal(link(all, 'next'), undefined);
  const seen = [];
  let path = '/collections/parcel/items?limit=2';
  for (let pages = 0; path; pages++) {
    assert.ok(pages < 5);
    const page = await at(path);
    assert.equal(page.numberMatched, parcels.length);
    assert.equal(page.numberReturned, page.features.length);
    assert.equal(page.generation, generation);
    seen.push(...keys(page));
    path = link(page, 'next');
  }
  assert.deepEqual(seen, keys(all));
  assert.equal(link(await at('/collections/parcel/items?limit=5'), 'next'), undefined, 'an exactly full last page');
});

test('filters: by text, number, normalised approval number, several at once, with a box', async () => {
  const filtered = async (query) => keys(await at(`/collections/parcel/items?${query}`));
  assert.deepEqual(await filtered('id=DK001'), ['X1:DK001', 'X2:DK001']);
  assert.deepEqual(await filtered('id=DK001&project_id=X2'), ['X2:DK001']);
  assert.deepEqual(await filtered('households=5'), ['X1:DK002']);
  assert.deepEqual(await filtered('households=-2'), ['X1:DK003']);
  assert.deepEqual(await filtered(`approval_no=${encodeURIComponent('皖政地[2021]1号')}`), ['X1:DK001', 'X1:DK002', 'X1:DK003']);
  assert.deepEqual(await filtered('name=nobody'), []);
  assert.deepEqual(await filtered('bbox=117.1999,31.7999,117.2001,31.8001'), ['X1:DK001']);
  assert.deepEqual(await filtered('bbox=117.2,31.815,117.3,31.9'), ['X2:DK001', 'X2:甲/乙 丙?']);
  assert.deepEqual(await filtered('bbox=117.2,31.815,117.3,31.9&id=DK001'), ['X2:DK001']);
  assert.deepEqual(await filtered('bbox=0,0,1,1'), []);
  const next = await at(`/collections/parcel/items?limit=1&count=true&approval_no=${encodeURIComponent('皖政地[2021]1号')}`);
  assert.equal(next.numberMatched, 3);
  assert.deepEqual(keys(await at(link(next, 'next'))), ['X1:DK002'], 'next keeps the filter');
});

test('by the number that tiles carry, and a number that no row has', async () => {
  const item = await at('/collections/parcel/items/X1:DK003');
  assert.deepEqual(keys(await at(`/collections/parcel/items?feature=${item.feature}`)), ['X1:DK003']);
  assert.deepEqual(keys(await at('/collections/parcel/items?feature=987654')), []);
});

test('links read from both sides: two approvals of a parcel, three parcels of an approval', async () => {
  const approvals = await at('/collections/parcel/items/X1:DK001/approval');
  assert.deepEqual(keys(approvals), ['皖政地〔2021〕1号', '皖政地〔2021〕2号'], 'found through other brackets');
  assert.equal(approvals.features[0].geometry, null);
  const one = encodeURIComponent('皖政地〔2021〕1号');
  const linked = await at(`/collections/approval/items/${one}/parcel`);
  assert.deepEqual(keys(linked), ['X1:DK001', 'X1:DK002', 'X1:DK003']);
  assert.equal(linked.features[0].geometry.type, 'Polygon');
  const first = await at(`/collections/approval/items/${one}/parcel?limit=2`);
  assert.deepEqual(keys(first), ['X1:DK001', 'X1:DK002']);
  assert.deepEqual(keys(await at(link(first, 'next'))), ['X1:DK003']);
  assert.equal(link(await at(link(first, 'next')), 'next'), undefined);
  assert.deepEqual(keys(await at('/collections/compensation/items/B3/parcel')), ['X1:DK002']);
  assert.deepEqual(keys(await at('/collections/parcel/items/X2:DK001/approval')), [], 'the other DK001 has none of it');
});

test('an announcement without an approval number is linked by its project', async () => {
  assert.deepEqual(keys(await at('/collections/notice/items/G1/parcel')), ['X1:DK001', 'X1:DK002', 'X1:DK003']);
  assert.deepEqual(keys(await at('/collections/parcel/items/X1:DK003/notice')), ['G1']);
  assert.deepEqual(keys(await at('/collections/parcel/items/X1:DK001/notice')), ['G1', 'G2']);
});

test('the links of an item lead somewhere', async () => {
  const item = await at('/collections/parcel/items/X1:DK001');
  assert.deepEqual(item.links.filter((l) => l.rel === 'related').map((l) => l.href.split('/').at(-1)), ['project', 'approval', 'notice', 'compensation']);
  for (const { href } of item.links) assert.equal((await get(new URL(href, server.url))).status, 200, href);
  const { links } = await at('/?f=json');
  for (const { href } of links) assert.equal((await get(new URL(href.replace('{q}', 'DK001'), server.url))).status, 200, href);
  for (const collection of (await at('/collections')).collections) {
    for (const { href } of collection.links) assert.equal((await get(new URL(href, server.url))).status, 200, href);
  }
});

test('the dossier of a parcel: everything linked, in time order, with its items', async () => {
  const dossier = await at('/collections/parcel/items/X1:DK001/dossier');
  assert.equal(dossier.kind, 'parcel');
  assert.equal(dossier.generation, generation);
  assert.equal(dossier.subject.id, 'X1:DK001');
  assert.equal(dossier.subject.geometry.type, 'Polygon');
  assert.deepEqual(Object.fromEntries(dossier.linked.map(({ kind, rows }) => [kind, rows.map((row) => row.id)])), {
    project: ['X1'], approval: ['皖政地〔2021〕1号', '皖政地〔2021〕2号'], notice: ['G1', 'G2'], compensation: ['B1', 'B2'],
    preexamination: ['预审1号'] /* through the project */ });
  for (const { rows, numberReturned, complete } of dossier.linked) assert.deepEqual([numberReturned, complete], [rows.length, true]);
  assert.deepEqual(dossier.timeline.map(({ date, kind, field }) => [date, kind, field]), [
    ['2020-09-01', 'preexamination', 'decided_on'], ['2020-10-01', 'notice', 'published_on'], ['2021-03-05', 'approval', 'approved_on'],
    ['2021-06-05', 'approval', 'approved_on'], ['2021-07-01', 'notice', 'published_on']]);
  assert.equal(dossier.timeline[0].field_title, '日期');
  assert.deepEqual(dossier.items.map(({ id, status, published_on, records }) => [id, status, published_on, records.map((record) => record.key)]), [
    ['pre_announcement', 'published', '2020-10-01', ['G1']],
    ['approval_document', 'published', '2021-03-05', ['皖政地〔2021〕1号', '皖政地〔2021〕2号']],
    ['compensation_plan', 'missing', null, []]], 'old_notification is for projects of before 2020');
});

test('a parcel of an old project has the other items, and one without a project all', async () => {
  const old = await at('/collections/parcel/items/X2:DK001/dossier');
  assert.deepEqual(old.items.map(({ id, status }) => [id, status]), [['old_notification', 'missing'], ['approval_document', 'missing'], ['compensation_plan', 'missing']]);
  assert.deepEqual(old.totals, []);
});

test('totals: sums of the group for the public, and small groups only as such', async () => {
  const { totals } = await at('/collections/parcel/items/X1:DK001/dossier');
  assert.deepEqual(totals, [
    { kind: 'compensation', by: { project_id: 'X1' }, rows: 6, sums: { total: 2102.1 } },
    { kind: 'compensation', by: { project_id: 'X1', collective: '一组' }, suppressed: true, min_rows: 5 }]);
  const second = (await at('/collections/parcel/items/X1:DK002/dossier')).totals;
  assert.deepEqual(second.find(({ by }) => by.collective === '二组'), { kind: 'compensation', by: { project_id: 'X1', collective: '二组' }, suppressed: true, min_rows: 5 });
});

test('a record has a dossier too', async () => {
  const dossier = await at('/collections/project/items/X1/dossier');
  assert.deepEqual(dossier.linked.find(({ kind }) => kind === 'parcel').rows.map((row) => row.id), ['X1:DK001', 'X1:DK002', 'X1:DK003']);
  assert.deepEqual(dossier.items, []);
});

test('search finds rows of every kind, with where to go', async () => {
  const search = async (q, limit = '') => at(`/search?q=${encodeURIComponent(q)}${limit}`);
  const found = await search('DK001');
  assert.equal(found.q, 'DK001');
  assert.equal(found.complete, true);
  assert.deepEqual(found.results.map(({ kind, key }) => [kind, key]), [['parcel', 'X1:DK001'], ['parcel', 'X2:DK001']]);
  const [first] = found.results;
  assert.equal(first.kind_title, '征收地块');
  assert.equal(first.label, '一号地');
  assert.deepEqual(first.bbox, [117.2, 31.8, 117.202, 31.802]);
  assert.equal(first.feature, (await at('/collections/parcel/items/X1:DK001')).feature);
  assert.match(first.detail, /DK001.*皖政地〔2021〕1号/);
  assert.deepEqual((await search('测试工业园')).results.map(({ kind }) => kind).sort(), ['notice', 'notice', 'project']);
  assert.ok((await search('皖政地(2021)2号')).results.some(({ kind }) => kind === 'approval'), 'other brackets');
  assert.ok((await search('业园')).results.some(({ kind, key }) => kind === 'project' && key === 'X1'), 'a part of a word');
  assert.deepEqual((await search('nothing like this')).results, []);
  assert.equal((await search('X1', '&limit=2')).results.length, 2);
  for (const q of ["' OR 1=1 --", '%', '_', '*', '"', '\\', ')(']) await search(q);
});

test('collections say what they are and where', async () => {
  const { collections } = await at('/collections');
  assert.deepEqual(collections.map(({ id, itemType }) => [id, itemType]), [['parcel', 'feature'], ['project', 'record'], ['approval', 'record'],
    ['notice', 'record'], ['compensation', 'record'], ['preexamination', 'record']]);
  assert.deepEqual(collections[0].extent.spatial.bbox, [[117.2, 31.8, 117.212, 31.822]]);
  assert.equal((await at('/collections/parcel')).title, '征收地块');
});

test('many clients at once get the same answers', async () => {
  const expected = JSON.stringify(await at('/collections/parcel/items/X1:DK001/dossier'));
  const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => at('/collections/parcel/items/X1:DK001/dossier', i % 2 ? { token: STAFF } : {})));
  answers.forEach((answer, i) => (i % 2 ? assert.notEqual : assert.equal)(JSON.stringify(answer), expected));
});
