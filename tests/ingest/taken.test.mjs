// Values that a row takes over from another (`inherit`) are not seen before that other row is published, whatever is
// loaded, published and reindexed in which order. Oracle: the published rows as GDAL reads them from the file.
import assert from 'node:assert/strict';
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
