// Rows of any layer or record: facts, cards and tables, with titles and units from the catalogue alone.
import { announce, el } from './dom.js';
import * as format from './format.js';

/** Look-ups in a catalogue. */
export class Kinds {
  constructor(catalogue) {
    this.byName = new Map();
    for (const kind of catalogue.layers) this.byName.set(kind.name, { ...kind, isLayer: true });
    for (const kind of catalogue.records) this.byName.set(kind.name, { ...kind, isLayer: false });
    this.viewer = catalogue.viewer;
  }

  get(name) {
    return this.byName.get(name) ?? { name, title: name, fields: [], isLayer: false };
  }

  has(name) {
    return this.byName.has(name);
  }

  /** Title and unit of a field, also of one that only a total shows. */
  field(kindName, name) {
    const kind = this.get(kindName);
    return kind.fields.find((field) => field.name === name)
      ?? (kind.totals ?? []).flatMap((total) => total.sums ?? []).find((field) => field.name === name && field.title)
      ?? { name, title: name };
  }
}

const has = (row, field) => {
  const value = row.properties?.[field.name];
  return value !== undefined && value !== null && value !== '';
};

const SEEN_BY = { group: '不向社会公开：本村成员、依申请公开的申请人和工作人员可见', request: '不向社会公开：依申请公开的申请人和工作人员可见' };
const heading = (field) => [field.title,
  field.audience && field.audience !== 'public'
    ? el('span', { class: 'internal', title: SEEN_BY[field.audience] ?? '仅工作人员可见' }, '内部') : null];

/** A list of facts; skip(field, value) leaves some out. Null if nothing is left. */
export function facts(kind, row, skip = () => false) {
  const fields = kind.fields.filter((field) => has(row, field) && !skip(field, row.properties[field.name]));
  if (!fields.length) return null;
  return el('dl', { class: 'facts' }, fields.map((field) => el('div', { class: 'fact', 'data-field': field.name },
    el('dt', {}, heading(field)), el('dd', {}, format.value(field, row.properties[field.name])))));
}

/** A button that opens a row. */
export function opener(row, kindName, open, text = row.label) {
  return el('button', { type: 'button', class: 'link', onclick: () => open({ kind: kindName, key: row.id, bbox: row.bbox }) }, text);
}

/** Says of a row of a layer that it is on no map yet. */
export const undrawn = (row) => (row.undrawn ? el('span', { class: 'undrawn', title: '尚未上图：有登记信息，还没有图形' }, '无图形') : null);

/** Rows with geometry: a list to go to. */
function places(kind, rows, open) {
  return el('ul', { class: 'places' }, rows.map((row) => {
    const hint = kind.fields.filter((field) => has(row, field) && field.type === 'text' && row.properties[field.name] !== row.label)
      .slice(0, 3).map((field) => format.titleOf(field, row.properties[field.name])).join(' · ');
    return el('li', {}, el('button', { type: 'button', class: 'place', 'data-key': row.id,
      onclick: () => open({ kind: kind.name, key: row.id, bbox: row.bbox }) },
    el('span', { class: 'place-title' }, row.label, undrawn(row)), el('span', { class: 'place-hint' }, hint)));
  }));
}

/** Rows with a name: one card each, folded when there are many. */
function cards(kind, rows, open, skip) {
  const folded = rows.length > 3;
  return el('div', { class: 'cards' }, rows.map((row) => {
    const date = kind.date ? row.properties[kind.date] : null;
    const title = [el('span', { class: 'card-title' }, row.label), date ? el('span', { class: 'card-date' }, format.date(date)) : null];
    const content = [facts(kind, row, (field, value) => skip(field, value) || value === row.label),
      el('p', { class: 'card-more' }, opener(row, kind.name, open, '查看关联信息'))];
    return folded
      ? el('details', { class: 'card', 'data-key': row.id }, el('summary', { class: 'card-head' }, title), content)
      : el('article', { class: 'card', 'data-key': row.id }, el('h4', { class: 'card-head' }, title), content);
  }));
}

