// Kinds of record that only some see, and masks. What is hidden does not exist: every answer is that for a name or a key
// that means nothing. What is masked is shown, and can be asked nothing about.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PbfReader } from 'pbf';
import { VectorTile } from '@mapbox/vector-tile';
import { catalogue, CHIEF, featureCollection, get, makeStore, run, serve, square, STAFF, tileOf } from './county.mjs';

const VILLAGE = 'members-of-one-village', ASKED = 'someone-who-asked';
/** Title, name and rows of the kinds that few see; none of these words stands in what others get. */
const yaml = catalogue
  .replace('{name: owner, title: 户主, type: text, audience: staff, tiles: true, search: true}',
    '{name: owner, title: 户主, type: text, audience: staff, tiles: true, search: true, mask: {public: name}}')
  .replace('{name: id_number, title: 身份证号, type: text, audience: never}',
    '{name: id_number, title: 身份证号, type: text, audience: staff, search: true, mask: {group: id_number}}')
  .replace('records:\n', `  - name: stakeout
    title: 放线草图
    audience: staff
    geometry: polygon
    key: {field: id}
    division: division
    zooms: [6, 16]
    fields:
      - {name: id, title: 编号, type: text, audience: public, required: true, tiles: true, search: true}
      - {name: division, title: 区划, type: division, audience: public}
      - {name: project_id, title: 项目, type: text, audience: public}
records:
  - name: grievance
    title: 信访件
    audience: staff
    key: {field: id}
    division: division
    date: raised_on
    documents: public
    fields:
      - {name: id, title: 编号, type: text, audience: public, required: true, search: true}
      - {name: project_id, title: 项目, type: text, audience: public}
      - {name: division, title: 区划, type: division, audience: public}
      - {name: matter, title: 事由, type: text, audience: public, search: true}
      - {name: cost, title: 费用, type: number, audience: public}
      - {name: raised_on, title: 日期, type: date, audience: public}
    totals:
      - {by: [project_id], sum: [cost], min_rows: 1, audience: staff}
  - name: ruling
    title: 处理意见
    audience: staff
    key: {field: id}
    division: division
    fields:
      - {name: id, title: 编号, type: text, audience: public, required: true}
      - {name: about, title: 信访编号, type: text, audience: public}
      - {name: division, title: 区划, type: division, audience: public}
      - {name: matter, title: 事由, type: text, audience: public, inherit: grievance.matter}
  - name: minutes
    title: 内部纪要
    audience: staff
    key: {field: id}
    fields:
      - {name: id, title: 编号, type: text, audience: public, required: true, search: true}
      - {name: project_id, title: 项目, type: text, audience: public}
  - name: ballot
    title: 村民表决
    audience: group
    key: {field: id}
    division: division
    fields:
      - {name: id, title: 编号, type: text, audience: public, required: true, search: true}
      - {name: division, title: 区划, type: division, audience: public}
`)
  .replace('links:\n', `links:
  - {from: ruling, to: grievance, on: [{match: {about: id}}]}
  - {from: grievance, to: parcel, on: [{match: {project_id: project_id}}]}
  - {from: grievance, to: project, on: [{match: {project_id: project_id}}]}
  - {from: minutes, to: project, on: [{match: {project_id: project_id}}]}
  - {from: stakeout, to: project, on: [{match: {project_id: project_id}}]}
`)
  .replace('items:\n', `lists:
  - {id: cases, title: 信访清单, audience: staff, of: grievance, by: project_id, columns: [grievance.id, grievance.cost], sum: [grievance.cost]}
  - {id: owners, title: 项目户主, audience: public, of: parcel, by: project_id, columns: [parcel.id, parcel.name]}
  - {id: cases_of_projects, title: 项目信访, audience: staff, of: parcel, by: project_id, lines: grievance, columns: [parcel.id, grievance.matter]}
items:
  - {id: settled, title: 矛盾化解, about: parcel, proved_by: [{record: grievance}]}
`);
const store = makeStore(yaml);
const load = (kind, name, text) => {
  const path = join(dirname(store), name);
  writeFileSync(path, text);
  run('load', store, kind, path, '--publish');
};
load('grievance', 'g.csv', `id,project_id,division,matter,cost,raised_on
QS南一,X1,341321101,道路阻断诉求,11,2021-01-02
QS南二,X1,341321102,坟墓迁移诉求,22,2021-01-03
QS北一,X1,340111001,北方独有诉求,4000,2021-01-04
QS无区,X1,,无处可归诉求,50000,2021-01-05
`);
load('ruling', 'r.csv', `id,about,division
CL1,QS南一,341321101
CL2,QS北一,341321101
CL3,QS无区,341321101
`);
load('compensation', 'c.csv', 'id,parcel,project_id,division,collective,total\nB9,DK001,X2,340111001,九组,9000\n');
load('grievance', 'h.csv', 'id,project_id,division,matter\nQS北二,X9,340111001,北方独有诉求\n');
load('parcel', 'p.geojson', featureCollection([{ id: 'DK009', name: '九号地', division: '341321101', project_id: 'X9', households: 1, owner: '周九户',
  geometry: { type: 'Polygon', coordinates: [square(8, 8)] } }]));
