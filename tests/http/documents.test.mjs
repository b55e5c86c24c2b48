// Documents attached to rows: who is told of them, who gets their bytes, and what a cache or a download manager asks.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pdf, png } from '../ingest/scans.mjs';
import { catalogue, CHIEF, get, makeStore, run, serve, STAFF } from './county.mjs';

// Approvals are published with their documents; of payments staff see them, as where a catalogue says nothing.
const open = catalogue.replace('    key: {field: approval_no}\n', '    key: {field: approval_no}\n    documents: public\n');
assert.notEqual(open, catalogue);
const store = makeStore(open);
const attach = (kind, name, content, ...options) => {
  const path = join(dirname(store), name);
  writeFileSync(path, content);
  const said = JSON.parse(run('attach', store, kind, path, '--json', ...options));
  return { name, sha256: createHash('sha256').update(content).digest('hex'), size: content.length, content, ...said };
};
const text = pdf('批复'.repeat(2000));
const approval = attach('approval', '皖政地2021-1号 批复 "甲".pdf', text, '--publish');
const page = attach('approval', '皖政地2021-1号.png', png('1'), '--audience', 'staff', '--publish');
const receipt = attach('compensation', '付款凭证.pdf', pdf('凭证'), '--key', 'B1', '--publish');
const staged = attach('approval', '皖政地2021-1号 未发布.pdf', pdf('未发布'));
const server = await serve(store);
after(() => server.stop());

const path = '/collections/parcel/items/X1%3ADK001/dossier';
const at = (path, options) => get(server.url + path, options);
const bytes = ({ sha256 }, options) => at(`/documents/${sha256}`, options);
const listed = async (token, from = path) => ((await at(from, { token })).json.documents ?? []).map(({ sha256 }) => sha256).sort();
const those = (...documents) => documents.map(({ sha256 }) => sha256).sort();
const settles = async (token, documents) => {
  for (let i = 0; i < 200 && (await listed(token)).join() !== those(...documents).join(); i++) await new Promise((resolve) => { setTimeout(resolve, 20); });
  assert.deepEqual(await listed(token), those(...documents));
};

test('the dossier lists the documents that the viewer sees, of the row and of what is linked to it', async () => {
  assert.deepEqual(await listed(), those(approval));
  assert.deepEqual(await listed(STAFF), those(approval, receipt), 'an approval has no division: what is narrowed to staff is in no scope but the whole');
  assert.deepEqual(await listed(CHIEF), those(approval, page, receipt));
  assert.deepEqual(await listed(undefined, `/collections/approval/items/${encodeURIComponent('皖政地〔2021〕1号')}/dossier`), those(approval));
  const { attached_at, ...document } = (await at(path)).json.documents[0];
  assert.match(attached_at, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(document, { kind: 'approval', key: '皖政地〔2021〕1号', name: approval.name, sha256: approval.sha256, size: text.length, media_type: 'application/pdf',
    href: `/documents/${approval.sha256}` });
  const html = (await at(`${path}?f=html`)).text;
  assert.ok(html.includes(`href="/documents/${approval.sha256}"`) && html.includes('皖政地2021-1号 批复 &quot;甲&quot;.pdf'));
  for (const hidden of [page, receipt, staged]) assert.ok(!html.includes(hidden.sha256));
});

test('the bytes are those that were attached, under their digest', async () => {
  const answer = await bytes(approval);
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, text);
  assert.equal(createHash('sha256').update(answer.body).digest('hex'), approval.sha256);
  assert.equal(answer.headers['content-type'], 'application/pdf');
  assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  assert.equal(answer.headers.etag, `"${approval.sha256}"`);
  assert.equal(answer.headers['cache-control'], 'public, max-age=60');
  assert.equal(answer.headers['content-disposition'],
    `inline; filename="${approval.sha256.slice(0, 16)}.pdf"; filename*=UTF-8''${encodeURIComponent(approval.name)}`);
  const head = await bytes(approval, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, String(text.length), 0]);
});

