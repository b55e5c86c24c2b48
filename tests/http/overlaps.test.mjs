// Questions for a place: what it touches in each layer, and how much of it, against rectangles whose intersection is known,
// the closed form of the area on the ellipsoid, and GEOS in ogr2ogr.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { CHIEF, featureCollection, folder, get, raw, run, serve, STAFF } from './county.mjs';

const catalogue = `title: 测试县 <甲>
publisher: 测试局
extent: [117.0, 31.5, 117.5, 32.0]
layers:
  - name: parcel
    title: 征收地块
    geometry: polygon
    key: {field: id}
    division: division
    label: name
    classify: owner
    fields:
      - {name: id, title: 地块编号, type: text, audience: public, required: true, tiles: true}
      - {name: name, title: 地块名称, type: text, audience: public, tiles: true}
      - {name: division, title: 行政区划代码, type: division, audience: public, required: true}
      - {name: owner, title: 户主, type: text, audience: staff, tiles: true}
  - name: zone
    title: 规划分区
    geometry: polygon
    key: {field: id}
    classify: kind
    fields:
      - {name: id, title: 标识码, type: text, audience: public, required: true, tiles: true}
      - {name: kind, title: 分区类型, type: text, audience: public, tiles: true}
      - {name: approved_on, title: 批准日期, type: date, audience: public, tiles: true}
      - {name: area_ha, title: 批准面积, type: number, unit: ha, audience: public, tiles: true}
  - name: road
    title: 道路
    geometry: line
    key: {field: id}
    fields: [{name: id, title: 编号, type: text, audience: public, required: true, tiles: true}]
  - name: well
    title: 井
    geometry: point
    key: {field: id}
    fields: [{name: id, title: 编号, type: text, audience: public, required: true, tiles: true}]
records:
  - name: project
    title: 用地项目
    key: {field: id}
    fields: [{name: id, title: 编号, type: text, audience: public, required: true}]
`;

// Squares of 0.002 degrees, by column and row.
const [WEST, SOUTH, STEP] = [117.2, 31.8, 0.002];
const box = (x0, y0, x1, y1) => [WEST + x0 * STEP, SOUTH + y0 * STEP, WEST + x1 * STEP, SOUTH + y1 * STEP];
const ringOf = ([w, s, e, n]) => [[w, s], [e, s], [e, n], [w, n], [w, s]];
const rectangle = (...corners) => ({ type: 'Polygon', coordinates: [ringOf(box(...corners))] });

const zones = [
  { id: 'inside', kind: '永久基本农田', geometry: rectangle(1, 1, 2, 2) },
  { id: 'half', kind: '永久基本农田', approved_on: '2021-03-05', area_ha: 12345.5, geometry: rectangle(3, 1, 5, 2) }, // half of it in the question
  { id: 'again', kind: '永久基本农田', geometry: rectangle(3.5, 1, 4.5, 2) }, // lies in half, and so does its part
  { id: 'redline', kind: '生态保护红线', geometry: rectangle(-10, 2.5, 10, 10) },
  { id: 'border', kind: '城镇开发边界', geometry: rectangle(4, -2, 6, 1) }, // only its border is met
  { id: 'far', kind: '城镇开发边界', geometry: rectangle(20, 20, 21, 21) },
  { id: 'none', kind: '', geometry: rectangle(0, 0, 0.5, 0.5) },
];
const parcels = [
  { id: 'P1', name: '一号地', division: '341321101', owner: '王大户', geometry: rectangle(0, 0, 4, 4) }, // the question itself
  { id: 'P2', name: '二号 <地>', division: '341321102', owner: '李二户', geometry: rectangle(3, 3, 5, 5) },
  { id: 'P3', name: '三号地', division: '340111001', owner: '孙三户', geometry: { type: 'Polygon',
    coordinates: [[[117.199, 31.7991], [117.2047, 31.8013], [117.2023, 31.8067], [117.199, 31.7991]]] } },
];
const roads = [{ id: 'R1', geometry: { type: 'LineString', coordinates: [[117.19, 31.801], [117.25, 31.801]] } },
  { id: 'R2', geometry: { type: 'LineString', coordinates: [[117.19, 31.79], [117.25, 31.79]] } }];
