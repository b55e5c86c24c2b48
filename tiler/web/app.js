// The map page: reads the catalogue, wires map, layers, search and dossier together, keeps the view in the URL.
import * as api from './api.js';
import { disclosing, disclosureLayers } from './disclosure-style.js';
import { announce, byId, toast } from './dom.js';
import { chooserNodes, dossierNodes, record } from './dossier.js';
import { titleOf } from './format.js';
import { showLayers } from './layers.js';
import * as lists from './lists.js';
import { fitStyle, showMap } from './map.js';
import { setUp as setUpOverlaps } from './overlaps.js';
import * as panel from './panel.js';
import { setUp as setUpPreview } from './preview.js';
import { Kinds } from './rows.js';
import { setUp as setUpSearch } from './search.js';
import { setUp as setUpStaff, showMode, takeInvitation, viewTitle } from './staff.js';
import * as state from './state.js';

const MOST_AT = 20; // rows drawn at one spot that a click offers
const TELL = 'dikuai-tell'; // in the session's storage: what the page is to tell when it has begun anew

let catalogue;
let kinds;
let style;
let map = null; // null: this browser cannot draw it; search and dossiers still work
let layers;
let search;
let staff;
let analysis;
let preview;
let selected = null; // {kind, key}
let subject = null; // of the dossier that is open: {kind, key, label}, a row of a layer
let showing = null; // AbortController of the dossier being read

const invitation = takeInvitation();
const start = state.parse(location.hash);

/** Tells what went wrong once, not for every tile. */
const told = new Set();
function tell(message) {
  if (told.has(message)) return;
  told.add(message);
  setTimeout(() => told.delete(message), 30000);
  toast(message);
}

/* The URL */

const hash = () => state.format({ view: map?.view() ?? state.parse(location.hash).view, layers: layers.shown(),
  disclosure: layers.disclosure(), crs: start.crs, select: selected });
const depth = () => history.state?.depth ?? 0;

const showVisible = () => map?.setVisible(layers.isVisible, layers.disclosure());

function remember() {
  history.replaceState({ depth: depth() }, '', hash());
}

/* What is selected */

function describe(feature) {
  const kind = kinds.get(feature.kind);
  const texts = kind.fields.filter((field) => field.type === 'text' && feature.properties[field.name])
    .map((field) => titleOf(field, feature.properties[field.name]));
  const label = String((kind.label && feature.properties[kind.label]) ?? texts[0] ?? feature.key ?? kind.title);
  return { ...feature, label, hint: texts.filter((text) => text !== label).slice(0, 2).join(' · ') };
}

function union(features) {
  const boxes = features.map((feature) => feature.bbox).filter((box) => box?.length === 4);
  return boxes.length ? [Math.min(...boxes.map((b) => b[0])), Math.min(...boxes.map((b) => b[1])),
    Math.max(...boxes.map((b) => b[2])), Math.max(...boxes.map((b) => b[3]))] : null;
}

/** Reads and shows what is selected; fly: also go there. others: what else lies where the click was. */
async function show({ fly = false, bbox = null, at = null, others = [] } = {}) {
  showing?.abort();
  analysis?.stop();
  preview?.stop();
  const mine = new AbortController();
  showing = mine;
  subject = null;
  const { kind, key } = selected;
  const back = depth() > 0;
  panel.showLoading(back);
  if (fly && bbox) map?.fly(bbox);
  try {
    let nodes;
    let features;
    let label;
    if (kinds.get(kind).isLayer) {
      const dossier = await api.dossier(kind, key, { signal: mine.signal });
      nodes = dossierNodes(kinds, dossier, { open, others });
      features = [dossier.subject];
      label = dossier.subject.label;
      if (!dossier.subject.undrawn) subject = { kind, key, label };
    } else if (kinds.has(kind)) {
      const found = await record(kinds, kind, key, { open, signal: mine.signal });
      ({ nodes, features } = found);
      label = found.row.label;
    } else throw new api.Problem(404, '链接所指的信息不存在。');
    if (showing !== mine) return;
    const box = union(features);
    panel.show(nodes, { label: `档案：${label}`, fly: box && map ? () => map.fly(box) : null, back });
    announce(`已打开${kinds.get(kind).title}${label}的档案`);
    map?.select(features);
    if (fly && !bbox && box) map?.fly(box);
    // A click on a feature that the panel now hides; of a large one, the place clicked.
    if (at) map?.reveal([...at, ...at]);
  } catch (error) {
    if (error.name === 'AbortError' || showing !== mine) return;
    map?.select([]);
    if (error.status === 401) unauthorised();
    else panel.showProblem(error.message, () => show({ fly, bbox, at, others }), back);
  }
}

