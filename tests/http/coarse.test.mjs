// What the public is shown of a layer with a precision, masks of fields, and kinds of rows that are not for everyone. Every
// answer to the public is the same, byte for byte, when each vertex lies elsewhere in its cell: so none tells where in it.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PbfReader } from 'pbf';
import { VectorTile } from '@mapbox/vector-tile';
import { catalogue, CHIEF, featureCollection, folder, get, parcels, run, serve, STAFF, tileOf } from './county.mjs';

const GROUP = 'group-token-of-the-village', NORTH = 'staff-token-of-the-north', GROUP_NORTH = 'group-token-of-the-north';
/* 5 m at 32 degrees north: the least power of two of world units that is as wide, 8 m. */
const CELL = 1024, WORLD = 2 ** 32;
const yaml = catalogue
  .replace('    zooms: [6, 16]\n', '    zooms: [6, 16]\n    public: {precision: 5, max_zoom: 14}\n')
  .replace('title: 户主, type: text, audience: staff, tiles: true, search: true', 'title: 户主, type: text, audience: staff, tiles: true, search: true, mask: {group: name}')
  .replace('title: 身份证号, type: text, audience: never', 'title: 身份证号, type: text, audience: never, mask: {request: hidden, staff: id_number}')
  .replace('unit: m2, audience: public, tiles: true, computed: area', 'unit: m2, audience: staff, tiles: true, computed: area')
  .replace('    title: 征地补偿\n', '    title: 征地补偿\n    audience: staff\n')
  .replace(/ {4}totals:\n( {6}- .*\n)+/, '');
assert.ok(yaml.includes('precision: 5') && yaml.includes('{group: name}') && !yaml.includes('totals:') && yaml.includes('computed: area') && !yaml.includes('unit: m2, audience: public'));

const worldX = (lon) => (lon + 180) / 360 * WORLD;
const worldY = (lat) => (0.5 - Math.log(Math.tan(Math.PI / 4 + lat * Math.PI / 360)) / (2 * Math.PI)) * WORLD;
const lonOf = (x) => x / WORLD * 360 - 180;
const latOf = (y) => Math.atan(Math.sinh((0.5 - y / WORLD) * 2 * Math.PI)) * 180 / Math.PI;
const middle = (world) => Math.floor(Math.round(world) / CELL) * CELL + CELL / 2;
const snapped = ([lon, lat]) => [lonOf(middle(worldX(lon))), latOf(middle(worldY(lat)))];
let seed = 7;
const random = () => (seed = seed * 48271 % 2147483647) / 2147483647;
/* Elsewhere in the cell, the same place for the same vertex. */
const places = new Map();
function elsewhere([lon, lat]) {
  const key = `${lon} ${lat}`;
  if (!places.has(key)) {
    const inCell = (world) => middle(world) + (random() - 0.5) * (CELL - 8);
    places.set(key, [lonOf(inCell(worldX(lon))), latOf(inCell(worldY(lat)))]);
  }
  return places.get(key);
}
const mapped = (geometry, to) => ({ ...geometry, coordinates: JSON.parse(JSON.stringify(geometry.coordinates), (_, value) =>
  (Array.isArray(value) && typeof value[0] === 'number' ? to(value) : value)) });

/* A strip 3 m wide and a speck: of neither a polygon is left on the grid. */
const thin = [
  { id: 'DK008', name: '窄条', division: '341321101', project_id: 'X1', owner: '周细户', geometry: { type: 'Polygon', coordinates: [
    [[0, 700], [90, 700], [90, 300], [0, 300], [0, 700]].map(([cells, y]) => [lonOf((Math.floor(worldX(117.23) / CELL) + cells) * CELL + 500), latOf((Math.floor(worldY(31.8) / CELL) - cells) * CELL + y)])] } },
  { id: 'DK009', name: '小块', division: '341321101', project_id: 'X1', owner: '吴小户', geometry: { type: 'Polygon', coordinates: [[
    ...[[100, 100], [400, 100], [400, 500], [100, 500], [100, 100]].map(([x, y]) => [lonOf(Math.floor(worldX(117.24) / CELL) * CELL + x), latOf(Math.floor(worldY(31.81) / CELL) * CELL + y)])]] } },
];
const rows = [...parcels, ...thin];

