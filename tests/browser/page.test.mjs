// The map page itself: drawn, searched, linked to, switched, on a phone, below a base path.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readCounty } from './county.mjs';
import { contains, inside, layer } from './ledger.mjs';
import { colours, dossierOpen, drawn, launch, makeStore, middle, openPage, out, samples, serve, told, until, viewOf } from './site.mjs';

const GROUND = [0xf3, 0xf1, 0xea]; // the style's background

let county;
let store;
let site;
let browser;

before(async () => {
  county = readCounty(samples);
  store = makeStore();
  site = await serve(store);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  if (site) assert.equal(await site.stop(), 0, 'the server ends cleanly');
});

/** How much of the middle of the map is not bare ground, 0 to 1, and its mean colour. */
async function drawnAtMiddle(page) {
  const [x, y] = await middle(page);
  const pixels = await colours(page, Array.from({ length: 169 }, (_, i) => [x - 6 + (i % 13), y - 6 + Math.floor(i / 13)]));
  const other = pixels.filter((pixel) => pixel.some((value, i) => Math.abs(value - GROUND[i]) > 8));
  const mean = [0, 1, 2].map((i) => pixels.reduce((sum, pixel) => sum + pixel[i], 0) / pixels.length);
  return { share: other.length / pixels.length, mean };
}

/** Whether a colour leans the way another does: its strongest and weakest parts are the same. */
function leansLike(mean, hex) {
  const wanted = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const strongest = wanted.indexOf(Math.max(...wanted));
  const weakest = wanted.indexOf(Math.min(...wanted));
  const drift = mean.map((value, i) => value - GROUND[i]);
  return drift[strongest] > drift[weakest] + 10;
}

/** A feature's dossier is open under this address, whatever order the hash has. */
const selectOf = (page) => new URLSearchParams(new URL(page.url()).hash.slice(1)).get('select');

describe('the whole county', () => {
  let view;
  const tiles = [];
  before(async () => {
    view = await openPage(browser, site);
    view.page.on('response', (response) => {
      if (/\/xyz\/[^/]+\/\d+\/\d+\/\d+/.test(response.url())) tiles.push(response);
    });
    await view.go();
  });
  after(() => view.context.close());

  test('is drawn from tiles', async () => {
    assert.ok(tiles.some((tile) => tile.status() === 200 && /vector-tile|mapbox/.test(tile.headers()['content-type'])));
    const box = await view.page.locator('#map').boundingBox();
    // Read in a grid over the map: a county is on it, with several colours.
    const pixels = await colours(view.page, Array.from({ length: 100 }, (_, i) =>
      [box.x + box.width * (0.35 + 0.3 * (i % 10) / 9), box.y + box.height * (0.25 + 0.5 * Math.floor(i / 10) / 9)]));
    const covered = pixels.filter((pixel) => pixel.some((value, k) => Math.abs(value - GROUND[k]) > 8)).length;
    const seen = new Set(pixels.map((pixel) => pixel.map((value) => value >> 4).join()));
    assert.ok(covered >= 65, `${covered} of 100 places are covered`);
    assert.ok(seen.size >= 3, `${seen.size} colours`);
    await view.page.screenshot({ path: join(out, 'county.png') });
  });

  test('offers each layer as a file, all of it or what is in view', async () => {
    const { page } = view;
    const menu = page.locator('[data-layer="mining"] details.download');
    await menu.locator('summary').click();
    const fetched = async () => {
      const [file] = await Promise.all([page.waitForEvent('download'), menu.locator('[data-format="csv"]').click()]);
      assert.equal(file.suggestedFilename(), '矿业权.csv');
      return { url: new URL(file.url()), rows: readFileSync(await file.path(), 'utf8').trimEnd().split('\r\n') };
    };
    const whole = await fetched();
    assert.equal(whole.rows[0].slice(0, 5), '\uFEFF许可证号');
    assert.equal(whole.rows.length - 1, layer(join(samples, 'mining.shp')).length);
    await menu.locator('input').check();
    const box = (await fetched()).url.searchParams.get('bbox').split(',').map(Number);
    assert.ok(box[0] < 116.4 && box[2] > 116.4 && box[1] < 34.4 && box[3] > 34.4, box.join());
    await menu.locator('input').uncheck();
    await menu.locator('summary').click();
  });

  test('says whose map it is, with the 审图号', async () => {
    const foot = await view.page.locator('footer').innerText();
    assert.match(foot, /审图号：示例数据，无审图号/);
    assert.match(foot, /发布单位：砀山县自然资源和规划局/);
    assert.match(await view.page.title(), /砀山县征地信息公开平台/);
    assert.equal(await view.page.locator('html').getAttribute('lang'), 'zh-CN');
  });

  test('has a switch for each layer, with its number of features and a legend', async () => {
    const { page } = view;
    for (const [title, count] of [['征收地块', county.parcels.length], ['规划分区', layer(join(samples, 'zones.gpkg')).length],
      ['矿业权', layer(join(samples, 'mining.shp'), 'CP936').length]]) {
      const box = page.getByRole('checkbox', { name: title });
      assert.equal(await box.isChecked(), true, title);
      assert.ok((await page.locator('.layer-row', { hasText: title }).innerText()).includes(count.toLocaleString('zh-CN')), title);
    }
    const legend = await page.getByRole('list', { name: '规划分区图例' }).getByRole('listitem').allInnerTexts();
    for (const kind of ['永久基本农田', '生态保护红线', '城镇开发边界']) assert.ok(legend.includes(kind), kind);
  });

  test('has no basemap without a key, and asks nothing of anybody else', () => {
    assert.deepEqual(view.faults, []);
  });
});

