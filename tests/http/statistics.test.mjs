// Rows counted and summed by groups, against sums of the rows that were written to the files.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue, featureCollection, folder, get, parcels, makeStore, run, serve, square, CHIEF, STAFF } from './county.mjs';

const server = await serve(makeStore());
after(() => server.stop());
const ask = async (kind, params, options) => {
  const answer = await get(`${server.url}/collections/${kind}/statistics?${new URLSearchParams(params)}`, options);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
};
const groups = (json) => json.groups.map((group) => [...group.by, group.count, ...group.sums]);

test('by a field, with sums; the total is that of all rows', async () => {
  const json = await ask('parcel', { group_by: 'project_id', sum: 'households,area_m2' });
  const items = (await get(`${server.url}/collections/parcel/items`)).json.features;
  const of = (project) => items.filter((f) => f.properties.project_id === project);
  const sum = (rows, field) => rows.reduce((total, f) => total + (f.properties[field] ?? 0), 0);
  for (const [project, group] of [['X1', json.groups[0]], ['X2', json.groups[1]]]) {
    assert.deepEqual(group.by, [project]);
    assert.equal(group.count, of(project).length);
    assert.equal(group.sums[0], sum(of(project), 'households'));
    assert.equal(group.sums[1], Number(sum(of(project), 'area_m2').toFixed(2)), 'no more decimals than the rows have');
  }
  assert.equal(json.total.count, parcels.length);
  assert.equal(json.total.sums[0], 7);
  assert.equal(json.total.sums[1], Number(sum(items, 'area_m2').toFixed(2)), 'of all groups, too');
  assert.equal(json.group_by[0].title, '项目编号');
  assert.equal(json.sum[1].unit, 'm2');
});

test('by digits of the division, by year and month, over a filter, without groups', async () => {
  assert.deepEqual(groups(await ask('parcel', { group_by: 'division:4' })), [['3401', 2], ['3413', 3]]);
  assert.deepEqual(groups(await ask('parcel', { group_by: 'division:9,project_id' })), [['340111001', 'X2', 2], ['341321101', 'X1', 2], ['341321102', 'X1', 1]]);
  assert.deepEqual(groups(await ask('approval', { group_by: 'approved_on:year' })), [['2021', 2]]);
  assert.deepEqual(groups(await ask('approval', { group_by: 'approved_on:month' })), [['2021-03', 1], ['2021-06', 1]]);
  assert.deepEqual(groups(await ask('parcel', { group_by: 'project_id', filter: 'households > 0', sum: 'households' })), [['X1', 2, 8], ['X2', 1, 1]]);
  assert.deepEqual(groups(await ask('parcel', { filter: 'households > 0', sum: 'households' })), [[3, 9]]);
  assert.deepEqual(groups(await ask('parcel', { filter: 'households > 100' })), []);
  assert.deepEqual(groups(await ask('parcel', { group_by: 'households', project_id: 'X2' })), [[null, 1], [1, 1]], 'rows without a value are a group');
});

test('by what linked rows say: several values are told together', async () => {
  assert.deepEqual(groups(await ask('parcel', { group_by: 'approval.approved_on:month' })),
    [[null, 2], ['2021-03', 2], ['2021-03、2021-06', 1]]);
  assert.deepEqual(groups(await ask('parcel', { group_by: 'project.name', sum: 'households' })), [['测试学校', 2, 1], ['测试工业园', 3, 6]]);
  assert.deepEqual(groups(await ask('compensation', { group_by: 'parcel.project_id' })), [['X1', 6]]);
  assert.deepEqual(groups(await ask('project', { group_by: 'parcel.division:6' })), [['340111', 1], ['341321', 1]]);
});

test('what a viewer does not see is neither grouped nor summed', async () => {
  for (const [kind, params] of [['parcel', { group_by: 'owner' }], ['compensation', { sum: 'total' }], ['parcel', { group_by: 'compensation.payee' }],
    ['parcel', { group_by: 'colour' }], ['parcel', { sum: 'name' }], ['parcel', { group_by: 'notice.colour' }], ['parcel', { group_by: 'preexamination.number' }],
    ['parcel', { group_by: 'name:year' }], ['parcel', { group_by: 'division:13' }], ['parcel', { group_by: 'id,name,division,project_id,households' }]]) {
    const answer = await get(`${server.url}/collections/${kind}/statistics?${new URLSearchParams(params)}`);
    assert.equal(answer.status, 400, `${JSON.stringify(params)}: ${answer.text}`);
    assert.match(answer.json.detail, /group_by|sum/);
  }
  const staff = { token: STAFF };
  assert.deepEqual(groups(await ask('compensation', { sum: 'total', group_by: 'parcel' }, staff)).map(([parcel, n, total]) => [parcel, n, total.toFixed(2)]),
    [['DK001', 2, '300.30'], ['DK002', 2, '700.70'], ['DK003', 2, '1101.10']]);
  assert.deepEqual(groups(await ask('parcel', { group_by: 'owner' }, staff)), [[null, 2], ['李二户', 1], ['王大户', 1], ['赵三户', 1]], 'owners of the other division are not told');
  assert.equal(groups(await ask('parcel', { group_by: 'owner' }, { token: CHIEF })).length, 5);
});

