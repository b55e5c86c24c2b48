// redact: whatever was unique to a row is in no file of the store afterwards, in no form that it was kept in; the log
// still holds. Oracle: the bytes of the files, as they lie on the disk.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scene } from './helpers.mjs';
import { pdf } from './scans.mjs';

const catalogue = `
title: 测试目录
publisher: 测试
map_approval_no: 无
extent: [114.5, 29.0, 120.0, 35.0]
layers:
  - name: parcel
    title: 征收地块
    geometry: polygon
    key: {field: id}
    division: division
    label: name
    zooms: [6, 16]
    fields:
      - {name: id, title: 地块编号, type: text, audience: public, required: true, tiles: true, search: true}
      - {name: name, title: 地块名称, type: text, audience: public, tiles: true, search: true, pinyin: true}
      - {name: division, title: 行政区划代码, type: division, audience: public}
      - {name: owner, title: 户主, type: text, audience: staff, search: true, pinyin: true}
      - {name: id_number, title: 身份证号, type: text}
      - {name: amount, title: 金额, type: number, unit: yuan, audience: staff}
      - {name: paid, title: 付清, type: text, audience: public, values: [已付, 部分, 未付], linked: {field: payment.paid_on, as: state}}
records:
  - name: payment
    title: 补偿
    key: {field: id}
    date: paid_on
    fields:
      - {name: id, title: 编号, type: text, audience: public, required: true, search: true}
      - {name: parcel, title: 地块, type: text, audience: public, required: true}
      - {name: paid_on, title: 支付日期, type: date, audience: public}
      - {name: note, title: 备注, type: text, audience: public, search: true}
links:
  - from: payment
    to: parcel
    on:
      - match: {parcel: key}
divisions:
  - {code: '340100', name: 合肥市}
`;

// An outline that shares no corner and no coordinate with another.
const outline = [[117.31234567, 31.81234567], [117.31334568, 31.81244569], [117.31344571, 31.81354573], [117.31244577, 31.81344579], [117.31234567, 31.81234567]];
const canary = { id: 'JINSIQUE-4711', name: '金丝雀地块独此一处', division: '340100', owner: '欧阳金丝雀', id_number: '340101199001014711', amount: 471147.11 };
const other = (i) => ({ id: `D${String(i).padStart(4, '0')}`, name: `普通地块${i}`, division: '340100', owner: `张户${i}`, id_number: `34010119900101${1000 + i}`, amount: 1000 + i });
const square = (i) => [[117 + 0.002 * (i % 50), 31.5 + 0.002 * Math.floor(i / 50)]].map(([w, s]) => [[w, s], [w + 0.001, s], [w + 0.001, s + 0.001], [w, s + 0.001], [w, s]])[0];
const collection = (features) => JSON.stringify({ type: 'FeatureCollection', features: features.map(([properties, ring]) =>
  ({ type: 'Feature', properties, geometry: { type: 'Polygon', coordinates: [ring] } })) });

const double = (value) => { const bytes = Buffer.alloc(8); bytes.writeDoubleLE(value); return bytes; };
const big = (value) => { const bytes = Buffer.alloc(8); bytes.writeDoubleBE(value); return bytes; };
/** World coordinates of 32 bits, as the cell index has them. */
const world = ([lon, lat]) => [Math.round((lon + 180) / 360 * 2 ** 32), Math.round((1 - Math.asinh(Math.tan(lat * Math.PI / 180)) / Math.PI) / 2 * 2 ** 32)];
const le32 = (value) => { const bytes = Buffer.alloc(4); bytes.writeUInt32LE(value); return bytes; };

