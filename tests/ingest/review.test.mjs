// From staged to published: personal data stops a batch until someone says why it may be seen, a review is made by whom
// the catalogue asks for, a batch is published when its time has come, and nothing is withdrawn without a reason.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import test from 'node:test';
import { catalogue, scene } from './helpers.mjs';
import { pdf } from './scans.mjs';

// The examples of GB 11643-1999, and numbers with nobody behind them.
const ID = '440524188001010014', MOBILE = '13800000000';

const withRemark = catalogue.replace('  - name: compensation', `  - name: memo
    title: 备忘
    key: {field: id}
    fields:
      - {name: id, title: 编号, type: text, audience: public, required: true}
      - {name: remark, title: 备注, type: text, audience: public}
      - {name: tel, title: 电话, type: integer, audience: public}
      - {name: hidden, title: 内部备注, type: text, audience: staff}
      - {name: never, title: 身份证号, type: text}
  - name: compensation`);
const asked = (more) => `${withRemark}publication: {review: required${more}}\n`;

const memos = (s, name, rows) => s.write(name, ['id,remark,tel,hidden,never', ...rows].join('\n') + '\n');
const dirty = (s) => memos(s, 'memos.csv', [`M1,没有,,${MOBILE},${ID}`, `M2,"户主身份证４４０５２４ 1880-0101 0014",,,`, `M3,"${MOBILE}、13900000000",,,`,
  'M4,合同1234567890123456号,,,', `M5,,${MOBILE},,`]);
const masked = ['44**************14', '13*******00'];

// What is kept, printed or written anywhere in the folder but in the rows themselves.
function leaks(s, texts) {
  for (const text of texts) assert.ok(!text.includes(ID) && !text.includes(MOBILE) && !text.includes('13900000000'), text);
  const kept = execFileSync('sqlite3', [s.store, 'select * from dikuai_finding; select * from dikuai_act; select * from dikuai_note'], { encoding: 'utf8' });
  assert.ok(!kept.includes(MOBILE) && !kept.includes(ID));
}

test('personal data in public fields stops a publication until each place is justified', (t) => {
  const s = scene(t, withRemark);
  const done = s.load('memo', dirty(s), '--publish');
  assert.equal(done.code, 1);
  assert.match(done.json.error, /batch 1 holds what looks like personal data where the public would see it, in 4 places; the first: memos\.csv, row 3, remark \(备注\): 身份证号 44\*{14}14/);
  assert.equal(s.batches()[0].state, 'staged');
  assert.match(done.json.notes.join(), /4 places look like personal data/);

  const review = s.run('review', s.store, '1');
  assert.equal(review.code, 1);
  assert.deepEqual(review.stdout.trim().split('\n'), ['memos.csv, row 3, M2: remark (备注), character 6: 身份证号 44**************14',
    'memos.csv, row 4, M3: remark (备注), character 1: 手机号 13*******00', 'memos.csv, row 4, M3: remark (备注), character 13: 手机号 13*******00',
    'memos.csv, row 6, M5: tel (电话), character 1: 手机号 13*******00']);
  leaks(s, [done.stdout, done.stderr, review.stdout, review.stderr]);

  const partly = s.run('publish', s.store, '1', '--justify', 'remark:3=当事人同意', '--justify', 'tel=单位公开电话', '--json');
  assert.equal(partly.code, 1);
  assert.match(partly.json.error, /in 2 places/);
  const wrong = s.run('publish', s.store, '1', '--justify', 'remarks=当事人同意', '--json');
  assert.match(wrong.json.error, /--justify remarks: it begins with a field of memo, or is all/);
  for (const reason of ['', '  ', `电话${MOBILE}是公开的`]) {
    const refused = s.run('review', s.store, '1', '--justify', `remark=${reason}`, '--json');
    assert.equal(refused.code, 1);
    assert.match(refused.json.error, reason.trim() ? /the reason holds personal data itself \(手机号 13\*{7}00\)/ : /--justify TEXT is needed/);
  }
  const report = s.path('findings.json');
  const last = s.run('review', s.store, '1', '--justify', 'remark:M3=已公示', '--actor', '李审核', '--report', report, '--json');
  assert.equal(last.code, 0, last.stderr);
  assert.deepEqual([last.json.strong, last.json.weak, last.json.justified], [0, 0, 4]);
  const findings = JSON.parse(s.read('findings.json')).findings;
  assert.deepEqual(findings.map((f) => [f.row, f.key, f.field, f.kind, f.justified, f.by]), [
    [3, 'M2', 'remark', 'id_number', 'remark:3: 当事人同意', userInfo().username], [4, 'M3', 'remark', 'mobile', 'remark:M3: 已公示', '李审核'],
    [4, 'M3', 'remark', 'mobile', 'remark:M3: 已公示', '李审核'], [6, 'M5', 'tel', 'mobile', 'tel: 单位公开电话', userInfo().username]]);
  leaks(s, [s.read('findings.json')]);
  assert.equal(statSync(report).mode & 0o077, 0); // it says in which rows somebody's number stands
  assert.equal(s.run('publish', s.store, '1').code, 0);
});