describe('each layer', () => {
  const places = [
    ['parcel', () => county.parcels[0].at, () => '#1667b7'],
    ['mining', () => inside(layer(join(samples, 'mining.shp'), 'CP936')[0].geometry), () => '#6d4c41'],
    ...['永久基本农田', '生态保护红线', '城镇开发边界'].map((kind, i) => [`zone`,
      () => inside(layer(join(samples, 'zones.gpkg')).filter((zone) => zone.properties.FQLX === kind)
        .sort((a, b) => JSON.stringify(b.geometry).length - JSON.stringify(a.geometry).length)[0].geometry),
      () => ['#e8c52e', '#e0514a', '#8f7fc4'][i], kind]),
  ];
  let view;
  before(async () => {
    view = await openPage(browser, site);
    await view.go();
  });
  after(() => view.context.close());

  for (const [name, at, colour, kind] of places) {
    test(`is drawn in its colour where its features are, and can be switched off: ${name} ${kind ?? ''}`, async () => {
      const { page } = view;
      await page.evaluate((hash) => {
        document.querySelector('#map').dataset.state = 'moving';
        location.hash = hash;
      }, viewOf(at(), 15, `&layers=${name}`));
      await drawn(page);
      // Labels and borders may cross the place; most of it is the fill.
      const on = await drawnAtMiddle(page);
      assert.ok(on.share > 0.6, `${on.share} of the place is drawn`);
      if (name !== 'mining') assert.ok(leansLike(on.mean, colour()), `${on.mean} like ${colour()}`);
      const title = { parcel: '征收地块', mining: '矿业权', zone: '规划分区' }[name];
      await page.getByRole('checkbox', { name: title }).focus();
      await page.keyboard.press('Space');
      await page.waitForFunction(() => /layers=(&|$)/.test(location.hash));
      const off = await until(({ share }) => share === 0, () => drawnAtMiddle(page));
      assert.equal(off.share, 0, 'switched off by the keyboard');
      assert.deepEqual(view.faults, []);
    });
  }
});

describe('the search box', () => {
  let view;
  before(async () => {
    view = await openPage(browser, site, { context: { reducedMotion: 'no-preference' } }); // flies to what is found
    await view.go();
  });
  after(() => view.context.close());

  test('finds a project by a part of its name, and the keyboard opens a parcel of it', async () => {
    const { page } = view;
    const parcel = county.parcels.find((each) => each.project === county.projects[2]['项目编号']);
    const [, words] = /示例(.+)项目/.exec(county.projects[2]['项目名称']);
    const box = page.getByRole('combobox');
    await box.focus();
    await page.keyboard.type(words);
    // What was found for the first letters may stand there for a moment.
    await page.waitForFunction((wanted) => document.querySelector('[role=option]')?.innerText.includes(wanted), words);
    assert.equal(await box.getAttribute('aria-expanded'), 'true');
    assert.match(await page.locator('#search-status').textContent(), /条/);
    const options = await page.locator('[role=option]').allInnerTexts();
    assert.ok(options[0].includes(words), options[0]);
    await page.screenshot({ path: join(out, 'search.png') });
    let steps = 0;
    do {
      await page.keyboard.press('ArrowDown');
      steps += 1;
    } while (steps < 25 && await page.locator('[role=option][aria-selected=true]').getAttribute('data-kind') !== 'parcel');
    const active = page.locator('[role=option][aria-selected=true]');
    assert.equal(await box.getAttribute('aria-activedescendant'), await active.getAttribute('id'));
    const key = await active.getAttribute('data-key');
    await page.keyboard.press('Enter');
    await dossierOpen(page);
    assert.equal(selectOf(page), `parcel/${key}`);
    assert.ok(key.startsWith(`${parcel.project}:`));
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H2', 'the reader is taken to the dossier');
    await drawn(page);
    // The map has gone there: the parcel is within the map, not behind the panel.
    const wanted = county.parcels.find((each) => each.key === key);
    const [zoom, lat, lon] = new URLSearchParams(new URL(page.url()).hash.slice(1)).get('map').split('/').map(Number);
    assert.ok(zoom > 14 && Math.abs(lat - wanted.at[1]) < 0.01 && Math.abs(lon - wanted.at[0]) < 0.01);
  });

  test('finds an approval however its brackets are typed, and lists its parcels', async () => {
    const { page } = view;
    const approval = county.approvals.find((row) => county.parcels.filter((parcel) => parcel.numbers.includes(row.numbers[0])).length === 50);
    await page.fill('#search', approval.numbers[0].replace('〔', '(').replace('〕', ')'));
    // Until the answer is there the list shows what was found before.
    await page.locator(`[role=option][data-kind=approval][data-key="${approval.numbers[0]}"]`).click();
    await page.waitForFunction((text) => document.querySelector('#panel[data-state=ready] h2')?.textContent === text, approval.numbers[0]);
    assert.equal(await page.locator('[data-section=parcel] .count').innerText(), '50');
    assert.equal(await page.locator('[data-section=parcel] .place').count(), 50);
    const listed = await page.locator('[data-section=parcel] .place').evaluateAll((nodes) => nodes.map((node) => node.dataset.key));
    assert.deepEqual(listed.slice().sort(), county.parcels.filter((parcel) => parcel.numbers.includes(approval.numbers[0])).map((parcel) => parcel.key).slice().sort());
    // From the approval to one of its parcels, and back with the browser's own button.
    await page.locator('[data-section=parcel] .place').nth(7).click();
    await page.waitForFunction(() => document.querySelector('#panel[data-state=ready] [data-section=timeline]'));
    await page.goBack();
    await page.waitForFunction((text) => document.querySelector('#panel[data-state=ready] h2')?.textContent === text, approval.numbers[0]);
  });

  test('says when there is nothing', async () => {
    const { page } = view;
    await page.fill('#search', '没有这样的地方');
    await page.waitForFunction(() => document.querySelector('#search-status').textContent.includes('没有找到'));
    assert.equal(await page.getByRole('combobox').getAttribute('aria-expanded'), 'false');
    assert.deepEqual(view.faults, []);
  });
});

