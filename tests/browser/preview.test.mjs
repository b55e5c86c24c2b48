// 待发布批次: what waits to be published is drawn over the map for staff, and for nobody else.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { png } from '../ingest/scans.mjs';
import { after, before, test } from 'node:test';
import { colours, drawn, ingest, launch, makeStore, openPage, out, serve, TOKEN, until } from './site.mjs';

let site, browser, changed, added, taken;
before(async () => {
  const store = makeStore();
  site = await serve(store);
  browser = await launch();
  // A parcel that is there, under another name and a little larger, and one in the free corner of the county.
  const { features } = await (await fetch(new URL('collections/parcel/items?limit=1', site.url))).json();
  [taken] = features;
  const { area_m2: _, ...properties } = taken.properties;
  const [west, south, east, north] = taken.bbox, w = east - west, h = north - south;
  const box = (x0, y0, x1, y1) => ({ type: 'Polygon', coordinates: [[[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]] });
  changed = { type: 'Feature', properties: { ...properties, name: '改后名称' }, geometry: box(west, south, east, north) };
  added = { type: 'Feature', properties: { ...properties, id: 'DK-NEW', name: '新增地块' }, geometry: box(east + w, south, east + 2 * w, north + h) };
  const file = join(dirname(store), 'waiting.geojson');
  writeFileSync(file, JSON.stringify({ type: 'FeatureCollection', features: [changed, added] }));
  execFileSync(ingest, ['load', store, 'parcel', file, '--replace', '--ignore', '*', '--batch', '第三批勘测成果'], { stdio: ['ignore', 'ignore', 'inherit'] });
});
after(async () => {
  await browser?.close();
  if (site) assert.equal(await site.stop(), 0, 'the server ends cleanly');
});

test('staff see what a batch would change, on the map and beside it', async () => {
  const view = await openPage(browser, site), { page } = view;
  await view.go();
  assert.equal(await page.locator('#staff-batches').isVisible(), false, 'the public is offered none');
  await page.click('#staff');
  await page.fill('#staff-token', TOKEN);
  await page.click('#staff-form .primary');
  await page.waitForSelector('#staff-batches:not([hidden])');
  assert.equal(await page.locator('#staff-batches').innerText(), '待发布批次（1）');
  await page.click('#staff-batches');
  await page.click('#panel [data-batch]');
  await page.waitForSelector('.preview-changes li');
  assert.equal(await page.locator('#panel h2').innerText(), '第三批勘测成果');
  assert.deepEqual(await page.$$eval('.preview-count', (nodes) => nodes.map((node) => node.textContent)), ['新增 1', '变更 1']);
  assert.deepEqual(await page.$$eval('.preview-changes li[data-key]', (nodes) => nodes.map((node) => node.dataset.change)), ['changed', 'added']);
  const differences = await page.locator('.preview-differences').innerText();
  assert.ok(differences.includes('改后名称') && differences.includes('图形有变化'), differences);
  await until((text) => text.includes('2 项变化'), () => page.locator('#preview-note').innerText());
  await drawn(page);
  // The new parcel is green over whatever is there, the changed one is brown: at most of these places in them, for borders
  // and names are drawn, too. What is published is blue, and the ground is grey.
  const places = ({ geometry: { coordinates: [[[west, south], , [east, north]]] } }) => [0.15, 0.35, 0.65, 0.85].flatMap((i) => [0.1, 0.2, 0.8].map((j) =>
    [west + i * (east - west), south + j * (north - south)]));
  const green = ([r, g, b]) => g > r + 10 && g > b + 4, brown = ([r, , b]) => r > b + 15;
  const most = (test, all) => all.filter(test).length > all.length / 2;
  const pixels = async (feature) => {
    const [, zoom, lat, lon] = /map=([\d.]+)\/([\d.-]+)\/([\d.-]+)/.exec(page.url()).map(Number);
    const box = await page.locator('#map').boundingBox(), scale = 512 * 2 ** zoom;
    const mercator = ([x, y]) => [(x + 180) / 360 * scale, (0.5 - Math.asinh(Math.tan(y * Math.PI / 180)) / (2 * Math.PI)) * scale];
    const [cx, cy] = mercator([lon, lat]);
    return colours(page, places(feature).map(mercator).map(([x, y]) => [box.x + box.width / 2 + x - cx, box.y + box.height / 2 + y - cy]));
  };
  const shown = await until(([news, olds]) => most(green, news) && most(brown, olds), async () => [await pixels(added), await pixels(changed)]);
  await page.screenshot({ path: join(out, 'preview.png') });
  assert.ok(most(green, shown[0]), `the new parcel is ${shown[0].join(' ')}`);
  assert.ok(most(brown, shown[1]), `the changed parcel is ${shown[1].join(' ')}`);
  // Of a view that the map has left, an answer that comes late changes nothing.
  const { hash } = new URL(page.url()), go = (to) => page.evaluate((wanted) => { location.hash = wanted; }, to);
  let send;
  const held = new Promise((resolve) => {
    send = resolve;
  });
  const far = page.waitForRequest(/changes\?bbox=/);
  await page.route(/changes\?bbox=/, async (route) => {
    await held;
    await route.continue();
  }, { times: 1 });
  await go('#map=16/34.21/116.11');
  const late = (await far).response();
  await page.locator('#preview-note').evaluate((node) => { node.textContent = ''; });
  await go(hash);
  await until((text) => text.includes('2 项变化'), () => page.locator('#preview-note').innerText());
  send();
  await (await late).finished();
  for (let i = 0; i < 3; i += 1) await page.evaluate(() => new Promise((resolve) => { setTimeout(resolve); }));
  assert.match(await page.locator('#preview-note').innerText(), /2 项变化/);
  // Leaving takes it all away.
  await page.click('#panel-close');
  const gone = await until((all) => !most(green, all), () => pixels(added));
  assert.ok(!most(green, gone), `it is still ${gone.join(' ')}`);
  await page.click('#staff-leave');
  await page.waitForSelector('#staff-batches', { state: 'hidden' });
  assert.deepEqual(view.faults, []);
  await view.context.close();
});

test('staff read a document before it is published', async () => {
  const file = join(dirname(site.store), '现场照片.png');
  writeFileSync(file, png('现场'));
  execFileSync(ingest, ['attach', site.store, 'parcel', file, '--key', taken.id], { stdio: ['ignore', 'ignore', 'inherit'] });
  const view = await openPage(browser, site), { page } = view;
  await view.go();
  await page.click('#staff');
  await page.fill('#staff-token', TOKEN);
  await page.click('#staff-form .primary');
  await page.waitForSelector('#staff-batches:not([hidden])');
  await page.click('#staff-batches');
  await page.click('#panel [data-batch]:has-text("附件 1")');
  await page.waitForSelector('.preview-documents a');
  assert.match(await page.locator('.preview-documents').innerText(), /现场照片\.png[^]*B · 1 页 · 工作人员可见/);
  assert.ok(await page.locator('.preview-count.documents').isVisible());
  await page.screenshot({ path: join(out, 'preview-document.png') });
  const [opened] = await Promise.all([view.context.waitForEvent('page'), page.click('.preview-documents a')]);
  const answer = await opened.request.get(new URL(await page.locator('.preview-documents a').getAttribute('href'), site.url).href);
  assert.equal(answer.status(), 200);
  assert.deepEqual(await answer.body(), png('现场'));
  assert.deepEqual(view.faults, []);
  await view.context.close();
});

test('a page that the public opens asks for no batch', async () => {
  const view = await openPage(browser, site);
  await view.go();
  assert.ok((await view.bodies()).every(({ url, data }) => !url.includes('/batches') && !data.toString('utf8').includes('第三批勘测成果')));
  assert.deepEqual(view.faults, []);
  await view.context.close();
});