test('a load may say why at once, and a field that the public does not see needs no reason', (t) => {
  const s = scene(t, withRemark);
  assert.equal(s.load('memo', memos(s, 'quiet.csv', [`M1,没有,,${MOBILE},${ID}`]), '--publish').code, 0);
  const done = s.load('memo', memos(s, 'loud.csv', [`M2,${MOBILE},,,`]), '--publish', '--justify', 'all=测试');
  assert.equal(done.code, 0, done.stderr);
  const dry = s.load('memo', memos(s, 'dry.csv', [`M3,${MOBILE},,,`]), '--dry-run');
  assert.match(dry.json.notes.join(), /1 places? look like personal data/);
  assert.equal(execFileSync('sqlite3', [s.store, 'select count(*) from dikuai_finding'], { encoding: 'utf8' }).trim(), '1');
});

test('a review looks at what is not sure, too, and nothing is published without one where the catalogue asks for it', (t) => {
  const s = scene(t, asked(''));
  const early = s.load('memo', memos(s, 'a.csv', ['M1,车牌皖L12345,,,']), '--publish');
  assert.equal(early.code, 1);
  assert.match(early.json.error, /batch 1 is not reviewed, and the catalogue asks for it; see dikuai-ingest review/);
  const review = s.run('review', s.store, '1', '--approve', '--json');
  assert.equal(review.code, 1);
  assert.match(review.json.error, /in 1 place; the first: a\.csv, row 2, remark \(备注\): 车牌号 皖\*\*\*\*45/);
  assert.equal(s.run('review', s.store, '1', '--justify', 'remark=公务车', '--approve').code, 0);
  assert.deepEqual([s.batches()[0].state, s.batches()[0].reviewed_by], ['reviewed', userInfo().username]);
  assert.equal(s.run('publish', s.store, '1').code, 0);
  assert.match(s.run('review', s.store, '1', '--json').json.error, /batch 1 is published already: only a staged batch is reviewed/);

  s.load('memo', memos(s, 'b.csv', ['B2,,,,']));
  assert.equal(s.run('review', s.store, '2', '--reject').code, 2);
  for (const wrong of [['--reject'], ['--reject', '--reason', ''], ['--approve', '--reason', '无误'], ['--report', 'x.json.html']])
    assert.equal(s.run('review', s.store, '2', ...wrong).code, 2, wrong.join(' '));
  assert.equal(s.run('review', s.store, '2', '--reject', '--reason', '坐标待核').code, 0);
  assert.deepEqual([s.batches()[1].state, s.batches()[1].reason], ['rejected', '坐标待核']);
  assert.match(s.run('publish', s.store, '2', '--json').json.error, /batch 2 was rejected by .*: 坐标待核; withdraw it, or review it again/);
  assert.equal(s.run('review', s.store, '2', '--approve').code, 0);
  assert.equal(s.run('publish', s.store, '2').code, 0);
});