const wells = [{ id: 'W1', geometry: { type: 'Point', coordinates: [117.203, 31.803] } }, { id: 'W2', geometry: { type: 'Point', coordinates: [117.4, 31.9] } }];

const dir = folder(), store = join(dir, 'county.dk');
const put = (name, text) => {
  writeFileSync(join(dir, name), text, { mode: 0o600 });
  return join(dir, name);
};
run('create', store, '--catalogue', put('catalogue.yaml', catalogue));
for (const [kind, rows] of Object.entries({ parcel: parcels, zone: zones, road: roads, well: wells })) {
  run('load', store, kind, put(`${kind}.geojson`, featureCollection(rows)), '--publish');
}
run('load', store, 'parcel', put('undrawn.csv', 'id,name,division\nP9,未绘制,341321101\n'), '--undrawn', '--publish');
put('tokens', `${STAFF} 341321 张三\n${CHIEF} * 李四\n`);
const server = await serve(store);
after(() => server.stop());

const at = (path, options) => get(server.url + path, options);
async function ask(path, options) {
  let answer = await at(path, options);
  for (let i = 0; i < 50 && answer.status === 503 && /again in a few seconds/.test(answer.text); i++) { // as it says
    await new Promise((resolve) => { setTimeout(resolve, 200); });
    answer = await at(path, options);
  }
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer.json;
}
const post = (geometry, { query = '', type = 'application/geo+json', ...options } = {}) =>
  ask(`/overlaps${query}`, { method: 'POST', body: typeof geometry === 'string' ? geometry : JSON.stringify(geometry),
    ...options, headers: { 'Content-Type': type } });
const layer = (answer, name) => answer.layers.find((one) => one.layer === name);
const keys = (answer, name) => layer(answer, name).items.map(({ key }) => key);
const row = (answer, name, key) => layer(answer, name).items.find((item) => item.key === key);
const total = (answer, name, value) => layer(answer, name).totals.find((one) => one.value === value);

// The area on the CGCS2000 ellipsoid in closed form: of what lies between the equator and a parallel, for a radian of longitude;
// edges are straight in the plane of longitude and that area, as the official series takes them.
const A = 6378137, F = 1 / 298.257222101, E2 = F * (2 - F), E = Math.sqrt(E2), B2 = (A * (1 - F)) ** 2;
const northward = (lat) => {
  const s = Math.sin(lat * Math.PI / 180);
  return B2 / 2 * (s / (1 - E2 * s * s) + Math.log((1 + E * s) / (1 - E * s)) / (2 * E));
};
function areaOf(ring) {
  let sum = 0;
  const radian = Math.PI / 180, [lon0, lat0] = ring[0];
  const places = ring.map(([lon, lat]) => [(lon - lon0) * radian, northward(lat) - northward(lat0)]);
  for (let i = 0; i + 1 < places.length; i++) sum += places[i][0] * places[i + 1][1] - places[i + 1][0] * places[i][1];
  return Math.abs(sum) / 2;
}
const area = (...corners) => areaOf(ringOf(box(...corners)));
const near = (actual, expected, text) => assert.ok(Math.abs(actual - expected) <= 0.0101, `${text ?? ''}: ${actual} is not ${expected}`);

const question = rectangle(0, 0, 4, 4);

