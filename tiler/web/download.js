// The rows of a layer as a file: a menu of formats.
import * as api from './api.js';
import { el, uniqueId } from './dom.js';

const FORMATS = [['xlsx', 'Excel'], ['csv', 'CSV'], ['gpkg', 'GeoPackage'], ['shp', 'Shapefile'], ['geojson', 'GeoJSON'], ['fgb', 'FlatGeobuf']];

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
  const links = FORMATS.map(([format, title]) => el('a', { href: address(format), download: '', 'data-format': format, onclick: (event) => {
    event.target.href = address(format); // the browser's own way, which keeps nothing in memory
  } }, title));
  return el('details', { class: 'download' }, el('summary', {}, '下载', el('span', { class: 'visually-hidden' }, layer.title)),
    el('p', {}, inView, el('label', { for: id }, '只下载当前视野')), el('p', { class: 'download-formats' }, links));
}
