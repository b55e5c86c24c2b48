// The catalogue changes while the server runs. What becomes stricter is seen nowhere at the next request; what becomes wider
// is looked through first; and in the end all answers are those of a store that was made with the new catalogue.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { copyFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { catalogue, CHIEF, featureCollection, get, ingest, makeStore, run, serve, square, STAFF, tileOf } from './county.mjs';

const q = encodeURIComponent;
const servers = [];
after(() => Promise.all(servers.map((server) => server.stop())));
const served = async (store, ...options) => {
  const server = await serve(store, ...options);
  servers.push(server);
  return server;
};
/** Replaces a text that is there exactly once. */
const edit = (yaml, ...pairs) => {
  for (const [from, to] of pairs) {
    assert.equal(yaml.split(from).length, 2, `once: ${from}`);
    yaml = yaml.replace(from, () => to);
  }
  return yaml;
};
let files = 0;
const change = (store, yaml, ...options) => {
  const path = join(dirname(store), `catalogue-${++files}.yaml`);
  writeFileSync(path, yaml);
  return spawnSync(ingest, ['catalogue', store, path, ...options], { encoding: 'utf8' });
};
const changed = (...args) => {
  const done = change(...args);
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
};
const generation = (store) => JSON.parse(run('generations', store, '--json')).generations.at(-1).generation;
const load = (store, kind, name, text, ...options) => {
  const path = join(dirname(store), name);
  writeFileSync(path, text);
  return run('load', store, kind, path, '--publish', ...options);
};
const sound = (store) => assert.match(run('check', store), /: sound\n$/);
const { z, x, y } = tileOf(117.201, 31.801, 14);

const first = makeStore();
let copies = 0;
const copy = (yaml) => {
  const store = join(dirname(first), `copy-${++copies}.dk`);
  copyFileSync(first, store);
  if (yaml) changed(store, yaml);
  return store;
};

// ---- stricter ----

const NAME = '一号地'; // of DK001: in `name`, which is in tiles, found by search, and what the parcel is called
const key = q('X1:DK001');
/** Where the public meets it; no address repeats it. */
const places = [
  '/collections/parcel/items', '/collections/parcel/items?f=html', '/collections/parcel/items?f=csv', '/collections/parcel/items?f=geojson',
  '/collections/parcel/items?f=fgb', '/collections/parcel/items?f=gpkg', '/collections/parcel/items?properties=name', '/collections/parcel/items?sortby=name',
  `/collections/parcel/items?filter=${q("name LIKE '一号%'")}`, `/collections/parcel/items?q=${q('一号')}`,
  `/collections/parcel/items/${key}`, `/collections/parcel/items/${key}?f=html`, `/collections/parcel/items/${key}/dossier`,
  `/collections/parcel/items/${key}/dossier?f=html`, `/collections/parcel/items/${key}/dossier?proofs=true`, `/collections/parcel/items/${key}/proof`,
  `/collections/parcel/items/${key}/proof?f=tlog-proof`, '/collections/project/items/X1/parcel', '/collections/project/items/X1/parcel?f=html', `/collections/notice/items/G1/parcel`,
  `/search?q=${q('一号')}`, '/search?q=DK001', '/overlaps?point=117.201,31.801', '/overlaps?point=117.201,31.801&f=html',
  '/collections/parcel/statistics?group_by=name',
  `/xyz/parcel/${z}/${x}/${y}`, `/xyz/parcel,parcel_grid/${z}/${x}/${y}.mvt`, `/collections/parcel/tiles/WebMercatorQuad/${z}/${y}/${x}`,
  `/xyz/parcel/${z}/${x}/${y}?filter=${q('households>0')}`, '/lists/by_project?project_id=X1', '/lists/by_project?project_id=X1&f=html',
];
/** Where only its name and title were. */
const meta = ['/catalogue', '/xyz/parcel.json', '/collections/parcel/queryables', '/collections/parcel/schema', '/collections/parcel/sortables', '/api'];

/** A text as the bytes of whatever answer, also in Base64 three ways and in JSON escapes. */
const within = (body, text) => {
  const bytes = Buffer.from(text), wanted = [bytes];
  for (let shift = 0; shift < 3; shift++) {
    const coded = Buffer.concat([Buffer.alloc(shift, 32), bytes]).toString('base64').replace(/=+$/, '');
    wanted.push(Buffer.from(coded.slice(shift === 0 ? 0 : shift + 1, -2)));
  }
  return wanted.some((part) => body.includes(part));
};

