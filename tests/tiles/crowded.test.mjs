// What is too much for a tile: tens of thousands of parcels in one place, outlines of tens of thousands of vertices, and
// thousands of parts. By the programs without sanitizers: those draw such tiles in tests/tiles/neighbours.test.mjs and in
// tests/test_tile_render.c.
import test from 'node:test';
import assert from 'node:assert/strict';
import { get } from '../http/county.mjs';
import { assertValid, catalogue, insideArea, makeLand, randomOf, readTile, served, tilesOf, wkt } from './land.mjs';

const square = (west, south, width, height = width) => [[[west, south], [west + width, south], [west + width, south + height], [west, south + height], [west, south]]];

test('40,000 small parcels in one place: no tile is above 500 KB, none is lost, and neighbouring tiles agree', async () => {
  const land = makeLand(catalogue.replace('tiles: true}\n      - {name: households',
    'tiles: true}\n      - {name: note, title: 说明, type: text, audience: public, tiles: true}\n' +
    '      - {name: half, title: 半边, type: text, audience: public, values: [west, east], tiles: true}\n      - {name: households')
    .replace('grid: [households]', 'grid: [households, half]'), { large: true });
  const random = randomOf(3), SIDE = 200, STEP = 0.00012, west = 117.205, south = 31.805;
  const parcels = [];
  for (let i = 0; i < SIDE; i++) {
    for (let j = 0; j < SIDE; j++) {
      // Texts that nothing can compress, without digits, which may look like a telephone's; and sizes that differ.
      const note = Array.from({ length: 4 }, () => Math.floor(random() * 2 ** 32).toString(36)).join('').replace(/\d/g, (d) => 'ABCDEFGHIJ'[d]);
      parcels.push({ id: `${i}-${j}`, note, half: j % 3 ? 'west' : 'east', households: 1, rings: square(west + i * STEP, south + j * STEP, STEP * (0.5 + 0.4 * random())) });
    }
  }
  land.load('crowd', parcels.slice(0, 30000));
  land.load('more', parcels.slice(30000));
  const box = [west, south, west + SIDE * STEP, south + SIDE * STEP];
  let crowded = 0, raised = 0;
  await served(land, async (url) => {
    for (let z = 0; z <= 16; z++) {
      const drawn = new Map();
      let counted = 0, households = 0;
      const halves = { west: 0, east: 0 };
      for (const tile of tilesOf(box, z)) {
        const { size, layers } = await readTile(url, 'zone,zone_grid', tile);
        const { raw } = await get(`${url}/xyz/zone,zone_grid/${z}/${tile.x}/${tile.y}`, { headers: { 'Accept-Encoding': 'gzip' } });
        assert.ok(raw.length <= 500000, `${z}/${tile.x}/${tile.y} has ${raw.length} bytes`);
        crowded = Math.max(crowded, raw.length);
        assert.ok(size > 0);
        for (const { id, properties, rings } of layers.zone ?? []) {
          if (!drawn.has(id)) {
            drawn.set(id, []);
            halves[properties.half]++;
          }
          drawn.get(id).push({ tile, rings });
        }
        for (const { properties } of layers.zone_grid ?? []) {
          counted += properties.count;
          households += properties.households;
          for (const half of ['west', 'east']) halves[half] += properties[`half_${half}`] ?? 0;
        }
      }
      assert.equal(drawn.size + counted, parcels.length, `zoom ${z}`);
      for (const half of ['west', 'east']) assert.equal(halves[half], parcels.filter((parcel) => parcel.half === half).length, `zoom ${z}`);
      assert.equal(households, counted);
      if (z >= 13 && counted > 0) raised++;
      // A parcel that reaches over a tile's edge by more than the edge's rounding is drawn on the other side too.
      for (const copies of drawn.values()) {
        for (const { tile, rings } of copies) {
          const xs = rings[0].map(([x]) => x);
          if (Math.min(...xs) < 4090 && Math.max(...xs) > 4110 && tilesOf(box, z).some(({ x, y }) => x === tile.x + 1 && y === tile.y)) {
            assert.ok(copies.some(({ tile: { x, y } }) => x === tile.x + 1 && y === tile.y), `zoom ${z}: drawn in one tile and not in its neighbour`);
          }
        }
      }
      if (z === 16) assert.equal(counted, 0, 'at the top zoom all are drawn');
    }
  });
  assert.ok(crowded > 150000 && raised > 0, `the largest tile has ${crowded} bytes; ${raised} zooms were thinned out`);
  assert.match(land.run('check', land.store), /sound/);
  land.run('withdraw', land.store, '1', '--reason', 'test');
  assert.match(land.run('check', land.store), /sound/);
});