test('a long name is one name, and is kept whole', (t) => {
  const s = scene(t, asked(', two_persons: names')), long = '县自然资源和规划局征地科行政审批股科员张三办'.repeat(2).slice(0, 33);
  s.load('memo', memos(s, 'a.csv', ['B1,,,,']));
  assert.equal(s.run('review', s.store, '1', '--approve', '--actor', long).code, 0);
  assert.match(s.run('publish', s.store, '1', '--actor', long, '--json').json.error, /asks for another person to publish it/);
  for (const bad of ['', ' 张三', '张三 ', '张\n三', `${long}甲`])
    assert.match(s.run('publish', s.store, '1', '--actor', bad).stderr, /--actor: a name is UTF-8 of 1 to 100 bytes/);
  const added = s.run('token', s.store, 'add', '--name', long, '--audience', 'staff', '--scope', '*', '--role', 'publish', '--json');
  chmodSync(s.write('long.token', `${added.json.token}\n`), 0o600);
  assert.match(s.run('publish', s.store, '1', '--token', s.path('long.token'), '--json').json.error, /asks for another person/);
  assert.equal(s.run('review', s.store, '1', '--approve', '--actor', '李审').code, 0);
  assert.equal(s.run('publish', s.store, '1', '--token', s.path('long.token')).code, 0);
  assert.equal(s.run('generations', s.store, '--json').json.generations.at(-1).account, `token:${long}`);
});

test('a new catalogue that shows more asks for another review of what waits', (t) => {
  const yaml = asked(''), s = scene(t, yaml);
  const change = (name, from, to) => {
    const done = s.run('catalogue', s.store, s.write(name, yaml.replace(from, to)), '--json');
    assert.equal(done.code, 0, done.stderr);
    return done.json.lapsed_reviews;
  };
  s.load('memo', memos(s, 'a.csv', [`B1,,,${MOBILE},`]));
  s.load('memo', memos(s, 'b.csv', ['B2,,,,']));
  assert.equal(s.run('review', s.store, '1', '--approve').code, 0);
  const hidden = '内部备注, type: text, audience: staff';
  assert.equal(change('title.yaml', '内部备注, ', '内部的备注, '), 0);
  assert.equal(change('less.yaml', '备注, type: text, audience: public', '备注, type: text, audience: group'), 0);
  assert.equal(s.batches()[0].state, 'reviewed');
  assert.equal(change('more.yaml', hidden, hidden.replace('staff', 'public')), 1);
  assert.deepEqual([s.batches()[0].state, s.batches()[0].reviewed_by], ['staged', null]);
  const refused = s.run('publish', s.store, '1', '--justify', 'all=单位公开电话', '--json');
  assert.equal(refused.code, 1);
  assert.match(refused.json.error, /batch 1 was reviewed before the catalogue showed more of it; review it again/);
  assert.equal(s.run('review', s.store, '1', '--justify', 'hidden=单位公开电话', '--approve').code, 0);
  assert.equal(change('masked.yaml', hidden, hidden.replace('audience: staff', 'audience: staff, mask: {public: hidden}')), 0);
  assert.equal(s.run('publish', s.store, '1').code, 0);
});

