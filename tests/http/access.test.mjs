// Who gets in, by which way, for how long; and that it is written down. Tokens, sessions, the user whom a proxy names, and
// what other sites, thieves of cookies and those who guess get.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { featureCollection, folder, get, ingest, run, serve, square } from './county.mjs';

const catalogue = `title: 测试县
publisher: 测试局
map_approval_no: 测S(2024)1号
extent: [117.0, 31.5, 117.5, 32.0]
layers:
  - name: parcel
    title: 征收地块
    geometry: polygon
    key: {field: id}
    division: division
    label: id
    zooms: [6, 16]
    fields:
      - {name: id, title: 地块编号, type: text, audience: public, required: true, tiles: true, search: true}
      - {name: division, title: 行政区划代码, type: division, audience: public, required: true, tiles: true}
      - {name: shares, title: 分配方案, type: text, audience: group, tiles: true}
      - {name: minutes, title: 会议记录, type: text, audience: request}
      - {name: owner, title: 户主, type: text, audience: staff, tiles: true, search: true}
records: []
links: []
`;
const VILLAGES = ['341321101001', '341321101002', '341321102001', '341322101001', '340111001001', '110101001001'];
const rows = VILLAGES.map((division, i) => ({ id: `P${i}`, division, shares: `方案${i}`, minutes: `记录${i}`, owner: `户主${i}`,
  geometry: { type: 'Polygon', coordinates: [square(i, 0)] } }));
const FILE_STAFF = 'token-file-staff-1', FILE_GROUP = 'token-file-group-1', FILE_REQUEST = 'token-file-request-1';

function makeStore() {
  const dir = folder(), store = join(dir, 'county.dk');
  const put = (name, text) => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  run('create', store, '--catalogue', put('catalogue.yaml', catalogue));
  run('load', store, 'parcel', put('parcel.geojson', featureCollection(rows)), '--publish');
  put('tokens', `${FILE_STAFF} 341321 王五 科长\n${FILE_GROUP} group:341321101001 村民\n${FILE_REQUEST} request:3413\n`);
  return store;
}

/** dikuai-ingest, whose words for people are not wanted here: {status, stdout, stderr}. */
const tool = (...args) => spawnSync(ingest, args, { encoding: 'utf8' });
const secrets = []; // every secret that was ever given out
function add(store, name, ...options) {
  const { status, stdout, stderr } = tool('token', store, 'add', '--name', name, ...options);
  assert.equal(status, 0, stderr);
  const token = stdout.trim();
  if (token) secrets.push(token);
  return token;
}
const staff = (store, name, scope, ...options) => add(store, name, '--audience', 'staff', '--scope', scope, ...options);
const revoke = (store, name) => assert.equal(tool('token', store, 'revoke', name).status, 0);
const trail = (store, ...options) => JSON.parse(tool('audit', store, '--json', ...options).stdout).events;
const sql = (store, text) => execFileSync('sqlite3', [`${store}.access`, text], { encoding: 'utf8' }).trim();