describe('a link', () => {
  test('copied from the page restores place, layers and dossier', async () => {
    const view = await openPage(browser, site, { context: { permissions: ['clipboard-read', 'clipboard-write'] } });
    const { page } = view;
    const parcel = county.parcels[100];
    await view.go(viewOf(parcel.at, 17));
    await page.mouse.click(...await middle(page));
    assert.equal(await dossierOpen(page), parcel.name);
    await page.getByRole('checkbox', { name: '矿业权' }).uncheck();
    await drawn(page);
    await page.click('#copy-link');
    await told(page, '已复制');
    const link = await page.evaluate(() => navigator.clipboard.readText());

    const other = await openPage(browser, site);
    await other.page.goto(link);
    await drawn(other.page);
    assert.equal(await dossierOpen(other.page), parcel.name);
    assert.equal(selectOf(other.page), `parcel/${parcel.key}`);
    assert.equal(await other.page.getByRole('checkbox', { name: '矿业权' }).isChecked(), false);
    assert.equal(await other.page.getByRole('checkbox', { name: '规划分区' }).isChecked(), true);
    assert.equal(new URLSearchParams(new URL(other.page.url()).hash.slice(1)).get('map'), new URLSearchParams(new URL(link).hash.slice(1)).get('map'));
    assert.deepEqual([...view.faults, ...other.faults], []);
    await view.context.close();
    await other.context.close();
  });

  test('is each step back and forward, with the dossier that was open there', async () => {
    const view = await openPage(browser, site);
    const { page } = view;
    const [first, last] = [county.parcels[0], county.parcels.at(-1)];
    await view.go(viewOf(first.at, 16));
    const opened = async (parcel) => {
      await page.waitForFunction(([label, select]) => document.querySelector('#panel[data-state=ready]')?.getAttribute('aria-label') === `档案：${label}`
        && new URLSearchParams(location.hash.slice(1)).get('select') === select, [parcel.name, `parcel/${parcel.key}`]);
    };
    for (const parcel of [first, last]) {
      await page.evaluate((hash) => {
        location.hash = hash;
      }, viewOf(parcel.at, 16, `&select=parcel/${encodeURIComponent(parcel.key)}`));
      await opened(parcel);
    }
    for (const [way, parcel] of [['goBack', first], ['goForward', last], ['goBack', first]]) {
      await page[way]();
      await opened(parcel);
    }
    await page.goBack();
    await page.waitForSelector('#panel', { state: 'hidden' });
    await page.goForward();
    await opened(first);
    assert.deepEqual(view.faults, []);
    await view.context.close();
  });

  test('to what is not published says so in plain words', async () => {
    const view = await openPage(browser, site, { expected: (text) => /404/.test(text) });
    await view.go('#select=parcel/XM0000:DK999');
    await view.page.waitForSelector('#panel[data-state=problem]');
    assert.match(await view.page.locator('#panel').innerText(), /没有找到这条信息/);
    assert.equal(await view.page.evaluate(() => document.activeElement.textContent), '重试', 'where the keyboard goes on');
    assert.deepEqual(view.faults, []);
    await view.context.close();
  });

  test('with senseless parts still opens the map', async () => {
    const view = await openPage(browser, site);
    await view.go('#map=x/91/900&layers=nothing&select=/&%');
    assert.equal(await view.page.locator('#panel').isVisible(), false);
    for (const cut of ['#map=//', '#map=15//', '#map=15/34.4/', '#map=15/34.4']) {
      assert.equal(await view.page.evaluate(async (hash) => (await import('./web/state.js')).parse(hash).view, cut), null, cut);
    }
    assert.deepEqual(view.faults, []);
    await view.context.close();
  });
});