function storeOf(list, text = yaml) {
  const dir = folder(), store = join(dir, 'county.dk');
  const put = (name, text) => { writeFileSync(join(dir, name), text, { mode: 0o600 }); return join(dir, name); };
  run('create', store, '--catalogue', put('catalogue.yaml', text));
  run('load', store, 'project', put('project.csv', 'project_id,name,regime\nX1,测试工业园,2021年9月起\n'), '--publish');
  try { run('load', store, 'parcel', put('parcel.geojson', featureCollection(list)), '--publish'); } catch { console.error(readFileSync(join(dir, 'parcel.geojson.rejects.csv'), 'utf8')); process.exit(1); }
  run('load', store, 'compensation', put('c.csv', 'id,parcel,project_id,division,collective,total,payee\nB1,DK001,X1,341321101,一组,100.10,张甲\n'
    + 'B2,DK001,X2,340111001,二组,200.20,张乙\n'), '--publish');
  put('tokens', `${STAFF} 341321 张三\n${CHIEF} * 李四\n${GROUP} group:341321 村民\n${GROUP_NORTH} group:340111 村民\n${NORTH} staff:340111 王五\n`);
  return store;
}
const server = await serve(storeOf(rows));
/* Thin ones as a whole, or they would cross themselves. */
const shifted = ([lon, lat]) => [lonOf(worldX(lon) + 80), latOf(worldY(lat) + 90)];
const other = await serve(storeOf(rows.map((row) => ({ ...row, geometry: mapped(row.geometry, thin.includes(row) ? shifted : elsewhere) }))));
after(() => Promise.all([server.stop(), other.stop()]));
const at = (path, token) => get(server.url + path, { token });
const json = async (path, token) => {
  const answer = await at(path, token);
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer.json;
};
const items = '/collections/parcel/items';
const positions = (geometry) => geometry.coordinates.flat(geometry.type === 'MultiPolygon' ? 2 : 1);
const filter = (text) => `${items}?filter=${encodeURIComponent(text)}`;
const [exactWest, exactSouth] = parcels[0].geometry.coordinates[0][0];

test('the public sees every vertex in the middle of its cell, whoever covers the row sees it as it is', async () => {
  const seen = await json(items), exact = await json(items, STAFF);
  for (const row of parcels) {
    const id = `${row.project_id}:${row.id}`;
    const [coarse, fine] = [seen, exact].map((answer) => answer.features.find((feature) => feature.id === id));
    const wanted = new Set(positions(row.geometry).map((position) => snapped(position).map((n) => n.toFixed(7)).join()));
    for (const position of positions(coarse.geometry)) assert.ok(wanted.has(position.map((n) => n.toFixed(7)).join()), `${id}: ${position}`);
    const inScope = row.division.startsWith('341321');
    const given = new Set(positions(row.geometry).map((position) => position.map((n) => n.toFixed(7)).join()));
    for (const position of positions(fine.geometry)) assert.equal(given.has(position.map((n) => n.toFixed(7)).join()), inScope, id);
  }
});

test('a kept tile goes when what comes beside it is shown in it, as its cell reaches further than the row', async (t) => {
  const cell = 16384, z = 14, size = 2 ** (32 - z); // 100 m are 124 m at 32 degrees north
  const tile = tileOf(117.201, 31.801, z), east = (tile.x + 1) * size, middle = (tile.y + 0.5) * size;
  const rectangle = (x0, y0, x1, y1) => ({ type: 'Polygon', coordinates: [[[x0, y1], [x1, y1], [x1, y0], [x0, y0], [x0, y1]].map(([x, y]) => [lonOf(x), latOf(y)])] });
  const within = { id: 'DK101', name: '里', division: '341321101', project_id: 'X1', owner: '甲', geometry: rectangle(east - 6 * cell, middle, east - 3 * cell, middle + 3 * cell) };
  // Beyond the buffer of the tile, of 4096 units; shown as the cell beside the border.
  const beside = { id: 'DK102', name: '外', division: '341321101', project_id: 'X1', owner: '乙', geometry: rectangle(east + 6000, middle + 3000, east + 12000, middle + 9000) };
  const store = storeOf([within], yaml.replace('precision: 5,', 'precision: 100,')), dir = dirname(store), path = `/xyz/parcel/${z}/${tile.x}/${tile.y}`;
  const keeps = await serve(store);
  t.after(() => keeps.stop());
  const before = await get(keeps.url + path);
  assert.equal(before.headers.etag, (await get(keeps.url + path)).headers.etag);
  writeFileSync(join(dir, 'beside.geojson'), featureCollection([beside]), { mode: 0o600 });
  run('load', store, 'parcel', join(dir, 'beside.geojson'), '--publish');
  const fresh = await serve(store);
  t.after(() => fresh.stop());
  const wanted = await get(fresh.url + path);
  assert.equal(new VectorTile(new PbfReader(wanted.body)).layers.parcel.length, 2);
  assert.notEqual(wanted.headers.etag, before.headers.etag);
  for (let tries = 0; tries < 100 && (await get(`${keeps.url}/collections/parcel/items?limit=5`)).json.numberReturned < 2; tries++) await new Promise((done) => { setTimeout(done, 10); });
  assert.equal((await get(keeps.url + path)).headers.etag, wanted.headers.etag);
});

