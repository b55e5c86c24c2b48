// The calendar of what falls due, as calendar programs subscribe to it: they send a password by HTTP Basic and nothing else.
// What they read is read by ical.js, and line by line by the words of RFC 5545.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ICAL from 'ical.js';
import { CHIEF, folder, get, ingest, run, serve, STAFF } from './county.mjs';

const catalogue = `title: 测试县
publisher: 测试局
extent: [117.0, 31.5, 117.5, 32.0]
layers: []
records:
  - name: plan
    title: 规划成果
    key: {field: id}
    division: division
    label: name
    fields:
      - {name: id, title: 编号, type: text, audience: public, required: true}
      - {name: name, title: 名称, type: text, audience: public}
      - {name: decided_on, title: 决定日期, type: date, audience: public}
      - {name: shown_on, title: 公开日期, type: date, audience: public}
      - {name: division, title: 行政区划代码, type: division, audience: public}
links: []
items:
  - id: decision
    category: 规划
    title: 决定；说明,附图\\样式
    about: plan
    proved_by: [{record: plan, date: shown_on}]
regimes: []
obligations:
  - {id: decision, item: decision, after: plan.decided_on, within: 60 days}
`;
const DAY = 86400000, iso = (time) => new Date(time).toISOString().slice(0, 10);
// Decided some days ago; due on the sixtieth day, which is well within what is asked for whatever the hour.
const decided = (ago) => iso(Date.now() - ago * DAY), due = (day) => iso(Date.parse(`${day}T00:00:00Z`) + 60 * DAY);
const SOON = decided(40), LATER = decided(30), PAST = decided(100);
const LONG = '示范区国土空间详细规划（𠮷祥里、🏞片区）'.repeat(6);
const rows = [
  { id: 'A1', name: '甲,乙;丙\\丁', decided_on: SOON, division: '341321101' },
  { id: 'A2', name: LONG, decided_on: SOON, division: '341321102' },
  { id: 'A3', name: 'a'.repeat(200), decided_on: LATER, division: '341321102' },
  { id: 'A4', name: '另一个县', decided_on: LATER, division: '340111001' },
  { id: 'A5', name: '第一行\n第二行', decided_on: SOON, division: '341321101' },
  { id: 'B1', name: '逾期', decided_on: PAST, division: '341321101' },
  { id: 'B2', name: '已公开', decided_on: PAST, shown_on: PAST, division: '341321101' },
  ...Array.from({ length: 30 }, (_, i) => ({ id: `C${i + 10}`, name: `第${i}片`, decided_on: LATER, division: '341321103' })),
];
const GROUP = 'group-token-of-a-village';

const dir = folder(), store = join(dir, 'county.dk');
const put = (name, text) => {
  writeFileSync(join(dir, name), text, { mode: 0o600 });
  return join(dir, name);
};
run('create', store, '--catalogue', put('catalogue.yaml', catalogue));
const cell = (text) => `"${String(text ?? '').replaceAll('"', '""')}"`, columns = ['id', 'name', 'decided_on', 'shown_on', 'division'];
const table = (some) => `${columns.join(',')}\n${some.map((row) => columns.map((name) => cell(row[name])).join(',')).join('\n')}\n`;
run('load', store, 'plan', put('plan.csv', table(rows)), '--publish');
put('tokens', `${STAFF} 341321 张三\n${CHIEF} * 李四\n${GROUP} group:341321101001 村民\n`);
const server = await serve(store, '--trust-proxy', '127.0.0.1');
after(() => server.stop());

let clients = 0;
const client = () => ({ 'X-Forwarded-For': `198.51.100.${++clients}` });
const basic = (password, user = '') => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const at = (path, { password, user, ...headers } = {}, options = {}) => get(server.url + path,
  { ...options, headers: { ...(password === undefined ? {} : { Authorization: basic(password, user) }), ...headers } });
const challenges = ({ headers }) => headers['www-authenticate'] ?? '';
const BASIC = /Basic realm="dikuai", charset="UTF-8"/, BEARER = /Bearer /;
const trail = () => JSON.parse(execFileSync(ingest, ['audit', store, '--json'], { encoding: 'utf8' })).events;

