// Tiles, read by @mapbox/vector-tile and by GDAL; positions expected from the formulas of Web Mercator.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PbfReader } from 'pbf';
import { VectorTile } from '@mapbox/vector-tile';
import { folder, get, inTile, makeStore, parcels, serve, square, tileOf } from './county.mjs';

const server = await serve(makeStore());
after(() => server.stop());
const at = (path, options) => get(server.url + path, options);
const fetchTile = async ({ z, x, y }, layers = 'parcel') => {
  const answer = await at(`/xyz/${layers}/${z}/${x}/${y}.mvt`);
  assert.ok([200, 204].includes(answer.status), answer.text);
  return answer.status === 204 ? { layers: {} } : new VectorTile(new PbfReader(answer.body));
};
const features = (layer) => (layer ? Array.from({ length: layer.length }, (_, i) => layer.feature(i)) : []);
/** Twice the area by the surveyor's formula, in tile coordinates (y south). */
const area2 = (ring) => ring.reduce((sum, { x, y }, i) => {
  const next = ring[(i + 1) % ring.length];
  return sum + x * next.y - next.x * y;
}, 0);
const items = (await at('/collections/parcel/items')).json.features;
const numberOf = (key) => items.find((item) => item.id === key).feature;

test('a tile is MVT 2 with extent 4096, and its features have the stable number, the tile fields and their types', async () => {
  const tile = await fetchTile(tileOf(117.201, 31.801, 14));
  assert.deepEqual(Object.keys(tile.layers), ['parcel']);
  const { parcel } = tile.layers;
  assert.equal(parcel.version, 2);
  assert.equal(parcel.extent, 4096);
  const one = features(parcel).find(({ id }) => id === numberOf('X1:DK001'));
  const { area_m2, ...rest } = one.properties;
  assert.deepEqual(rest, { id: 'DK001', name: '一号地', division: '341321101', project_id: 'X1', approval_no: '皖政地〔2021〕1号、皖政地〔2021〕2号', households: 3 });
  assert.equal(area_m2, items.find(({ id }) => id === 'X1:DK001').properties.area_m2);
  const third = features(parcel).find(({ id }) => id === numberOf('X1:DK003'));
  if (third) assert.equal(third.properties.households, -2);
});

test('corners lie where Web Mercator puts them, to half a tile unit, at every zoom', async () => {
  for (const z of [11, 12, 14, 16, 18, 20, 22]) {
    const address = tileOf(117.2, 31.8 + 1e-9, z);
    const feature = features((await fetchTile(address)).layers.parcel).find(({ id }) => id === numberOf('X1:DK001'));
    assert.ok(feature, `zoom ${z}`);
    const points = feature.loadGeometry().flat();
    const [x, y] = inTile([117.2, 31.8], address);
    const near = Math.min(...points.map((point) => Math.hypot(point.x - x, point.y - y)));
    /* World coordinates are 2^-32 of the world: at zoom 22 that is 4 tile units. */
    assert.ok(near <= Math.SQRT1_2 + 2 ** (z - 20) + 1e-6, `zoom ${z}: ${near}`);
  }
});

test('rings are wound as the specification says, holes after their exterior, and not closed twice', async () => {
  const address = tileOf(117.203, 31.801, 16);
  for (const feature of features((await fetchTile(address)).layers.parcel)) {
    const rings = feature.loadGeometry();
    assert.ok(area2(rings[0]) > 0, 'the first ring is an exterior');
    for (const ring of rings) {
      assert.notEqual(area2(ring), 0);
      for (let i = 1; i < ring.length; i++) assert.ok(ring[i].x !== ring[i - 1].x || ring[i].y !== ring[i - 1].y);
    }
    if (feature.id === numberOf('X1:DK002')) assert.deepEqual(rings.map((ring) => Math.sign(area2(ring))), [1, -1]);
  }
});

test('a shape is cut at 64 units beyond the tile, and in the next tile its border goes on', async () => {
  const address = tileOf(117.201, 31.801, 18);
  for (const feature of features((await fetchTile(address)).layers.parcel)) {
    for (const { x, y } of feature.loadGeometry().flat()) assert.ok(x >= -64 && x <= 4160 && y >= -64 && y <= 4160, `${x} ${y}`);
  }
});

