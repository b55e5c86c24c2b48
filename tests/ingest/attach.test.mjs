// Scans attached to rows by the 文号 in their names; what fits no row, or several, is named and nothing is guessed.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { catalogue, program, run, scene, zip } from './helpers.mjs';
import { pdf, png } from './scans.mjs';

const withNotices = catalogue.replace('links:\n', `  - name: notice
    title: 公告
    key: {field: id}
    fields:
      - {name: id, title: 公告编号, type: text, audience: public, required: true}
      - {name: approval_no, title: 批准文号, type: approval_no, audience: public}
links:
`);

// A store with approvals, made once and copied; at(name) makes a file in the folder 扫描.
let ready;
after(() => ready && rmSync(ready.dir, { recursive: true, force: true }));
function archive(t) {
  if (!ready) {
    ready = scene({ after() {} }, withNotices);
    ready.write('approvals.csv', '文号,批准日期\n' + ['皖政地〔2020〕123号', '皖政地〔2020〕124号', '国土资函〔2013〕620号'].map((number) => `${number},2020-06-01\n`).join(''));
    assert.equal(ready.load('approval', 'approvals.csv', '--publish').code, 0);
  }
  const dir = mkdtempSync(join(tmpdir(), 'dk-attach-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const path = (name) => join(dir, name), store = path('store.gpkg');
  copyFileSync(ready.store, store);
  copyFileSync(ready.path('approvals.csv'), path('approvals.csv'));
  mkdirSync(path('扫描'));
  const s = { path, store, write: (name, content) => writeFileSync(path(name), content), run: (...args) => run(dir, ...args),
    load: (kind, ...args) => run(dir, 'load', store, kind, ...args, '--json') };
  return { ...s,
    at: (name, content = pdf(name)) => {
      const path = s.path(`扫描/${name}`);
      mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true });
      writeFileSync(path, content);
      return path;
    },
    attach: (...args) => s.run('attach', s.store, 'approval', ...(args.length ? args : ['扫描']), '--json'),
    sql: (text) => JSON.parse(execFileSync('sqlite3', ['-json', s.store, text], { encoding: 'utf8' }) || '[]'),
    counts: (done) => [done.code, done.json.attached, done.json.unchanged, done.json.left.length] };
}
const sha256 = (content) => createHash('sha256').update(content).digest('hex');
const attachments = 'select a.kind, a.key, a.name, a.sha256, d.size, d.media_type, d.pages, a.actor from dikuai_attachment a join dikuai_document d using (sha256) order by a.name';
const kept = (s, digest) => readFileSync(`${s.store}.documents/${digest.slice(0, 2)}/${digest.slice(2)}`);
const reason = (done, file) => done.json.left.find((one) => one.file.endsWith(file))?.reason;

test('a 文号 is found however it is written in the name of the file', (t) => {
  const s = archive(t);
  const names = ['皖政地〔2020〕123号.pdf', '皖政地(2020)123号 批复.pdf', '皖政地【2020】123号.PDF', '皖政地［２０２０］１２３号.pdf', '皖政地2020-123号.pdf',
    '皖政地[2020]123.pdf', '皖政地 〔2020〕 123 号.pdf', '皖政地2020年第123号（盖章）.pdf', '关于征地的批复（皖政地〔2020〕0123号）.pdf', '皖政地〔2020〕123号-2.pdf'];
  for (const name of names) s.at(name);
  const done = s.attach('扫描', '--actor', '王五');
  assert.deepEqual(s.counts(done), [0, names.length, 0, 0], JSON.stringify(done.json));
  const rows = s.sql(attachments);
  assert.deepEqual(rows.map((row) => row.name).sort(), [...names].sort());
  for (const row of rows) {
    const content = pdf(row.name);
    assert.deepEqual([row.kind, row.key, row.sha256, row.size, row.media_type, row.pages, row.actor],
      ['approval', '皖政地〔2020〕123号', sha256(content), content.length, 'application/pdf', 0, '王五']);
    assert.deepEqual(kept(s, row.sha256), content);
  }
  assert.equal(statSync(`${s.store}.documents`).mode & 0o777, 0o700);
  assert.equal(s.run('check', s.store).code, 0);
});