test('who sees a document gets it, and for all others there is none', async () => {
  const none = (await at(`/documents/${'0'.repeat(64)}`)).text;
  for (const [document, tokens] of [[approval, [undefined, STAFF, CHIEF]], [page, [CHIEF]], [receipt, [STAFF, CHIEF]], [staged, []]])
    for (const token of [undefined, STAFF, CHIEF]) {
      const answer = await bytes(document, { token });
      assert.equal(answer.status, tokens.includes(token) ? 200 : 404, `${document.name} ${token}`);
      if (answer.status === 404) assert.equal(answer.text, none);
      else if (token) assert.deepEqual([answer.headers['cache-control'], answer.headers.etag], ['private, no-store', undefined]);
    }
  for (const wrong of [approval.sha256.toUpperCase(), approval.sha256.slice(1), `${approval.sha256}0`, '%2e%2e%2fstore.gpkg', `${approval.sha256.slice(0, 2)}/${approval.sha256.slice(2)}`, '%00'])
    assert.ok([400, 404].includes((await at(`/documents/${wrong}`)).status), wrong);
  for (const from of [path, '/collections/approval/items', '/catalogue', '/search?q=%E5%87%AD%E8%AF%81', '/api', '/metrics']) {
    const answer = await at(from);
    for (const hidden of [page, receipt, staged]) for (const word of [hidden.sha256, hidden.name]) assert.ok(!answer.text.includes(word), `${from} holds ${word}`);
  }
});

test('parts, as viewers of PDF and download managers ask for them', async () => {
  const range = (Range, more = {}) => bytes(approval, { headers: { Range, ...more } });
  for (const [asked, first, last] of [['bytes=0-99', 0, 99], ['bytes=100-', 100, text.length - 1], ['bytes=-10', text.length - 10, text.length - 1],
    [`bytes=5-${text.length + 100}`, 5, text.length - 1], [`bytes=-${text.length * 2}`, 0, text.length - 1], ['Bytes= 7-7 ', 7, 7]]) {
    const answer = await range(asked);
    assert.equal(answer.status, 206, asked);
    assert.equal(answer.headers['content-range'], `bytes ${first}-${last}/${text.length}`);
    assert.deepEqual(answer.body, text.subarray(first, last + 1), asked);
  }
  for (const asked of ['bytes=0-1,5-6', 'pages=1-2', 'bytes=9-3', 'bytes=-', 'bytes=a-b', 'bytes=1', `bytes=${'9'.repeat(40)}-`]) {
    const answer = await range(asked);
    assert.deepEqual([answer.status, answer.body.length], [200, text.length], asked);
  }
  for (const asked of [`bytes=${text.length}-`, 'bytes=-0']) {
    const answer = await range(asked);
    assert.deepEqual([answer.status, answer.headers['content-range'], answer.body.length], [416, `bytes */${text.length}`, 0], asked);
    assert.equal(answer.headers['cache-control'], 'no-store', 'a cache would give it to who asks for the whole');
  }
  for (const asked of ['bytes=0-9', `bytes=${text.length}-`]) {
    const head = await bytes(approval, { method: 'HEAD', headers: { Range: asked } });
    assert.deepEqual([head.status, head.headers['content-length'], head.headers['content-range']], [200, String(text.length), undefined], 'RFC 9110, 14.2: of GET only');
  }
  const exposed = (await range('bytes=0-9')).headers['access-control-expose-headers'].split(', ');
  for (const name of ['ETag', 'Accept-Ranges', 'Content-Range', 'Content-Disposition']) assert.ok(exposed.includes(name), `${name}, for a viewer on another site`);
  assert.equal((await range('bytes=0-9', { 'If-Range': `"${approval.sha256}"` })).status, 206);
  assert.equal((await range('bytes=0-9', { 'If-Range': '"another"' })).status, 200);
  assert.equal((await range('bytes=0-9', { 'If-Range': new Date().toUTCString() })).status, 200);
  const same = await bytes(approval, { headers: { 'If-None-Match': `"${approval.sha256}"` } });
  assert.deepEqual([same.status, same.body.length], [304, 0]);
  assert.ok([undefined, String(text.length)].includes(same.headers['content-length']), 'RFC 9110, 8.6');
  assert.equal((await bytes(approval, { headers: { 'If-Match': `"${approval.sha256}"` } })).status, 200);
  assert.equal((await range('bytes=0-9', { 'If-Match': '"another"' })).status, 412, 'RFC 9110, 13.1.1');
  assert.equal((await bytes(receipt, { token: STAFF, headers: { 'If-None-Match': `"${receipt.sha256}"` } })).status, 200, 'staff answers are in no cache');
  const { events } = JSON.parse(run('audit', store, '--json')); // written before it was answered
  assert.ok(events.some(({ name, what, key }) => name === '张三' && what === 'document' && key === receipt.sha256));
  assert.ok(!events.some(({ name, what }) => name === '' && what === 'document'), 'the public leaves no trace');
});

test('a batch of documents is published and withdrawn like any other, without a restart', async () => {
  run('publish', store, String(staged.batch));
  await settles(undefined, [approval, staged]);
  assert.equal((await bytes(staged)).status, 200);
  run('withdraw', store, String(staged.batch), '--reason', '误发');
  await settles(undefined, [approval]);
  assert.equal((await bytes(staged)).status, 404);
  const again = attach('approval', staged.name, staged.content, '--publish');
  assert.deepEqual([again.attached, again.sha256], [1, staged.sha256]);
  await settles(undefined, [approval, staged]);
  run('withdraw', store, String(again.batch), '--reason', '误发');
  await settles(undefined, [approval]);
  assert.match(run('check', store), /sound|no finding|OK|0 /i);
});