/** Selects a row as the reader's own step, so that the browser's back button undoes it. */
function open(target, { fly = true, at = null, others = [] } = {}) {
  selected = { kind: target.kind, key: target.key };
  if (target.kind && layers && kinds.get(target.kind).isLayer && !layers.isVisible(target.kind)) {
    // What is opened should be seen.
    layers.set([...(layers.shown() ?? []), target.kind]);
    showVisible();
  }
  const next = hash();
  if (next !== location.hash) history.pushState({ depth: depth() + 1 }, '', next);
  show({ fly, bbox: target.bbox ?? null, at, others });
}

/** Nothing is open any more. */
function clear() {
  showing?.abort();
  showing = null;
  analysis.stop();
  preview.stop();
  selected = null;
  subject = null;
  panel.hide();
  map?.select([]);
}

function close() {
  clear();
  remember();
}

async function withKey(feature, options) {
  if (feature.key !== undefined) return feature;
  const row = await api.byFeature(feature.kind, feature.feature, options);
  return { ...feature, key: row.id };
}

/** Rows of layers that lie at a spot and are not drawn there: too small at this zoom, or their layer is switched off. */
async function furtherAt(at, found, options) {
  try {
    const { layers: all } = await api.overlapsAt(at, options);
    return all.flatMap(({ layer, items }) => items.map((item) => ({ kind: layer, feature: item.feature, key: item.key, properties: item.properties })))
      .filter((row) => !found.some((other) => other.kind === row.kind && String(other.feature) === String(row.feature)));
  } catch {
    return []; // a click opens what it shows, whatever else there is
  }
}

/** A click: one feature on top opens at once; several of its layer are a choice. */
async function pick(found, at) {
  if (!found.length) {
    if (selected || !byId('panel').hidden) close();
    return;
  }
  // What the reader opens meanwhile comes before the answers to this click.
  showing?.abort();
  const mine = new AbortController();
  showing = mine;
  try {
    const options = { signal: mine.signal };
    const [drawn, further] = await Promise.all([Promise.all(found.slice(0, MOST_AT).map((feature) => withKey(feature, options))),
      furtherAt(at, found, options)]);
    if (showing !== mine) return;
    const features = [...drawn, ...further].slice(0, 40).map(describe);
    const more = found.length + further.length > features.length;
    const [top] = features;
    const go = (feature) => open(feature, { fly: false, at, others: features.filter((other) => other !== feature) });
    if (features.slice(0, drawn.length).filter((feature) => feature.kind === top.kind).length > 1) {
      showing = null;
      selected = null;
      map?.select([]);
      remember();
      panel.show(chooserNodes(kinds, features, go, more), { label: '选择对象' });
    } else go(top);
  } catch (error) {
    if (showing !== mine) return;
    panel.showProblem(error.message, () => pick(found, at), false);
  }
}

/* Who is looking */

const ENDED = '登录已失效，已退出内部视图。';

/** Gives whether there was a session, which ends with this. */
function unauthorised() {
  if (!api.signedIn()) return false;
  staff.leave(ENDED);
  return true;
}

function showGeneration() {
  byId('foot-generation').textContent = `数据版本：${catalogue.generation}${catalogue.config?.tianditu_key ? '　底图：天地图' : ''}`;
}

function useCatalogue(given) {
  catalogue = given;
  kinds = new Kinds(catalogue);
  document.title = catalogue.title;
  byId('title').textContent = catalogue.title;
  byId('publisher').textContent = catalogue.publisher ?? '';
  byId('map-approval').textContent = catalogue.map_approval_no || '未提供';
  byId('foot-publisher').textContent = catalogue.publisher ? `发布单位：${catalogue.publisher}` : '';
  showGeneration();
  showMode(catalogue.viewer);
  lists.use(catalogue.viewer);
  preview?.use(catalogue.viewer);
}

/** said: what the reader is told of it, where it was not their own step. */
function changeViewer(given, said) {
  const title = viewTitle(given.viewer);
  const text = said ?? (title ? `已进入${title}。` : '已回到公众视图。');
  const zooms = ({ layers: each }) => JSON.stringify(each.map(({ name, zooms: range }) => [name, range]));
  if (zooms(given) !== zooms(catalogue)) { // the sources are others: the page begins anew, and tells it then
    sessionStorage.setItem(TELL, text);
    location.reload();
    return;
  }
  useCatalogue(given);
  search.forget();
  drawLayers(layers.shown(), layers.disclosure());
  map?.reload();
  if (selected) show();
  else if (!analysis.drawing()) clear(); // who draws an area goes on: it belongs to no viewer
  toast(text);
}

const sameViewer = (given) => JSON.stringify(given.viewer) === JSON.stringify(catalogue.viewer);

let following = false;
let quiet = 0; // until then answers that say another viewer than the catalogue does are not followed

/** Somebody else looks: another window signed in or out (event), or answers say that the session has gone, or come, unseen. */
async function follow(event) {
  if (following || (!event && Date.now() < quiet)) return;
  following = true;
  try {
    const given = await api.catalogue();
    if (sameViewer(given)) quiet = Date.now() + 10000;
    else changeViewer(given, event || viewTitle(given.viewer) ? undefined : ENDED);
  } catch (error) {
    if (error.status !== 401 || !unauthorised()) tell(error.message);
  } finally {
    following = false;
  }
}