load('minutes', 'm.csv', 'id,project_id\nJY001,X1\n');
load('ballot', 'b.csv', 'id,division\nBJ001,341321101\nBJ002,341321102\n');
load('stakeout', 's.geojson', featureCollection([
  { id: 'FX南', division: '341321101', project_id: 'X1', geometry: { type: 'Polygon', coordinates: [square(0, 0)] } },
  { id: 'FX北', division: '340111001', project_id: 'X1', geometry: { type: 'Polygon', coordinates: [square(1, 0)] } },
  { id: 'FX遥', division: '340111001', project_id: 'X1', geometry: { type: 'Polygon', coordinates: [square(40, 40)] } }]));
appendFileSync(join(dirname(store), 'tokens'), `${VILLAGE} group:341321101 村民\n${ASKED} request:3413 申请人\n`);
const server = await serve(store);
after(() => server.stop());
const at = (path, options) => get(server.url + path, options);
const json = async (path, token) => {
  const answer = await at(path, { token });
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer.json;
};
const q = encodeURIComponent;
const ids = async (path, token) => (await json(path, token)).features.map(({ id }) => id);

/** Every address, with a name in place of the kind's, so that two of them can be compared. */
const addresses = (kind, key) => [`/collections/${kind}`, `/collections/${kind}/items`, `/collections/${kind}/items?f=html`, `/collections/${kind}/schema`,
  `/collections/${kind}/queryables`, `/collections/${kind}/sortables`, `/collections/${kind}/items/${q(key)}`, `/collections/${kind}/items/${q(key)}?f=html`,
  `/collections/${kind}/items/${q(key)}/dossier`, `/collections/${kind}/items/${q(key)}/project`, `/collections/${kind}/items/${q(key)}/overlaps`,
  `/collections/${kind}/features/1`, `/collections/${kind}/statistics`, `/collections/${kind}/statistics?group_by=division`, `/collections/${kind}/tiles`,
  `/collections/${kind}_grid/tiles`, `/collections/${kind}/tiles/WebMercatorQuad`, `/collections/${kind}/tiles/WebMercatorQuad/10/1/1`, `/xyz/${kind}.json`,
  `/xyz/${kind}/10/845/417`, `/xyz/${kind}_grid/10/845/417`, `/xyz/parcel,${kind}/10/845/417`, `/collections/${kind}/items?f=csv`, `/collections/${kind}/items?f=xlsx`,
  `/collections/project/items/X1/${kind}`, `/overlaps?point=117.201,31.801&layers=${kind}`, `/collections/parcel/statistics?group_by=${kind}.id`];
const strip = (text, kind, key) => text.replaceAll(kind, 'KIND').replaceAll(q(key), 'KEY').replaceAll(key, 'KEY');

test('for those who do not see a kind it is one that does not exist, at every address', async () => {
  for (const [kind, key, tokens] of [['grievance', 'QS南一', [undefined, VILLAGE, ASKED]], ['minutes', 'JY001', [undefined, VILLAGE, ASKED, STAFF]],
    ['stakeout', 'FX南', [undefined, VILLAGE, ASKED]], ['ballot', 'BJ001', [undefined]]]) {
    const real = addresses(kind, key), none = addresses('nonesuch', 'NO-KEY');
    for (const token of tokens) {
      for (let i = 0; i < real.length; i++) {
        const [a, b] = await Promise.all([at(real[i], { token }), at(none[i], { token })]);
        assert.ok(a.status >= 400, `${real[i]} ${token}: ${a.status}`);
        assert.deepEqual([a.status, strip(a.text, kind, key)], [b.status, strip(b.text, 'nonesuch', 'NO-KEY')], `${real[i]} ${token}`);
      }
    }
  }
});