/** All in which the row could be recognised: [what, bytes]. */
function traces() {
  const found = [];
  for (const [name, value] of Object.entries(canary)) {
    if (typeof value === 'number') found.push([name, big(value)]); // SQLite's own
    else if (name !== 'division') found.push([name, Buffer.from(value)], [`${name}, UTF-16`, Buffer.from(value, 'utf16le')]);
  }
  // Parts that search knows: three characters in a row, and how they sound.
  found.push(['a gram', Buffer.from('金丝雀')], ['a gram of the key', Buffer.from('ique-471')], ['the sound', Buffer.from('jinsique')], ['folded', Buffer.from('jinsique-4711')]);
  for (const [lon, lat] of outline.slice(0, 4)) {
    found.push(['a longitude', double(lon)], ['a latitude', double(lat)], ['a longitude, big-endian', big(lon)], ['a latitude, big-endian', big(lat)]);
    found.push(['digits of a longitude', Buffer.from(String(lon))], ['digits of a latitude', Buffer.from(String(lat))]);
    const [x, y] = world([lon, lat]);
    found.push(['a world coordinate', Buffer.concat([le32(x), le32(y)])]);
  }
  return found;
}

const filesOf = (path) => readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? filesOf(join(path, entry.name)) : [join(path, entry.name)]);
/** What of the row is in the store's files: "file: what". */
function left(s) {
  return filesOf(s.dir).filter((path) => path.startsWith(s.store)).flatMap((path) => {
    const bytes = readFileSync(path);
    return traces().filter(([, trace]) => bytes.includes(trace)).map(([what]) => `${path.slice(s.dir.length + 1)}: ${what}`);
  });
}

function county(t) {
  const s = scene(t, catalogue);
  const done = (...args) => {
    const answer = s.run(...args);
    assert.equal(answer.code ?? answer.status, 0, JSON.stringify(answer));
    return answer;
  };
  done('log', s.store, 'create', 'dk.example/log');
  const rows = Array.from({ length: 400 }, (_, i) => [other(i), square(i)]);
  rows.splice(200, 0, [canary, outline]);
  done('load', s.store, 'parcel', s.write('parcels.geojson', collection(rows)), '--publish');
  // Another version, which is withdrawn; one that stays staged; a linked one; a rejected one.
  const [row] = [canary].map((it) => ({ ...it, owner: '欧阳金丝雀的继承人', name: '金丝雀地块独此一处（改）' }));
  done('load', s.store, 'parcel', s.write('again.geojson', collection([[row, outline], [{ ...other(3), owner: '改' }, square(3)]])), '--replace', '--publish');
  done('load', s.store, 'payment', s.write('payments.csv', 'id,parcel,paid_on,note\nB1,JINSIQUE-4711,2021-02-03,普通\nB2,D0001,2021-02-03,普通\n'), '--publish');
  done('load', s.store, 'parcel', s.write('staged.geojson', collection([[{ ...row, owner: '欧阳金丝雀第三' }, outline]])), '--replace');
  s.run('load', s.store, 'parcel', s.write('bad.geojson', collection([[{ ...canary, division: 'x' }, outline], [{ ...other(5), owner: '改' }, square(5)]])), '--replace', '--rejects', 'bad.rejects.csv');
  return { s, done };
}

test('before it, each trace is somewhere: the test can fail', (t) => {
  const { s } = county(t);
  const found = left(s).join('\n');
  for (const what of ['id', 'name', 'owner', 'id_number', 'amount', 'a longitude', 'a latitude', 'a gram', 'the sound', 'folded']) {
    assert.match(found, new RegExp(`: ${what}$`, 'm'));
  }
});

