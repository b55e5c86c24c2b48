// A dossier as the public and as staff read it, against the ledgers themselves; and what nobody may see.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AMOUNTS, MIN_ROWS, readCounty } from './county.mjs';
import { layer, occurring } from './ledger.mjs';
import { dossierOpen, drawn, ingest, launch, makeStore, middle, openPage, out, samples, serve, told, TOKEN, viewOf } from './site.mjs';

let county;
let store;
let site;
let browser;
let parcel; // in a project of one approval, all of whose groups are large enough to be shown
let expected;

before(async () => {
  county = readCounty(samples);
  store = makeStore();
  site = await serve(store);
  browser = await launch();
  parcel = county.parcels.find((each) => {
    const dossier = county.dossier(each);
    return dossier.approval.length === 1 && dossier.compensation.length >= 2 && dossier.total.rows >= MIN_ROWS
      && dossier.notice.some((notice) => notice['公告类型'] === '征收土地预公告' && !notice.numbers.length) && dossier.notice.some((notice) => notice.numbers.length)
      && groupsOf(each.project).every((rows) => rows >= MIN_ROWS);
  });
  expected = county.dossier(parcel);
});

after(async () => {
  await browser?.close();
  if (site) assert.equal(await site.stop(), 0, 'the server ends cleanly');
});

/** How many payments each collective of a project has. */
function groupsOf(project) {
  const counts = new Map();
  for (const row of county.payments) {
    if (row.project === project) counts.set(row['受款单位'], (counts.get(row['受款单位']) ?? 0) + 1);
  }
  return [...counts.values()];
}

/** Clicks a place that the link puts in the middle of the map. */
async function click(view, at) {
  await view.go(viewOf(at, 17.5));
  await view.page.mouse.click(...await middle(view.page));
  return dossierOpen(view.page);
}

const timelineOf = (page) => page.locator('[data-section=timeline] .timeline li').evaluateAll((entries) => entries.map((entry) =>
  `${entry.querySelector('time').dateTime} ${entry.dataset.kind} ${entry.querySelector('.timeline-kind').textContent.split(' · ')[1]}`));

/** Totals on the page: {"XM1": {rows, sums: {title: number}} or "suppressed"}. */
const totalsOf = (page) => page.locator('.total').evaluateAll((groups) => Object.fromEntries(groups.map((group) => [group.dataset.group,
  group.querySelector('.suppressed') ? 'suppressed' : {
    rows: Number(group.querySelector('[data-field=rows] .number').textContent.replaceAll(',', '')),
    sums: Object.fromEntries([...group.querySelectorAll('.sum')].map((sum) =>
      [sum.querySelector('dt').textContent, Number(sum.querySelector('.number').textContent.replaceAll(',', ''))])),
  }])));

/** The compensation table: one object of texts by column title for each row; last: the line 合计. */
async function tableOf(page) {
  return page.locator('[data-section=compensation] table').evaluate((table) => {
    const titles = [...table.querySelectorAll('thead th')].map((cell) => cell.firstChild.textContent);
    const read = (row) => Object.fromEntries([...row.children].map((cell, i) => [titles[i], cell.querySelector('time')?.dateTime ?? cell.textContent]));
    return { titles, rows: [...table.querySelectorAll('tbody tr')].map(read), sum: table.tFoot ? read(table.tFoot.rows[0]) : null };
  });
}

