// Zones that share borders, loaded apart: with T-junctions and noise of 5 mm, in either order, withdrawn and loaded again.
import test from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { serve } from '../http/county.mjs';
import { geos, makeLand, randomOf, readTile, tilesOf, wkt } from './land.mjs';

const WEST = 117.1, SOUTH = 31.7, STEP = 0.01, COLUMNS = 12, ROWS = 8;
const BOX = [WEST, SOUTH, WEST + COLUMNS * STEP, SOUTH + ROWS * STEP];
const MILLIMETRE = 1 / 111320000;

/** A coverage of COLUMNS x ROWS zones with wiggly borders. The right half has vertices of its own on the common border
 * (T-junctions), and every one of its positions is up to 5 mm off. */
function coverage() {
  const random = randomOf(7);
  const corners = Array.from({ length: COLUMNS + 1 }, (_, i) => Array.from({ length: ROWS + 1 }, (__, j) =>
    [WEST + (i + (i > 0 && i < COLUMNS ? (random() - 0.5) * 0.5 : 0)) * STEP, SOUTH + (j + (j > 0 && j < ROWS ? (random() - 0.5) * 0.5 : 0)) * STEP]));
  const borders = new Map();
  /** Positions from a to b, both included, wiggling between them, less near the ends so that no two borders cross. */
  const border = (a, b, name) => {
    if (!borders.has(name)) {
      const n = 6 + Math.floor(random() * 20);
      borders.set(name, Array.from({ length: n + 1 }, (_, k) => {
        const t = k / n, off = (random() - 0.5) * 0.4 * STEP * t * (1 - t);
        return [a[0] + (b[0] - a[0]) * t - (b[1] - a[1]) / STEP * off, a[1] + (b[1] - a[1]) * t + (b[0] - a[0]) / STEP * off];
      }));
    }
    return borders.get(name);
  };
  const half = COLUMNS / 2;
  const extra = (line) => line.flatMap((p, k) => (k % 3 === 1 ? [[(line[k - 1][0] + p[0]) / 2, (line[k - 1][1] + p[1]) / 2], p] : [p]));
  const left = [], right = [];
  const noise = new Map();
  const noisy = (p) => {
    const name = `${p[0]} ${p[1]}`;
    if (!noise.has(name)) noise.set(name, [p[0] + (random() - 0.5) * 7 * MILLIMETRE, p[1] + (random() - 0.5) * 7 * MILLIMETRE]);
    return noise.get(name);
  };
  for (let i = 0; i < COLUMNS; i++) {
    for (let j = 0; j < ROWS; j++) {
      const isRight = i >= half;
      const south = border(corners[i][j], corners[i + 1][j], `h${i},${j}`), north = border(corners[i][j + 1], corners[i + 1][j + 1], `h${i},${j + 1}`);
      let west = border(corners[i][j], corners[i][j + 1], `v${i},${j}`);
      const east = border(corners[i + 1][j], corners[i + 1][j + 1], `v${i + 1},${j}`);
      if (i === half) west = extra(west);
      let ring = [...south, ...east.slice(1), ...[...north].reverse().slice(1), ...[...west].reverse().slice(1)];
      if (isRight) ring = ring.map(noisy);
      ring[ring.length - 1] = ring[0];
      (isRight ? right : left).push({ id: `Z${i}-${j}`, households: i + j, rings: [ring] });
    }
  }
  return { left, right };
}
const { left, right } = coverage();

/** All tiles of the coverage, features by their id attribute, without the store's numbers. */
async function everything(store, zooms = [4, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16]) {
  writeFileSync(join(dirname(store), 'tokens'), 'token-for-the-tests-0001 * all\n', { mode: 0o600 });
  const server = await serve(store);
  try {
    const tiles = {};
    for (const z of zooms) {
      for (const tile of tilesOf(BOX, z)) {
        const { layers } = await readTile(server.url, 'zone,zone_grid', tile);
        tiles[`${z}/${tile.x}/${tile.y}`] = {
          zone: (layers.zone ?? []).map(({ properties, rings }) => ({ ...properties, rings })).sort((a, b) => (a.id < b.id ? -1 : 1)),
          grid: layers.zone_grid ?? [],
        };
      }
    }
    return tiles;
  } finally {
    await server.stop();
  }
}

const fresh = makeLand();
fresh.load('left', left);
fresh.load('right', right);
const expected = await everything(fresh.store);

test('in the other order the tiles are the same', async () => {
  const land = makeLand();
  land.load('right', right);
  land.load('left', left);
  assert.deepEqual(await everything(land.store), expected);
  assert.match(land.run('check', land.store), /sound/);
});

test('withdrawn and loaded again the tiles are the same; in between those of the other half alone', async () => {
  const land = makeLand();
  land.load('left', left);
  const alone = await everything(land.store);
  land.load('right', right);
  land.run('withdraw', land.store, '2', '--reason', 'test');
  assert.deepEqual(await everything(land.store), alone);
  land.load('again', right);
  assert.deepEqual(await everything(land.store), expected);
  land.run('withdraw', land.store, '1', '--reason', 'test');
  land.load('left again', left);
  assert.deepEqual(await everything(land.store), expected);
  assert.match(land.run('check', land.store), /sound/);
});

