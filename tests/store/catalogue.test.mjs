// A store under another catalogue: what is refused and what to do instead, what a dry run keeps, what is left by a kill -9.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';

const root = new URL('../..', import.meta.url).pathname;
const ingest = process.env.DK_INGEST ?? join(root, 'build/ingest/dikuai-ingest');
const run = (...args) => spawnSync(ingest, args, { encoding: 'utf8' });
const must = (...args) => {
  const done = run(...args);
  assert.equal(done.status, 0, `${args.join(' ')}: ${done.stderr}`);
  return done.stdout;
};
const yaml = `title: 县
publisher: 局
extent: [116, 34, 117, 35]
layers:
  - name: parcel
    title: 地块
    geometry: polygon
    key: {field: id}
    division: division
    zooms: [8, 16]
    fields:
      - {name: id, title: 编号, type: text, audience: public, tiles: true}
      - {name: division, title: 区划, type: division, audience: public}
      - {name: name, title: 名称, type: text, audience: public, search: true, tiles: true}
      - {name: area, title: 面积, type: number, unit: m2, audience: public, computed: area}
      - {name: price, title: 价格, type: number, unit: yuan, audience: staff}
      - {name: empty, title: 无, type: text, audience: public}
records:
  - name: project
    title: 项目
    key: {field: id}
    fields:
      - {name: id, title: 编号, type: text, audience: public}
      - {name: state, title: 状态, type: text, audience: public}
  - name: unused
    title: 未用
    key: {field: id}
    fields:
      - {name: id, title: 编号, type: text, audience: public}
`;
const squares = (n) => JSON.stringify({ type: 'FeatureCollection', features: Array.from({ length: n }, (_, i) => {
  const x = 116.2 + (i % 100) * 0.002, y = 34.3 + Math.floor(i / 100) * 0.002;
  return { type: 'Feature', properties: { id: `DK${i}`, division: '341321', name: `第${i}号地块`, price: i },
    geometry: { type: 'Polygon', coordinates: [[[x, y], [x + 0.0019, y], [x + 0.0019, y + 0.0019], [x, y + 0.0019], [x, y]]] } };
}) });
let dir, store, files = 0;
const put = (name, text) => {
  writeFileSync(join(dir, name), text, { mode: 0o600 });
  return join(dir, name);
};
const edit = (text, ...pairs) => pairs.reduce((all, [from, to]) => {
  assert.equal(all.split(from).length, 2, `once: ${from}`);
  return all.replace(from, () => to);
}, text);
const change = (at, text, ...options) => run('catalogue', at, put(`c${++files}.yaml`, text), ...options);
const copy = () => {
  const to = join(dir, `copy-${++files}.dk`);
  copyFileSync(store, to);
  return to;
};
const generations = (at) => JSON.parse(must('generations', at, '--json')).generations;

before(() => {
  dir = mkdtempSync(join(tmpdir(), 'dikuai-catalogue-'));
  store = join(dir, 'store.dk');
  must('create', store, '--catalogue', put('catalogue.yaml', yaml));
  must('load', store, 'parcel', put('parcels.geojson', squares(1500)), '--publish');
  must('load', store, 'project', put('projects.csv', 'id,state\nX1,在建\n'), '--publish');
});
after(() => rmSync(dir, { recursive: true, force: true }));