test('who has reviewed does not publish where two persons are asked for', (t) => {
  for (const mode of ['names', 'accounts']) {
    const s = scene(t, asked(`, two_persons: ${mode}`));
    s.load('memo', memos(s, 'a.csv', ['B1,,,,']));
    assert.equal(s.run('review', s.store, '1', '--approve', '--actor', '张审').code, 0);
    const same = s.run('publish', s.store, '1', '--actor', '张审', '--json');
    assert.match(same.json.error, /was reviewed by 张审; the catalogue asks for another person to publish it/);
    const other = s.run('publish', s.store, '1', '--actor', '李发', '--json');
    if (mode === 'names') assert.equal(other.code, 0, other.stderr);
    else assert.match(other.json.error, new RegExp(`was reviewed under the account user:${userInfo().username}, which is yours, too`));
    if (mode === 'names') { // anyone can type a name, so the account is kept with it
      const acts = execFileSync('sqlite3', [s.store, "select act,actor,account from dikuai_act where act in ('approved','published') order by id"], { encoding: 'utf8' });
      assert.equal(acts, `approved|张审|user:${userInfo().username}\npublished|李发|user:${userInfo().username}\n`);
    }
  }
});

test('where two tokens are asked for, nobody reviews or publishes in another name', (t) => {
  const s = scene(t, asked(', two_persons: tokens'));
  const secret = (name, text) => {
    const path = s.write(name, text);
    chmodSync(path, 0o600);
    return path;
  };
  const token = (name, scope, ...roles) => {
    const added = s.run('token', s.store, 'add', '--name', name, '--audience', roles.length > 0 ? 'staff' : 'group', '--scope', scope,
      ...roles.flatMap((role) => ['--role', role]), '--json');
    assert.equal(added.code, 0, added.stderr);
    return secret(`${name}.token`, `${added.json.token}\n`);
  };
  const reviewer = token('张审', '*', 'review'), publisher = token('李发', '*', 'publish'), both = token('王全', '*', 'review', 'publish');
  const county = token('县里', '341321', 'review', 'publish'), member = token('村民', '341321100001');
  s.load('memo', memos(s, 'a.csv', ['B1,,,,']));
  const says = (pattern, ...words) => {
    const done = s.run(...words, '--json');
    assert.equal(done.code, 1, done.stdout);
    assert.match(done.json.error, pattern);
  };
  says(/who reviews to prove who they are: give --token FILE/, 'review', s.store, '1', '--approve', '--actor', '张审');
  says(/who reviews to prove/, 'review', s.store, '1', '--reject', '--reason', '待核');
  says(/the token of 李发 may not review: it was added without --role review/, 'review', s.store, '1', '--approve', '--token', publisher);
  says(/the token of 村民 may not review/, 'review', s.store, '1', '--approve', '--token', member);
  says(/the token of 县里 is for division 341321, and batch 1 is not wholly within it/, 'review', s.store, '1', '--approve', '--token', county);
  says(/nothing in it/, 'review', s.store, '1', '--approve', '--token', secret('empty.token', ''));
  says(/no token, or one that was mistyped/, 'review', s.store, '1', '--approve', '--token', secret('wrong.token', s.read('张审.token').replace(/..\n/, 'xx\n')));
  const open = s.write('open.token', s.read('张审.token'));
  chmodSync(open, 0o640);
  says(/others may read it/, 'review', s.store, '1', '--approve', '--token', open);
  assert.equal(s.run('review', s.store, '1', '--approve', '--token', reviewer, '--actor', '李发').code, 2);
  assert.equal(s.run('review', s.store, '1', '--approve', '--token', both).code, 0);

  says(/who publishes to prove/, 'publish', s.store, '1', '--actor', '李发');
  says(/who publishes to prove/, 'publish', s.store, '1', '--at', '2099-01-01T09:00+08:00');
  says(/the token of 张审 may not publish or withdraw/, 'publish', s.store, '1', '--token', reviewer);
  says(/was reviewed by 王全; the catalogue asks for another person/, 'publish', s.store, '1', '--token', both);
  assert.equal(s.run('token', s.store, 'revoke', '李发').code, 0);
  says(/no such token is good for this store; it may have ended or been revoked/, 'publish', s.store, '1', '--token', publisher);
  const next = token('赵发', '*', 'publish');
  const fed = spawnSync(process.env.DK_INGEST, ['publish', s.store, '1', '--token', '-', '--json'], { input: s.read('赵发.token'), encoding: 'utf8' });
  assert.equal(fed.status, 0, fed.stderr);
  assert.ok(!`${fed.stdout}${fed.stderr}`.includes('dk_'));
  assert.equal(s.run('withdraw', s.store, '1', '--reason', '有误', '--token', next).code, 0);
  const acts = execFileSync('sqlite3', [s.store, "select act,actor,account from dikuai_act where act!='loaded' order by id"], { encoding: 'utf8' });
  assert.equal(acts, 'approved|王全|token:王全\npublished|赵发|token:赵发\nwithdrawn|赵发|token:赵发\n');
  assert.ok(s.run('token', s.store, 'list', '--json').json.tokens.find((one) => one.name === '赵发').last_used !== null);
});

