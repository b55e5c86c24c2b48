// Everything that the page asks of the server. URLs are relative to the page's own server, so that a base path
// or a proxy changes nothing; the staff token goes there and nowhere else.

/** The server's root, with its base path: this module is served at <root>/web/api.js. */
export const root = new URL('..', import.meta.url);

const TOKEN = 'dikuai.token';
let token = null;
try {
  token = sessionStorage.getItem(TOKEN);
} catch {
  // Storage is blocked: the token lives as long as the page.
}

export const hasToken = () => token !== null;

export function setToken(value) {
  token = value;
  try {
    if (value === null) sessionStorage.removeItem(TOKEN);
    else sessionStorage.setItem(TOKEN, value);
  } catch {
    // As above.
  }
}

/** Headers for a request to url: the token only for our own server. */
export function headersFor(url, withToken = token) {
  return withToken !== null && new URL(url, root).href.startsWith(root.href)
    ? { Authorization: `Bearer ${withToken}` }
    : {};
}

/** An answer that is not what was asked for; message is a plain sentence for the reader. */
export class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function sentence(status) {
  if (status === 401) return '访问口令不正确或已失效。';
  if (status === 404) return '没有找到这条信息，可能尚未公开或已经撤回。';
  if (status === 400) return '服务器不接受这个请求，请换一种写法再试。';
  if (status === 429 || status === 503) return '服务器繁忙，请稍后再试。';
  return `服务器出错（${status}），请稍后再试。`;
}

/** A JSON document; path is relative to the server's root, without a leading slash. With a body it is POSTed; the server says
 * what is wrong with one, in English. */
export async function get(path, { signal, asToken, body, type } = {}) {
  const url = new URL(path, root);
  const headers = { Accept: 'application/json', ...headersFor(url, asToken === undefined ? token : asToken), ...(body === undefined ? {} : { 'Content-Type': type }) };
  let answer;
  try {
    answer = await fetch(url, { headers, signal, credentials: 'same-origin', ...(body === undefined ? {} : { method: 'POST', body }) });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, '无法连接服务器，请检查网络后再试。');
  }
  if (!answer.ok) {
    const detail = body === undefined || answer.status === 401 ? null : (await answer.json().catch(() => null))?.detail;
    throw new Problem(answer.status, detail ? `服务器不接受这个范围：${detail}` : sentence(answer.status));
  }
  try {
    return await answer.json();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(answer.status, '服务器的答复无法读取，请稍后再试。');
  }
}

const part = encodeURIComponent;

export const catalogue = (options) => get('catalogue', options);
export const style = (name, options) => get(`styles/${part(name)}.json`, options);
export const search = (text, limit, options) => get(`search?q=${part(text)}&limit=${limit}`, options);
export const item = (kind, key, options) => get(`collections/${part(kind)}/items/${part(key)}`, options);
export const dossier = (kind, key, options) =>
  get(`collections/${part(kind)}/items/${part(key)}/dossier`, options);

/** What a place touches in each layer: a spot, a row, or an area that is sent (body of that media type). */
export const overlapsAt = ([lon, lat], options) => get(`overlaps?point=${lon},${lat}&limit=20`, options);
export const overlapsOf = (kind, key, options) => get(`collections/${part(kind)}/items/${part(key)}/overlaps?limit=100`, options);
export const overlapsWith = (body, type, options) => get('overlaps?limit=100', { ...options, body, type });

/** Rows of another kind that are linked to a row, from after a key on. */
export function linked(kind, key, other, { after, limit = 100, signal } = {}) {
  const more = after === undefined ? '' : `&after=${part(after)}`;
  return get(`collections/${part(kind)}/items/${part(key)}/${part(other)}?limit=${limit}${more}`, { signal });
}

/** The row that has this stable number, as a click on a tile gives it. */
export async function byFeature(kind, feature, options) {
  const page = await get(`collections/${part(kind)}/items?feature=${part(String(feature))}`, options);
  if (!page.features?.length) throw new Problem(404, sentence(404));
  return page.features[0];
}
