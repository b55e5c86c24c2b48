// How values are written, by the type and unit that the catalogue gives a field.
import { el } from './dom.js';

const UNITS = {
  m2: '平方米', ha: '公顷', km2: '平方千米', mu: '亩', m: '米', km: '千米',
  yuan: '元', 'yuan/mu': '元/亩', 'yuan/m2': '元/平方米', '%': '%',
};
const DIGITS = { ha: [0, 4], m2: [0, 2], km2: [0, 4], mu: [0, 4], yuan: [2, 2] };
// 1 mu is 2000/3 square metres; people in the villages think in mu.
const SQUARE_METRES = { m2: 1, ha: 10000, km2: 1e6 };

const formats = new Map();

/** A number with thousands separators and the digits usual for its unit. */
export function number(value, unit) {
  const [minimumFractionDigits, maximumFractionDigits] = DIGITS[unit] ?? [0, 6];
  const id = `${minimumFractionDigits}/${maximumFractionDigits}`;
  if (!formats.has(id)) {
    formats.set(id, new Intl.NumberFormat('zh-CN', { minimumFractionDigits, maximumFractionDigits }));
  }
  return formats.get(id).format(value);
}

/** A whole number without a unit: up to four digits, as years have them, stay together (GB/T 15835-2011). */
const whole = (value) => (Math.abs(value) < 10000 ? String(value) : number(value));

export const unitName = (unit) => (unit ? UNITS[unit] ?? unit : '');

/** The size of a file: 820 B, 1.5 MB. */
export function bytes(size) {
  const step = size < 1000 ? 0 : size < 1e6 ? 1 : size < 1e9 ? 2 : 3;
  return `${new Intl.NumberFormat('zh-CN', { maximumFractionDigits: step > 0 && size / 1000 ** step < 10 ? 1 : 0 }).format(size / 1000 ** step)} ${['B', 'KB', 'MB', 'GB'][step]}`;
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

/** 2021-03-05 as 2021年3月5日; anything else as it is. */
export function dateText(value) {
  const match = DATE.exec(value);
  return match ? `${match[1]}年${Number(match[2])}月${Number(match[3])}日` : String(value);
}

/** A <time>, or plain text if the value is no date. */
export function date(value) {
  return DATE.test(value) ? el('time', { datetime: value }, dateText(value)) : String(value);
}

/** Only links that a browser opens as a page; "javascript:" and the like stay text. */
function link(value) {
  let url;
  try {
    url = new URL(value);
  } catch {
    return String(value);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return String(value);
  return el('a', { href: url.href, target: '_blank', rel: 'noopener noreferrer' }, '查看原文',
    el('span', { class: 'visually-hidden' }, '（在新窗口打开）'));
}

const isNumber = (field, value) =>
  typeof value === 'number' && (field.type === 'number' || field.type === 'integer' || field.type === undefined);

/** The number of a value with its unit, e.g. in a table cell whose heading names no unit. */
function quantity(value, unit, text) {
  const node = el('span', { class: 'number', 'data-value': value }, text,
    unit ? el('span', { class: 'unit' }, ` ${unitName(unit)}`) : null);
  const mu = value * SQUARE_METRES[unit] * 3 / 2000;
  const about = mu.toLocaleString('zh-CN', { maximumFractionDigits: Math.abs(mu) < 0.1 ? 4 : 2 });
  // Some square metres are not 0 亩.
  return Number.isNaN(mu) || Number(about) === 0 ? node : [node, el('span', { class: 'also' }, `约 ${about} 亩`)];
}

/** A value, or the title that the catalogue gives it. */
export const titleOf = (field, raw) => field.value_titles?.[raw] ?? raw;

/** A field's value as nodes. */
export function value(field, raw, { plain = false } = {}) {
  if (raw === null || raw === undefined || raw === '') return '—';
  if (isNumber(field, raw)) {
    const text = field.type === 'integer' && !field.unit ? whole(raw) : number(raw, field.unit);
    return plain ? el('span', { class: 'number', 'data-value': raw }, text) : quantity(raw, field.unit, text);
  }
  if (field.type === 'date') return date(String(raw));
  if (field.type === 'url') return link(String(raw));
  if (typeof raw === 'object') return JSON.stringify(raw);
  return String(titleOf(field, raw));
}

export const isNumeric = (field) => field.type === 'number' || field.type === 'integer';
