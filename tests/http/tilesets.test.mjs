// OGC API – Tiles: tile matrix sets and tilesets by the standard, and tiles of CGCS2000Quad by its formulas.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { PbfReader } from 'pbf';
import { VectorTile } from '@mapbox/vector-tile';
import { makeLand, readTile, served } from '../tiles/land.mjs';
import { get, makeStore, parcels, serve, tileOf } from './county.mjs';

const server = await serve(makeStore());
after(() => server.stop());
const at = (path, options) => get(server.url + path, options);
const json = async (path) => {
  const answer = await at(path);
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer.json;
};
const features = (layer) => (layer ? Array.from({ length: layer.length }, (_, i) => layer.feature(i)) : []);
async function tile(path) {
  const answer = await at(path);
  assert.ok([200, 204].includes(answer.status), `${path}: ${answer.text}`);
  return answer.status === 204 ? {} : new VectorTile(new PbfReader(answer.body)).layers;
}
const items = (await json('/collections/parcel/items')).features;

// Of the matrix z of CGCS2000Quad: 360 / 2^z degrees a tile, from 180° W and 90° N.
const plateTile = (lon, lat, z) => ({ z, x: Math.floor((lon + 180) / 360 * 2 ** z), y: Math.floor((90 - lat) / 360 * 2 ** z) });
const inPlateTile = ([lon, lat], { z, x, y }) => [((lon + 180) / 360 * 2 ** z - x) * 4096, ((90 - lat) / 360 * 2 ** z - y) * 4096];
const platePath = ({ z, x, y }, layer = 'parcel') => `/collections/${layer}/tiles/CGCS2000Quad/${z}/${y}/${x}`;

test('WebMercatorQuad is as the OGC registers it', async () => {
  const { tileMatrixSets } = await json('/tileMatrixSets');
  assert.deepEqual(tileMatrixSets.map(({ id }) => id), ['WebMercatorQuad', 'CGCS2000Quad']);
  assert.equal(tileMatrixSets[0].links[0].href, '/tileMatrixSets/WebMercatorQuad');
  const set = await json('/tileMatrixSets/WebMercatorQuad');
  assert.equal(set.uri, 'http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad');
  assert.equal(set.crs, 'http://www.opengis.net/def/crs/EPSG/0/3857');
  assert.deepEqual(set.orderedAxes, ['E', 'N']);
  assert.equal(set.wellKnownScaleSet, 'http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible');
  // OGC 17-083r4, annex D.1: 559082264.028717, 156543.03392804097, -20037508.3427892.
  const [first] = set.tileMatrices;
  assert.ok(Math.abs(first.scaleDenominator - 559082264.028717) < 1e-3);
  assert.ok(Math.abs(first.cellSize - 156543.033928041) < 1e-8);
  assert.ok(Math.abs(first.pointOfOrigin[0] + 20037508.3427892) < 1e-6 && Math.abs(first.pointOfOrigin[1] - 20037508.3427892) < 1e-6);
  set.tileMatrices.forEach((matrix, z) => {
    assert.equal(matrix.id, String(z));
    assert.deepEqual([matrix.tileWidth, matrix.tileHeight, matrix.matrixWidth, matrix.matrixHeight], [256, 256, 2 ** z, 2 ** z]);
    assert.ok(Math.abs(matrix.scaleDenominator * 2 ** z / first.scaleDenominator - 1) < 1e-12);
    assert.equal(matrix.cornerOfOrigin, 'topLeft');
  });
});

test('CGCS2000Quad is numbered as Tianditu\'s c', async () => {
  const set = await json('/tileMatrixSets/CGCS2000Quad');
  assert.equal(set.crs, 'http://www.opengis.net/def/crs/EPSG/0/4490');
  assert.deepEqual(set.orderedAxes, ['Lat', 'Lon']);
  // Tianditu's WMTS capabilities of the group c: level 1 has 2 columns, 1 row and the scale 2.958293554545656E8.
  const one = set.tileMatrices[1];
  assert.deepEqual(one.pointOfOrigin, [90, -180]);
  assert.deepEqual([one.matrixWidth, one.matrixHeight], [2, 1]);
  assert.ok(Math.abs(one.cellSize - 0.703125) < 1e-12);
  assert.ok(Math.abs(one.scaleDenominator / 2.958293554545656E8 - 1) < 0.06, 'Tianditu counts 96 dots an inch, the OGC 0.28 mm');
  assert.ok(Math.abs(one.scaleDenominator - 0.703125 * 6378137 * Math.PI / 180 / 0.00028) < 1e-3);
});

test('a layer and its grid have a tileset in each set, with metadata', async () => {
  for (const name of ['parcel', 'parcel_grid']) {
    const { tilesets } = await json(`/collections/${name}/tiles`);
    assert.equal(tilesets.length, 2);
    for (const { links, dataType, crs } of tilesets) {
      assert.equal(dataType, 'vector');
      const self = links.find(({ rel }) => rel === 'self').href;
      const tileset = await json(self);
      assert.equal(tileset.crs, crs);
      assert.deepEqual(tileset.layers.map(({ id }) => id), [name]);
      assert.deepEqual(tileset.boundingBox.lowerLeft, [117.2, 31.8]);
      const scheme = tileset.links.find(({ rel }) => rel === 'http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme').href;
      assert.equal((await json(scheme)).crs, crs);
      // Each tile within the limits is one that exists, and the template leads there.
      const { href: template, templated } = tileset.links.find(({ rel }) => rel === 'item');
      assert.equal(templated, true, 'OGC 20-057, /conf/tileset/description, 7');
      const limit = tileset.tileMatrixSetLimits.at(-1);
      const path = template.replace('{tileMatrix}', limit.tileMatrix).replace('{tileRow}', limit.minTileRow).replace('{tileCol}', limit.minTileCol);
      assert.ok([200, 204].includes((await at(path)).status), path);
    }
  }
  const { links } = await json('/collections/parcel');
  assert.equal(links.find(({ rel }) => rel.endsWith('/tilesets-vector')).href, '/collections/parcel/tiles');
});

