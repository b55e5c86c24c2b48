// The budget of a tile where it is hardest to keep: features of one size, features that reach over the corner of four tiles, and
// crowds on both sides of a border of WebMercatorQuad inside one tile of CGCS2000Quad. By the programs without sanitizers.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { get } from '../http/county.mjs';
import { catalogue, makeLand, randomOf, readTile, served, tilesOf } from './land.mjs';

const MOST_BYTES = 500000, SETS = ['WebMercatorQuad', 'CGCS2000Quad'];
const noted = catalogue.replace('tiles: true}\n      - {name: households',
  'tiles: true}\n      - {name: note, title: 说明, type: text, audience: public, tiles: true}\n      - {name: households');
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const textOf = (random, n) => Array.from({ length: n }, () => LETTERS[Math.floor(random() * LETTERS.length)]).join('');
const rectangle = (x0, y0, x1, y1) => [[[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]];
const lonOf = (x, z) => x / 2 ** z * 360 - 180, latOf = (y, z) => Math.atan(Math.sinh(Math.PI * (1 - 2 * y / 2 ** z))) * 180 / Math.PI;

/** The degrees that a tile shows, without its buffer. */
function degreesOf({ z, x, y }, set) {
  const lat = set === 'CGCS2000Quad' ? (row) => 90 - row / 2 ** z * 360 : (row) => latOf(row, z);
  return [lonOf(x, z), lat(y + 1), lonOf(x + 1, z), lat(y)];
}

/** Reads every tile of the zooms: no tile is too large, all are drawn or counted, what is drawn anywhere is drawn wherever it is, and both
 * sets draw the same. Gives {zoom: how many are drawn, largest}. */
async function check(land, features, zooms) {
  const boxes = new Map(features.map(({ id, rings: [ring] }) => {
    const xs = ring.map(([x]) => x), ys = ring.map(([, y]) => y);
    return [id, [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]];
  }));
  const all = [...boxes.values()].reduce((a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]);
  const found = {};
  await served(land, async (url) => {
    for (const z of zooms) {
      const bySet = {};
      for (const set of SETS) {
        const tiles = [], drawn = new Set();
        let counted = 0, largest = 0;
        for (const tile of tilesOf(all, z, set)) {
          const { layers } = await readTile(url, 'zone', tile, set), grid = await readTile(url, 'zone_grid', tile, set);
          for (const coding of ['gzip', 'zstd']) {
            const path = set === 'WebMercatorQuad' ? `/xyz/zone,zone_grid/${z}/${tile.x}/${tile.y}` : `/collections/zone/tiles/${set}/${z}/${tile.y}/${tile.x}`;
            const { raw } = await get(`${url}${path}`, { headers: { 'Accept-Encoding': coding } });
            assert.ok(raw.length <= MOST_BYTES, `${set} ${z}/${tile.x}/${tile.y} has ${raw.length} bytes in ${coding}`);
            largest = Math.max(largest, raw.length);
          }
          const here = new Set((layers.zone ?? []).map(({ properties }) => properties.id));
          for (const id of here) drawn.add(id);
          tiles.push({ tile, here });
          for (const { properties } of grid.layers.zone_grid ?? []) counted += properties.count;
        }
        assert.equal(drawn.size + counted, features.length, `${set} zoom ${z}`);
        for (const { tile, here } of tiles) {
          const [west, south, east, north] = degreesOf(tile, set), dx = (east - west) / 500, dy = (north - south) / 500;
          for (const id of drawn) {
            const [x0, y0, x1, y1] = boxes.get(id); // what reaches in by several units is seen
            if (Math.min(x1, east) - Math.max(x0, west) > dx && Math.min(y1, north) - Math.max(y0, south) > dy) assert.ok(here.has(id), `${set} ${z}/${tile.x}/${tile.y}: ${id} is drawn elsewhere and not here`);
          }
        }
        bySet[set] = [...drawn].sort();
        found[z] = { drawn: drawn.size, largest: Math.max(largest, found[z]?.largest ?? 0) };
      }
      assert.deepEqual(bySet.CGCS2000Quad, bySet.WebMercatorQuad, `zoom ${z}: both sets draw the same`);
    }
  });
  assert.match(land.run('check', land.store), /sound/);
  return found;
}

/** What every tile of the zooms shows: keys in the order of their letters, and what is counted. */
const shownIn = (land, box, zooms) => served(land, async (url) => {
  const shown = {};
  for (const set of SETS) {
    for (const tile of zooms.flatMap((zoom) => tilesOf(box, zoom, set))) {
      const { layers } = await readTile(url, 'zone', tile, set), grid = await readTile(url, 'zone_grid', tile, set);
      shown[`${set} ${tile.z}/${tile.x}/${tile.y}`] = [(layers.zone ?? []).map(({ properties }) => properties.id).sort(), (grid.layers.zone_grid ?? []).map(({ id, properties, rings }) => [id, properties, rings])];
    }
  }
  return shown;
});

/** In two batches, one of them withdrawn and loaded again: as if loaded at once. */
async function assertNoTrace(land, name, features, zooms) {
  const box = features.reduce(([a, b, c, d], { rings: [ring] }) => ring.reduce(([w, s, e, n], [x, y]) => [Math.min(w, x), Math.min(s, y), Math.max(e, x), Math.max(n, y)], [a, b, c, d]), [180, 90, -180, -90]);
  const other = makeLand(noted, { large: true }), half = features.filter((_, i) => i % 3 === 0), rest = features.filter((_, i) => i % 3 !== 0);
  other.load('half', half);
  other.load('rest', rest);
  other.run('withdraw', other.store, '1', '--reason', 'test');
  other.load('half', half);
  assert.deepEqual(await shownIn(other, box, zooms), await shownIn(land, box, zooms), name);
  assert.match(other.run('check', other.store), /sound/);
}

test('20,000 squares of one size: as many as there is room for are drawn, not none', async () => {
  const land = makeLand(noted, { large: true }), random = randomOf(8), SIDE = 0.00008, STEP = 0.00012, N = 142;
  const squares = Array.from({ length: N * N }, (_, k) => {
    const x = 117.21 + (k % N) * STEP, y = 31.81 + Math.floor(k / N) * STEP;
    return { id: `q${k}`, note: textOf(random, 60), households: 1, rings: rectangle(x, y, x + SIDE, y + SIDE) };
  });
  land.load('squares', squares);
  const found = await check(land, squares, [12, 13, 14, 15, 16]);
  assert.ok(found[13].drawn > 3000 && found[13].drawn < squares.length, `${found[13].drawn} are drawn at zoom 13`);
  assert.ok(found[13].largest > 200000, `the largest tile of zoom 13 has ${found[13].largest} bytes`);
  assert.equal(found[16].drawn, squares.length, 'at the top zoom all are drawn');
  await assertNoTrace(land, 'squares', squares, [13, 14]);
});

test('4,000 rectangles that reach over one corner of four tiles, each with its label in another', async () => {
  const land = makeLand(noted, { large: true }), random = randomOf(2), z = 11;
  const lon = lonOf(Math.floor((117.5 + 180) / 360 * 2 ** z), z), lat = latOf(tilesOf([117.5, 32, 117.5, 32], z)[0].y, z);
  const features = Array.from({ length: 4000 }, (_, i) => {
    const a = i & 1 ? 1 : -1, b = i & 2 ? 1 : -1, side = 0.008 + random() * 0.014, over = 0.0001 + random() * 0.001;
    const [x0, x1] = [lon - a * over, lon + a * side].sort((p, q) => p - q), [y0, y1] = [lat - b * over, lat + b * side].sort((p, q) => p - q);
    return { id: `k${i}`, note: textOf(random, 480), households: 1, rings: rectangle(x0, y0, x1, y1) };
  });
  land.load('corner', features);
  const found = await check(land, features, [11, 15, 16]);
  for (const zoom of [11, 16]) assert.ok(found[zoom].drawn > 500 && found[zoom].largest > 200000, `zoom ${zoom}: ${JSON.stringify(found[zoom])}`);
  // Where each reaches over more than three tiles, all are over the corner: what was drawn at the zoom before, and no more.
  await served(land, async (url) => {
    const at = [lon - 1e-9, lat - 1e-9, lon + 1e-9, lat + 1e-9];
    for (const set of SETS) {
      for (const zoom of [18, 20, 22]) {
        const drawn = new Set();
        for (const tile of tilesOf(at, zoom, set)) {
          const { size, layers } = await readTile(url, 'zone', tile, set);
          assert.ok(size <= MOST_BYTES, `${set} ${zoom}: ${size} bytes`);
          for (const { properties } of layers.zone) drawn.add(properties.id);
        }
        assert.equal(drawn.size, found[16].drawn, `${set} ${zoom}`);
      }
    }
  });
  await assertNoTrace(land, 'corner', features, [11, 15]);
});

test('600 rectangles of all sizes over one place: what each zoom lets in does not add up', async () => {
  const random = randomOf(5), place = [117.5, 32], at = [place[0] - 1e-7, place[1] - 1e-7, place[0] + 1e-7, place[1] + 1e-7];
  const features = Array.from({ length: 600 }, (_, i) => {
    const side = 3 * 360 / 2 ** (10 + 8 * random()), west = place[0] - side * (0.1 + 0.8 * random()), south = place[1] - side * 0.85 * (0.1 + 0.8 * random());
    return { id: `p${i}`, note: textOf(random, 4000), households: 1, rings: rectangle(west, south, west + side, south + side * 0.85) };
  });
  /** Of both sets, zoom by zoom: what the tile of the place draws. */
  const over = (land) => served(land, async (url) => {
    const drawn = {};
    for (const set of SETS) {
      for (let zoom = 6; zoom <= 20; zoom++) {
        for (const tile of tilesOf(at, zoom, set).slice(0, 1)) {
          const { size, layers } = await readTile(url, 'zone', tile, set);
          assert.ok(size <= MOST_BYTES, `${set} ${zoom}: ${size} bytes`);
          drawn[`${set} ${zoom}`] = layers.zone.map(({ properties }) => properties.id).sort();
          assert.ok(drawn[`${set} ${zoom}`].length > 100, `${set} ${zoom}: ${drawn[`${set} ${zoom}`].length} are drawn`);
        }
      }
    }
    return drawn;
  });
  const land = makeLand(noted, { large: true }), other = makeLand(noted, { large: true });
  land.load('pile', features);
  other.load('half', features.filter((_, i) => i % 2));
  other.load('rest', features.filter((_, i) => i % 2 === 0));
  other.run('withdraw', other.store, '1', '--reason', 'test');
  other.load('half', features.filter((_, i) => i % 2));
  assert.deepEqual(await over(other), await over(land));
  assert.match(other.run('check', other.store), /sound/);
});

test('2,200 parcels with long texts beside the border of two columns: what lies in either may be little, and a tile shows both', async () => {
  const random = randomOf(3), [lon, lat, metre] = [118.125, 31.9, 1 / 111320], dx = metre / Math.cos(lat * Math.PI / 180); // 118.125: a border from zoom 6 on, in both sets
  const parcels = (n, letters) => Array.from({ length: n }, (_, i) => {
    const x = lon + (random() - 0.5) * 240 * dx, y = lat + (random() - 0.5) * 240 * metre, half = 12 + 2 * random();
    return { id: `p${i}`, households: 1, note: textOf(random, letters), rings: rectangle(x - half * dx, y - half * metre, x + half * dx, y + half * metre) };
  });
  const beside = parcels(2200, 440), land = makeLand(noted, { large: true });
  land.load('beside', beside);
  const found = await check(land, beside, [11, 12, 14, 16]);
  for (const z of [12, 14]) assert.ok(found[z].drawn > 500 && found[z].drawn < 2200, JSON.stringify(found));
});

test('a crowd that is just too much for a tile leaves out the same, whether more of it came and went or not', async () => {
  const random = randomOf(4), metre = 1 / 111320, dx = metre / Math.cos(31.9 * Math.PI / 180);
  const parcels = (n, name) => Array.from({ length: n }, (_, i) => {
    const x = 117.3 + random() * 240 * dx, y = 31.9 + random() * 240 * metre, half = 12 + 2 * random();
    return { id: `${name}${i}`, households: 1, note: textOf(random, 440), rings: rectangle(x - half * dx, y - half * metre, x + half * dx, y + half * metre) };
  });
  const some = parcels(1120, 'p'), fresh = makeLand(noted, { large: true }), other = makeLand(noted, { large: true });
  fresh.load('some', some);
  other.load('more', parcels(200, 'x'));
  other.load('some', some);
  other.run('withdraw', other.store, '1', '--reason', 'test');
  const box = [117.299, 31.899, 117.303, 31.903];
  const shown = await shownIn(fresh, box, [11, 12, 13]);
  assert.deepEqual(await shownIn(other, box, [11, 12, 13]), shown);
  const drawn = new Set(Object.entries(shown).filter(([name]) => name.includes(' 12/')).flatMap(([, [ids]]) => ids));
  assert.ok(drawn.size > 500 && drawn.size < 1120, `${drawn.size} drawn`);
});

test('crowds on both sides of a row of WebMercatorQuad that lies in the middle of one of CGCS2000Quad', async () => {
  const land = makeLand(noted, { large: true }), random = randomOf(3), z = 13;
  // The row whose northern edge is nearest to the middle of a row of degrees.
  const fraction = (y) => (90 - latOf(y, z)) / 360 * 2 ** z % 1;
  const edge = latOf(Array.from({ length: 60 }, (_, i) => 3310 + i).sort((p, q) => Math.abs(fraction(p) - 0.5) - Math.abs(fraction(q) - 0.5))[0], z);
  const west = lonOf(Math.floor((117.5 + 180) / 360 * 2 ** z) + 0.3, z), features = [];
  for (const side of [1, -1]) {
    for (let i = 0; i < 60; i++) {
      for (let j = 0; j < 30; j++) {
        const size = 1e-4 * (1 + 0.5 * random()), x = west + i * 2e-4, y = side > 0 ? edge + 0.0006 + j * 2e-4 : edge - 0.0006 - j * 2e-4 - size;
        features.push({ id: `r${side}-${i}-${j}`, note: textOf(random, 240), households: 1, rings: rectangle(x, y, x + size, y + size) });
      }
    }
  }
  land.load('rows', features);
  const found = await check(land, features, [11, 12, 13, 14, 15]);
  assert.ok(found[13].largest > 300000 && found[13].drawn > 1000, JSON.stringify(found[13]));
  await assertNoTrace(land, 'rows', features, [12, 13, 14]);
});

test('crowds of any size and shape: thresholds, and what they leave out, are those of a fresh load, whatever came and went', () => {
  const sheets = (store) => {
    execFileSync('sqlite3', [store, 'pragma wal_checkpoint(truncate)']);
    return ['raised', 'raised_plate'].map((name) => execFileSync('sqlite3', [store, `select id>>17,hex(data) from ${name}_zone where died=0 order by id`], { encoding: 'utf8', maxBuffer: 1 << 28 }).split('\n'));
  };
  for (const seed of [5, 10]) {
    const random = randomOf(seed), n = 1500 + Math.floor(random() * 3000), letters = 60 + Math.floor(random() * 300);
    const x = 117.2 + random(), y = 31.5 + random(), spread = 10 ** (-3 + 2.5 * random()), largest = 10 ** (-3 + 2.2 * random());
    const features = Array.from({ length: n }, (_, i) => {
      const size = largest * 10 ** (-2 * random() * random()), x0 = x + spread * (random() - 0.5), y0 = y + spread * (random() - 0.5);
      const [west, east] = [x0, x0 + (random() < 0.5 ? size : -size)].sort((p, q) => p - q), [south, north] = [y0, y0 + (random() < 0.5 ? size : -size) * (0.2 + random())].sort((p, q) => p - q);
      return { id: `f${i}`, households: 1, note: textOf(random, letters), rings: rectangle(west, south, east, north) };
    });
    const fresh = makeLand(noted, { large: true }), other = makeLand(noted, { large: true });
    fresh.load('all', features);
    const parts = Array.from({ length: 4 }, (_, k) => features.filter((_f, i) => (i * 7 + (i >> 5)) % 4 === k));
    for (const k of [3, 1, 0, 2]) other.load(`part${k}`, parts[k]);
    other.load('more', features.slice(0, 800).map((feature, i) => ({ ...feature, id: `x${i}` })));
    other.run('withdraw', other.store, '5', '--reason', 'test');
    other.run('withdraw', other.store, '1', '--reason', 'test');
    other.load('again', parts[3]);
    const found = sheets(fresh.store);
    assert.ok(found[0].length > 10 && found[1].length > 5, `seed ${seed}: ${found.map((lines) => lines.length)}`);
    assert.deepEqual(sheets(other.store), found, `seed ${seed}`);
  }
});
