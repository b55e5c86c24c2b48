// Building elements. Values only ever become text nodes or attributes, never markup.

/** An element: el('p', {class: 'x', onclick: f}, 'text', other). Attributes that are null, undefined or false are left out. */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (key === 'class') node.className = value;
    else node.setAttribute(key, value === true ? '' : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

let toastTimer = 0;

/** A short message that goes away by itself and is read out. */
export function toast(message) {
  const node = byId('toast');
  node.textContent = message;
  node.classList.add('shown');
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => {
    node.classList.remove('shown');
    node.textContent = '';
  }, 5000);
}

/** Read out, not shown. */
export function announce(message) {
  byId('announce').textContent = message;
}

let ids = 0;
/** An id that no other element has. */
export const uniqueId = (prefix) => `${prefix}-${(ids += 1)}`;
