// How disclosure stands, to people by the title of its word and to programs by the word; and until which day that is right.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import { PbfReader } from 'pbf';
import { VectorTile } from '@mapbox/vector-tile';
import { CHIEF, folder, get, run, serve, STAFF } from './county.mjs';

const TITLES = { missing: '逾期未公开', late: '逾期公开', short: '公示期不足', soon: '即将到期', due: '待公开', unknown: '无法计算', met: '已按期公开', waiting: '未到期', not_applicable: '不适用' };
const WORDS = Object.keys(TITLES);
const field = (audience) => `{name: standing, title: 公开状态, type: text, audience: ${audience}, tiles: true, computed: disclosure, values: [${WORDS}]}`;
const catalogueOf = (standing, more, grid) => `title: 测试县
publisher: 测试局
extent: [117.0, 31.5, 117.5, 32.0]
layers:
  - name: site
    title: 用地
    geometry: polygon
    key: {field: id}
    division: division
    label: name
    zooms: [6, 16]
${grid}    fields:
      - {name: id, title: 编号, type: text, audience: public, required: true, tiles: true}
      - {name: name, title: 名称, type: text, audience: public}
      - {name: stage, title: 阶段, type: text, audience: public, tiles: true, values: [初步, 最终]}
      - {name: decided_on, title: 决定日期, type: date, audience: public}
      - {name: shown_on, title: 公开日期, type: date, audience: public}
      - {name: division, title: 行政区划代码, type: division, audience: public}
      - ${standing}
records:
  - name: letter
    title: 来函
    key: {field: id}
    fields:
      - {name: id, title: 编号, type: text, audience: public, required: true}
      - {name: site, title: 用地编号, type: text, audience: public}
links:
  - {from: letter, to: site, on: [{match: {site: key}}]}
items:
  - id: decision
    title: 决定
    about: site
    proved_by: [{record: site, date: shown_on}]
regimes: []
obligations:
  - {id: decision, item: decision, after: site.decided_on, within: 60 days, soon: 10 days}
${more}`;
const DAY = 86400000, china = () => new Date(Date.now() + 8 * 3600000).toISOString().slice(0, 10);
const shift = (day, days) => new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
const today = china();
// 60 days: the day of the event is not counted (民法典 §201), so 60 days after it is the last one in time.
const rows = { A: ['due', shift(today, -30)], B: ['soon', shift(today, -57)], C: ['missing', shift(today, -100)], D: ['met', shift(today, -100), shift(today, -90)], E: ['late', shift(today, -100), shift(today, -10)] };
const square = (i) => [[[117.1 + i / 100, 31.7], [117.105 + i / 100, 31.7], [117.105 + i / 100, 31.705], [117.1 + i / 100, 31.705], [117.1 + i / 100, 31.7]]];
const features = (ids) => JSON.stringify({ type: 'FeatureCollection', features: ids.map((id) => ({ type: 'Feature', geometry: { type: 'Polygon', coordinates: square(id.charCodeAt(0) - 65) },
  properties: { id, name: `第${id}处`, stage: '最终', decided_on: rows[id][1], shown_on: rows[id][2], division: '341321101' } })) });

async function county(ids, standing = field('public'), more = '', grid = '    grid: [standing]\n') {
  const dir = folder(), store = join(dir, 'county.dk');
  const put = (name, text) => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  run('create', store, '--catalogue', put('catalogue.yaml', catalogueOf(standing, more, grid)));
  if (ids.length) run('load', store, 'site', put('site.geojson', features(ids)), '--publish');
  run('load', store, 'letter', put('letter.csv', 'id,site\nL1,C\n'), '--publish');
  put('tokens', `${STAFF} 341321 张三\n${CHIEF} * 李四\n`);
  return serve(store);
}
const LISTS = `lists:
  - {id: sites, title: 用地清单, of: site, by: standing, columns: [site.id, site.standing], audience: staff}
`;
const server = await county(Object.keys(rows), field('public'), LISTS);
after(() => server.stop());
const at = (path, options) => get(server.url + path, options);
const json = async (path, options) => {
  const answer = await at(path, options);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
};

test('schema and queryables say the words and their titles; the catalogue, too', async () => {
  for (const part of ['schema', 'queryables', 'sortables']) {
    const schema = await json(`/collections/site/${part}?f=json`), standing = schema.properties.standing;
    assert.deepEqual(standing.enum, WORDS);
    assert.deepEqual(standing.oneOf, WORDS.map((word) => ({ const: word, title: TITLES[word] })));
    assert.equal(schema.properties.stage.oneOf, undefined, 'values that are their own titles');
    const valid = new Ajv({ strict: false, formats: { date: true } }).compile({ ...standing });
    for (const word of WORDS) assert.ok(valid(word));
    for (const other of ['逾期公开', 'later', 1]) assert.ok(!valid(other));
    const page = (await at(`/collections/site/${part}?f=html`)).text;
    for (const word of WORDS) assert.ok(page.includes(`${word}（${TITLES[word]}）`), word);
  }
  const api = await json('/api?f=json');
  assert.ok(!JSON.stringify(api).includes('"const"'), 'OpenAPI 3.0 has no such word');
  const [layer] = (await json('/catalogue')).layers;
  const standing = layer.fields.find(({ name }) => name === 'standing');
  assert.equal(standing.computed, 'disclosure');
  assert.deepEqual(standing.value_titles, TITLES);
  assert.deepEqual(layer.grid, ['standing']);
  assert.deepEqual(layer.fields.filter(({ tiles }) => tiles).map(({ name }) => name), ['id', 'stage', 'standing']);
  for (const other of layer.fields.filter(({ name }) => name !== 'standing')) assert.ok(!('computed' in other) && !('value_titles' in other));
});