test('page images in a folder belong to the row that the folder is named by, the nearest one first', (t) => {
  const s = archive(t);
  s.at('皖政地〔2020〕123号/001.png', png('1'));
  s.at('皖政地〔2020〕123号/附图/002.png', png('2'));
  s.at('皖政地〔2020〕123号/皖政地〔2020〕124号.png', png('3'));
  s.at('皖政地〔2020〕123号/Thumbs.db', 'x');
  s.at('2013/国土资函2013-620号/1.pdf');
  assert.deepEqual(s.counts(s.attach()), [0, 4, 0, 0]);
  assert.deepEqual(s.sql(attachments).map((row) => [row.key, row.name, row.pages]), [
    ['国土资函〔2013〕620号', '国土资函2013-620号/1.pdf', 0], ['皖政地〔2020〕123号', '皖政地〔2020〕123号/001.png', 1],
    ['皖政地〔2020〕123号', '皖政地〔2020〕123号/附图/002.png', 1], ['皖政地〔2020〕124号', '皖政地〔2020〕124号.png', 1]]);
  // The folder that is given counts by its name, those around it do not.
  mkdirSync(s.path('皖政地〔2020〕124号/内'), { recursive: true });
  writeFileSync(s.path('皖政地〔2020〕124号/内/9.png'), png('9'));
  assert.match(reason(s.attach('皖政地〔2020〕124号/内'), '9.png'), /holds a 文号/);
  assert.deepEqual(s.counts(s.attach('皖政地〔2020〕124号/')), [0, 1, 0, 0]);
});

test('names in GBK, as old disks have them', (t) => {
  const s = archive(t);
  const name = execFileSync('iconv', ['-f', 'UTF-8', '-t', 'GBK'], { input: '皖政地〔2020〕124号扫描件.pdf' });
  writeFileSync(Buffer.concat([Buffer.from(s.path('扫描/')), name]), pdf('gbk'));
  assert.deepEqual(s.counts(s.attach()), [0, 1, 0, 0]);
  assert.deepEqual(s.sql(attachments).map((row) => [row.key, row.name]), [['皖政地〔2020〕124号', '皖政地〔2020〕124号扫描件.pdf']]);
});

