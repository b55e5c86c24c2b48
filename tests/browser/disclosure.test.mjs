// How disclosure stands on the map: at province, county and village zoom, with a legend that filters, kept by the link.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readCounty } from './county.mjs';
import { colours, dossierOpen, drawn, ingest, launch, makeStore, middle, openPage, out, repository, samples, serve, until, viewOf } from './site.mjs';

const TITLES = { missing: '逾期未公开', late: '逾期公开', short: '公示期不足', soon: '即将到期', due: '待公开', unknown: '无法计算', met: '已按期公开', waiting: '未到期', not_applicable: '不适用' };
const WORDS = Object.keys(TITLES); // in the order of the sample's catalogue
const BAD = ['missing', 'late', 'short'];
const WHOLE = viewOf([116.41, 34.45], 7), COUNTY = viewOf([116.41, 34.45], 10);
const style = JSON.parse(readFileSync(join(repository, 'styles', 'disclosure.json'), 'utf8'));
const styled = (id) => style.layers.find((layer) => layer.id === id);
const said = (expression, word) => (Array.isArray(expression) ? expression[expression.indexOf(word) + 1] : expression);
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const GROUND = rgb(styled('background').paint['background-color']);
/** The colour of a word where nothing but the ground is below it. */
const laid = (word, { 'fill-color': fill, 'fill-opacity': opacity } = styled('parcel-disclosure-fill').paint) =>
  rgb(said(fill, word)).map((value, i) => value * said(opacity, word) + GROUND[i] * (1 - said(opacity, word)));

let county, store, site, browser, rows, totals;

before(async () => {
  county = readCounty(samples);
  store = makeStore();
  execFileSync(ingest, ['log', store, 'create', 'dk.example.gov.cn/log'], { stdio: 'ignore' });
  site = await serve(store);
  browser = await launch();
  rows = {};
  totals = {};
  for (const kind of ['parcel', 'mining']) {
    rows[kind] = (await (await fetch(new URL(`collections/${kind}/items?limit=2000`, site.url))).json()).features;
    totals[kind] = Object.fromEntries(WORDS.map((word) => [word, rows[kind].filter((row) => row.properties.disclosure === word).length]));
  }
});

after(async () => {
  await browser?.close();
  if (site) assert.equal(await site.stop(), 0, 'the server ends cleanly');
});

/** What the address says; page.url() hears of a change a little later. */
const given = (page, name) => page.evaluate((member) => new URLSearchParams(location.hash.slice(1)).get(member), name);
const toggle = (page) => page.getByRole('checkbox', { name: '按公开时限着色' });
const entry = (page, word) => page.locator(`.disclosure-word[data-word=${word}]`);
const counted = (page) => page.waitForSelector('.disclosure-word .layer-count');

/** The page's map, caught when the page asks it where it is; null where it is not asked. */
async function catchMap(page) {
  await page.evaluate(async () => {
    const { Map: MapLibreMap } = await import('./web/maplibre-gl.js');
    const ask = MapLibreMap.prototype.getZoom;
    MapLibreMap.prototype.getZoom = function getZoom() {
      window.caughtMap = this;
      return ask.call(this);
    };
    dispatchEvent(new PopStateEvent('popstate')); // goes where the address says, and asks where that is
    MapLibreMap.prototype.getZoom = ask;
  });
}

/** What is drawn of a layer, each once: [{id, ...properties}]. */
const rendered = (page, id) => page.evaluate((layer) => [...new Map(window.caughtMap.queryRenderedFeatures({ layers: [layer] })
  .map((feature) => [feature.id, { id: feature.id, ...feature.properties }])).values()], id);

/** Rows by word, drawn and counted. */
async function inView(page, kind) {
  const drawnRows = await rendered(page, `${kind}-disclosure-fill`), cells = await rendered(page, `${kind}-disclosure-grid`);
  for (const cell of cells) assert.equal(WORDS.reduce((sum, word) => sum + (cell[`disclosure_${word}`] ?? 0), 0), cell.count);
  return { cells, rows: drawnRows, words: Object.fromEntries(WORDS.map((word) => [word, drawnRows.filter((row) => row.disclosure === word).length
    + cells.reduce((sum, cell) => sum + (cell[`disclosure_${word}`] ?? 0), 0)])) };
}