test('a token reviews and publishes what lies in its divisions', (t) => {
  const s = scene(t, withRemark);
  const added = s.run('token', s.store, 'add', '--name', '镇上', '--audience', 'staff', '--scope', '341321101', '--role', 'review', '--role', 'publish', '--json');
  const file = s.write('镇上.token', added.json.token);
  chmodSync(file, 0o600);
  const plots = (name, ...rows) => s.write(name, JSON.stringify({ type: 'FeatureCollection', features: rows.map(([id, division], i) => ({ type: 'Feature',
    properties: { id, division }, geometry: { type: 'Polygon', coordinates: [[[116.3 + i / 100, 34.4], [116.305 + i / 100, 34.4], [116.305 + i / 100, 34.405], [116.3 + i / 100, 34.4]]] } })) }));
  assert.equal(s.load('parcel', plots('own.geojson', ['P1', '341321101200'])).code, 0);
  assert.equal(s.load('parcel', plots('mixed.geojson', ['P2', '341321101200'], ['P3', '341321102203'])).code, 0);
  assert.equal(s.run('review', s.store, '1', '--approve', '--token', file).code, 0);
  const done = s.run('publish', s.store, '1', '--token', file);
  assert.equal(done.code, 0, done.stderr);
  assert.match(s.run('publish', s.store, '2', '--token', file, '--json').json.error, /the token of 镇上 is for division 341321101, and batch 2 is not wholly within it/);
});

test('who has lost the token does not publish at the time that they set', (t) => {
  const s = scene(t, withRemark);
  const add = (...more) => {
    const added = s.run('token', s.store, 'add', '--name', '李发', '--audience', 'staff', '--scope', '*', ...more, '--json');
    chmodSync(s.write('李发.token', added.json.token), 0o600);
  };
  add('--role', 'publish');
  s.load('memo', memos(s, 'a.csv', ['B1,,,,']));
  assert.equal(s.run('publish', s.store, '1', '--at', '2099-01-01T09:00+08:00', '--token', s.path('李发.token')).code, 0);
  assert.equal(s.run('token', s.store, 'revoke', '李发').code, 0);
  execFileSync('sqlite3', [s.store, "update dikuai_schedule set due='2020-01-01T00:00:00Z'"]);
  const due = () => s.run('publish', s.store, '--due', '--json').json;
  assert.match(due().failed[0].error, /batch 1: the token of 李发, who set its time, has ended or was revoked; whose token is good sets it again, or takes it back with --at never/);
  assert.equal(s.batches()[0].overdue, true);
  add('--role', 'review');
  assert.match(due().failed[0].error, /the token of 李发 may not publish or withdraw: it was added without --role publish/);
  assert.equal(s.run('token', s.store, 'revoke', '李发').code, 0);
  add('--role', 'publish');
  assert.deepEqual(due().published, [{ batch: 1, generation: 1 }]);
  assert.deepEqual(s.run('generations', s.store, '--json').json.generations.at(-1).account, 'token:李发');
});

