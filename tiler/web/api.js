// Everything that the page asks of the server. URLs are relative to the page's own server, so that a base path
// or a proxy changes nothing. Who signs in sends their token once, for a session; the page keeps none.

/** The server's root, with its base path: this module is served at <root>/web/api.js. */
export const root = new URL('..', import.meta.url);

/** Whether this browser has a session, as far as the last catalogue says: its cookie is out of reach for scripts. */
let known = false;
export const signedIn = () => known;

// The cookie is one for all windows of a browser: each tells the others that it signed in or out. Besides, answers say by
// Cache-Control whether a session read them: a page of rows in another window may have been told first that it has ended.
const windows = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('dikuai-session');
let other = () => {};
let switching = false; // by this window, until the next catalogue says who looks

/** other() is called when somebody else looks than the last catalogue says, and this window did not bring it about. */
export function onOtherViewer(called) {
  other = called;
  if (windows) windows.onmessage = called;
}

let generation = 0; // the newest that an answer was of
let newer = () => {};
/** newer() is called when an answer is of a later generation than all before it: something was published meanwhile. */
export function onNewer(called) {
  newer = called;
}

/** Looks whether an answer was read by who the last catalogue says. */
function notice(path, answer) {
  if (switching || path === 'catalogue' || path.startsWith('web/')) return;
  const [said] = /\b(private|public)\b/.exec(answer.headers.get('Cache-Control') ?? '') ?? [];
  if (answer.ok ? said && (said === 'private') !== known : answer.status === 401 && known) other();
}

const MINUTE = 60000; // that answers to the public are kept for
let doubtful = 0; // until then the browser may keep what was asked for before the newest generation

/** How a url is asked for. The browser's cache may hold what the public saw, and must not keep what a session sees. */
export function fetchOptions(url) {
  if (!new URL(url, root).href.startsWith(root.href)) return { credentials: 'same-origin' };
  const cache = known ? 'no-store' : Date.now() < doubtful ? 'no-cache' : undefined;
  return { credentials: 'same-origin', ...(cache && { cache }) };
}

/** An answer that is not what was asked for; message is a plain sentence for the reader. */
export class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function sentence(status) {
  if (status === 401) return '登录已失效，请重新登录。';
  if (status === 404) return '没有找到这条信息，可能尚未公开或已经撤回。';
  if (status === 400) return '服务器不接受这个请求，请换一种写法再试。';
  if (status === 429 || status === 503) return '服务器繁忙，请稍后再试。';
  return `服务器出错（${status}），请稍后再试。`;
}

/** A JSON document; path is relative to the server's root, without a leading slash. With a body it is POSTed; the server says
 * what is wrong with one, in English. */
export async function get(path, { signal, body, type, cache } = {}) {
  const url = new URL(path, root);
  const headers = { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': type }) };
  let answer;
  try {
    answer = await fetch(url, { headers, signal, ...(cache ? { cache } : {}), ...fetchOptions(url), ...(body === undefined ? {} : { method: 'POST', body }) });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, '无法连接服务器，请检查网络后再试。');
  }
  notice(path, answer);
  if (!answer.ok) {
    const detail = body === undefined || answer.status === 401 ? null : (await answer.json().catch(() => null))?.detail;
    throw new Problem(answer.status, detail ? `服务器不接受这个范围：${detail}` : sentence(answer.status));
  }
  try {
    const given = await answer.json();
    if (path !== 'catalogue' && given?.generation > generation) {
      ({ generation } = given); // once for each
      doubtful = Date.now() + MINUTE;
      newer();
    }
    return given;
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(answer.status, '服务器的答复无法读取，请稍后再试。');
  }
}

const part = encodeURIComponent;

/** Asked anew each time: the browser may have kept the one of another viewer. */
export async function catalogue(options) {
  const answer = await get('catalogue', { ...options, cache: 'no-cache' });
  known = (answer.viewer?.audience ?? 'public') !== 'public';
  switching = false;
  generation = Math.max(generation, answer.generation ?? 0);
  return answer;
}

/** /session: who this is, or an end of being known. The header is one that pages of other sites cannot send. */
async function session(method, body) {
  let answer;
  switching ||= method !== 'GET';
  try {
    answer = await fetch(new URL('session', root), { method, credentials: 'same-origin', cache: 'no-store', body,
      headers: { Accept: 'application/json', 'X-Dikuai': '1', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) } });
  } catch {
    switching = false;
    throw new Problem(0, '无法连接服务器，请检查网络后再试。');
  }
  if (method !== 'GET') {
    if (answer.ok) windows?.postMessage(null);
    else switching = false;
  }
  if (answer.status === 429) throw new Problem(429, `尝试次数过多，请 ${answer.headers.get('Retry-After') ?? '60'} 秒后再试。`);
  if (!answer.ok) throw new Problem(answer.status, sentence(answer.status));
  return answer.json();
}
export const whoAmI = () => session('GET');
export const signOut = () => session('DELETE');
export const signIn = (token) => session('POST', JSON.stringify({ token }));

/** As it is written, whatever layers there are: fitStyle in map.js sees to that. */
export const style = (name, options) => get(`web/style-${part(name)}.json`, options);
/** At most limit hits, and perKind of each kind, so that fifty parcels of a project do not hide the project. */
export const search = (text, limit, perKind, options) => get(`search?q=${part(text)}&limit=${limit}&per_kind=${perKind}`, options);
/** The lists to print that this viewer may see: none for the public. */
export const lists = async (options) => (await get('lists', options)).lists;
/** A list as a page. */
export async function listPage(id, query) {
  const url = new URL(`lists/${part(id)}?${new URLSearchParams({ ...query, f: 'html' })}`, root);
  let answer;
  try {
    answer = await fetch(url, fetchOptions(url));
  } catch {
    throw new Problem(0, '无法连接服务器，请检查网络后再试。');
  }
  notice('lists', answer);
  if (!answer.ok) throw new Problem(answer.status, sentence(answer.status));
  return answer.text();
}
export const item = (kind, key, options) => get(`collections/${part(kind)}/items/${part(key)}`, options);
export const dossier = (kind, key, options) =>
  get(`collections/${part(kind)}/items/${part(key)}/dossier`, options);

/** How many rows of a kind have each value of a field: Map of value: number. */
export async function countBy(kind, field, options) {
  const { groups } = await get(`collections/${part(kind)}/statistics?group_by=${part(field)}`, options);
  return new Map(groups.map(({ by, count }) => [by[0], count]));
}

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
