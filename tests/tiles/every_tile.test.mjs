// Every tile of a county, from zoom 0 to the top zoom, and of other people's real parcels: read by @mapbox/vector-tile,
// judged by GEOS, counted and measured against the items.
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folder, get, plainTiler, serve } from '../http/county.mjs';
import { makeCounty } from '../sample_county.mjs';
import { assertValid, insideArea, makeLand, readTile, tilesOf, wkt } from './land.mjs';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const shared = process.env.DK_SHARED ?? join(repository, '..', 'shared', 'data');
// Thousands of tiles: from the program without sanitizers where there is one; the other suites run the one with them.
const MOST_BYTES = 500000;

/** Draws every tile of some layers and checks it. extent: their boxes, for the tiles to ask for. */
async function checkEveryTile(store, layers, { zooms, set = 'WebMercatorQuad' }) {
  writeFileSync(join(dirname(store), 'tokens'), 'token-for-the-tests-0001 * all\n', { mode: 0o600 });
  const server = await serve(store, { tiler: plainTiler });
  const polygons = [];
  try {
    for (const layer of layers) {
      const { extent, itemCount } = (await get(`${server.url}/collections/${layer}`)).json;
      const areas = new Map();
      for (let next = `/collections/${layer}/items?limit=10000`; next;) {
        const page = (await get(new URL(next, server.url))).json;
        for (const { feature, properties } of page.features) areas.set(feature, properties.area_m2);
        next = page.links.find(({ rel }) => rel === 'next')?.href;
      }
      assert.equal(areas.size, itemCount);
      const total = [...areas.values()].reduce((sum, area) => sum + area, 0);
      for (const z of zooms) {
        const drawn = new Map(), where = `${layer} ${set} zoom ${z}`;
        let counted = 0, gridArea = 0, largest = 0;
        const box = extent.spatial.bbox[0];
        const list = tilesOf([box[0] - 1e-7, box[1] - 1e-7, box[2] + 1e-7, box[3] + 1e-7], z, set);
        for (let i = 0; i < list.length; i += 16) {
          await Promise.all(list.slice(i, i + 16).map(async (tile) => {
            const read = async (name) => {
              const { size, layers: found } = await readTile(server.url, name, tile, set);
              largest = Math.max(largest, size);
              return found[name] ?? [];
            };
            for (const { id, rings } of await read(layer)) {
              polygons.push([where, wkt(rings)]);
              drawn.set(id, (drawn.get(id) ?? 0) + insideArea(rings));
            }
            for (const { properties } of await read(`${layer}_grid`)) {
              counted += properties.count;
              gridArea += properties.area_m2;
            }
          }));
        }
        assert.equal(drawn.size + counted, itemCount, `${where}: ${drawn.size} drawn, ${counted} counted`);
        const rest = [...areas].filter(([id]) => !drawn.has(id)).reduce((sum, [, area]) => sum + area, 0);
        assert.ok(Math.abs(gridArea - rest) <= 0.02 * (itemCount + 1), `${where}: the grid has ${gridArea} m2, ${rest} are not drawn`);
        assert.ok(largest < MOST_BYTES, `${where}: a tile of ${largest} bytes`);
        if (drawn.size > 0 && set === 'WebMercatorQuad') {
          // Square units to square metres at the middle of the layer: a Mercator unit shrinks with the latitude.
          const lat = (box[1] + box[3]) / 2 * Math.PI / 180, unit = 2 * Math.PI * 6378137 / 2 ** z / 4096 * Math.cos(lat);
          const area = [...drawn.values()].reduce((sum, each) => sum + each, 0) * unit * unit;
          const exact = total - rest;
          assert.ok(Math.abs(area / exact - 1) < 0.02, `${where}: drawn ${area} m2 of ${exact}`);
        }
      }
    }
    assertValid(polygons);
  } finally {
    await server.stop();
  }
}

let county;
before(() => {
  county = join(folder(), 'county.gpkg');
  makeCounty(county);
});

test('the sample county, every tile of WebMercatorQuad', async () => {
  await checkEveryTile(county, ['parcel', 'zone', 'mining'], { zooms: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14] });
  await checkEveryTile(county, ['mining'], { zooms: [15, 16] });
});

test('the sample county, every tile of CGCS2000Quad', async () => {
  await checkEveryTile(county, ['parcel', 'zone', 'mining'], { zooms: [0, 3, 6, 8, 9, 10, 11, 12, 13], set: 'CGCS2000Quad' });
});

test('13,116 real cadastral parcels of one city', { skip: existsSync(join(shared, 'cambridge_fy2013.gpkg')) ? false : 'its data is not here' }, async () => {
  const land = makeLand(`title: t
publisher: p
map_approval_no: none
extent: [-72, 42, -70, 43]
layers:
  - name: zone
    title: 地块
    geometry: polygon
    key: {field: id, qualify: [source]}
    zooms: [4, 16]
    fields:
      - {name: id, title: 编号, type: text, audience: public, required: true, tiles: true}
      - {name: area_m2, title: 面积, type: number, unit: m2, audience: public, computed: area}
`);
  const plain = join(land.dir, 'cambridge.geojson');
  execFileSync('ogr2ogr', ['-f', 'GeoJSON', plain, join(shared, 'cambridge_fy2013.gpkg'), '-dialect', 'sqlite', '-sql',
    "select parcel_id || '-' || fid as id, geom from parcels"]);
  land.run('load', land.store, 'zone', plain, '--publish', '--allow-rejects');
  await checkEveryTile(land.store, ['zone'], { zooms: [0, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16] });
  assert.match(land.run('check', land.store), /sound/);
});
