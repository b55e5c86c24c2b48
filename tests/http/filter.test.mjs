// Rows that are asked for: CQL2, boxes, days, words, orders and properties, on items and on tiles.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { get, makeStore, parcels, serve, CHIEF, STAFF } from './county.mjs';

const server = await serve(makeStore());
after(() => server.stop());
const items = (kind, params, options) => get(`${server.url}/collections/${kind}/items?${new URLSearchParams(params)}`, options);
const keys = async (kind, params, options) => {
  const answer = await items(kind, params, options);
  assert.equal(answer.status, 200, answer.text);
  return answer.json.features.map((feature) => feature.id);
};
const refused = async (kind, params, pattern, options) => {
  const answer = await items(kind, params, options);
  assert.equal(answer.status, 400, answer.text);
  assert.match(answer.json.detail, pattern);
  return answer.json.detail;
};
const as = (token) => ({ headers: { Authorization: `Bearer ${token}` } });

test('a filter in text and the same in JSON', async () => {
  for (const [text, json, expected] of [
    ["name LIKE '%一号%'", { op: 'like', args: [{ property: 'name' }, '%一号%'] }, ['X1:DK001', 'X2:DK001']],
    ['households BETWEEN 1 AND 4', { op: 'between', args: [{ property: 'households' }, 1, 4] }, ['X1:DK001', 'X2:DK001']],
    ["households > 1 OR project_id = 'X2'", { op: 'or', args: [{ op: '>', args: [{ property: 'households' }, 1] }, { op: '=', args: [{ property: 'project_id' }, 'X2'] }] },
      ['X1:DK001', 'X1:DK002', 'X2:DK001', 'X2:甲/乙 丙?']],
    ['households IS NULL', { op: 'isNull', args: [{ property: 'households' }] }, ['X2:甲/乙 丙?']],
    ["approval_no = '皖政地(2021)2号'", { op: '=', args: [{ property: 'approval_no' }, '皖政地[2021]2号'] }, ['X1:DK001']],
    ['S_INTERSECTS(geometry, POINT(117.2011 31.8011))', { op: 's_intersects', args: [{ property: 'geometry' }, { type: 'Point', coordinates: [117.2011, 31.8011] }] }, ['X1:DK001']],
  ]) {
    assert.deepEqual(await keys('parcel', { filter: text }), expected, text);
    assert.deepEqual(await keys('parcel', { filter: JSON.stringify(json), 'filter-lang': 'cql2-json' }), expected, JSON.stringify(json));
  }
});

test('a filter that cannot be read says where, and values stay values', async () => {
  await refused('parcel', { filter: 'households >' }, /character/);
  await refused('parcel', { filter: "colour = 'red'" }, /colour/);
  await refused('parcel', { filter: "households = 'many'" }, /households/);
  await refused('parcel', { filter: '{}', 'filter-lang': 'cql2-json' }, /./);
  await refused('parcel', { filter: "id = 'x'", 'filter-lang': 'sql' }, /filter-lang/);
  for (const attempt of ["x' OR '1'='1", "'; DROP TABLE row_parcel;--", '") OR 1=1 --', '%', '_', '\u{1F600}', "\\' OR TRUE", '\\']) {
    assert.deepEqual(await keys('parcel', { filter: JSON.stringify({ op: '=', args: [{ property: 'name' }, attempt] }), 'filter-lang': 'cql2-json' }), [], attempt);
    if (!attempt.includes('\\')) assert.deepEqual(await keys('parcel', { filter: `name = '${attempt.replaceAll("'", "''")}'` }), [], attempt);
    assert.deepEqual(await keys('parcel', { name: attempt }), [], attempt);
    assert.deepEqual(await keys('parcel', { q: attempt.replace(/[ ,]/g, '.') }), attempt === '\\' ? ['X2:甲/乙 丙?'] : [], attempt);
  }
  assert.deepEqual(await keys('parcel', { filter: String.raw`name LIKE '%\\\\%'` }), ['X2:甲/乙 丙?']);
});