/** What most pixels about a place are. */
async function prevailing(page, [x, y], around = 8) {
  const side = 2 * around + 1;
  const pixels = await colours(page, Array.from({ length: side ** 2 }, (_, i) => [x - around + (i % side), y - around + Math.floor(i / side)]));
  const seen = new Map();
  for (const pixel of pixels) seen.set(pixel.join(), (seen.get(pixel.join()) ?? 0) + 1);
  return [...seen].sort((a, b) => b[1] - a[1])[0][0].split(',').map(Number);
}
const alike = (a, b) => a.every((value, i) => Math.abs(value - b[i]) <= 3);

describe('the style', () => {
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = (colour) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => sum + weight * linear(colour[i] / 255), 0);
  // Machado, Oliveira & Fernandes (2009), severity 1.0, on linear RGB.
  const VISIONS = { usual: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]] };
  function lab([r, g, b]) { // CIE 1976 L*a*b*, D65
    const f = (t) => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 * t + 16) / 116);
    const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047), y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
    const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
  }

  test('has colours that are told apart with any colour vision, and outlines that stand out from the ground', () => {
    for (const [vision, matrix] of Object.entries(VISIONS)) {
      const seen = Object.fromEntries(WORDS.map((word) => {
        const colour = laid(word).map((value) => linear(value / 255));
        return [word, lab(matrix.map((row) => Math.min(1, Math.max(0, row.reduce((sum, part, i) => sum + part * colour[i], 0)))))];
      }));
      WORDS.forEach((word, i) => WORDS.slice(i + 1).forEach((other) => {
        const difference = Math.hypot(...seen[word].map((value, k) => value - seen[other][k]));
        assert.ok(difference >= 12, `${vision}: ${word} and ${other} differ by ${difference}`);
      }));
    }
    // WCAG 2.2, 1.4.11: 3 to 1 for what is needed to understand a graphic.
    const lines = (word) => [...style.layers.filter((layer) => layer.type === 'line' && layer['source-layer'] === 'parcel'), styled('mining-disclosure-line')].map((layer) => said(layer.paint['line-color'], word));
    for (const word of WORDS) {
      for (const colour of lines(word).filter((each) => typeof each === 'string')) {
        const contrast = (luminance(GROUND) + 0.05) / (luminance(rgb(colour)) + 0.05);
        assert.ok(contrast >= 3, `${word}: ${contrast}`);
      }
    }
  });

  test('says the words as the catalogue does, and what is missing by more than colour', async () => {
    const catalogue = await (await fetch(new URL('catalogue', site.url))).json();
    for (const kind of ['parcel', 'mining']) {
      const { value_titles: titles } = catalogue.layers.find(({ name }) => name === kind).fields.find(({ computed }) => computed === 'disclosure');
      assert.deepEqual(titles, TITLES);
      const words = styled(`${kind}-disclosure-label`).layout['text-field'][3];
      assert.deepEqual(Object.fromEntries(WORDS.map((word) => [word, said(words, word)])), Object.fromEntries(WORDS.map((word) => [word, `\n${titles[word]}`])));
    }
    const widths = (id) => styled(id).paint['line-width'];
    assert.ok(widths('parcel-disclosure-missing').at(-1) > 1.5 * widths('parcel-disclosure-late').at(-1));
    const dashes = BAD.map((word) => JSON.stringify(styled(`parcel-disclosure-${word}`).paint['line-dasharray'] ?? null));
    assert.equal(new Set(dashes).size, 3);
  });
});