/** Rows without a name: a table; what is the same in all of them is said once above it. */
function table(kind, rows, skip, complete) {
  const fields = kind.fields.filter((field) => rows.some((row) => has(row, field)));
  const first = rows[0].properties;
  const isMoney = (field) => field.unit === 'yuan';
  const same = new Set(rows.length < 2 ? [] : fields.filter((field) => !isMoney(field)
    && rows.every((row) => row.properties[field.name] === first[field.name])));
  const columns = fields.filter((field) => !same.has(field));
  const parts = [facts({ ...kind, fields: fields.filter((field) => same.has(field)) }, rows[0], skip)];
  if (columns.length) {
    const sums = complete && rows.length > 1 && columns.some(isMoney);
    const align = (field) => (format.isNumeric(field) ? 'numeric' : null);
    parts.push(el('div', { class: 'table-frame', role: 'region', tabindex: 0, 'aria-label': `${kind.title}明细，可左右滚动` },
      el('table', {},
        el('caption', { class: 'visually-hidden' }, `${kind.title}，${rows.length} 条`),
        el('thead', {}, el('tr', {}, columns.map((field) => el('th', { scope: 'col', class: align(field), 'data-field': field.name },
          heading(field), field.unit ? el('span', { class: 'unit' }, `（${format.unitName(field.unit)}）`) : null)))),
        el('tbody', {}, rows.map((row) => el('tr', { 'data-key': row.id }, columns.map((field, i) => el(i ? 'td' : 'th',
          { scope: i ? null : 'row', class: align(field), 'data-field': field.name },
          format.value(field, row.properties[field.name], { plain: true })))))),
        sums ? el('tfoot', {}, el('tr', {}, columns.map((field, i) => {
          if (i === 0) return el('th', { scope: 'row' }, '合计');
          if (!isMoney(field)) return el('td', {});
          // In cents, so that the sum is exact.
          const cents = rows.reduce((sum, row) => sum + Math.round((row.properties[field.name] ?? 0) * 100), 0);
          return el('td', { class: 'numeric', 'data-field': field.name },
            format.value(field, cents / 100, { plain: true }));
        }))) : null)));
  }
  return parts;
}

/**
 * Rows of one kind. open({kind, key, bbox}) is called for a row that the reader wants to see by itself;
 * skip(field, value) leaves out what is said elsewhere; complete: whether these are all.
 */
export function list(kind, rows, { open, skip = () => false, complete = true }) {
  if (!rows.length) return [el('p', { class: 'nothing' }, '没有信息。')];
  if (kind.isLayer) return [places(kind, rows, open)];
  if (kind.label) return [cards(kind, rows, open, skip)];
  return table(kind, rows, skip, complete);
}

/** A list that can be asked for more when it is not complete. more(lastKey) gives {rows, complete}. */
export function growing(kind, rows, complete, options, more) {
  const box = el('div', { class: 'growing', tabindex: -1 });
  let all = rows;
  let done = complete;
  const draw = (problem) => {
    const parts = list(kind, all, { ...options, complete: done });
    if (!done) {
      parts.push(el('p', { class: 'more' }, el('span', {}, `已列出 ${all.length} 条，还有更多。`),
        more ? el('button', { type: 'button', class: 'button', onclick: async (event) => {
          event.target.disabled = true;
          try {
            const next = await more(all[all.length - 1].id);
            const known = new Set(all.map((row) => row.id));
            all = [...all, ...next.rows.filter((row) => !known.has(row.id))];
            done = next.complete;
            redraw();
            announce(done ? `共 ${all.length} 条，已全部列出` : `已列出 ${all.length} 条`);
          } catch (error) {
            redraw(error.message);
          }
        } }, '继续显示') : null, problem ? el('span', { class: 'field-error', role: 'alert' }, problem) : null));
    }
    box.replaceChildren(...parts.filter(Boolean));
  };
  /** After the button was pressed, which goes with this: who uses the keyboard stays where it was. */
  function redraw(problem) {
    const left = box.contains(document.activeElement) || document.activeElement === document.body;
    draw(problem);
    if (left) (box.querySelector('.more button') ?? box).focus({ preventScroll: true });
  }
  draw();
  return box;
}