const pages = ['/', '/?f=json', '/catalogue', '/collections', '/collections?f=html', '/api', '/api?f=html', '/conformance', '/collections/parcel/items', '/collections/project/items',
  '/collections/parcel/items?f=html', '/collections/parcel/items/X1%3ADK001', '/collections/parcel/items/X1%3ADK001?f=html', '/collections/parcel/items/X1%3ADK001/dossier',
  '/collections/parcel/items/X1%3ADK001/dossier?f=html', '/collections/project/items/X1/dossier', '/collections/project/items/X1/dossier?f=html', '/collections/parcel/items/X1%3ADK001/overlaps',
  '/overlaps?point=117.201,31.801', '/overlaps?bbox=117.1,31.7,117.4,31.95', '/metrics', '/xyz/parcel.json', '/collections/parcel/statistics?group_by=project_id',
  '/collections/parcel/items?f=csv', `/lists/owners?project_id=X1`, ...['QS', 'QS南一', 'JY001', 'FX', 'BJ', '诉求', '341321101', 'X1'].map((text) => `/search?q=${q(text)}`)];
test('and no other answer has a trace of it', async () => {
  const words = { grievance: ['grievance', 'ruling', '处理意见', '信访', 'QS南', 'QS北', 'QS无', '诉求', '2021-01-02', 'cases'], minutes: ['minutes', '内部纪要', 'JY001'], stakeout: ['stakeout', '放线', 'FX南', 'FX北', 'FX遥'],
    ballot: ['ballot', '村民表决', 'BJ001', 'BJ002'] };
  for (const [token, kinds] of [[undefined, Object.keys(words)], [VILLAGE, ['grievance', 'minutes', 'stakeout']], [ASKED, ['grievance', 'minutes', 'stakeout']], [STAFF, ['minutes']]]) {
    for (const path of pages) {
      const answer = await at(path, { token });
      assert.ok(answer.status === 200, `${path}: ${answer.status}`);
      const text = answer.text.replaceAll(/"q": ?"[^"]*"/g, ''); /* the question itself */
      for (const word of kinds.flatMap((kind) => words[kind])) assert.ok(!text.includes(word), `${path} holds ${word} for ${token}`);
    }
  }
  assert.equal((await at('/lists/cases?project_id=X1')).status, 404);
  assert.equal((await at('/lists/cases?project_id=X1', { token: VILLAGE })).text, (await at('/lists/nonesuch?project_id=X1', { token: VILLAGE })).text);
});