test('documents go with the row that they are attached to', async () => {
  const batch = JSON.parse(run('batches', store, '--json')).batches.find(({ kind, title }) => kind === 'compensation' && title !== '附件').batch;
  run('withdraw', store, String(batch), '--reason', '更正');
  await settles(CHIEF, [approval, page]);
  assert.equal((await bytes(receipt, { token: CHIEF })).status, 404);
});

test('a file that is no longer what was attached is given to nobody', async () => {
  const file = `${store}.documents/${approval.sha256.slice(0, 2)}/${approval.sha256.slice(2)}`;
  chmodSync(file, 0o600);
  const damaged = Buffer.from(text);
  damaged[100] ^= 1;
  writeFileSync(file, damaged);
  const answer = await bytes(approval);
  assert.equal(answer.status, 500);
  assert.ok(!answer.text.includes(approval.sha256) && !answer.text.includes('documents/'));
  writeFileSync(file, text.subarray(0, 50));
  assert.equal((await bytes(approval)).status, 500);
  writeFileSync(file, text);
  assert.equal((await bytes(approval)).status, 200);
  assert.deepEqual(readFileSync(file), text);
});

test('staff look at documents before they are published, in their scope', async () => {
  const there = attach('parcel', '外地.pdf', pdf('外地'), '--key', 'X2:DK001');
  const here = attach('parcel', '本地 现场.pdf', pdf('本地'), '--key', 'X1:DK001', '--audience', 'staff');
  const waiting = (token) => at('/batches', { token }).then(({ json }) => json.batches.filter((b) => b.documents > 0));
  assert.deepEqual((await waiting(CHIEF)).map((b) => [b.batch, b.kind, b.added, b.changed, b.documents, b.whole]),
    [[here.batch, 'parcel', 0, 0, 1, true], [there.batch, 'parcel', 0, 0, 1, true]]);
  assert.deepEqual((await waiting(STAFF)).map((b) => [b.batch, b.documents]), [[here.batch, 1]]);

  const list = (document, token) => at(`/batches/${document.batch}/documents`, { token });
  const { documents: [one], next } = (await list(here, STAFF)).json;
  assert.deepEqual([one, next], [{ kind: 'parcel', key: 'X1:DK001', name: here.name, sha256: here.sha256, size: here.size, media_type: 'application/pdf', pages: one.pages,
    audience: 'staff', href: `/batches/${here.batch}/documents/${here.sha256}` }, null]);
  const read = await at(one.href, { token: STAFF });
  assert.equal(read.status, 200);
  assert.deepEqual(read.body, here.content);
  assert.equal(read.headers['cache-control'], 'private, no-store');
  const part = await at(one.href, { token: STAFF, headers: { Range: 'bytes=0-3' } });
  assert.deepEqual([part.status, part.text], [206, '%PDF']);

  const nothing = (await at('/no-such-place')).text;
  for (const path of [`/batches/${here.batch}/documents`, one.href, `/batches/${here.batch}/documents/x`, '/batches/99/documents']) {
    const answer = await at(path);
    assert.deepEqual([answer.status, answer.text], [404, nothing], path);
  }
  for (const [path, token] of [[`/batches/${there.batch}/documents`, STAFF], [`/batches/${there.batch}/documents/${there.sha256}`, STAFF], [`/batches/${here.batch}/documents/${there.sha256}`, CHIEF],
    [`/batches/${here.batch}/documents/${here.sha256.slice(1)}`, CHIEF], [`/batches/${approval.batch}/documents/${approval.sha256}`, CHIEF], [`/documents/${here.sha256}`, CHIEF]])
    assert.equal((await at(path, { token })).status, 404, path);
  assert.deepEqual((await at(`/batches/${there.batch}/documents/${there.sha256}`, { token: CHIEF })).body, there.content);
  assert.equal((await at(`/batches/${here.batch}/documents?limit=x`, { token: STAFF })).status, 400);

  run('publish', store, String(here.batch));
  for (let i = 0; i < 200 && (await at(`/documents/${here.sha256}`, { token: STAFF })).status !== 200; i++) await new Promise((resolve) => { setTimeout(resolve, 20); });
  assert.equal((await at(one.href, { token: STAFF })).status, 404, 'it waits no more');
  assert.equal((await at(`/documents/${here.sha256}`, { token: STAFF })).status, 200);
});