describe('the page in use', () => {
  let view;
  before(async () => {
    view = await openPage(browser, site, { expected: (text) => text.startsWith('a body that could not be read') });
    await view.go(viewOf(county.parcels[0].at, 17));
  });
  after(() => view.context.close());

  /** Keeps an answer back: asked, when it was asked for; give(), which sends it and waits until it came or nobody wanted it. */
  async function late(page, pattern) {
    let send;
    const held = new Promise((resolve) => {
      send = resolve;
    });
    const asked = page.waitForRequest(pattern);
    await page.route(pattern, async (route) => {
      await held;
      await route.continue().catch(() => {}); // given up meanwhile
    });
    const ended = Promise.race(['requestfinished', 'requestfailed'].map((event) => page.waitForEvent(event, (request) => pattern.test(request.url()))));
    return { asked, async give() {
      send();
      await ended;
      await page.unroute(pattern);
      for (let i = 0; i < 3; i += 1) await page.evaluate(() => new Promise((resolve) => { setTimeout(resolve); }));
    } };
  }

  test('an answer to a click that comes late does not take the place of what was opened since', async () => {
    const { page } = view, [approval] = county.approvals[5].numbers;
    const answer = await late(page, /overlaps\?point=/);
    await page.mouse.click(...await middle(page));
    await answer.asked;
    await page.fill('#search', approval);
    await page.locator(`[role=option][data-kind=approval][data-key="${approval}"]`).click();
    await page.waitForFunction((text) => document.querySelector('#panel[data-state=ready] h2')?.textContent === text, approval);
    await answer.give();
    assert.equal(selectOf(page), `approval/${approval}`);
    assert.equal(await page.locator('#panel h2').innerText(), approval);
  });

  test('what is small and pale can be read (WCAG 2.1, 1.4.3), and says what it is', async () => {
    const { page } = view;
    const pale = await page.evaluate(() => {
      const rgba = (text) => [...text.match(/[\d.]+/g).map(Number), 1].slice(0, 4);
      const luminance = (colour) => colour.slice(0, 3).map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      function ground(node) {
        for (let n = node; n; n = n.parentElement) {
          const colour = rgba(getComputedStyle(n).backgroundColor);
          if (colour[3] > 0.9) return colour;
        }
        return [255, 255, 255];
      }
      const shades = new Map(); // class: ratio
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const node = texts.currentNode.parentElement;
        if (!texts.currentNode.textContent.trim() || !node.checkVisibility() || node.closest('.maplibregl-map')) continue;
        const [a, b] = [rgba(getComputedStyle(node).color), ground(node)].map(luminance);
        shades.set(node.className || node.tagName, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
      }
      return [...shades].filter(([, ratio]) => ratio < 4.5).map(([name, ratio]) => `${name} ${ratio.toFixed(2)}`);
    });
    assert.deepEqual(pale, []);
    // A field that members of the village see is not marked as one for staff alone.
    const marks = await page.evaluate(async () => {
      const { facts } = await import('./web/rows.js');
      return ['group', 'request', 'staff'].map((audience) => facts({ fields: [{ name: 'a', title: '甲', type: 'text', audience }] }, { properties: { a: '1' } })
        .querySelector('.internal').title);
    });
    const numbers = await page.evaluate(async () => {
      const { value } = await import('./web/format.js');
      return [[2021], [12021], [2021, 'm2'], [3, 'm2'], [0, 'm2']].map(([raw, unit]) => [value({ type: 'integer', unit }, raw)].flat()
        .map((node) => node.textContent).join(' '));
    });
    // A year is no amount; 2021 m² are 3.0315 亩, 3 are 0.0045.
    assert.deepEqual(numbers, ['2021', '12,021', '2,021 平方米 约 3.03 亩', '3 平方米 约 0.0045 亩', '0 平方米']);
    const sums = await page.evaluate(async () => {
      const [{ Kinds }, { dossierNodes }] = await Promise.all([import('./web/rows.js'), import('./web/dossier.js')]);
      const totals = [{ by: ['village'], sums: [{ name: 'people', title: '安置人数' }, { name: 'paid', title: '补偿', unit: 'yuan' }] }];
      const kinds = new Kinds({ layers: [{ name: 'parcel', title: '地块', fields: [] }], records: [{ name: 'resettled', title: '安置', fields: [], totals }] });
      const group = { kind: 'resettled', by: { village: '甲村' }, rows: 9, sums: { people: 12, paid: 12 } };
      return dossierNodes(kinds, { kind: 'parcel', subject: { id: '1', label: '一', properties: {} }, totals: [group] }, { open() {} })
        .flatMap((node) => [...node.querySelectorAll('.sum dd')].map((each) => each.textContent));
    });
    assert.deepEqual(sums, ['12', '12.00 元'], 'what has no unit is no money');
    assert.ok(marks[0].includes('成员') && marks[1].includes('申请') && marks[2] === '仅工作人员可见', marks.join());
  });

  test('with the keyboard, the link to the search box leaves the view as it is, and 继续显示 the reader in the list', async () => {
    const { page } = view, several = county.approvals.find(({ numbers }) => county.payments.filter((row) => row.numbers.includes(numbers[0])).length > 60);
    await page.evaluate((key) => {
      location.hash = `${location.hash.replace(/&select=.*/, '')}&layers=parcel&select=approval/${encodeURIComponent(key)}`;
    }, several.numbers[0]);
    await page.waitForFunction((text) => document.querySelector('#panel[data-state=ready] h2')?.textContent === text, several.numbers[0]);
    const { hash } = new URL(page.url());
    await page.locator('.skip').press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'search');
    assert.equal(new URL(page.url()).hash, hash);
    assert.equal(await page.locator('#panel h2').innerText(), several.numbers[0]);
    const rows = page.locator('[data-section=compensation] tbody tr');
    assert.equal(await rows.count(), 50);
    await page.locator('[data-section=compensation] .more button').press('Enter');
    await until((n) => n > 50, () => rows.count());
    assert.equal(await page.evaluate(() => document.activeElement.closest('[data-section]')?.dataset.section), 'compensation');
    assert.match(await page.locator('#announce').textContent(), new RegExp(`${await rows.count()} 条`));
  });

  test('what was looked for is marked in what is found, without the commas between', async () => {
    const view = await openPage(browser, site), { page } = view;
    await view.go();
    await page.fill('#search', 'DK001， 村、');
    await page.waitForSelector('.hit mark');
    assert.deepEqual([...new Set(await page.locator('.hit mark').allInnerTexts())].sort(), ['DK001', '村']);
    assert.deepEqual(view.faults, []);
    await view.context.close();
  });

  test('closing what was found shows the map, not the list of what else was found, which a click unfolds again', async () => {
    for (const context of [{}, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }]) {
      const view = await openPage(browser, site, { context });
      const { page } = view;
      await view.go();
      await page.locator('#search').click();
      await page.keyboard.type('DK00');
      await page.locator('.hit').first().click();
      await dossierOpen(page);
      await page.click('#panel-close');
      assert.equal(await page.locator('#hits').isVisible(), false);
      assert.equal(await page.evaluate(() => document.activeElement.tagName), context.isMobile ? 'CANVAS' : 'INPUT', 'a phone keeps its keyboard down');
      await page.locator('#search').click();
      assert.equal(await page.locator('#hits').isVisible(), true);
      await page.keyboard.press('Escape');
      await page.keyboard.press('ArrowDown');
      assert.equal(await page.locator('#hits').isVisible(), true);
      assert.deepEqual(view.faults, []);
      await view.context.close();
    }
  });

  test('an answer to a search that comes late does not cover what the reader does by then', async () => {
    const { page } = view;
    const answer = await late(page, /search\?q=/);
    await page.fill('#search', county.projects[1]['项目编号']);
    await answer.asked;
    await page.locator('#search').press('Tab');
    await answer.give();
    assert.equal(await page.locator('#hits').isVisible(), false);
    assert.equal(await page.locator('#search').getAttribute('aria-expanded'), 'false');
    await page.focus('#search');
    // Where the reader's own colours take the place of ours, the one that the arrows have come to is seen all the same.
    await page.emulateMedia({ forcedColors: 'active' });
    await page.keyboard.press('ArrowDown');
    const outlines = await page.locator('[role=option]').evaluateAll((nodes) => nodes.slice(0, 2).map((node) => getComputedStyle(node).outlineStyle));
    assert.deepEqual(outlines, ['solid', 'none']);
    await page.emulateMedia({ forcedColors: null });
    assert.ok(await page.locator('[role=option]').count() > 0 && await page.locator('#hits').isVisible(), 'they are there for who comes back');
    await page.keyboard.press('Escape');
    assert.deepEqual(view.faults, []);
  });
});