test('addresses that are none are 404 and say what there is', async () => {
  for (const path of ['/collections/parcel/tiles/CGCS2000Quad/1/1/0', '/collections/parcel/tiles/CGCS2000Quad/5/16/0', '/collections/parcel/tiles/CGCS2000Quad/23/0/0',
    '/collections/parcel/tiles/None/1/0/0', '/collections/parcel/tiles/WebMercatorQuad/1/2/0', '/collections/parcel/tiles/WebMercatorQuad/1/0/-1',
    '/collections/none/tiles', '/collections/project/tiles', '/collections/none/tiles/WebMercatorQuad/1/0/0', '/collections/parcel,parcel_grid/tiles/WebMercatorQuad/1/0/0',
    '/tileMatrixSets/None', '/collections/parcel_grid/items']) {
    const answer = await at(path);
    assert.equal(answer.status, 404, path);
    assert.ok(answer.json.detail.length > 20, path);
  }
  assert.equal((await at('/collections/parcel/tiles/CGCS2000Quad/5/15/0')).status, 204);
  assert.equal((await at('/collections/parcel/tiles?x=1')).status, 400);
});

test('row comes before column, and both addresses of a Mercator tile give the same bytes', async () => {
  const { z, x, y } = tileOf(117.201, 31.801, 14);
  const one = await at(`/xyz/parcel/${z}/${x}/${y}.mvt`), other = await at(`/collections/parcel/tiles/WebMercatorQuad/${z}/${y}/${x}`);
  assert.equal(one.status, 200);
  assert.ok(one.body.equals(other.body));
});

test('parcels of CGCS2000Quad lie where their coordinates are, to a tile unit', async () => {
  let compared = 0;
  for (const z of [12, 13, 15, 17, 19, 21]) {
    for (const item of items) {
      const rings = item.geometry.type === 'Polygon' ? [item.geometry.coordinates] : item.geometry.coordinates;
      const [lon, lat] = rings[0][0][0];
      const address = plateTile(lon - 1e-9, lat + 1e-9, z);
      const feature = features((await tile(platePath(address))).parcel).find(({ id }) => id === item.feature);
      assert.ok(feature, `${item.id} at zoom ${z}`);
      const drawn = feature.loadGeometry().flat();
      for (const position of rings.flat(2)) {
        const [x, y] = inPlateTile(position, address);
        if (x < -60 || y < -60 || x > 4156 || y > 4156) continue;
        const near = Math.min(...drawn.map((point) => Math.hypot(point.x - x, point.y - y)));
        /* A corner may be simplified away when it is no further than half a unit from the border. World coordinates are
           2^-32 of the world: at zoom 21 that is 2 units. */
        assert.ok(near <= 1 + 2 ** (z - 20), `${item.id} zoom ${z}: ${near}`);
        compared++;
      }
    }
  }
  assert.ok(compared > 100, String(compared));
});

test('in CGCS2000Quad too, what is drawn and what the grid counts is all that is published', async () => {
  for (let z = 0; z <= 17; z++) {
    const drawn = new Set();
    let count = 0;
    const low = plateTile(117.2 - 1e-6, 31.8 - 1e-6, z), high = plateTile(117.212 + 1e-6, 31.822 + 1e-6, z);
    for (let x = low.x; x <= high.x; x++) {
      for (let y = high.y; y <= low.y; y++) {
        for (const { id } of features((await tile(platePath({ z, x, y }))).parcel)) drawn.add(id);
        for (const { properties } of features((await tile(platePath({ z, x, y }, 'parcel_grid'))).parcel_grid)) count += properties.count;
      }
    }
    assert.equal(drawn.size + count, parcels.length, `zoom ${z}: ${drawn.size} drawn, ${count} counted`);
  }
});

test('who asks for the tiles within the limits of a tileset and no others misses nothing', async () => {
  // 650 m north of 90 - 41 * 360 / 2^8 degrees, in a square of the grid whose middle lies south of it.
  const land = makeLand(), [west, south, east, north] = [117.3974, 32.3496, 117.3978, 32.35];
  land.load('one', [{ id: 'one', households: 1, rings: [[[west, south], [east, south], [east, north], [west, north], [west, south]]] }]);
  await served(land, async (url) => {
    for (const set of ['WebMercatorQuad', 'CGCS2000Quad']) {
      const found = {};
      for (const layer of ['zone', 'zone_grid']) {
        const { tileMatrixSetLimits } = (await get(`${url}/collections/${layer}/tiles/${set}`)).json;
        for (const { tileMatrix: z, minTileRow, maxTileRow, minTileCol, maxTileCol } of tileMatrixSetLimits) {
          for (let y = minTileRow; y <= maxTileRow; y++) {
            for (let x = minTileCol; x <= maxTileCol; x++) {
              const { layers } = await readTile(url, layer, { z, x, y }, set);
              if (layers[layer]) found[z] = layer;
            }
          }
        }
      }
      assert.deepEqual(Object.keys(found).map(Number), Array.from({ length: 17 }, (_, z) => z), set);
      assert.equal(found[8], 'zone_grid');
    }
  });
});