test('a public field that becomes staff is seen by nobody else at the next request, wherever it was', async () => {
  const store = copy(edit(catalogue, ['links:\n', `lists:
  - {id: by_project, title: 清单, audience: public, of: parcel, by: project_id, columns: [parcel.id, parcel.name]}
links:
`]));
  const before = run('catalogue', store);
  run('log', store, 'create', 'example.org/log');
  const server = await served(store);
  const old = new Map();
  for (const place of places) {
    const answer = await get(server.url + place);
    assert.equal(answer.status, 200, `${place}: ${answer.text.slice(0, 300)}`);
    assert.ok(within(answer.body, NAME), `${place} does not show it`);
    old.set(place, answer);
  }
  for (const place of meta) assert.match((await get(server.url + place)).text, /地块名称|"name":/);

  // Requests that never pause while it changes: none fails, and none that begins after the change shows it.
  let stop = false, ended = 0, asked = 0;
  const asking = Array.from({ length: 6 }, async (_, i) => {
    for (let n = i; !stop; n++) {
      const began = performance.now(), place = places[(n * 7) % places.length];
      if (/f=(csv|geojson|fgb|gpkg)/.test(place)) continue; // of files, few are made at once
      const answer = await get(server.url + place);
      asked++;
      assert.ok(answer.status < 500, `${place}: ${answer.status} ${answer.text}`);
      if (ended > 0 && began > ended) assert.ok(!within(answer.body, NAME), `${place} still shows it`);
    }
  });
  const stricter = edit(before, ['{name: name, title: 地块名称, type: text, audience: public, tiles: true, search: true}',
    '{name: name, title: 地块名称, type: text, audience: staff, tiles: true, search: true}'], ['columns: [parcel.id, parcel.name]', 'columns: [parcel.id]']);
  const path = join(dirname(store), 'stricter.yaml');
  writeFileSync(path, stricter);
  const { stdout: said } = await promisify(execFile)(ingest, ['catalogue', store, path]);
  ended = performance.now();
  assert.match(said, /^field parcel\.name: audience public -> staff$/m);
  assert.match(said, /what it shows less took effect first, as generation/);
  for (const place of places) {
    const answer = await get(server.url + place);
    assert.ok(answer.status !== 503 && !within(answer.body, NAME), `${place} still shows it`);
    const tag = old.get(place).headers.etag;
    if (tag) assert.notEqual((await get(server.url + place, { headers: { 'If-None-Match': tag } })).status, 304, `${place} is not what it was`);
  }
  for (const place of meta) assert.doesNotMatch((await get(server.url + place)).text, /地块名称/, place);
  const staff = await get(`${server.url}/search?q=${q('一号')}`, { token: STAFF });
  assert.equal((await get(`${server.url}/search?q=${q('个一号')}`, { token: CHIEF })).json.results.length, 1); // in its middle
  assert.ok(within(staff.body, NAME), `staff find it: ${staff.text.slice(0, 400)}`);
  await new Promise((resolve) => setTimeout(resolve, 300));
  stop = true;
  await Promise.all(asking);
  assert.ok(asked > 20);
  assert.equal(server.errors(), '');

  // The proof that someone saved before holds, and that of now says what is public now.
  const saved = join(dirname(store), 'before.tlog-proof'), pub = join(dirname(store), 'log.pub');
  const keys = (await get(`${server.url}/log/keys`)).json.keys.map((one) => one.key).join('\n');
  writeFileSync(saved, old.get(`/collections/parcel/items/${key}/proof?f=tlog-proof`).body);
  writeFileSync(pub, keys + '\n');
  run('verify', saved, '--key', pub);
  const proof = (await get(`${server.url}/collections/parcel/items/${key}/proof`)).json;
  assert.ok(proof.entry > JSON.parse(old.get(`/collections/parcel/items/${key}/proof`).text).entry);
  assert.deepEqual(Object.keys(JSON.parse(proof.content).fields), ['approval_no', 'area_m2', 'division', 'households', 'id', 'project_id']);
  run('verify', store, '--key', pub);
  const dossier = join(dirname(store), 'dossier.json');
  writeFileSync(dossier, (await get(`${server.url}/collections/parcel/items/${key}/dossier?proofs=true`)).body);
  run('verify', dossier, '--key', pub);
  sound(store);
});

// ---- wider ----