test('what rows stand against is refused, with what to do instead, and changes nothing', () => {
  const at = generations(store);
  for (const [pairs, said] of [
    [[['      - {name: name, title: 名称, type: text, audience: public, search: true, tiles: true}\n', '']], /field parcel\.name is in rows and cannot be removed or called otherwise.*audience: never/],
    [[['{name: price, title: 价格', '{name: cost, title: 价格']], /field parcel\.price is in rows and cannot be removed or called otherwise/],
    [[['{name: price, title: 价格, type: number', '{name: price, title: 价格, type: integer']], /field parcel\.price is in rows and cannot become another type; add a field of another name/],
    [[['title: 价格, type: number, unit: yuan', 'title: 价格, type: number, unit: ha']], /field parcel\.price is in rows, and another unit would make their numbers wrong/],
    [[['unit: m2, audience: public, computed: area', 'unit: m2, audience: public, computed: planar_area']], /field parcel\.area is in rows, and they would not hold what it is to be computed from/],
    [[['{name: empty,', '{name: planar, title: 平面, type: number, unit: m2, audience: public, computed: planar_area}\n      - {name: empty,']], /field parcel\.planar is computed as rows are loaded, and there are rows already/],
    [[['geometry: polygon', 'geometry: line'], [', computed: area', '']], /layer parcel has rows, and they have another geometry; declare another kind/],
    [[['geometry: polygon\n    key: {field: id}', 'geometry: polygon\n    key: {field: name}']], /layer parcel has rows, and their keys are made of/],
    [[['geometry: polygon\n    key: {field: id}', 'geometry: polygon\n    key: {field: id, qualify: [division]}']], /layer parcel has rows, and their keys are made of/],
    [[['  - name: project\n', '  - name: undertaking\n']], /record project has rows .* and cannot be removed or called otherwise.*audience: staff/],
    [[['extent: [116, 34, 117, 35]', 'extent: [116.3, 34, 117, 35]']], /extent leaves out parcel DK\d+, which is published and reaches from/],
  ]) {
    for (const options of [['--dry-run'], []]) {
      const done = change(store, edit(yaml, ...pairs), ...options);
      assert.equal(done.status, 1, done.stdout);
      assert.match(done.stderr, said);
      assert.equal(done.stderr.trim().split('\n').length, 1);
    }
  }
  assert.equal(change(store, yaml.replace('title: 县', 'title: [县')).status, 1);
  assert.equal(run('catalogue', store, '--dry-run').status, 2);
  assert.deepEqual(generations(store), at);
  assert.equal(must('catalogue', store), yaml);
});

test('what no row has a value in may go, come back as something else, and new kinds may come', () => {
  const at = copy();
  const without = edit(yaml, ['      - {name: empty, title: 无, type: text, audience: public}\n', ''], [yaml.slice(yaml.indexOf('  - name: unused')), '  - name: fresh\n    title: 新\n    key: {field: id}\n    fields:\n      - {name: id, title: 编号, type: text, audience: public}\n']);
  const done = change(at, without, '--json');
  const { changes, error } = JSON.parse(done.stdout);
  assert.equal(error, null);
  assert.deepEqual(changes.map((one) => one.slice(0, 24)), ['field parcel.empty: remo', 'record unused: removed', 'record fresh: new {name:']);
  must('load', at, 'fresh', put('fresh.csv', 'id\nF1\n'), '--publish');
  // As a number now; and a GeoPackage reader sees what there is.
  assert.equal(change(at, edit(without, ['      - {name: price,', '      - {name: empty, title: 有, type: integer, audience: public}\n      - {name: price,'])).status, 0);
  must('load', at, 'parcel', put('one.geojson', squares(1).replace('"id":"DK0"', '"id":"新","empty":7').replaceAll('34.3', '34.9')), '--publish');
  assert.match(must('check', at), /sound/);
  const seen = execFileSync('ogrinfo', ['-q', '-where', "key='新'", at, 'parcel'], { encoding: 'utf8' });
  assert.match(seen, /empty \(Integer\d*\) = 7/);
  const listed = execFileSync('ogrinfo', ['-q', at], { encoding: 'utf8' });
  assert.match(listed, /fresh/);
  assert.doesNotMatch(listed, /unused/);
});

test('a dry run says all and keeps nothing', () => {
  const at = copy(), before = generations(at);
  const open = edit(yaml, ['audience: public, search: true, tiles: true', 'audience: staff, search: true'], ['zooms: [8, 16]', 'zooms: [5, 16]'], ['title: 县', 'title: 新县']);
  const done = change(at, open, '--dry-run');
  assert.equal(done.stdout, 'title: 县 -> 新县\nlayer parcel: zooms [8, 16] -> [5, 16]\nfield parcel.name: audience public -> staff\n' +
    'field parcel.name: tiles true -> not given\nnothing stands against it; nothing was changed (--dry-run)\n');
  assert.deepEqual(generations(at), before);
  assert.equal(must('catalogue', at), yaml);
  assert.match(must('check', at), /sound/);
  assert.match(change(at, yaml).stdout, /nothing changes/);
  assert.match(change(at, yaml + '# a remark\n').stdout, /nothing changes but how it is written\nthe catalogue is in force as generation 3/);
});

