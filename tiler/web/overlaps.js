// 范围分析: what an area touches in each layer. It is drawn, sent as a file, or the row that is selected.
import * as api from './api.js';
import { announce, byId, el, toast } from './dom.js';
import { number, titleOf } from './format.js';
import * as panel from './panel.js';

const FILES = { json: 'application/geo+json', geojson: 'application/geo+json', zip: 'application/zip', txt: 'text/plain', wkt: 'text/plain' };
const GET_MOST = 6000; // bytes of an address

const area = (m2) => [el('span', { class: 'number' }, number(m2, 'm2')), el('span', { class: 'unit' }, ' 平方米')];
const share = (value) => (value === undefined ? '—' : `${(value * 100).toLocaleString('zh-CN', { maximumFractionDigits: 2 })}%`);
const cell = (name, ...content) => el(name, name === 'th' ? { scope: 'col' } : {}, ...content);

function totals(kind, layer) {
  if (!layer.totals.length) return null;
  const field = kind.fields.find((one) => one.name === layer.totals[0].field);
  return el('table', { class: 'overlap-table' }, el('caption', { class: 'visually-hidden' }, `${layer.title}：合计`),
    el('thead', {}, el('tr', {}, cell('th', field?.title ?? '类别'), cell('th', '个数'), cell('th', '重叠面积（平方米）'), cell('th', '占范围'))),
    el('tbody', {}, layer.totals.map((total) => el('tr', { 'data-class': total.value ?? '' },
      el('th', { scope: 'row' }, field ? titleOf(field, total.value) ?? '未注明' : total.value ?? '全部'), cell('td', String(total.rows)),
      cell('td', total.area_m2 === undefined ? '—' : number(total.area_m2, 'm2')), cell('td', share(total.share_of_question))))));
}

function rows(layer, open) {
  const shown = layer.items.slice(0, 100);
  return el('details', { class: 'overlap-rows' }, el('summary', {}, `明细：${layer.numberMatched} 个${layer.complete ? '' : '以上'}`),
    el('ul', { class: 'places' }, shown.map((item) => el('li', {},
      el('button', { type: 'button', class: 'place', 'data-key': item.key, onclick: () => open({ kind: layer.layer, key: item.key }) },
        el('span', { class: 'place-title' }, item.label),
        el('span', { class: 'place-hint' }, item.touches_only ? '仅边界相接'
          : item.area_m2 === undefined ? '相交' : `${number(item.area_m2, 'm2')} 平方米 · 占该对象 ${share(item.share_of_item)}`))))),
    layer.numberMatched > shown.length ? el('p', { class: 'nothing' }, `只列出面积最大的 ${shown.length} 个。`) : null);
}

function resultNodes(kinds, answer, label, { open, again, page }) {
  const touched = answer.layers.filter((layer) => layer.numberMatched > 0);
  const untouched = answer.layers.filter((layer) => !layer.numberMatched).map((layer) => layer.title);
  return [
    el('header', { class: 'dossier-head' }, el('p', { class: 'eyebrow' }, '范围分析'), el('h2', {}, label),
      answer.question.area_m2 === undefined ? null : el('p', {}, '面积 ', area(answer.question.area_m2)),
      el('p', { class: 'overlap-tools' }, el('button', { type: 'button', class: 'button', onclick: again }, '重新画范围'),
        page ? el('a', { class: 'button', href: page, target: '_blank', rel: 'noopener' }, '打印页') : null)),
    touched.map((layer) => el('section', { class: 'overlap', 'data-layer': layer.layer }, el('h3', {}, layer.title),
      totals(kinds.get(layer.layer), layer), rows(layer, open))),
    untouched.length ? el('p', { class: 'nothing', 'data-untouched': true }, `未涉及：${untouched.join('、')}。`) : null,
    el('p', { class: 'nothing' }, '面积为椭球面积；同类对象相互重叠的部分只计一次。'),
  ];
}

/** Wires the button 范围分析. map() may be null; selected() is a row of a layer, or null. */
export function setUp({ kinds, map, selected, open, begin }) {
  let asking = null;

  function stop() {
    asking?.abort();
    asking = null;
    map()?.drawn();
  }

  async function ask(request, label, page) {
    stop();
    const mine = new AbortController();
    asking = mine;
    panel.showLoading(false);
    try {
      const answer = await request({ signal: mine.signal });
      if (asking !== mine) return;
      panel.show(resultNodes(kinds(), answer, label, { open, again: start, page }).flat(Infinity).filter(Boolean),
        { label: `范围分析：${label}` });
      announce(`已分析${label}：涉及 ${answer.layers.filter((layer) => layer.numberMatched).length} 个图层`);
    } catch (error) {
      if (error.name === 'AbortError' || asking !== mine) return;
      panel.showProblem(error.message, start, false);
    }
  }

  function askDrawn() {
    const points = map().drawn();
    if (points.length < 3) {
      toast('一个范围至少有三个点。');
      start();
      return;
    }
    const ring = [...points, points[0]];
    const page = `overlaps?f=html&wkt=${encodeURIComponent(`POLYGON((${ring.map((p) => p.join(' ')).join(',')}))`)}`;
    ask((options) => api.overlapsWith(JSON.stringify({ type: 'Polygon', coordinates: [ring] }), 'application/geo+json', options), '所画范围',
      page.length < GET_MOST ? page : null);
  }

  function askRow(row) {
    ask((options) => api.overlapsOf(row.kind, row.key, options), row.label ?? row.key,
      `collections/${encodeURIComponent(row.kind)}/items/${encodeURIComponent(row.key)}/overlaps?f=html`);
  }

  async function askFile(file) {
    const type = FILES[file.name.split('.').at(-1).toLowerCase()];
    if (!type) toast('请选择 GeoJSON、WKT、勘测定界 TXT 或 Shapefile 压缩包（ZIP）。');
    else await ask((options) => api.overlapsWith(file, type, options), file.name, null);
  }

  /** Shows what to do, and lets clicks draw. */
  function start() {
    stop();
    const row = selected();
    begin();
    const finish = el('button', { type: 'button', class: 'button primary', disabled: true, onclick: askDrawn }, '完成');
    const undo = el('button', { type: 'button', class: 'button', disabled: true, onclick: () => map().undraw() }, '撤销一点');
    const file = el('input', { type: 'file', id: 'analyse-file', accept: Object.keys(FILES).map((name) => `.${name}`).join(','), onchange: () => {
      if (file.files.length) askFile(file.files[0]);
    } });
    panel.show([
      el('header', { class: 'dossier-head' }, el('p', { class: 'eyebrow' }, '范围分析'), el('h2', {}, '选择范围')),
      row ? el('p', {}, el('button', { type: 'button', class: 'button', id: 'analyse-row', onclick: () => askRow(row) }, `分析所选：${row.label ?? row.key}`)) : null,
      map() ? el('p', {}, '在地图上依次点击各个拐点；双击或按“完成”结束。用键盘时，方向键移动地图，回车键在地图中心加一个点。') : null,
      map() ? el('p', { class: 'overlap-tools' }, finish, undo) : null,
      el('p', {}, el('label', { for: 'analyse-file' }, '或上传范围文件（GeoJSON、WKT、勘测定界 TXT、Shapefile 压缩包）：'), file),
    ].filter(Boolean), { label: '范围分析', state: 'drawing' });
    map()?.draw({ changed(n) {
      finish.disabled = n < 3;
      undo.disabled = n === 0;
    }, done: askDrawn });
  }

  byId('analyse').addEventListener('click', start);
  return { stop, drawing: panel.isDrawing };
}