/** A number of a person that is nobody's: with its check digit (GB 11643). */
const idNumber = (first17) => {
  const sum = [...first17].reduce((n, digit, i) => n + Number(digit) * [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2][i], 0);
  return first17 + '10X98765432'[sum % 11];
};
const ID = idNumber('34132119000101123');

test('a field that becomes public is looked through first, and stays hidden while it holds an id number', async () => {
  const yaml = edit(catalogue, ['- {name: payee, title: 农户, type: text, audience: staff, search: true}',
    '- {name: remark, title: 备注, type: text, audience: staff}\n      - {name: payee, title: 农户, type: text, audience: staff, search: true}']);
  const store = copy(yaml);
  load(store, 'compensation', 'remarks.csv', `id,parcel,project_id,division,remark\nB7,DK001,X1,341321101,无\nB8,DK001,X1,341321101,代领人${ID}\n`);
  const server = await served(store);
  const at = generation(store);
  const open = edit(yaml, ['{name: remark, title: 备注, type: text, audience: staff}', '{name: remark, title: 备注, type: text, audience: public}']);
  const shown = async () => within((await get(`${server.url}/collections/compensation/items?limit=100`)).body, ID);
  for (const options of [['--dry-run'], []]) {
    const done = change(store, open, ...options);
    assert.equal(done.status, 1);
    assert.match(done.stdout, /field compensation\.remark: audience staff -> public/);
    assert.match(done.stdout, /remarks\.csv, row 3, B8: compensation\.remark \(备注\).*身份/);
    assert.match(done.stderr, /1 place; nothing was changed\..*--justify/);
    assert.ok(!(done.stdout + done.stderr).includes(ID), 'it is not repeated');
    assert.equal(generation(store), at);
    assert.equal(await shown(), false);
    assert.equal(run('catalogue', store), yaml);
  }
  // Of a change that is stricter too, that part is in force, and is said to be.
  const both = edit(open, ['{name: collective, title: 受款单位, type: text, audience: public}', '{name: collective, title: 受款单位, type: text, audience: staff}'],
    ['      - {by: [project_id, collective], sum: [total], min_rows: 5, audience: public}\n', '']);
  const half = change(store, both);
  assert.equal(half.status, 1);
  assert.match(half.stderr, new RegExp(`what the catalogue shows less is in force, as generation ${at + 1}, all else of it is not`));
  assert.equal(await shown(), false);
  assert.ok(!within((await get(`${server.url}/collections/compensation/items`)).body, '一组'));
  assert.ok(within((await get(`${server.url}/collections/compensation/items`, { token: CHIEF })).body, '一组'));
  const unfinished = spawnSync(ingest, ['check', store], { encoding: 'utf8' });
  assert.match(unfinished.stdout, /was not finished; give it to dikuai-ingest catalogue again/);
  assert.equal(change(store, both, '--justify', 'compensation.remark:99=另一行').status, 1);
  assert.match(change(store, both, '--justify', 'compensation.nothing=无').stderr, /--justify compensation\.nothing/);
  changed(store, both, '--justify', 'compensation.remark:B8=本人书面同意公开', '--actor', '张三', '--reason', '公开备注');
  assert.equal(await shown(), true);
  sound(store);
  const last = JSON.parse(run('generations', store, '--json')).generations.at(-1);
  assert.deepEqual([last.action, last.actor, last.reason], ['catalogue', '张三', '公开备注']);
  assert.match(last.account, /^user:/);
  assert.equal(execFileSync('sqlite3', [store, "select act||actor||reason from dikuai_act where act='justified'"], { encoding: 'utf8' }).trim(),
    'justified张三compensation.remark:B8: 本人书面同意公开');
});

test('a new field is empty in rows that are there, and filled by those that come', async () => {
  const store = copy();
  const server = await served(store);
  changed(store, edit(catalogue, ['{name: households, title: 户数,', '{name: note, title: 说明, type: text, audience: public, tiles: true, search: true}\n      - {name: households, title: 户数,']));
  const one = (await get(`${server.url}/collections/parcel/items/${key}`)).json;
  assert.equal(one.properties.note ?? null, null);
  load(store, 'parcel', 'more.geojson', featureCollection([{ id: 'DK007', project_id: 'X1', division: '341321101', note: '新来的说明',
    geometry: { type: 'Polygon', coordinates: [square(7, 7)] } }]));
  assert.equal((await get(`${server.url}/search?q=${q('来的说')}`)).json.results.length, 1);
  assert.equal((await get(`${server.url}/collections/parcel/items?filter=${q("note='新来的说明'")}`)).json.features.length, 1);
  assert.match((await get(`${server.url}/collections/parcel/queryables`)).text, /说明/);
  assert.equal(JSON.parse((await get(`${server.url}/collections/parcel/items/${key}/proof`)).json.content).fields.note, null);
  sound(store);
  // A value that gets into an older row by another way than a load is seen to have been put there.
  execFileSync('sqlite3', [store, "update row_parcel set f_note='混入' where key='X1:DK002'"]);
  const check = spawnSync(ingest, ['check', store], { encoding: 'utf8' });
  assert.equal(check.status, 1);
  assert.match(check.stdout, /publication log/);
});