test('each row with the area in common, the share of both sides, and rows that only touch last', async () => {
  const answer = await post(question);
  near(answer.question.area_m2, area(0, 0, 4, 4), 'the question');
  assert.deepEqual(answer.question.bbox.map((x) => +x.toFixed(6)), box(0, 0, 4, 4).map((x) => +x.toFixed(6)));
  assert.equal(answer.complete, true);
  assert.deepEqual(keys(answer, 'zone'), ['redline', 'inside', 'half', 'again', 'none', 'border']);
  for (const [key, corners, whole] of [['redline', [0, 2.5, 4, 4], [-10, 2.5, 10, 10]], ['inside', [1, 1, 2, 2], [1, 1, 2, 2]],
    ['half', [3, 1, 4, 2], [3, 1, 5, 2]], ['again', [3.5, 1, 4, 2], [3.5, 1, 4.5, 2]], ['none', [0, 0, 0.5, 0.5], [0, 0, 0.5, 0.5]]]) {
    const item = row(answer, 'zone', key), shared = area(...corners);
    near(item.area_m2, shared, key);
    near(item.item_area_m2, area(...whole), key);
    assert.ok(Math.abs(item.share_of_item - shared / area(...whole)) < 1e-6, key);
    assert.ok(Math.abs(item.share_of_question - shared / area(0, 0, 4, 4)) < 1e-6, key);
    assert.equal(item.touches_only, false);
  }
  const border = row(answer, 'zone', 'border');
  assert.deepEqual([border.area_m2, border.touches_only], [0, true]);
  assert.equal(layer(answer, 'zone').numberMatched, 6);
  const item = row(answer, 'zone', 'inside');
  assert.deepEqual([item.properties, item.label], [{ id: 'inside', kind: '永久基本农田' }, 'inside']);
  assert.equal((await at(item.href)).json.id, 'inside');
});

test('totals by kind count once what rows of a kind share', async () => {
  const answer = await post(question);
  near(total(answer, 'zone', '永久基本农田').area_m2, area(1, 1, 2, 2) + area(3, 1, 4, 2)); // again lies in half
  assert.equal(total(answer, 'zone', '永久基本农田').rows, 3);
  near(total(answer, 'zone', '生态保护红线').area_m2, area(0, 2.5, 4, 4));
  near(total(answer, 'zone', null).area_m2, area(0, 0, 0.5, 0.5));
  assert.equal(total(answer, 'zone', '城镇开发边界'), undefined, 'what only touches has no total');
  assert.deepEqual(layer(answer, 'zone').totals.map(({ field }) => field), ['kind', 'kind', 'kind']);
  assert.ok(Math.abs(total(answer, 'zone', '生态保护红线').share_of_question - area(0, 2.5, 4, 4) / area(0, 0, 4, 4)) < 1e-6);
});

test('slanted borders as GEOS cuts them in ogr2ogr', async () => {
  const triangle = { type: 'Polygon', coordinates: [[[117.2001, 31.7983], [117.2093, 31.8031], [117.2013, 31.8095], [117.2001, 31.7983]]] };
  const answer = await post(triangle);
  writeFileSync(join(dir, 'triangle.geojson'), JSON.stringify({ type: 'Feature', properties: {}, geometry: triangle }));
  let compared = 0;
  for (const name of ['parcel', 'zone']) {
    const cut = JSON.parse(execFileSync('ogr2ogr', ['-f', 'GeoJSON', '-lco', 'COORDINATE_PRECISION=15', '/vsistdout/', join(dir, `${name}.geojson`),
      '-clipsrc', join(dir, 'triangle.geojson')], { encoding: 'utf8' })).features;
    for (const { properties, geometry } of cut) {
      if (!/Polygon/.test(geometry?.type)) continue;
      const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
      near(row(answer, name, properties.id).area_m2, polygons.reduce((sum, [outer]) => sum + areaOf(outer), 0), properties.id);
      compared++;
    }
    assert.equal(layer(answer, name).items.filter((item) => !item.touches_only).length, cut.length);
  }
  assert.ok(compared >= 6);
});