test('staff of a division see its rows; those outside are not there, not counted, not summed', async () => {
  assert.deepEqual(await ids('/collections/grievance/items', STAFF), ['QS南一', 'QS南二']);
  assert.equal((await json('/collections/grievance/items', STAFF)).numberMatched, 2);
  assert.equal((await json('/collections/grievance/items?limit=1', STAFF)).numberMatched, 2);
  assert.equal((await json('/collections/grievance', STAFF)).itemCount, 2);
  assert.equal((await json('/collections/grievance', CHIEF)).itemCount, 5);
  assert.equal((await json('/collections/grievance/items', CHIEF)).numberMatched, 5);
  assert.deepEqual(await ids('/collections/grievance/items?sortby=-cost', STAFF), ['QS南二', 'QS南一']);
  assert.deepEqual(await ids('/collections/grievance/items?filter=cost%20%3E%200', STAFF), ['QS南一', 'QS南二']);
  assert.deepEqual(await ids(`/collections/grievance/items?filter=${q('NOT cost < 30')}`, STAFF), []);
  assert.deepEqual(await ids(`/collections/grievance/items?id=${q('QS北一')}`, STAFF), []);
  for (const key of ['QS北一', 'QS无区']) {
    for (const below of ['', '/dossier', '/parcel', '?f=html']) {
      const path = (own) => `/collections/grievance/items/${q(own)}${below}`;
      const [a, b] = [await at(path(key), { token: STAFF }), await at(path('NO-KEY'), { token: STAFF })];
      assert.deepEqual([a.status, strip(a.text, '', key)], [404, strip(b.text, '', 'NO-KEY')].map((v) => v), path(key));
    }
    assert.equal((await at(`/collections/grievance/items/${q(key)}`, { token: CHIEF })).status, 200);
  }
  const feature = (await json(`/collections/grievance/items/${q('QS北一')}`, CHIEF)).feature;
  assert.equal((await at(`/collections/grievance/features/${feature}`, { token: STAFF })).status, 404);
  const groups = async (token) => (await json('/collections/grievance/statistics?sum=cost', token)).groups.map(({ count, sums }) => [count, ...sums]);
  assert.deepEqual(await groups(STAFF), [[2, 33]]);
  assert.deepEqual(await groups(CHIEF), [[5, 54033]]);
  assert.deepEqual(await ids('/collections/parcel/items/X1%3ADK001/grievance', STAFF), ['QS南一', 'QS南二']);
  assert.equal((await json('/collections/parcel/items/X1%3ADK001/grievance', STAFF)).numberMatched, 2);
  const dossier = await json('/collections/parcel/items/X1%3ADK001/dossier', STAFF);
  assert.deepEqual(dossier.totals.filter(({ kind }) => kind === 'grievance'), [{ kind: 'grievance', by: { project_id: 'X1' }, rows: 2, sums: { cost: 33 } }]);
  assert.deepEqual(dossier.timeline.filter(({ kind }) => kind === 'grievance').map(({ date }) => date), ['2021-01-02', '2021-01-03']);
  assert.equal(dossier.items.find(({ id }) => id === 'settled').status, 'published');
  const open = await json('/collections/parcel/items/X1%3ADK001/dossier');
  assert.equal(open.items.find(({ id }) => id === 'settled').status, 'missing');
  const csv = (await at('/collections/grievance/items?f=csv', { token: STAFF })).text;
  assert.ok(csv.includes('QS南一') && !csv.includes('QS北一') && !csv.includes('QS无区'));
  const found = async (text, token) => (await json(`/search?q=${q(text)}`, token)).results.map(({ key }) => key);
  assert.deepEqual(await found('QS北一', STAFF), []);
  assert.deepEqual(await found('北方独有', STAFF), []);
  assert.deepEqual(await found('诉求', STAFF), ['QS南一', 'QS南二']);
  assert.deepEqual(await found('QS北一', CHIEF), ['QS北一']);
  const lines = (await json('/lists/cases?project_id=X1&f=json', STAFF)).groups.flatMap((group) => group.list);
  assert.equal(lines.length, 2);
  /* A parcel whose only grievance is out of scope stands in the list as one that has none. */
  const lonely = (await json('/lists/cases_of_projects?project_id=X9&f=json', STAFF)).groups.flatMap((group) => group.list);
  assert.deepEqual(lonely.map(({ values }) => values), [['DK009', null]]);
  const list = JSON.stringify(await json('/lists/cases_of_projects?project_id=X1&f=json', STAFF));
  assert.ok(list.includes('道路阻断诉求') && !list.includes('北方独有'), list);
});

test('what is taken over a link goes to no division that does not see it there', async () => {
  const matters = async (token) => (await json('/collections/ruling/items', token)).features.map(({ id, properties }) => [id, properties.matter]);
  assert.deepEqual(await matters(STAFF), [['CL1', '道路阻断诉求'], ['CL2', undefined], ['CL3', undefined]]);
});

test('a village sees its own ballots only, and its answers are in no cache', async () => {
  assert.deepEqual(await ids('/collections/ballot/items', VILLAGE), ['BJ001']);
  assert.deepEqual(await ids('/collections/ballot/items', ASKED), ['BJ001', 'BJ002']);
  const answer = await at('/collections/ballot/items', { token: VILLAGE });
  assert.equal(answer.headers['cache-control'], 'private, no-store');
  const dossier = await at('/collections/parcel/items/X1%3ADK001/dossier', { token: VILLAGE });
  assert.ok(!('origin' in dossier.json));
  const page = (await at('/collections/parcel/items/X1%3ADK001/dossier?f=html', { token: VILLAGE })).text;
  assert.ok(!page.includes('工作人员') && !page.includes('SHA-256'), 'nothing that is for staff');
  assert.ok('origin' in (await json('/collections/parcel/items/X1%3ADK001/dossier', STAFF)));
});