// ---- as if it had been so from the beginning ----

/** The same sources, so that a store made with the new catalogue can be compared. */
const everywhere = (tokens) => {
  const paths = ['/catalogue', '/collections', '/collections?f=html', '/collections/parcel/queryables', '/collections/parcel/schema', '/api', '/collections/parcel/statistics?group_by=division',
    '/collections/parcel/items?f=html', '/collections/parcel/items?f=csv', '/collections/parcel/items?sortby=households', `/collections/parcel/items?filter=${q('households>2')}`,
    `/collections/parcel/items?filter=${q("division LIKE '341321%'")}`, `/collections/parcel/items?filter=${q("project_id='X1'")}`, '/overlaps?point=117.201,31.801', '/xyz/parcel.json',
    '/collections/compensation/items', '/collections/project/items', '/collections/notice/items', '/collections/project/items/X1/parcel', '/collections/parcel/items?bbox=117.2,31.8,117.203,31.803'];
  for (const word of ['DK', '一号', '号地', '测试', '工业园', '个一号', '校测试', '测试学', 'X1', '王大', '大户', 'yihao', '2021', '张', '皖政地〔2021〕1号']) paths.push(`/search?q=${q(word)}`);
  for (const each of ['X1:DK001', 'X1:DK002', 'X1:DK003', 'X2:DK001']) paths.push(`/collections/parcel/items/${q(each)}`, `/collections/parcel/items/${q(each)}/dossier`);
  for (const zoom of [5, 6, 9, 12, 14, 16, 17]) {
    const tile = tileOf(117.201, 31.801, zoom);
    paths.push(`/xyz/parcel,parcel_grid/${tile.z}/${tile.x}/${tile.y}`);
  }
  return paths.flatMap((path) => tokens.map((token) => [path, token]));
};
/** Without what names a generation or the proof's place in the log. */
const plain = (answer, url) => answer.headers['content-type']?.includes('vector-tile') ? answer.body.toString('hex')
  : answer.text.replaceAll(url, '').replace(/"(generation|published_at|publishedAt|entry|timeStamp)":("[^"]*"|\d+)/g, '"$1":0').replace(/数据版本：\d+|\d{4}-\d\d-\d\dT[\d:]+Z|\d+年\d+月\d+日 \d\d:\d\d/g, '');

const changes = {
  'the order of fields, zooms, tiles, grid, index, search and pinyin': [
    ['      - {name: id, title: 地块编号, type: text, audience: public, required: true, tiles: true, search: true}\n      - {name: name, title: 地块名称, type: text, audience: public, tiles: true, search: true}\n',
      '      - {name: extra, title: 附加, type: text, audience: public, search: true, tiles: true}\n      - {name: name, title: 地块名称, type: text, audience: public, tiles: true, search: true, pinyin: true}\n      - {name: id, title: 地块编号, type: text, audience: public, required: true, tiles: true, search: true}\n'],
    ['    zooms: [6, 16]\n', '    zooms: [5, 17]\n    draw: all\n    grid: [households]\n'],
    ['{name: project_id, title: 项目编号, type: text, audience: public, tiles: true, search: true}', '{name: project_id, title: 项目编号, type: text, audience: public, index: true}'],
    ['{name: owner, title: 户主, type: text, audience: staff, tiles: true, search: true}', '{name: owner, title: 户主, type: text, audience: staff, tiles: true}']],
  'audiences, masks, precision, titles, totals, divisions and a kind': [
    ['{name: owner, title: 户主, type: text, audience: staff, tiles: true, search: true}', '{name: owner, title: 户主, type: text, audience: staff, tiles: true, search: true, mask: {public: name}}'],
    ['{name: surveyed_on, title: 调查日期, type: date, audience: staff}', '{name: surveyed_on, title: 调查日期, type: date, audience: public}'],
    ['{name: households, title: 户数, type: integer, audience: public, tiles: true}', '{name: households, title: 户数, type: integer, audience: staff, tiles: true}'],
    ['{name: name, title: 地块名称, type: text, audience: public, tiles: true, search: true}', '{name: name, title: 地块名称, type: text, audience: group, tiles: true, search: true}'],
    ['    zooms: [6, 16]\n', '    zooms: [6, 16]\n    public: {precision: 50, max_zoom: 14}\n'],
    ['title: 测试县', 'title: 新测试县'],
    ['{name: regime, title: 适用程序, type: text, audience: public}', '{name: regime, title: 程序, type: text, audience: public, values: [2021年9月起, 2020年前]}'],
    ['      - {by: [project_id], sum: [total], min_rows: 5, audience: public}\n      - {by: [project_id, collective],', '      - {by: [division], sum: [total], min_rows: 5, audience: public}\n      - {by: [division, collective],'],
    ['records:\n', 'divisions:\n  - {code: "341321", name: 砀山县}\n  - {code: "340111", name: 包河区}\nrecords:\n  - name: visit\n    title: 走访\n    key: {field: id}\n    fields:\n      - {name: id, title: 编号, type: text, audience: public}\n']],
  'links, inheritance and what follows from links': [
    ['{name: households, title: 户数,', '{name: approved_on, title: 批准日期, type: date, audience: public, tiles: true, linked: {field: approval.approved_on, as: min}}\n      - {name: regime, title: 程序, type: text, audience: public, tiles: true, search: true, inherit: project.regime}\n      - {name: households, title: 户数,'],
    ['      - {match: {project_id: project_id}, unless: {approval_no: approval_no}}\n', '      - {match: {project_id: project_id}}\n']],
};
for (const [what, pairs] of Object.entries(changes)) {
  test(`${what}: every answer is that of a store made so`, async () => {
    const yaml = edit(catalogue, ...pairs), changing = copy(), made = makeStore(yaml);
    const [a, b] = await Promise.all([served(changing), served(made)]);
    changed(changing, yaml);
    sound(changing);
    for (const [path, token] of everywhere([undefined, STAFF, CHIEF])) {
      const [own, other] = await Promise.all([get(a.url + path, { token }), get(b.url + path, { token })]);
      const [now, wanted] = [plain(own, a.url), plain(other, b.url)];
      let at = 0;
      while (at < wanted.length && now[at] === wanted[at]) at++;
      assert.ok(own.status === other.status && now === wanted, `${path} ${token}: ${own.status} …${now.slice(Math.max(0, at - 80), at + 80)}… is not ${other.status} …${wanted.slice(Math.max(0, at - 80), at + 80)}…`);
    }
    const back = change(changing, catalogue); // what rows have values in stays
    if (/links/.test(what)) assert.match(back.stderr, /the field parcel\.(approved_on|regime) is in rows and cannot be removed/);
    else assert.equal(back.status, 0, back.stderr);
    sound(changing);
    assert.equal(a.errors(), '');
  });
}

test('a layer that becomes staff and public again, with its documents and its place in the log', async () => {
  const store = copy();
  const scan = join(dirname(store), '皖政地〔2021〕1号.pdf');
  writeFileSync(scan, '%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n');
  run('attach', store, 'approval', scan, '--publish');
  const server = await served(store);
  const documents = async () => (await get(`${server.url}/collections/parcel/items/${key}/dossier`)).text.includes('sha256');
  assert.equal(await documents(), false);
  const open = edit(catalogue, ['    title: 用地批复\n    key:', '    title: 用地批复\n    documents: public\n    key:']);
  changed(store, open);
  assert.equal(await documents(), true);
  sound(store);
  changed(store, edit(open, ['    title: 用地批复\n    documents: public\n', '    title: 用地批复\n    documents: public\n    audience: staff\n']));
  assert.equal((await get(`${server.url}/collections/approval/items`)).status, 404);
  assert.equal(await documents(), false);
  assert.equal((await get(`${server.url}/collections/approval/items`, { token: CHIEF })).status, 200);
  sound(store);
  changed(store, open);
  assert.equal((await get(`${server.url}/collections/approval/items`)).json.features.length, 2);
  assert.equal(await documents(), true);
  sound(store);
  run('verify', store);
});