test('no answer to the public depends on where in its cell a vertex lies', async () => {
  const west = exactWest, south = exactSouth;
  const paths = [items, `${items}?f=csv&geometry=wkt`, `${items}?crs=http://www.opengis.net/def/crs/EPSG/0/4527`, `${items}/X1%3ADK001`, `${items}/X1%3ADK002?f=html`, `${items}/X1%3ADK001/dossier`,
    '/collections', '/collections/parcel', '/catalogue', '/xyz/parcel.json', '/collections/parcel/tiles/WebMercatorQuad', '/search?q=DK001', '/search?q=X1', '/search?q=341321101',
    '/collections/project/items/X1/parcel', `${items}/X1%3ADK001/overlaps`, `${items}/X1%3ADK008/overlaps`, '/collections/parcel/statistics?group_by=division'];
  for (let i = 0; i <= 24; i++) {
    const x = (west + (i - 12) * 0.00001).toFixed(7), y = (south + (i - 12) * 0.00001).toFixed(7);
    paths.push(`${items}?bbox=117,31.5,${x},32`, `${items}?bbox=117,31.5,117.5,${y}`, filter(`S_INTERSECTS(geometry, POLYGON((117 31.5, ${x} 31.5, ${x} 32, 117 32, 117 31.5)))`),
      filter(`NOT S_DISJOINT(geometry, POINT(${x} ${y}))`), filter(`S_WITHIN(geometry, POLYGON((${x} ${y}, 117.4 ${y}, 117.4 31.9, ${x} 31.9, ${x} ${y})))`), `/overlaps?layers=parcel&bbox=${x},${y},117.21,31.81`, `/overlaps?layers=parcel&point=${x},${y}`,
      `/collections/parcel/statistics?group_by=division&bbox=117,31.5,${x},32`);
  }
  for (let z = 6; z <= 15; z++) {
    const { x, y } = tileOf(117.201, 31.801, z);
    paths.push(`/xyz/parcel/${z}/${x}/${y}`, `/xyz/parcel_grid/${z}/${x}/${y}`);
  }
  paths.push('/collections/parcel/tiles/CGCS2000Quad/13/' + (() => { const z = 13; return `${Math.floor((90 - 31.801) / 360 * 2 ** z)}/${Math.floor((117.201 + 180) / 360 * 2 ** z)}`; })());
  let found = 0;
  const strip = (answer, url) => (answer.text ?? answer.body.toString('latin1')).replaceAll(url, '').replace(/"(published_at|timeStamp|at)":"[^"]*"/g, '').replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?Z?/g, '')
    .replace(/<time datetime="">[^<]*/g, '<time>'); // published within two minutes, as a page says them
  for (const path of paths) {
    const [one, two] = [await get(server.url + path), await get(other.url + path)];
    assert.equal(one.status, two.status, path);
    assert.ok([200, 204].includes(one.status), `${path}: ${one.status} ${one.text}`);
    assert.equal(strip(one, server.url), strip(two, other.url), path);
    found += one.status === 200;
  }
  assert.ok(found > paths.length / 2);
  /* The same questions tell staff the two apart: the comparison can fail. */
  assert.notEqual((await at(`${items}/X1%3ADK001`, CHIEF)).text.length, 0);
  assert.notDeepEqual((await json(`${items}/X1%3ADK001`, CHIEF)).geometry, (await get(`${other.url}${items}/X1%3ADK001`, { token: CHIEF })).json.geometry);
});

