// 按公开时限着色: how disclosure of each row stands, as the field says that the catalogue computes from it. The layers are those
// of the style "disclosure", with this catalogue's names; the legend, whose words are the catalogue's, filters them.
import * as api from './api.js';
import { announce, el } from './dom.js';
import { dateText } from './format.js';
import { colours, swatch } from './swatch.js';

const GRID = '_grid';
const FIELD = 'disclosure'; // what the field is called in the style
const TEMPLATE = 'parcel'; // draws layers that the style does not know

export const fieldOf = (layer) => layer.fields.find((field) => field.computed === 'disclosure' && field.tiles && field.values && !field.masked);

/** The layers of a catalogue that say how their disclosure stands: [{layer, field}]. */
export const disclosing = (catalogue) => catalogue.layers.map((layer) => ({ layer, field: fieldOf(layer) })).filter(({ field }) => field);

const baseOf = (name) => (name.endsWith(GRID) ? name.slice(0, -GRID.length) : name);

/** An expression with each part that change(part) gives another for. */
function rewrite(expression, change) {
  const other = change(expression);
  if (other !== undefined) return other;
  if (Array.isArray(expression)) return expression.map((part) => rewrite(part, change));
  if (expression !== null && typeof expression === 'object') {
    return Object.fromEntries(Object.entries(expression).map(([key, part]) => [key, rewrite(part, change)]));
  }
  return expression;
}

/** ["get", the style's name for the field, or for one of its counts] as the field is called here. */
const rename = (name) => (part) => (Array.isArray(part) && part.length === 2 && part[0] === 'get' && typeof part[1] === 'string'
  && (part[1] === FIELD || part[1].startsWith(`${FIELD}_`)) ? ['get', name + part[1].slice(FIELD.length)] : undefined);

/** The words under an outline's name as the catalogue says them. */
const retitle = (titles) => (part) => {
  if (!Array.isArray(part) || part[0] !== 'match' || !part.some((each) => typeof each === 'string' && each.startsWith('\n'))) return undefined;
  return part.map((each, i) => (i > 2 && i % 2 === 1 && titles[part[i - 1]] ? `\n${titles[part[i - 1]]}` : each));
};

function ownLayers(style, { layer, field }) {
  const known = style.layers.some((entry) => entry['source-layer'] === layer.name);
  const from = known ? layer.name : TEMPLATE;
  const templates = style.layers.filter((entry) => entry['source-layer'] && baseOf(entry['source-layer']) === from);
  const own = [];
  for (const entry of templates) {
    const grid = entry['source-layer'] !== from;
    let fitted = { ...entry, id: known ? entry.id : entry.id.replace(from, layer.name), 'source-layer': grid ? layer.name + GRID : layer.name };
    for (const change of [rename(field.name), retitle(field.value_titles)]) fitted = rewrite(fitted, change);
    if (grid && !layer.grid?.includes(field.name)) { // counted, but not by this
      if (fitted.type !== 'fill') continue;
      fitted.paint = { 'fill-color': '#8b9097', 'fill-antialias': false, 'fill-opacity': 0.25 };
    } else if (!grid && fitted.type === 'fill' && !/polygon/i.test(layer.geometry)) {
      if (!/point/i.test(layer.geometry)) continue;
      fitted = { ...fitted, type: 'circle', layout: {}, paint: { 'circle-color': fitted.paint['fill-color'], 'circle-radius': 6, 'circle-stroke-color': '#333333', 'circle-stroke-width': 1 } };
    } else if (!grid && fitted.type === 'line' && /point/i.test(layer.geometry)) continue;
    own.push(fitted);
  }
  return own;
}

/** What the style draws of a catalogue, by its names; none if it has no such field. */
export function disclosureLayers(style, catalogue) {
  const layers = disclosing(catalogue);
  if (!layers.length) return [];
  const others = style.layers.filter((entry) => entry['source-layer'] && catalogue.layers.some(({ name, fields }) => name === baseOf(entry['source-layer']) && !fieldOf({ fields })));
  return [...others, ...layers.flatMap((one) => ownLayers(style, one))]
    .map((entry) => ({ ...entry, metadata: { theme: 'disclosure', kind: baseOf(entry['source-layer']) } }));
}

/** A layer of these for some words only: features that say one of them, cells that count some. words: empty for all. */
export function narrowed(entry, catalogue, words) {
  const layer = catalogue.layers.find(({ name }) => name === entry.metadata.kind);
  const field = layer && fieldOf(layer);
  if (!field || !words.length) return entry;
  if (!entry['source-layer'].endsWith(GRID) || entry['source-layer'] === layer.name) {
    const said = ['in', ['get', field.name], ['literal', words]];
    return { ...entry, filter: entry.filter ? ['all', said, entry.filter] : said };
  }
  if (!layer.grid?.includes(field.name)) return entry;
  // As if nothing else were counted; shares are still of all.
  const others = field.values.filter((word) => !words.includes(word)).map((word) => `${field.name}_${word}`);
  const without = rewrite(entry, (part) => (Array.isArray(part) && part[0] === 'coalesce' && others.includes(part[1]?.[1]) ? ['literal', 0] : undefined));
  const some = ['>', ['+', 0, ...words.map((word) => ['coalesce', ['get', `${field.name}_${word}`], 0])], 0];
  return { ...without, filter: without.filter ? ['all', some, without.filter] : some };
}