describe('the map', () => {
  let view;
  before(async () => {
    view = await openPage(browser, site);
    await view.go(WHOLE);
  });
  after(async () => {
    assert.deepEqual(view.faults, []);
    await view.context.close();
  });
  const go = async (hash) => {
    await view.page.evaluate((wanted) => {
      document.querySelector('#map').dataset.state = 'moving';
      location.hash = wanted;
    }, hash);
    await drawn(view.page);
  };

  test('is switched by the keyboard, and back', async () => {
    const { page } = view;
    assert.equal(await toggle(page).isChecked(), false);
    assert.equal(await page.locator('#disclosure-legend').isVisible(), false);
    await toggle(page).focus();
    await page.keyboard.press('Space');
    await counted(page);
    assert.equal(await given(page, 'disclosure'), 'all');
    await catchMap(page);
    await until((cells) => cells.length > 0, () => rendered(page, 'parcel-disclosure-grid'));
    assert.deepEqual(await until((cells) => cells.length === 0, () => rendered(page, 'parcel-grid')), [], 'what is drawn otherwise is gone');
    assert.equal(await page.getByRole('list', { name: '规划分区图例' }).count(), 0, 'a legend of what is not drawn so');
    await page.keyboard.press('Space');
    assert.equal(await given(page, 'disclosure'), null);
    assert.equal(await page.locator('#disclosure-legend').isVisible(), false);
    assert.ok((await until((cells) => cells.length > 0, () => rendered(page, 'parcel-grid'))).length > 0);
    assert.deepEqual(await until((cells) => cells.length === 0, () => rendered(page, 'parcel-disclosure-grid')), []);
  });

  test('counts at province zoom what there is, word by word, and shows where it is late', async () => {
    const { page } = view;
    await go(`${WHOLE}&disclosure=all`);
    await counted(page);
    await page.screenshot({ path: join(out, 'disclosure-province.png') });
    for (const kind of ['parcel', 'mining']) assert.deepEqual((await inView(page, kind)).words, totals[kind], kind);
    const { cells } = await inView(page, 'parcel');
    const share = (cell) => BAD.reduce((sum, word) => sum + (cell[`disclosure_${word}`] ?? 0), 0) / cell.count;
    assert.ok(cells.some((cell) => share(cell) === 0) && cells.some((cell) => share(cell) > 0.5));
    // Each cell's middle on the screen; mining rights are drawn over some.
    const places = await page.evaluate(() => {
      const box = window.caughtMap.getContainer().getBoundingClientRect(), seen = new Map();
      for (const feature of window.caughtMap.queryRenderedFeatures({ layers: ['parcel-disclosure-grid'] })) {
        const ring = feature.geometry.coordinates[0];
        const at = window.caughtMap.project([(ring[0][0] + ring[2][0]) / 2, (ring[0][1] + ring[2][1]) / 2]);
        seen.set(feature.id, [box.x + at.x, box.y + at.y]);
      }
      return [...seen];
    });
    const on = new Map(places);
    const opacity = (cell) => [[0.5, 0.95], [0.25, 0.75], [0.1, 0.55], [0, 0.4]].find(([least]) => share(cell) >= least)[1];
    // Okabe and Ito's vermilion, orange, reddish purple, bluish green.
    const HUES = { missing: '#d55e00', late: '#e69f00', short: '#cc79a7', met: '#009e73' };
    const checked = new Set();
    for (const cell of cells) {
      const word = BAD.find((each) => (cell[`disclosure_${each}`] ?? 0) >= cell.count / 10 && cell[`disclosure_${each}`]) ?? BAD.find((each) => cell[`disclosure_${each}`]) ?? (cell.disclosure_met === cell.count ? 'met' : null);
      if (!word) continue;
      const strength = word === 'met' ? 0.25 : opacity(cell);
      const pixel = await prevailing(page, on.get(cell.id), 4);
      const expected = rgb(HUES[word]).map((value, i) => value * strength + GROUND[i] * (1 - strength));
      if (alike(pixel, expected)) checked.add(`${word} ${strength}`);
      else if (!(await page.evaluate(([x, y]) => {
        const box = window.caughtMap.getContainer().getBoundingClientRect();
        return window.caughtMap.queryRenderedFeatures([[x - box.x - 6, y - box.y - 6], [x - box.x + 6, y - box.y + 6]], { layers: ['mining-disclosure-casing', 'parcel-disclosure-fill'] }).length;
      }, on.get(cell.id)))) assert.fail(`a cell of ${JSON.stringify(cell)} is ${pixel}, not ${expected}`);
    }
    for (const word of ['missing', 'late', 'short', 'met']) assert.ok([...checked].some((each) => each.startsWith(word)), `${word} is among the cells: ${[...checked]}`);
    assert.ok([...checked].filter((each) => each.startsWith('missing')).length > 1, 'by share');
  });

  test('is a picture at county zoom of the same numbers', async () => {
    const { page } = view;
    await go(`${COUNTY}&disclosure=all`);
    await counted(page);
    await page.screenshot({ path: join(out, 'disclosure-county.png') });
    for (const kind of ['parcel', 'mining']) assert.deepEqual((await inView(page, kind)).words, totals[kind], kind);
  });

  test('draws at village zoom each parcel in the colour of its word', async () => {
    const { page } = view;
    for (const word of ['missing', 'late', 'short', 'met', 'not_applicable']) {
      const found = rows.parcel.filter((row) => row.properties.disclosure === word).map((row) => county.parcels.find(({ key }) => key === row.id)).slice(0, 2);
      assert.ok(found.length > 0, word);
      for (const parcel of found) {
        await go(viewOf(parcel.at, 18, '&layers=parcel&disclosure=all'));
        assert.ok(alike(await prevailing(page, await middle(page), 12), laid(word)), `${parcel.key} is ${await prevailing(page, await middle(page), 12)}, ${word} is ${laid(word)}`);
      }
    }
    const missing = county.parcels.find(({ key }) => rows.parcel.some((row) => row.id === key && row.properties.disclosure === 'missing'));
    await page.mouse.click(...await middle(page));
    await dossierOpen(page);
    await go(viewOf(missing.at, 18, '&disclosure=all'));
    await page.mouse.click(...await middle(page));
    assert.equal(await dossierOpen(page), missing.name);
    assert.equal(await page.locator('[data-section=subject] [data-field=disclosure] dd').innerText(), '逾期未公开');
    assert.doesNotMatch(await page.locator('#panel').innerText(), /\bmissing\b/);
    // Where parcels that stand differently lie side by side.
    await go(viewOf([116.39, 34.3508], 15.5, '&disclosure=all'));
    await counted(page);
    await page.screenshot({ path: join(out, 'disclosure-village.png') });
    const words = new Set((await rendered(page, 'parcel-disclosure-fill')).map((row) => row.disclosure));
    assert.ok(words.has('missing') && words.has('late') && words.has('met'), [...words].join());
    for (const row of await rendered(page, 'parcel-disclosure-missing')) assert.equal(row.disclosure, 'missing');
  });
});

