// The panel that holds a dossier: beside the map, or a sheet that rises from the bottom of a phone.
import { byId, el } from './dom.js';

const panel = byId('panel');
const body = byId('panel-body');
const grip = byId('panel-grip');
let opener = null;
let locate = null;
let closed = () => {};

function setTall(tall) {
  panel.classList.toggle('tall', tall);
  grip.setAttribute('aria-expanded', String(tall));
  grip.setAttribute('aria-label', tall ? '收起档案' : '展开档案');
}

/** Wires the panel's own buttons; onClose is called when the reader closes it, onBack for 返回. */
export function setUp({ onClose, onBack }) {
  closed = onClose;
  byId('panel-close').addEventListener('click', () => closed());
  byId('panel-back').addEventListener('click', () => onBack());
  byId('panel-locate').addEventListener('click', () => locate?.());
  byId('panel-print').addEventListener('click', () => window.print());
  panel.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') closed();
  });
  // What is folded on the screen belongs on paper.
  let opened = [];
  addEventListener('beforeprint', () => {
    opened = [...body.querySelectorAll('details:not([open])')];
    for (const node of opened) node.open = true;
  });
  addEventListener('afterprint', () => {
    for (const node of opened) node.open = false;
  });

  // The grip: a tap changes the height, a drag does it the way the finger goes.
  let from = null;
  grip.addEventListener('pointerdown', (event) => {
    from = event.clientY;
    grip.setPointerCapture(event.pointerId);
  });
  grip.addEventListener('pointerup', (event) => {
    const way = from === null ? 0 : event.clientY - from;
    from = null;
    if (Math.abs(way) < 12) return;
    grip.dataset.dragged = 'yes';
    if (way < 0) setTall(true);
    else if (panel.classList.contains('tall')) setTall(false);
    else closed();
  });
  grip.addEventListener('click', () => {
    if (grip.dataset.dragged) delete grip.dataset.dragged;
    else setTall(!panel.classList.contains('tall'));
  });
}

/** Shows nodes in the panel; label names it. fly: what 定位 does, if anything. */
export function show(nodes, { label, fly = null, back = false, state = 'ready' }) {
  if (panel.hidden) opener = document.activeElement;
  const wasHidden = panel.hidden;
  panel.hidden = false;
  panel.dataset.state = state;
  if (wasHidden) setTall(false);
  document.body.classList.add('with-panel');
  panel.setAttribute('aria-label', label);
  locate = fly;
  byId('panel-locate').hidden = !fly;
  byId('panel-back').hidden = !back;
  byId('panel-print').hidden = state !== 'ready';
  body.replaceChildren(...[nodes].flat());
  body.scrollTop = 0;
  if (state === 'ready') {
    const heading = body.querySelector('h2');
    if (heading) {
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    }
  }
}

/** Whether it shows how to draw an area, which the map takes clicks for. */
export const isDrawing = () => !panel.hidden && panel.dataset.state === 'drawing';

export function showLoading(back) {
  show(el('p', { class: 'loading' }, '正在读取……'), { label: '正在读取', back, state: 'loading' });
}

/** What went wrong, and a way to try again. */
export function showProblem(message, again, back) {
  show(el('div', { class: 'problem', role: 'alert' }, el('p', {}, message),
    again ? el('button', { type: 'button', class: 'button', onclick: again }, '重试') : null),
  { label: '出错', back, state: 'problem' });
  // What was pressed is gone; who uses the keyboard is not to begin at the top of the page.
  if (document.activeElement === document.body) body.querySelector('button')?.focus({ preventScroll: true });
}

export function hide() {
  if (panel.hidden) return;
  panel.hidden = true;
  document.body.classList.remove('with-panel');
  body.replaceChildren();
  locate = null;
  // Not into the search box of a phone, whose keyboard would rise over the map.
  if (opener?.matches('input') && matchMedia('(pointer: coarse)').matches) opener = document.querySelector('#map canvas');
  if (opener?.isConnected && opener !== document.body) opener.focus({ preventScroll: true });
  opener = null;
}