/** How the style draws a word: fill and outline, so that the legend shows the same. */
function signOf(layers, name, word) {
  const own = layers.filter((entry) => entry['source-layer'] === name);
  const fill = own.find((entry) => entry.type === 'fill');
  const pick = (set) => set?.byValue?.get(word) ?? set?.all;
  const says = (entry) => Array.isArray(entry.filter) && entry.filter[0] === '==' && entry.filter[2] === word;
  const line = own.find((entry) => entry.type === 'line' && says(entry)) ?? own.findLast((entry) => entry.type === 'line' && !Array.isArray(entry.filter)) ?? own.find((entry) => entry.type === 'line' && entry.filter?.[0] === '!');
  const dash = line?.paint['line-dasharray'];
  const widest = (value) => (Array.isArray(value) ? value.filter((each) => typeof each === 'number').at(-1) : value);
  return { fill: pick(colours(fill?.paint['fill-color'])), opacity: pick(colours(fill?.paint['fill-opacity'])) ?? 0.5, line: pick(colours(line?.paint['line-color'])),
    width: Math.min(3, (widest(line?.paint['line-width']) ?? 2) * 0.75), dash: dash ? dash.map((length) => length * 2).join(' ') : null };
}

/**
 * The switch with its legend, for the list of layers. words: null if it is off, else those that are chosen, none for all.
 * on(words) after each change; isVisible(kind): whether a layer is shown. Null if no layer of the catalogue says it.
 */
export function disclosureSwitch({ catalogue, layers, words, isVisible, on }) {
  const kinds = disclosing(catalogue);
  if (!kinds.length) return null;
  const [{ field }] = kinds;
  const titles = field.value_titles;
  const known = (given) => (given === null ? null : given.filter((word) => field.values.includes(word)));
  let chosen = known(words);
  let counts = null; // Map of kind: Map of word: rows
  let asked = null;

  const box = el('input', { type: 'checkbox', name: 'disclosure', 'aria-controls': 'disclosure-legend', onchange: () => {
    chosen = box.checked ? [] : null;
    changed();
  } });
  const legend = el('div', { id: 'disclosure-legend' });
  const node = el('div', { class: 'layer disclosure' }, el('label', { class: 'layer-row' }, box, el('span', { class: 'layer-title' }, '按公开时限着色')), legend);

  const shown = () => kinds.filter(({ layer }) => isVisible(layer.name));
  const countOf = (layer, word) => counts?.get(layer.name)?.get(word) ?? 0;

  function choose(word) {
    const others = chosen.filter((each) => each !== word);
    chosen = others.length < chosen.length ? others : field.values.filter((each) => each === word || chosen.includes(each));
    changed();
    const rows = counts && chosen.length ? shown().map(({ layer }) => `${layer.title} ${chosen.reduce((sum, each) => sum + countOf(layer, each), 0)} 个`).join('，') : '';
    announce(chosen.length ? `只显示${chosen.map((each) => titles[each]).join('、')}：${rows}` : '显示全部');
  }

  function entry(word) {
    const button = el('button', { type: 'button', class: 'disclosure-word', 'data-word': word, 'aria-pressed': String(chosen.includes(word)), onclick: () => choose(word) },
      swatch(signOf(layers, kinds[0].layer.name, word)), el('span', { class: 'disclosure-title' }, titles[word]),
      counts ? shown().map(({ layer }) => el('span', { class: 'layer-count', 'data-kind': layer.name },
        el('span', { class: 'visually-hidden' }, `，${layer.title} `), countOf(layer, word).toLocaleString('zh-CN'), el('span', { class: 'visually-hidden' }, ' 个'))) : null);
    return el('li', {}, button);
  }

  function draw() {
    box.checked = chosen !== null;
    legend.hidden = chosen === null;
    if (chosen === null) return;
    const focused = legend.contains(document.activeElement) ? document.activeElement.dataset.word ?? '' : null;
    const stale = catalogue.disclosure_right_until && catalogue.disclosure_right_until < catalogue.today;
    const present = field.values.filter((word) => !counts || chosen.includes(word) || kinds.some(({ layer }) => countOf(layer, word) > 0));
    legend.replaceChildren(...[
      counts && shown().length ? el('p', { class: 'disclosure-head', 'aria-hidden': 'true' }, shown().map(({ layer }) => el('span', {}, layer.title))) : null,
      el('ul', { class: 'disclosure-words', 'aria-label': '公开时限图例，按下则只显示此类' }, present.map(entry)),
      chosen.length ? el('p', {}, el('button', { type: 'button', class: 'link', 'data-word': '', onclick: () => {
        chosen = [];
        changed();
        announce('显示全部');
      } }, '显示全部')) : null,
      el('p', { class: 'disclosure-note' }, '点选一类则只显示此类。缩小后的方格按其中最严重的一类着色（逾期、不足的几类须占一成以上），颜色越深，逾期和不足所占的比例越高。'),
      stale ? el('p', { class: 'disclosure-stale' }, `公开时限状态截至${dateText(catalogue.disclosure_right_until)}`) : null,
    ].filter(Boolean));
    if (focused !== null) (legend.querySelector(`[data-word="${focused}"]`) ?? legend.querySelector('[data-word]'))?.focus();
  }

  async function count() {
    if (chosen === null || counts || asked) return;
    try {
      asked = Promise.all(kinds.map(async ({ layer, field: own }) => [layer.name, await api.countBy(layer.name, own.name)]));
      counts = new Map(await asked);
    } catch {
      return; // the legend says the words without them
    } finally {
      asked = null;
    }
    draw();
  }

  function changed() {
    draw();
    count();
    on(chosen);
  }

  draw();
  count();
  return {
    node,
    /** null, or the words that are chosen. */
    words: () => chosen,
    set(given) {
      chosen = known(given);
      draw();
      count();
    },
    /** Layers were switched on or off. */
    refresh: draw,
  };
}