test('what a viewer does not see cannot be filtered, sorted, searched or shown', async () => {
  const hidden = await refused('parcel', { filter: "owner = '王大户'" }, /owner/);
  assert.equal(hidden.replaceAll('owner', 'ownar'), await refused('parcel', { filter: "ownar = '王大户'" }, /ownar/));
  for (const params of [{ sortby: 'owner' }, { properties: 'owner' }, { owner: '王大户' }, { sortby: 'id_number' }]) await refused('parcel', params, /owner|id_number/);
  await refused('parcel', { filter: "id_number IS NULL" }, /id_number/, as(CHIEF));
  assert.deepEqual(await keys('parcel', { q: '王大户' }), []);
  assert.deepEqual(await keys('parcel', { q: '大户' }, as(STAFF)), ['X1:DK001']);
  for (const q of ['户　DK002', '户，ｄｋ００２']) assert.deepEqual(await keys('parcel', { q }, as(STAFF)), ['X1:DK002'], q);
  assert.deepEqual(await keys('parcel', { filter: "owner LIKE '%户'" }, as(STAFF)), ['X1:DK001', 'X1:DK002', 'X1:DK003'], 'within the division');
  assert.deepEqual(await keys('parcel', { filter: "owner LIKE '%户'" }, as(CHIEF)), parcels.map((p) => `${p.project_id}:${p.id}`));
  assert.deepEqual(await keys('parcel', { sortby: '-owner', limit: 2 }, as(STAFF)), ['X1:DK003', 'X1:DK001'], 'the other division has no owners for this clerk');
});

test('a box of a projection holds what meets it there, though around it in degrees lies more', async () => {
  const crs = 'http://www.opengis.net/def/crs/EPSG/0/4526', { features } = (await items('parcel', { crs })).json;
  const ring = features.find((feature) => feature.id === 'X1:DK001').geometry.coordinates[0], [norths, easts] = [0, 1].map((axis) => ring.map((position) => position[axis]));
  const [south, west, north, east] = [Math.min(...norths), Math.min(...easts), Math.max(...norths), Math.max(...easts)];
  for (const [box, found] of [
    [[south - 2000, west - 5000, south - 1, east + 5000], false], [[south - 2000, west - 5000, south + 1, east + 5000], true],
    [[south - 5000, east + 1, north + 5000, east + 900], false], [[south - 5000, east - 1, north + 5000, east + 900], true],
    [[south - 1, west - 5000, south - 1, east + 5000], false], [[(south + north) / 2, west - 5000, (south + north) / 2, east + 5000], true],
    [[north + 1, east, north + 1, east], false], [[(south + north) / 2, (west + east) / 2, (south + north) / 2, (west + east) / 2], true],
  ]) {
    const asked = { bbox: box, 'bbox-crs': crs }, filtered = { filter: `S_INTERSECTS(geometry, BBOX(${box}))`, 'filter-crs': crs };
    assert.equal((await keys('parcel', asked)).includes('X1:DK001'), found, box);
    assert.deepEqual(await keys('parcel', asked), await keys('parcel', filtered), box);
    const { groups } = (await get(`${server.url}/collections/parcel/statistics?${new URLSearchParams({ ...asked, group_by: 'name' })}`)).json;
    assert.equal(groups.some((group) => group.by[0] === '一号地'), found, box);
  }
  await refused('parcel', { bbox: '3,2,1,4', 'bbox-crs': crs }, /"bbox"/);
  await refused('parcel', { bbox: '1,2,3,4', 'bbox-crs': crs }, /lies outside of EPSG:4526/);
  await refused('parcel', { filter: 'S_INTERSECTS(geometry, BBOX(3, 2, 1, 4))', 'filter-crs': crs }, /lie|outside/);
});

