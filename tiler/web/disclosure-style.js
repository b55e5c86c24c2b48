// The layers of the style "disclosure" as they fit a catalogue: by the field that says how disclosure of a row stands.
import { colours } from './swatch.js';

const GRID = '_grid';
const FIELD = 'disclosure'; // what the field is called in the style
const TEMPLATE = 'parcel'; // draws layers that the style does not know

const fieldOf = ({ fields }) =>
  fields.find((field) => field.computed === 'disclosure' && field.tiles && field.values && !field.masked);

/** The layers of a catalogue that say how their disclosure stands: [{layer, field}]. */
export const disclosing = (catalogue) =>
  catalogue.layers.map((layer) => ({ layer, field: fieldOf(layer) })).filter(({ field }) => field);

const baseOf = (name) => (name.endsWith(GRID) ? name.slice(0, -GRID.length) : name);

/** An expression with each part that change(part) gives another for. */
function rewrite(expression, change) {
  const other = change(expression);
  if (other !== undefined) return other;
  if (Array.isArray(expression)) return expression.map((part) => rewrite(part, change));
  if (expression !== null && typeof expression === 'object') {
    return Object.fromEntries(Object.entries(expression).map(([key, part]) => [key, rewrite(part, change)]));
  }
  return expression;
}

/** ["get", the style's name for the field, or for one of its counts] as the field is called here. */
const rename = (name) => (part) => (Array.isArray(part) && part.length === 2 && part[0] === 'get' && typeof part[1] === 'string'
  && (part[1] === FIELD || part[1].startsWith(`${FIELD}_`)) ? ['get', name + part[1].slice(FIELD.length)] : undefined);

const isLine = (part) => typeof part === 'string' && part.startsWith('\n');

/** The words under an outline's name as the catalogue says them. */
const retitle = (titles) => (part) => {
  if (!Array.isArray(part) || part[0] !== 'match' || !part.some(isLine)) return undefined;
  return part.map((each, i) => (i > 2 && i % 2 === 1 && titles[part[i - 1]] ? `\n${titles[part[i - 1]]}` : each));
};

/** As it draws areas, for a layer of points or lines; null: nothing of it. */
function fitGeometry(entry, geometry) {
  const point = /point/i.test(geometry);
  if (/polygon/i.test(geometry) || entry.type === 'symbol') return entry;
  if (entry.type === 'line') return point ? null : entry;
  return point ? { ...entry, type: 'circle', layout: {}, paint: { 'circle-color': entry.paint['fill-color'], 'circle-radius': 6,
    'circle-stroke-color': '#333333', 'circle-stroke-width': 1 } } : null;
}

/** Cells that count rows, but not by the field: nothing is said of them. */
const fitUncounted = (entry) => (entry.type === 'fill'
  ? { ...entry, paint: { 'fill-color': '#8b9097', 'fill-antialias': false, 'fill-opacity': 0.25 } } : null);

function ownLayers(style, { layer, field }) {
  const known = style.layers.some((entry) => entry['source-layer'] === layer.name);
  const from = known ? layer.name : TEMPLATE;
  return style.layers.filter((entry) => entry['source-layer'] && baseOf(entry['source-layer']) === from).map((entry) => {
    const grid = entry['source-layer'] !== from;
    const named = { ...entry, id: known ? entry.id : entry.id.replace(from, layer.name),
      'source-layer': grid ? layer.name + GRID : layer.name };
    const own = [rename(field.name), retitle(field.value_titles)].reduce(rewrite, named);
    if (!grid) return fitGeometry(own, layer.geometry);
    return layer.grid?.includes(field.name) ? own : fitUncounted(own);
  }).filter(Boolean);
}

/** What the style draws of a catalogue, by its names; none if it has no such field. */
export function disclosureLayers(style, catalogue) {
  const layers = disclosing(catalogue);
  if (!layers.length) return [];
  const others = style.layers.filter((entry) => entry['source-layer']
    && catalogue.layers.some((layer) => layer.name === baseOf(entry['source-layer']) && !fieldOf(layer)));
  return [...others, ...layers.flatMap((one) => ownLayers(style, one))]
    .map((entry) => ({ ...entry, metadata: { theme: 'disclosure', kind: baseOf(entry['source-layer']) } }));
}

/** A layer of these for some words only: features that say one of them, cells that count some. words: empty for all. */
export function narrowed(entry, catalogue, words) {
  const layer = catalogue.layers.find(({ name }) => name === entry.metadata.kind);
  const field = layer && fieldOf(layer);
  if (!field || !words.length) return entry;
  if (!entry['source-layer'].endsWith(GRID) || entry['source-layer'] === layer.name) {
    const said = ['in', ['get', field.name], ['literal', words]];
    return { ...entry, filter: entry.filter ? ['all', said, entry.filter] : said };
  }
  if (!layer.grid?.includes(field.name)) return entry;
  // As if nothing else were counted; shares are still of all.
  const others = field.values.filter((word) => !words.includes(word)).map((word) => `${field.name}_${word}`);
  const without = rewrite(entry, (part) =>
    (Array.isArray(part) && part[0] === 'coalesce' && others.includes(part[1]?.[1]) ? ['literal', 0] : undefined));
  const some = ['>', ['+', 0, ...words.map((word) => ['coalesce', ['get', `${field.name}_${word}`], 0])], 0];
  return { ...without, filter: without.filter ? ['all', some, without.filter] : some };
}

/** How the style draws a word, for the legend: by the line of that word alone, if there is one. */
export function signOf(layers, name, word) {
  const own = layers.filter((entry) => entry['source-layer'] === name);
  const lines = own.filter((entry) => entry.type === 'line');
  const area = own.find((entry) => entry.type === 'fill' || entry.type === 'circle');
  const line = lines.find(({ filter }) => filter?.[0] === '==' && filter[2] === word)
    ?? lines.find(({ paint }) => colours(paint['line-color']).byValue);
  const pick = (value) => {
    const { byValue, all } = colours(value);
    return byValue?.get(word) ?? all;
  };
  const width = [line?.paint['line-width']].flat().findLast((each) => typeof each === 'number') ?? 2; // near
  return { fill: pick(area?.paint['fill-color'] ?? area?.paint['circle-color']), opacity: pick(area?.paint['fill-opacity']),
    line: pick(line?.paint['line-color']), width: Math.min(3, width * 0.75),
    dash: line?.paint['line-dasharray']?.map((length) => length * 2).join(' ') };
}