test('tiles tell no size: rows as small and as large as they may be in the same cells are drawn and counted alike', async () => {
  const sized = (large, draw) => {
    let x = Math.floor(worldX(117.21) / CELL);
    const top = Math.floor(worldY(31.82) / CELL), near = large ? 0.03 : 0.97;
    const list = [1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 48].map((n) => {
      const [west, east, north, south] = [x + near, x + n + 1 - near, top + near, top + n + 1 - near].map((cells) => cells * CELL);
      x += n + 7;
      return { id: `S${n}`, name: `${n}格`, division: '341321101', project_id: 'X1', owner: '大小', geometry: { type: 'Polygon',
        coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]].map(([u, v]) => [lonOf(u), latOf(v)])] } };
    });
    return serve(storeOf([...parcels, ...list], yaml.replace('max_zoom: 14}', `max_zoom: 16}${draw}`)));
  };
  for (const draw of ['', '\n    draw: all']) {
    const both = await Promise.all([sized(false, draw), sized(true, draw)]);
    const ask = (path, token) => Promise.all(both.map(({ url }) => get(url + path, { token })));
    const seen = new Map();
    for (let z = 6; z <= 16; z++)
      for (let i = 0; i <= 6; i++)
        for (const layer of ['parcel', 'parcel_grid']) {
          const { x, y } = tileOf(117.21 + i * 0.0035, 31.82 - 0.0005, z), path = `/xyz/${layer}/${z}/${x}/${y}`;
          const [one, two] = await ask(path);
          assert.deepEqual([one.status, one.body.toString('latin1')], [two.status, two.body.toString('latin1')], `${draw} ${path}`);
          if (layer === 'parcel' && one.status === 200) {
            const drawn = new VectorTile(new PbfReader(one.body)).layers.parcel;
            for (let k = 0; k < drawn.length; k++) seen.set(drawn.feature(k).properties.id, Math.min(z, seen.get(drawn.feature(k).properties.id) ?? z));
          }
        }
    const zooms = [1, 2, 4, 8, 16, 32].map((n) => seen.get(`S${n}`));
    assert.deepEqual(zooms, draw ? [6, 6, 6, 6, 6, 6] : [...zooms].sort((a, b) => b - a), 'the larger come first');
    assert.ok(draw || zooms[0] > zooms.at(-1));
    /* Staff are drawn the same rows from the same zooms on, each as it is: all of it, however small. */
    for (let z = 6; z <= 16 && !draw; z++) {
      const counts = [0, 0];
      for (let i = 0; i < 2; i++) {
        const tiles = new Map();
        for (let k = 0; k < 40; k++) { const tile = tileOf(117.21 + k * 0.0006, 31.82 - 0.0005, z); tiles.set(`${tile.x}/${tile.y}`, tile); }
        const ids = new Set();
        for (const { x, y } of tiles.values()) {
          const answer = await get(`${both[i].url}/xyz/parcel/${z}/${x}/${y}`, { token: CHIEF });
          const layer = answer.status === 200 ? new VectorTile(new PbfReader(answer.body)).layers.parcel : undefined;
          for (let k = 0; k < (layer?.length ?? 0); k++) if (/^S/.test(layer.feature(k).properties.id)) ids.add(layer.feature(k).properties.id);
        }
        counts[i] = [...ids].sort().join();
      }
      assert.equal(counts[0], counts[1], `zoom ${z}`);
      assert.deepEqual(counts[0].split(',').filter((id) => id !== '').length, [...seen.values()].filter((from) => from <= z).length - [...seen].filter(([id, from]) => !/^S/.test(id) && from <= z).length, `zoom ${z}`);
    }
    await Promise.all(both.map((one) => one.stop()));
  }
});