test('the common border of two parcels is the same in both', async () => {
  const layer = (await fetchTile(tileOf(117.202, 31.801, 15))).layers.parcel;
  const corners = (key) => new Set(features(layer).find(({ id }) => id === numberOf(key)).loadGeometry()[0].map(({ x, y }) => `${x} ${y}`));
  const one = corners('X1:DK001'), two = corners('X1:DK002');
  assert.equal([...one].filter((corner) => two.has(corner)).length, 2);
});

test('the area drawn is the area loaded', async () => {
  for (const [key, ring] of [['X1:DK001', square(0, 0)], ['X2:DK001', square(0, 10)]]) {
    const address = tileOf(ring[0][0] + 0.001, ring[0][1] + 0.001, 13);
    const feature = features((await fetchTile(address)).layers.parcel).find(({ id }) => id === numberOf(key));
    const exact = ring.slice(0, 4).map((position) => inTile(position, address)).map(([x, y]) => ({ x, y }));
    assert.ok(Math.abs(Math.abs(area2(exact)) / area2(feature.loadGeometry()[0]) - 1) < 0.02, key);
  }
});

test('at every zoom, what is drawn and what the grid counts is all that is published', async () => {
  const area = items.reduce((sum, { properties }) => sum + properties.area_m2, 0);
  for (let z = 0; z <= 18; z++) {
    const drawn = new Set();
    let count = 0, counted = 0;
    const low = tileOf(117.2 - 1e-6, 31.8 - 1e-6, z), high = tileOf(117.212 + 1e-6, 31.822 + 1e-6, z);
    for (let x = low.x; x <= high.x; x++) {
      for (let y = high.y; y <= low.y; y++) {
        const { layers } = await fetchTile({ z, x, y }, 'parcel,parcel_grid');
        for (const feature of features(layers.parcel)) drawn.add(feature.id);
        for (const cell of features(layers.parcel_grid)) {
          assert.ok(area2(cell.loadGeometry()[0]) > 0);
          count += cell.properties.count;
          counted += cell.properties.area_m2;
        }
      }
    }
    assert.equal(drawn.size + count, items.length, `zoom ${z}: ${drawn.size} drawn, ${count} counted`);
    const rest = items.filter(({ feature }) => !drawn.has(feature)).reduce((sum, { properties }) => sum + properties.area_m2, 0);
    assert.ok(Math.abs(counted - rest) < 1e-3 * items.length, `zoom ${z}: ${counted} of ${area}`);
    if (z === 6) assert.equal(drawn.size, 0);
    if (z === 16) assert.equal(count, 0);
  }
});

test('204 where nothing is, 404 outside the grid, and before its first zoom a layer is empty', async () => {
  const empty = await at('/xyz/parcel/14/0/0.mvt');
  assert.equal(empty.status, 204);
  assert.equal(empty.raw.length, 0);
  assert.equal(empty.headers['content-type'], undefined);
  assert.equal((await at('/xyz/parcel/3/6/3')).status, 204);
  assert.equal((await at('/xyz/parcel/22/4194303/4194303')).status, 204);
  for (const path of ['23/0/0', '5/32/0', '5/0/32', '0/1/0', '-1/0/0', '5/-1/0', '5/1.5/0', 'a/b/c', '05/1/1', '5/01/1', '5/1/1.png', '5/1/1.mvt.mvt', '4294967296/0/0',
    '5/99999999999/0', '5/1/', '5//1']) {
    assert.equal((await at(`/xyz/parcel/${path}`)).status, 404, path);
  }
  for (const layers of ['none', 'parcel,none', 'parcel,', ',parcel', 'project', 'PARCEL']) assert.equal((await at(`/xyz/${layers}/5/1/1`)).status, 404, layers);
  assert.equal((await at('/xyz/parcel,parcel/5/1/1')).status, 400);
});

test('the three spellings of an address are one tile', async () => {
  const { z, x, y } = tileOf(117.201, 31.801, 14);
  const tags = await Promise.all(['', '.mvt', '.pbf'].map(async (ending) => (await at(`/xyz/parcel/${z}/${x}/${y}${ending}`)).headers.etag));
  assert.equal(new Set(tags).size, 1);
});