test('after it, no file of the store has any trace, the log holds, and the rest is as it was', (t) => {
  const { s, done } = county(t);
  const scan = pdf('金丝雀的扫描件 JINSIQUE-4711'), shared = pdf('两户共用');
  writeFileSync(s.path('a.pdf'), scan);
  writeFileSync(s.path('b.pdf'), shared);
  done('attach', s.store, 'payment', 'a.pdf', '--key', 'B1');
  done('attach', s.store, 'payment', 'b.pdf', '--key', 'B1');
  done('attach', s.store, 'payment', 'b.pdf', '--key', 'B2');
  const key = JSON.parse(done('log', s.store, 'show', '--json').stdout);
  s.write('early.checkpoint', key.checkpoint);
  const before = statSync(s.store).mtimeMs;

  const trial = JSON.parse(done('redact', s.store, 'parcel', canary.id, '--reason', '测试', '--dry-run', '--json').stdout);
  assert.ok(trial.versions >= 4, 'loaded, replaced, linked, staged');
  assert.equal(trial.generation, 0);
  assert.equal(statSync(s.store).mtimeMs, before, 'a dry run changes nothing');
  assert.ok(trial.sentences.some((text) => text.includes('bad.rejects.csv')), 'copies beside the store are named');

  const redacted = JSON.parse(done('redact', s.store, 'parcel', canary.id, '--reason', '测试', '--json').stdout);
  assert.equal(redacted.versions, trial.versions);
  assert.equal(redacted.wal_kept, false);
  assert.ok(redacted.rejects >= 1);
  const kept = left(s).filter((text) => !text.includes('.documents/'));
  assert.deepEqual(kept.filter((text) => !/: (id|folded|the sound|a gram of the key)$/.test(text)), [], 'what links to it keeps its number, and that alone');

  // The payment names the parcel by its key: it is redacted too, with its scan; the scan that another row has stays.
  const payment = JSON.parse(done('redact', s.store, 'payment', 'B1', '--reason', '测试', '--json').stdout);
  assert.equal(payment.documents, 2);
  assert.ok(payment.sentences.some((text) => text.includes('b.pdf')));
  assert.deepEqual(left(s), []);
  const scans = filesOf(`${s.store}.documents`).map((path) => readFileSync(path));
  assert.deepEqual(scans, [Buffer.from(shared)]);

  done('check', s.store);
  const said = done('verify', s.store, '--key', key.keys[0].key, '--checkpoint', 'early.checkpoint').stdout;
  assert.match(said, /401 published rows/); // 400 parcels, B2
  const names = s.rows('parcel').map((feature) => feature.properties?.id ?? feature.id);
  assert.equal(names.length, 400);
  // Its batches can still be withdrawn, and the index be made anew.
  done('withdraw', s.store, '2', '--reason', '误发');
  done('reindex', s.store);
  done('check', s.store);
  assert.deepEqual(left(s), []);
});

test('what is asked for wrongly is refused', (t) => {
  const { s } = county(t);
  for (const [args, words] of [
    [['parcel', canary.id], /--reason/], [['parcel', 'NICHTDA', '--reason', 'x'], /there is no parcel with the key NICHTDA/],
    [['house', 'X', '--reason', 'x'], /no layer or record of that name/], [['parcel', '--reason', 'x'], /something is missing/],
  ]) {
    const answer = s.run('redact', s.store, ...args);
    assert.notEqual(answer.code ?? answer.status, 0);
    assert.match(answer.stderr, words);
  }
});

test('the reason, which nothing takes away again, does not say what is erased', (t) => {
  const { s, done } = county(t);
  for (const [reason, words] of [['  ', /why\?|--reason TEXT is needed/], ['误将440524188001010014公开', /the reason holds personal data itself/],
    [`地块${canary.id}的户主要求`, /it holds the key of the row/], [`误公开了${canary.owner}的姓名`, /it holds what the row says in owner \(户主\)/],
    [`误公开了${canary.id_number}`, /personal data itself|id_number/]]) {
    for (const more of [['--dry-run'], []]) {
      const answer = s.run('redact', s.store, 'parcel', canary.id, '--reason', reason, ...more);
      assert.notEqual(answer.code, 0, reason);
      assert.match(answer.stderr, words);
      for (const text of [canary.id, canary.owner, '440524188001010014']) assert.ok(!answer.stderr.includes(text), answer.stderr);
    }
  }
  assert.equal(s.rows('parcel').length, 401, 'nothing was erased');
  done('redact', s.store, 'parcel', canary.id, '--reason', '个人信息误公开');
});