test('a bisection ends at the middle of the cell, for staff at the vertex', async () => {
  const bisect = async (ask) => {
    let low = exactWest - 0.001, high = exactWest + 0.001;
    for (let i = 0; i < 24; i++) {
      const x = (low + high) / 2;
      if (await ask(x.toFixed(9))) high = x;
      else low = x;
    }
    return (low + high) / 2;
  };
  const [west] = snapped([exactWest, exactSouth]);
  assert.ok(Math.abs(west - exactWest) > 1e-6, 'the vertex lies elsewhere than the middle');
  const asks = (token) => ({
    box: async (x) => (await json(`${items}?bbox=117,31.7,${x},31.81&limit=1`, token)).features.length > 0,
    filter: async (x) => (await json(filter(`S_INTERSECTS(geometry, POLYGON((117 31.7, ${x} 31.7, ${x} 31.81, 117 31.81, 117 31.7)))`), token)).features.length > 0,
    overlaps: async (x) => (await json(`/overlaps?layers=parcel&bbox=117,31.7,${x},31.81`, token)).layers[0].items.length > 0,
  });
  for (const [name, ask] of Object.entries(asks())) assert.ok(Math.abs(await bisect(ask) - west) < 2e-8, name);
  for (const [name, ask] of Object.entries(asks(STAFF))) assert.ok(Math.abs(await bisect(ask) - exactWest) < 2e-8, name);
});

test('tiles for the public are coarse and end at the zoom of the catalogue', async () => {
  const vertices = async (z, token) => {
    const tile = tileOf(117.201, 31.801, z);
    const answer = await at(`/xyz/parcel/${z}/${tile.x}/${tile.y}`, token);
    if (answer.status === 204) return null;
    const { layers } = new VectorTile(new PbfReader(answer.body));
    return Array.from({ length: layers.parcel.length }, (_, i) => layers.parcel.feature(i)).flatMap((feature) => feature.loadGeometry().flat())
      .filter(({ x, y }) => x > 0 && x < 4096 && y > 0 && y < 4096).map(({ x, y }) => [(tile.x + x / 4096) * WORLD / 2 ** z, (tile.y + y / 4096) * WORLD / 2 ** z]);
  };
  const unit = WORLD / 2 ** 14 / 4096;
  const found = await vertices(14);
  assert.ok(found.length >= 4);
  for (const [x, y] of found) assert.ok(Math.abs(x - middle(x)) <= unit && Math.abs(y - middle(y)) <= unit, `${x} ${y}`);
  assert.equal(await vertices(15), null);
  assert.ok((await vertices(16, STAFF)).some(([x, y]) => Math.abs(x - worldX(exactWest)) < 100 && Math.abs(y - worldY(exactSouth)) < 100));
  assert.deepEqual([(await json('/xyz/parcel.json')).maxzoom, (await json('/xyz/parcel.json', STAFF)).maxzoom], [14, 16]);
});

test('what is thinner than a cell is shown as cells', async () => {
  const speck = (await json(`${items}/X1%3ADK009`)).geometry;
  const cell = [Math.floor(worldX(117.24) / CELL), Math.floor(worldY(31.81) / CELL)];
  assert.equal(speck.type, 'Polygon');
  for (const [lon, lat] of speck.coordinates[0]) {
    assert.ok([0, 1].includes(+(worldX(lon) / CELL - cell[0]).toFixed(3)) && [0, 1].includes(+(worldY(lat) / CELL - cell[1]).toFixed(3)), `${lon} ${lat}`);
  }
  assert.ok((await json(`${items}/X1%3ADK008`)).geometry.coordinates[0].length >= 4);
});