/** Something was published: what the page says of all the data, and the map, are of the same generation as what was read. */
async function renew() {
  const given = await api.catalogue().catch(() => null);
  if (!given || !sameViewer(given)) return; // the next answer tells
  catalogue = given;
  kinds = new Kinds(catalogue);
  showGeneration();
  layers.recount(catalogue);
  map?.reload();
}

function drawLayers(visible, disclosure) {
  const changed = () => {
    showVisible();
    remember();
  };
  const on = { change: changed, disclosure: changed, project(plate) { // the tiles are others: the page begins anew
    start.crs = plate ? '4490' : null;
    remember();
    location.reload();
  }, bounds: () => map?.bounds() ?? null };
  layers = showLayers({ catalogue, style, visible, disclosure, plate: start.crs === '4490', on });
}

/* The start */

async function copyLink() {
  remember();
  try {
    await navigator.clipboard.writeText(location.href);
    toast('链接已复制。');
  } catch {
    // Without a secure connection there is no clipboard: the old way.
    const field = document.createElement('textarea');
    field.value = location.href;
    field.className = 'visually-hidden';
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    byId('copy-link').focus();
    toast(done ? '链接已复制。' : '浏览器不允许复制，请手动复制地址栏中的链接。');
  }
}

async function readCatalogue() {
  try {
    return await api.catalogue();
  } catch (error) {
    if (error.status !== 401) throw error;
    toast(ENDED); // with that answer the cookie went
    return api.catalogue();
  }
}

/** A link that its holder was given. */
async function accept(given) {
  try {
    await staff.enter(given);
  } catch (error) {
    toast(error.status === 401 ? '链接中的访问口令已失效，请向村委会或发放单位索取新的链接。' : error.message);
  }
}

/** The page's scripts run: until then, and in browsers too old for them, it says what to do (index.html). */
const begun = () => {
  byId('map-loading').hidden = true;
};

function mapProblem(message) {
  begun();
  byId('map-problem').textContent = message;
  byId('map-problem').hidden = false;
}

async function begin() {
  useCatalogue(await readCatalogue());
  const themed = disclosing(catalogue).length ? disclosureLayers(await api.style('disclosure'), catalogue) : [];
  style = await fitStyle(await api.style('default'), catalogue, { plate: start.crs === '4490', themed });
  drawLayers(start.layers, start.disclosure);
  panel.setUp({ onClose: close, onBack: () => history.back() });
  search = setUpSearch({ open, go: (bbox) => map?.fly(bbox) });
  lists.setUp();
  staff = setUpStaff({ onProblem: toast, onChange(given, said) {
    if (said !== ENDED || !sameViewer(given)) changeViewer(given, said); // else follow() has told it
  } });
  api.onOtherViewer(follow);
  api.onNewer(renew);
  byId('copy-link').addEventListener('click', copyLink);
  if (sessionStorage.getItem(TELL)) toast(sessionStorage.getItem(TELL));
  sessionStorage.removeItem(TELL);
  analysis = setUpOverlaps({ kinds: () => kinds, map: () => map, selected: () => subject, open, begin() {
    preview.stop();
    showing?.abort();
    showing = null;
    selected = null;
    map?.select([]);
    remember();
  } });
  preview = setUpPreview({ kinds: () => kinds, map: () => map, begin() {
    showing?.abort();
    analysis.stop();
    showing = null;
    selected = null;
    map?.select([]);
    remember();
  } });
  preview.use(catalogue.viewer);
  try {
    map = showMap({ catalogue, style, view: start.view, on: { pick, move() {
      remember();
      preview.moved();
    }, unauthorised, problem: tell } });
    showVisible();
  } catch {
    mapProblem('这个浏览器不能显示地图（需要 WebGL 2）。仍可以用上方的搜索查阅档案。');
  }
  if (start.select) {
    selected = start.select;
    show({ fly: !start.view });
  }
  if (invitation !== null) await accept(invitation);
  addEventListener('popstate', () => {
    const given = takeInvitation(); // pasted into the address bar of this page
    if (given !== null) accept(given);
    const wanted = state.parse(location.hash);
    if (wanted.crs !== start.crs) { // a link pasted, or a step back, to the other projection
      location.reload();
      return;
    }
    layers.set(wanted.layers);
    layers.setDisclosure(wanted.disclosure);
    showVisible();
    const before = selected;
    selected = wanted.select; // before the map jumps: what is selected is then written into the address of this step
    if (wanted.view) map?.jump(wanted.view);
    if (selected?.kind === before?.kind && selected?.key === before?.key) return;
    if (selected) show({ fly: !wanted.view });
    else clear();
  });
  begun();
  document.body.dataset.state = 'ready';
}

begin().catch((error) => {
  mapProblem(`${error instanceof api.Problem ? error.message : '页面没有加载成功。'}请刷新页面重试。`);
  document.body.dataset.state = 'failed';
});