test('CSV for spreadsheets: byte order mark, Chinese heads, a line with the sums', async () => {
  const answer = await get(`${server.url}/collections/parcel/statistics?group_by=project_id,division:6&sum=households&f=csv`);
  assert.match(answer.headers['content-type'], /^text\/csv/);
  assert.match((await get(`${server.url}/collections/parcel/statistics?sum=area_m2&f=csv`)).text.split('\r\n')[0], /（平方米）$/);
  assert.equal(answer.body.subarray(0, 3).toString('hex'), 'efbbbf');
  assert.deepEqual(answer.body.subarray(3).toString().split('\r\n'),
    ['项目编号,行政区划代码,行政区名称,数量,户数', 'X1,341321,,3,6', 'X2,340111,,2,1', '合计,,,5,7', '']);
});

test('a division that is no more counts as its successor, with its name', async () => {
  const dir = folder(), store = join(dir, 'county.dk');
  const put = (name, text) => { writeFileSync(join(dir, name), text, { mode: 0o600 }); return join(dir, name); };
  run('create', store, '--catalogue', put('catalogue.yaml', `${catalogue}divisions:
  - {code: '341321', name: 县}
  - {code: '341321105', name: 今镇}
  - {code: '341321108', name: 旧镇, valid_to: '2020-01-01', successor: '341321105'}
`));
  run('load', store, 'parcel', put('parcel.geojson', featureCollection(['341321105', '341321108', '341321108201', '341321'].map((division, i) =>
    ({ id: `${i}`, division, project_id: 'X1', households: i + 1, geometry: { type: 'Polygon', coordinates: [square(2 * i, 0)] } })))), '--publish');
  put('tokens', 'token-of-the-tests * all\n');
  const other = await serve(store);
  try {
    const json = (await get(`${other.url}/collections/parcel/statistics?group_by=division:9&sum=households`)).json;
    assert.deepEqual(json.groups.map((g) => [g.by[0], g.division, g.count, g.sums[0]]), [['341321', '县', 1, 4], ['341321105', '今镇', 3, 6]]);
    const both = (await get(`${other.url}/collections/parcel/statistics?group_by=division:4,division:9,project_id,division:6`)).json;
    assert.deepEqual(both.groups.map((g) => [g.by, g.divisions, g.division]), [[['3413', '341321', 'X1', '341321'], [null, '县', null, '县'], undefined],
      [['3413', '341321105', 'X1', '341321'], [null, '今镇', null, '县'], undefined]], 'of several the names in the order of by');
  } finally {
    await other.stop();
  }
});

test('a row that is linked to thousands is grouped by all of their values, or the question is refused', async () => {
  const dir = folder(), store = makeStore();
  const load = (from, to, payee) => {
    const file = join(dir, `${from}.csv`);
    writeFileSync(file, ['id,parcel,project_id,division,collective', ...Array.from({ length: to - from }, (_, i) =>
      `MORE${from + i},DK001,X1,341321,${payee(from + i)}`)].join('\n'));
    run('load', store, 'compensation', file, '--publish');
  };
  load(1000, 2200, (i) => `第${10 + Math.floor((i - 1000) / 24)}组`); // 50 of them, the last in the last 24 rows alone
  const other = await serve(store), path = `${other.url}/collections/parcel/statistics?group_by=compensation.collective`;
  try {
    const groups = (await get(path)).json.groups.map((group) => group.by[0] ?? '');
    const expected = Array.from({ length: 50 }, (_, i) => `第${10 + i}组`);
    assert.deepEqual(groups.flatMap((group) => group.split('、').filter((name) => name.startsWith('第'))), expected);
    load(3000, 4000, (i) => `户${i}`);
    const refused = await get(path);
    assert.equal(refused.status, 413, refused.text);
    assert.match(refused.json.detail, /row of 征收地块 is linked to rows of 征地补偿 with more than 1000 values of 受款单位/);
  } finally {
    await other.stop();
  }
});