describe('the legend', () => {
  let view;
  before(async () => {
    view = await openPage(browser, site);
    await view.go(`${WHOLE}&disclosure=all`);
    await counted(view.page);
    await catchMap(view.page);
  });
  after(async () => {
    assert.deepEqual(view.faults, []);
    await view.context.close();
  });

  test('has the words, in the order of the catalogue, with their numbers by layer', async () => {
    const { page } = view;
    const expected = WORDS.filter((word) => totals.parcel[word] + totals.mining[word] > 0)
      .map((word) => ({ word, title: TITLES[word], parcel: totals.parcel[word], mining: totals.mining[word] }));
    const read = () => page.locator('.disclosure-word').evaluateAll((nodes) => nodes.map((node) => ({ word: node.dataset.word, title: node.querySelector('.disclosure-title').textContent,
      ...Object.fromEntries([...node.querySelectorAll('.layer-count')].map((each) => [each.dataset.kind, Number(/[\d,]+/.exec(each.textContent)[0].replace(',', ''))])) })));
    assert.deepEqual(await read(), expected);
    assert.equal(await entry(page, 'late').evaluate((node) => node.textContent), `逾期公开，征收地块 ${totals.parcel.late} 个，矿业权 ${totals.mining.late} 个`);
    const swatches = await page.locator('.disclosure-word rect').evaluateAll((nodes) => nodes.map((node) => node.getAttribute('fill')));
    assert.deepEqual(swatches, expected.map(({ word }) => said(styled('parcel-disclosure-fill').paint['fill-color'], word)));
    await page.getByRole('checkbox', { name: '矿业权' }).uncheck();
    assert.deepEqual(await read(), expected.map(({ mining, ...rest }) => rest));
    await page.getByRole('checkbox', { name: '矿业权' }).check();
  });

  test('shows what is pressed alone, by the keyboard, and tells of it', async () => {
    const { page } = view;
    await entry(page, 'late').focus();
    await page.keyboard.press('Enter');
    assert.equal(await given(page, 'disclosure'), 'late');
    assert.equal(await entry(page, 'late').getAttribute('aria-pressed'), 'true');
    assert.equal(await page.evaluate(() => document.activeElement.dataset.word), 'late', 'the focus stays');
    assert.equal(await page.locator('#announce').textContent(), `只显示逾期公开：征收地块 ${totals.parcel.late} 个，矿业权 ${totals.mining.late} 个`);
    const late = async () => ({ cells: await rendered(page, 'parcel-disclosure-grid'), rows: await rendered(page, 'parcel-disclosure-fill') });
    const sum = ({ cells, rows: some }) => cells.reduce((n, cell) => n + cell.disclosure_late, 0) + some.length;
    const only = await until((seen) => seen.cells.every((cell) => cell.disclosure_late > 0), late);
    assert.ok(only.cells.every((cell) => cell.disclosure_late > 0) && only.rows.every((row) => row.disclosure === 'late'));
    assert.equal(sum(only), totals.parcel.late);
    await entry(page, 'missing').click();
    assert.equal(await given(page, 'disclosure'), 'missing,late');
    const both = await until(({ cells }) => cells.some((cell) => !cell.disclosure_late), late);
    assert.equal(both.cells.reduce((n, cell) => n + (cell.disclosure_late ?? 0) + (cell.disclosure_missing ?? 0), 0) + both.rows.length, totals.parcel.late + totals.parcel.missing);
    await entry(page, 'late').click();
    assert.equal(await given(page, 'disclosure'), 'missing');
    await page.getByRole('button', { name: '显示全部' }).click();
    assert.equal(await given(page, 'disclosure'), 'all');
    assert.deepEqual(await until((words) => words.met === totals.parcel.met, async () => (await inView(page, 'parcel')).words), totals.parcel);
  });

  test('is restored by a link, also one put into an open page, and in degrees of CGCS2000', async () => {
    const { page } = view;
    const late = (one) => until((seen) => seen.length > 0 && seen.every((cell) => cell.disclosure_late > 0), () => rendered(one, 'parcel-disclosure-grid'));
    for (const crs of ['', '&crs=4490']) {
      const other = await openPage(browser, site);
      await other.go(`${WHOLE}&disclosure=late${crs}`);
      await counted(other.page);
      await catchMap(other.page);
      assert.equal(await toggle(other.page).isChecked(), true);
      assert.equal(await entry(other.page, 'late').getAttribute('aria-pressed'), 'true');
      const cells = await late(other.page);
      assert.ok(cells.length > 0 && cells.every((cell) => cell.disclosure_late > 0), crs);
      assert.deepEqual(other.faults, []);
      await other.context.close();
    }
    await page.evaluate((hash) => {
      location.hash = hash;
    }, `${WHOLE}&disclosure=late,nonsense`);
    assert.ok((await late(page)).length > 0);
    assert.equal(await entry(page, 'late').getAttribute('aria-pressed'), 'true');
    await page.goBack();
    await page.waitForSelector('.disclosure-word[data-word=late][aria-pressed=false]');
    assert.equal(await given(page, 'disclosure'), 'all');
  });
});