test('what is selected is marked, and what is switched off is gone, while tiles have not come', async () => {
  const view = await openPage(browser, site, { expected: () => true }), parcel = county.parcels[100], zoom = 16;
  let held = 0;
  await view.page.route(/\/xyz\/[^/]+\/\d+\//, () => {
    held += 1; // for ever
  });
  await view.page.goto(`${site.url}${viewOf(parcel.at, zoom, `&layers=mining&select=parcel/${encodeURIComponent(parcel.key)}`)}`);
  await dossierOpen(view.page);
  const mercator = ([lon, lat]) => [(lon + 180) / 360, 0.5 - Math.asinh(Math.tan(lat * Math.PI / 180)) / (2 * Math.PI)].map((x) => x * 512 * 2 ** zoom);
  const [x, y] = await middle(view.page), [midX, midY] = mercator(parcel.at);
  const ring = parcel.geometry.type === 'Polygon' ? parcel.geometry.coordinates[0] : parcel.geometry.coordinates[0][0];
  const corners = ring.map(mercator).map(([east, south]) => [x + east - midX, y + south - midY]);
  const orange = (pixels) => pixels.filter(([r, g, b]) => r > 200 && g < 140 && b < 80).length;
  const marked = await until((n) => n > ring.length * 0.7, async () => orange(await colours(view.page, corners)));
  assert.ok(marked > ring.length * 0.7, `${marked} of ${ring.length} corners are marked`);
  assert.ok(held > 0);
  await view.context.close();
});

test('tiles that did not come are asked for again when the network is back, or when the reader moves on', async () => {
  const view = await openPage(browser, site, { expected: () => true }), { page } = view, [lon, lat] = county.parcels[0].at;
  await view.go();
  let broken = false;
  let came = [];
  await page.route(/\/xyz\/[^/]+\/15\//, (route) => (broken ? route.fulfill({ status: 502 }) : route.continue()));
  page.on('response', (response) => {
    const tile = /\/xyz\/[^/]+\/(15\/.+)\.mvt/.exec(response.url());
    if (tile && response.ok()) came.push(tile[1]);
  });
  await view.context.setOffline(true);
  await page.evaluate((hash) => {
    location.hash = hash;
  }, viewOf([lon, lat], 15.4));
  await told(page, '没有加载成功');
  await drawn(page);
  assert.deepEqual(came, []);
  await view.context.setOffline(false);
  assert.ok(await until((n) => n > 3, () => came.length) > 3);
  await drawn(page);
  // A server that was away: the browser does not know that it is back.
  broken = true;
  came = [];
  await page.evaluate((hash) => {
    location.hash = hash;
  }, viewOf([lon + 0.2, lat + 0.1], 15.4));
  await drawn(page);
  broken = false;
  const [x, y] = await middle(page);
  const moved = await until((n) => n > 3, async () => {
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 4, y + 4);
    await page.mouse.up();
    return came.length;
  });
  assert.ok(moved > 3, `${moved} tiles came`);
  await view.context.close();
});