test('a name cannot write over the terminal', (t) => {
  const s = archive(t);
  s.at('批复\u001b[31m\n.pdf');
  s.at('皖政地〔2020〕124号\u001b[2J.pdf');
  const done = s.run('attach', s.store, 'approval', '扫描');
  assert.match(done.stdout, /^扫描\/批复\?\[31m\?\.pdf: neither its name [^\n]*\napproval: 2 files, 1 attached, /);
  assert.deepEqual(s.sql(attachments).map((row) => row.name), ['皖政地〔2020〕124号?[2J.pdf']);
});

test('what fits no row or several is named with what to do, and nothing else is kept from being attached', (t) => {
  const s = archive(t);
  s.write('notices.csv', '公告编号,批准文号\nG1,皖政地〔2020〕123号\nG2,皖政地〔2020〕123号\nG3,皖政地〔2020〕124号\n');
  assert.equal(s.load('notice', 'notices.csv', '--publish').code, 0);
  s.at('批复1.pdf');
  s.at('皖政地〔2020〕999号.pdf');
  s.at('第一批次皖政地〔2020〕123号.pdf');
  s.at('皖政地〔2020〕123号、皖政地〔2020〕124号.pdf');
  s.at('皖政地〔2020〕123号、皖政地〔2019〕1号.pdf');
  s.at('皖政地2020-123.pdf');
  s.at('皖政地〔2020〕124号.pdf');
  const done = s.attach();
  assert.deepEqual(s.counts(done), [1, 1, 0, 6]);
  assert.match(reason(done, '批复1.pdf'), /neither its name nor a folder's holds a 文号/);
  assert.match(reason(done, '皖政地2020-123.pdf'), /neither its name/); // a month, perhaps
  assert.match(reason(done, '〕999号.pdf'), /no row of approval has 皖政地〔2020〕999号; load it first/);
  assert.match(reason(done, '第一批次皖政地〔2020〕123号.pdf'), /no row of approval has 第一批次皖政地〔2020〕123号; if 皖政地〔2020〕123号 is meant/);
  assert.match(reason(done, '皖政地〔2020〕124号.pdf'), /holds the 文号 of 皖政地〔2020〕123号 and of 皖政地〔2020〕124号/);
  assert.match(reason(done, '皖政地〔2019〕1号.pdf'), /no row of approval has 皖政地〔2019〕1号/);
  const notices = s.run('attach', s.store, 'notice', '扫描', '--json');
  assert.match(reason(notices, '第一批次皖政地〔2020〕123号.pdf'), /no row of notice has/);
  const several = s.run('attach', s.store, 'notice', s.at('公告 皖政地〔2020〕123号.pdf'), '--json');
  assert.match(reason(several, '123号.pdf'), /fits 2 rows of notice; say which with --key/);
  assert.deepEqual(s.counts(s.run('attach', s.store, 'notice', '扫描/公告 皖政地〔2020〕123号.pdf', '--key', 'G2', '--json')), [0, 1, 0, 0]);
  assert.deepEqual(s.sql("select key from dikuai_attachment where kind='notice' order by key"), [{ key: 'G2' }, { key: 'G3' }]);
  const said = s.run('attach', s.store, 'approval', '扫描/批复1.pdf');
  assert.equal(said.code, 1);
  assert.match(said.stdout, /批复1\.pdf: neither its name[\s\S]*approval: 1 files, 0 attached, 0 unchanged, 1 left/);
});

test('a notice about two approvals takes a scan that is named by either or both', (t) => {
  const s = archive(t);
  s.write('notices.csv', '公告编号,批准文号\nG1,国土资函〔2013〕620号、皖政地〔2013〕550号\nG2,皖政地〔2020〕1号\n');
  assert.equal(s.load('notice', 'notices.csv', '--publish').code, 0);
  for (const name of ['国土资函2013-620号.pdf', '皖政地[2013]550号.pdf', '国土资函〔2013〕620号 皖政地〔2013〕550号.pdf']) s.at(name);
  assert.deepEqual(s.counts(s.run('attach', s.store, 'notice', '扫描', '--json')), [0, 3, 0, 0]);
  assert.deepEqual([...new Set(s.sql(attachments).map((row) => row.key))], ['G1']);
});

test('a file that is not what its name says, is empty or cut off is refused', (t) => {
  const s = archive(t);
  const tiff = Buffer.alloc(64);
  tiff.write('II*\0\x08', 0, 'latin1'); // a directory of one tag at 8, and a second page behind the end
  tiff.writeUInt16LE(1, 8); tiff.writeUInt16LE(256, 10); tiff.writeUInt16LE(4, 12); tiff.writeUInt32LE(1, 14); tiff.writeUInt32LE(500, 22);
  const jpeg = Buffer.from('ffd8ffe000104a46494600010100000100010000ffda0008010100003f0012ff0034ffd9', 'hex');
  const files = {
    'a 皖政地〔2020〕123号.pdf': [Buffer.alloc(0), /^is empty/],
    'b 皖政地〔2020〕123号.pdf': [png(), /^is called a PDF and is a PNG; rename it/],
    'c 皖政地〔2020〕123号.jpg': [pdf(), /^is called a JPEG and is a PDF/],
    'd 皖政地〔2020〕123号.pdf': ['<html>404</html>', /^is none of PDF, OFD, JPEG, PNG and TIFF/],
    'e 皖政地〔2020〕123号.pdf': [pdf('x'.repeat(3000)).subarray(0, 2000), /^is a PDF that is cut off/],
    'f 皖政地〔2020〕123号.png': [png().subarray(0, -9), /^is a PNG that is cut off/],
    'g 皖政地〔2020〕123号.jpg': [jpeg.subarray(0, -2), /^is a JPEG that is cut off/],
    'h 皖政地〔2020〕123号.tif': [tiff, /^is a TIFF that is cut off/],
    'i 皖政地〔2020〕123号.docx': [pdf(), /^is a PDF, and its name does not end so/],
    'j 皖政地〔2020〕123号': [pdf(), /^is a PDF, and its name does not end so/],
    'k 皖政地〔2020〕123号.doc': ['Word', /^is none of/],
  };
  for (const [name, [content]] of Object.entries(files)) s.at(name, content);
  execFileSync('mkfifo', [s.path('扫描/l 皖政地〔2020〕123号.pdf')]);
  symlinkSync('.', s.path('扫描/皖政地〔2020〕124号')); // a circle
  const done = s.attach();
  assert.deepEqual(s.counts(done), [1, 0, 0, 12]);
  for (const [name, [, sentence]] of Object.entries(files)) assert.match(reason(done, name), sentence, name);
  assert.match(reason(done, 'l 皖政地〔2020〕123号.pdf'), /^is no file/);
  assert.equal(existsSync(`${s.store}.documents`), false);
  s.at('m 皖政地〔2020〕123号.jpeg', jpeg);
  assert.equal(s.attach().json.attached, 1);
});

test('OFD, the national form of official documents: a ZIP with OFD.xml', (t) => {
  const s = archive(t);
  const ofd = zip({ 'OFD.xml': '<?xml version="1.0"?><ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016" Version="1.1"/>', 'Doc_0/Document.xml': '<x/>' });
  s.at('皖政地〔2020〕123号.ofd', ofd);
  s.at('a 皖政地〔2020〕123号.ofd', zip({ 'Doc_0/OFD.xml': '<x/>' }));
  s.at('b 皖政地〔2020〕123号.ofd', ofd.subarray(0, -30));
  s.at('c 皖政地〔2020〕123号.pdf', ofd);
  const done = s.attach();
  assert.deepEqual(s.counts(done), [1, 1, 0, 3]);
  assert.deepEqual(s.sql(attachments).map((row) => [row.name, row.media_type, row.pages]), [['皖政地〔2020〕123号.ofd', 'application/ofd', 0]]);
  assert.match(reason(done, 'a 皖政地〔2020〕123号.ofd'), /is a ZIP and no OFD/);
  assert.match(reason(done, 'b 皖政地〔2020〕123号.ofd'), /OFD that is cut off/);
  assert.match(reason(done, 'c 皖政地〔2020〕123号.pdf'), /is called a PDF and is a OFD/);
});

test('who sees a file is said in words that there are', (t) => {
  const s = archive(t);
  s.at('皖政地〔2020〕123号.pdf');
  const wrong = s.run('attach', s.store, 'approval', '扫描', '--audience', 'everyone');
  assert.equal(s.run('attach', s.store, 'approval', '扫描', '--audience', 'public').code, 2, 'more see them than the catalogue says by nothing else than the catalogue');
  assert.deepEqual([wrong.code, /--audience everyone: it is one of public, group, request, staff, never/.test(wrong.stderr)], [2, true]);
  const done = s.run('attach', s.store, 'approval', '扫描', '--audience', 'never', '--batch', '三月批复');
  assert.match(done.stdout, /batch \d+ is staged: publish it with dikuai-ingest publish .* \d+\n/);
  assert.deepEqual(s.sql('select audience, born, died from dikuai_attachment'), [{ audience: 4, born: 0, died: 0 }]);
  assert.deepEqual(s.sql("select title, state, rows from dikuai_batch where title='三月批复'"), [{ title: '三月批复', state: 'staged', rows: 1 }]);
});

test('TIFFs as libtiff writes them, with their pages', (t) => {
  const s = archive(t);
  s.write('dot.csv', 'x,y,z\n0,0,1\n1,0,2\n0,1,3\n1,1,4\n');
  const write = (name, ...options) => execFileSync('gdal_translate', ['-q', '-ot', 'Byte', '-of', 'GTiff', ...options, s.path('dot.csv'), s.path(name)]);
  write('扫描/皖政地〔2020〕123号.tif');
  write('扫描/皖政地〔2020〕124号.tiff', '-co', 'BIGTIFF=YES', '-co', 'COMPRESS=DEFLATE');
  write('扫描/国土资函〔2013〕620号.tif');
  for (const resample of [1, 2]) write('扫描/国土资函〔2013〕620号.tif', '-co', 'APPEND_SUBDATASET=YES', '-outsize', String(resample * 100) + '%', '100%');
  const done = s.attach();
  assert.deepEqual(s.counts(done), [0, 3, 0, 0], JSON.stringify(done.json));
  assert.deepEqual(s.sql(attachments).map((row) => [row.name, row.media_type, row.pages]),
    [['国土资函〔2013〕620号.tif', 'image/tiff', 3], ['皖政地〔2020〕123号.tif', 'image/tiff', 1], ['皖政地〔2020〕124号.tiff', 'image/tiff', 1]]);
});

test('the same again changes nothing; the same bytes under another name are one document; a dry run keeps nothing', (t) => {
  const s = archive(t);
  s.at('皖政地〔2020〕123号.pdf', pdf('one'));
  assert.deepEqual(s.counts(s.attach('扫描', '--dry-run')), [0, 1, 0, 0]);
  assert.deepEqual([s.sql(attachments), existsSync(`${s.store}.documents`)], [[], false]);
  assert.deepEqual(s.counts(s.attach()), [0, 1, 0, 0]);
  const before = s.sql('select * from dikuai_attachment');
  assert.deepEqual(s.counts(s.attach()), [0, 0, 1, 0]);
  renameSync(s.path('扫描/皖政地〔2020〕123号.pdf'), s.path('扫描/新名 皖政地〔2020〕123号.pdf'));
  assert.deepEqual(s.counts(s.attach('扫描', '扫描')), [0, 0, 2, 0]);
  assert.deepEqual(s.sql('select * from dikuai_attachment'), before);
  s.at('皖政地〔2020〕124号.pdf', pdf('one')); // one scan for two approvals
  assert.deepEqual(s.counts(s.attach()), [0, 1, 1, 0]);
  assert.equal(s.sql('select * from dikuai_document').length, 1);
  assert.deepEqual(s.counts(s.attach('扫描', '--dry-run')), [0, 0, 2, 0]);
});

test('documents stay with their row when it is withdrawn and loaded again; a staged row takes some too', (t) => {
  const s = archive(t);
  s.at('皖政地〔2020〕123号.pdf');
  assert.equal(s.attach().code, 0);
  assert.equal(s.run('withdraw', s.store, '1', '--reason', '更正').code, 0);
  s.at('皖政地〔2020〕124号.pdf');
  assert.match(reason(s.attach(), '124号.pdf'), /no row of approval has/);
  assert.equal(s.load('approval', 'approvals.csv').code, 0);
  assert.deepEqual(s.counts(s.attach()), [0, 1, 1, 0]);
});

test('check finds documents that are gone or changed, and attaching again puts them back', (t) => {
  const s = archive(t);
  const one = s.at('皖政地〔2020〕123号.pdf'), two = s.at('皖政地〔2020〕124号.pdf');
  s.attach();
  const place = (path) => { const digest = sha256(readFileSync(path)); return `${s.store}.documents/${digest.slice(0, 2)}/${digest.slice(2)}`; };
  rmSync(place(one));
  const bytes = readFileSync(two);
  bytes[20] ^= 1;
  chmodSync(place(two), 0o600);
  writeFileSync(place(two), bytes);
  const found = s.run('check', s.store, '--json');
  assert.equal(found.code, 1);
  assert.equal(found.json.findings, 2);
  assert.match(found.json.sentences.join('\n'), /\.documents\/[0-9a-f]{2}\/[0-9a-f]{62}: is missing; restore it/);
  assert.match(found.json.sentences.join('\n'), /is damaged: its bytes are not those of its name/);
  rmSync(place(two));
  assert.deepEqual(s.counts(s.attach()), [0, 0, 2, 0]);
  assert.equal(s.run('check', s.store).code, 0);
});

test('killed in the middle, it is sound, and the next run attaches the rest', async (t) => {
  const s = archive(t);
  const filler = 'x'.repeat(1 << 13), n = 150; // many small ones: what takes time is making each sure
  for (let i = 0; i < n; i++) s.at(`皖政地〔2020〕123号/${String(i).padStart(3, '0')}.pdf`, pdf(`${i}${filler}`));
  const child = spawn(program, ['attach', s.store, 'approval', s.path('扫描')], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const files = () => (existsSync(`${s.store}.documents`) ? readdirSync(`${s.store}.documents`, { recursive: true }).length : 0);
  while (files() < 6 && child.exitCode === null) await sleep(5);
  child.kill('SIGKILL');
  const [, signal] = await ended;
  assert.equal(signal, 'SIGKILL');
  const before = s.sql('select count(*) n from dikuai_attachment')[0].n;
  assert.ok(before > 0 && before < n, `${before}`);
  assert.equal(s.run('check', s.store).code, 0);
  assert.deepEqual(s.counts(s.attach()), [0, n - before, before, 0]);
  assert.equal(readdirSync(`${s.store}.documents`).includes('incoming'), false);
  assert.equal(readdirSync(`${s.store}.documents`, { recursive: true }).filter((name) => name.includes('/')).length, n);
  assert.equal(s.run('check', s.store).code, 0);
});

const published = (s) => s.sql("select id, state from dikuai_batch where exists (select 1 from dikuai_attachment where batch=dikuai_batch.id) order by id").map((b) => b.state);

test('killed before it published, it is taken up by the same command', async (t) => {
  const s = archive(t);
  const filler = 'x'.repeat(1 << 13), n = 150;
  for (let i = 0; i < n; i++) s.at(`皖政地〔2020〕123号/${String(i).padStart(3, '0')}.pdf`, pdf(`${i}${filler}`));
  const child = spawn(program, ['attach', s.store, 'approval', s.path('扫描'), '--publish'], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const files = () => (existsSync(`${s.store}.documents`) ? readdirSync(`${s.store}.documents`, { recursive: true }).length : 0);
  while (files() < 6 && child.exitCode === null) await sleep(5);
  child.kill('SIGKILL');
  assert.equal((await ended)[1], 'SIGKILL');
  assert.deepEqual(published(s), ['staged']);
  const again = s.attach('扫描', '--publish');
  assert.deepEqual([again.code, again.json.attached + again.json.unchanged], [0, n], again.stderr);
  assert.deepEqual(published(s), ['published', 'published']);
  assert.deepEqual(s.sql('select count(*) n, min(born) > 0 seen from dikuai_attachment'), [{ n, seen: 1 }]);
  assert.equal(s.run('check', s.store).code, 0);
  assert.equal(s.attach('扫描', '--publish').json.taken_up, undefined);
});

test('only the same attach is taken up: of all its files, by the same person, for the same audience, with --publish', (t) => {
  const s = archive(t);
  const one = s.at('皖政地〔2020〕123号.pdf', pdf('one'));
  s.at('皖政地〔2020〕124号.pdf', pdf('two'));
  // All is attached, and what comes then fails.
  s.sql("CREATE TRIGGER no_room BEFORE INSERT ON dikuai_generation BEGIN SELECT RAISE(FAIL,'no room'); END");
  assert.equal(s.attach('扫描', '--publish', '--actor', '张三').code, 1);
  s.sql('DROP TRIGGER no_room');
  assert.deepEqual(published(s), ['staged']);
  for (const other of [['扫描'], ['扫描', '--actor', '张三'], ['扫描', '--publish', '--actor', '李四'], [one, '--publish', '--actor', '张三'],
    ['扫描', '--publish', '--actor', '张三', '--audience', 'staff']]) {
    const done = s.attach(...other), code = other.includes('--publish') ? 1 : 0;
    assert.deepEqual([done.code, done.json.attached, done.json.taken_up, published(s).join()], [code, 0, undefined, 'staged'], other.join(' '));
    assert.equal(done.json.unchanged_staged, other[0] === one ? 1 : 2);
    if (code) assert.match(done.stderr, /files are not published: they are in batch 2, which an earlier attach staged/);
  }
  const fewer = s.attach('扫描', '--audience', 'never');
  assert.deepEqual([fewer.code, fewer.json.left.length], [1, 2]);
  assert.match(reason(fewer, '123号.pdf'), /^is attached already for the audience staff, and not for never alone; withdraw the batch that attached it/);
  const again = s.run('attach', s.store, 'approval', '扫描', '扫描', '--publish', '--actor', '张三');
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /batch (\d+) is of the same files and was to be published when attaching it was interrupted; that was taken up again, in generation \d+/);
  assert.deepEqual(published(s), ['published']);
  // The same file twice in one command makes one batch, which is published once.
  s.at('国土资函〔2013〕620号.pdf', pdf('three'));
  const twice = s.attach('扫描', '扫描', '--publish');
  assert.deepEqual([twice.code, twice.json.attached, twice.json.taken_up], [0, 1, undefined], twice.stderr);
});

test('asked to stop, it says how far it came', async (t) => {
  const s = archive(t);
  const filler = 'y'.repeat(1 << 18);
  for (let i = 0; i < 40; i++) s.at(`皖政地〔2020〕123号/${i}.pdf`, pdf(`${i}${filler}`));
  const child = spawn(program, ['attach', s.store, 'approval', s.path('扫描')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data) => { said += data; });
  const ended = once(child, 'close');
  while (!existsSync(`${s.store}.documents`) && child.exitCode === null) await sleep(5);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [1, null]);
  assert.match(said, /interrupted after \d+ of 40 files; what is attached stays, run it again for the rest/);
});

test('a copy that cannot be written ends the run, keeps what is attached and leaves no half of it', (t) => {
  const s = archive(t);
  s.at('1 皖政地〔2020〕123号.pdf');
  s.at('2 皖政地〔2020〕123号.pdf', pdf('z'.repeat(3 << 20)));
  s.at('3 皖政地〔2020〕123号.pdf');
  const limited = spawnSync('bash', ['-c', 'trap "" XFSZ; ulimit -f 2048; exec "$@"', 'bash', program, 'attach', s.store, 'approval', s.path('扫描')], { encoding: 'utf8' });
  assert.equal(limited.status, 1);
  assert.match(limited.stderr, /store\.gpkg\.documents: cannot be written: File too large/);
  assert.match(limited.stdout, /approval: 3 files, 1 attached, 0 unchanged, 0 left/);
  assert.equal(readdirSync(`${s.store}.documents`, { recursive: true }).filter((name) => name.includes('/') || name === 'incoming').length, 1);
  assert.equal(s.run('check', s.store).code, 0);
  assert.deepEqual(s.counts(s.attach()), [0, 2, 1, 0]);
});

test('wrong usage and what is not there', (t) => {
  const s = archive(t);
  assert.equal(s.run('attach', s.store, 'approval').code, 2);
  for (const [args, sentence] of [[['nothing', '扫描'], /nothing: the catalogue has no layer or record of that name/],
    [['approval', '没有'], /没有: there is no such file or folder/],
    [['compensation', '扫描'], /compensation: has no field of type approval_no/],
    [['approval', '扫描', '--key', '皖政地〔2020〕123号之一'], /--key 皖政地〔2020〕123号之一: there is no such row of approval/],
    [['approval', '扫描', '--key', '皖政地〔2020〕9号'], /--key 皖政地〔2020〕9号: there is no such row of approval/]]) {
    const done = s.run('attach', s.store, ...args);
    assert.equal(done.code, 1);
    assert.match(done.stderr, sentence);
  }
  assert.deepEqual(s.counts(s.attach()), [0, 0, 0, 0]);
  s.at('批复.pdf'); // 〔〕 are on no keyboard
  assert.deepEqual(s.counts(s.attach('扫描', '--key', '皖政地(2020)123')), [0, 1, 0, 0]);
  assert.deepEqual(s.sql('select key from dikuai_attachment'), [{ key: '皖政地〔2020〕123号' }]);
});

test('the folder of documents is no source of scans, and a folder that cannot be written ends the run', (t) => {
  const s = archive(t);
  s.at('皖政地〔2020〕123号.pdf');
  assert.equal(s.attach().code, 0);
  assert.deepEqual(s.counts(s.attach('扫描', `${s.store}.documents`)), [0, 0, 1, 0]);
  rmSync(`${s.store}.documents`, { recursive: true });
  writeFileSync(`${s.store}.documents`, 'a file in its place');
  const done = s.attach();
  assert.equal(done.code, 1);
  assert.match(done.json.error, /store\.gpkg\.documents: cannot be opened/);
});