test('a mask is an answer and never a question', async () => {
  const owners = async (token) => Object.fromEntries((await json(items, token)).features.map(({ id, properties }) => [id, properties.owner]));
  assert.deepEqual([(await owners(GROUP))['X1:DK001'], (await owners(GROUP))['X2:DK001'], (await owners())['X1:DK001'], (await owners(STAFF))['X1:DK001'], (await owners(STAFF))['X2:DK001']],
    ['王**', undefined, undefined, '王大户', undefined]);
  assert.equal((await json(`${items}/X1%3ADK001`, STAFF)).properties.id_number, '341***********1234');
  assert.equal((await json(`${items}/X1%3ADK001`, GROUP)).properties.id_number, undefined);
  const refusal = async (name, path) => {
    const answer = await at(path(name), GROUP);
    return [answer.status, answer.text.replaceAll(name, 'FIELD')];
  };
  for (const path of [(name) => `${items}?${name}=x`, (name) => `${items}?sortby=${name}`, (name) => filter(`${name}='x'`), (name) => `/collections/parcel/statistics?group_by=${name}`,
    (name) => `/xyz/parcel/14/0/0?${name}=x`]) {
    const [status, text] = await refusal('ownar', path);
    assert.equal(status, 400);
    assert.deepEqual(await refusal('owner', path), [status, text], path('owner'));
  }
  for (const q of ['王大户', '王**', '王']) {
    assert.deepEqual((await json(`/search?q=${encodeURIComponent(q)}`, GROUP)).results, [], q);
    assert.deepEqual((await json(`${items}?q=${encodeURIComponent(q)}`, GROUP)).features, [], q);
  }
  const names = async (what) => Object.keys((await json(`/collections/parcel/${what}`, GROUP)).properties);
  assert.deepEqual([(await names('schema')).includes('owner'), (await names('queryables')).includes('owner'), (await names('sortables')).includes('owner')], [true, false, false]);
  const tile = tileOf(117.201, 31.801, 14);
  for (const path of [`${items}?f=csv`, `${items}?f=html`, `${items}/X1%3ADK001/dossier`, `/xyz/parcel/14/${tile.x}/${tile.y}`, '/collections/project/items/X1/dossier', '/catalogue']) {
    const answer = await at(path, GROUP);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['cache-control'], 'private, no-store', path);
    assert.ok(!answer.text.includes('大户') && !answer.text.includes('二户'), path);
  }
  assert.ok((await at(`${items}?f=csv`, GROUP)).text.includes('王**'));
  assert.ok(!(await at(`/xyz/parcel/14/${tile.x}/${tile.y}`, GROUP)).text.includes('王'));
});

test('rows of a kind for staff are there for those within whose scope they are, and nowhere for others', async () => {
  const unknown = async (path, token) => {
    const [there, never] = [await at(path('compensation'), token), await at(path('compensatiom'), token)];
    assert.deepEqual([there.status, there.text.replaceAll('compensation', 'K')], [never.status, never.text.replaceAll('compensatiom', 'K')], path('compensation'));
    assert.ok(there.status >= 400);
  };
  for (const token of [undefined, GROUP]) {
    for (const path of [(k) => `/collections/${k}`, (k) => `/collections/${k}/items`, (k) => `/collections/${k}/items/B1`, (k) => `/collections/${k}/schema`, (k) => `/collections/${k}/statistics`,
      (k) => `${items}/X1%3ADK001/${k}`, (k) => `/collections/parcel/statistics?group_by=${k}.collective`]) await unknown(path, token);
    for (const path of ['/collections', '/catalogue', '/api', items, `${items}/X1%3ADK001`, `${items}/X1%3ADK001?f=html`, `${items}/X1%3ADK001/dossier`, '/collections?f=html']) {
      const answer = await at(path, token);
      for (const word of ['"compensation"', '/compensation', '征地补偿', '张甲', 'B1"']) assert.ok(!answer.text.includes(word), `${path}: ${word}`);
    }
  }
  for (const q of ['B1', '张甲', '一组']) assert.deepEqual((await json(`/search?q=${encodeURIComponent(q)}`, GROUP)).results, [], q);
  const seen = async (token) => (await json('/collections/compensation/items', token)).features.map(({ id }) => id);
  const counts = async (token) => [(await json('/collections/compensation', token)).itemCount, (await json('/collections/compensation/items', token)).numberMatched,
    (await json('/collections/compensation/statistics?group_by=collective', token)).groups.length];
  assert.deepEqual([await seen(STAFF), await seen(NORTH), await seen(CHIEF)], [['B1'], ['B2'], ['B1', 'B2']]);
  assert.deepEqual([await counts(STAFF), await counts(CHIEF)], [[1, 1, 1], [2, 2, 2]]);
  assert.equal((await at('/collections/compensation/items/B1', NORTH)).status, 404);
  assert.equal((await at('/collections/compensation/items/B1/parcel', NORTH)).status, 404);
  assert.deepEqual((await json(`${items}/X1%3ADK001/compensation`, NORTH)).features, []);
  assert.deepEqual((await json('/search?q=B1', NORTH)).results, []);
  assert.deepEqual((await json('/search?q=B1', STAFF)).results.map(({ key }) => key), ['B1']);
});