test('5,000 parcels over one point: up to the last zoom no tile is above 500 KB, none is lost, and neighbouring tiles agree', async () => {
  const land = makeLand(catalogue.replace('tiles: true}\n      - {name: households',
    'tiles: true}\n      - {name: note, title: 说明, type: text, audience: public, tiles: true}\n      - {name: households'), { large: true });
  const random = randomOf(6), LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', lon = 117.2, lat = 31.8;
  const half = new Map(Array.from({ length: 5000 }, (_, i) => [`s${i}`, 0.0001 * (1 + Math.floor(random() * 40) / 40)])); // of its side, in degrees: further apart than borders are matched
  land.load('stack', Array.from(half, ([id, side]) => ({ id, households: 2, rings: square(lon - side, lat - side, 2 * side),
    note: Array.from({ length: 150 }, () => LETTERS[Math.floor(random() * LETTERS.length)]).join('') })));
  const most = Math.max(...half.values()), box = [lon - most, lat - most, lon + most, lat + most];
  await served(land, async (url) => {
    for (const set of ['WebMercatorQuad', 'CGCS2000Quad']) {
      for (const z of [18, 20, 21, 22]) {
        const tiles = [], all = new Set(), filtered = { count: 0, households: 0 };
        let counted = 0, households = 0;
        for (const tile of tilesOf(box, z, set)) {
          const { size, layers } = await readTile(url, 'zone', tile, set), grid = await readTile(url, 'zone_grid', tile, set);
          assert.ok(size + grid.size <= 500000, `${set} ${z}/${tile.x}/${tile.y} has ${size} bytes`);
          const drawn = new Set((layers.zone ?? []).map(({ properties }) => properties.id));
          for (const id of drawn) all.add(id);
          tiles.push({ tile, drawn });
          for (const { properties } of grid.layers.zone_grid ?? []) {
            counted += properties.count;
            households += properties.households;
          }
          const chosen = await readTile(url, 'zone_grid', tile, set, 'filter=households=2');
          for (const { properties } of chosen.layers.zone_grid ?? []) {
            filtered.count += properties.count;
            filtered.households += properties.households;
          }
        }
        assert.equal(all.size + counted, half.size, `${set} zoom ${z}`);
        assert.ok(all.size > 0 && counted > 0, `${set} zoom ${z}: ${all.size} are drawn`);
        assert.equal(households, 2 * counted);
        assert.deepEqual(filtered, { count: counted, households }, `${set} zoom ${z}: counted for a filter`);
        // A tile shows of what is drawn all that reaches a tenth of its width into it.
        for (const { tile: { x, y }, drawn } of tiles) {
          const west = (x + 0.1) / 2 ** z * 360 - 180, east = west + 0.8 / 2 ** z * 360;
          const [north, south] = [y + 0.1, y + 0.9].map((row) => set === 'CGCS2000Quad' ? 90 - row * 360 / 2 ** z : Math.atan(Math.sinh(Math.PI * (1 - 2 * row / 2 ** z))) * 180 / Math.PI);
          for (const id of all) {
            const side = half.get(id);
            if (lon - side < east && lon + side > west && lat - side < north && lat + side > south) assert.ok(drawn.has(id), `${set} ${z}/${x}/${y}: ${id} is drawn in another tile and not here`);
          }
        }
      }
    }
  });
  assert.match(land.run('check', land.store), /sound/);
});