test('a layer whose last zoom is another than that of the others stays on the map beyond it, stretched', async () => {
  const view = await openPage(browser, site);
  const asked = [];
  view.page.on('request', (request) => asked.push(decodeURIComponent(new URL(request.url()).pathname)));
  const answers = (path, change) => view.page.route(path, async (route) => {
    const response = await route.fetch(), json = await response.json();
    change(json);
    await route.fulfill({ response, json });
  });
  // As for whoever sees parcels up to zoom 12 (public: {max_zoom: 12}).
  await answers(/\/catalogue$/, ({ layers }) => {
    layers.find(({ name }) => name === 'parcel').zooms[1] = 12;
  });
  await answers(/\/xyz\/parcel,parcel_grid\.json$/, (described) => {
    described.maxzoom = 12;
  });
  const [lon, lat] = county.parcels[0].at;
  await view.go(`#map=15/${lat}/${lon}&layers=parcel`);
  const tiles = (layer) => new Set(asked.map((path) => new RegExp(`/xyz/[^/]*\\b${layer},[^/]*/(\\d+)/`).exec(path)?.[1]).filter(Boolean));
  assert.deepEqual([...tiles('parcel')], ['12']);
  const { share, mean } = await drawnAtMiddle(view.page);
  assert.ok(share > 0.9 && leansLike(mean, '#1667b7'), `${share} of the parcel is drawn, in ${mean}`);
  await view.context.close();
});

describe('the map in degrees of CGCS2000', () => {
  const ZOOM = 16;
  const degree = 512 * 2 ** ZOOM / 360; // CSS pixels, both ways
  const plateTiles = /\/collections\/([^/]+)\/tiles\/CGCS2000Quad\/(\d+)\/(\d+)\/(\d+)$/;
  const xyzTiles = /\/xyz\/[^/]+\/\d+\/\d+\/\d+/;
  const projection = (page) => page.getByRole('checkbox', { name: '经纬度投影（CGCS2000）' });
  const given = (page, name) => new URLSearchParams(new URL(page.url()).hash.slice(1)).get(name);
  let view;
  // The page is left and begun anew: what it was just reading is nobody's.
  const leaving = (text) => text.startsWith('a body that could not be read');
  let asked = [];
  before(async () => {
    view = await openPage(browser, site, { expected: leaving });
    view.page.on('request', (request) => asked.push(decodeURIComponent(new URL(request.url()).pathname)));
  });
  after(() => view.context.close());

  /** Where a position lies on a page that has this middle. */
  async function pixel(page, [lon, lat], [midLon, midLat]) {
    const [x, y] = await middle(page);
    return [x + (lon - midLon) * degree, y - (lat - midLat) * degree];
  }

  test('is switched to in the legend, and asks tiles of EPSG:4490 by Tianditu\'s numbers', async () => {
    const { page } = view;
    await view.go('#map=9.6/34.4504/116.4000');
    assert.equal(await projection(page).isChecked(), false);
    const place = given(page, 'map');
    asked = [];
    await Promise.all([page.waitForEvent('load'), projection(page).check()]);
    await drawn(page);
    assert.equal(given(page, 'crs'), '4490');
    assert.equal(await projection(page).isChecked(), true);
    assert.equal(given(page, 'map'), place, 'the place stays');
    const tiles = asked.map((path) => plateTiles.exec(path)).filter(Boolean);
    const [, lat, lon] = place.split('/').map(Number);
    for (const name of ['parcel', 'parcel_grid', 'zone', 'zone_grid', 'mining', 'mining_grid']) {
      const mine = tiles.filter((tile) => tile[1] === name);
      assert.ok(mine.length > 0, name);
      for (const [, , z, row, column] of mine) {
        assert.ok(Math.abs(Number(row) - (90 - lat) / 360 * 2 ** z) < 3 && Math.abs(Number(column) - (lon + 180) / 360 * 2 ** z) < 3, `${name} ${z}/${row}/${column}`);
      }
    }
    assert.ok(!asked.some((path) => xyzTiles.test(path)), 'none of Web Mercator');
    // Squares of the row of tiles beside the county's may count what lies in it.
    const rowsOf = (kind) => asked.map((path) => plateTiles.exec(path)).filter((tile) => tile?.[1] === kind && tile[2] === '9').map((tile) => Number(tile[3]));
    await view.go('#map=9.6/33.9000/116.4000&crs=4490');
    await drawn(page);
    assert.equal(Math.max(...rowsOf('zone')), 79, '(90 - 34.27) / 360 * 2^9');
    assert.equal(Math.max(...rowsOf('zone_grid')), 80);
    await page.screenshot({ path: join(out, 'degrees.png') });
  });

  test('draws parcels where their degrees are, opens the one that is clicked, and marks it there', async () => {
    const { page } = view;
    for (const parcel of [county.parcels[0], county.parcels[700]]) {
      // Up and left of the middle, by more than a parcel: Web Mercator would have it 40 pixels higher.
      const at = [parcel.at[0] + 120 / degree, parcel.at[1] - 200 / degree];
      await page.goto('about:blank');
      await view.go(viewOf(at, ZOOM, '&crs=4490&layers=parcel'));
      const place = await pixel(page, parcel.at, at);
      const [colour] = await colours(page, [[place[0] + 3, place[1] + 3]]);
      assert.ok(leansLike(colour, '#1667b7'), `${colour} at ${place}`);
      await page.mouse.click(...place);
      assert.equal(await dossierOpen(page), parcel.name);
      assert.equal(selectOf(page), `parcel/${parcel.key}`);
      const rings = parcel.geometry.type === 'Polygon' ? parcel.geometry.coordinates : parcel.geometry.coordinates[0];
      // The map may go aside, which takes a while.
      const orange = await until((marked) => marked > rings[0].length * 0.7, async () => {
        await drawn(page);
        const [, lat, lon] = given(page, 'map').split('/').map(Number);
        const corners = await Promise.all(rings[0].map((position) => pixel(page, position, [lon, lat])));
        return (await colours(page, corners)).filter(([r, g, b]) => r > 200 && g < 140 && b < 80).length;
      });
      assert.ok(orange > rings[0].length * 0.7, `${orange} of ${rings[0].length} corners are marked`);
    }
    await page.screenshot({ path: join(out, 'degrees-parcel.png') });
  });

  test('is kept by a link, also one that is put into an open page', async () => {
    const { page } = view;
    const link = page.url();
    const other = await openPage(browser, site, { expected: leaving });
    await other.page.goto(link);
    await drawn(other.page);
    assert.equal(await dossierOpen(other.page), county.parcels[700].name);
    assert.equal(await projection(other.page).isChecked(), true);
    assert.equal(given(other.page, 'map'), given(page, 'map'));
    assert.equal(given(other.page, 'crs'), '4490');
    await Promise.all([other.page.waitForEvent('load'), other.page.evaluate(() => {
      location.hash = location.hash.replace('&crs=4490', '');
    })]);
    await drawn(other.page);
    assert.equal(await projection(other.page).isChecked(), false);
    assert.deepEqual(other.faults, []);
    await other.context.close();
  });

  test('and back to Web Mercator', async () => {
    const { page } = view;
    asked = [];
    await Promise.all([page.waitForEvent('load'), projection(page).uncheck()]);
    await drawn(page);
    assert.equal(given(page, 'crs'), null);
    assert.equal(selectOf(page), `parcel/${county.parcels[700].key}`);
    assert.ok(asked.some((path) => xyzTiles.test(path)) && !asked.some((path) => plateTiles.test(path)));
    assert.deepEqual(view.faults, []);
  });
});

