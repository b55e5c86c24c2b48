// A parcel that is on no map yet, looked up by a clerk: it is found, it says so, and the map stays where it is.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeStore, run, serve } from '../http/county.mjs';
import { launch, openPage, out } from './site.mjs';

let site;
let browser;

before(async () => {
  const store = makeStore();
  const file = join(dirname(store), '旧.csv');
  writeFileSync(file, '地块编号,地块名称,行政区划代码,项目编号,批准文号\nL1,老地一,341321101,X1,皖政地〔2021〕1号\n');
  run('load', store, 'parcel', file, '--undrawn', '--publish');
  site = await serve(store);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

test('a parcel without outline is found by its name, marked 无图形, and opens its dossier', async () => {
  const view = await openPage(browser, site);
  await view.go();
  const { page } = view;
  await page.fill('#search', '老地一');
  const hit = page.locator('#hits .hit', { hasText: '老地一' });
  await hit.waitFor();
  assert.match(await hit.innerText(), /无图形/);
  await hit.click();
  const head = page.locator('.dossier-head h2');
  await head.waitFor();
  assert.match(await head.innerText(), /老地一.*无图形/s);
  assert.match(await page.locator('[data-section=approval]').innerText(), /皖政地〔2021〕1号/);
  assert.match(new URL(page.url()).hash, /^#map=9\.\d+\/31\.75\d*\/117\.25/); // the whole county, as at first: there is nowhere to go
  assert.deepEqual(view.faults, []);
  await page.screenshot({ path: join(out, 'undrawn.png') });
  await view.context.close();
});