test('tiles, extent and overlaps of a layer that few see', async () => {
  const features = async (token) => {
    const { z, x, y } = tileOf(117.2025, 31.801, 12);
    const { layers } = new VectorTile(new PbfReader((await at(`/xyz/stakeout/${z}/${x}/${y}`, { token })).body));
    return Array.from({ length: layers.stakeout?.length ?? 0 }, (_, i) => layers.stakeout.feature(i).properties.id).sort();
  };
  assert.deepEqual(await features(STAFF), ['FX南']);
  assert.deepEqual(await features(CHIEF), ['FX北', 'FX南']);
  const [box] = (await json('/collections/stakeout', STAFF)).extent.spatial.bbox;
  assert.deepEqual(box, [117, 31.5, 117.5, 32], 'the catalogue\'s: where their rows lie is not added up');
  assert.ok((await json('/collections/stakeout', CHIEF)).extent.spatial.bbox[0][3] > 31.88);
  const g = tileOf(117.2025, 31.801, 5), grid = `/xyz/stakeout_grid/${g.z}/${g.x}/${g.y}`;
  assert.deepEqual([(await at(grid, { token: STAFF })).status, (await at(grid, { token: CHIEF })).status], [204, 200], 'a grid counts all rows');
  const met = async (token) => (await json('/overlaps?bbox=117.2,31.8,117.205,31.802&layers=stakeout', token)).layers[0];
  assert.deepEqual([(await met(STAFF)).numberMatched, (await met(STAFF)).items.map(({ key }) => key)], [1, ['FX南']]);
  assert.equal((await met(CHIEF)).numberMatched, 2);
  assert.equal((await at(`/collections/stakeout/items/${q('FX北')}/overlaps`, { token: STAFF })).status, 404);
  assert.equal((await at(`/collections/stakeout/items/${q('FX北')}/overlaps`, { token: CHIEF })).status, 200);
});

const owners = async (token) => Object.fromEntries((await json('/collections/parcel/items', token)).features.map(({ id, properties }) => [id, properties.owner]));
test('a masked value is shown in every form of answer, the clear one nowhere', async () => {
  assert.deepEqual(await owners(), { 'X1:DK001': '王**', 'X1:DK002': '李**', 'X1:DK003': '赵**', 'X2:DK001': '孙**', 'X2:甲/乙 丙?': '钱**', 'X9:DK009': '周**' });
  assert.deepEqual(await owners(STAFF), { 'X1:DK001': '王大户', 'X1:DK002': '李二户', 'X1:DK003': '赵三户', 'X2:DK001': '孙**', 'X2:甲/乙 丙?': '钱**', 'X9:DK009': '周九户' });
  assert.deepEqual(await owners(VILLAGE), await owners());
  const numbers = async (token) => (await json('/collections/parcel/items', token)).features.map(({ properties }) => properties.id_number);
  assert.deepEqual((await numbers(VILLAGE)).slice(0, 2), ['341***********1234', '341***********1235']);
  assert.deepEqual((await numbers()).slice(0, 2), [undefined, undefined]);
  assert.equal((await numbers(STAFF))[0], '341321199001011234');
  for (const path of ['/collections/parcel/items?f=html', '/collections/parcel/items/X1%3ADK001', '/collections/parcel/items/X1%3ADK001?f=html', '/collections/parcel/items/X1%3ADK001/dossier',
    '/collections/parcel/items/X1%3ADK001/dossier?f=html', '/collections/parcel/items?f=csv', '/collections/parcel/items?properties=owner', '/search?q=DK001']) {
    const { text, status } = await at(path);
    assert.equal(status, 200, path);
    assert.ok(text.includes('王**'), path);
    assert.ok(!text.includes('王大户'), path);
  }
});

