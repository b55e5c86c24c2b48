// The scorecard in a browser: the chart says what the figures say, the figures lead to their rows, and it prints.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, makeStore, out, serve } from './site.mjs';

let site, browser;
before(async () => {
  site = await serve(makeStore());
  browser = await launch();
});
after(async () => {
  await browser?.close();
  if (site) assert.equal(await site.stop(), 0, 'the server ends cleanly');
});

test('the chart shows each division by what is required of it', async () => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } }), faults = [];
  page.on('console', (message) => (message.type() === 'error' ? faults.push(message.text()) : null));
  page.on('pageerror', (error) => faults.push(String(error)));
  const query = 'as_of=2026-11-28&period=2021&level=9';
  const card = await (await fetch(new URL(`scorecard?${query}`, site.url))).json();
  await page.goto(new URL(`scorecard?f=html&${query}`, site.url).href);
  assert.equal(await page.locator('h1').innerText(), '2021年信息公开情况');
  const chart = page.locator('figure.chart').first();
  const groups = await chart.locator('g.bar').evaluateAll((nodes) => nodes.map((node) => ({ label: node.querySelector('text').textContent,
    share: [...node.querySelectorAll('text')].at(-1).textContent,
    parts: [...node.querySelectorAll('rect')].map((rect) => ({ state: rect.getAttribute('class'), width: Number(rect.getAttribute('width')), drawn: rect.getBoundingClientRect().width,
      fill: getComputedStyle(rect).fill, said: rect.querySelector('title').textContent })) })));
  assert.equal(groups.length, card.groups.length);
  groups.forEach((bar, i) => {
    const group = card.groups[i], whole = bar.parts.reduce((n, { width }) => n + width, 0);
    assert.equal(bar.label, group.division?.name ?? '未填行政区');
    const expected = ['met', 'late', 'short', 'missing'].filter((state) => group.states[state] > 0);
    assert.deepEqual(bar.parts.map(({ state }) => state), expected);
    for (const part of bar.parts) {
      assert.ok(Math.abs(part.width / whole - group.states[part.state] / group.required) < 0.001, `${bar.label} ${part.state}`);
      assert.ok(part.drawn > 0);
      assert.ok(part.said.endsWith(` ${group.states[part.state]}`));
    }
    if (group.required > 0) assert.ok(Math.abs(Number.parseFloat(bar.share) - group.timeliness * 100) <= 0.1, bar.share);
  });
  const fills = new Set(groups.flatMap(({ parts }) => parts.map(({ state, fill }) => `${state} ${fill}`)));
  assert.equal(fills.size, new Set([...fills].map((one) => one.split(' ')[0])).size, 'one colour a state');
  await page.screenshot({ path: join(out, 'scorecard.png'), fullPage: true });

  // A figure leads to its rows, and a row to its dossier.
  const missing = card.total.states.missing;
  assert.ok(missing > 0);
  await page.locator('section').first().locator('tfoot a[href*="state=missing"]').click();
  await page.waitForSelector('h1:has-text("逾期未公开明细")');
  assert.equal(await page.locator('tbody tr').count(), Math.min(missing, 100));
  await page.screenshot({ path: join(out, 'scorecard-rows.png') });
  await page.locator('tbody a').first().click();
  await page.waitForSelector('.disclosure .badge.bad');
  assert.match(await page.locator('.disclosure').innerText(), /逾期未公开\s*（应于\d{4}-\d\d-\d\d前公开/);
  await page.screenshot({ path: join(out, 'scorecard-dossier.png') });
  assert.deepEqual(faults, []);
  await page.close();
});

test('it prints on A4 without what is for the screen', async () => {
  const page = await browser.newPage();
  await page.goto(new URL('scorecard?f=html&as_of=2026-11-28&period=2021-Q3', site.url).href);
  assert.equal(await page.locator('h1').innerText(), '2021年第3季度信息公开情况');
  await page.emulateMedia({ media: 'print' });
  for (const hidden of ['.formats', '.scorecard-form', '.way']) assert.equal(await page.locator(hidden).isVisible(), false, hidden);
  assert.ok(await page.locator('figure.chart').first().isVisible());
  const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: false, path: join(out, 'scorecard.pdf') });
  assert.ok(pdf.length > 10000);
  await page.close();
});

test('tables are printed with each number on one line, rows of many columns across the sheet', async () => {
  // What is between the margins of A4, in CSS pixels: 182 mm upright, 277 mm across.
  for (const [path, width, sheet] of [['scorecard?f=html&as_of=2026-11-28', 688, [595, 842]], ['collections/parcel/items?f=html&limit=50', 1047, [842, 595]]]) {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    await page.emulateMedia({ media: 'print' });
    await page.goto(new URL(path, site.url).href);
    const lines = await page.locator('td.right').evaluateAll((cells) => cells.map((cell) => {
      const range = document.createRange();
      range.selectNodeContents(cell);
      return new Set([...range.getClientRects()].map(({ bottom }) => Math.round(bottom))).size;
    }));
    assert.ok(lines.length > 50 && lines.every((n) => n <= 1), path);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is beside the sheet');
    const [, x, y] = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec((await page.pdf({ preferCSSPageSize: true })).toString('latin1'));
    assert.deepEqual([x, y].map((points) => Math.round(points)), sheet, path);
    await page.close();
  }
});
