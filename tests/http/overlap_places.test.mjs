// Rows in every position to the area that is asked about, one that has a hole: areas by the closed form on the ellipsoid, and as
// GEOS cuts them in ogr2ogr.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHIEF, featureCollection, folder, get, run, serve } from './county.mjs';

const catalogue = `title: 测试县
publisher: 测试局
extent: [117.0, 31.5, 117.6, 32.0]
layers:
  - name: zone
    title: 规划分区
    geometry: polygon
    key: {field: id}
    classify: kind
    fields:
      - {name: id, title: 标识码, type: text, audience: public, required: true, tiles: true}
      - {name: kind, title: 分区类型, type: text, audience: public}
  - name: tile
    title: 网格
    geometry: polygon
    key: {field: id}
    classify: number
    fields:
      - {name: id, title: 标识码, type: text, audience: public, required: true, tiles: true}
      - {name: number, title: 编号, type: integer, audience: public}
`;

// In steps of 0.002 degrees, some 200 m.
const [WEST, SOUTH, STEP] = [117.2, 31.6, 0.002];
const place = ([x, y]) => [WEST + x * STEP, SOUTH + y * STEP].map((degrees) => Number(degrees.toFixed(9)));
const box = (x0, y0, x1, y1) => [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]];
const polygon = (...rings) => ({ type: 'Polygon', coordinates: rings.map((ring) => ring.map(place)) });

const A = 6378137, F = 1 / 298.257222101, E2 = F * (2 - F), E = Math.sqrt(E2), B2 = (A * (1 - F)) ** 2, RADIAN = Math.PI / 180;
const northward = (lat) => {
  const s = Math.sin(lat * RADIAN);
  return B2 / 2 * (s / (1 - E2 * s * s) + Math.log((1 + E * s) / (1 - E * s)) / (2 * E));
};
function ringArea(ring) {
  const [lon0, lat0] = ring[0], places = ring.map(([lon, lat]) => [(lon - lon0) * RADIAN, northward(lat) - northward(lat0)]);
  let sum = 0;
  for (let i = 0; i + 1 < places.length; i++) sum += places[i][0] * places[i + 1][1] - places[i + 1][0] * places[i][1];
  return Math.abs(sum) / 2;
}
function areaOf(geometry) {
  if (geometry.type === 'MultiPolygon') return geometry.coordinates.reduce((sum, coordinates) => sum + areaOf({ type: 'Polygon', coordinates }), 0);
  const [outer, ...holes] = geometry.coordinates;
  return ringArea(outer) - holes.reduce((sum, hole) => sum + ringArea(hole), 0);
}
const area = (...corners) => ringArea(box(...corners).map(place));
const near = (actual, expected, text) => assert.ok(Math.abs(actual - expected) <= 0.0101, `${text}: ${actual} is not ${expected}`);