test('a vertex more on the border with a large outline reaches the pieces of that outline', () => {
  const land = makeLand();
  // Half a disc of 3,000 vertices, and beside its straight side a zone that is given anew with a vertex 5 mm off in it.
  const arc = Array.from({ length: 3000 }, (_, i) => [118 - 0.3 * Math.sin(i / 2999 * Math.PI), 32 - 0.3 * Math.cos(i / 2999 * Math.PI)]);
  const [south, north] = [[118, 31.7], [118, 32.3]];
  const disc = [south, ...arc.slice(1, -1), north, south].reverse();
  const beside = (...extra) => [{ id: 'beside', households: 2, rings: [[south, [118.1, 31.8], [118.1, 32.2], north, ...extra, south]] }];
  land.load('disc', [{ id: 'disc', households: 1, rings: [disc] }]);
  land.load('beside', beside());
  land.load('beside anew', beside([118 + 5 * MILLIMETRE, 32.05]), '--replace');
  assert.match(land.run('check', land.store), /sound/);
});

test('a straight border of 70 km is the same line on both sides, in both grids: in pieces, and with vertices in it', async () => {
  // Straight in degrees, it is bent in Web Mercator, by 100 m in its middle.
  const land = makeLand();
  const [a, b] = [[117.2, 31.4], [117.8, 31.8]], on = (t) => [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
  const arc = Array.from({ length: 2000 }, (_, i) => [on(1 - i / 1999)[0] - 0.1 * Math.sin(i / 1999 * Math.PI), on(1 - i / 1999)[1] + 0.15 * Math.sin(i / 1999 * Math.PI)]);
  land.load('bow', [{ id: 'bow', households: 1, rings: [[a, b, ...arc.slice(1, -1), a]] }]);
  land.load('string', [{ id: 'west', households: 1, rings: [[a, [117.6, 31.4], on(0.45), a]] }, { id: 'east', households: 1, rings: [[on(0.45), [117.6, 31.4], b, on(0.45)]] }]);
  assert.match(land.run('check', land.store), /sound/);
  writeFileSync(join(land.dir, 'tokens'), 'token-for-the-tests-0001 * all\n', { mode: 0o600 });
  const server = await serve(land.store);
  try {
    let compared = 0;
    for (const set of ['WebMercatorQuad', 'CGCS2000Quad']) {
      for (let z = 8; z <= 16; z++) {
        for (const t of [0.1, 0.2, 0.35, 0.5, 0.6, 0.7, 0.85]) {
          const [lon, lat] = on(t), [tile] = tilesOf([lon, lat, lon, lat], z, set), n = 2 ** z;
          const row = set === 'WebMercatorQuad' ? (1 - Math.asinh(Math.tan(lat * Math.PI / 180)) / Math.PI) / 2 * n : (90 - lat) / 360 * n;
          const [x, y] = [((lon + 180) / 360 * n - tile.x) * 4096, (row - tile.y) * 4096];
          const fromEdge = ([u, v], [p, q]) => {
            const along = Math.min(1, Math.max(0, ((x - u) * (p - u) + (y - v) * (q - v)) / ((p - u) ** 2 + (q - v) ** 2)));
            return Math.hypot(u + along * (p - u) - x, v + along * (q - v) - y);
          };
          const { zone } = (await readTile(server.url, 'zone', tile, set)).layers;
          for (const id of ['bow', t < 0.45 ? 'west' : 'east']) {
            const { rings } = zone.find(({ properties }) => properties.id === id);
            const away = Math.min(...rings.flatMap((ring) => ring.slice(1).map((to, i) => fromEdge(ring[i], to))));
            assert.ok(away < 1.25, `${set} zoom ${z}, ${t} of the way: ${id} is ${away} units away`);
            compared++;
          }
        }
      }
    }
    assert.equal(compared, 2 * 9 * 7 * 2);
  } finally {
    await server.stop();
  }
});

test('rebuilt from the rows the index gives the same tiles', async () => {
  fresh.run('reindex', fresh.store);
  assert.deepEqual(await everything(fresh.store), expected);
});

test('loaded one by one, in any order, the tiles are the same', async () => {
  const land = makeLand();
  const random = randomOf(11);
  const all = [...left, ...right].map((zone) => [random(), zone]).sort(([a], [b]) => a - b).map(([, zone]) => zone);
  for (let i = 0; i < all.length; i += 7) land.load(`part${i}`, all.slice(i, i + 7));
  assert.deepEqual(await everything(land.store), expected);
});

test('at every zoom the zones are valid, and leave no gap and no overlap wider than a unit between them', () => {
  const polygons = [], groups = [];
  let drawn = 0;
  for (const { zone } of Object.values(expected)) {
    const texts = zone.map(({ rings }) => wkt(rings));
    drawn += texts.length;
    polygons.push(...texts);
    if (texts.length > 1) groups.push(`GEOMETRYCOLLECTION(${texts.join(',')})`);
  }
  assert.ok(drawn > 1000, `${drawn} drawn`);
  assert.equal(geos('invalid', polygons), '0');
  assert.equal(geos('slivers', groups), '0');
});

test('the common border is simplified, and alike on both sides', () => {
  // At zoom 12, where all are drawn, borders have a few of their vertices left; what is left is the same on both sides.
  let shared = 0, vertices = 0;
  for (const [name, { zone }] of Object.entries(expected)) {
    if (!name.startsWith('12/')) continue;
    const half = COLUMNS / 2;
    for (let j = 0; j < ROWS; j++) {
      const a = zone.find(({ id }) => id === `Z${half - 1}-${j}`), b = zone.find(({ id }) => id === `Z${half}-${j}`);
      if (!a || !b) continue;
      const inside = ([x, y]) => x > -60 && y > -60 && x < 4156 && y < 4156;
      const set = new Set(b.rings[0].filter(inside).map(String));
      shared += a.rings[0].filter(inside).filter((p) => set.has(String(p))).length;
      vertices += a.rings[0].length;
    }
  }
  assert.ok(shared >= 2 * ROWS, `${shared} shared of ${vertices}`);
});