test('a batch is published when its time has come, and shown as overdue until then', async (t) => {
  const s = scene(t, withRemark);
  for (const [n, id] of [[1, 'B1'], [2, 'B2'], [3, 'B3']]) s.load('memo', memos(s, `${n}.csv`, [`${id},,,,`]));
  for (const time of ['2026-12-01', '2026-12-01T09:00', '2026-13-01T09:00+08:00', '2026-12-01T24:00Z', '明天', '2026-12-01T09:00+8'])
    assert.equal(s.run('publish', s.store, '1', '--at', time).code, 2, time);
  assert.match(s.run('publish', s.store, '1', '--at', '2001-01-01T00:00Z', '--json').json.error, /is over; leave --at out/);
  assert.deepEqual(s.run('publish', s.store, '1', '--at', '2099-01-01T09:00+08:00', '--json').json, { batch: 1, due: '2099-01-01T01:00:00Z', error: null });
  assert.equal(s.run('publish', s.store, '2', '--at', '2099-01-01T09:00:30-03:30', '--actor', '王定').code, 0);
  assert.deepEqual(s.batches().map((b) => [b.due, b.overdue, b.state]), [['2099-01-01T01:00:00Z', false, 'staged'], ['2099-01-01T12:30:30Z', false, 'staged'], [null, false, 'staged']]);
  assert.equal(s.run('publish', s.store, '1', '--at', 'never').code, 0);
  assert.match(s.run('publish', s.store, '1', '--at', 'never', '--json').json.error, /batch 1 is not scheduled/);
  assert.deepEqual(s.run('publish', s.store, '--due', '--json').json, { published: [], failed: [], error: null });
  // years pass
  execFileSync('sqlite3', [s.store, "update dikuai_schedule set due='2020-01-01T00:00:00Z'"]);
  assert.equal(s.batches()[1].overdue, true);
  assert.match(s.run('batches', s.store).stdout, /2 +memo +overdue .*was due at 2020-01-01T00:00:00Z/);
  assert.deepEqual(s.run('publish', s.store, '--due', '--json').json, { published: [{ batch: 2, generation: 1 }], failed: [], error: null });
  assert.deepEqual(s.batches().map((b) => [b.state, b.due]), [['staged', null], ['published', null], ['staged', null]]);
  // without a timer: wait for it
  const soon = new Date(Date.now() + 2500).toISOString().replace(/\.\d+/, '');
  const waited = s.run('publish', s.store, '3', '--at', soon, '--wait', '--json');
  assert.equal(waited.code, 0, waited.stderr);
  assert.deepEqual(waited.json.published, [{ batch: 3, generation: 2 }]);
  // another process writes meanwhile
  s.load('memo', memos(s, '4.csv', ['B4,,,,']));
  assert.equal(s.run('publish', s.store, '4', '--at', new Date(Date.now() + 2500).toISOString().replace(/\.\d+/, '')).code, 0);
  const writer = spawn('flock', [`${s.store}-lock`, 'sleep', '3.5']);
  await new Promise((resolve) => { setTimeout(resolve, 300); });
  assert.match(s.run('publish', s.store, '--due', '--json').json.error, /another|busy|writ/);
  const patient = s.run('publish', s.store, '--due', '--wait', '--json');
  assert.deepEqual(patient.json.published, [{ batch: 4, generation: 3 }], patient.stderr);
  writer.kill();
  const generations = s.run('generations', s.store, '--json').json.generations.slice(0, 3);
  assert.deepEqual(generations.map((g) => [g.generation, g.action, g.batch, g.actor]), [[0, 'create', null, null], [1, 'publish', 2, '王定'], [2, 'publish', 3, userInfo().username]]);
  assert.ok(Date.parse(generations[2].at) >= Date.parse(soon));
});

