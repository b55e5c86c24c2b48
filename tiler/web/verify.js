// Checks in the browser that what a dossier's page shows is what the publication log says: content and salt give the leaf,
// the leaf stands in the tree, and its checkpoint is signed. SHA-256 and Ed25519 are the browser's own (WebCrypto), which
// it has on https and localhost only.

const encoder = new TextEncoder();
const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

async function sha256(...parts) {
  const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) { all.set(part, at); at += part.length; }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
}

/** The root that a proof of inclusion gives (RFC 9162, section 2.1.3.2); null: it does not fit. Sizes are below 2^53. */
export async function rootOf(hash, entry, size, proof) {
  const node = (left, right) => sha256(Uint8Array.of(1), left, right);
  const half = (n) => Math.floor(n / 2), odd = (n) => n % 2 === 1;
  if (!(entry < size)) return null;
  let fn = entry, sn = size - 1, root = hash;
  for (const next of proof) {
    if (sn === 0) return null;
    if (odd(fn) || fn === sn) {
      root = await node(next, root);
      while (!odd(fn) && fn !== 0) { fn = half(fn); sn = half(sn); }
    } else {
      root = await node(root, next);
    }
    fn = half(fn); sn = half(sn);
  }
  return sn === 0 ? root : null;
}

/** A checkpoint (C2SP tlog-checkpoint in a signed note): its text and what it says. */
export function readCheckpoint(note) {
  const end = note.lastIndexOf('\n\n');
  const text = note.slice(0, end + 1), lines = text.split('\n');
  const signatures = note.slice(end + 2).split('\n').filter((line) => line.startsWith('— ')).map((line) => {
    const [name, value] = line.slice(2).split(' ');
    const bytes = fromBase64(value);
    return { name, id: bytes.slice(0, 4), signature: bytes.slice(4) };
  });
  return { text, origin: lines[0], size: Number(lines[1]), root: fromBase64(lines[2]), signatures };
}

/** A public key of Ed25519 as signed notes have it: NAME+ID+BASE64; null: of another type. */
function readKey(text) {
  const match = /^(.+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text);
  const bytes = match && fromBase64(match[3]);
  if (!match || bytes[0] !== 1 || bytes.length !== 33) return null;
  return { name: match[1], id: Uint8Array.from(match[2].match(/../g), (hex) => parseInt(hex, 16)), bytes: bytes.slice(1) };
}

/** true: signed by one of the keys; false: by none, or wrongly; null: the browser has no Ed25519. */
async function isSigned(checkpoint, keys) {
  for (const key of keys.map(readKey).filter(Boolean)) {
    const line = checkpoint.signatures.find(({ name, id }) => name === key.name && same(id, key.id));
    if (!line) continue;
    let imported;
    try {
      imported = await crypto.subtle.importKey('raw', key.bytes, { name: 'Ed25519' }, false, ['verify']);
    } catch {
      return null;
    }
    return crypto.subtle.verify({ name: 'Ed25519' }, imported, line.signature, encoder.encode(checkpoint.text));
  }
  return false;
}

/** What a cell says, without the badge that it may have. */
const textOf = (cell) => (cell.querySelector('.internal') ? cell.textContent.replace(/ 内部$/, '') : cell.textContent);

/** Whether a cell shows a value, as html.c writes it. titles: of values that are shown by them. */
function shows(cell, value, titles) {
  const number = cell.querySelector('.number'), time = cell.querySelector('time'), data = cell.querySelector('data');
  if (data) return data.value === value && data.textContent === titles[value];
  if (typeof value === 'number' || number) {
    const text = (number ?? cell).textContent.replaceAll(',', '');
    const decimals = (text.split('.')[1] ?? '').length;
    return Math.abs(Number(text) - Number(value)) <= 0.5000001 * 10 ** -decimals;
  }
  if (time) {
    const [year, month, day] = String(value).split('-').map(Number);
    return time.getAttribute('datetime') === value && time.textContent === `${year}年${month}月${day}日`;
  }
  return textOf(cell) === value;
}

/** Whether a cell shows to who may see it what the log has masked: 张三 for 张*. */
function showsBehind(cell, mask) {
  if (typeof mask !== 'string' || !mask.includes('*') || !cell.querySelector('.internal')) return false;
  const text = (cell.querySelector('.number')?.textContent.replaceAll(',', '') ?? textOf(cell)).trim();
  return text.startsWith(mask.slice(0, mask.indexOf('*'))) && text.endsWith(mask.slice(mask.lastIndexOf('*') + 1));
}

/** The title of the first field in which page and content differ; null: none does. */
export function differs(page, content, titles = {}) {
  const cells = [...page.querySelectorAll('[data-field]')];
  for (const [name, value] of Object.entries(content.fields)) {
    const cell = cells.find(({ dataset }) => dataset.field === name);
    if (value === null ? cell : !cell || !(shows(cell, value, titles) || showsBehind(cell, value))) {
      return cell?.parentElement.querySelector('th')?.textContent ?? name;
    }
  }
  for (const cell of cells) {
    if (!(cell.dataset.field in content.fields) && !cell.querySelector('.internal')) return cell.dataset.field;
  }
  return null;
}

export async function verify(proof, keys, page, titles = {}) {
  if (proof.erased) return ['bad', '该条目的内容已被依法抹去'];
  const content = encoder.encode(proof.content), leaf = await sha256(fromBase64(proof.salt), content);
  if (!same(leaf, fromBase64(proof.leaf))) return ['bad', '不一致：内容在公开之后被改动过'];
  const field = differs(page, JSON.parse(proof.content), titles);
  if (field !== null) return ['bad', `不一致：本页“${field}”与公开日志不同`];
  const root = await rootOf(await sha256(Uint8Array.of(0), leaf), proof.entry, proof.size, proof.hashes.map(fromBase64));
  if (root === null || !same(root, fromBase64(proof.root))) return ['bad', '不一致：公开日志中没有这一条'];
  if (proof.checkpoint === null) return ['', '与公开日志一致，日志尚未签署'];
  const checkpoint = readCheckpoint(proof.checkpoint);
  if (checkpoint.size !== proof.size || !same(checkpoint.root, root)) return ['bad', '不一致：签署的不是这份日志'];
  const by = await isSigned(checkpoint, keys);
  if (by === false) return ['bad', '不一致：签名无效'];
  if (by === null) return ['', '与公开日志一致；签名未在浏览器中核对'];
  return ['good', '已核验：本页内容与公开日志一致，签名有效'];
}

async function read(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`服务器答复 ${answer.status}`);
  return answer.json();
}

/** The titles that the catalogue gives to values of fields that the page shows by them. */
async function titlesOn(page) {
  if (!page.querySelector('[data-field] data')) return {};
  const { layers, records } = await read(new URL('../catalogue', import.meta.url));
  return Object.assign({}, ...[...layers, ...records].flatMap(({ fields }) => fields.map((field) => field.value_titles)));
}

const section = document.querySelector('section.proof');
const verdict = section?.querySelector('.verdict');
if (verdict) {
  try {
    if (!globalThis.crypto?.subtle) throw new Error('本浏览器只在 https 下核验');
    const page = document.querySelector('main');
    const [proof, keys, titles] = await Promise.all([read(section.dataset.proof), read(section.dataset.keys), titlesOn(page)]);
    const [kind, words] = await verify(proof, keys.keys.map(({ key }) => key), page, titles);
    verdict.textContent = words;
    if (kind) verdict.classList.add('badge', kind);
  } catch (error) {
    verdict.textContent = `未核验：${error.message}`;
  }
}
