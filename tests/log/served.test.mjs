// The publication log of a real server after real publications, withdrawals and a redaction: what it serves is verified by
// golang.org/x/mod over HTTP, and by dikuai-ingest verify from what was saved of it, without the server.
// DK_BUILD: the build directory. DK_INGEST, DK_TILER: the programs.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { CHIEF, featureCollection, get, ingest, makeStore, run, serve, square, STAFF } from '../http/county.mjs';
import { buildGo } from './go.mjs';

const NAME = 'dk.example.gov.cn/log';
let store, server, key, go, early;
const verify = (...args) => spawnSync(ingest, ['verify', ...args], { encoding: 'utf8' });
const holds = (...args) => {
  const { status, stdout, stderr } = verify(...args);
  assert.equal(status, 0, stdout + stderr);
  return stdout;
};
const put = (name, content) => {
  const path = join(dirname(store), name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
};
const fetched = async (path, options) => {
  const answer = await get(server.url + path, options);
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer;
};
const item = (id, kind = 'parcel') => `/collections/${kind}/items/${encodeURIComponent(id)}`;
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('base64');
const batchOf = (kind, nth = 0) => String(JSON.parse(run('batches', store, '--json')).batches.filter((batch) => batch.kind === kind)[nth].batch);
/** Waits until the server shows what was published: it needs no restart. */
async function until(path, status) {
  for (let i = 0; i < 200 && (await get(server.url + path)).status !== status; i++) await new Promise((resolve) => { setTimeout(resolve, 20); });
}

before(async () => {
  store = makeStore();
  run('log', store, 'create', NAME, '--sm2');
  key = JSON.parse(run('log', store, 'show', '--json')).keys[0].key;
  server = await serve(store);
  early = put('early.checkpoint', (await fetched('/log/checkpoint')).text);
  // 600 more rows, so that there are full tiles; one withdrawn batch, and one row that is replaced.
  const rows = Array.from({ length: 600 }, (_, i) => ({ id: `M${i}`, name: `地${i}`, division: '341321101', project_id: 'X9',
    geometry: { type: 'Polygon', coordinates: [square(20 + i % 30, 20 + Math.floor(i / 30))] } }));
  run('load', store, 'parcel', put('many.geojson', featureCollection(rows)), '--publish');
  run('load', store, 'parcel', put('one.geojson', featureCollection([{ ...rows[7], name: '改名' }])), '--replace', '--publish');
  run('withdraw', store, batchOf('notice'), '--reason', '测试');
  await until(item('X9:M7'), 200);
  go = buildGo('server.go', join(dirname(store), 'verify-served'));
});
after(() => server?.stop());

const goSays = (entry) => execFileSync(go, [`${server.url}/log`, key, String(entry), early], { encoding: 'utf8' });

test('golang.org/x/mod verifies checkpoint, entries, a proof and consistency over HTTP', async () => {
  const { entry } = (await fetched(`${item('X9:M7')}/proof`)).json;
  assert.equal(goSays(entry), '621 entries, beginning with 18\n'); // 18 rows, 600, 1 replaced, 2 withdrawn
});

test('full tiles may be cached for an hour, a checkpoint for a minute, and what is not there is not', async () => {
  assert.equal((await fetched('/log/tile/0/000')).headers['cache-control'], 'public, max-age=3600, immutable');
  assert.equal((await fetched('/log/tile/entries/001')).body.length, 256 * 34);
  assert.equal((await fetched('/log/checkpoint')).headers['cache-control'], 'public, max-age=60');
  for (const path of ['tile/0/002', 'tile/0/002.p/110', 'tile/0/003', 'tile/1/000', 'tile/0/0', 'tile/x/000', 'tile/entries/x000/000', 'tile/8/000',
    'tile/0/x001/x001/x001/x001/000', 'proof?entry=621', 'consistency?old=622', 'x']) {
    assert.equal((await get(`${server.url}/log/${path}`)).status, 404, path);
  }
  for (const path of ['proof', 'proof?entry=-1', 'proof?entry=x', 'consistency', 'checkpoint?x=1']) {
    assert.equal((await get(`${server.url}/log/${path}`)).status, 400, path);
  }
});

test('a proof has the content as the public sees the item, whoever asks', async () => {
  const path = `${item('X1:DK002')}/proof`;
  const { json, text } = await fetched(path);
  for (const token of [STAFF, CHIEF]) {
    const { text: same, headers } = await fetched(path, { token });
    assert.equal(same, text);
    assert.equal(headers['cache-control'], 'private, no-store');
  }
  const shown = (await fetched(item('X1:DK002'))).json, content = JSON.parse(json.content);
  const fields = Object.fromEntries(Object.entries(content.fields).filter(([, value]) => value !== null));
  assert.deepEqual(fields, shown.properties);
  assert.equal(content.key, shown.id);
  assert.equal(content.feature, shown.feature);
  assert.equal(content.outline.coordinates.length, 2, 'with its hole');
  assert.equal(sha256(Buffer.from(json.salt, 'base64'), json.content), json.leaf);
  for (const secret of ['李二户', '341321199001011235', 'owner', 'id_number']) assert.ok(!text.includes(secret), secret);
});

test('saved proofs and dossiers are verified without the server, and refused when anything in them is changed', async () => {
  const file = (await fetched(`${item('X1:DK001')}/proof?f=tlog-proof`)).text;
  const dossier = (await fetched(`${item('X1:DK001')}/dossier?f=json&proofs=true`)).text;
  assert.match(holds(put('a.tlog-proof', file), '--key', key), /1 proofs, for the log dk\.example\.gov\.cn\/log with 621 entries/);
  holds(put('a.json', (await fetched(`${item('X1:DK001')}/proof`)).text), '--key', key);
  assert.match(holds(put('d.json', dossier), '--key', key), /holds: 7 proofs/); // parcel, project, its preexamination, 2 approvals, 2 payments
  assert.equal(verify(join(dirname(store), 'd.json')).status, 1, 'by no key');
  // Its SM2 key as well; another log's not.
  holds(join(dirname(store), 'd.json'), '--key', JSON.parse(run('log', store, 'show', '--json')).keys[1].key);
  const other = JSON.parse(run('log', makeOther(), 'show', '--json')).keys[0].key;
  const strange = verify(join(dirname(store), 'd.json'), '--key', other).stdout;
  assert.match(strange, /None of the keys that you trust signed/);
  assert.match(strange, /d\.json: does not hold: \d+ proofs$/m, 'of no log that could be named');

  // One character of each line of the file, and of each text in the dossier that a proof is about.
  const lines = file.split('\n');
  for (let i = 0; i < lines.length; i++) {
    if (lines[i] === '' || lines[i].startsWith('— dk.example.gov.cn/log') && i > lines.findIndex((line) => line.startsWith('—'))) continue; // SM2's key is not given
    const at = Math.floor(lines[i].length / 2);
    const changed = lines.with(i, lines[i].slice(0, at) + (lines[i][at] === 'A' ? 'B' : 'A') + lines[i].slice(at + 1)).join('\n');
    assert.equal(verify(put('changed.tlog-proof', changed), '--key', key).status, 1, lines[i]);
  }
  for (const [from, to] of [['一号地', '二号地'], ['117.2', '117.3'], ['2021-03-05', '2021-03-06'], ['测试工业园', '测试工业院'], ['B1', 'B7']]) {
    const parsed = JSON.parse(dossier), proofs = JSON.stringify(parsed.proofs);
    const changed = JSON.stringify({ ...JSON.parse(JSON.stringify({ ...parsed, proofs: [] }).replaceAll(from, to)), proofs: JSON.parse(proofs) });
    const { status, stdout } = verify(put('changed.json', changed), '--key', key);
    assert.equal(status, 1, from);
    assert.match(stdout, /is not what was published|has no proof/);
  }
  for (const [without, words] of [[(d) => { delete d.kind; d.subject.properties.name = '二号地'; }, /its kind or its id is missing/],
    [(d) => { d.subject.id = 7; }, /its kind or its id is missing/], [(d) => { delete d.linked[0].kind; }, /its kind or its id is missing/],
    [(d) => { d.subject.geometry = null; }, /parcel X1:DK001: its outline, which was published, is missing/],
    [(d) => { delete d.linked; }, /The rows linked to it are missing/]]) {
    const parsed = JSON.parse(dossier);
    without(parsed);
    const { status, stdout } = verify(put('without.json', JSON.stringify(parsed)), '--key', key);
    assert.equal(status, 1, String(without));
    assert.match(stdout, words);
  }
  const { status, stderr } = verify(put('plain.json', (await fetched(`${item('X1:DK001')}/dossier?f=json`)).text), '--key', key);
  assert.equal(status, 1);
  assert.match(stderr, /proofs=true/);
});

let others = 0;
function makeOther() {
  const path = join(dirname(store), `other${others++}.dk`);
  run('create', path, '--catalogue', join(dirname(store), 'catalogue.yaml'));
  run('log', path, 'create', NAME);
  return path;
}

/** All that the log serves, as files. */
async function mirror(name) {
  const checkpoint = (await fetched('/log/checkpoint')).text, size = Number(checkpoint.split('\n')[1]);
  put(`${name}/checkpoint`, checkpoint);
  const digits = (n) => String(n).padStart(3, '0');
  for (let level = 0, n = size; n > 0; level++, n = Math.floor(n / 256)) {
    for (let tile = 0; tile * 256 < n; tile++) {
      const width = Math.min(256, n - tile * 256), path = `${digits(tile)}${width < 256 ? `.p/${width}` : ''}`;
      put(`${name}/tile/${level}/${path}`, (await fetched(`/log/tile/${level}/${path}`)).body);
      if (level === 0) put(`${name}/tile/entries/${path}`, (await fetched(`/log/tile/entries/${path}`)).body);
    }
  }
  return join(dirname(store), name);
}

test('a mirrored log is verified, and a byte that is changed in any of its files is found', async () => {
  const folder = await mirror('mirror');
  assert.match(holds(folder, '--key', key, '--checkpoint', early), /the log dk\.example\.gov\.cn\/log with 621 entries/);
  for (const name of ['tile/entries/000', 'tile/entries/002.p/109', 'tile/0/001', 'tile/1/000.p/2', 'checkpoint']) {
    const path = join(folder, name), bytes = readFileSync(path);
    const at = name === 'checkpoint' ? NAME.length + 2 : 77 % bytes.length;
    writeFileSync(path, bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)));
    assert.equal(verify(folder, '--key', key).status, 1, name);
    writeFileSync(path, bytes.subarray(0, bytes.length - 1));
    assert.equal(verify(folder, '--key', key).status, 1, `${name}, cut off`);
    writeFileSync(path, bytes);
  }
  holds(folder, '--key', key);
});

