// Layer switches with their legend: titles from the catalogue, colours from the style.
import { disclosureSwitch } from './disclosure.js';
import { byId, el } from './dom.js';
import { downloadMenu } from './download.js';
import { colours, swatch } from './swatch.js';

/** How the style draws a layer: [{title, fill, line, dash, circle}], the first being the layer's own sign. */
function signs(style, layer) {
  const own = style.layers.filter((entry) => entry['source-layer'] === layer.name && !entry.metadata?.theme);
  const fill = own.findLast((entry) => entry.type === 'fill');
  const line = own.findLast((entry) => entry.type === 'line');
  const circle = own.findLast((entry) => entry.type === 'circle');
  const fills = colours(fill?.paint?.['fill-color']);
  const lines = colours(line?.paint?.['line-color']);
  const circles = colours(circle?.paint?.['circle-color']);
  const dash = line?.paint?.['line-dasharray'];
  const faint = typeof fill?.paint?.['fill-opacity'] === 'number' && fill.paint['fill-opacity'] < 0.2;
  const sign = (value) => {
    const of = (set) => (value !== undefined && set.byValue?.get(value)) || set.all;
    return { fill: of(fills), line: of(lines), circle: of(circles), dash: Array.isArray(dash) ? '4 2.5' : null,
      opacity: faint ? 0.15 : 0.55 };
  };
  const varied = [fills, lines, circles].find((set) => set.byValue);
  if (!varied) return { one: sign(), each: [] };
  const declared = layer.fields.find((field) => field.name === varied.field)?.values;
  const values = declared?.length ? declared : [...varied.byValue.keys()];
  return { one: null, each: values.map((value) => ({ title: value, ...sign(value) })) };
}

/** Shows the switches; on.change(names that are on, in the catalogue's order) after each change, on.project(whether in
 * degrees of CGCS2000) when the projection is chosen, on.disclosure(words) when what is shown of disclosure changes
 * (disclosure.js; disclosure: what it is at first); on.bounds() is asked what the map shows. */
export function showLayers({ catalogue, style, visible, plate, disclosure, on }) {
  const names = catalogue.layers.map((layer) => layer.name);
  const extra = catalogue.config?.tianditu_key ? ['tianditu'] : [];
  const state = new Set(visible ?? [...names, ...extra]);
  const boxes = new Map();

  const number = (count) => [count.toLocaleString('zh-CN'), el('span', { class: 'visually-hidden' }, ' 个')];
  function row(name, title, count, sign) {
    const box = el('input', { type: 'checkbox', value: name, onchange: () => {
      if (box.checked) state.add(name);
      else state.delete(name);
      disclosing?.refresh();
      on.change([...names, ...extra].filter((each) => state.has(each)));
    } });
    box.checked = state.has(name);
    boxes.set(name, box);
    return el('label', { class: 'layer-row' }, box, sign ? swatch(sign) : null, el('span', { class: 'layer-title' }, title),
      count === undefined ? null : el('span', { class: 'layer-count', title: '已公开数量' }, ...number(count)));
  }

  const list = el('fieldset', { class: 'layer-list' }, el('legend', { class: 'visually-hidden' }, '显示哪些图层'));
  for (const layer of catalogue.layers) {
    const { one, each } = signs(style, layer);
    list.append(el('div', { class: 'layer', 'data-layer': layer.name }, row(layer.name, layer.title, layer.count, one),
      each.length ? el('ul', { class: 'legend', 'aria-label': `${layer.title}图例` },
        each.map((sign) => el('li', {}, swatch(sign), el('span', {}, sign.title)))) : null, downloadMenu(layer, on.bounds)));
  }
  const themed = style.layers.filter((entry) => entry.metadata?.theme === 'disclosure');
  const recoloured = new Set(themed.map((entry) => entry.metadata.kind));
  const recolour = (words) => {
    for (const node of list.querySelectorAll('[data-layer]')) {
      node.classList.toggle('recoloured', words !== null && recoloured.has(node.dataset.layer));
    }
  };
  const isVisible = (name) => state.has(name);
  const disclosing = themed.length ? disclosureSwitch({ catalogue, layers: themed, words: disclosure, isVisible, on(words) {
    recolour(words);
    on.disclosure(words);
  } }) : null;
  if (disclosing) list.append(disclosing.node);
  recolour(disclosing?.words() ?? null);
  if (extra.length) list.append(el('div', { class: 'layer' }, row('tianditu', '天地图底图')));
  const projection = el('input', { type: 'checkbox', name: 'crs', value: '4490', onchange: () => on.project(projection.checked) });
  projection.checked = plate;
  list.append(el('div', { class: 'layer' }, el('label', { class: 'layer-row', title: '瓦片按 EPSG:4490（天地图 c）切分' },
    projection, el('span', { class: 'layer-title' }, '经纬度投影（CGCS2000）'))));
  byId('layers-body').replaceChildren(list);

  const toggle = byId('layers-toggle');
  const unfold = (open) => {
    toggle.setAttribute('aria-expanded', String(open));
    byId('layers-body').hidden = !open;
  };
  toggle.onclick = () => unfold(toggle.getAttribute('aria-expanded') !== 'true');
  // A phone shows the map first, also on its side.
  if (!toggle.dataset.ready) unfold(matchMedia('(min-width: 700px) and (min-height: 480px)').matches);
  toggle.dataset.ready = 'yes';

  return {
    isVisible,
    /** The names that are on, or null when all are, which needs no place in a link. */
    shown: () => ([...names, ...extra].every((name) => state.has(name)) ? null : [...names, ...extra].filter((name) => state.has(name))),
    set(shown) {
      state.clear();
      for (const name of shown ?? [...names, ...extra]) state.add(name);
      for (const [name, box] of boxes) box.checked = state.has(name);
      disclosing?.refresh();
    },
    /** Something was published: how many rows there are now. */
    recount(now) {
      for (const { name, count } of now.layers) boxes.get(name)?.parentElement.querySelector('.layer-count')?.replaceChildren(...number(count));
      disclosing?.recount();
    },
    /** What is shown of disclosure: null, or the words that are chosen, none for all. */
    disclosure: () => disclosing?.words() ?? null,
    setDisclosure(words) {
      disclosing?.set(words);
      recolour(disclosing?.words() ?? null);
    },
  };
}