test('what is due and cannot be published says so each time, and does not hold up the rest', (t) => {
  const s = scene(t, asked(', two_persons: names'));
  s.load('memo', memos(s, '1.csv', ['B1,,,,']));
  s.load('memo', memos(s, '2.csv', ['B2,,,,']));
  for (const n of ['1', '2']) assert.equal(s.run('publish', s.store, n, '--at', '2099-01-01T09:00Z', '--actor', '张定').code, 0);
  s.run('review', s.store, '1', '--approve', '--actor', '张定');
  s.run('review', s.store, '2', '--approve', '--actor', '李审');
  execFileSync('sqlite3', [s.store, "update dikuai_schedule set due='2020-01-01T00:00:00Z'"]);
  const due = s.run('publish', s.store, '--due', '--json');
  assert.equal(due.code, 1);
  assert.deepEqual(due.json.published, [{ batch: 2, generation: 1 }]);
  assert.match(due.json.failed[0].error, /reviewed by 张定; the catalogue asks for another person/);
  assert.equal(s.batches()[0].overdue, true);
});

test('nothing is withdrawn without a reason, and the reason is shown', (t) => {
  const s = scene(t, withRemark);
  s.load('memo', memos(s, '1.csv', ['B1,,,,']), '--publish');
  assert.equal(s.run('withdraw', s.store, '1').code, 2);
  assert.match(s.run('withdraw', s.store, '1').stderr, /withdraw: why\? Say --reason TEXT; it is kept and shown/);
  assert.match(s.run('withdraw', s.store, '1', '--reason', ' ', '--json').json.error, /--reason TEXT is needed/);
  assert.equal(s.run('withdraw', s.store, '1', '--reason', '面积有误', '--actor', '赵撤').code, 0);
  assert.match(s.run('batches', s.store).stdout, /withdrawn: 面积有误/);
  assert.equal(s.batches()[0].reason, '面积有误');
  const [, , last] = s.run('generations', s.store, '--json').json.generations;
  assert.deepEqual([last.action, last.reason, last.actor, last.account], ['withdraw', '面积有误', '赵撤', `user:${userInfo().username}`]);
  assert.match(s.run('generations', s.store).stdout, /2 .*withdraw .*赵撤 .*面积有误/);
});

test('a mistake in the catalogue about publication is named', (t) => {
  const s = scene(t);
  const bad = (text) => s.run('create', s.path('bad.gpkg'), '--catalogue', s.write('bad.yaml', catalogue + text)).stderr;
  assert.match(bad('publication: {review: optional, two_persons: names}\n'), /publication\.two_persons: without a review there is one person only; write review: required/);
  assert.match(bad('publication: {review: maybe}\n'), /publication\.review: .*optional or required/);
  assert.match(bad('publication: {}\n'), /publication: .*review/);
});

test('the name of a document that the public would see is looked at, too', (t) => {
  const s = scene(t, withRemark.replace('    title: 备忘\n', '    title: 备忘\n    documents: public\n'));
  assert.equal(s.load('memo', memos(s, 'a.csv', ['B1,,,,']), '--publish').code, 0);
  s.write(`申请人${MOBILE}.pdf`, pdf('a'));
  const attached = s.run('attach', s.store, 'memo', s.path(`申请人${MOBILE}.pdf`), '--key', 'B1', '--publish', '--batch', '附件', '--json');
  assert.equal(attached.code, 1);
  assert.match(attached.stderr, /in 1 place; the first: 附件, row 0, document \(附件名称\): 手机号 13\*{7}00/);
  const review = s.run('review', s.store, '2', '--json');
  assert.deepEqual([review.json.strong, review.json.findings[0].key, review.json.findings[0].masked], [1, 'B1', '13*******00']);
  leaks(s, [attached.stderr, review.stdout]);
  assert.equal(s.run('publish', s.store, '2', '--justify', 'document:B1=本人同意公开').code, 0);
  // for staff alone it may have any name
  s.write(`内部${MOBILE}.pdf`, pdf('b'));
  assert.equal(s.run('attach', s.store, 'memo', s.path(`内部${MOBILE}.pdf`), '--key', 'B1', '--audience', 'staff', '--publish').code, 0);
});
