// 按公开时限着色: the switch that colours layers by how disclosure of their rows stands, and its legend, which counts and filters.
import * as api from './api.js';
import { disclosing, signOf } from './disclosure-style.js';
import { announce, el } from './dom.js';
import { dateText } from './format.js';
import { swatch } from './swatch.js';

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
  const node = el('div', { class: 'layer disclosure' },
    el('label', { class: 'layer-row' }, box, el('span', { class: 'layer-title' }, '按公开时限着色')), legend);

  const shown = () => kinds.filter(({ layer }) => isVisible(layer.name));
  const countOf = (layer, word) => counts?.get(layer.name)?.get(word) ?? 0;

  function choose(word) {
    const others = chosen.filter((each) => each !== word);
    chosen = others.length < chosen.length ? others : field.values.filter((each) => each === word || chosen.includes(each));
    changed();
    const sum = (layer) => chosen.reduce((rows, each) => rows + countOf(layer, each), 0);
    const rows = counts ? `：${shown().map(({ layer }) => `${layer.title} ${sum(layer)} 个`).join('，')}` : '';
    announce(chosen.length ? `只显示${chosen.map((each) => titles[each]).join('、')}${rows}` : '显示全部');
  }

  function entry(word) {
    const spoken = (text) => el('span', { class: 'visually-hidden' }, text);
    const numbers = counts ? shown().map(({ layer }) => el('span', { class: 'layer-count', 'data-kind': layer.name },
      spoken(`，${layer.title} `), countOf(layer, word).toLocaleString('zh-CN'), spoken(' 个'))) : null;
    return el('li', {}, el('button', { type: 'button', class: 'disclosure-word', 'data-word': word,
      'aria-pressed': String(chosen.includes(word)), onclick: () => choose(word) },
    swatch(signOf(layers, kinds[0].layer.name, word)), el('span', { class: 'disclosure-title' }, titles[word]), numbers));
  }

  function draw() {
    box.checked = chosen !== null;
    legend.hidden = chosen === null;
    if (chosen === null) return;
    const focused = legend.contains(document.activeElement) ? document.activeElement.dataset.word ?? '' : null;
    const stale = catalogue.disclosure_right_until && catalogue.disclosure_right_until < catalogue.today;
    const present = field.values.filter((word) => !counts || chosen.includes(word)
      || kinds.some(({ layer }) => countOf(layer, word) > 0));
    legend.replaceChildren(...[
      counts && shown().length ? el('p', { class: 'disclosure-head', 'aria-hidden': 'true' },
        shown().map(({ layer }) => el('span', {}, layer.title))) : null,
      el('ul', { class: 'disclosure-words', 'aria-label': '公开时限图例，按下则只显示此类' }, present.map(entry)),
      chosen.length ? el('p', {}, el('button', { type: 'button', class: 'link', 'data-word': '', onclick: () => {
        chosen = [];
        changed();
        announce('显示全部');
      } }, '显示全部')) : null,
      stale ? el('p', { class: 'disclosure-stale' }, `公开时限状态截至${dateText(catalogue.disclosure_right_until)}`) : null,
      el('p', { class: 'disclosure-note' },
        '点选一类则只显示此类。缩小后，方格按其中最严重的一类着色，颜色越深，逾期和不足的比例越高。'),
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
    /** The rows are others. */
    recount() {
      counts = null;
      asked = null; // what is under way counts those before
      count();
    },
    /** Layers were switched on or off. */
    refresh: draw,
  };
}