test('a box, WKT, a Feature, several features and a MultiPolygon ask the same', async () => {
  const [w, s, e, n] = box(0, 0, 4, 4), wkt = `POLYGON ((${ringOf(box(0, 0, 4, 4)).map((p) => p.join(' ')).join(', ')}))`;
  const halves = [rectangle(0, 0, 2, 4), rectangle(1, 0, 4, 4)]; // they overlap: what is in both counts once
  const items = (answer) => answer.layers.map((one) => [one.layer, one.items.map(({ key, area_m2 }) => [key, area_m2])]);
  const expected = items(await post(question));
  for (const answer of [await ask(`/overlaps?bbox=${w},${s},${e},${n}`), await ask(`/overlaps?wkt=${encodeURIComponent(wkt)}`),
    await post(wkt, { type: 'text/plain; charset=utf-8' }), await post(wkt.replace('POLYGON ((', 'multipolygon Z (((').replace('))', ')))').replaceAll(/(\d) (\d+\.\d+)/g, '$1 $2 7'), { type: 'text/plain' }),
    await post({ type: 'Feature', properties: { a: [{ b: null }] }, geometry: question }, { type: 'application/json' }),
    await post({ features: [{ geometry: null, type: 'Feature' }, { type: 'Feature', geometry: question, properties: null }], type: 'FeatureCollection' }),
    await post({ type: 'MultiPolygon', coordinates: [question.coordinates] })]) {
    assert.deepEqual(items(answer), expected);
  }
  const joined = await post({ type: 'FeatureCollection', features: halves.map((geometry) => ({ type: 'Feature', properties: {}, geometry })) });
  near(joined.question.area_m2, area(0, 0, 4, 4));
  assert.deepEqual(joined.layers.map((one) => one.items.map(({ key }) => key)), expected.map(([, list]) => list.map(([key]) => key)));
});

test('a point: the rows that contain it; lines and points are touched without an area', async () => {
  const [lon, lat] = [WEST + 3.6 * STEP, SOUTH + 1.5 * STEP];
  for (const answer of [await ask(`/overlaps?point=${lon},${lat}`), await post({ type: 'Point', coordinates: [lon, lat] })]) {
    assert.equal(answer.question.type, 'point');
    assert.deepEqual(keys(answer, 'zone').sort(), ['again', 'half']);
    assert.deepEqual(keys(answer, 'parcel'), ['P1']);
    assert.equal(row(answer, 'zone', 'half').area_m2, undefined);
  }
  const corner = await ask(`/overlaps?point=${WEST + 4 * STEP},${SOUTH + 1 * STEP}&layers=zone`);
  assert.equal(row(corner, 'zone', 'border').touches_only, true, 'on its border');
  const answer = await post(question);
  assert.deepEqual([keys(answer, 'road'), keys(answer, 'well')], [['R1'], ['W1']]);
  assert.equal(row(answer, 'road', 'R1').area_m2, undefined);
  const road = await ask('/collections/road/items/R1/overlaps');
  assert.equal(road.question.type, 'line');
  assert.deepEqual(keys(road, 'zone').sort(), ['border', 'none']);
  assert.ok(keys(road, 'parcel').includes('P1') && !keys(road, 'road').includes('R1'));
});

test('of a stored row the same, and it is not met by itself', async () => {
  const answer = await ask('/collections/parcel/items/P1/overlaps');
  assert.deepEqual([answer.question.layer, answer.question.key], ['parcel', 'P1']);
  assert.deepEqual(keys(answer, 'parcel').sort(), ['P2', 'P3']);
  near(row(answer, 'parcel', 'P2').area_m2, area(3, 3, 4, 4));
  assert.deepEqual(keys(answer, 'zone'), keys(await post(question), 'zone'));
  const zone = await ask('/collections/parcel/items/P1/overlaps?layers=zone&limit=2');
  assert.deepEqual([zone.layers.length, zone.layers[0].numberMatched, zone.layers[0].numberReturned, keys(zone, 'zone').length], [1, 6, 2, 2]);
  near(total(zone, 'zone', '永久基本农田').area_m2, area(1, 1, 2, 2) + area(3, 1, 4, 2), 'totals do not depend on limit');
  for (const [path, status, pattern] of [['/collections/parcel/items/none/overlaps', 404, /no such published/], ['/collections/project/items/x/overlaps', 404, /no geometry/],
    ['/collections/parcel/items/P9/overlaps', 400, /no outline yet/], ['/collections/parcel/items/P1/overlaps?bbox=1,2,3,4', 400, /"bbox"/]]) {
    const refused = await at(path);
    assert.equal(refused.status, status, path);
    assert.match(refused.json.detail, pattern);
  }
  assert.ok(!keys(await ask('/overlaps?bbox=117,31.5,117.5,32'), 'parcel').includes('P9'), 'a row without outline is met by nothing');
});