const store = makeStore();
const server = await serve(store, '--trust-proxy', '127.0.0.1', '--proxy-user-header', 'X-Remote-User', '--log-requests');
after(() => server.stop());
const at = (path, options) => get(server.url + path, options);
/** Another server, which ends with the test. */
async function another(t, ...args) {
  const started = await serve(...args);
  t.after(() => started.stop());
  return started;
}
/** Asks until the answer will do, for five seconds: gives the last one. */
async function until(willDo, ask) {
  for (const end = Date.now() + 5000; ;) {
    const answer = await ask();
    if (willDo(answer) || Date.now() > end) return answer;
    await sleep(50);
  }
}
/** Which rows' owners these credentials see. */
async function owners(options) {
  const answer = await at('/collections/parcel/items', options);
  assert.equal(answer.status, 200, answer.text);
  return answer.json.features.filter((f) => f.properties.owner !== undefined).map((f) => f.properties.division);
}
/** Each client of a test has an address of its own, as the proxy tells it. */
let clients = 0;
const client = () => ({ 'X-Forwarded-For': `198.51.100.${++clients}` });
async function signIn(token, headers = {}, url = server.url) {
  const answer = await get(`${url}/session`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Dikuai': '1', ...headers }, body: JSON.stringify({ token }) });
  const cookie = answer.headers['set-cookie']?.[0];
  const value = cookie?.split(';')[0];
  if (value?.split('=')[1]) secrets.push(value.split('=')[1]);
  return { answer, cookie, value };
}

test('a token is as it is said to be, is shown once, and is kept as SHA-256 only', () => {
  const token = staff(store, '张三', '341321', '--role', 'review');
  assert.match(token, /^dk_[A-Za-z0-9_-]{49}$/);
  const trailer = gzipSync(token.slice(0, -6)).subarray(-8); // RFC 1952: CRC-32, low byte first
  assert.equal(Buffer.from(trailer.subarray(0, 4)).reverse().toString('base64url'), token.slice(-6));
  assert.notEqual(staff(store, '李四', '341321'), token);
  const again = tool('token', store, 'add', '--name', '张三', '--audience', 'staff', '--scope', '34');
  assert.equal(again.status, 1);
  assert.match(again.stderr, /张三: a token of this name is there/);
  assert.equal(sql(store, "SELECT lower(hex(hash)) FROM token WHERE name='张三'"), createHash('sha256').update(token).digest('hex'));
  assert.equal(statSync(`${store}.access`).mode & 0o777, 0o600);
  for (const wrong of [['--scope', '3413211'], ['--scope', ''], ['--audience', 'public'], ['--audience', 'never'], ['--role', 'chief'], ['--expires', 'soon'],
    ['--expires', '2020-01-01'], ['--name', '7'], ['--name', 'a\nb'], ['--name', '']]) {
    const { status, stdout, stderr } = tool('token', store, 'add', '--name', 'x', '--audience', 'staff', '--scope', '34', ...wrong);
    assert.ok(status === 2 && stdout === '' && stderr.split('\n').length === 2, `${wrong}: ${stderr}`);
  }
  assert.equal(tool('token', store, 'add', '--name', 'x', '--audience', 'group', '--scope', '34', '--role', 'publish').status, 2);
  for (const [wrong, words] of [[['change'], /it is add, list or revoke/], [['add'], /needs --name/], [['list', '张三'], /takes no name/], [['revoke'], /whose\?/],
    [['revoke', '张三', '--expires', '90d'], /takes no .*--expires/], [['list', '--name', '张三'], /takes no --name/]]) {
    const { status, stderr } = tool('token', store, ...wrong);
    assert.equal(status, 2, wrong.join());
    assert.match(stderr, words);
  }
  assert.equal(sql(store, "SELECT count(*) FROM token WHERE name='张三' AND revoked=0"), '1', 'at once is not in 90 days');
  assert.equal(tool('token', join(dirname(store), 'no.dk'), 'add', '--name', 'x', '--audience', 'staff', '--scope', '34').status, 1);
  assert.ok(!existsSync(join(dirname(store), 'no.dk.access')));
});

test('staff of each level of division see the rows in it, and of others what is public', async () => {
  for (const scope of ['34', '3413', '341321', '341321101', '341321101001', '341323', '*']) {
    const token = staff(store, `范围 ${scope}`, scope);
    assert.deepEqual(await owners({ token }), VILLAGES.filter((code) => scope === '*' || code.startsWith(scope)), scope);
  }
});

test('members of a village and applicants see their fields of their rows, and nothing of staff', async () => {
  const seen = async (token) => (await at('/collections/parcel/items', { token })).json.features
    .flatMap((f) => ['shares', 'minutes', 'owner'].filter((name) => name in f.properties).map((name) => `${f.id} ${name}`));
  const group = add(store, '一村', '--audience', 'group', '--scope', '341321101001');
  assert.deepEqual(await seen(group), ['P0 shares']);
  const applicant = add(store, '申请人', '--audience', 'request', '--scope', '341321101');
  assert.deepEqual(await seen(applicant), ['P0 shares', 'P0 minutes', 'P1 shares', 'P1 minutes']);
  assert.deepEqual(await seen(FILE_GROUP), ['P0 shares']);
  assert.deepEqual(await seen(FILE_REQUEST), ['P0', 'P1', 'P2', 'P3'].flatMap((id) => [`${id} shares`, `${id} minutes`]));
  assert.deepEqual(await seen(FILE_STAFF), ['P0', 'P1', 'P2'].flatMap((id) => ['shares', 'minutes', 'owner'].map((name) => `${id} ${name}`)));
  assert.deepEqual((await at('/catalogue', { token: group })).json.viewer, { audience: 'group', division: '341321101001' });
});

test('a token works as soon as it is made, and ends at its end or when it is revoked, in a server that runs', async () => {
  const brief = staff(store, '短期', '341321', '--expires', '3s'), token = staff(store, '临时', '341321');
  const { value: ofToken } = await signIn(token), { value: ofBrief } = await signIn(brief);
  assert.deepEqual([await owners({ token }), await owners({ headers: { Cookie: ofToken } })], [VILLAGES.slice(0, 3), VILLAGES.slice(0, 3)]);
  revoke(store, '临时');
  const refused = await at('/catalogue', { token, headers: client() });
  assert.equal(refused.status, 401);
  assert.equal(refused.headers['content-type'], 'application/problem+json');
  assert.match(refused.headers['www-authenticate'], /^Bearer/);
  assert.equal((await at('/catalogue', { headers: { Cookie: ofToken, ...client() } })).status, 401, 'its sessions end with it');
  const expired = await until(({ status }) => status === 401, () => at('/catalogue', { token: brief, headers: client() }));
  assert.deepEqual([expired.status, expired.text], [401, refused.text], 'nothing tells what is wrong with a token');
  assert.equal((await at('/catalogue', { headers: { Cookie: ofBrief, ...client() } })).status, 401);
  assert.ok(staff(store, '短期', '341321'), 'the name of a token that has ended is free');
  const states = JSON.parse(tool('token', store, 'list', '--json').stdout).tokens.map(({ name, state, last_used }) => [name, state, last_used !== null]);
  assert.deepEqual(states.filter(([name]) => ['短期', '临时', '李四'].includes(name)),
    [['李四', 'living', false], ['短期', 'expired', true], ['临时', 'revoked', true], ['短期', 'living', false]]);
});

test('guesses are limited by client, good tokens are not', async (t) => {
  const token = staff(store, '好令牌', '341321');
  const statuses = async (n, headers, guess = () => `dk_${'x'.repeat(49)}`) => {
    const all = [];
    for (let i = 0; i < n; i++) all.push((await at('/catalogue', { token: guess(i), headers })).status);
    return all.join(' ');
  };
  const mine = client(), ten = Array(10).fill(401).join(' ');
  const digits = token.split('');
  digits[20] = digits[20] === 'a' ? 'b' : 'a';
  assert.equal(await statuses(12, mine, (i) => [token.slice(0, -1), `${token}x`, digits.join(''), token.toLowerCase(), 'x', ' ', 'dk_'][i % 7]), `${ten} 429 429`);
  const limited = await at('/catalogue', { token: 'x', headers: mine });
  assert.equal(limited.status, 429);
  assert.ok(Number(limited.headers['retry-after']) >= 1 && Number(limited.headers['retry-after']) <= 60, limited.headers['retry-after']);
  assert.deepEqual(await owners({ token, headers: mine }), VILLAGES.slice(0, 3), 'others behind the same address are not locked out');
  assert.equal((await at('/catalogue', { headers: mine })).status, 200, 'nor is the public');
  assert.equal(await statuses(1, client()), '401', 'another client');
  /* Of IPv6 the first 64 bits are the client; what a client writes before the proxy's own entry is not believed. */
  for (let i = 0; i < 10; i++) assert.equal((await at('/catalogue', { token: 'guess', headers: { 'X-Forwarded-For': `203.0.113.${i}, 2001:db8:1:2::${i}` } })).status, 401);
  assert.equal(await statuses(1, { 'X-Forwarded-For': '2001:db8:1:2:ffff::1' }), '429');
  assert.equal(await statuses(1, { 'X-Forwarded-For': '2001:db8:1:3::1' }), '401');
  assert.equal(await statuses(1, { 'X-Forwarded-For': ['203.0.113.99', '2001:db8:1:2::1'] }), '429', 'the proxy adds a header of its own');
  const alone = await another(t, store, '--trust-proxy', '192.0.2.1'); // not where these requests come from
  const all = [];
  for (let i = 0; i < 11; i++) all.push((await get(`${alone.url}/catalogue`, { token: 'guess', headers: client() })).status);
  assert.equal(all.join(' '), `${ten} 429`, 'X-Forwarded-For of anyone is not believed');
});

test('a session: its cookie, who it is, its end by sign-out and by time', async () => {
  const token = staff(store, '会话', '341321', '--role', 'publish');
  const { answer, cookie, value } = await signIn(token);
  assert.equal(answer.status, 200, answer.text);
  assert.match(cookie, /^dikuai-session=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict$/, 'this machine, without TLS');
  assert.match((await signIn(token, { 'X-Forwarded-Proto': 'https' })).cookie, /^__Host-dikuai=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
  assert.deepEqual([answer.headers['cache-control'], answer.headers['access-control-allow-origin'], answer.headers.etag], ['private, no-store', undefined, undefined]);
  const who = (await at('/session', { headers: { Cookie: `a=b; ${value}; c` } })).json;
  assert.ok(Date.parse(who.expires) - Date.now() <= 12 * 3600e3 && Date.parse(who.expires) > Date.now() + 11 * 3600e3, who.expires);
  assert.deepEqual({ ...who, expires: 0 }, { audience: 'staff', division: '341321', name: '会话', roles: ['publish'], by: 'session', expires: 0 });
  assert.deepEqual((await at('/session')).json, { audience: 'public', division: null, name: null, roles: [], by: null, expires: null });
  assert.equal((await at('/session', { token })).json.by, 'token');
  assert.deepEqual(await owners({ headers: { Cookie: value } }), VILLAGES.slice(0, 3));
  /* A form does too, from this server's own page; a token of the file as well. */
  const form = await at('/session', { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: server.url }, body: `token=${encodeURIComponent(token)}` });
  assert.equal(form.status, 200, form.text);
  const file = await signIn(FILE_STAFF);
  assert.equal((await at('/session', { headers: { Cookie: file.value } })).json.name, '王五 科长');
  assert.deepEqual(await owners({ headers: { Cookie: file.value } }), VILLAGES.slice(0, 3));
  /* A cookie that may have come without TLS counts for nobody who has TLS. */
  assert.deepEqual(await owners({ headers: { Cookie: value, 'X-Forwarded-Proto': 'https' } }), []);
  /* Signing in again ends the session before. */
  const second = await signIn(token, { Cookie: value });
  assert.equal((await at('/catalogue', { headers: { Cookie: value, ...client() } })).status, 401);
  const gone = await at('/session', { method: 'DELETE', headers: { Cookie: second.value, 'X-Dikuai': '1' } });
  assert.deepEqual([gone.status, gone.json.audience], [200, 'public']);
  assert.match(gone.headers['set-cookie'][0], /^dikuai-session=; .*Max-Age=0$/);
  const over = await at('/collections/parcel/items', { headers: { Cookie: second.value, ...client() } });
  assert.equal(over.status, 401);
  assert.match(over.headers['set-cookie'][0], /^dikuai-session=; .*Max-Age=0$/, 'the next request is of the public');
  for (const path of ['/', '/?f=json', '/web/app.js', '/styles/default.json', '/healthz']) {
    assert.equal((await at(path, { headers: { Cookie: second.value } })).status, 200, `${path} is the same for everyone`);
  }
  for (const [column, seconds] of [['seen', 30 * 60], ['created', 12 * 3600]]) {
    const { value: old } = await signIn(token);
    const row = `WHERE hash=x'${createHash('sha256').update(old.split('=')[1]).digest('hex')}'`;
    const age = () => Math.floor(Date.now() / 1000) - Number(sql(store, `SELECT ${column} FROM session ${row}`));
    const back = (by) => sql(store, `UPDATE session SET ${column}=${column}-${by} ${row}`);
    back(seconds - 120);
    assert.equal((await at('/catalogue', { headers: { Cookie: old } })).status, 200, column);
    if (column === 'seen') assert.ok(await until((n) => n < 60, age) < 60, 'each request is another beginning, to the minute');
    back(column === 'seen' ? seconds : 120);
    assert.equal((await at('/catalogue', { headers: { Cookie: old, ...client() } })).status, 401, column);
  }
  for (const body of ['', '{}', '{"token":7}', '{"token":"a","token":"b"}', '{"token":', `{"token":"${'x'.repeat(5000)}"}`, '\u0000']) {
    const wrong = await at('/session', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Dikuai': '1', ...client() }, body });
    assert.equal(wrong.status, body.length > 4096 ? 413 : 401, body.slice(0, 40));
    assert.equal(wrong.headers['set-cookie'], undefined);
  }
});

test('another site signs nobody in or out, and gets with a stolen ride what the public gets', async () => {
  const token = staff(store, '受害者', '341321');
  const { value } = await signIn(token);
  const Cookie = value;
  const foreign = [{ Origin: 'https://evil.example' }, { Origin: 'null' }, { Origin: `${server.url}.evil.example` }, { 'Sec-Fetch-Site': 'cross-site', Origin: server.url },
    { 'Sec-Fetch-Site': 'same-site' }];
  /* Login CSRF: a form, and a script, with the attacker's own token. */
  for (const headers of [...foreign, {}]) {
    for (const [type, body] of [['application/x-www-form-urlencoded', `token=${token}`], ['text/plain', JSON.stringify({ token })], ['application/json', JSON.stringify({ token })]]) {
      const login = await at('/session', { method: 'POST', headers: { ...headers, 'Content-Type': type }, body });
      assert.equal(login.status, 403, JSON.stringify([headers, type]));
      assert.equal(login.headers['set-cookie'], undefined);
    }
  }
  for (const headers of foreign) assert.equal((await at('/session', { method: 'DELETE', headers: { ...headers, Cookie, 'X-Dikuai': '1' } })).status, 403);
  for (const headers of [{}, { Origin: server.url }, { 'Sec-Fetch-Site': 'same-origin' }]) {
    assert.equal((await at('/session', { method: 'DELETE', headers: { ...headers, Cookie } })).status, 403, 'without the header that only our page sends');
  }
  assert.deepEqual(await owners({ headers: { Cookie } }), VILLAGES.slice(0, 3), 'the session is still there');
  /* Reading: the cookie counts for nothing, so that what every site may read (CORS) is what everyone may read. */
  const open = await at('/collections/parcel/items');
  for (const headers of foreign) {
    for (const path of ['/collections/parcel/items', '/collections/parcel/items/P0/dossier', '/search?q=P0', '/catalogue']) {
      const ridden = await at(path, { headers: { ...headers, Cookie } }), plain = await at(path);
      assert.deepEqual([ridden.text, ridden.headers.etag, ridden.headers['access-control-allow-origin']], [plain.text, plain.headers.etag, '*'], `${path} ${JSON.stringify(headers)}`);
      // RFC 9111, 4.1: else a cache would give it to the reader's own page, which sends the same cookie.
      for (const name of ['Sec-Fetch-Site', 'Origin']) assert.ok(ridden.headers.vary.split(', ').includes(name) && !plain.headers.vary.includes(name), `${path} ${name}`);
    }
  }
  const area = JSON.stringify(rows[0].geometry), type = { 'Content-Type': 'application/geo+json' };
  const asked = async (headers) => (await at('/overlaps', { method: 'POST', headers: { ...type, ...headers }, body: area })).text.includes('户主0');
  assert.equal(await asked({ Cookie, Origin: server.url }), true, 'our own page asks as staff');
  for (const headers of [...foreign, {}]) assert.equal(await asked({ ...headers, Cookie }), false, JSON.stringify(headers));
  const own = await at('/collections/parcel/items', { headers: { Cookie, 'Sec-Fetch-Site': 'same-origin' } });
  assert.ok(own.text.includes('户主0'));
  assert.deepEqual([own.headers['cache-control'], own.headers['access-control-allow-origin'], own.headers['access-control-allow-credentials'], own.headers['cross-origin-resource-policy'], own.headers.etag],
    ['private, no-store', undefined, undefined, 'same-origin', undefined]);
  const preflight = await at('/session', { method: 'OPTIONS', headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'DELETE', 'Access-Control-Request-Headers': 'x-dikuai' } });
  assert.doesNotMatch(`${preflight.headers['access-control-allow-methods']} ${preflight.headers['access-control-allow-headers']}`, /DELETE|POST|dikuai|\*/i);
  assert.equal(preflight.headers['access-control-allow-credentials'], undefined);
  /* A cache that keeps the public's answer does not give it to staff, nor the other way round. */
  assert.equal(open.headers['cache-control'], 'public, max-age=60');
  for (const name of ['Authorization', 'Cookie', 'X-Remote-User']) assert.match(open.headers.vary, new RegExp(`\\b${name}\\b`));
  assert.equal((await at('/collections/parcel/items', { headers: { Cookie, 'If-None-Match': open.headers.etag } })).status, 200);
  for (const path of ['/xyz/parcel/14/13525/6671', '/collections/parcel/items?f=csv']) assert.match((await at(path)).headers.vary, /\bCookie\b/, path);
  assert.match((await at('/xyz/parcel/14/13525/6671', { headers: { Cookie, ...foreign.at(-1) } })).headers.vary, /\bCookie, Sec-Fetch-Site, Origin\b/);
});

test('a user whom the trusted proxy names is known by that name, from no other address', async (t) => {
  assert.equal(add(store, 'zhang', '--audience', 'staff', '--scope', '341322', '--proxy-user'), '', 'no secret');
  const as = (name, headers = {}) => ({ headers: { 'X-Remote-User': Buffer.from(name).toString('latin1'), ...headers } }); // its UTF-8
  add(store, '赵处长', '--audience', 'staff', '--scope', '1101', '--proxy-user');
  assert.deepEqual(await owners(as('zhang')), ['341322101001']);
  assert.deepEqual(await owners(as('赵处长')), ['110101001001']);
  assert.equal((await at('/session', as('zhang'))).json.by, 'proxy');
  assert.equal((await at('/catalogue', as('nobody', client()))).status, 401);
  assert.equal((await at('/catalogue', as('张三', client()))).status, 401, 'a token of this name has a secret');
  assert.deepEqual(await owners(as('')), []);
  assert.equal((await at('/catalogue', { headers: { 'X-Remote-User': ['other', 'zhang'], ...client() } })).status, 401, 'one is not of the proxy');
  for (const headers of [{ 'Sec-Fetch-Site': 'cross-site' }, { Origin: 'https://evil.example' }]) assert.deepEqual(await owners(as('zhang', headers)), [], 'another site');
  /* What comes first: a token, then a session, then the proxy; of two, the second is not tried. */
  const token = staff(store, '第一', '340111'), { value } = await signIn(staff(store, '第二', '110101'));
  assert.deepEqual(await owners(as('zhang', { Cookie: value, Authorization: `Bearer ${token}` })), ['340111001001']);
  assert.deepEqual(await owners(as('zhang', { Cookie: value })), ['110101001001']);
  assert.equal((await at('/catalogue', as('zhang', { Authorization: 'Bearer wrong', ...client() }))).status, 401);
  assert.deepEqual(await owners(as('zhang', { Authorization: 'Basic eDp5' })), ['341322101001'], 'the password that the proxy has checked is its own affair');
  assert.equal((await at('/catalogue', { headers: { Authorization: 'Basic eDp5', ...client() } })).status, 401);
  const alone = await another(t, store, '--trust-proxy', '192.0.2.0/24', '--trust-proxy', '2001:db8::/32', '--proxy-user-header', 'X-Remote-User');
  const unbelieved = await get(`${alone.url}/collections/parcel/items`, as('zhang', { 'X-Forwarded-For': '192.0.2.1' }));
  assert.ok(unbelieved.status === 200 && !unbelieved.text.includes('户主'));
  revoke(store, 'zhang');
  assert.equal((await at('/catalogue', as('zhang', client()))).status, 401);
  for (const wrong of [['--proxy-user-header', 'X-User'], ['--trust-proxy', '10.0.0.0/33'], ['--trust-proxy', 'proxy'], ['--trust-proxy', '::1', '--proxy-user-header', 'Cookie']]) {
    const { status, stderr } = spawnSync(process.env.DK_TILER ?? '', [store, ...wrong], { encoding: 'utf8' });
    assert.equal(status, 2, `${wrong}: ${stderr}`);
  }
});

test('the trail says who read what, in order, and not what they looked for', async () => {
  const token = staff(store, '被记录', '341321');
  const address = client();
  const { value } = await signIn(token, address);
  const paths = ['/collections/parcel/items/P0/dossier', '/collections/parcel/items/P0/dossier?f=html', '/collections/parcel/items/P1', '/collections/parcel/items?owner=%E6%88%B7%E4%B8%BB0', '/collections/parcel/items?owner=x&limit=5',
    '/search?q=%E6%88%B7%E4%B8%BB0', '/collections/parcel/statistics', '/overlaps?point=117.2005,31.8005', '/collections/parcel/items?f=csv&owner=%E6%88%B7%E4%B8%BB1',
    '/catalogue', '/collections', '/collections/parcel/items/none', '/web/app.js'];
  for (const path of paths) assert.equal((await at(path, { headers: { Cookie: value } })).status, path.endsWith('none') ? 404 : 200, path);
  for (const path of ['/xyz/parcel/14/13525/6671', '/xyz/parcel/14/13525/6672', '/xyz/parcel/15/27050/13342']) await at(path, { token });
  for (const path of paths) await at(path); // the public leaves no trace
  await at('/catalogue', { token: 'dk_wrong', headers: address });
  await at('/session', { method: 'DELETE', headers: { Cookie: value, 'X-Dikuai': '1' } });
  const mine = () => {
    const events = trail(store).filter(({ name, way, what, address: from }) => (name === '被记录' && !['token-add', 'login'].includes(what))
      || (from === address['X-Forwarded-For'] && what !== 'login') || (name === '' && way === ''));
    const tiles = events.filter(({ what }) => what === 'tiles'); // counted within each time of writing
    return [...events.filter(({ what }) => what !== 'tiles'), ...tiles.slice(0, 1).map((event) => ({ ...event, rows: tiles.reduce((sum, { rows: n }) => sum + n, 0) }))];
  };
  const events = await until((all) => all.length >= 13 && all.at(-1).rows === 3, mine);
  const shown = events.map(({ name, way, what, kind, key, detail, rows: n, address: from }) => [name, way, what, kind, key, detail, n, from].map((x) => x ?? '-').join('|'));
  const own = (what, ...rest) => ['被记录', what === 'tiles' ? 'token' : 'session', what, ...rest].join('|');
  assert.deepEqual(shown.sort(), [
    own('dossier', 'parcel', 'P0', '-', '-', '-'), own('dossier', 'parcel', 'P0', 'f=html', '-', '-'), own('item', 'parcel', 'P1', '-', 1, '-'), own('items', 'parcel', '-', 'owner', 1, '-'), own('items', 'parcel', '-', 'owner limit', 0, '-'),
    own('search', '-', '-', 'q', 1, '-'), own('statistics', 'parcel', '-', '-', '-', '-'), own('overlaps', '-', '-', 'point', 1, '-'), own('export', 'parcel', '-', 'f=csv owner', '-', '-'),
    own('exported', 'parcel', '-', 'f=csv', 1, '-'), own('tiles', 'parcel', '-', '-', 3, '-'), own('logout', '-', '-', '-', '-', '-'),
    `-|token|failed|-|-|-|-|${address['X-Forwarded-For']}`].map((line) => line.replace(/^-\|/, '|')).sort());
  const whole = readFileSync(`${store}.access`).toString('latin1') + readFileSync(`${store}.access-wal`).toString('latin1');
  assert.ok(!whole.includes(Buffer.from('户主').toString('latin1')), 'no word that was looked for');
  assert.deepEqual(trail(store, '--name', '被记录').map(({ what }) => what).slice(0, 2), ['token-add', 'login']);
  assert.deepEqual(trail(store, '--from', '2031-01-01'), []);
  const csv = tool('audit', store, '--name', '被记录').stdout.split('\r\n');
  assert.equal(csv[0], '\uFEFFnumber,time,token,name,way,what,kind,key,detail,address,rows');
  assert.ok(csv.some((line) => line.includes('"被记录","session","dossier","parcel","P0"')));
});

test('what staff read of a batch that waits is in the trail, too', async (t) => {
  const own = makeStore(), alone = await another(t, own), token = staff(own, '看批次', '*');
  const before = JSON.parse(tool('batches', own, '--json').stdout).batches.length, path = join(dirname(own), 'staged.geojson');
  writeFileSync(path, featureCollection([{ ...rows[0], id: 'P99', owner: '预览户主' }]));
  tool('load', own, 'parcel', path);
  const { status, text } = await get(`${alone.url}/batches/${before + 1}/changes?limit=10`, { token });
  assert.ok(status === 200 && text.includes('预览户主'), text);
  const events = await until((all) => all.length > 0, () => trail(own).filter(({ what }) => what === 'changes'));
  assert.deepEqual(events.map(({ name, kind, key, detail, rows: n }) => [name, kind, key, detail, n]), [['看批次', null, String(before + 1), 'limit', 1]]);
});

test('where the trail cannot be written, nobody sees more than the public, who go on', async (t) => {
  const own = makeStore(), alone = await another(t, own), token = staff(own, '张三', '341321');
  const ask = async (path, options) => (await get(alone.url + path, options)).status;
  const dossier = '/collections/parcel/items/P0/dossier', items = '/collections/parcel/items';
  assert.deepEqual([await ask(dossier, { token }), await ask(dossier, { token: FILE_STAFF }), await ask(items, { token: FILE_STAFF })], [200, 200, 200]);
  renameSync(`${own}.access`, `${own}.kept`);
  mkdirSync(`${own}.access`);
  for (const path of [dossier, items, '/search?q=P0', `${items}?f=csv`, '/xyz/parcel/14/13525/6671']) {
    assert.deepEqual([await ask(path, { token }), await ask(path, { token: FILE_STAFF }), await ask(path)].map((status) => (status === 204 ? 200 : status)), [503, 503, 200], path);
  }
  assert.match(alone.errors(), /^dikuai-tiler: \S+county\.dk\.access: is no file\. Until this is mended, nobody sees more than the public$/m);
  rmdirSync(`${own}.access`);
  renameSync(`${own}.kept`, `${own}.access`);
  assert.deepEqual([await ask(dossier, { token }), await ask(dossier, { token: FILE_STAFF })], [200, 200]);
  chmodSync(`${own}.access`, 0o644);
  const exposed = await another(t, own);
  assert.equal((await get(exposed.url + dossier, { token })).status, 503);
  assert.equal((await get(exposed.url + dossier)).status, 200);
  assert.match(exposed.errors(), /other users of this machine may open it; chmod 600 it/);
  assert.deepEqual([await ask(dossier, { token }), await ask(items, { token }), await ask(items)], [503, 503, 200], 'nor where it was open before');
  assert.match(alone.errors(), /other users of this machine may open it; chmod 600 it/);
  chmodSync(`${own}.access`, 0o600);
  assert.deepEqual([await ask(dossier, { token }), await ask(items, { token })], [200, 200]);
});

test('what is to be forgotten is gone from the file, and that it was forgotten stays', () => {
  const own = makeStore();
  const heads = '\uFEFFnumber,time,token,name,way,what,kind,key,detail,address,rows\r\n';
  assert.deepEqual([tool('audit', own).status, tool('audit', own).stdout, trail(own)], [0, heads, []], 'nobody has had a token yet');
  assert.match(tool('audit', `${own}x`).stderr, /there is no such file/);
  for (const wrong of [['--from', '2026-13-01'], ['--from', '2026-12-01', '--to', '2026-11-30'], ['--forget-before', 'ever'], ['--forget-before', '2026-01-01', '--name', 'x']])
    assert.equal(tool('audit', own, ...wrong).status, 2, wrong.join(' '));
  staff(own, '要忘记的名字', '341321');
  revoke(own, '要忘记的名字');
  sql(own, "UPDATE audit SET at=at-86400*400; DELETE FROM token; PRAGMA wal_checkpoint(TRUNCATE)");
  const { status, stdout } = tool('audit', own, '--forget-before', new Date(Date.now() - 86400e3 * 30).toISOString().slice(0, 10), '--actor', '管理员');
  assert.deepEqual([status, stdout], [0, '2 events are forgotten\n']);
  assert.deepEqual(trail(own).map(({ what, key, rows: n }) => [what, key, n]), [['forget', '管理员', 2]]);
  for (const name of readdirSync(dirname(own)).filter((each) => each.startsWith(`${basename(own)}.access`))) {
    assert.ok(!readFileSync(join(dirname(own), name)).includes('要忘记的名字'), name);
  }
});

test('no token and no session stands in any file, in what the server said, or in its metrics', async () => {
  await at('/metrics');
  const token = staff(store, '粗心', '341321');
  for (const path of [`/${token}`, `/catalogue?${token}=1`, `/collections/${token}/items`]) await at(path, { token });
  const last = client();
  await at('/catalogue', { headers: { Authorization: token, ...last } });
  assert.ok(await until(Boolean, () => trail(store).some((event) => event.address === last['X-Forwarded-For'])), 'all is written that is to be');
  const said = [server.errors(), (await at('/metrics', { token })).text];
  const dir = dirname(store);
  for (const name of readdirSync(dir)) {
    if (statSync(join(dir, name)).isFile()) said.push(readFileSync(join(dir, name)).toString('latin1'));
  }
  assert.ok(secrets.length > 20 && said.length > 5 && server.errors().includes('GET /*'));
  for (const secret of secrets) assert.ok(!said.some((text) => text.includes(secret)), 'a secret is there in clear');
});
