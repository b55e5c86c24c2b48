// The real server on the sample county, and a browser that looks at it.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { dangshan, makeCounty } from '../sample_county.mjs';

export const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const samples = process.env.DK_SAMPLES ?? dangshan;
export const out = join(repository, 'tests', 'out');
export const TOKEN = 'browser-test-token-7f3a';
export const ingest = process.env.DK_INGEST ?? join(repository, 'build', 'ingest', 'dikuai-ingest');
const tiler = process.env.DK_TILER ?? join(repository, 'build', 'tiler', 'dikuai-tiler');

/** Makes a store of the sample county. Gives its path; the folder goes when the tests end. */
export function makeStore() {
  for (const program of [ingest, tiler]) {
    if (!existsSync(program)) throw new Error(`${program} is not there: build it, or set DK_INGEST and DK_TILER`);
  }
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'dikuai-browser-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const store = join(folder, 'county.dk');
  makeCounty(store, samples);
  writeFileSync(join(folder, 'tokens'), `# for tests\n${TOKEN} 341321 测试员\n`, { mode: 0o600 });
  return store;
}

/** Starts the server; gives {url, stop}. */
export async function serve(store, ...options) {
  const child = spawn(tiler, [store, '--listen', '127.0.0.1:0', '--threads', '2', '--token-file', join(dirname(store), 'tokens'), ...options],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => {
    child.on('exit', resolve);
  });
  const url = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      const found = /on (http:\S+)/.exec(text);
      if (found) resolve(found[1]);
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${text}`)));
    setTimeout(() => reject(new Error('the server printed no address within 30 s')), 30000).unref();
  });
  return { url, store, async stop() {
    child.kill('SIGTERM');
    return ended;
  } };
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.DK_CHROMIUM ?? '/usr/bin/chromium',
    // WebGL 2 in software, so that it draws the same without a graphics card; and no request of the browser's own.
    args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** Runs in the page: what it tells goes away after five seconds, in which a busy machine may not have looked. */
function keepWhatIsTold() {
  window.told = [];
  document.addEventListener('DOMContentLoaded', () => {
    const node = document.getElementById('toast');
    if (node) new MutationObserver(() => {
      if (node.textContent) window.told.push(node.textContent);
    }).observe(node, { childList: true });
  });
}

/** Waits until the page tells something with this text in it; gives all that it has told since it was opened. */
export async function told(page, text) {
  await page.waitForFunction((wanted) => window.told?.some((each) => each.includes(wanted)), text);
  return page.evaluate(() => window.told);
}

/**
 * A page that keeps what it was sent and what went wrong: bodies [{url, type, data}], faults (console errors,
 * exceptions, requests that failed or went elsewhere). expected(text): a fault that the test provokes. The map jumps, as it
 * does for those who want little motion: each frame of a flight is drawn in software. What moves is context.reducedMotion.
 */
export async function openPage(browser, site, { context: options = {}, expected = () => false } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'zh-CN', reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30000);
  await page.addInitScript(keepWhatIsTold);
  const bodies = [];
  const faults = [];
  const waiting = [];
  const fault = (text) => {
    if (!expected(text)) faults.push(text);
  };
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') fault(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => fault(`exception: ${error.message}`));
  context.on('request', (request) => {
    if (!request.url().startsWith(site.url) && !/^(data|blob):/.test(request.url())) fault(`a request elsewhere: ${request.url()}`);
  });
  context.on('response', (response) => {
    if (response.status() >= 400) fault(`${response.status()} for ${response.url()}`);
  });
  // Only what has come to its end has a body; what was given up on the way has none. What is still being read when the
  // test closes its page is nobody's fault; any other failure comes out of bodies().
  let closed = false;
  const close = context.close.bind(context);
  context.close = (...given) => {
    closed = true;
    return close(...given);
  };
  context.on('requestfinished', (request) => {
    const read = (async () => {
      const response = await request.response();
      if (response.status() === 204 || response.status() === 304) return;
      bodies.push({ url: response.url(), type: response.headers()['content-type'] ?? '', data: await response.body() });
    })();
    read.catch((error) => {
      if (!closed) fault(`a body that could not be read: ${error.message}`);
    });
    waiting.push(read);
  });
  return {
    page, context, faults,
    async bodies() {
      await Promise.all(waiting);
      return bodies;
    },
    async go(hash = '') {
      await page.goto(`${site.url}${hash}`);
      await drawn(page);
    },
  };
}

/** Waits until the map has drawn everything. */
export async function drawn(page) {
  await page.waitForSelector('body[data-state=ready]');
  await page.waitForSelector('#map[data-state=idle]');
}

/** Waits until the dossier is there; gives its heading. */
export async function dossierOpen(page) {
  await page.waitForSelector('#panel[data-state=ready] h2');
  return page.locator('#panel h2').innerText();
}

/** The link to a view with a place in the middle of the map. */
export const viewOf = ([lon, lat], zoom, rest = '') => `#map=${zoom}/${lat}/${lon}${rest}`;

/** The middle of the map on the page, in CSS pixels. */
export async function middle(page) {
  const box = await page.locator('#map').boundingBox();
  return [box.x + box.width / 2, box.y + box.height / 2];
}

/** A page of each browser that reads pictures. */
const readers = new WeakMap();

/** Colours [r, g, b] of the page at these points, read from one screenshot by a browser. */
export async function colours(page, points) {
  const png = (await page.screenshot()).toString('base64');
  const browser = page.context().browser();
  if (!readers.has(browser)) readers.set(browser, browser.newPage());
  const reader = await readers.get(browser);
  return reader.evaluate(async ([data, places]) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    return places.map(([x, y]) => [...context.getImageData(Math.round(x), Math.round(y), 1, 1).data.slice(0, 3)]);
  }, [png, points]);
}

/** Asks until the answer will do, for some seconds: gives the last one. For what changes on the page without a sign. */
export async function until(willDo, ask) {
  for (const end = Date.now() + 10000; ;) {
    const answer = await ask();
    if (willDo(answer) || Date.now() > end) return answer;
    await sleep(50);
  }
}