test('rows that have taken something over from it are named, and what was said of its key for a reason is forgotten', (t) => {
  const s = scene(t, catalogue.replace("{name: amount, title: 金额", "{name: note, title: 备注, type: text, audience: public, linked: {field: payment.note, as: only}}\n      - {name: amount, title: 金额")
    .replace("  - name: payment\n", `  - name: receipt
    title: 收据
    key: {field: id}
    fields:
      - {name: id, title: 编号, type: text, audience: public, required: true}
      - {name: payment, title: 付款, type: text, audience: public}
      - {name: note, title: 摘要, type: text, audience: public, inherit: payment.note}
  - name: payment\n`).replace('links:\n', 'links:\n  - {from: receipt, to: payment, on: [{match: {payment: key}}]}\n'));
  const done = (...args) => {
    const answer = s.run(...args);
    assert.equal(answer.code, 0, JSON.stringify(answer));
    return answer;
  };
  done('load', s.store, 'parcel', s.write('p.geojson', collection([[canary, outline], [other(1), square(1)]])), '--publish');
  done('load', s.store, 'payment', s.write('p.csv', 'id,parcel,paid_on,note\nFKUAN-0815,JINSIQUE-4711,2021-02-03,唯一的备注13800000000\nFKUAN-0816,D0001,2021-02-03,别的备注\n'),
    '--publish', '--justify', 'note:FKUAN-0815=单位公开电话');
  done('load', s.store, 'receipt', s.write('r.csv', 'id,payment,note\nSJ1,FKUAN-0815,\nSJ2,FKUAN-0816,\nSJ3,FKUAN-0815,自己的摘要\n'), '--publish', '--justify', 'all=单位公开电话');
  const trial = JSON.parse(done('redact', s.store, 'payment', 'FKUAN-0815', '--reason', '误公开', '--dry-run', '--json').stdout);
  const named = trial.sentences.filter((text) => /if it must go/.test(text));
  assert.deepEqual(named, ['parcel JINSIQUE-4711 has, or had in an earlier version, the same 备注, which follows from it, and the version stays; redact that row, too, if it must go.',
    'receipt SJ1 has the same 摘要, which it takes over, and keeps it; redact that row, too, if it must go.']);
  done('redact', s.store, 'payment', 'FKUAN-0815', '--reason', '误公开');
  done('redact', s.store, 'parcel', canary.id, '--reason', '误公开');
  done('redact', s.store, 'receipt', 'SJ1', '--reason', '误公开');
  done('redact', s.store, 'receipt', 'SJ3', '--reason', '误公开'); // it names the payment
  for (const path of filesOf(s.dir).filter((name) => name.startsWith(s.store)))
    for (const text of ['唯一的备注', 'FKUAN-0815']) assert.ok(!readFileSync(path).includes(text), `${path}: ${text}`);
  done('check', s.store);
});

test('where the key is qualified, files that have the number in it are named, those with a longer one are not', (t) => {
  const s = scene(t, catalogue.replace("key: {field: id}\n    date: paid_on", "key: {field: id, qualify: [parcel, source]}\n    date: paid_on"));
  const done = (...args) => {
    const ran = s.run(...args);
    assert.equal(ran.code, 0, ran.stderr);
    return ran;
  };
  const ledger = s.write('ledger.csv', 'id,parcel,paid_on,note\nBC0007,D0001,2021-02-03,普通\nBC00071,D0001,2021-02-03,普通\n8,D0001,2021-02-03,普通\n');
  done('load', s.store, 'payment', ledger, '--publish');
  s.write('copy.txt', Buffer.from([0xb1, 0x41, ...Buffer.from('BC0007')])); // 盇 in GB18030 ends with the byte of an A
  s.write('other.csv', 'id,note\nBC00071,8\nXBC0007,8\n');
  const { sentences } = JSON.parse(done('redact', s.store, 'payment', 'D0001:BC0007', '--reason', '误公开', '--json').stdout);
  const named = sentences.filter((text) => text.includes('BC0007, the number in the key'));
  assert.deepEqual(named.map((text) => text.split(' ')[0].split('/').at(-1)).sort(), ['copy.txt', 'ledger.csv']);
  assert.deepEqual(JSON.parse(done('redact', s.store, 'payment', 'D0001:8', '--reason', '误公开', '--json').stdout).sentences, [], 'a short number is in every file');
});