const question = polygon(box(0, 0, 20, 20), box(6, 6, 12, 12));
const whole = area(0, 0, 20, 20) - area(6, 6, 12, 12), triangle = [[18, 3], [19, 2.5], [19, 3.5], [18, 3]];
// geometry, and what it has in common with the question: 0 where only borders meet, undefined where nothing does.
const zones = {
  within: [polygon(box(1, 1, 2, 2)), area(1, 1, 2, 2)],
  'within, with a hole': [polygon(box(3, 1, 5, 3), box(3.5, 1.5, 4.5, 2.5)), area(3, 1, 5, 3) - area(3.5, 1.5, 4.5, 2.5)],
  'inside along the border': [polygon(box(0, 3, 1, 4)), area(0, 3, 1, 4)],
  'inside in the corner': [polygon(box(19, 19, 20, 20)), area(19, 19, 20, 20)],
  'inside, a corner on the border': [polygon([[0, 14], [1, 13], [1, 15], [0, 14]]), ringArea([[0, 14], [1, 13], [1, 15], [0, 14]].map(place))],
  'outside along the border': [polygon(box(-1, 4, 0, 5)), 0],
  'outside along more than the border': [polygon(box(20, -2, 22, 22)), 0],
  'outside at the corner': [polygon(box(-1, -1, 0, 0)), 0],
  'in the hole': [polygon(box(7, 7, 8, 8)), undefined],
  'in the hole along its border': [polygon(box(6, 8, 7, 9)), 0],
  'all of the hole': [polygon(box(6, 6, 12, 12)), 0],
  'along the hole': [polygon(box(5, 9, 6, 10)), area(5, 9, 6, 10)],
  'half in the hole': [polygon(box(5, 10.5, 7, 11.5)), area(5, 10.5, 6, 11.5)],
  'around the hole': [polygon(box(4, 4, 13, 13)), area(4, 4, 13, 13) - area(6, 6, 12, 12)],
  'all of it and more': [polygon(box(-5, -5, 25, 25)), whole],
  'around it': [polygon(box(-5, -5, 25, 25), box(0, 0, 20, 20)), 0],
  'far around it': [polygon(box(-9, -9, 29, 29), box(-7, -7, 27, 27)), undefined],
  itself: [question, whole],
  'across the border': [polygon(box(19, 10, 21, 11)), area(19, 10, 20, 11)],
  'across, a hole that touches its border': [polygon(box(18, 2, 22, 4), triangle), area(18, 2, 20, 4) - ringArea(triangle.map(place))],
  'across, a hole there': [polygon(box(18, 5, 22, 8), box(19, 6, 21, 7)), area(18, 5, 20, 8) - area(19, 6, 20, 7)],
  'a ring that touches itself': [polygon([[14, 7], [15, 8], [16, 7], [16, 9], [15, 8], [14, 9], [14, 7]]),
    2 * ringArea([[14, 7], [15, 8], [14, 9], [14, 7]].map(place))],
  'several: within, in the hole, across, outside': [{ type: 'MultiPolygon', coordinates: [box(14, 14, 15, 15), box(8.5, 8.5, 9, 9), box(15, 19, 16, 21), box(15, 22, 16, 23)].map((ring) => [ring.map(place)]) },
    area(14, 14, 15, 15) + area(15, 19, 16, 20)],
};

// Cells of three kinds about the corner of a cell of the index: 117.421875 is a meridian of zoom 9, and so is this parallel of its zoom.
const rowLat = (zoom, row) => Math.atan(Math.sinh(Math.PI * (1 - 2 * row / 2 ** zoom))) / RADIAN;
const corner = [117.421875, [10, 11, 12].flatMap((zoom) => Array.from({ length: 2 ** zoom }, (_, row) => rowLat(zoom, row))).find((lat) => lat > 31.7 && lat < 31.9)];
const CELLS = 24, CELL = 0.0008, tiles = [];
for (let i = 0; i < CELLS; i++) {
  for (let j = 0; j < CELLS; j++) {
    const at = (x, y) => [corner[0] + (x - CELLS / 2 + 0.3 * Math.sin(x * 7 + y * 3)) * CELL, corner[1] + (y - CELLS / 2 + 0.3 * Math.sin(x * 5 + y * 11)) * CELL].map((v) => Number(v.toFixed(9)));
    const ring = [at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)];
    tiles.push({ id: `T${i}-${j}`, number: (i + j) % 3, geometry: { type: 'Polygon', coordinates: [[...ring, ring[0]]] } });
  }
}

const dir = folder(), store = join(dir, 'places.dk');
const put = (name, text) => {
  writeFileSync(join(dir, name), text, { mode: 0o600 });
  return join(dir, name);
};
run('create', store, '--catalogue', put('catalogue.yaml', catalogue));
const rows = Object.entries(zones).map(([id, [geometry]]) => ({ id, kind: id, geometry }));
run('load', store, 'zone', put('zone.geojson', featureCollection(rows)), '--publish');
run('load', store, 'tile', put('tile.geojson', featureCollection(tiles)), '--publish');
// Every row again, changed: what is asked of lies scattered in the table, and old versions between.
run('load', store, 'tile', put('again.geojson', featureCollection(tiles.filter((_, i) => i % 3 === 0).map((tile) => ({ ...tile, number: tile.number + 10 })))), '--replace', '--publish');
put('tokens', `${CHIEF} * 李四\n`);
const server = await serve(store);
after(() => server.stop());