test('a redaction leaves the log as it was, and says that it was one', async () => {
  const { entry } = (await fetched(`${item('X9:M9')}/proof`)).json;
  const before = put('before.checkpoint', (await fetched('/log/checkpoint')).text);
  run('redact', store, 'parcel', 'X9:M9', '--reason', '误公开');
  await until(item('X9:M9'), 404);
  assert.equal((await get(`${server.url}${item('X9:M9')}/proof`)).status, 404);
  const proof = (await fetched(`/log/proof?entry=${entry}`)).json;
  assert.equal(proof.erased, true);
  assert.equal('content' in proof || 'salt' in proof, false);
  assert.equal(goSays(entry), '622 entries, beginning with 18\n');
  const redaction = JSON.parse((await fetched('/log/proof?entry=621')).json.content);
  assert.deepEqual([redaction.event, redaction.entries, redaction.reason], ['redact', [entry], '误公开']);
  // Of other entries by number no content, whatever became of their rows.
  assert.equal('content' in (await fetched('/log/proof?entry=3')).json, false);
  const consistency = put('consistency', (await fetched('/log/consistency?old=621')).text);
  assert.match(holds(consistency, '--checkpoint', before, '--key', key), /with 622 entries begins with the 621/);
  assert.equal(verify(consistency, '--checkpoint', early, '--key', key).status, 1);
  assert.match(holds(store, '--key', key, '--checkpoint', before), /622 entries of the log \(1 erased\)/);
});

test('after a rotation both keys vouch for the log of that size, and the new one for what comes', async () => {
  run('log', store, 'rotate');
  const keys = JSON.parse(run('log', store, 'show', '--json')).keys.map(({ key: text }) => text);
  assert.equal(keys.length, 4);
  await fetched('/log/checkpoint');
  holds(store, '--key', keys[0], '--key', keys[2]);
  run('withdraw', store, batchOf('preexamination'), '--reason', '误发');
  await until(item('预审1号', 'preexamination'), 404);
  assert.equal(verify(store, '--key', keys[0]).status, 1, 'the old key signs no more');
  holds(store, '--key', keys[2], '--checkpoint', early);
  assert.deepEqual((await fetched('/log/keys')).json.keys.map(({ key: text }) => text), keys);
});