test('a field that is masked can be asked about no more than one that does not exist', async () => {
  const ask = async (name, value, token) => {
    const asked = [`/collections/parcel/items?${name}=${q(value)}`, `/collections/parcel/items?sortby=${name}`, `/collections/parcel/items?filter=${q(`${name} = '${value}'`)}`,
      `/collections/parcel/items?filter=${q(`${name} IS NULL`)}`, `/collections/parcel/items?filter=${q(JSON.stringify({ op: '=', args: [{ property: name }, value] }))}&filter-lang=cql2-json`,
      `/collections/parcel/statistics?group_by=${name}`, `/collections/parcel/statistics?sum=${name}`, `/collections/compensation/statistics?group_by=parcel.${name}`,
      `/collections/parcel/items?f=csv&${name}=${q(value)}`, `/xyz/parcel/10/845/417?${name}=${q(value)}`, `/xyz/parcel.json?${name}=${q(value)}`];
    const answers = [];
    for (const path of asked) {
      const { status, text } = await at(path, { token });
      answers.push([status, text.replaceAll(name, 'FIELD').replaceAll(q(value), 'VALUE').replaceAll(value, 'VALUE')]);
    }
    return answers;
  };
  for (const [token, fields] of [[undefined, ['owner', 'id_number']], [VILLAGE, ['owner', 'id_number']], [ASKED, ['owner']]]) {
    for (const value of ['王大户', '王**', '341***********1234']) {
      const none = await ask('nosuchfield', value, token);
      for (const [status] of none) assert.equal(status, 400);
      for (const field of fields) assert.deepEqual(await ask(field, value, token), none, `${field}=${value}`);
    }
  }
  for (const text of ['王大户', '王*', '3413*', '341321199001011234', '孙四户']) {
    for (const token of [undefined, VILLAGE, ASKED]) assert.deepEqual((await json(`/search?q=${q(text)}`, token)).results, [], text);
    assert.deepEqual((await json(`/collections/parcel/items?q=${q(text)}`)).features, [], text);
  }
  /* In scope staff ask; what is masked for them outside is no answer. */
  assert.deepEqual(await ids(`/collections/parcel/items?owner=${q('王大户')}`, STAFF), ['X1:DK001']);
  for (const owner of ['孙四户', '孙**']) assert.deepEqual(await ids(`/collections/parcel/items?owner=${q(owner)}`, STAFF), []);
  const groups = (await json('/collections/parcel/statistics?group_by=owner', STAFF)).groups;
  assert.ok(!JSON.stringify(groups).includes('*'), JSON.stringify(groups));
  const linked = (await json('/collections/compensation/statistics?group_by=parcel.owner', STAFF)).groups;
  assert.ok(!JSON.stringify(linked).includes('*'));
});

test('the schema has the masked field, queryables and sortables have not, nor do tiles', async () => {
  const names = async (what, token) => Object.keys((await json(`/collections/parcel/${what}`, token)).properties);
  assert.ok((await names('schema')).includes('owner'));
  for (const what of ['queryables', 'sortables']) assert.ok(!(await names(what)).includes('owner'));
  for (const what of ['schema', 'queryables', 'sortables']) assert.ok((await names(what, STAFF)).includes('owner'));
  const field = (await json('/catalogue')).layers[0].fields.find(({ name }) => name === 'owner');
  assert.equal(field.masked, true);
  assert.equal(field.tiles, undefined);
  assert.ok(!('owner' in (await json('/xyz/parcel.json')).vector_layers[0].fields));
  const { z, x, y } = tileOf(117.201, 31.801, 14);
  const { layers } = new VectorTile(new PbfReader((await at(`/xyz/parcel/${z}/${x}/${y}`)).body));
  for (let i = 0; i < layers.parcel.length; i++) assert.equal(layers.parcel.feature(i).properties.owner, undefined);
  assert.ok(!(await at('/api')).text.includes('"owner"'));
});

test('sums over a field that is seen in the scope only hold no row outside', async () => {
  const sums = async (token) => (await json('/collections/compensation/statistics?sum=total', token)).groups.map(({ count, sums: [sum] }) => [count, sum]);
  assert.deepEqual(await sums(STAFF), [[7, 2102.1]], 'the row is public and counts, its amount is not');
  assert.deepEqual(await sums(CHIEF), [[7, 11102.1]]);
  const by = async (token) => (await json('/collections/compensation/statistics?sum=total&group_by=division:6', token)).groups.map(({ by: [division], count, sums: [sum] }) => [division, count, sum]);
  assert.deepEqual(await by(STAFF), [['340111', 1, null], ['341321', 6, 2102.1]], 'no amount is not an amount of 0');
  assert.match((await at('/collections/compensation/statistics?sum=total&group_by=division:6&f=csv', { token: STAFF })).text, /\r\n340111,.*,1,\r\n/);
  assert.equal((await at('/collections/compensation/statistics?sum=total', { token: ASKED })).status, 400);
});