test('layers that are crowded in the same place share a tile: all together, with sums of their grids, at most 500 KB, a small one keeps all, in any order', async () => {
  const SUMS = ['paid', 'owed', 'late', 'area', 'built'];
  const layer = catalogue.slice(catalogue.indexOf('  - name: zone')).replace('grid: [households]', `grid: [${SUMS}]`).replace('tiles: true}\n      - {name: households',
    `tiles: true}\n      - {name: note, title: 说明, type: text, audience: public, tiles: true}\n${SUMS.map((name) => `      - {name: ${name}, title: 数, type: number, audience: public}\n`).join('')}      - {name: households`);
  const text = catalogue.slice(0, catalogue.indexOf('  - name: zone')) + ['zone', 'parcel', 'few'].map((name) => layer.replace('name: zone', `name: ${name}`)).join('');
  const SIDE = 150, STEP = 0.00016, west = 117.2015, south = 31.8015; // all of a tile of zoom 14 has cells of both grids
  const crowd = (seed, shift, n = SIDE) => {
    const random = randomOf(seed);
    return Array.from({ length: n * n }, (_, k) => {
      const i = k % n, j = Math.floor(k / n);
      const note = Array.from({ length: 4 }, () => Math.floor(random() * 2 ** 32).toString(36)).join('').replace(/\d/g, (d) => 'ABCDEFGHIJ'[d]);
      return { id: `${seed}-${i}-${j}`, note, households: 1, ...Object.fromEntries(SUMS.map((name) => [name, Math.floor(random() * 1e11) / 100])), rings: square(west + i * STEP + shift, south + j * STEP + shift, STEP * (0.5 + 0.4 * random())) };
    });
  };
  const sets = { zone: crowd(3, 0), parcel: crowd(4, STEP / 5), few: crowd(5, STEP / 3, 20) };
  const names = Object.keys(sets);
  const made = (order) => {
    const land = makeLand(text, { large: true });
    for (const name of order) land.loadInto(name, name, sets[name]);
    return land;
  };
  const box = [west, south, west + SIDE * STEP, south + SIDE * STEP];
  const all = names.flatMap((name) => [name, `${name}_grid`]).join(',');
  const tiles = Array.from({ length: 13 }, (_, i) => tilesOf(box, i + 4)).flat();
  const bytesOf = (land, layers) => served(land, (url) => Promise.all(tiles.map(async ({ z, x, y }) => (await get(`${url}/xyz/${layers}/${z}/${x}/${y}`)).body.toString('base64'))));
  const land = made(names);
  let largest = 0;
  const thinned = { zone: 0, parcel: 0, few: 0 };
  await served(land, async (url) => {
    for (let z = 4; z <= 16; z++) {
      const drawn = Object.fromEntries(names.map((name) => [name, new Set()]));
      const counted = { zone: 0, parcel: 0, few: 0 };
      for (const tile of tilesOf(box, z)) {
        const { layers } = await readTile(url, all, tile);
        const { raw } = await get(`${url}/xyz/${all}/${z}/${tile.x}/${tile.y}`, { headers: { 'Accept-Encoding': 'gzip' } });
        assert.ok(raw.length <= 500000, `${z}/${tile.x}/${tile.y} has ${raw.length} bytes`);
        largest = Math.max(largest, raw.length);
        for (const name of names) {
          for (const { id } of layers[name] ?? []) drawn[name].add(id);
          for (const { properties } of layers[`${name}_grid`] ?? []) counted[name] += properties.count;
        }
      }
      for (const name of names) {
        assert.equal(drawn[name].size + counted[name], sets[name].length, `${name}, zoom ${z}`);
        if (drawn[name].size > 0 && counted[name] > 0 && z >= 13) thinned[name]++;
      }
      if (z === 16) for (const name of names) assert.equal(counted[name], 0, 'at the top zoom all are drawn');
    }
  });
  assert.ok(largest > 400000, `the largest tile has ${largest} bytes`);
  assert.ok(thinned.zone > 0 && thinned.parcel > 0, JSON.stringify(thinned));
  assert.match(land.run('check', land.store), /sound/);
  const other = made([...names].reverse());
  assert.deepEqual(await bytesOf(other, all), await bytesOf(land, all));
  // Where a neighbour goes, its place is taken up again.
  land.run('withdraw', land.store, '2', '--reason', 'test');
  const alone = made(['zone', 'few']);
  assert.deepEqual(await bytesOf(land, 'zone,zone_grid,few,few_grid'), await bytesOf(alone, 'zone,zone_grid,few,few_grid'));
});

