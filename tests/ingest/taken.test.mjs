// Values that a row takes over from another (`inherit`) are not seen before that other row is published, whatever is
// loaded, published and reindexed in which order. Oracle: the published rows as GDAL reads them from the file.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import test from 'node:test';
import { catalogue, scene, square, wkt } from './helpers.mjs';

const text = catalogue
  .replace("{name: approved_on, title: 批准时间", "{name: authority, title: 批准机关, type: text, audience: public}\n      - {name: approved_on, title: 批准时间")
  .replace('{name: project_name, title: 征收土地项目名称, type: text, audience: public}', '{name: project_name, title: 批准机关, type: text, audience: public, inherit: approval.authority}');
const SECRET = '尚未公布的机关', NO = '皖政地〔2021〕7号';
const approval = (s) => s.load('approval', s.write('approvals.csv', `approval_no,authority,approved_on\n${NO},${SECRET},2021-03-05\n`));
const parcel = (s, ...options) => s.load('parcel', s.write('parcels.csv', `id,project_id,approval_no,wkt\nD1,X1,${NO},"${wkt(square(39525000, 3520000))}"\n`), '--crs', 'EPSG:4527', ...options);
const shown = (s) => s.rows('parcel').map((row) => row.properties.project_name ?? null);

test('what was taken over from a staged batch waits for it', (t) => {
  const s = scene(t, text);
  assert.equal(approval(s).code, 0);
  const early = parcel(s, '--publish');
  assert.equal(early.code, 1);
  assert.match(early.json.error, /batch 2 took over values from batch 1 \(approval\), which is not published; publish that one first/);
  assert.deepEqual(shown(s), []);
  assert.equal(s.run('publish', s.store, '2').code, 1);
  assert.equal(s.run('publish', s.store, '1').code, 0);
  assert.equal(s.run('publish', s.store, '2').code, 0);
  assert.deepEqual(shown(s), [SECRET]);
});

test('what was taken over from a batch that is withdrawn is loaded again', (t) => {
  const s = scene(t, text);
  approval(s);
  assert.equal(parcel(s).code, 0);
  assert.equal(s.run('withdraw', s.store, '1', '--reason', '误').code, 0);
  const refused = s.run('publish', s.store, '2', '--json');
  assert.equal(refused.code, 1);
  assert.match(refused.json.error, /batch 2 took over values from batch 1 \(approval\), which was withdrawn; withdraw this one, too, and load its source again/);
});

test('what a file that is left out had taken over holds nothing up', (t) => {
  const s = scene(t, text);
  approval(s);
  mkdirSync(s.path('f'));
  const row = (id, no) => `${id},P1,${no},"${wkt(square(39525000 + 200 * id, 3520000))}"\n`;
  s.write('f/a.csv', 'id,project_id,approval_no,wkt\n' + row(1, ''));
  s.write('f/b.csv', 'id,project_id,approval_no,wkt\n' + Array.from({ length: 400 }, (_, i) => row(10 + i, NO)).join('') + '"no end');
  const done = s.load('parcel', 'f', '--crs', 'EPSG:4527', '--allow-rejects', '--publish');
  assert.deepEqual([done.code, done.json.loaded, done.json.files_failed, done.json.generation], [0, 1, 1, 1], done.stderr);
  // What another file of the same load took over stays.
  s.write('f/a.csv', 'id,project_id,approval_no,wkt\n' + row(2, NO));
  const waits = s.load('parcel', 'f', '--crs', 'EPSG:4527', '--allow-rejects', '--publish');
  assert.match(waits.json.error, /batch 3 took over values from batch 1 \(approval\), which is not published/);
});

test('reindex fills what is published from what is published alone', (t) => {
  const s = scene(t, text);
  assert.equal(parcel(s, '--publish').code, 0);
  assert.equal(approval(s).code, 0);
  assert.equal(s.run('reindex', s.store).code, 0);
  assert.deepEqual(shown(s), [null], 'the approval is staged');
  assert.equal(s.run('check', s.store).code, 0);
  assert.equal(s.run('publish', s.store, '2').code, 0);
  assert.equal(s.run('reindex', s.store).code, 0);
  assert.deepEqual(shown(s), [SECRET]);
  assert.equal(s.run('check', s.store).code, 0);
});

test('what a published row says too waits for nothing', (t) => {
  const s = scene(t, text);
  approval(s);
  s.run('publish', s.store, '1');
  assert.equal(parcel(s, '--publish').code, 0);
  assert.deepEqual(shown(s), [SECRET]);
});

test('what staff of one division see of a row is not taken over into one that others see', (t) => {
  const s = scene(t, catalogue
    .replace('{name: name, title: 地块名称', '{name: owner, title: 户主, type: text, audience: staff}\n      - {name: name, title: 地块名称')
    .replace('    key: {field: id}\n    date: paid_on\n', '    key: {field: id}\n    division: division\n    date: paid_on\n')
    .replace('{name: total, title: 补偿总额', `{name: owner, title: 户主, type: text, audience: staff, inherit: parcel.owner}
      - {name: name, title: 地块, type: text, audience: public, inherit: parcel.name}
      - {name: division, title: 区划, type: division, audience: public, inherit: parcel.division}
      - {name: total, title: 补偿总额`).replace('total, title: 补偿总额, type: number, unit: yuan, audience: public', 'total, title: 补偿总额, type: number, unit: yuan, audience: staff'));
  assert.equal(s.load('parcel', s.write('p.csv', `id,project_id,name,owner,division,wkt\nD1,X1,甲地,张三丰,341321101,"${wkt(square(39525000, 3520000))}"\n`), '--crs', 'EPSG:4527', '--publish').code, 0);
  const done = s.load('compensation', s.write('c.csv', 'id,parcel_id,division\nC1,D1,341321101\nC2,D1,340111001\nC3,D1,\nC4,D1,341321\n'), '--publish');
  assert.equal(done.code, 0, done.stderr);
  const taken = () => execFileSync('sqlite3', [s.store, "SELECT key,coalesce(f_owner,'-'),coalesce(f_name,'-'),f_division FROM row_compensation ORDER BY key"], { encoding: 'utf8' }).trim().split('\n');
  const wanted = ['C1|张三丰|甲地|341321101', 'C2|-|甲地|340111001', 'C3|张三丰|甲地|341321101', 'C4|张三丰|甲地|341321'];
  assert.deepEqual(taken(), wanted, 'staff of 340111001 do not see D1');
  assert.equal(s.run('reindex', s.store).code, 0);
  assert.deepEqual(taken(), wanted);
});