test('where the catalogue asks for tokens, it is changed with one for the whole store', () => {
  const at = copy(), asks = edit(yaml, ['records:\n', 'publication: {review: required, two_persons: tokens}\nrecords:\n']), less = put('less.yaml', yaml);
  assert.equal(change(at, asks).status, 0);
  assert.match(run('catalogue', at, less).stderr, /asks who changes it to prove who they are: give --token FILE/);
  const tokens = ['*', '341321'].map((scope, i) => put(`token-${i}`, must('token', at, 'add', '--name', `人${i}`, '--audience', 'staff', '--scope', scope, '--role', 'publish')));
  assert.match(run('catalogue', at, less, '--token', tokens[1]).stderr, /is for division 341321, and the catalogue is everybody's/);
  must('catalogue', at, less, '--token', tokens[0]);
  assert.deepEqual([generations(at).at(-1).actor, generations(at).at(-1).account], ['人0', 'token:人0']);
});

test('a batch that was staged before is published if it fits, and else to be loaded anew', () => {
  const at = copy();
  must('load', at, 'project', put('good.csv', 'id,state\nX2,完成\n'));
  must('load', at, 'project', put('lacking.csv', 'id,state\nX3,\n'));
  must('load', at, 'project', put('other.csv', 'id,state\nX4,停工\n'));
  assert.equal(change(at, edit(yaml, ['{name: state, title: 状态, type: text, audience: public}', '{name: state, title: 状态, type: text, audience: public, required: true, values: [在建, 完成]}'])).status, 0);
  must('publish', at, '3');
  assert.match(run('publish', at, '4').stderr, /batch 4 was loaded before the catalogue was changed.*lacking\.csv, row 2, X3: state is empty, and it is required; withdraw the batch and load it anew/);
  assert.match(run('publish', at, '5').stderr, /other\.csv, row 2, X4: state is not one of the values/);
  assert.match(must('check', at), /sound/);
});

test('a kill -9 in the middle leaves the old catalogue, or what the new one shows less, and the same command finishes it', async () => {
  const other = edit(yaml, ['audience: public, search: true, tiles: true', 'audience: staff, search: true, tiles: true'], ['zooms: [8, 16]', 'zooms: [5, 17]'],
    ['{name: empty, title: 无, type: text, audience: public}', '{name: empty, title: 无, type: text, audience: public, tiles: true}']);
  const path = put('other.yaml', other), at = copy();
  const look = () => {
    const { catalogue, held_back: heldBack } = JSON.parse(must('catalogue', at, '--json')), check = run('check', at);
    if (!heldBack) assert.match(check.stdout, /sound/);
    else {
      assert.equal(catalogue, yaml);
      assert.match(check.stdout, /^a new catalogue is in force only where it shows less than the one before: .*\n.*: 1 findings/);
      assert.equal(generations(at).at(-1).reason, 'what the new catalogue shows less');
    }
    return heldBack ? 'held back' : catalogue === yaml ? 'old' : 'new';
  };
  const killed = async (until) => {
    const child = spawn(ingest, ['catalogue', at, path], { stdio: 'ignore' }), closed = once(child, 'close');
    await until();
    child.kill('SIGKILL');
    await closed;
    return look();
  };
  const stricter = () => Number(execFileSync('sqlite3', ['-cmd', '.timeout 5000', at, 'select count(*) from dikuai_stricter'], { encoding: 'utf8' }));
  assert.equal(await killed(() => sleep(5)), 'old');
  assert.equal(await killed(async () => { while (stricter() === 0) await sleep(1); }), 'held back');
  for (const wait of [150, 300, 450]) if (look() === 'held back') assert.notEqual(await killed(() => sleep(wait)), 'old');
  must('catalogue', at, path);
  assert.match(must('check', at), /sound/);
  assert.equal(must('catalogue', at), other);
  assert.equal(readFileSync(path, 'utf8'), other);
  assert.ok(generations(at).filter(({ action }) => action === 'catalogue').length <= 2, 'what was held back once is not again');
});

test('a kind without rows that went comes again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dk-again-')), store = join(folder, 'a.gpkg');
  const field = 'fields: [{name: id, title: 编号, type: text, audience: public, required: true}]';
  const without = `title: t\npublisher: p\nextent: [116, 34, 117, 35]\nlayers:\n  - {name: parcel, title: 地块, geometry: polygon, key: {field: id}, ${field}}\n`;
  writeFileSync(join(folder, 'with.yaml'), `${without}records:\n  - {name: memo, title: 备忘, key: {field: id}, ${field}}\n`);
  writeFileSync(join(folder, 'without.yaml'), without);
  must('create', store, '--catalogue', join(folder, 'with.yaml'));
  for (const name of ['without.yaml', 'with.yaml', 'without.yaml', 'with.yaml']) assert.match(must('catalogue', store, join(folder, name)), /is in force/);
  assert.match(must('check', store), /sound/);
  rmSync(folder, { recursive: true });
});