test('everybody sees of it what they see elsewhere', async () => {
  const forAll = await post(question), staff = await post(question, { token: STAFF }), chief = await post(question, { token: CHIEF });
  assert.ok(!JSON.stringify(forAll).includes('大户'));
  assert.deepEqual(layer(forAll, 'parcel').totals.map(({ field, value }) => [field, value]), [[undefined, undefined]], 'as of a layer with nothing that tells its rows apart');
  const page = await at('/overlaps?f=html&bbox=117.2,31.8,117.25,31.85');
  assert.ok(page.status === 200 && page.text.includes('征收地块') && !page.text.includes('户主'));
  assert.equal(row(staff, 'parcel', 'P1').properties.owner, '王大户');
  assert.equal(row(staff, 'parcel', 'P3').properties.owner, undefined, 'outside of the division');
  assert.deepEqual(layer(staff, 'parcel').totals.map(({ value }) => value).sort(), ['李二户', '王大户', null].sort());
  assert.ok(JSON.stringify(chief).includes('孙三户'));
});

test('a page to be printed says the same, without a script', async () => {
  const answer = await at('/collections/parcel/items/P1/overlaps?f=html');
  assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(answer.text, /压覆、占用分析/);
  assert.match(answer.text, /<td>永久基本农田<\/td>/);
  assert.ok(answer.text.includes('二号 &lt;地&gt;') && !answer.text.includes('<地>') && !answer.text.includes('<script'));
  assert.ok(answer.text.includes(area(1, 1, 2, 2).toFixed(2)));
  const [half] = /<tr><td>half<.*<\/tr>/.exec(answer.text);
  assert.match(half.replace(/<[^>]+>/g, ''), /批准日期：2021年3月5日；批准面积：12,345\.5 公顷/);
  const style = /href="([^"]+\.css)"/.exec(answer.text)[1];
  assert.equal((await at(style)).headers['content-type'], 'text/css; charset=utf-8');
  const posted = await at('/overlaps?f=html', { method: 'POST', body: JSON.stringify(question), headers: { 'Content-Type': 'application/geo+json' } });
  assert.match(posted.text, /生态保护红线/);
  const [tables] = /<h2>规划分区.*?<\/section>/s.exec((await at(`/overlaps?f=html&layers=zone&bbox=${box(4, -3, 6, -2.5).join()}`)).text);
  assert.match(tables, /未涉及/);
  const [touched] = /<h2>规划分区.*?<\/section>/s.exec((await at(`/overlaps?f=html&layers=zone&bbox=${box(4, -3, 6, -2).join()}`)).text);
  assert.match(touched, /仅边界相接/);
  assert.doesNotMatch(touched, /<tbody>\s*<\/tbody>/, 'no table without rows');
});

