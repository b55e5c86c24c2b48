// Scans attached to rows: in the dossier of staff within their scope, nowhere for anybody else.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pdf } from '../ingest/scans.mjs';
import { CHIEF, get, makeStore, run, serve, STAFF } from './county.mjs';

const store = makeStore();
const attach = (kind, name, content, ...options) => {
  const path = join(dirname(store), name);
  writeFileSync(path, content);
  run('attach', store, kind, path, ...options);
  return { name, sha256: createHash('sha256').update(content).digest('hex'), size: content.length, media_type: 'application/pdf' };
};
const approval = attach('approval', '皖政地2021-1号.pdf', pdf('批复'));
const receipt = attach('compensation', '付款凭证.pdf', pdf('凭证'), '--key', 'B1');
const server = await serve(store);
after(() => server.stop());

const path = '/collections/parcel/items/X1%3ADK001/dossier';
const dossier = async (token, at = path) => (await get(server.url + at, { token })).json;
const shown = ({ documents }) => documents.map(({ attached_at, ...document }) => {
  assert.match(attached_at, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  return document;
});
const ofApproval = { kind: 'approval', key: '皖政地〔2021〕1号', ...approval }, ofReceipt = { kind: 'compensation', key: 'B1', ...receipt };

test('the dossier lists the documents of the row and of what is linked to it, for staff of everywhere', async () => {
  assert.deepEqual(shown(await dossier(CHIEF)), [ofApproval, ofReceipt]);
  assert.deepEqual(shown(await dossier(CHIEF, '/collections/approval/items/%E7%9A%96%E6%94%BF%E5%9C%B0%E3%80%942021%E3%80%951%E5%8F%B7/dossier')), [ofApproval]);
});

test('staff of a division see those of rows within it; an approval has no division', async () => {
  assert.deepEqual(shown(await dossier(STAFF)), [ofReceipt]);
});

test('the public is not told that there are any', async () => {
  for (const at of [path, '/collections/approval/items', '/catalogue', '/search?q=%E5%87%AD%E8%AF%81', '/api', '/metrics']) {
    const answer = await get(server.url + at);
    for (const text of ['documents', approval.sha256, receipt.sha256, '付款凭证', '2021-1号']) assert.ok(!answer.text.includes(text), `${at} holds ${text}`);
  }
  for (const digest of [approval.sha256, receipt.sha256]) {
    for (const token of [undefined, CHIEF]) assert.equal((await get(`${server.url}/documents/${digest}`, { token })).status, 404);
  }
});

test('documents go with their row when it is withdrawn, without a restart', async () => {
  const batch = JSON.parse(run('batches', store, '--json')).batches.find(({ kind }) => kind === 'compensation').batch;
  run('withdraw', store, String(batch));
  for (let i = 0; i < 100 && shown(await dossier(CHIEF)).length > 1; i++) await new Promise((resolve) => { setTimeout(resolve, 20); });
  assert.deepEqual(shown(await dossier(CHIEF)), [ofApproval]);
});