const yuan = (text) => Number(text).toLocaleString('zh-CN', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** Everything on the page: its text, attributes and field values. */
const everything = (page) => page.evaluate(() => `${document.documentElement.outerHTML}\n${[...document.querySelectorAll('input')].map((input) => input.value).join('\n')}`);

describe('a parcel clicked by the public', () => {
  let view;
  before(async () => {
    view = await openPage(browser, site);
    assert.equal(await click(view, parcel.at), parcel.name);
  });
  after(() => view.context.close());

  test('shows the parcel with Chinese titles and units', async () => {
    const facts = await view.page.locator('[data-section=subject] .fact').evaluateAll((nodes) =>
      Object.fromEntries(nodes.map((node) => [node.querySelector('dt').textContent, node.querySelector('dd').textContent])));
    assert.equal(facts['地块编号'], parcel.id);
    assert.equal(facts['所在村'], parcel.village);
    assert.equal(facts['项目编号'], parcel.project);
    assert.equal(facts['批准文号'], parcel.numbers.join('、'), 'whatever brackets and digits the source used');
    assert.match(facts['批准面积'], /^[\d.]+ 公顷/);
    assert.equal(parseFloat(facts['批准面积']), parcel.hectares);
    // What follows from the ledgers of approvals and payments.
    const dates = (kind) => expected.timeline.filter((entry) => entry.includes(` ${kind} `)).map((entry) => entry.slice(0, 10));
    const [, y, m, d] = /^(\d+)年(\d+)月(\d+)日$/.exec(facts['批准日期']);
    assert.ok(expected.timeline.includes(`${y}-${m.padStart(2, '0')}-${d.padStart(2, '0')} approval 批准时间`), facts['批准日期']);
    assert.equal(facts['是否付清'], dates('compensation').length === expected.compensation.length ? '已付清' : '部分付清');
  });

  test('shows every linked record in time order with its exact date', async () => {
    const shown = await timelineOf(view.page);
    assert.deepEqual(shown.slice().sort(), expected.timeline);
    const dates = shown.map((entry) => entry.slice(0, 10));
    assert.deepEqual(dates, dates.slice().sort());
    assert.ok(expected.notice.some((notice) => !notice.numbers.length), 'a 预公告 without 文号 is among them');
  });

  test('shows the approval, found through a 文号 written in another way', async () => {
    const section = view.page.locator('[data-section=approval]');
    assert.equal(await section.locator('.card-title').innerText(), expected.approval[0].numbers[0]);
    assert.ok((await section.innerText()).includes(expected.approval[0]['批准机关']));
    assert.equal(await section.locator('[data-field=area_total_ha] .number').getAttribute('data-value'), String(Number(expected.approval[0]['总面积'])));
  });

  test('shows every notice', async () => {
    const shown = await view.page.locator('[data-section=notice] .card-title').allInnerTexts();
    assert.deepEqual(shown.slice().sort(), expected.notice.map((notice) => notice['公告名称']).slice().sort());
  });

  test('shows the price standard, and totals to the cent', async () => {
    const text = await view.page.locator('[data-section=compensation]').innerText();
    assert.ok(text.includes(`${Number(expected.compensation[0]['区片综合地价']).toLocaleString('zh-CN')} 元/亩`));
    const wanted = { [parcel.project]: expected.total };
    for (const [name, total] of expected.byCollective) wanted[`${parcel.project} ${name}`] = total;
    assert.deepEqual(await totalsOf(view.page), wanted);
    const { titles, rows } = await tableOf(view.page);
    assert.equal(rows.length, expected.compensation.length);
    for (const title of [...AMOUNTS, '被征地农户', '身份证号', '银行账号']) assert.ok(!titles.includes(title), title);
  });

  test('lists what is published with its date, and what is missing', async () => {
    const items = await view.page.locator('[data-section=items] .item').evaluateAll((nodes) => nodes.map((node) => ({
      title: node.querySelector('.item-title').textContent, status: node.dataset.status, badges: [...node.querySelectorAll('.badge')].map((badge) => badge.textContent),
      date: node.querySelector('summary time')?.dateTime })));
    assert.ok(items.length > 0);
    for (const item of items) {
      assert.ok(item.badges.length > 0 && item.badges.every((badge) => ['已公开', '未公开', '已按期公开', '逾期公开', '公示期不足', '逾期未公开', '待公开', '未到期', '无法计算'].includes(badge)), item.badges.join());
      // A notice of the kind that the item is called by proves it.
      const notice = expected.notice.filter((row) => row['公告类型'] === item.title).map((row) => row['发布时间']).slice().sort()[0];
      if (notice) assert.deepEqual([item.status, item.date], ['published', notice]);
    }
    const published = items.filter((item) => item.status === 'published').length;
    assert.ok((await view.page.locator('[data-section=items] .note').innerText()).includes(`应公开 ${items.length} 项，已公开 ${published} 项`));
  });

  test('leaves a picture', async () => {
    await view.page.screenshot({ path: join(out, 'dossier-public.png') });
  });

  test('provokes no error and no request elsewhere', () => assert.deepEqual(view.faults, []));
});

describe('a project of which an announcement is missing', () => {
  test('shows that item as 逾期未公开', async () => {
    const missing = '征地补偿安置公告';
    const kinds = (project) => new Set(county.notices.filter((row) => row['项目编号'] === project).map((row) => row['公告类型']));
    const incomplete = county.parcels.find((each) => kinds(each.project).has('征收土地公告') && !kinds(each.project).has(missing)
      && county.projects.some((project) => project['项目编号'] === each.project && project['适用程序'] === '2021年9月起'));
    assert.ok(incomplete, 'the samples have such a project');
    const view = await openPage(browser, site);
    await click(view, incomplete.at);
    const item = view.page.locator('.item', { has: view.page.locator('.item-title', { hasText: new RegExp(`^${missing}$`) }) });
    assert.equal(await item.locator('.badge').innerText(), '逾期未公开');
    assert.match(await item.locator('.clock-words').innerText(), /^（应于\d{4}-\d\d-\d\d前公开，已逾期\d+个/);
    const announced = view.page.locator('.item', { has: view.page.locator('.item-title', { hasText: /^征收土地公告$/ }) });
    assert.equal(await announced.getAttribute('data-status'), 'published');
    assert.match(await announced.locator('.badge').innerText(), /^(已按期公开|逾期公开)$/);
    assert.deepEqual(view.faults, []);
    await view.context.close();
  });
});

describe('a collective with few payments', () => {
  test('has its total suppressed, and the page says so', async () => {
    const few = county.parcels.find((each) => [...county.dossier(each).byCollective.values()].some((total) => total.rows < MIN_ROWS)
      && county.dossier(each).total.rows >= MIN_ROWS);
    const view = await openPage(browser, site);
    await click(view, few.at);
    const dossier = county.dossier(few);
    const shown = await totalsOf(view.page);
    for (const [name, total] of dossier.byCollective) {
      if (total.rows < MIN_ROWS) assert.equal(shown[`${few.project} ${name}`], 'suppressed');
    }
    assert.match(await view.page.locator('.suppressed').first().innerText(), /为保护个人信息，不公开合计/);
    await view.context.close();
  });
});

describe('the same parcel seen by staff', () => {
  let view;
  before(async () => {
    // The wrong token is answered with 401, which the browser reports.
    view = await openPage(browser, site, { expected: (text) => /401/.test(text) });
    await view.go(viewOf(parcel.at, 17.5));
  });
  after(() => view.context.close());

  test('a wrong token is said to be wrong and changes nothing', async () => {
    const { page } = view;
    await page.click('#staff');
    await page.fill('#staff-token', 'not-a-token');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('#staff-error').textContent.includes('不正确'));
    assert.equal(await page.locator('#staff-banner').isVisible(), false);
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    await page.click('#staff-cancel');
  });

  test('the right token shows payees and single amounts, marked as internal', async () => {
    const { page } = view;
    await page.click('#staff');
    await page.fill('#staff-token', TOKEN);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#staff-banner:visible');
    await page.waitForFunction(() => document.querySelector('#staff-name').textContent);
    assert.match(await page.locator('#staff-banner').innerText(), /工作人员视图[\s\S]*测试员[\s\S]*341321/);
    await drawn(page);
    await page.mouse.click(...await middle(page));
    assert.equal(await dossierOpen(page), parcel.name);
    const { rows, sum } = await tableOf(page);
    const wanted = expected.compensation.map((row) => Object.fromEntries(['补偿编号', '被征地农户', ...AMOUNTS].map((title) =>
      [title, AMOUNTS.includes(title) ? yuan(row[title]) : row[title]])));
    const by = (a, b) => a['补偿编号'].localeCompare(b['补偿编号']);
    assert.deepEqual(rows.map((row) => Object.fromEntries(Object.keys(wanted[0]).map((title) => [title, row[title]]))).sort(by), wanted.sort(by));
    for (const title of AMOUNTS) {
      const cents = expected.compensation.reduce((all, row) => all + Math.round(Number(row[title]) * 100), 0);
      assert.equal(sum[title], yuan(cents / 100), title);
    }
    assert.ok(await page.locator('[data-section=compensation] .internal').count() >= AMOUNTS.length);
    await page.locator('[data-section=compensation]').scrollIntoViewIfNeeded();
    await page.screenshot({ path: join(out, 'dossier-staff.png') });
  });

  test('a scan attached meanwhile is listed, with a name that is text', async () => {
    const { page } = view;
    const name = '付款凭证<b>1<b>.pdf', content = `%PDF-1.4\n${'x'.repeat(1500)}\n%%EOF\n`;
    const payments = await (await fetch(new URL(`collections/parcel/items/${encodeURIComponent(parcel.key)}/compensation`, site.url))).json();
    const key = payments.features[0].id;
    writeFileSync(join(dirname(store), name), content);
    execFileSync(ingest, ['attach', store, 'compensation', join(dirname(store), name), '--key', key, '--publish']);
    await page.mouse.click(...await middle(page));
    await page.locator('[data-section=documents] li').nth(1).waitFor();
    const listed = await page.locator('[data-section=documents] li').evaluateAll((nodes) => nodes.map((node) => [node.dataset.sha256, ...[...node.children].map((child) => child.textContent)]));
    // The approval's is public, in the samples, and comes first.
    const number = '皖政地〔2022〕9001号', approval = readFileSync(join(samples, 'documents', 'approval', `${number}.pdf`));
    assert.deepEqual(listed, [[createHash('sha256').update(approval).digest('hex'), `${number}.pdf`, `用地批复 · ${number} · 1.3 KB`],
      [createHash('sha256').update(content).digest('hex'), name, `征地补偿 · ${key} · 1.5 KB`]]);
    const [open, receipt] = await page.locator('[data-section=documents] a').evaluateAll((nodes) => nodes.map((node) => node.href));
    assert.deepEqual(Buffer.from(await (await fetch(open)).arrayBuffer()), approval);
    assert.equal((await fetch(receipt)).status, 404, 'an address alone shows nothing');
    assert.equal(await page.locator('[data-section=documents] b').count(), 0);
  });

  test('staff see from which file and row the parcel comes, with the hash of the file as sha256sum has it', async () => {
    const listed = await view.page.locator('[data-section=origin] .fact').evaluateAll((nodes) => nodes.map((node) => [...node.children].map((child) => child.textContent)));
    const origin = new Map(listed);
    assert.equal(origin.get('来源文件'), 'parcels.shp 内部');
    assert.match(origin.get('行'), /^\d+$/);
    for (const part of ['shp', 'dbf', 'shx']) {
      const hash = createHash('sha256').update(readFileSync(join(samples, `parcels.${part}`))).digest('hex');
      assert.ok(listed.some(([title, text]) => title === 'SHA-256' && text.startsWith(`parcels.${part} · `) && text.endsWith(hash)), part);
    }
    await view.page.locator('[data-section=origin]').scrollIntoViewIfNeeded();
    await view.page.screenshot({ path: join(out, 'dossier-origin.png') });
  });

  test('the totals are the same as for the public', async () => {
    assert.deepEqual((await totalsOf(view.page))[parcel.project], expected.total);
  });

  test('accounts are not even sent to staff, and identity numbers only those of the linked payments', async () => {
    const sent = (await view.bodies()).map((body) => body.data.toString('utf8')).join('\n');
    const own = new Set(expected.compensation.map((row) => row['身份证号']));
    assert.deepEqual(occurring(county.payments.map((row) => row['身份证号']).filter((number) => !own.has(number)), sent), [], 'an identity number');
    assert.deepEqual(occurring(county.payments.map((row) => row['银行账号']), sent), [], 'an account');
  });

  test('the token is in no address and nowhere in the browser, whose session no script can read', async () => {
    assert.ok(!view.page.url().includes(TOKEN));
    assert.ok(!(await everything(view.page)).includes(TOKEN));
    assert.deepEqual(await view.page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, '']);
    const cookies = await view.context.cookies();
    assert.deepEqual(cookies.map(({ name, httpOnly, sameSite, expires, value }) => [name, httpOnly, sameSite, expires, value === TOKEN]),
      [['dikuai-session', true, 'Strict', -1, false]]);
    for (const body of await view.bodies()) assert.ok(!body.url.includes(TOKEN));
  });

  test('leaving takes everything internal off the page', async () => {
    const { page } = view;
    await page.click('#staff-leave');
    await page.waitForSelector('#staff-banner', { state: 'hidden' });
    await page.waitForFunction(() => !document.querySelector('#panel .internal') && document.querySelector('#panel[data-state=ready] h2'));
    const text = await everything(page);
    for (const row of expected.compensation) assert.ok(!text.includes(`>${row['被征地农户']}<`));
    assert.ok(!text.includes('付款凭证') && !text.includes('数据来源'));
    assert.deepEqual(await view.context.cookies(), []);
    assert.deepEqual(view.faults, []);
  });

  let address; // of the page with the dossier open

  /** Signs in and waits until nothing is under way; gives what ends the session behind the page's back. */
  async function endedSession() {
    const { page, context } = view;
    await page.click('#staff');
    await page.fill('#staff-token', TOKEN);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#staff-banner:visible');
    await page.waitForFunction(() => document.querySelector('#staff-name').textContent);
    await page.waitForSelector('#panel[data-state=ready] .internal');
    await drawn(page);
    const [cookie] = await context.cookies();
    return () => context.addCookies([{ ...cookie, value: cookie.value.replaceAll(/./g, 'x') }]);
  }

  test('a session that ends is told once, however many tiles are refused, and the page goes on as for the public', async () => {
    const { page, context } = view;
    const end = await endedSession();
    await page.evaluate(() => window.told.splice(0));
    address = new URL(page.url()).hash;
    await end();
    await page.goto(`${site.url}${viewOf(parcel.at, 13)}`); // the same document, other tiles
    assert.deepEqual(await told(page, '失效'), ['登录已失效，已退出内部视图。']);
    await page.waitForSelector('#staff-banner', { state: 'hidden' });
    await drawn(page);
    assert.deepEqual(await page.evaluate(() => window.told), ['登录已失效，已退出内部视图。']);
    assert.deepEqual(await context.cookies(), []);
  });

  test('one that ended while the page was away is told when it is opened again', async () => {
    const { page, context } = view;
    await page.goto(`${site.url}${address}`);
    const end = await endedSession();
    await page.goto('about:blank'); // a page that is still there may notice first
    await end();
    await page.goto(`${site.url}${address}`, { waitUntil: 'commit' });
    assert.deepEqual(await told(page, '失效'), ['登录已失效，已退出内部视图。']);
    await drawn(page);
    assert.equal(await page.locator('#staff-banner').isVisible(), false);
    assert.deepEqual(await context.cookies(), []);
  });

  test('one that ended is noticed by whatever is asked for next: a list, a search', async () => {
    const { page } = view;
    for (const ask of [async () => {
      await page.click('#staff-lists');
      await page.fill('#list-division', '341321101');
      return () => page.click('#list-form .primary');
    }, async () => () => page.fill('#search', parcel.id)]) {
      const end = await endedSession();
      const go = await ask();
      await page.evaluate(() => window.told.splice(0));
      await end();
      await go();
      await page.waitForSelector('#staff-banner', { state: 'hidden' });
      await page.waitForFunction(() => !document.querySelector('.internal') && document.querySelector('#panel[data-state=ready] h2'));
      assert.deepEqual(await page.evaluate(() => window.told), ['登录已失效，已退出内部视图。']);
      assert.equal(await page.locator('#list-dialog').isVisible(), false);
    }
  });

  test('is begun and ended by the keyboard, which goes on where it was, and nothing that is typed is lost', async () => {
    const other = await openPage(browser, site);
    const { page } = other;
    await other.go();
    await page.focus('#staff');
    await page.keyboard.press('Enter');
    // Closed and opened again at once: that it was closed is told afterwards.
    await page.evaluate(() => new Promise((resolve) => {
      const dialog = document.querySelector('#staff-dialog');
      dialog.addEventListener('close', resolve, { once: true });
      dialog.close();
      document.querySelector('#staff').click();
      document.querySelector('#staff-token').value = 'x';
    }));
    assert.equal(await page.inputValue('#staff-token'), 'x');
    await page.fill('#staff-token', TOKEN);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#staff-banner:visible');
    await page.waitForFunction(() => document.activeElement.id === 'staff-leave');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#staff-banner', { state: 'hidden' });
    await page.waitForFunction(() => document.activeElement.id === 'staff');
    assert.deepEqual(other.faults, []);
    await other.context.close();
  });

  test('is one for all windows of a browser: each shows whose view it is', async () => {
    const { page, context } = view;
    const other = await context.newPage();
    await other.goto(`${site.url}${address}`);
    await other.waitForSelector('#panel[data-state=ready] h2');
    assert.equal(await other.locator('#staff-banner').isVisible(), false);
    await endedSession(); // signs in
    await other.waitForSelector('#staff-banner:visible');
    await other.waitForSelector('#panel[data-state=ready] .internal');
    await page.click('#staff-leave');
    await other.waitForSelector('#staff-banner', { state: 'hidden' });
    await other.waitForFunction(() => !document.querySelector('.internal') && document.querySelector('#panel[data-state=ready] h2'));
    await other.close();
    // Whatever took the session away, the public's answers are not shown as those of staff.
    await endedSession();
    await context.clearCookies();
    await page.evaluate(() => window.told.splice(0));
    await page.fill('#search', parcel.id);
    assert.deepEqual(await told(page, '失效'), ['登录已失效，已退出内部视图。']);
    await page.waitForSelector('#staff-banner', { state: 'hidden' });
    await page.waitForFunction(() => !document.querySelector('.internal') && document.querySelector('#panel[data-state=ready] h2'));
  });
});