describe('the panel', () => {
  test('opens by the keyboard alone, names other features there, and closes with Escape', async () => {
    const view = await openPage(browser, site);
    const { page } = view;
    const zones = layer(join(samples, 'zones.gpkg'));
    const parcel = county.parcels.find((each) => zones.some((zone) => contains(zone.geometry, each.at)));
    await view.go(viewOf(parcel.at, 17));
    await page.locator('#map canvas').focus();
    await page.keyboard.press('Enter');
    assert.equal(await dossierOpen(page), parcel.name);
    await page.locator('.neighbours .chip', { hasText: '规划分区' }).first().click();
    await page.waitForFunction(() => document.querySelector('#panel[data-state=ready] .eyebrow')?.textContent === '规划分区');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#panel', { state: 'hidden' });
    assert.equal(selectOf(page), null);
    assert.deepEqual(view.faults, []);
    await view.context.close();
  });

  test('prints without the map and with everything unfolded', async () => {
    const view = await openPage(browser, site);
    const { page } = view;
    await view.go(viewOf(county.parcels[0].at, 17));
    await page.mouse.click(...await middle(page));
    await dossierOpen(page);
    assert.ok(await page.locator('#panel details:not([open])').count() > 0);
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('#panel details:not([open])').count(), 0);
    assert.equal(await page.locator('#map').isVisible(), false);
    assert.equal(await page.locator('.search').isVisible(), false);
    assert.ok(await page.locator('#map-approval').isVisible());
    const links = await page.locator('#panel .fact a').evaluateAll((nodes) => nodes.map((node) => [node.href, getComputedStyle(node, '::after').content]));
    assert.ok(links.length > 0 && links.every(([href, behind]) => href.startsWith('http') && behind !== 'none'), `the address of a link stands on paper: ${links.join()}`);
    assert.ok((await page.locator('#panel').boundingBox()).height > 1200, 'not cut off at the height of the window');
    await page.screenshot({ path: join(out, 'print.png'), fullPage: true });
    await view.context.close();
  });
});

describe('a phone', () => {
  test('shows the dossier as a sheet from the bottom that can be pulled up', async () => {
    const view = await openPage(browser, site, { context: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2, reducedMotion: 'no-preference' } });
    const { page } = view;
    const parcel = county.parcels[200];
    await view.go(viewOf(parcel.at, 16.5));
    await page.screenshot({ path: join(out, 'phone-map.png') });
    assert.equal(await page.locator('#layers-body').isVisible(), false, 'the legend is folded');
    await page.touchscreen.tap(...await middle(page));
    assert.equal(await dossierOpen(page), parcel.name);
    await drawn(page);
    const low = await page.locator('#panel').boundingBox();
    assert.equal(low.x, 0);
    assert.equal(low.width, 390);
    assert.ok(low.y > 250, 'the map stays in sight above it');
    await page.screenshot({ path: join(out, 'phone-dossier.png') });
    await page.locator('#panel-grip').tap();
    const tall = await until(({ height }) => height > low.height + 150, () => page.locator('#panel').boundingBox());
    assert.ok(tall.height > low.height + 150);
    assert.equal(await page.locator('#panel-grip').getAttribute('aria-expanded'), 'true');
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 390, 'nothing is wider than the screen');
    for (const name of ['#panel-close', '#panel-print']) {
      assert.ok((await page.locator(name).boundingBox()).height >= 36, `${name} is large enough for a finger`);
    }
    assert.deepEqual(view.faults, []);
    await view.context.close();
  });
});

