// 范围分析: an area drawn on the map, the row that is selected, and what else lies at a spot.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { drawn, ingest, launch, makeStore, middle, openPage, out, serve, TOKEN, viewOf } from './site.mjs';

let site;
let browser;
let store;
// More rows at one spot than a click offers, where the county has none.
const STACK = [116.121, 34.221];
before(async () => {
  store = makeStore();
  const file = join(dirname(store), '重叠.geojson');
  const [x, y] = STACK;
  writeFileSync(file, JSON.stringify({ type: 'FeatureCollection', features: Array.from({ length: 25 }, (_, i) => ({ type: 'Feature',
    properties: { DKBH: `CD${i}`, DKMC: `重叠${i}`, XZQDM: '341321101', XMBH: 'CD' },
    geometry: { type: 'Polygon', coordinates: [[[-1, -1], [1, -1], [1, 1 + i / 100], [-1, 1], [-1, -1]].map(([dx, dy]) => [x + dx / 1000, y + dy / 1000])] } })) }));
  execFileSync(ingest, ['load', store, 'parcel', file, '--publish'], { stdio: ['ignore', 'ignore', 'ignore'] });
  site = await serve(store);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  if (site) assert.equal(await site.stop(), 0, 'the server ends cleanly');
});

describe('asking about an area', () => {
  let view;
  before(async () => {
    view = await openPage(browser, site);
    await view.go();
    await drawn(view.page);
  });
  after(() => view.context.close());

  test('three corners and a double click give what the server says of them', async () => {
    const { page } = view, [x, y] = await middle(page);
    await page.click('#analyse');
    assert.equal(await page.locator('#panel .button.primary').isDisabled(), true, 'no corner yet');
    const response = page.waitForResponse((one) => one.request().method() === 'POST');
    await page.mouse.click(x - 120, y - 90);
    await page.mouse.click(x + 110, y - 80);
    assert.equal(await page.locator('#panel .button.primary').isDisabled(), true);
    await page.mouse.dblclick(x + 20, y + 120);
    await page.waitForSelector('section.overlap');
    const answered = { asked: (await response).request().postDataJSON(), answer: await (await response).json() };
    assert.equal(answered.asked.coordinates[0].length, 4, 'a triangle, closed');
    const touched = answered.answer.layers.filter((layer) => layer.numberMatched > 0);
    assert.ok(touched.length > 0 && touched.some((layer) => layer.totals.length > 1));
    assert.deepEqual(await page.$$eval('section.overlap', (nodes) => nodes.map((node) => node.dataset.layer)), touched.map(({ layer }) => layer));
    for (const layer of touched) {
      const rows = await page.$$eval(`section[data-layer="${layer.layer}"] tbody tr`, (nodes) => nodes.map((node) => [node.dataset.class, node.cells[1].textContent, node.cells[2].textContent]));
      assert.deepEqual(rows, layer.totals.map((total) => [total.value ?? '', String(total.rows), total.area_m2.toLocaleString('zh-CN', { maximumFractionDigits: 2 })]));
    }
    await page.screenshot({ path: join(out, 'overlaps.png') });
    await page.locator('section.overlap summary').first().click();
    const key = await page.locator('section.overlap .place').first().getAttribute('data-key');
    await page.locator('section.overlap .place').first().click();
    await page.waitForFunction(() => location.hash.includes('select='));
    assert.equal(new URLSearchParams(new URL(page.url()).hash.slice(1)).get('select').split('/').slice(1).join('/'), key);
  });

  test('the row that is selected can be asked about', async () => {
    const { page } = view;
    await page.waitForSelector('#panel[data-state="ready"]');
    const label = await page.locator('#panel h2').first().textContent();
    await page.click('#analyse');
    await page.click('#analyse-row');
    await page.waitForSelector('section.overlap');
    assert.equal(await page.locator('#panel h2').first().textContent(), label);
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('#panel').isHidden(), true);
    assert.deepEqual(view.faults, []);
  });

  test('who signs in meanwhile goes on drawing, and what a result said to the one before goes', async () => {
    const { page } = view, [x, y] = await middle(page);
    await page.click('#analyse');
    await page.mouse.click(x - 120, y - 90);
    await page.mouse.click(x + 110, y - 80);
    await page.click('#staff');
    await page.fill('#staff-token', TOKEN);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#staff-banner:not([hidden])');
    await page.mouse.click(x + 20, y + 120);
    await page.locator('#panel .button.primary').click();
    await page.waitForSelector('section.overlap');
    await page.click('#staff-leave');
    await page.waitForSelector('#staff-banner', { state: 'hidden' });
    assert.equal(await page.locator('#panel').isHidden(), true);
    assert.deepEqual(view.faults, []);
  });
});

test('of more rows at a spot than a click offers, it says that these are not all', async () => {
  const view = await openPage(browser, site), { page } = view;
  await view.go(viewOf(STACK, 16));
  await page.mouse.click(...await middle(page));
  await page.waitForSelector('[data-section=choices]');
  const offered = await page.locator('[data-section=choices] .place').count();
  assert.ok(offered >= 20 && offered < 25, `${offered} offered`);
  assert.equal(await page.locator('#panel h2').innerText(), `对象较多，列出其中 ${offered} 个`);
  assert.match(await page.locator('#panel .note').innerText(), /搜索/);
  assert.deepEqual(view.faults, []);
  await view.context.close();
});

test('what is published while the page is open is in its numbers, its data version and its map with the next answer', async () => {
  const view = await openPage(browser, site), { page } = view, [x, y] = [STACK[0] + 0.01, STACK[1]];
  await view.go(viewOf([x, y], 16, '&disclosure=all'));
  const count = async () => Number((await page.locator('[data-layer=parcel] .layer-count').innerText()).replace(/\D/g, ''));
  const version = async () => Number(/数据版本：(\d+)/.exec(await page.locator('footer').innerText())[1]);
  const before = [await count(), await version()];
  const file = join(dirname(store), '新.geojson');
  writeFileSync(file, JSON.stringify({ type: 'Feature', properties: { DKBH: 'XD1', DKMC: '新地一', XZQDM: '341321101', XMBH: 'CD' },
    geometry: { type: 'Polygon', coordinates: [[[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]].map(([dx, dy]) => [x + dx / 1000, y + dy / 1000])] } }));
  execFileSync(ingest, ['load', store, 'parcel', file, '--publish'], { stdio: ['ignore', 'ignore', 'ignore'] });
  await page.fill('#search', '新地一');
  await page.waitForSelector('.hit');
  await page.waitForFunction((old) => !document.querySelector('footer').innerText.includes(`数据版本：${old}`), before[1]);
  assert.deepEqual([await count(), await version()], [before[0] + 1, before[1] + 1]);
  await page.keyboard.press('Escape');
  await drawn(page);
  await page.mouse.click(...await middle(page));
  await page.waitForSelector('#panel[data-state=ready] h2');
  assert.equal(await page.locator('#panel h2').innerText(), '新地一');
  assert.deepEqual(view.faults, []);
  await view.context.close();
});
