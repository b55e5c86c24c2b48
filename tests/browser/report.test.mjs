// The quality report in a browser: it shows what it says it shows, asks for nothing, and fits a page.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { scene, square, wkt } from '../ingest/helpers.mjs';
import { launch } from './site.mjs';

const browser = await launch();
after(() => browser.close());
const E = 39520000, N = 3521000; // metres of EPSG:4527

test('a report opens from a file alone, with its map, tables and Chinese', async (t) => {
  const s = scene(t), bow = (x) => wkt([[x, N], [x + 100, N + 100], [x + 100, N], [x, N + 100]]);
  const rows = Array.from({ length: 40 }, (_, i) => [i % 8 === 7 ? `很长的地块编号${'0123456789'.repeat(9)}${i}` : `DK${i}`, i % 10 === 9 ? bow(E + i * 90) : wkt(square(E + i * 90, N))]);
  s.write('征收地块.csv', '地块编号,wkt\n' + rows.map((row) => row.map((cell) => `"${cell}"`).join(',')).join('\n') + '\n');
  s.load('parcel', '征收地块.csv', '--crs', 'EPSG:4527', '--report', 'r.html');
  const page = await browser.newPage({ viewport: { width: 1000, height: 1200 } }), said = [], asked = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('request', (request) => asked.push(request.url()));
  const address = String(pathToFileURL(s.path('r.html')));
  await page.goto(address);
  assert.deepEqual([said, asked], [[], [address]]);
  const seen = await page.evaluate(() => ({
    title: document.title,
    verdict: document.querySelector('.verdict').textContent,
    map: document.querySelector('svg').getBoundingClientRect().toJSON(),
    marks: [...document.querySelectorAll('svg g.reject circle')].map((mark) => mark.getBoundingClientRect().toJSON()),
    overlaps: document.querySelectorAll('svg .overlap circle').length,
    headings: [...document.querySelectorAll('h2')].map((heading) => heading.textContent),
    red: getComputedStyle(document.querySelector('svg g.reject circle')).fill,
  }));
  assert.match(seen.title, /征收地块\.csv 质量报告/);
  assert.match(seen.verdict, /未入库的行 4；本批内部重叠 32/); // of 39 pairs of neighbours seven are with a bow tie
  assert.equal(seen.marks.length, 4);
  assert.equal(seen.overlaps, 32);
  assert.ok(seen.map.width > 800 && seen.marks.every((mark) => mark.x > seen.map.x && mark.right < seen.map.right && mark.y > seen.map.y && mark.bottom < seen.map.bottom));
  assert.equal(seen.red, 'rgb(201, 55, 44)');
  for (const heading of ['汇总', '位置', '未入库的行：4', '本批内部重叠：32', '来源文件']) assert.ok(seen.headings.includes(heading), `${heading}: ${seen.headings}`);
  for (const width of [1000, 700]) {
    await page.setViewportSize({ width, height: 1200 });
    assert.ok(await page.evaluate(() => document.scrollingElement.scrollWidth <= document.scrollingElement.clientWidth), `wider than ${width}`);
  }
  assert.ok((await page.pdf({ format: 'A4' })).length > 10000);
});
