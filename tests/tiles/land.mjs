// Stores of made-up land, and their tiles as another decoder reads them.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PbfReader } from 'pbf';
import { VectorTile } from '@mapbox/vector-tile';
import { folder, get, ingest, plainIngest, plainTiler, serve } from '../http/county.mjs';

export const catalogue = `title: t
publisher: p
map_approval_no: none
extent: [116, 30, 120, 34]
layers:
  - name: zone
    title: 分区
    geometry: polygon
    key: {field: id}
    label: id
    zooms: [4, 16]
    grid: [households]
    fields:
      - {name: id, title: 编号, type: text, audience: public, required: true, tiles: true}
      - {name: households, title: 户数, type: integer, audience: public}
      - {name: area_m2, title: 面积, type: number, unit: m2, audience: public, tiles: true, computed: area}
`;

/** An empty store in a folder of its own: {dir, store, run, load, loadInto}. large: loaded by the program without sanitizers. */
export function makeLand(text = catalogue, { large = false } = {}) {
  const dir = folder(), store = join(dir, 'land.gpkg');
  const run = (...args) => {
    const done = spawnSync(large ? plainIngest : ingest, args, { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
  };
  writeFileSync(join(dir, 'catalogue.yaml'), text);
  run('create', store, '--catalogue', join(dir, 'catalogue.yaml'));
  /** Loads polygons [{id, households, rings or polygons}] into a layer and publishes them. */
  const loadInto = (layer, name, polygons, ...options) => {
    const path = join(dir, `${name}.geojson`);
    writeFileSync(path, JSON.stringify({ type: 'FeatureCollection', features: polygons.map(({ rings, polygons: parts, ...properties }) => ({ type: 'Feature', properties,
      geometry: parts ? { type: 'MultiPolygon', coordinates: parts } : { type: 'Polygon', coordinates: rings } })) }));
    return run('load', store, layer, path, '--publish', ...options);
  };
  const load = (name, polygons, ...options) => loadInto('zone', name, polygons, ...options);
  return { dir, store, run, load, loadInto };
}

/** Works with the address of a server without sanitizers that has the land. */
export async function served(land, work) {
  writeFileSync(join(land.dir, 'tokens'), 'token-for-the-tests-0001 * all\n', { mode: 0o600 });
  const server = await serve(land.store, { tiler: plainTiler });
  try {
    return await work(server.url);
  } finally {
    await server.stop();
  }
}

/** A random number from 0 to 1, the same each time. */
export function randomOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6D2B79F5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The layers of a tile: {name: [{id, properties, rings}]}, rings as arrays of [x, y]; size: its bytes in gzip. */
export async function readTile(url, layers, { z, x, y }, set = 'WebMercatorQuad', params = '') {
  const answer = await get(`${url}${set === 'WebMercatorQuad' ? `/xyz/${layers}/${z}/${x}/${y}` : `/collections/${layers}/tiles/${set}/${z}/${y}/${x}`}?${params}`, { headers: { 'Accept-Encoding': 'gzip' } });
  if (answer.status === 204) return { size: 0, layers: {} };
  if (answer.status !== 200) throw new Error(answer.text);
  const tile = new VectorTile(new PbfReader(answer.body));
  return { size: answer.raw.length, layers: Object.fromEntries(Object.entries(tile.layers).map(([name, layer]) => [name, Array.from({ length: layer.length }, (_, i) => {
    const feature = layer.feature(i);
    return { id: feature.id, properties: feature.properties, rings: feature.loadGeometry().map((ring) => ring.map(({ x: px, y: py }) => [px, py])) };
  })])) };
}

export const area2 = (ring) => ring.reduce((sum, [x, y], i) => {
  const [u, v] = ring[(i + 1) % ring.length];
  return sum + x * v - u * y;
}, 0);

/** The area of rings in square units, of what lies in the tile itself: the buffer is drawn by the neighbour too. */
export function insideArea(rings) {
  return rings.reduce((sum, ring) => {
    let points = ring.slice(0, -1);
    for (const [axis, bound, sign] of [[0, 0, -1], [0, 4096, 1], [1, 0, -1], [1, 4096, 1]]) {
      points = points.flatMap((p, i) => {
        const q = points[(i + 1) % points.length], a = p[axis] * sign <= bound * sign, b = q[axis] * sign <= bound * sign;
        if (a && b) return [q];
        if (!a && !b) return [];
        const t = (bound - p[axis]) / (q[axis] - p[axis]), cut = axis === 0 ? [bound, p[1] + t * (q[1] - p[1])] : [p[0] + t * (q[0] - p[0]), bound];
        return a ? [cut] : [cut, q];
      });
      if (!points.length) return sum;
    }
    return sum + area2(points) / 2;
  }, 0);
}

/** The columns and rows that a box in degrees meets at a zoom. */
export function tilesOf([west, south, east, north], z, set = 'WebMercatorQuad') {
  const n = 2 ** z, column = (lon) => Math.floor((lon + 180) / 360 * n);
  const row = set === 'WebMercatorQuad' ? (lat) => Math.floor((1 - Math.asinh(Math.tan(lat * Math.PI / 180)) / Math.PI) / 2 * n) : (lat) => Math.floor((90 - lat) / 360 * n);
  const tiles = [];
  for (let x = column(west); x <= column(east); x++) for (let y = row(north); y <= row(south); y++) tiles.push({ z, x, y });
  return tiles;
}

/** What GEOS, through GDAL's Python bindings, says of lines of WKT: runs tests/tiles/geos.py. */
export function geos(command, lines) {
  const script = new URL('geos.py', import.meta.url).pathname;
  return execFileSync('/usr/bin/python3', [script, command], { input: lines.join('\n'), encoding: 'utf8', maxBuffer: 1 << 28 }).trim();
}

/** Asserts that GEOS takes polygons [[where, WKT]] for valid: as many as there are at once, for a process costs more than
 * a tile of them. */
export function assertValid(polygons) {
  const said = geos('invalid', polygons.map(([, text]) => text));
  const [, found, first] = /^(\d+)(?: (\d+):)?/.exec(said);
  assert.equal(found, '0', `${polygons[first]?.[0]}: ${said}`);
}

/** Polygons of a tile feature as WKT: an exterior is wound positive, as MVT 2.1 wants it. */
export function wkt(rings) {
  const polygons = [];
  for (const ring of rings) {
    if (area2(ring) > 0) polygons.push([ring]);
    else polygons.at(-1).push(ring);
  }
  const text = (ring) => `(${[...ring, ring[0]].map(([x, y]) => `${x} ${y}`).join(',')})`;
  return `MULTIPOLYGON(${polygons.map((polygon) => `(${polygon.map((ring) => text(ring[0][0] === ring.at(-1)[0] && ring[0][1] === ring.at(-1)[1] ? ring.slice(0, -1) : ring)).join(',')})`).join(',')})`;
}