/** A ring around a middle whose radius wanders, of n positions. */
function coast(random, [x, y], radius, n) {
  const waves = Array.from({ length: 40 }, (_, k) => [(k + 1) * (1 + Math.floor(random() * 3)), random() * 2 * Math.PI, radius * 0.25 / (k + 2)]);
  const ring = Array.from({ length: n }, (_, i) => {
    const a = i / n * 2 * Math.PI;
    const r = radius + waves.reduce((sum, [f, phase, height]) => sum + height * Math.sin(f * a + phase), 0) + (random() - 0.5) * radius * 1e-5;
    return [x + r * Math.cos(a), y + r * Math.sin(a)];
  });
  return [...ring, ring[0]];
}

test('an outline of 30,000 vertices with holes, and one of 4,000 parts: every tile shows what lies in it', async () => {
  const random = randomOf(5);
  const land = makeLand(undefined, { large: true });
  const big = [coast(random, [117.5, 32], 0.4, 30000), ...[0, 1, 2, 3, 4].map((i) => coast(random, [117.35 + 0.07 * i, 32 + 0.05 * (i % 2)], 0.012, 1500).reverse())];
  const parts = Array.from({ length: 4000 }, (_, i) => square(118.2 + (i % 80) * 0.005, 31.6 + Math.floor(i / 80) * 0.005, 0.003));
  land.load('big', [{ id: 'big', households: 5, rings: big }, { id: 'parts', households: 7, polygons: parts }, { id: 'beside', households: 1, rings: square(117.1, 31.5, 0.01) }]);
  assert.match(land.run('check', land.store), /sound/);
  await served(land, async (url) => {
    const items = (await get(`${url}/collections/zone/items`)).json.features;
    const areaOf = (key) => items.find(({ properties }) => properties.id === key).properties.area_m2;
    const polygons = [];
    for (const set of ['WebMercatorQuad', 'CGCS2000Quad']) {
      for (const [z, box] of [[6, [117, 31, 119, 33]], [8, [116.8, 31.3, 118.7, 32.7]], [10, [116.8, 31.3, 118.7, 32.7]], [12, [116.8, 31.3, 118.15, 32.7]], [14, [117.7, 31.9, 117.78, 31.98]]]) {
        const area = new Map();
        for (const tile of tilesOf(box, z, set)) {
          const { layers } = await readTile(url, 'zone', tile, set);
          const seen = new Set();
          for (const { id, properties, rings } of layers.zone ?? []) {
            assert.ok(!seen.has(id), `${set} ${z}/${tile.x}/${tile.y}: ${properties.id} comes twice`);
            seen.add(id);
            polygons.push([`${set} zoom ${z}: ${properties.id}`, wkt(rings)]);
            const inside = insideArea(rings);
            const lat = set === 'WebMercatorQuad' ? Math.atan(Math.sinh(Math.PI * (1 - 2 * (tile.y + 0.5) / 2 ** z))) : (90 - (tile.y + 0.5) * 360 / 2 ** z) * Math.PI / 180;
            const width = 2 * Math.PI * 6378137 / 2 ** z / 4096 * Math.cos(lat), height = set === 'WebMercatorQuad' ? width : 2 * Math.PI * 6378137 / 2 ** z / 4096;
            area.set(properties.id, (area.get(properties.id) ?? 0) + inside * width * height);
          }
        }
        // Zooms whose boxes hold all of it; the sphere's areas differ from the ellipsoid's by half a percent.
        if (z >= 8 && z <= 12) assert.ok(Math.abs(area.get('big') / areaOf('big') - 1) < 0.02, `${set} zoom ${z}: ${area.get('big')} of ${areaOf('big')}`);
        if (z === 8 || z === 10) assert.ok(Math.abs(area.get('parts') / areaOf('parts') - 1) < 0.05, `${set} zoom ${z}: ${area.get('parts')} of ${areaOf('parts')}`);
      }
    }
    assertValid(polygons);
  });
});