describe('the link that a committee hands to its members', () => {
  test('signs them in, and its token is at once in no address and no history', async () => {
    const token = execFileSync(ingest, ['token', store, 'add', '--name', '本村成员', '--audience', 'group', '--scope', '341321101001'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const view = await openPage(browser, site, { expected: (text) => /401/.test(text) });
    const { page } = view;
    await page.goto(`${site.url}#map=12/34.42/116.35&join=${token}`);
    await page.waitForFunction(() => document.querySelector('#staff-name').textContent === '本村成员');
    await drawn(page);
    assert.match(await page.locator('#staff-banner').innerText(), /本村成员视图[\s\S]*341321101001/);
    assert.ok(page.url().includes('map=12') && !page.url().includes('join'));
    assert.ok(!(await everything(page)).includes(token));
    assert.equal(await page.locator('#staff-lists').isVisible(), false, 'lists are for staff');
    await page.reload(); // the session is in the cookie
    await drawn(page);
    assert.equal(await page.locator('#staff-banner').isVisible(), true);
    assert.ok((await view.bodies()).every((body) => !body.url.includes(token)));
    await page.click('#staff-leave');
    await page.waitForSelector('#staff-banner', { state: 'hidden' });
    execFileSync(ingest, ['token', store, 'revoke', '本村成员']);
    await page.goto(`${site.url}#join=${token}`); // the same document: only what stands behind # changes
    await told(page, '已失效');
    assert.ok(!page.url().includes(token));
    assert.equal(await page.locator('#staff-banner').isVisible(), false);
    await view.context.close();
  });
});

describe('what the public may not see', () => {
  test('appears nowhere in the page and in nothing that it was sent', async () => {
    const view = await openPage(browser, site);
    const { page } = view;
    // All parcels of the project are on the map, the dossier is open, an approval was read, a payee was searched for.
    await click(view, parcel.at);
    let seen = await everything(page);
    await page.locator('[data-section=approval] .card-more button').click();
    await page.waitForFunction((text) => document.querySelector('#panel[data-state=ready] h2')?.textContent === text, expected.approval[0].numbers[0]);
    seen += await everything(page);
    const lost = county.payments.filter((row) => row['被征地农户'].length >= 6);
    assert.ok(lost.length > 100);
    const secret = [...lost.map((row) => row['被征地农户']), ...county.payments.flatMap((row) => [row['身份证号'], row['银行账号']])];
    const mining = layer(join(samples, 'mining.shp'), 'UTF-8')
      .flatMap(({ properties }) => [properties.DH, properties.YHZH, properties.DZ]).filter(Boolean);
    assert.ok(mining.length > 10);
    for (const looked of [lost[0]['被征地农户'], lost[0]['身份证号'], mining[0]]) {
      await page.fill('#search', looked);
      await page.waitForFunction((text) => document.querySelector('#search-status').textContent.includes(text), looked);
      assert.equal(await page.locator('.hit').count(), 0, 'searching does not find what is hidden');
    }
    // The question comes back in its own answer; all else that was sent is looked through.
    const bodies = (await view.bodies()).filter((body) => !body.url.includes('/search?'));
    const sent = bodies.map((body) => body.data.toString('utf8'));
    assert.ok(bodies.some((body) => /\/xyz\/.+\/\d+\/\d+\/\d+/.test(body.url)), 'tiles are among what was sent');
    assert.ok(bodies.some((body) => body.url.endsWith('/dossier')));
    const all = `${sent.join('\n')}\n${seen}`;
    assert.deepEqual(occurring([...secret, ...mining], all), []);
    for (const row of expected.compensation) assert.ok(!all.includes(`"${row['被征地农户']}"`) && !all.includes(`>${row['被征地农户']}<`));
    // Single amounts: every number that was sent or shown, except the totals that may be shown.
    const shown = new Set([expected.total, ...expected.byCollective.values()].flatMap((total) => Object.values(total.sums)));
    const numbers = new Set([...bodies.filter((body) => /json/.test(body.type)).map((body) => body.data.toString('utf8')), seen]
      .flatMap((text) => text.match(/\d[\d,]*\.\d+/g) ?? []).map((text) => Number(text.replaceAll(',', ''))));
    for (const row of county.payments) {
      // Smaller amounts of other parcels may be the area of one by chance.
      const least = expected.compensation.includes(row) ? 1000 : 20000;
      for (const title of AMOUNTS) {
        const amount = Number(row[title]);
        if (amount >= least && !Number.isInteger(amount) && !shown.has(amount)) assert.ok(!numbers.has(amount), `${title} ${amount}`);
      }
    }
    assert.deepEqual(view.faults, []);
    await view.context.close();
  });
});

describe('a value with markup in it', () => {
  test('is shown as text', async () => {
    const view = await openPage(browser, site);
    const nasty = '<img src=x onerror="document.title=\'gotcha\'"><b>粗</b>';
    await view.page.route('**/dossier', async (route) => {
      const answer = await route.fetch();
      const dossier = await answer.json();
      dossier.subject.label = nasty;
      for (const name of Object.keys(dossier.subject.properties)) {
        if (typeof dossier.subject.properties[name] === 'string') dossier.subject.properties[name] = nasty;
      }
      for (const part of dossier.linked) for (const row of part.rows) row.label = nasty;
      for (const event of dossier.timeline) event.label = nasty;
      await route.fulfill({ response: answer, json: dossier });
    });
    assert.equal(await click(view, parcel.at), nasty);
    assert.equal(await view.page.locator('#panel-body img, #panel-body b').count(), 0);
    assert.notEqual(await view.page.title(), 'gotcha');
    await view.context.close();
  });

  test('or letters from right to left stands in its own order, beside the title of its field', async () => {
    const view = await openPage(browser, site), name = 'تۇرپان يەر 12 (A)';
    await view.page.route('**/dossier', async (route) => {
      const answer = await route.fetch();
      const dossier = await answer.json();
      dossier.subject.label = name;
      dossier.subject.properties.name = name;
      await route.fulfill({ response: answer, json: dossier });
    });
    assert.equal(await click(view, parcel.at), name);
    const left = (selector, text) => view.page.locator(selector).evaluate((node, part) => {
      const walk = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
      while (!walk.nextNode().data.includes(part));
      const range = document.createRange(), at = walk.currentNode.data.indexOf(part);
      range.setStart(walk.currentNode, at);
      range.setEnd(walk.currentNode, at + part.length);
      return range.getBoundingClientRect().left;
    }, text);
    for (const where of ['#panel h2', '.fact[data-field=name] dd']) {
      assert.ok(await left(where, 'A') < await left(where, '12') && await left(where, '12') < await left(where, 'يەر'), where);
      assert.ok(await left(where, '(A)') - (await view.page.locator(where).boundingBox()).x < 2, 'where values from left to right begin');
    }
    await view.page.evaluate(() => {
      const list = document.createElement('ul');
      list.className = 'preview-differences';
      list.innerHTML = '<li>名称：<del>كونا</del> → <ins>يېڭى</ins></li>';
      document.querySelector('#panel-body').append(list);
    });
    assert.ok(await left('.preview-differences', 'كونا') < await left('.preview-differences', 'يېڭى'), 'the old value is before the arrow');
    assert.deepEqual(view.faults, []);
    await view.context.close();
  });
});
