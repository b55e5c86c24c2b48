// The rows of a layer as a file: a menu of formats.
import * as api from './api.js';
import { el, toast, uniqueId } from './dom.js';

const FORMATS = [['xlsx', 'Excel', 'xlsx'], ['csv', 'CSV', 'csv'], ['gpkg', 'GeoPackage', 'gpkg'], ['shp', 'Shapefile', 'zip'],
  ['geojson', 'GeoJSON', 'geojson'], ['fgb', 'FlatGeobuf', 'fgb']];

/** What the server says is wrong with a download: it names how to narrow it. */
const sentence = (status) => (status === 413 ? '要下载的内容超出了允许的大小，请缩小地图范围后只下载当前视野。'
  : status === 503 ? '服务器繁忙，或者没有安装这种格式的转换程序，请稍后再试或改用 CSV。' : `下载没有成功（${status}）。`);

/** Asks for the file with the reader's own token, which a plain link cannot carry, and hands it over to be saved. */
async function save(href, name) {
  const answer = await fetch(href, { headers: api.headersFor(href), credentials: 'same-origin' });
  if (!answer.ok) throw new Error(sentence(answer.status));
  const address = URL.createObjectURL(await answer.blob());
  el('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/** The menu of a layer. bounds(): west, south, east, north of what the map shows, or null. */
export function downloadMenu(layer, bounds) {
  const id = uniqueId('in-view');
  const inView = el('input', { type: 'checkbox', id });
  const address = (format) => {
    const url = new URL(`collections/${encodeURIComponent(layer.name)}/items?f=${format}`, api.root);
    const box = inView.checked ? bounds() : null;
    if (box) url.searchParams.set('bbox', box.map((degrees) => degrees.toFixed(6)).join());
    return url.href;
  };
  const links = FORMATS.map(([format, title, ending]) => el('a', { href: address(format), download: '', 'data-format': format, onclick: async (event) => {
    event.target.href = address(format);
    if (!api.hasToken()) return; // the browser's own way, which keeps nothing in memory
    event.preventDefault();
    toast(`正在生成${layer.title}的 ${title} 文件…`);
    try {
      await save(event.target.href, `${layer.title}.${ending}`);
    } catch (error) {
      toast(error.message);
    }
  } }, title));
  return el('details', { class: 'download' }, el('summary', {}, '下载', el('span', { class: 'visually-hidden' }, layer.title)),
    el('p', {}, inView, el('label', { for: id }, '只下载当前视野')), el('p', { class: 'download-formats' }, links));
}