describe('the catalogue', () => {
  async function withCatalogue(change, look) {
    const view = await openPage(browser, site);
    await view.page.route(/\/catalogue$/, async (route) => {
      const answer = await route.fetch(), catalogue = await answer.json();
      change(catalogue);
      await route.fulfill({ response: answer, json: catalogue });
    });
    await view.go(`${WHOLE}&disclosure=all`);
    await look(view.page);
    assert.deepEqual(view.faults, []);
    await view.context.close();
  }

  test('without such a field has no switch', () => withCatalogue((catalogue) => {
    for (const layer of catalogue.layers) layer.fields = layer.fields.filter(({ computed }) => computed !== 'disclosure');
  }, async (page) => {
    assert.equal(await toggle(page).count(), 0);
    await catchMap(page);
    assert.ok((await rendered(page, 'parcel-grid')).length > 0);
  }));

  test('tells how long it is right: the page says so when that day is past', async () => {
    const stale = (page) => page.locator('.disclosure-stale');
    await withCatalogue((catalogue) => Object.assign(catalogue, { disclosure_right_until: '2026-03-05', today: '2026-03-06' }), async (page) => {
      assert.equal(await stale(page).innerText(), '公开时限状态截至2026年3月5日');
    });
    await withCatalogue((catalogue) => Object.assign(catalogue, { disclosure_right_until: '2026-03-06', today: '2026-03-06' }), async (page) => {
      await counted(page);
      assert.equal(await stale(page).count(), 0);
    });
  });

  test('gives the words under the names', () => withCatalogue((catalogue) => {
    const field = catalogue.layers.find(({ name }) => name === 'mining').fields.find(({ computed }) => computed === 'disclosure');
    field.value_titles = { ...TITLES, late: '晚公开' };
  }, async (page) => {
    await counted(page);
    await catchMap(page);
    assert.match(await page.evaluate(() => JSON.stringify(window.caughtMap.getLayoutProperty('mining-disclosure-label', 'text-field'))), /晚公开/);
  }));

  test('may call field and layer otherwise, count nothing by it, or keep it out of the tiles', async () => {
    const view = await openPage(browser, site);
    await view.go(WHOLE);
    const made = await view.page.evaluate(async ([given, values, titles]) => {
      const { disclosing, disclosureLayers } = await import('./web/disclosure-style.js');
      const layer = (name, geometry, field, grid) => ({ name, geometry, grid, fields: [{ name: 'id', type: 'text', tiles: true }, { name: field, computed: 'disclosure', tiles: true, values, value_titles: titles }] });
      const hidden = layer('pit', 'polygon', 'state', []);
      delete hidden.fields[1].tiles;
      const catalogue = { layers: [layer('quarry', 'polygon', 'state', ['state']), layer('well', 'point', 'standing', []), hidden] };
      return { layers: disclosureLayers(given, catalogue), kinds: disclosing(catalogue).map((one) => one.layer.name) };
    }, [style, WORDS, TITLES]);
    const of = (id) => JSON.stringify(made.layers.find((layer) => layer.id === id));
    assert.deepEqual(made.kinds, ['quarry', 'well']);
    assert.deepEqual([...new Set(made.layers.map((layer) => layer['source-layer']))].sort(), ['quarry', 'quarry_grid', 'well', 'well_grid']);
    assert.equal(new Set(made.layers.map(({ id }) => id)).size, made.layers.length);
    assert.match(of('quarry-disclosure-fill'), /\["get","state"\]/);
    assert.match(of('quarry-disclosure-grid'), /\["get","state_missing"\]/);
    assert.doesNotMatch(JSON.stringify(made.layers.map(({ metadata, id, ...layer }) => layer)), /disclosure/);
    assert.equal(made.layers.find(({ id }) => id === 'well-disclosure-fill').type, 'circle');
    assert.doesNotMatch(of('well-disclosure-grid'), /standing/, 'nothing is known of its cells');
    assert.deepEqual(view.faults, []);
    await view.context.close();
  });
});

