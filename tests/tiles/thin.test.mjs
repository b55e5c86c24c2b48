// Parcels of a few millimetres or centimetres: whatever is left of them on the grid, each is drawn or counted at every zoom.
import test from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '../http/county.mjs';
import { catalogue, makeLand, readTile, tilesOf } from './land.mjs';

const METRE = 1 / 111000, parcels = [];
const put = (name, corners) => parcels.push({ id: name, households: 1, rings: [[...corners, corners[0]]] });
const place = () => [117.2 + 0.0021 * (parcels.length % 10), 31.6 + 0.0023 * Math.floor(parcels.length / 10)];
for (const side of [0.003, 0.005, 0.008, 0.012, 0.02, 0.05])
  for (let i = 0; i < 5; i++) {
    const [x, y] = place(), s = side * METRE;
    put(`square ${side} ${i}`, [[x, y], [x + s, y], [x + s, y + s], [x, y + s]]);
  }
for (const [width, length] of [[0.003, 30], [0.01, 30], [0.02, 30], [0.02, 150], [0.05, 30]])
  for (let i = 0; i < 8; i++) {
    const [x, y] = place(), c = Math.cos(i * 0.4), s = Math.sin(i * 0.4), l = length * METRE, w = width * METRE;
    put(`strip ${width} ${length} ${i}`, [[x, y], [x + c * l, y + s * l], [x + c * l - s * w, y + s * l + c * w], [x - s * w, y + c * w]]);
  }
// Ditches that bend: at some zooms the same corners are left of both their sides.
for (const [width, length, bend] of [[0.013, 1, 2], [0.016, 5, 1], [0.016, 7, 2.5], [0.019, 9, 0.7]])
  for (let i = 0; i < 5; i++) {
    const [x, y] = place(), corners = 15 + 8 * i, radius = length / bend * METRE, half = width / 2 * METRE;
    const side = (r) => Array.from({ length: corners }, (_, k) => [x + r * Math.sin(i + bend * k / corners), y + r * Math.cos(i + bend * k / corners)]);
    put(`ditch ${width} ${length} ${i}`, [...side(radius + half), ...side(radius - half).reverse()]);
  }
// Frames that are all hole, but for walls of some millimetres; half of them across a border of tiles.
for (const wall of [0.001, 0.004, 0.009, 0.013, 0.018])
  for (let i = 0; i < 6; i++) {
    const size = [0.3, 8, 40][i % 3] * METRE, w = wall * METRE, border = 117.2021484375 + 0.0054931640625 * (i % 3);
    const [x, y] = i < 3 ? place() : [border - size / 3, place()[1]], X = x + size, Y = y + size;
    put(`frame ${wall} ${i}`, [[x, y], [X, y], [X, Y], [x, Y]]);
    parcels.at(-1).rings.push([[x + w, y + w], [x + w, Y - w], [X - w, Y - w], [X - w, y + w], [x + w, y + w]]);
  }

for (const draw of ['', 'draw: all'])
  test(`parcels as thin as a centimetre do not vanish${draw && ', where everything is drawn'}`, async () => {
    const land = makeLand(draw ? catalogue.replace(/^( +)zooms: .*$/m, (line, indent) => `${line}\n${indent}${draw}`) : catalogue);
    writeFileSync(join(land.dir, 'tokens'), 'token-for-the-tests-0001 * all\n', { mode: 0o600 });
    land.load('p', parcels);
    const server = await serve(land.store);
    try {
      for (const set of ['WebMercatorQuad', 'CGCS2000Quad'])
        for (const z of [12, 14, 16, 18]) {
          const drawn = new Set();
          let counted = 0;
          for (const tile of tilesOf([117.199, 31.599, 117.222, 31.628], z, set)) {
            const layers = { ...(await readTile(server.url, 'zone', tile, set)).layers, ...(!draw && (await readTile(server.url, 'zone_grid', tile, set)).layers) };
            for (const { properties } of layers.zone ?? []) drawn.add(properties.id);
            for (const { properties } of layers.zone_grid ?? []) counted += properties.count;
          }
          assert.equal(drawn.size + counted, parcels.length, `${set} z${z}: ${parcels.map((p) => p.id).filter((id) => !drawn.has(id)).slice(0, 5)}`);
          if (draw) assert.equal(counted, 0);
        }
    } finally {
      await server.stop();
    }
  });
