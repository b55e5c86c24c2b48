// The dossier's page checks itself against the publication log, by the browser's own SHA-256 and Ed25519; and says so when
// a row was changed in the store, a text on the way to the reader, or the log.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { catalogue, makeStore, run, serve, CHIEF } from '../http/county.mjs';
import { launch } from './site.mjs';

let store, site, browser;
const path = (key) => `/collections/parcel/items/${encodeURIComponent(key)}/dossier?f=html`;
const sql = (text) => execFileSync('sqlite3', [store, `PRAGMA busy_timeout=10000; ${text}`]);

before(async () => {
  store = makeStore();
  run('log', store, 'create', 'dk.example.gov.cn/log', '--sm2');
  site = await serve(store);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

/** What the page of a dossier says of itself. change: {address part: a function of the text that comes from there}. */
async function verdict(key, change = {}, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage(), faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => { if (message.type() === 'error') faults.push(message.text()); });
  for (const [part, of] of Object.entries(change)) {
    await page.route((url) => url.pathname.endsWith(part), async (route) => {
      const answer = await route.fetch();
      const text = await answer.text(), changed = of(text);
      assert.notEqual(changed, text, part);
      await route.fulfill({ response: answer, body: changed });
    });
  }
  await page.goto(site.url + path(key));
  const shown = page.locator('section.proof .verdict');
  if (options.javaScriptEnabled !== false) await page.waitForFunction(() => !document.querySelector('.verdict').textContent.includes('需要浏览器脚本'));
  const said = { text: await shown.innerText(), good: await shown.evaluate((node) => node.classList.contains('good')),
    bad: await shown.evaluate((node) => node.classList.contains('bad')), whole: await page.locator('section.proof').innerText(), faults };
  await context.close();
  return said;
}

test('what the page shows is verified, signature and all, for each parcel', async () => {
  for (const key of ['X1:DK001', 'X1:DK002', 'X1:DK003', 'X2:甲/乙 丙?']) {
    const said = await verdict(key);
    assert.equal(said.text, '已核验：本页内容与公开日志一致，签名有效', key);
    assert.ok(said.good && !said.bad);
    assert.match(said.whole, /第 \d+ 条，共 18 条/);
    assert.match(said.whole, /签署时间\s+20\d\d年\d{1,2}月\d{1,2}日 \d\d:\d\d\s/);
    assert.deepEqual(said.faults, []);
  }
});

test('staff see more than the log has, and it is verified what the public sees of it', async () => {
  const said = await verdict('X1:DK001', {}, { extraHTTPHeaders: { Authorization: `Bearer ${CHIEF}` } });
  assert.equal(said.text, '已核验：本页内容与公开日志一致，签名有效');
});

test('who sees what the public sees masked is not told that it was changed', async () => {
  const masked = catalogue.replace('title: 户主, type: text, audience: staff, tiles: true, search: true', '$&, mask: {public: name}');
  assert.notEqual(masked, catalogue);
  const before = [store, site];
  store = makeStore(masked);
  run('log', store, 'create', 'dk.example.gov.cn/log');
  site = await serve(store);
  try {
    const chief = { extraHTTPHeaders: { Authorization: `Bearer ${CHIEF}` } }, good = '已核验：本页内容与公开日志一致，签名有效';
    assert.equal((await verdict('X1:DK001')).text, good);
    assert.equal((await verdict('X1:DK001', {}, chief)).text, good);
    const other = { '/dossier': (text) => text.replace(/(data-field="owner">)[^<]/, '$1错') };
    for (const options of [{}, chief]) assert.equal((await verdict('X1:DK001', other, options)).text, '不一致：本页“户主”与公开日志不同');
  } finally {
    await site.stop();
    [store, site] = before;
  }
});

test('without scripts it says that it is not verified', async () => {
  assert.match((await verdict('X1:DK001', {}, { javaScriptEnabled: false })).text, /未核验/);
});

test('a text that is changed on the way is found, whichever it is', async () => {
  for (const [from, to, title] of [['>一号地<', '>二号地<', '地块名称'], ['341321101', '341321102', '行政区划代码'], ['<span class="number">3</span>', '<span class="number">4</span>', '户数'],
    ['data-field="approval_no">皖政地〔2021〕1号', 'data-field="approval_no">皖政地〔2021〕3号', '批准文号']]) {
    const said = await verdict('X1:DK001', { '/dossier': (text) => {
      assert.ok(text.includes(from), from);
      return text.replaceAll(from, to);
    } });
    assert.equal(said.text, `不一致：本页“${title}”与公开日志不同`);
    assert.ok(said.bad && !said.good);
  }
});

test('a proof that is changed on the way is found', async () => {
  const other = (text, from, to) => {
    assert.match(text, from);
    return text.replace(from, to);
  };
  // Salts and hashes are random, so none can be sure to differ from a text given here.
  const turned = (text, from) => other(text, from, (all, before, c) => before + (c === 'A' ? 'B' : 'A'));
  for (const [change, words] of [
    [(text) => other(text, /一号地/, '二号地'), /内容在公开之后被改动过/],
    [(text) => turned(text, /("salt":")(.)/), /内容在公开之后被改动过/],
    [(text) => other(text, /"entry":\d+/, '"entry":1'), /日志中没有这一条/],
    [(text) => turned(text, /("hashes":\[")(.)/), /日志中没有这一条/],
    [(text) => other(text, /\\n18\\n/, '\\n17\\n'), /签署的不是这份日志/],
    [(text) => { const proof = JSON.parse(text); proof.checkpoint = turned(proof.checkpoint, /^(— \S+ \S{20})(.)/m); return JSON.stringify(proof); }, /签名无效/],
  ]) {
    const said = await verdict('X1:DK001', { '/proof': change });
    assert.match(said.text, words);
    assert.ok(said.bad);
  }
  // Signed by another key than the log has.
  assert.match((await verdict('X1:DK001', { '/log/keys': (text) => text.replace(/\+[0-9a-f]{8}\+A/, '+00000000+A') })).text, /签名无效/);
});

test('a row that is changed in the store is found, also in what the public does not see', async () => {
  for (const [column, value, back] of [['f_name', '九号地', '二号地'], ['f_id_number', '341321199001011299', '341321199001011235']]) {
    sql(`UPDATE row_parcel SET ${column}='${value}' WHERE key='X1:DK002'`);
    const said = await verdict('X1:DK002');
    assert.equal(said.text, '不一致：内容在公开之后被改动过');
    assert.ok(said.bad);
    sql(`UPDATE row_parcel SET ${column}='${back}' WHERE key='X1:DK002'`);
    assert.ok((await verdict('X1:DK002')).good);
  }
});