async function post(geometry, layers) {
  const answer = await get(`${server.url}/overlaps?layers=${layers}`, { method: 'POST', body: JSON.stringify(geometry), headers: { 'Content-Type': 'application/geo+json' } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json.layers[0];
}
// Rounded as they are written, -0 and all: the same text.
const items = (layer) => layer.items.map(({ key, area_m2: common, touches_only: touches }) => [key, common, touches]);

test('within, along the border, across it, in a hole, around it: each with what it has in common', async () => {
  const layer = await post(question, 'zone'), found = new Map(layer.items.map((item) => [item.key, item]));
  for (const [key, [geometry, common]] of Object.entries(zones)) {
    const item = found.get(key);
    assert.equal(item !== undefined, common !== undefined, `${key}: ${item ? 'is' : 'is not'} met`);
    if (!item) continue;
    near(item.area_m2, common, key);
    assert.equal(item.touches_only, common === 0, key);
    if (key !== 'a ring that touches itself') near(item.item_area_m2, areaOf(geometry), key);
    near(layer.totals.find(({ value }) => value === key)?.area_m2 ?? 0, common, `the total of ${key}`);
  }
  assert.equal(found.size, Object.values(zones).filter(([, common]) => common !== undefined).length);
});

test('of a stored row the same as of its outline, without itself', async () => {
  const answer = await get(`${server.url}/collections/zone/items/itself/overlaps?layers=zone`);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(items(answer.json.layers[0]), items(await post(question, 'zone')).filter(([key]) => key !== 'itself'));
});

test('across the borders of cells of the index, rows of old and new batches, as GEOS cuts them', async () => {
  const star = (points, radius) => Array.from({ length: points }, (_, i) => {
    const t = i / points * 2 * Math.PI, r = radius * (1 + 0.2 * Math.sin(5 * t));
    return [corner[0] + 0.0011 + r * Math.cos(t), corner[1] - 0.0004 + r * Math.sin(t)].map((v) => Number(v.toFixed(9)));
  });
  const closed = (ring) => [...ring, ring[0]], asked = { type: 'Polygon', coordinates: [closed(star(300, 0.0067)), closed(star(40, 0.0021).reverse())] };
  put('asked.geojson', JSON.stringify({ type: 'Feature', properties: {}, geometry: asked }));
  const cut = JSON.parse(execFileSync('ogr2ogr', ['-f', 'GeoJSON', '-lco', 'COORDINATE_PRECISION=15', '/vsistdout/', join(dir, 'tile.geojson'),
    '-clipsrc', join(dir, 'asked.geojson')], { encoding: 'utf8' })).features.filter(({ geometry }) => /Polygon/.test(geometry?.type));
  const layer = await post(asked, 'tile'), found = new Map(layer.items.map((item) => [item.key, item])), totals = new Map();
  assert.ok(cut.length > 200 && layer.items.some((item) => item.share_of_item === 1) && layer.items.some((item) => item.share_of_item < 1));
  for (const { properties, geometry } of cut) {
    const expected = areaOf(geometry), { number } = tiles.find(({ id }) => id === properties.id);
    const now = tiles.findIndex(({ id }) => id === properties.id) % 3 === 0 ? number + 10 : number;
    near(found.get(properties.id).area_m2, expected, properties.id);
    assert.equal(found.get(properties.id).properties.id, properties.id);
    totals.set(String(now), (totals.get(String(now)) ?? 0) + expected);
  }
  assert.equal(layer.items.filter((item) => !item.touches_only).length, cut.length);
  assert.deepEqual(layer.totals.map(({ value }) => value).sort(), [...totals.keys()].sort());
  for (const { value, area_m2: total } of layer.totals) near(total, totals.get(value), `the total of ${value}`);
});