describe('a small phone', () => {
  const phone = (width, height) => ({ context: { viewport: { width, height }, isMobile: true, hasTouch: true } });

  test('shows the whole title, and every button in reach', async () => {
    const view = await openPage(browser, site, phone(320, 640));
    const { page } = view;
    await view.go();
    for (const width of [320, 340, 360, 390, 414, 480, 500, 568]) {
      await page.setViewportSize({ width, height: 640 });
      const title = await page.evaluate(() => {
        const heading = document.getElementById('title');
        const { clientWidth, clientHeight, scrollWidth, scrollHeight } = heading;
        const text = document.createRange();
        text.selectNodeContents(heading);
        return { cut: scrollWidth > clientWidth || scrollHeight > clientHeight, lines: new Set([...text.getClientRects()].map(({ top }) => top)).size, page: document.documentElement.scrollWidth };
      });
      assert.deepEqual([title.cut, title.page], [false, width], `${width}: ${JSON.stringify(title)}`);
      assert.ok(title.lines <= 2, `${width}: ${title.lines} lines`);
      for (const name of ['#analyse', '#copy-link', '#staff', '#search']) {
        const box = await page.locator(name).boundingBox();
        assert.ok(box.x >= 0 && box.x + box.width <= width && box.height >= 30, `${width}: ${name}`);
      }
      if (width < 400) await page.screenshot({ path: join(out, `phone-${width}.png`) });
    }
    assert.deepEqual(view.faults, []);
    await view.context.close();
  });

  test('on its side shows the map first, and more than a line of the list of layers', async () => {
    const view = await openPage(browser, site, phone(844, 390));
    const { page } = view;
    await view.go();
    assert.equal(await page.locator('#layers-body').isVisible(), false);
    await page.tap('#layers-toggle');
    const body = await page.locator('#layers-body').boundingBox();
    assert.ok(body.height > 120, `${body.height} px`);
    await page.screenshot({ path: join(out, 'phone-landscape-layers.png') });
    await page.tap('#layers-toggle');
    await page.tap('.maplibregl-ctrl-zoom-in');
    await page.waitForFunction(() => location.hash.includes('map='));
    assert.deepEqual(view.faults, []);
    await view.context.close();
  });

  test('on its side shows whose dossier is open, beside the map', async () => {
    const view = await openPage(browser, site, phone(568, 320));
    const { page } = view;
    const parcel = county.parcels[200];
    await view.go(viewOf(parcel.at, 16.5));
    await page.touchscreen.tap(...await middle(page));
    assert.equal(await dossierOpen(page), parcel.name);
    await drawn(page);
    await page.screenshot({ path: join(out, 'phone-landscape.png') });
    const name = await page.locator('#panel h2').boundingBox(), foot = await page.locator('.foot').boundingBox();
    assert.ok(name.y + name.height <= foot.y, `the name ends at ${name.y + name.height}, the foot begins at ${foot.y}`);
    const seen = await page.evaluate(([x, y]) => document.elementFromPoint(x, y)?.closest('h2') !== null, [name.x + 10, name.y + name.height / 2]);
    assert.ok(seen, 'nothing lies over the name');
    assert.ok((await page.locator('#panel').boundingBox()).x >= 200, 'the map stays in sight');
    for (const tool of ['#panel-close', '#panel-print']) assert.ok((await page.locator(tool).boundingBox()).height >= 36, tool);
    assert.ok(await page.locator('#map-approval').isVisible());
    assert.deepEqual(view.faults, []);
    await view.context.close();
  });
});

describe('a server below a base path', () => {
  test('serves the same page', async () => {
    const below = await serve(store, '--base-path', '/dikuai');
    try {
      assert.match(below.url, /\/dikuai\/$/);
      const view = await openPage(browser, below);
      await view.go(viewOf(county.parcels[0].at, 17));
      await view.page.mouse.click(...await middle(view.page));
      assert.equal(await dossierOpen(view.page), county.parcels[0].name);
      assert.deepEqual(view.faults, []);
      await view.context.close();
    } finally {
      assert.equal(await below.stop(), 0);
    }
  });
});

describe('a browser without WebGL', () => {
  test('says that it cannot draw the map, and still searches and reads', async () => {
    const view = await openPage(browser, site);
    const { page } = view;
    await page.addInitScript(() => {
      const real = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function getContext(kind, ...rest) {
        return /webgl/.test(kind) ? null : real.call(this, kind, ...rest);
      };
    });
    await page.goto(site.url);
    await page.waitForSelector('body[data-state=ready]');
    assert.match(await page.locator('#map-problem').innerText(), /不能显示地图/);
    assert.equal(await page.locator('#map-loading').isVisible(), false);
    await page.fill('#search', county.parcels[0].village);
    await page.waitForSelector('[role=option][data-kind=parcel]');
    await page.keyboard.press('Enter');
    await dossierOpen(page);
    assert.ok(await page.locator('[data-section=subject] .fact').count() > 3);
    await view.context.close();
  });

  test('or one that cannot read the scripts says what to do, and leads to the data', async () => {
    const view = await openPage(browser, site, { expected: () => true });
    const { page } = view;
    await page.route(/\/web\/map\.js$/, (route) => route.abort());
    await page.goto(site.url);
    await page.waitForSelector('#map-loading');
    assert.match(await page.locator('#map-loading').innerText(), /刷新页面.*较新的浏览器/);
    await page.locator('#map-loading a').click();
    assert.match(await page.locator('main').innerText(), /征收地块/);
    await view.context.close();
  });
});
