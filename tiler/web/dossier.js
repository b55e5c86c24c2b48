// 一地一档: what the panel shows of a feature with all that is linked to it, of a record, and of several features.
import * as api from './api.js';
import { el, uniqueId } from './dom.js';
import * as format from './format.js';
import { facts, growing, undrawn } from './rows.js';

const ITEM_TEXTS = [['content', '公开内容'], ['basis', '公开依据'], ['time_limit', '公开时限'], ['subject', '公开主体'],
  ['channel', '公开渠道'], ['object', '公开对象'], ['mode', '公开方式'], ['level', '公开层级'], ['guide', '所属目录']];

function head(kind, label, extra) {
  return el('header', { class: 'dossier-head' }, el('p', { class: 'eyebrow' }, kind.title), el('h2', {}, label), extra);
}

function section(title, content, { count = null, id } = {}) {
  const heading = uniqueId('section');
  return el('section', { class: 'section', 'aria-labelledby': heading, 'data-section': id },
    el('h3', { id: heading }, title, count === null ? null : el('span', { class: 'count' }, count)), content);
}

/** Jumps to the sections below: what the dossier holds, at a glance. */
function overview(sections) {
  return el('nav', { class: 'overview', 'aria-label': '档案内容' }, sections.map(({ node, title, figure }) =>
    el('button', { type: 'button', class: 'overview-entry', onclick: () => {
      node.scrollIntoView({ block: 'start', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
      const heading = node.querySelector('h3');
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    } }, el('span', { class: 'overview-figure' }, figure), el('span', {}, title))));
}

/** Events in time order. Rows without a name of their own, as payments are, are counted per day. */
function timeline(kinds, events, open) {
  const entries = [];
  for (const event of events) {
    const named = Boolean(kinds.get(event.kind).label);
    const last = entries.findLast((entry) => entry.date === event.date);
    const same = last && !named && entries.find((entry) => entry.date === event.date && entry.kind === event.kind
      && entry.field === event.field);
    if (same) same.rows += 1;
    else entries.push({ ...event, named, rows: 1 });
  }
  return el('ol', { class: 'timeline' }, entries.map((entry) => el('li', { 'data-kind': entry.kind, 'data-date': entry.date },
    el('div', { class: 'timeline-date' }, format.date(entry.date)),
    el('div', { class: 'timeline-what' }, el('span', { class: 'timeline-kind' }, `${entry.kind_title} · ${entry.field_title}`),
      entry.named ? el('button', { type: 'button', class: 'link', onclick: () => open({ kind: entry.kind, key: entry.key }) }, entry.label)
        : el('span', {}, `${entry.rows} 笔`)))));
}

/** Files attached to the row and to what is linked to it, of which the server tells who may see them. */
function documents(kinds, list) {
  return el('ul', { class: 'documents' }, list.map((scan) => el('li', { 'data-sha256': scan.sha256 },
    el('a', { class: 'place-title', href: scan.href, target: '_blank', rel: 'noopener' }, scan.name),
    el('span', { class: 'place-hint' }, [kinds.get(scan.kind).title, scan.key, scan.pages ? `${scan.pages} 页` : null,
      format.bytes(scan.size)].filter(Boolean).join(' · ')))));
}

// Why an outline was repaired, by the rule that the item names (OGC 06-103r4, 6.1.11.1).
const REPAIRS = { self_intersection: '边界自相交', ring_self_intersection: '边界自相切或有尖刺', hole_outside: '内环在外环之外',
  nested_holes: '内环互相嵌套', nested_parts: '部分互相嵌套', duplicate_rings: '边界重复', disconnected_interior: '内部被内环隔断',
  too_few_points: '界址点过少', open_ring: '边界不闭合' };

/** Where the row comes from: its file and place in it, what was repaired. Only staff are told. */
function origin(from) {
  const fact = (title, ...content) => el('div', { class: 'fact' }, el('dt', {}, title), el('dd', {}, content));
  const more = from.files_in_all - from.files.length;
  return el('dl', { class: 'facts' },
    fact('来源文件', from.source, ' ', el('span', { class: 'internal', title: '仅工作人员可见' }, '内部')), from.row ? fact('行', String(from.row)) : null, fact('批次', String(from.batch)),
    from.datum ? fact('坐标说明', from.datum) : null,
    from.repaired ? fact('图形修复', `${REPAIRS[from.repaired.rule] ?? '图形无效'}，面积由 ${format.number(from.repaired.area_before_m2, 'm2')} 变为 ${format.number(from.repaired.area_after_m2, 'm2')} 平方米`) : null,
    from.files.map((file) => fact('SHA-256', el('span', { class: 'place-hint' }, `${file.name} · ${format.bytes(file.bytes)}`), el('code', { class: 'hash' }, file.sha256))),
    more > 0 ? fact('', `另有 ${more} 个文件`) : null);
}

/** Sums by group; a group too small to be shown without telling on a household says so. */
function totals(kinds, kind, groups) {
  const hidden = kinds.viewer?.audience !== 'staff';
  return el('div', { class: 'totals' },
    hidden ? el('p', { class: 'note' }, '为保护个人信息，单笔金额和收款人不对外公开，以下为合计。') : null,
    groups.map((group) => {
      const by = Object.entries(group.by);
      return el('article', { class: 'total', 'data-by': by.map(([name]) => name).join(' '), 'data-group': by.map(([, value]) => value).join(' ') },
        el('h4', {}, `按${by.map(([name]) => kinds.field(kind.name, name).title).join('、')}合计`),
        el('dl', { class: 'facts' }, by.map(([name, value]) => el('div', { class: 'fact' },
          el('dt', {}, kinds.field(kind.name, name).title), el('dd', {}, value === null || value === '' ? '（空）' : String(format.titleOf(kinds.field(kind.name, name), value))))),
        group.suppressed ? null : el('div', { class: 'fact', 'data-field': 'rows' }, el('dt', {}, '笔数'),
          el('dd', {}, el('span', { class: 'number', 'data-value': group.rows }, format.number(group.rows))))),
        group.suppressed
          ? el('p', { class: 'suppressed' }, group.min_rows ? `为保护个人信息，不公开合计（本组不足 ${group.min_rows} 笔，或由本组可推算出不足 ${group.min_rows} 笔的另一组）。` : '笔数过少，为保护个人信息，不公开合计。')
          : el('dl', { class: 'sums' }, Object.entries(group.sums).map(([name, value]) => {
            const field = kinds.field(kind.name, name);
            return el('div', { class: 'sum', 'data-field': name }, el('dt', {}, field.title),
              el('dd', {}, el('span', { class: 'number', 'data-value': value }, format.number(value, field.unit)),
                field.unit ? el('span', { class: 'unit' }, ` ${format.unitName(field.unit)}`) : null));
          })));
    }));
}

const GOOD = new Set(['met']), BAD = new Set(['late', 'short', 'missing']);

/** How an item stands: by the disclosure clock, or else whether it is there. */
function badges(item, published) {
  const clock = (item.clock ?? []).filter((one) => one.state !== 'not_applicable');
  if (clock.length === 0) return el('span', { class: `badge ${published ? 'good' : 'bad'}` }, published ? '已公开' : '未公开');
  return clock.map((one) => el('span', { class: 'clock', 'data-obligation': one.obligation, 'data-state': one.state },
    el('span', { class: `badge ${GOOD.has(one.state) ? 'good' : BAD.has(one.state) ? 'bad' : 'waiting'}` }, one.title), el('span', { class: 'clock-words' }, one.words.startsWith(one.title) ? one.words.slice(one.title.length) : one.words)));
}

function disclosure(items, open) {
  const groups = new Map();
  for (const item of items) {
    if (!groups.has(item.category)) groups.set(item.category, []);
    groups.get(item.category).push(item);
  }
  return [...groups].map(([category, members]) => el('div', { class: 'items' }, category ? el('h4', {}, category) : null,
    members.map((item) => {
      const published = item.status === 'published';
      const texts = ITEM_TEXTS.filter(([name]) => item[name]);
      return el('details', { class: 'item', 'data-item': item.id, 'data-status': item.status },
        el('summary', {}, el('span', { class: 'item-title' }, item.title),
          badges(item, published),
          published && item.published_on ? el('span', { class: 'item-date' }, format.date(item.published_on)) : null),
        el('dl', { class: 'facts' }, texts.map(([name, title]) => el('div', { class: 'fact' }, el('dt', {}, title), el('dd', {}, item[name])))),
        item.records?.length ? el('ul', { class: 'item-records' }, item.records.map((record) => el('li', {},
          el('button', { type: 'button', class: 'link', onclick: () => open({ kind: record.kind, key: record.key }) }, record.label),
          record.date ? [' ', el('span', { class: 'card-date' }, format.date(record.date))] : null))) : null);
    })));
}

const isWhole = (page) => !page.links?.some((link) => link.rel === 'next');

const moreOf = (kind, key, other) => async (after) => {
  const page = await api.linked(kind, key, other, { after });
  return { rows: page.features, complete: isWhole(page) };
};

/** Other features at the place that was clicked. */
function neighbours(kinds, others, open) {
  if (!others?.length) return null;
  return el('div', { class: 'neighbours' }, el('p', {}, '同一位置还有：'), el('ul', {}, others.map((other) => el('li', {},
    el('button', { type: 'button', class: 'chip', onclick: () => open(other) }, el('span', { class: 'chip-kind' }, kinds.get(other.kind).title),
      other.label)))));
}

/** Nodes of a dossier as the server gives it. others: what else lies where the click was. */
export function dossierNodes(kinds, dossier, { open, others }) {
  const kind = kinds.get(dossier.kind);
  const { subject } = dossier;
  // What a linked row repeats of the subject is not said again.
  const skip = (field, value) => subject.properties[field.name] === value;
  const sections = [];
  if (dossier.timeline?.length) {
    sections.push({ title: '时间线', figure: dossier.timeline.length, node: section('时间线', timeline(kinds, dossier.timeline, open), { id: 'timeline' }) });
  }
  const sums = new Map();
  for (const group of dossier.totals ?? []) {
    if (!sums.has(group.kind)) sums.set(group.kind, []);
    sums.get(group.kind).push(group);
  }
  const linked = (dossier.linked ?? []).filter((part) => part.rows.length || sums.has(part.kind));
  for (const name of sums.keys()) {
    if (!linked.some((part) => part.kind === name)) linked.push({ kind: name, title: kinds.get(name).title, rows: [], complete: true });
  }
  for (const part of linked) {
    const other = kinds.get(part.kind);
    const figure = part.complete === false ? `${part.rows.length}+` : String(part.rows.length);
    const node = section(part.title, [
      part.rows.length ? growing(other, part.rows, part.complete !== false, { open, skip }, moreOf(kind.name, subject.id, part.kind)) : null,
      sums.has(part.kind) ? totals(kinds, other, sums.get(part.kind)) : null,
    ], { count: figure, id: part.kind });
    sections.push({ title: part.title, figure, node });
  }
  if (dossier.documents?.length) {
    sections.push({ title: '附件', figure: dossier.documents.length,
      node: section('附件', documents(kinds, dossier.documents), { count: dossier.documents.length, id: 'documents' }) });
  }
  if (dossier.items?.length) {
    const published = dossier.items.filter((item) => item.status === 'published').length;
    const figure = `${published}/${dossier.items.length}`;
    sections.push({ title: '公开事项', figure, node: section('公开事项',
      [el('p', { class: 'note' }, `应公开 ${dossier.items.length} 项，已公开 ${published} 项。`), disclosure(dossier.items, open)],
      { count: figure, id: 'items' }) });
  }
  return [
    head(kind, [subject.label, undrawn(subject)], neighbours(kinds, others, open)),
    sections.length ? overview(sections) : null,
    section('基本信息', facts(kind, subject) ?? el('p', { class: 'nothing' }, '没有可公开的内容。'), { id: 'subject' }),
    ...sections.map(({ node }) => node),
    dossier.origin ? section('数据来源', origin(dossier.origin), { id: 'origin' }) : null,
    dossier.proof ? section('公开日志', el('p', { class: 'note' }, `第 ${dossier.proof.entry} 条　`,
      el('a', { href: dossier.proof.href.replace(/proof$/, 'dossier?f=html'), target: '_blank', rel: 'noopener' }, '核验')), { id: 'proof' }) : null,
    sections.length ? null : el('p', { class: 'nothing' }, '尚无关联的批复、公告或补偿信息。'),
  ].filter(Boolean);
}

/** A record with what is linked to it. Gives the nodes and the linked features that can be shown on the map. */
export async function record(kinds, kindName, key, { open, signal }) {
  const kind = kinds.get(kindName);
  const row = await api.item(kindName, key, { signal });
  const others = [...new Set((row.links ?? []).filter((link) => link.rel === 'related')
    .map((link) => decodeURIComponent(new URL(link.href, api.root).pathname.split('/').pop())))].filter((name) => kinds.has(name));
  const pages = await Promise.all(others.map((other) => api.linked(kindName, key, other, { limit: 50, signal })));
  const skip = (field, value) => row.properties[field.name] === value;
  const found = others.map((name, i) => ({ other: kinds.get(name), page: pages[i] })).filter(({ page }) => page.features.length);
  const nodes = [
    head(kind, row.label),
    section('基本信息', facts(kind, row) ?? el('p', { class: 'nothing' }, '没有可公开的内容。'), { id: 'subject' }),
    ...found.map(({ other, page }) => {
      const complete = isWhole(page);
      const count = page.numberMatched ?? `${page.features.length}${complete ? '' : '+'}`;
      return section(other.title, growing(other, page.features, complete, { open, skip }, moreOf(kindName, key, other.name)),
        { count, id: other.name });
    }),
    row.origin ? section('数据来源', origin(row.origin), { id: 'origin' }) : null,
    found.length ? null : el('p', { class: 'nothing' }, '没有关联的信息。'),
  ].filter(Boolean);
  return { row, nodes, features: found.filter(({ other }) => other.isLayer).flatMap(({ page }) => page.features) };
}

/** Several features under a click: choose one. more: there are others that are not among them. */
export function chooserNodes(kinds, features, open, more) {
  return [
    head({ title: '同一位置' }, more ? `对象较多，列出其中 ${features.length} 个` : `有 ${features.length} 个对象，请选择`,
      more ? el('p', { class: 'note' }, '要找的不在其中时，请放大地图再点，或搜索其编号。') : null),
    el('ul', { class: 'places', 'data-section': 'choices' }, features.map((feature) => el('li', {},
      el('button', { type: 'button', class: 'place', 'data-key': feature.key, onclick: () => open(feature) },
        el('span', { class: 'place-title' }, feature.label), el('span', { class: 'place-hint' },
          [kinds.get(feature.kind).title, feature.hint].filter(Boolean).join(' · ')))))),
  ];
}