test('what cannot be asked is refused with the reason and the place', async () => {
  const bow = 'POLYGON ((117.2 31.8, 117.21 31.81, 117.21 31.8, 117.2 31.81, 117.2 31.8))';
  const deep = '{"type":"Feature","geometry":'.repeat(40) + 'null' + '}'.repeat(40), shallow = '{"type":"Feature","geometry":'.repeat(2) + 'null}}', nested = `{"type":"Point","x":${'['.repeat(5000)}`;
  const wrong = (body, pattern, type = 'application/geo+json', status = 400) => [body, type, pattern, status];
  for (const [body, type, pattern, status] of [wrong(bow, /Self-intersection at 117\.20500000, 31\.80500000/, 'text/plain'),
    wrong('', /empty/), wrong('{', /Character 2/), wrong('[]', /GeoJSON object/), wrong('{"type":"Polygon"}', /no "coordinates"/), wrong('{"coordinates":[]}', /no "type"/),
    wrong('{"type":"LineString","coordinates":[[1,2],[3,4]]}', /"LineString"/), wrong('{"type":"Polygon","coordinates":[]}', /empty/),
    wrong('{"type":"Polygon","coordinates":[[[1,2],[3,4],[5,6]]]}', /four positions/), wrong('{"type":"Polygon","coordinates":[[[1,2],[3,4],[5,6],[7,8]]]}', /not closed/),
    wrong('{"type":"Point","coordinates":[1]}', /two numbers/), wrong('{"type":"Point","coordinates":[1e999,2]}', /finite/), wrong('{"type":"Point","coordinates":[0x1,2]}', /number/),
    wrong('{"type":"Point","coordinates":[39500000,3500000]}', /no longitude and latitude/), wrong('{"type":"Point","coordinates":[1,2]} x', /follows/),
    wrong('{"type":"FeatureCollection","features":[]}', /no geometry/), wrong(deep, /deeper/, undefined, 413), wrong(shallow, /stands where none can be/), wrong(nested, /deeper|early/, undefined, 413),
    wrong('LINESTRING (1 2, 3 4)', /POINT, POLYGON or MULTIPOLYGON/, 'text/plain'), wrong('POLYGON EMPTY', /empty/, 'text/plain'), wrong('POLYGON ((1 2, 3 4', /\)/, 'text/plain'),
    wrong('x', /Content-Type/, 'application/octet-stream', 415)]) {
    const answer = await at('/overlaps', { method: 'POST', body, headers: { 'Content-Type': type ?? 'application/geo+json' } });
    assert.equal(answer.status, status, `${body.slice(0, 80)}: ${answer.text}`);
    assert.match(answer.json.detail, pattern, body.slice(0, 80));
  }
  const area = JSON.stringify({ type: 'Point', coordinates: [117.2, 31.8] });
  for (const [coding, body, status] of [['gzip', gzipSync(area), 415], ['br', area, 415], ['identity', area, 200]]) {
    const answer = await at('/overlaps', { method: 'POST', body, headers: { 'Content-Type': 'application/geo+json', 'Content-Encoding': coding } });
    assert.equal(answer.status, status, coding);
    if (status === 415) assert.match(answer.json.detail, /Content-Encoding/);
  }
  for (const [path, pattern] of [['/overlaps', /one place/], ['/overlaps?point=1,2&bbox=1,2,3,4', /one place/], ['/overlaps?point=1', /"point"/], ['/overlaps?point=190,2', /"point"/],
    ['/overlaps?bbox=1,2,1,4', /"bbox"/], ['/overlaps?bbox=1,2,3', /"bbox"/], ['/overlaps?point=1,2&layers=zone,none', /"none"/], ['/overlaps?point=1,2&layers=zone,zone', /twice/],
    ['/overlaps?point=1,2&layers=', /no layer/], ['/overlaps?point=1,2&limit=0', /"limit"/], ['/overlaps?point=1,2&f=csv', /"f"/], ['/overlaps?point=1,2&colour=red', /"colour"/],
    ['/overlaps?point=43.8,87.6&crs=EPSG:4490', /"point" is in degrees, longitude first/], ['/overlaps?bbox=43,87,44,88&crs=EPSG:4490', /"bbox" is in degrees/]]) {
    const answer = await at(path);
    assert.equal(answer.status, 400, path);
    assert.match(answer.json.detail, pattern, path);
  }
});

test('what takes too long is refused with what to do', async () => {
  // A comb: its teeth all lie in one another's boxes.
  const teeth = Array.from({ length: 240000 }, (_, i) => `${117.2 + i * 1e-7} ${i % 2 ? 31.8001 + i * 1e-9 : 31.9}`).join(',');
  const began = Date.now(), slow = await at('/overlaps', { method: 'POST', body: `POLYGON ((117.2 31.7,${teeth},117.3 31.7,117.2 31.7))`, headers: { 'Content-Type': 'text/plain' } });
  assert.equal(slow.status, 503, slow.text.slice(0, 300));
  assert.match(slow.json.detail, /too long/);
  assert.ok(Date.now() - began < 10000);
});

