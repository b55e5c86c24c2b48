// 待发布批次: for staff, what a batch would add, change and take away, drawn over what is published.
import * as api from './api.js';
import { announce, byId, el } from './dom.js';
import { bytes, titleOf } from './format.js';
import * as panel from './panel.js';

const MOST_DRAWN = 2000; // what one answer holds
const MOST_LISTED = 100;
const WORDS = { added: '新增', changed: '变更', removed: '移除', documents: '附件' };
const STATES = { staged: '待审核', reviewed: '已审核', rejected: '审核未通过' };
const button = byId('staff-batches');

const count = (n) => n.toLocaleString('zh-CN');
/** A moment, given in UTC, as the time that it is in China. */
const inChina = new Intl.DateTimeFormat('zh-CN', { timeZone: 'Asia/Shanghai', year: 'numeric', month: 'long', day: 'numeric',
  hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const moment = (text) => inChina.format(new Date(text));

function stateOf(batch) {
  if (batch.overdue) return '已过定时发布时间，尚未发布';
  return `${STATES[batch.state] ?? batch.state}${batch.due ? `，定于 ${moment(batch.due)} 发布` : ''}`;
}

function findings(batch) {
  if (!batch.findings) return '批次不全在您的职责范围内，敏感信息检查结果由全域管理人员查看';
  const { sure, perhaps } = batch.findings;
  return sure + perhaps === 0 ? '未发现未处理的个人信息' : `疑似个人信息 ${count(sure + perhaps)} 处未处理${sure ? `（其中确定 ${count(sure)} 处）` : ''}`;
}

// A batch brings rows, or documents.
const brings = (batch) => (batch.documents > 0 ? ['documents'] : ['added', 'changed']);
const amount = (batch, what) => `${WORDS[what]} ${count(batch[what])}`;
const countsOf = (batch) => el('p', { class: 'preview-counts' }, brings(batch).map((what) => el('span', { class: `preview-count ${what}`, 'data-count': what }, amount(batch, what))));
const AUDIENCES = { public: '向社会公开', group: '特定群体可见', request: '依申请公开', staff: '工作人员可见' };

function documentRow(document) {
  return el('li', { 'data-document': document.sha256 }, el('a', { href: document.href, target: '_blank', rel: 'noopener' }, document.name),
    el('span', { class: 'place-hint' }, `${document.key} · ${bytes(document.size)}${document.pages ? ` · ${document.pages} 页` : ''} · ${AUDIENCES[document.audience] ?? '不公开'}`));
}

function differences(kind, feature) {
  if (feature.change !== 'changed') return null;
  const text = (properties, name) => String(titleOf(kind.fields.find((field) => field.name === name) ?? {}, properties?.[name]) ?? '无');
  const fields = (feature.differs ?? []).map((name) => el('li', {}, `${kind.fields.find((field) => field.name === name)?.title ?? name}：`,
    el('del', {}, text(feature.before?.properties, name)), ' → ', el('ins', {}, text(feature.properties, name))));
  return el('ul', { class: 'preview-differences' }, fields, feature.outline_differs ? el('li', {}, '图形有变化') : null);
}

/** What the map draws: what comes or goes, and of what changes also the outline that is there now. */
function drawn(features) {
  return features.flatMap((feature) => [
    ...(feature.before?.geometry ? [{ type: 'Feature', properties: { change: 'before' }, geometry: feature.before.geometry }] : []),
    ...(feature.geometry ? [{ type: 'Feature', properties: { change: feature.change }, geometry: feature.geometry }] : [])]);
}

/** Wires the button. kinds() and map() as they are then; begin() ends what the panel showed before. */
export function setUp({ kinds, map, begin }) {
  let batches = [];
  let showing = null; // the batch on the map
  let asking = null;
  let views = 0; // that were asked about

  const pathOf = (batch, more) => `batches/${batch.batch}/changes?${new URLSearchParams(more)}`;

  function stop() {
    asking?.abort();
    asking = null;
    if (showing) map()?.preview([]);
    showing = null;
  }

  async function use(viewer) {
    stop();
    batches = [];
    button.hidden = true;
    if (viewer?.audience !== 'staff') return;
    try {
      ({ batches } = await api.get('batches'));
    } catch {
      return; // not for this viewer
    }
    button.hidden = batches.length === 0;
    button.textContent = `待发布批次（${batches.length}）`;
  }

  /** Draws what of the batch lies in view. */
  async function draw() {
    if (!showing?.layer || !map()) return;
    const mine = showing, view = views += 1;
    try {
      const page = await api.get(pathOf(mine, { bbox: map().bounds().map((x) => x.toFixed(7)).join(','), limit: MOST_DRAWN }), { signal: asking?.signal });
      if (showing !== mine || view !== views) return; // the map has moved on
      await map().preview(drawn(page.features));
      const note = byId('preview-note');
      if (note) note.textContent = page.next === null ? `当前视野内 ${count(page.numberReturned)} 项变化。` : '当前视野内的变化较多，只画出一部分；放大地图可看全。';
    } catch (error) {
      if (error.name !== 'AbortError' && view === views && byId('preview-note')) byId('preview-note').textContent = error.message;
    }
  }

  function row(kind, feature) {
    const title = [el('span', { class: `preview-tag ${feature.change}` }, WORDS[feature.change]), ` ${feature.label}`,
      feature.conflict ? '（编号已被其他批次发布，须撤回后重新导入）' : ''];
    const go = feature.bbox && map() ? () => map().fly(feature.bbox) : null;
    return el('li', { 'data-key': feature.id, 'data-change': feature.change }, go ? el('button', { type: 'button', class: 'place', onclick: go }, title) : el('p', {}, title),
      differences(kind, feature));
  }

  async function show(batch) {
    stop();
    const mine = new AbortController();
    asking = mine;
    panel.showLoading(false);
    try {
      const ask = (path) => api.get(path, { signal: mine.signal });
      const [full, page, attached] = await Promise.all([ask(`batches/${batch.batch}`), ask(pathOf(batch, { limit: MOST_LISTED })),
        batch.documents > 0 ? ask(`batches/${batch.batch}/documents?limit=${MOST_LISTED}`) : { documents: [], next: null }]);
      if (asking !== mine) return;
      const kind = kinds().get(batch.kind);
      const boxes = page.features.map((feature) => feature.bbox).filter((box) => box?.length === 4);
      const box = boxes.length ? [0, 1, 2, 3].map((i) => (i < 2 ? Math.min : Math.max)(...boxes.map((one) => one[i]))) : null;
      showing = full;
      panel.show([
        el('header', { class: 'dossier-head' }, el('p', { class: 'eyebrow' }, `待发布批次 ${full.batch} · ${full.kind_title}`), el('h2', {}, full.title)),
        countsOf(full), el('p', { 'data-state': full.state }, stateOf(full)), el('p', {}, findings(full)),
        el('p', {}, `由 ${full.loaded_by ?? '未知'} 于 ${moment(full.loaded_at)} 导入${full.reviewed_by ? `；${full.reviewed_by} 审核` : ''}${full.reason ? `：${full.reason}` : ''}。发布前公众看不到其中任何内容。`),
        full.layer && full.documents === 0 && map() ? el('p', { id: 'preview-note', role: 'status' }) : null,
        el('ul', { class: 'places preview-changes' }, page.features.map((feature) => row(kind, feature))),
        attached.documents.length === 0 ? null : el('ul', { class: 'places preview-documents' }, attached.documents.map(documentRow)),
        page.next === null && attached.next === null ? null : el('p', { class: 'nothing' }, `只列出前 ${page.features.length + attached.documents.length} 项。`),
        el('p', {}, el('button', { type: 'button', class: 'button', onclick: list }, '全部待发布批次')),
      ].filter(Boolean), { label: `待发布批次：${full.title}`, fly: box && map() ? () => map().fly(box) : null });
      announce(`批次${full.title}：${brings(full).map((what) => amount(full, what)).join('，')}`);
      if (box) map()?.fly(box);
      await draw();
    } catch (error) {
      if (error.name !== 'AbortError' && asking === mine) panel.showProblem(error.message, () => show(batch), false);
    }
  }

  function list() {
    stop();
    panel.show([
      el('header', { class: 'dossier-head' }, el('p', { class: 'eyebrow' }, '工作人员'), el('h2', {}, '待发布批次')),
      el('ul', { class: 'places' }, batches.map((batch) => el('li', {}, el('button', { type: 'button', class: 'place', 'data-batch': batch.batch, onclick: () => show(batch) },
        el('span', { class: 'place-title' }, batch.title), el('span', { class: 'place-hint' },
          `${batch.kind_title} · ${brings(batch).map((what) => amount(batch, what)).join('，')} · ${stateOf(batch)}`))))),
    ], { label: '待发布批次' });
  }

  button.addEventListener('click', () => {
    begin();
    list();
  });
  return { use, stop, moved: draw };
}