test('a dossier that says the title is verified against the log, which has the word', async () => {
  const { id } = rows.parcel.find((row) => row.properties.disclosure === 'missing');
  const path = `collections/parcel/items/${encodeURIComponent(id)}/dossier`;
  const verdict = async (change) => {
    const context = await browser.newContext(), page = await context.newPage();
    await page.route((url) => url.pathname.endsWith('/dossier'), async (route) => {
      const answer = await route.fetch(), text = await answer.text();
      assert.ok(text.includes('<data value="missing">逾期未公开</data>'));
      await route.fulfill({ response: answer, body: change(text) });
    });
    await page.goto(new URL(`${path}?f=html`, site.url).href);
    await page.waitForFunction(() => !document.querySelector('.verdict').textContent.includes('需要浏览器脚本'));
    const said = await page.locator('section.proof .verdict').innerText();
    await context.close();
    return said;
  };
  assert.match(await verdict((text) => text), /已核验：本页内容与公开日志一致/);
  assert.equal(await verdict((text) => text.replace('">逾期未公开</data>', '">已按期公开</data>')), '不一致：本页“公开时限”与公开日志不同');
  assert.equal(await verdict((text) => text.replace('<data value="missing">逾期未公开</data>', '<data value="met">已按期公开</data>')), '不一致：本页“公开时限”与公开日志不同');
});