test('POST is for questions only, is kept by no cache, and is announced', async () => {
  const headers = { 'Content-Type': 'application/geo+json' };
  const answer = await at('/overlaps', { method: 'POST', body: JSON.stringify(question), headers });
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers.etag, undefined);
  assert.equal(answer.headers['access-control-allow-origin'], '*');
  assert.match((await at('/overlaps', { method: 'POST', body: JSON.stringify(question), headers, token: STAFF })).headers['cache-control'], /private, no-store/);
  const preflight = await at('/overlaps', { method: 'OPTIONS', headers: { Origin: 'https://example.org', 'Access-Control-Request-Headers': 'content-type' } });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers['access-control-allow-methods'], /POST/);
  assert.match(preflight.headers['access-control-allow-headers'], /Content-Type/);
  assert.doesNotMatch((await at('/catalogue', { method: 'OPTIONS' })).headers['access-control-allow-methods'], /POST/);
  const put = await at('/overlaps', { method: 'PUT', body: 'x' });
  assert.deepEqual([put.status, put.headers.allow], [405, 'GET, HEAD, POST, OPTIONS']);
  const elsewhere = await at('/collections/parcel/items/P1/overlaps', { method: 'POST', body: 'x' });
  assert.deepEqual([elsewhere.status, elsewhere.headers.allow], [405, 'GET, HEAD, OPTIONS']);
  const path = '/overlaps?point=117.201,31.801', whole = await at(path), head = await at(path, { method: 'HEAD' });
  assert.deepEqual([head.status, head.raw.length, head.headers['content-length'], head.headers.etag], [200, 0, whole.headers['content-length'], whole.headers.etag]);
  assert.match(whole.headers['cache-control'], /public/);
});

test('bodies: announced, in chunks, expected, lied about', async () => {
  const body = JSON.stringify(question), start = 'POST /overlaps HTTP/1.1\r\nHost: a\r\nContent-Type: application/geo+json\r\nConnection: close\r\n';
  assert.match(await raw(server.url, `${start}Content-Length: 99999999999\r\n\r\n`), /^HTTP\/1\.1 413 .*16 MiB/s);
  const chunks = body.match(/.{1,37}/gs).map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
  assert.match(await raw(server.url, `${start}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`), /^HTTP\/1\.1 200 /);
  assert.match(await raw(server.url, `${start}Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n${body}`), /HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  // More than is announced is the next request's, and less is a client that leaves.
  assert.match(await raw(server.url, `${start}Content-Length: ${body.length}\r\n\r\n${body}}}}}`), /^HTTP\/1\.1 200 /);
  const large = 'x'.repeat(1 << 16), over = `${large.length.toString(16)}\r\n${large}\r\n`.repeat(300);
  assert.match(await raw(server.url, `${start}Transfer-Encoding: chunked\r\n\r\n${over}0\r\n\r\n`), /^HTTP\/1\.1 413 .*16 MiB/s);
  assert.equal((await at('/healthz')).json.status, 'ok');
});

test('uploads are bounded together: one too many is told to come again, until another has left', async () => {
  const { hostname, port } = new URL(server.url), sockets = [];
  const whole = { method: 'POST', body: JSON.stringify(question) + ' '.repeat(2 << 20), headers: { 'Content-Type': 'application/geo+json' } };
  // Holds so many bytes, and a little less than it has announced.
  const hold = (size) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`POST /overlaps HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: ${size}\r\n\r\n`);
      socket.write(Buffer.alloc(size - 10, ' '));
    });
    socket.on('error', () => {});
    socket.resume();
    sockets.push(socket);
  };
  // How many of 16 MiB there is room for hangs on how they come, for their memory grows ahead of them: smaller ones fill what is left.
  for (let i = 0; i < 4; i++) hold(16 << 20);
  const until = async (status) => {
    for (const end = Date.now() + 20000; ;) {
      const answer = await at('/overlaps', whole);
      if (answer.status === status || Date.now() > end) return answer;
      if (status === 503 && sockets.length < 60) hold(1 << 20);
      await sleep(50);
    }
  };
  const refused = await until(503);
  assert.equal(refused.status, 503);
  assert.match(refused.json.detail, /as many uploads as it can/);
  assert.equal((await at('/overlaps?point=117.2,31.8')).status, 200, 'what has no body is answered');
  for (const socket of sockets) socket.end(' '.repeat(10)); // then they are read, and refused; one that only leaves may be noticed late
  assert.equal((await until(200)).status, 200);
});