test('a program that subscribes is asked for a password, sends the token, and gets what Bearer gets', async () => {
  for (const [path, headers] of [['/due?f=ics', {}], ['/due?f=ics&late=true&within=30', {}], ['/due', { Accept: 'text/calendar' }], ['/due', { Accept: 'text/calendar, */*;q=0.5' }]]) {
    const first = await at(path, headers);
    assert.equal(first.status, 401, path);
    assert.match(challenges(first), BASIC);
    assert.match(challenges(first), /Bearer realm=/);
    assert.ok(!challenges(first).includes('error='), 'nothing was sent that could be wrong (RFC 6750 3.1)');
    assert.equal(first.headers['content-type'], 'application/problem+json');
    assert.match(first.json.detail, /token as the password/);
    assert.ok(!first.text.includes('决定'));
    const byBearer = await at(path, headers, { token: STAFF });
    assert.equal(byBearer.status, 200);
    for (const user of ['', '张三', 'zhang.san@example.cn', 'x'.repeat(256)]) {
      const answer = await at(path, { ...headers, password: STAFF, user });
      assert.deepEqual([answer.status, answer.text, answer.headers['content-type']], [200, byBearer.text, 'text/calendar; charset=utf-8'], `${path} ${user}`);
      assert.equal(answer.headers['cache-control'], 'private, no-store');
    }
    const head = await at(path, { ...headers, password: STAFF }, { method: 'HEAD' });
    assert.deepEqual([head.status, head.text], [200, '']);
  }
  assert.equal((await at('/due', { password: STAFF })).text, (await at('/due', {}, { token: STAFF })).text, 'as JSON, too');
  assert.match((await at('/due', { Accept: 'application/json, text/calendar;q=0.5', password: STAFF })).headers['content-type'], /json/);
  assert.match((await at('/due?f=json', { Accept: 'text/calendar', password: STAFF })).headers['content-type'], /json/);
});

test('the same scopes and audiences', async () => {
  const uids = async (password, query = '') => [...(await at(`/due?f=ics&within=60${query}`, { password })).text.matchAll(/第\d+片|另一个县/g)].map(String);
  assert.ok((await uids(CHIEF)).includes('另一个县') && !(await uids(STAFF)).includes('另一个县'));
  for (const path of ['/due?f=ics&division=340111', '/due?f=ics&within=1000', '/due?f=ics&x=1', '/due?f=pdf']) {
    const [mine, theirs] = [await at(path, { password: STAFF }), await at(path, {}, { token: STAFF })];
    assert.deepEqual([mine.status, mine.text], [theirs.status, theirs.text], path);
    assert.equal(mine.status, 400);
  }
  const [villager, bearer] = [await at('/due?f=ics', { password: GROUP }), await at('/due?f=ics', {}, { token: GROUP })];
  assert.deepEqual([villager.status, villager.text, challenges(villager)], [404, bearer.text, ''], 'a good token that is not enough: asking again would help nobody');
  assert.equal((await at('/due')).status, 404, 'the public is told nothing of the list, as before');
});

