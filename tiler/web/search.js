// The search box: a combobox with a list box, by the ARIA pattern, so that keyboard and screen reader work.
import * as api from './api.js';
import { announce, byId, el } from './dom.js';
import { undrawn } from './rows.js';

const LIMIT = 60;
const PER_KIND = 5;
const WAIT = 120; // milliseconds after the last key

const input = byId('search');
const list = byId('hits');
const status = byId('search-status');

/** Text with the words that were looked for marked. */
function marked(text, words) {
  const lower = text.toLowerCase();
  const parts = [];
  let at = 0;
  while (at < text.length) {
    let next = -1;
    let length = 0;
    for (const word of words) {
      const found = lower.indexOf(word, at);
      if (found >= 0 && (next < 0 || found < next)) {
        next = found;
        length = word.length;
      }
    }
    if (next < 0) break;
    parts.push(text.slice(at, next), el('mark', {}, text.slice(next, next + length)));
    at = next + length;
  }
  parts.push(text.slice(at));
  return parts;
}

/** open(hit) is called with {kind, key, bbox} of the row chosen, go(bbox) with where a division lies. */
export function setUp({ open, go }) {
  let timer = 0;
  let asked = null; // AbortController of the request under way
  let shownFor = null; // the text whose hits are shown
  let hits = [];
  let active = -1;
  let composing = false;
  let wantFirst = false; // Enter was pressed before the answer came

  function say(text) {
    status.textContent = text;
    status.hidden = !text;
    announce(text);
    status.classList.toggle('below', Boolean(text) && hits.length > 0);
  }
  function fold() {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    activate(-1);
  }
  function unfold() {
    if (!hits.length) return;
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
  }
  function activate(index) {
    active = index;
    [...list.children].forEach((node, i) => node.setAttribute('aria-selected', String(i === index)));
    if (index >= 0) {
      input.setAttribute('aria-activedescendant', list.children[index].id);
      list.children[index].scrollIntoView({ block: 'nearest' });
    } else input.removeAttribute('aria-activedescendant');
  }
  function choose(index) {
    const hit = hits[index];
    fold();
    say('');
    if (!hit.division) open({ kind: hit.kind, key: hit.key, bbox: hit.bbox });
    else if (hit.bbox) go(hit.bbox);
    else say(`${hit.label}还没有公开的地块。`);
  }
  function show(text, answer) {
    shownFor = text;
    // Kind by kind, in the order of their best hits; one more than is shown tells that there are more.
    const byKind = new Map();
    for (const hit of answer.results) {
      const kind = hit.division ? '' : hit.kind;
      byKind.set(kind, [...byKind.get(kind) ?? [], hit]);
    }
    hits = [...byKind.values()].flatMap((group) => group.slice(0, PER_KIND));
    const words = text.toLowerCase().split(/\s+/).map((word) => word.replace(/^[、，,；;]+|[、，,；;]+$/g, '')).filter(Boolean);
    list.replaceChildren(...hits.map((hit, i) => el('div', { role: 'option', id: `hit-${i}`, class: 'hit', 'aria-selected': 'false',
      'data-kind': hit.kind, 'data-key': hit.key, onclick: () => choose(i), onmousedown: (event) => event.preventDefault() },
    el('span', { class: 'hit-kind' }, hit.kind_title), el('span', { class: 'hit-title' }, marked(hit.label, words), undrawn(hit)),
    hit.detail ? el('span', { class: 'hit-detail' }, marked(hit.detail, words)) : null)));
    activate(-1);
    if (!hits.length) {
      fold();
      say(`没有找到与“${text}”有关的信息。可以换一个编号、文号、村名或项目名再试。`);
    } else if (document.activeElement !== input && !wantFirst) { // the reader is elsewhere by now: not over what they do there
      fold();
      say('');
    } else {
      unfold();
      const found = answer.results.length;
      say(found > hits.length || answer.complete === false ? `列出前 ${hits.length} 条（每类最多 ${PER_KIND} 条）；再输入一些字可缩小范围，几个词之间用空格。`
        : `找到 ${found} 条。`);
      if (wantFirst) choose(0);
    }
    wantFirst = false;
  }
  async function ask() {
    clearTimeout(timer);
    const text = input.value.trim();
    asked?.abort();
    if (!text) {
      shownFor = null;
      hits = [];
      list.replaceChildren();
      fold();
      say('');
      return;
    }
    const mine = new AbortController();
    asked = mine;
    try {
      const answer = await api.search(text, LIMIT, PER_KIND + 1, { signal: mine.signal });
      if (asked === mine) show(text, answer);
    } catch (error) {
      if (error.name === 'AbortError' || asked !== mine) return;
      hits = [];
      list.replaceChildren();
      fold();
      say(error.message);
      wantFirst = false;
    }
  }

  // Not by the address, in which the page keeps its view.
  document.querySelector('.skip').addEventListener('click', (event) => {
    event.preventDefault();
    input.focus();
  });
  input.addEventListener('compositionstart', () => {
    composing = true;
  });
  input.addEventListener('compositionend', () => {
    composing = false;
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  input.addEventListener('input', () => {
    wantFirst = false;
    if (composing) return;
    clearTimeout(timer);
    timer = setTimeout(ask, input.value.trim() ? WAIT : 0);
  });
  input.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (!hits.length) return;
      event.preventDefault();
      unfold();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      activate(active < 0 ? (step > 0 ? 0 : hits.length - 1) : (active + step + hits.length) % hits.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (shownFor === input.value.trim() && hits.length) choose(Math.max(active, 0));
      else {
        wantFirst = true;
        ask();
      }
    } else if (event.key === 'Escape') {
      if (!list.hidden) {
        event.preventDefault();
        fold();
      } else say('');
    }
  });
  // Not at each focus: that comes back to the box when a dossier is closed, to show the map.
  input.addEventListener('click', () => {
    if (shownFor === input.value.trim()) unfold();
  });
  input.addEventListener('blur', () => {
    fold();
    if (hits.length) say('');
  });

  return {
    /** What was found belongs to another viewer now. */
    forget() {
      asked?.abort();
      asked = null;
      shownFor = null;
      hits = [];
      list.replaceChildren();
      fold();
      say('');
    },
  };
}