test('coordinate TXT, a zipped shapefile, and coordinates of a zone ask what GeoJSON asks', async () => {
  const ring = ringOf(box(0.6, 0.6, 3.9, 3.9)), expected = await post({ type: 'Polygon', coordinates: [ring] });
  const same = (answer, text) => {
    assert.ok(Math.abs(answer.question.area_m2 - expected.question.area_m2) < 0.1, text);
    answer.layers.forEach((one, i) => {
      assert.deepEqual(one.items.filter((item) => !item.touches_only).map(({ key }) => key),
        expected.layers[i].items.filter((item) => !item.touches_only).map(({ key }) => key), `${text} ${one.layer}`);
      for (const item of one.items) {
        const other = expected.layers[i].items.find(({ key }) => key === item.key);
        if (item.area_m2 > 0) assert.ok(Math.abs(item.area_m2 - other.area_m2) < 0.1, `${text} ${item.key}`);
      }
    });
  };
  // PROJ gives the corners in zone 39 of CGCS2000: north, east.
  const places = execFileSync('cs2cs', ['-f', '%.6f', 'EPSG:4490', 'EPSG:4527'], { encoding: 'utf8', input: ring.map(([lon, lat]) => `${lat} ${lon}`).join('\n') })
    .trim().split('\n').map((line) => line.split(/\s+/).slice(0, 2));
  const txt = `[属性描述]\r\n格式版本号=1.01\r\n坐标系=2000国家大地坐标系\r\n几度分带=3\r\n投影类型=高斯克吕格\r\n计量单位=米\r\n带号=39\r\n精度=0.001\r\n转换参数=,,,,,,\r\n[地块坐标]\r\n`
    + `5,${(expected.question.area_m2 / 1e4).toFixed(4)},DK1,红线,面,,建设,,@\r\n${places.map(([north, east], i) => `J${i % 4 + 1},1,${north},${east}`).join('\r\n')}\r\n`;
  same(await post(txt, { type: 'text/plain' }), 'TXT');
  same(await post(`POLYGON((${places.map((place) => place.join(' ')).join(',')}))`, { type: 'text/plain', query: '?crs=EPSG:4527' }), 'WKT of a zone');
  writeFileSync(join(dir, 'redline.geojson'), JSON.stringify({ type: 'Feature', properties: { a: 1 }, geometry: { type: 'Polygon', coordinates: [ring] } }));
  execFileSync('ogr2ogr', ['-f', 'ESRI Shapefile', '-s_srs', 'EPSG:4490', '-t_srs', 'EPSG:4527', join(dir, 'redline.shp.zip'), join(dir, 'redline.geojson')]);
  const zip = readFileSync(join(dir, 'redline.shp.zip'));
  const zipped = await at('/overlaps', { method: 'POST', body: zip, headers: { 'Content-Type': 'application/zip' } });
  assert.equal(zipped.status, 200, zipped.text);
  same(zipped.json, 'ZIP');
  for (const [body, type, query] of [['[地块坐标]\r\n1,2\r\n', 'text/plain', ''], [zip.subarray(0, 300), 'application/zip', ''], ['PK no archive', 'application/zip', ''],
    [txt, 'text/plain', '?crs=EPSG:4527'], ['POINT(1 2)', 'text/plain', '?crs=EPSG:1']]) {
    const refused = await at(`/overlaps${query}`, { method: 'POST', body, headers: { 'Content-Type': type } });
    assert.equal(refused.status, 400, refused.text);
    assert.ok(refused.json.detail.length > 20 && !refused.json.detail.includes('/tmp'), refused.json.detail);
  }
});