test('a wrong password: the answers, the limit and the trail of a wrong Bearer', async () => {
  const mine = client(), seen = [];
  for (let i = 0; i < 11; i++) seen.push(await at('/due?f=ics', { password: `guess${i}`, ...mine }));
  assert.equal(seen.map(({ status }) => status).join(' '), `${Array(10).fill(401).join(' ')} 429`);
  assert.match(challenges(seen[0]), BASIC);
  assert.match(challenges(seen[0]), /Bearer error="invalid_token"/);
  const theirs = await at('/due?f=ics', client(), { token: 'guess' });
  assert.deepEqual([seen[0].text, challenges(seen[0])], [theirs.text, challenges(theirs)]);
  assert.equal((await at('/catalogue', mine, { token: 'guess' })).status, 429, 'one count for both schemes');
  assert.equal((await at('/due?f=ics', { password: STAFF, ...mine })).status, 200, 'others behind the same address are not locked out');
  const plain = await at('/due', { password: 'guess', ...client() });
  assert.deepEqual([plain.status, BASIC.test(challenges(plain)), BEARER.test(challenges(plain))], [401, false, true], 'who asks for JSON is no calendar program');
  let events;
  for (const end = Date.now() + 5000; Date.now() < end;) {
    events = trail().filter(({ address }) => address === mine['X-Forwarded-For']);
    if (events.length >= 11) break;
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  assert.deepEqual(events.map(({ what, way }) => `${what} ${way}`).sort(), [...Array(10).fill('failed token'), 'limited token']);
});

test('a token that is revoked is no password any more', async () => {
  const token = execFileSync(ingest, ['token', store, 'add', '--name', '日历', '--audience', 'staff', '--scope', '341321'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  assert.equal((await at('/due?f=ics', { password: token, user: '日历' })).status, 200);
  execFileSync(ingest, ['token', store, 'revoke', '日历'], { stdio: 'ignore' });
  assert.equal((await at('/due?f=ics', { password: token, ...client() })).status, 401);
});

test('what is not Basic is told in one sentence', async () => {
  const base64 = (bytes) => Buffer.from(bytes).toString('base64');
  for (const value of ['Basic', 'Basic !!!!', 'Basic YQ', `Basic ${base64(STAFF)}`, `Basic ${base64(`:${STAFF}\0`)}`, `Basic ${base64(`a\0:${STAFF}`)}`, `Basic ${base64('张三:')}`,
    `Basic ${base64(`:${'x'.repeat(257)}`)}`, `Basic ${base64(`${'x'.repeat(257)}:${STAFF}`)}`, `Basic ${'A'.repeat(6000)}`, `Basic ${base64(`:${STAFF}`).replace(/=+$/, '')}.`]) {
    const answer = await at('/due?f=ics', { Authorization: value, ...client() });
    assert.equal(answer.status, 401, value.slice(0, 60));
    assert.match(answer.json.detail, /^The Authorization header says Basic, and what follows is not base 64 of [^.]*; enter the token as the password\.$/, value.slice(0, 60));
    assert.match(challenges(answer), BASIC);
  }
  for (const value of ['Digest username="a"', 'Negotiate abc']) assert.match((await at('/due?f=ics', { Authorization: value, ...client() })).json.detail, /^The token is not valid here/);
});

test('nowhere else, by no other method, and never in the address', async () => {
  for (const path of ['/catalogue', '/collections/plan/items', '/scorecard', '/search?q=A1', '/batches', '/due/x', '/session']) {
    const answer = await at(path, { password: STAFF, Accept: 'text/calendar', ...client() });
    assert.deepEqual([answer.status, challenges(answer)], [401, 'Bearer error="invalid_token"'], path);
  }
  const signIn = await at('/session', { password: STAFF, 'X-Dikuai': '1', 'Content-Type': 'application/json', ...client() }, { method: 'POST', body: '{}' });
  assert.equal(signIn.status, 401);
  for (const method of ['POST', 'PUT', 'DELETE']) assert.equal((await at('/due?f=ics', { password: STAFF }, { method })).status, 405, method);
  for (const name of ['token', 'password', 'access_token', 'authorization']) assert.equal((await at(`/due?f=ics&${name}=${STAFF}`)).status, 401, name);
  const address = new URL(server.url);
  assert.equal((await get(`http://${address.host}/due?f=ics&user=:${STAFF}`)).status, 401);
});

test('a browser that shows a page is not asked: it would send the password everywhere from then on', async () => {
  for (const headers of [{}, { password: 'guess', ...client() }]) {
    const page = await at('/due?f=ics', { ...headers, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'none' });
    assert.deepEqual([page.status, BASIC.test(challenges(page)), BEARER.test(challenges(page))], [401, false, true]);
  }
  assert.match(challenges(await at('/due?f=ics', { 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Site': 'none' })), BASIC, 'a calendar program built on a browser');
  const kept = await at('/due?f=ics', { password: STAFF, Origin: 'https://other.example' });
  assert.deepEqual([kept.status, kept.headers['access-control-allow-origin'], kept.headers['cross-origin-resource-policy']], [200, undefined, 'same-origin'],
    'a browser that has kept it shows the answer to no other site');
});

test('a proxy that signs readers in by Basic of its own is not disturbed', async (t) => {
  const other = await serve(store, '--trust-proxy', '127.0.0.1', '--proxy-user-header', 'X-Remote-User');
  t.after(() => other.stop());
  execFileSync(ingest, ['token', store, 'add', '--name', 'wangwu', '--proxy-user', '--audience', 'staff', '--scope', '341321'], { stdio: 'ignore' });
  const ask = (headers) => get(`${other.url}/due?f=ics`, { headers });
  assert.equal((await ask({ Authorization: basic('of the proxy', 'wangwu'), 'X-Remote-User': 'wangwu' })).status, 200, 'its user counts, its password is not looked at');
  assert.equal((await ask({ Authorization: basic(STAFF) })).status, 200);
});

/** Content lines, unfolded, by the words of 3.1: what is wrong with how they are written. */
function lines(body) {
  assert.ok(body.length > 0 && body.subarray(-2).equals(Buffer.from('\r\n')));
  const raw = body.toString('latin1').split('\r\n').slice(0, -1); // a character an octet
  for (const line of raw) {
    assert.ok(line.length <= 75, `${line.length} octets: ${line}`);
    assert.ok(!/[\r\n]/.test(line), 'a bare CR or LF');
    new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(line, 'latin1')); // no character is cut
  }
  const text = body.toString('utf8').replaceAll('\r\n ', '').split('\r\n').slice(0, -1);
  for (const line of text) {
    assert.match(line, /^[A-Z0-9-]+(;[A-Z0-9-]+=[^:;,"]+)*:/u);
    assert.ok(!/[\0-\x08\x0a-\x1f\x7f]/.test(line), 'no control characters');
  }
  return text;
}
ICAL.design.strict = true; // it bears more than the standard otherwise
const read = (body) => {
  const root = new ICAL.Component(ICAL.parse(body.toString('utf8')));
  return { root, events: root.getAllSubcomponents('vevent').map((one) => new ICAL.Event(one)) };
};
const value = (component, name) => component.getFirstPropertyValue(name);

test('the calendar is what RFC 5545 wants, and says what is due', async () => {
  const { body } = await at('/due?f=ics&within=60&late=true', { password: STAFF }), text = lines(body), { root, events } = read(body);
  assert.deepEqual(text.slice(0, 2), ['BEGIN:VCALENDAR', 'VERSION:2.0']);
  assert.deepEqual([value(root, 'version'), value(root, 'calscale'), value(root, 'x-wr-calname')], ['2.0', 'GREGORIAN', '信息公开时限']);
  assert.equal(text.filter((line) => line.startsWith('PRODID:')).length, 1);
  assert.equal(value(root, 'refresh-interval').toSeconds(), 6 * 3600);
  assert.ok(text.includes('REFRESH-INTERVAL;VALUE=DURATION:PT6H'), 'VALUE must be said (RFC 7986 5.7)');
  const found = events.map((event) => ({ start: event.startDate.toString(), end: event.endDate.toString(), allDay: event.startDate.isDate && event.endDate.isDate, summary: event.summary }));
  const ITEM = '决定；说明,附图\\样式';
  const next = (day) => iso(Date.parse(`${day}T00:00:00Z`) + DAY);
  assert.deepEqual(found, [
    { start: due(PAST), end: next(due(PAST)), allDay: true, summary: `逾期未公开：${ITEM}（1 项）` },
    { start: due(SOON), end: next(due(SOON)), allDay: true, summary: `应公开：${ITEM}（3 项）` },
    { start: due(LATER), end: next(due(LATER)), allDay: true, summary: `应公开：${ITEM}（31 项）` },
  ]);
  assert.ok(events[1].description.includes('甲,乙;丙\\丁（A1）\n'), events[1].description);
  assert.ok(events[1].description.includes(`${LONG}（A2）\n`));
  const listed = rows.filter(({ decided_on: day, division }) => day === LATER && division.startsWith('341321')).map(({ id, name }) => `${name}（${id}）`).slice(0, 20);
  assert.equal(events[2].description, `${listed.join('\n')}\n……共 31 项`);
  assert.ok(!body.includes('另一个县') && !body.includes('已公开'));
  for (const event of events) {
    const stamp = value(event.component, 'dtstamp');
    assert.ok(stamp.zone === ICAL.Timezone.utcTimezone && Math.abs(stamp.toJSDate() - Date.now()) < 3600e3, 'DTSTAMP is in UTC, of the publication');
    for (const name of ['uid', 'dtstamp', 'dtstart', 'dtend', 'summary']) assert.equal(event.component.getAllProperties(name).length, 1, name);
  }
  assert.equal(new Set(events.map(({ uid }) => uid)).size, 3);
});

test('after the next publication an entry has its old UID, and a later DTSTAMP', async () => {
  const ask = async () => read((await at('/due?f=ics&within=60', { password: STAFF })).body).events;
  const before = await ask();
  await new Promise((resolve) => { setTimeout(resolve, 1000); }); // DTSTAMP has whole seconds
  run('load', store, 'plan', put('more.csv', table([{ id: 'D1', name: '新增', decided_on: SOON, division: '341321101' }])), '--publish');
  let now = await ask();
  for (let i = 0; i < 200 && now[0].summary === before[0].summary; i++) now = await ask();
  assert.deepEqual(now.map(({ uid }) => uid), before.map(({ uid }) => uid));
  assert.match(now[0].summary, /（4 项）/);
  now.forEach((event, i) => assert.ok(value(event.component, 'dtstamp').compare(value(before[i].component, 'dtstamp')) > 0));
});

test('nothing is due: still a calendar, which has a component at least', async () => {
  const { body } = await at('/due?f=ics&within=0&division=341321499', { password: STAFF }), { root, events } = read(body);
  lines(body);
  assert.equal(events.length, 0);
  assert.ok(root.getAllSubcomponents().length >= 1, 'RFC 5545 3.6: component = 1*(…)');
  const zone = new ICAL.Timezone(root.getFirstSubcomponent('vtimezone'));
  assert.deepEqual([zone.tzid, zone.utcOffset(ICAL.Time.fromString('2026-07-01T12:00:00'))], ['Asia/Shanghai', 8 * 3600]);
});

test('the API describes both schemes for the calendar, and Basic for nothing else', async () => {
  const api = (await at('/api', {}, { token: STAFF })).json;
  assert.deepEqual(api.components.securitySchemes.calendar.scheme, 'basic');
  assert.deepEqual(api.paths['/due'].get.security, [{ staff: [] }, { calendar: [] }]);
  assert.ok('text/calendar' in api.paths['/due'].get.responses['200'].content);
  assert.ok(Object.entries(api.paths).every(([path, { get: operation }]) => path === '/due' || operation.security === undefined));
  assert.ok(api.security.every((one) => !('calendar' in one)));
});