test('boxes hold what meets them, not what lies in the box around it', async () => {
  assert.deepEqual(await keys('parcel', { bbox: '117.2082,31.8005,117.2098,31.8015' }), [], 'between the two parts of DK003');
  assert.deepEqual(await keys('parcel', { bbox: '117.2028,31.8008,117.2032,31.8012' }), [], 'in the hole of DK002');
  assert.deepEqual(await keys('parcel', { bbox: '117.2,31.8,117.2,31.8' }), ['X1:DK001'], 'a point on a corner');
  assert.deepEqual(await keys('parcel', { bbox: '117.2,31.8,0,117.201,31.801,500' }), ['X1:DK001'], 'heights do not count');
  assert.deepEqual(await keys('parcel', { bbox: '31.8,117.2,31.801,117.201', 'bbox-crs': 'http://www.opengis.net/def/crs/EPSG/0/4490' }), ['X1:DK001']);
  /* 117.2005 31.8005 in EPSG:4527 by cs2cs: the zone's northing comes first. */
  await refused('parcel', { bbox: '1,2,3,4', 'bbox-crs': 'EPSG:9999' }, /bbox-crs/);
  await refused('parcel', { bbox: '117.2,31.8,117.201,31.801', 'bbox-crs': 'http://www.opengis.net/def/crs/EPSG/0/4490' }, /"bbox".*south,west,north,east/);
  assert.deepEqual(await keys('parcel', { bbox: '170,-80,-170,80' }), [], 'across 180 degrees');
});

test('days: of the event that the kind names; rows without one match', async () => {
  assert.deepEqual(await keys('approval', { datetime: '2021-03-05' }), ['皖政地〔2021〕1号']);
  assert.deepEqual(await keys('approval', { datetime: '2021-03-05T23:00:00Z' }), ['皖政地〔2021〕1号']);
  assert.deepEqual(await keys('approval', { datetime: '../2021-05-31' }), ['皖政地〔2021〕1号']);
  assert.deepEqual(await keys('approval', { datetime: '2021-03-06/..' }), ['皖政地〔2021〕2号']);
  assert.equal((await keys('parcel', { datetime: '1990-01-01' })).length, parcels.length, 'parcels tell no day');
  await refused('approval', { datetime: '2021-13-05' }, /datetime|2021-13-05/);
});

test('orders with pages, fewer properties, no outline', async () => {
  const all = [];
  let path = `/collections/parcel/items?${new URLSearchParams({ sortby: '-households,+id', limit: 2, properties: 'id,households', skipGeometry: 'true' })}`;
  while (path) {
    const answer = await get(new URL(path, server.url).href);
    assert.equal(answer.status, 200, answer.text);
    for (const feature of answer.json.features) {
      assert.equal(feature.geometry, null);
      assert.ok(!('bbox' in feature));
      assert.ok(Object.keys(feature.properties).every((name) => ['id', 'households'].includes(name)));
      all.push(feature.properties.households ?? null);
    }
    path = answer.json.links.find((link) => link.rel === 'next')?.href;
  }
  assert.deepEqual(all, [5, 3, 1, -2, null]);
  await refused('parcel', { properties: 'id,colour' }, /colour/);
  await refused('parcel', { sortby: 'id,', }, /sortby/);
  await refused('parcel', { after: 'nowhere' }, /after/);
  await refused('parcel', { after: '-1' }, /after/);
  await refused('parcel', { sortby: 'id', after: '5' }, /after/);
});

test('how many there are: known, or counted when asked', async () => {
  const page = async (params) => (await items('parcel', params)).json;
  assert.equal((await page({ limit: 1 })).numberMatched, 5);
  assert.equal((await page({ project_id: 'X1' })).numberMatched, 3, 'all are on the page');
  assert.equal((await page({ project_id: 'X1', limit: 1 })).numberMatched, undefined);
  assert.equal((await page({ project_id: 'X1', limit: 1, count: 'true' })).numberMatched, 3);
  await refused('parcel', { count: 'yes' }, /count/);
});

// OGC API Features, Parts 2 and 3: a value that is none of those served is 400, whether the parameter beside it is there or not.
test('what says how a box or a filter is meant is looked at also without it', async () => {
  await refused('parcel', { 'bbox-crs': 'EPSG:9999' }, /"bbox-crs"/);
  await refused('parcel', { 'filter-crs': 'EPSG:9999' }, /"filter-crs"/);
  await refused('parcel', { 'filter-lang': 'sql' }, /"filter-lang"/);
  await refused('parcel', { filter: 'SELECT', 'filter-lang': 'sql' }, /"filter-lang"/);
  assert.equal((await keys('parcel', { 'bbox-crs': 'http://www.opengis.net/def/crs/EPSG/0/4490', 'filter-crs': 'http://www.opengis.net/def/crs/EPSG/0/4490', 'filter-lang': 'cql2-json' })).length, parcels.length);
});