test('pages say the title, data the word', async () => {
  const words = Object.fromEntries((await json('/collections/site/items')).features.map((row) => [row.id, row.properties.standing]));
  assert.deepEqual(words, Object.fromEntries(Object.entries(rows).map(([id, [word]]) => [id, word])));
  const text = (page) => page.text.replace(/<option.*?<\/option>/g, '').replace(/<[^>]*>/g, ' ');
  const list = await at('/collections/site/items?f=html');
  const linked = await at('/collections/letter/items/L1/site?f=html');
  for (const [id, [word]] of Object.entries(rows)) {
    for (const page of [`/collections/site/items/${id}?f=html`, `/collections/site/items/${id}/dossier?f=html`]) {
      const answer = await at(page);
      assert.match(answer.text, new RegExp(`公开状态</th><td[^>]*><data value="${word}">${TITLES[word]}</data></td>`), page);
      assert.doesNotMatch(text(answer), new RegExp(`\\b${word}\\b`), page);
    }
    assert.ok(list.text.includes(`<data value="${word}">${TITLES[word]}</data>`), word);
    assert.doesNotMatch(text(list), new RegExp(`\\b${word}\\b`));
  }
  assert.ok(linked.text.includes(TITLES.missing) && !/\bmissing\b/.test(text(linked)));
  // The form asks by the word, and shows its title.
  for (const word of WORDS) assert.ok(list.text.includes(`<option value="${word}">${TITLES[word]}</option>`), word);
  assert.ok((await at('/collections/site/items?f=html&standing=late')).text.includes('<option value="late" selected>逾期公开</option>'));
  const printed = (await at('/lists/sites?f=html&division=341321', { token: CHIEF })).text;
  for (const [word] of Object.values(rows)) assert.ok(printed.includes(`：${TITLES[word]}</caption>`) && printed.includes(`<td>${TITLES[word]}</td>`) && !new RegExp(`>${word}<`).test(printed), word);

  const csv = (await at('/collections/site/items?f=csv&header=names')).text.trim().split('\r\n').map((line) => line.split(','));
  const column = csv[0].indexOf('standing');
  assert.deepEqual(csv.slice(1).map((line) => line[column]).sort(), Object.values(rows).map(([word]) => word).sort());
  const file = join(folder(), 'site.xlsx');
  writeFileSync(file, (await at('/collections/site/items?f=xlsx')).body);
  const sheet = execFileSync('unzip', ['-p', file], { encoding: 'utf8', maxBuffer: 1 << 24 });
  for (const [word] of Object.values(rows)) assert.ok(sheet.includes(`>${word}<`) && !sheet.includes(TITLES[word]), word);
  const z = 14, n = 2 ** z, x = Math.floor((117.122 + 180) / 360 * n), y = Math.floor((1 - Math.asinh(Math.tan(31.702 * Math.PI / 180)) / Math.PI) / 2 * n);
  const tile = new VectorTile(new PbfReader((await at(`/xyz/site/${z}/${x}/${y}.mvt`)).body)).layers.site;
  const drawn = Array.from({ length: tile.length }, (_, i) => tile.feature(i).properties);
  assert.ok(drawn.length > 0);
  for (const { id, standing } of drawn) assert.equal(standing, rows[id][0]);
  const statistics = await json('/collections/site/statistics?group_by=standing');
  assert.deepEqual(statistics.groups.map(({ by }) => by[0]).sort(), Object.values(rows).map(([word]) => word).sort());
});

test('until which day the words are right', async () => {
  // B is soon due since 10 days before the 60th, and missing from the 61st on: it turns first of all.
  const until = shift(rows.B[1], 60), now = china();
  for (const path of ['/catalogue', '/collections/site?f=json']) {
    const answer = await json(path);
    assert.equal(answer.disclosure_right_until, until, path);
    assert.ok([now, china()].includes(answer.today), path);
  }
  const all = await json('/collections?f=json');
  assert.equal(all.collections.find(({ id }) => id === 'site').disclosure_right_until, until);
  for (const other of [all.collections.find(({ id }) => id === 'letter'), await json('/collections/letter?f=json')]) assert.ok(!('disclosure_right_until' in other) && !('today' in other));
  assert.match((await at('/collections/site?f=html')).text, new RegExp(`<time datetime="${until}">`));

  const due = await county(['A', 'C']); // A is due soon from 10 days before its 60th on
  after(() => due.stop());
  assert.equal((await get(`${due.url}/catalogue`)).json.disclosure_right_until, shift(rows.A[1], 49));
  const settled = await county(['C', 'D', 'E']);
  after(() => settled.stop());
  for (const path of ['/catalogue', '/collections/site?f=json']) {
    const { json: answer } = await get(settled.url + path);
    assert.ok(!('disclosure_right_until' in answer), 'it does not change by itself');
    assert.ok('today' in answer);
  }
});

test('who does not see the field is told nothing of it', async () => {
  const hidden = await county(['B'], field('staff'), '', '');
  after(() => hidden.stop());
  for (const path of ['/catalogue', '/collections/site?f=json', '/collections/site/queryables?f=json', '/collections/site?f=html']) {
    const open = (await get(hidden.url + path)).text;
    assert.ok(!/disclosure_right_until|standing|"today"|逾期未公开|时限状态/.test(open), path);
  }
  const catalogue = (await get(`${hidden.url}/catalogue`, { token: CHIEF })).json;
  assert.equal(catalogue.disclosure_right_until, shift(rows.B[1], 60));
  assert.deepEqual(catalogue.layers[0].grid, []);
});