test('TileJSON 3.0.0', async () => {
  const json = (await at('/xyz/parcel.json')).json;
  assert.equal(json.tilejson, '3.0.0');
  assert.deepEqual(json.tiles, [`${server.url}/xyz/parcel/{z}/{x}/{y}.mvt`]);
  assert.deepEqual([json.minzoom, json.maxzoom], [6, 16]);
  assert.deepEqual(json.bounds, [117.2, 31.8, 117.212, 31.822]);
  assert.deepEqual(json.vector_layers, [{ id: 'parcel', description: '征收地块', minzoom: 6, maxzoom: 16, fields: { id: 'String', name: 'String', division: 'String',
    project_id: 'String', approval_no: 'String', households: 'Number', area_m2: 'Number' } }]);
  const behind = (await at('/xyz/parcel.json', { headers: { Host: 'maps.example.org', 'X-Forwarded-Proto': 'https' } })).json;
  assert.deepEqual(behind.tiles, ['https://maps.example.org/xyz/parcel/{z}/{x}/{y}.mvt']);
  const { z, x, y } = tileOf(117.201, 31.801, 14);
  assert.equal((await get(json.tiles[0].replace('{z}', z).replace('{x}', x).replace('{y}', y))).status, 200);
});

test('GDAL reads the same rows at the same places', async () => {
  const dir = folder(), address = tileOf(117.201, 31.801, 12), file = join(dir, `${address.y}.mvt`);
  writeFileSync(file, (await at(`/xyz/parcel/${address.z}/${address.x}/${address.y}.mvt`)).body);
  const geojson = execFileSync('ogr2ogr', ['-f', 'GeoJSON', '/vsistdout/', '-t_srs', 'EPSG:4326', '-oo', `X=${address.x}`, '-oo', `Y=${address.y}`, '-oo', `Z=${address.z}`,
    '-oo', 'METADATA_FILE=', file, 'parcel'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const read = JSON.parse(geojson).features;
  const here = items.filter(({ bbox: [west, south] }) => {
    const { x, y } = tileOf(west + 0.001, south + 0.001, 12);
    return x === address.x && y === address.y;
  });
  assert.ok(here.length >= 3);
  const tolerance = 360 / 2 ** 12 / 4096; /* one tile unit in degrees of longitude */
  for (const item of here) {
    const twin = read.find(({ properties }) => properties.mvt_id === item.feature || (properties.id === item.properties.id && properties.project_id === item.properties.project_id));
    assert.ok(twin, item.id);
    assert.equal(twin.properties.name, item.properties.name);
    assert.equal(twin.properties.area_m2, item.properties.area_m2);
    const positions = twin.geometry.coordinates.flat(twin.geometry.type === 'MultiPolygon' ? 2 : 1);
    const west = Math.min(...positions.map(([lon]) => lon)), south = Math.min(...positions.map(([, lat]) => lat));
    assert.ok(Math.abs(west - item.bbox[0]) < tolerance && Math.abs(south - item.bbox[1]) < tolerance, `${item.id}: ${west} ${south}`);
  }
  const info = execFileSync('ogrinfo', ['-ro', '-al', '-so', '-oo', `X=${address.x}`, '-oo', `Y=${address.y}`, '-oo', `Z=${address.z}`, file], { encoding: 'utf8' });
  assert.match(info, /Geometry: (Multi )?Polygon/);
  assert.match(info, new RegExp(`Feature Count: ${features((await fetchTile(address)).layers.parcel).length}`));
  assert.ok(parcels.length > 0);
});

test('f says what a tile is anyway: the same answer, out of the same cache', async () => {
  const { z, x, y } = tileOf(117.201, 31.801, 14);
  for (const path of [`/xyz/parcel/${z}/${x}/${y}`, `/collections/parcel/tiles/WebMercatorQuad/${z}/${y}/${x}`]) {
    const tile = await at(path);
    for (const f of ['mvt', 'pbf']) {
      const same = await at(`${path}?f=${f}`);
      assert.deepEqual([same.status, same.headers.etag], [200, tile.headers.etag]);
      assert.deepEqual(same.raw, tile.raw);
    }
  }
});
