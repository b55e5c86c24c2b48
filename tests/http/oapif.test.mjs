// OGC API Features as its clients see it: GDAL, JSON Schema and OpenAPI validators, PROJ for coordinates.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv2020 from 'ajv/dist/2020.js';
import { CHIEF, featureCollection, folder, get, makeStore, parcels, run, serve, square, STAFF } from './county.mjs';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const CRS = 'http://www.opengis.net/def/crs/';
const store = makeStore();
const server = await serve(store, '--log-requests');
after(() => server.stop());
const at = async (path, options) => {
  const answer = await get(new URL(path, server.url), options);
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer;
};
const json = async (path, options) => (await at(path, options)).json;
const page = async (path, options) => (await at(path, { ...options, headers: { Accept: BROWSER } })).text;
const item = (kind, key) => `/collections/${kind}/items/${encodeURIComponent(key)}`;
const collections = (await json('/collections')).collections;

test('the landing page has what QGIS looks for: whole addresses of the API, the classes and the data', async () => {
  const { links } = await json('/?f=json');
  for (const [rel, type] of [['service-desc', 'application/vnd.oai.openapi+json;version=3.0'], ['conformance', 'application/json'], ['data', 'application/json']]) {
    const found = links.find((link) => link.rel === rel);
    assert.equal(found.type, type);
    assert.ok(found.href.startsWith(`${server.url}/`), found.href);
    assert.equal((await at(found.href)).headers['content-type'], type);
  }
  const doc = links.find(({ rel }) => rel === 'service-doc');
  assert.match((await at(doc.href)).headers['content-type'], /^text\/html/);
  const behind = await get(`${server.url}/?f=json`, { headers: { Host: 'land.example', 'X-Forwarded-Proto': 'https' } });
  assert.equal(behind.json.links.find(({ rel }) => rel === 'data').href, 'https://land.example/collections');
  const odd = await get(`${server.url}/?f=json`, { headers: { Host: 'a"b<c' } });
  assert.ok(odd.status === 400 || odd.json.links.find(({ rel }) => rel === 'data').href === '/collections');
});

test('a class that is declared holds: CQL2 filters, queryables are parameters, systems are served', async () => {
  const { conformsTo } = await json('/conformance');
  assert.equal(new Set(conformsTo).size, conformsTo.length);
  for (const name of ['ogcapi-features-1/1.0/conf/core', 'ogcapi-features-1/1.0/conf/oas30', 'ogcapi-features-1/1.0/conf/html', 'ogcapi-features-1/1.0/conf/geojson',
    'ogcapi-features-2/1.0/conf/crs', 'ogcapi-features-3/1.0/conf/filter', 'ogcapi-features-3/1.0/conf/features-filter', 'ogcapi-features-3/1.0/conf/queryables-query-parameters',
    'cql2/1.0/conf/cql2-text', 'cql2/1.0/conf/cql2-json', 'cql2/1.0/conf/basic-cql2']) assert.ok(conformsTo.includes(`http://www.opengis.net/spec/${name}`), name);
  const filters = {
    'cql2-text': "households = 5", 'basic-cql2': "NOT (households <> 5 OR households IS NULL)", 'advanced-comparison-operators': "name LIKE '二%' AND households BETWEEN 5 AND 5 AND households IN (5)",
    'case-insensitive-comparison': "CASEI(project_id) = CASEI('x1') AND households = 5", 'basic-spatial-functions': 'S_INTERSECTS(geometry, POINT(117.2022 31.8002))',
    'spatial-functions': 'S_WITHIN(geometry, POLYGON((117.2015 31.79,117.2045 31.79,117.2045 31.81,117.2015 31.81,117.2015 31.79)))',
    'property-property': "households = households AND name = '二号地'", arithmetic: 'households + 1 = 6' };
  for (const [name, filter] of Object.entries(filters)) {
    assert.ok(conformsTo.includes(`http://www.opengis.net/spec/cql2/1.0/conf/${name}`), name);
    const { features } = await json(`/collections/parcel/items?${new URLSearchParams({ filter })}`);
    assert.deepEqual(features.map(({ id }) => id), ['X1:DK002'], name);
  }
});

/** An address with tiles, layers and styles that there are. */
const fill = (path) => path.replace('{tileMatrixSetId}', 'WebMercatorQuad').replace('{tileMatrix}/{tileRow}/{tileCol}', '14/6657/13526').replace('{layers}', 'parcel')
  .replace('{z}/{x}/{y}', '14/13526/6657').replace('{styleName}', 'default');

/** Each value at the edge of what the API declares is taken; files that are converted are for downloads.test.mjs. */
async function asDeclared(api, token) {
  const needed = { '/search': 'q=DK001', '/overlaps': 'point=117.201,31.801' };
  const names = Object.keys(api.components.parameters);
  assert.deepEqual(names, [...new Set(names)]);
  for (const [path, { get: operation }] of Object.entries(api.paths)) {
    if (/\{(listId|sha256|calendarId|featureId)\}|^\/(batches\/|log)/.test(path) || (path.startsWith('/collections/') && path.split('/')[2] !== 'parcel')) continue;
    const filled = fill(path);
    const parameters = operation.parameters.map((each) => (each.$ref ? api.components.parameters[each.$ref.split('/').at(-1)] : each)).filter((each) => each.in === 'query');
    assert.deepEqual(parameters.map(({ name }) => name).sort(), [...new Set(parameters.map(({ name }) => name))].sort(), `${path} has a parameter twice`);
    for (const { name, schema } of parameters) {
      const values = schema.enum ?? { integer: [schema.minimum, schema.maximum, schema.default], boolean: [true, false] }[schema.type] ?? [];
      for (const value of values.filter((each) => each !== undefined && !['gpkg', 'fgb', 'shp'].includes(each))) {
        const own = name === 'geometry' || name === 'header' ? '&f=csv' : '', need = needed[path] && !needed[path].startsWith(`${name}=`) ? `&${needed[path]}` : '';
        if (name === 'crs' && path === '/overlaps') continue; // of wkt alone
        const { status, text } = await get(`${server.url}${filled}?${new URLSearchParams({ [name]: value })}${need}${own}`, { token });
        assert.ok(status < 300, `${filled}?${name}=${value}: ${text}`);
      }
    }
  }
}

test('an f that is none is told of the files, too', async () => {
  assert.match((await get(`${server.url}/collections/parcel/items?f=excel`)).json.detail, /json or html here, or csv, xlsx, geojson, geojsonseq, gpkg, fgb or shp/);
});

test('the API is valid OpenAPI 3.0, names no field that the viewer may not see, and all its addresses answer', async () => {
  for (const token of [undefined, STAFF]) {
    const answer = await at('/api', { token }), api = answer.json;
    assert.equal(api.openapi, '3.0.3');
    assert.deepEqual(await new Validator().validate(structuredClone(api)), { valid: true });
    const names = api.paths['/collections/parcel/items'].get.parameters.map(({ name }) => name);
    assert.ok(names.includes('households'));
    assert.equal(names.includes('owner'), token !== undefined);
    for (const hidden of ['id_number', 'bank_account', '身份证号', ...(token ? [] : ['owner', 'payee', '户主'])]) assert.ok(!answer.text.includes(hidden), hidden);
    for (const [path, { get: operation }] of Object.entries(api.paths)) {
      const kind = path.split('/')[2];
      const linked = operation.parameters.find(({ name }) => name === 'linked')?.schema.enum[0];
      const first = kind && path.includes('{featureId}') ? (await json(`/collections/${kind}/items?limit=1`, { token })).features[0].id : '';
      const filled = fill(path).replace('{featureId}', encodeURIComponent(first)).replace('{linked}', linked);
      if (path === '/lists/{listId}' || /^\/(documents|batches|log)\//.test(path)) continue; // lists, documents, preview, log: tests of their own
      const reached = await get(server.url + filled + ({ '/search': '?q=DK001', '/overlaps': '?point=117.201,31.801' }[path] ?? ''), { token, headers: { Accept: 'application/json' } });
      assert.ok(reached.status === 200 || (reached.status === 204 && operation.responses['204']), `${filled}: ${reached.text}`);
      const types = Object.keys(operation.responses['200'].content);
      if (reached.status === 200) assert.ok(types.includes(reached.headers['content-type']), `${filled}: ${reached.headers['content-type']}`);
      for (const type of types) if (type === 'text/html') assert.match((await at(`${filled}${path === '/overlaps' ? '?point=117.201,31.801&' : '?'}f=html`, { token })).headers['content-type'], /^text\/html/);
    }
    for (const path of ['/collections/parcel/items/{featureId}/proof', '/log/tile/{logLevel}/{logTile}', '/xyz/{layers}/{z}/{x}/{y}.mvt', '/xyz/{layers}.json', '/styles/{styleName}.json', '/healthz', '/metrics'])
      assert.ok(api.paths[path]?.get, `${path}: README has it among the addresses`);
    assert.deepEqual(Object.keys(api.paths['/session']), ['get', 'post', 'delete']);
    const area = api.paths['/overlaps'].post;
    assert.deepEqual(area.parameters.map(({ $ref }) => api.components.parameters[$ref.split('/').at(-1)].name).sort(), ['crs', 'f', 'layers', 'limit']);
    assert.deepEqual(Object.keys(area.requestBody.content), ['application/geo+json', 'text/plain', 'application/zip']);
    for (const path of ['/log/checkpoint', '/log/consistency']) assert.deepEqual(Object.keys(api.paths[path].get.responses['200'].content), ['text/plain'], path);
    if (token) await asDeclared(api, token);
    const broken = structuredClone(api);
    delete broken.paths['/conformance'].get.responses;
    assert.equal((await new Validator().validate(broken)).valid, false, 'the validator looks');
  }
});

test('schemas are JSON Schema 2020-12, every row keeps to its own, and every queryable is a parameter', async () => {
  for (const token of [undefined, STAFF, CHIEF]) {
    for (const { id } of collections) {
      const schema = await json(`/collections/${id}/schema`, { token }), queryables = await at(`/collections/${id}/queryables`, { token });
      assert.equal(queryables.headers['content-type'], 'application/schema+json');
      const ajv = new Ajv2020({ strict: false, validateFormats: false });
      assert.ok(ajv.validateSchema(schema) && ajv.validateSchema(queryables.json), ajv.errorsText());
      assert.equal(schema.$id, `${server.url}/collections/${id}/schema`);
      const keeps = ajv.compile(schema);
      for (const { properties } of (await json(`/collections/${id}/items`, { token })).features) assert.ok(keeps(properties), `${id}: ${ajv.errorsText(keeps.errors)}`);
      for (const [name, { title, type }] of Object.entries(queryables.json.properties)) {
        assert.match(title, /\p{Script=Han}/u);
        if (name === 'geometry') continue;
        const value = type === 'string' ? (name.endsWith('_on') ? '2021-01-01' : 'x') : '1';
        assert.equal((await get(`${server.url}/collections/${id}/items?${name}=${value}`, { token })).status, 200, name);
      }
      const sortables = Object.keys((await json(`/collections/${id}/sortables`, { token })).properties);
      assert.equal((await get(`${server.url}/collections/${id}/items?sortby=-${sortables[0]}`, { token })).status, 200);
      assert.deepEqual(sortables, Object.keys(schema.properties).filter((name) => name !== 'geometry'));
    }
  }
  const { properties, additionalProperties } = await json('/collections/approval/schema');
  assert.equal(additionalProperties, false);
  assert.equal(properties.approval_no['x-ogc-role'], 'id');
  assert.deepEqual(properties.approved_on, { title: '批准时间', type: 'string', format: 'date', 'x-ogc-role': 'primary-instant' });
  assert.equal(properties.received_on, undefined, 'it is for staff');
  assert.deepEqual((await json('/collections/parcel/schema')).properties.geometry,
    { title: '图形', format: 'geometry-polygon-or-multipolygon', 'x-ogc-role': 'primary-geometry' });
});

/** Positions in the axis order of EPSG:N as PROJ has it, from longitudes and latitudes. */
function proj(code, positions) {
  const from = code === 3857 || code === 4326 ? 4326 : 4490; // the same datum by agreement: so that PROJ shifts nothing
  if (code === from) return positions.map(([lon, lat]) => [lat, lon]);
  return execFileSync('cs2cs', ['-f', '%.6f', `EPSG:${from}`, `EPSG:${code}`], { encoding: 'utf8', input: positions.map(([lon, lat]) => `${lat} ${lon}`).join('\n') + '\n' })
    .trim().split('\n').map((line) => line.split(/\s+/).slice(0, 2).map(Number));
}
const near = (found, expected, tolerance, what) => {
  assert.equal(found.length, expected.length);
  found.forEach((pair, i) => pair.forEach((number, j) => assert.ok(Math.abs(number - expected[i][j]) <= tolerance, `${what}: ${pair} is not ${expected[i]}`)));
};

test('coordinates in all ten systems are those of PROJ, in the order of the axes, and boxes are read in them', async () => {
  const parcel = collections.find(({ id }) => id === 'parcel');
  assert.equal(parcel.storageCrs, `${CRS}EPSG/0/4490`);
  assert.equal(parcel.crs.length, 10);
  const ring = parcels[1].geometry.coordinates[0];
  for (const uri of parcel.crs) {
    const answer = await at(`${item('parcel', 'X1:DK002')}?crs=${encodeURIComponent(uri)}`), feature = answer.json;
    assert.equal(answer.headers['content-crs'], `<${uri}>`);
    const code = Number(uri.split('/').at(-1)), degrees = !(code > 0) || code === 4490 || code === 4326;
    const expected = code > 0 ? proj(code, ring) : ring, positions = feature.geometry.coordinates[0];
    near([...positions].sort(), [...expected].sort(), degrees ? 1e-9 : 1e-4, uri);
    const box = [0, 1].flatMap((way) => [0, 1].map((axis) => (way ? Math.max : Math.min)(...positions.map((position) => position[axis]))));
    near([feature.bbox], [box], degrees ? 1e-9 : 1e-4, 'bbox');
    const north = code > 0 && code !== 3857; // the ring runs counter-clockwise on the ground
    const area = positions.slice(1).reduce((sum, [x, y], i) => sum + (positions[i][0] - box[0]) * (y - box[1]) - (x - box[0]) * (positions[i][1] - box[1]), 0);
    assert.equal(area > 0, !north);
    // A box around the parcel's middle, in the system itself, finds the same as one in degrees.
    const middle = [0, 1].map((axis) => (box[axis] + box[axis + 2]) / 2), by = degrees ? 4e-4 : 40;
    const asked = new URLSearchParams({ bbox: [middle[0] - by, middle[1] - by, middle[0] + by, middle[1] + by], 'bbox-crs': uri, crs: uri });
    assert.deepEqual((await json(`/collections/parcel/items?${asked}`)).features.map(({ id }) => id), [], 'inside the hole');
    asked.set('bbox', [middle[0] - 3 * by, middle[1] - 3 * by, middle[0] + 3 * by, middle[1] + 3 * by]);
    const { features } = await json(`/collections/parcel/items?${asked}`);
    assert.deepEqual(features.map(({ id }) => id), ['X1:DK001', 'X1:DK002'], uri);
    assert.deepEqual(features[1].geometry, feature.geometry);
  }
  const { features } = await json('/collections/parcel/items?crs=[EPSG:4527]');
  near(features[0].geometry.coordinates[0].slice(0, 1), proj(4527, [parcels[0].geometry.coordinates[0][0]]), 1e-4, 'a page');
  for (const path of ['/collections/parcel/items', item('parcel', 'X1:DK002'), `${item('project', 'X1')}/parcel`]) {
    const refused = await get(`${server.url}${path}?crs=${encodeURIComponent(`${CRS}EPSG/0/4214`)}`);
    assert.equal(refused.status, 400);
    for (const uri of parcel.crs) assert.ok(refused.json.detail.includes(uri), uri);
  }
  assert.equal((await at('/collections/parcel/items')).headers['content-crs'], `<${CRS}OGC/1.3/CRS84>`);
  assert.equal((await at('/collections')).headers['content-crs'], undefined);
});

test('what is linked tells how many rows there are in all, and the extent of all of them on every page', async () => {
  const path = `${item('approval', '皖政地〔2021〕1号')}/parcel`;
  const whole = await json(path), first = await json(`${path}?limit=1`);
  const extent = [117.2, 31.8, 117.212, 31.802];
  for (const one of [whole, first, await json(first.links.find(({ rel }) => rel === 'next').href)]) {
    assert.equal(one.numberMatched, 3);
    near([one.bbox], [extent], 1e-9, 'extent');
  }
  const turned = await json(`${path}?limit=1&crs=EPSG:4490`);
  near([turned.bbox], [[31.8, 117.2, 31.802, 117.212]], 1e-9, 'extent');
  assert.equal((await json(`${item('parcel', 'X1:DK001')}/approval`)).bbox, undefined, 'records have no place');
  for (const feature of whole.features) {
    assert.equal((await json(feature.links.find(({ rel }) => rel === 'self').href)).id, feature.id);
    assert.equal((await json(feature.links.find(({ rel }) => rel === 'describedby').href)).subject.id, feature.id);
  }
});

test('who is refused in a browser reads why on a page, with a way on; programs get problem+json', async () => {
  const ask = (path, options) => get(new URL(path, server.url), options);
  for (const [path, status, title, detail] of [['/collections/parcel/items?f=html&area_m2=<b>', 400, '请求有误', 'compared with a number'],
    ['/collections/parcel/items/X9', 404, '没有找到', 'no such published item'], ['/nowhere', 404, '没有找到', 'nothing at this address'],
    ['/collections/parcel/items?f=csv&limit=x', 400, '请求有误', 'limit']]) {
    const page = await ask(path, { headers: { Accept: BROWSER } });
    assert.equal(page.status, status, path);
    assert.equal(page.headers['content-type'], 'text/html; charset=utf-8', path);
    assert.match(page.headers['content-security-policy'], /^default-src 'none'; style-src 'self'/);
    assert.equal(page.headers['cache-control'], 'no-store');
    assert.ok(page.text.includes(`<h1>${title}</h1>`) && page.text.includes('<html lang="zh-CN">'), page.text);
    assert.ok(page.text.includes(detail) && page.text.includes('href="/collections?f=html"') && page.text.includes('href="/web/pages.css"'), page.text);
    assert.ok(!page.text.includes('<b>'));
    for (const accept of [undefined, '*/*', 'application/json', 'text/html;q=0.5, application/json']) {
      const problem = await ask(path, { headers: accept ? { Accept: accept } : {} });
      assert.equal(problem.headers['content-type'], 'application/problem+json', `${path} ${accept}`);
      assert.equal(problem.json.status, status);
    }
  }
  assert.equal((await ask('/collections/parcel/items/X9?f=json', { headers: { Accept: BROWSER } })).headers['content-type'], 'application/problem+json');
  const token = await ask('/collections', { headers: { Accept: BROWSER, Authorization: 'Bearer dk_wrong' } });
  assert.equal(token.status, 401);
  assert.match(token.headers['www-authenticate'], /^Bearer error="invalid_token"/);
  assert.match(token.text, /<h1>登录已失效<\/h1>/);
});

test('HTML for who prefers it, JSON for who does not say, and HEAD is GET without a body', async () => {
  const resources = ['/conformance', '/api', '/collections', '/collections/parcel', '/collections/parcel/schema', '/collections/parcel/queryables', '/collections/parcel/sortables',
    '/collections/parcel/items', item('parcel', 'X1:DK001'), `${item('parcel', 'X1:DK001')}/dossier`, `${item('parcel', 'X1:DK001')}/approval`];
  for (const path of resources) {
    for (const [accept, html] of [[undefined, false], ['*/*', false], ['application/json', false], ['application/geo+json, application/json', false], [BROWSER, true], ['text/html', true],
      ['text/html;q=0.5, application/json', false], ['text/html;q=0', false], ['application/json;q=0.5, text/html', true]]) {
      const answer = await at(path, { headers: accept ? { Accept: accept } : {} });
      assert.equal(answer.headers['content-type'].startsWith('text/html'), html, `${path} ${accept}`);
      assert.match(answer.headers.vary, /\bAccept,/);
    }
    assert.match((await at(`${path}?f=html`, { headers: { Accept: 'application/json' } })).headers['content-type'], /^text\/html/);
    assert.match((await at(`${path}?f=json`, { headers: { Accept: 'text/html' } })).headers['content-type'], /json/);
    assert.equal((await get(`${server.url}${path}?f=xml`)).status, 400);
    const head = await at(path, { method: 'HEAD' }), full = await at(path);
    assert.equal(head.raw.length, 0);
    assert.equal(head.headers.etag, full.headers.etag);
    assert.equal(head.headers['content-length'], full.headers['content-length']);
  }
});

/** What a page says, without tags, its entities read. */
const textOf = (html) => html.replace(/<[^>]*>/g, ' ').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&');

// The one script that a page has: of dossiers, which check themselves against the publication log.
const VERIFY = '<script type="module" src="/web/verify.js"></script>';

test('pages are HTML without scripts under a strict policy, with one heading, and their links lead somewhere', async () => {
  const seen = new Set();
  for (const path of ['/conformance', '/api', '/collections', '/collections/parcel', '/collections/parcel/schema', '/collections/parcel/items?limit=2', item('parcel', 'X2:甲/乙 丙?'),
    `${item('parcel', 'X1:DK001')}/dossier`, `${item('approval', '皖政地〔2021〕1号')}/parcel?limit=1`]) {
    const answer = await at(path, { headers: { Accept: BROWSER } }), dossier = path.endsWith('/dossier');
    assert.equal(answer.text.split(VERIFY).length, dossier ? 2 : 1, path);
    const html = answer.text.replace(VERIFY, '');
    assert.match(html, /^<!doctype html>\n<html lang="zh-CN">/);
    assert.equal(html.match(/<h1>/g).length, 1);
    assert.doesNotMatch(html, /<script|style=|javascript:| on[a-z]+="/);
    assert.equal(answer.headers['content-security-policy'],
      `default-src 'none'; ${dossier ? "script-src 'self'; connect-src 'self'; " : ''}style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'`);
    for (const element of ['table', 'tr', 'td', 'ul', 'li', 'a', 'p', 'main', 'details', 'select', 'dl', 'code']) {
      assert.equal(html.split(`<${element}>`).length + html.split(`<${element} `).length - 2, html.split(`</${element}>`).length - 1, `${path}: ${element}`);
    }
    for (const [, href] of html.matchAll(/ href="([^"]*)"/g)) seen.add(href.replace(/&amp;/g, '&'));
  }
  assert.ok(seen.size > 30);
  for (const href of seen) assert.equal((await get(new URL(href, server.url))).status, 200, href);
});

test('the items page asks by its form, whose empty fields do not count, and pages through', async () => {
  const form = `/collections/parcel/items?f=html&id=&name=&project_id=X1&households=`;
  const html = await page(form);
  assert.equal(html.match(/<tr><th scope="row">/g).length, 3);
  assert.match(html, /name="project_id" value="X1"/);
  const keys = [];
  for (let path = '/collections/parcel/items?f=html&limit=2'; path;) {
    const one = (await at(path)).text;
    keys.push(...[...one.matchAll(/<tr><th scope="row"><a href="\/collections\/parcel\/items\/([^"?]*)/g)].map((match) => decodeURIComponent(match[1])));
    path = /<a rel="next" href="([^"]*)"/.exec(one)?.[1].replace(/&amp;/g, '&');
  }
  assert.equal(new Set(keys).size, parcels.length);
  assert.equal(keys.length, parcels.length);
});

test('the printable dossier holds all that its JSON does, for each viewer, and nothing else', async () => {
  const day = (date) => date.replace(/^(\d+)-0?(\d+)-0?(\d+)$/, '$1年$2月$3日');
  for (const token of [undefined, STAFF]) {
    const path = `${item('parcel', 'X1:DK001')}/dossier`;
    const dossier = await json(path, { token }), text = textOf((await at(`${path}?f=html`, { token })).text).replace(/,(?=\d{3})/g, '');
    const rows = [dossier.subject, ...dossier.linked.flatMap((part) => part.rows)];
    for (const row of rows) for (const value of Object.values(row.properties)) assert.ok(text.includes(typeof value === 'string' ? day(value) : String(value)), `${row.id}: ${value}`);
    for (const { date, field_title: title, label } of dossier.timeline) for (const part of [day(date), title, label]) assert.ok(text.includes(part), part);
    for (const { title, status, published_on: on } of dossier.items) assert.match(text, new RegExp(`${title}\\s+${status === 'published' ? `已公开\\s+${day(on)}` : '未公开'}`));
    assert.ok(dossier.totals.length > 0);
    for (const total of dossier.totals) {
      if (total.suppressed) assert.match(text, /不公开（本组不足 5 笔/);
      else for (const sum of Object.values(total.sums)) assert.ok(text.includes(sum.toFixed(2)), String(sum));
    }
    for (const secret of ['341321199001011234', '6222000000000001', ...(token ? [] : ['王大户', '张甲', '2020年12月1日'])]) assert.ok(!text.includes(secret), secret);
    if (token) for (const part of [dossier.origin.source, dossier.origin.files[0].sha256, '王大户']) assert.ok(text.includes(part), part);
  }
});

test('texts of rows and addresses are escaped on every page', async () => {
  const dir = folder(), own = join(dir, 'odd.dk'), evil = `<script>alert("1")</script>&'"<b>`;
  writeFileSync(join(dir, 'c.yaml'), `title: '<i>县</i>'
publisher: '"局"'
extent: [117.0, 31.5, 117.5, 32.0]
layers:
  - name: mine
    title: '<u>矿</u>'
    geometry: polygon
    key: {field: code}
    label: name
    date: [since, until]
    fields:
      - {name: code, title: 编号, type: text, audience: public}
      - {name: name, title: '<em>名</em>', type: text, audience: public, search: true}
      - {name: since, title: 起, type: date, audience: public}
      - {name: until, title: 止, type: date, audience: public}
      - {name: site, title: 网址, type: url, audience: public}
`);
  const rows = [[`a"><img src=x>`, evil, '2010-01-01', '2015-12-31', 'javascript:alert(1)'], ['b', '二', '2014-01-01', null, 'https://example.org/?a=1&b="2"'],
    ['c', '三', null, '2012-06-30', null], ['d', '四', null, null, null]]
    .map(([code, name, since, until, site], i) => ({ code, name, since, until, site, geometry: { type: 'Polygon', coordinates: [square(i, 0)] } }));
  writeFileSync(join(dir, 'm.geojson'), featureCollection(rows));
  writeFileSync(join(dir, 'tokens'), `${STAFF} * x\n`, { mode: 0o600 });
  run('create', own, '--catalogue', join(dir, 'c.yaml'));
  run('load', own, 'mine', join(dir, 'm.geojson'), '--publish');
  const odd = await serve(own);
  try {
    const key = encodeURIComponent(rows[0].code);
    for (const path of ['/collections', '/collections/mine', '/collections/mine/items', '/collections/mine/items?name=%22%3E%3Cscript%3E', `/collections/mine/items/${key}`,
      `/collections/mine/items/${key}/dossier`, '/collections/mine/items/b', '/collections/mine/queryables', '/api', '/conformance']) {
      const { text, status } = await get(odd.url + path, { headers: { Accept: BROWSER } });
      assert.equal(status, 200, path);
      assert.doesNotMatch(text.replace(VERIFY, ''), /<script|<img|<b>|<i>|<u>|<em>|href="javascript:/, path);
    }
    assert.ok(textOf((await get(`${odd.url}/collections/mine/items/${key}?f=html`)).text).includes(evil));
    assert.match((await get(`${odd.url}/collections/mine/items/b?f=html`)).text, /href="https:\/\/example.org\/\?a=1&amp;b=(&quot;|%22)2/);
    // The same store: a validity of two dates meets what is asked for; open ends and rows without dates.
    const valid = async (datetime) => (await get(`${odd.url}/collections/mine/items?datetime=${encodeURIComponent(datetime)}`)).json.features.map(({ properties }) => properties.code[0]);
    assert.deepEqual(await valid('2016-01-01'), ['b', 'd']);
    assert.deepEqual(await valid('2015-12-31'), ['a', 'b', 'd']);
    assert.deepEqual(await valid('2012-01-01'), ['a', 'c', 'd']);
    assert.deepEqual(await valid('2013-01-01/2014-01-01'), ['a', 'b', 'd']);
    assert.deepEqual(await valid('../2009-12-31'), ['c', 'd']);
    assert.deepEqual(await valid('2012-07-01/..'), ['a', 'b', 'd']);
    const { properties } = (await get(`${odd.url}/collections/mine/schema`)).json;
    assert.deepEqual([properties.since['x-ogc-role'], properties.until['x-ogc-role']], ['primary-interval-start', 'primary-interval-end']);
  } finally {
    await odd.stop();
  }
});

/** A proxy that notes what it is asked for. */
async function watch(target) {
  const asked = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url);
    const { hostname, port } = new URL(target);
    request.pipe(httpRequest({ hostname, port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    }));
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${proxy.address().port}${new URL(target).pathname.replace(/\/$/, '')}`, asked, close: () => new Promise((resolve) => proxy.close(resolve)) };
}
const exec = promisify(execFile);
const gdal = async (program, ...args) => (await exec(program, args, { env: { ...process.env, ASAN_OPTIONS: '', GDAL_HTTP_MAX_RETRY: '0' }, encoding: 'utf8' })).stdout;

test('GDAL reads every collection whole, and its filters arrive at the server', async () => {
  for (const base of ['', '/land']) {
    const own = base ? await serve(store, '--base-path', base, '--log-requests') : server;
    const proxy = await watch(own.url), source = `OAPIF:${proxy.url}`, out = folder(), all = [];
    try {
      const summary = await gdal('ogrinfo', '-ro', '-al', '-so', source);
      for (const { id, itemCount } of collections) assert.match(summary, new RegExp(`Layer name: ${id}\\n[^]*?Feature Count: ${itemCount}\\n`));
      const convert = async (layer, ...options) => {
        all.push(...proxy.asked.splice(0));
        const file = join(out, `${layer}${Math.random()}.geojson`);
        await gdal('ogr2ogr', file, source, layer, '-oo', 'PAGE_SIZE=2', ...options);
        return JSON.parse(readFileSync(file, 'utf8')).features;
      };
      for (const { id, itemCount } of collections) {
        const whole = await convert(id);
        assert.equal(whole.length, itemCount, id);
        const { features } = await json(`/collections/${id}/items`);
        assert.deepEqual(whole.map(({ properties }) => Object.values(properties).filter((value) => value !== null).join()).sort(),
          features.map(({ properties, id: key }) => [...('id' in properties ? [] : [key]), ...Object.values(properties)].join()).sort());
      }
      assert.ok(all.some((url) => url.includes('after=')), 'pages');
      const found = await convert('parcel', '-where', "households >= 3 OR name LIKE '怪%'", '-spat', '117.1995', '31.7995', '117.2015', '31.8025');
      assert.deepEqual(found.map(({ properties }) => properties.name), ['一号地']);
      const asked = new URL(proxy.asked.findLast((url) => url.includes('/parcel/items')), proxy.url).searchParams;
      assert.match(asked.get('filter'), /households >= 3.* OR .*name LIKE '怪%'/);
      assert.deepEqual(asked.get('bbox').split(',').map(Number), [117.1995, 31.7995, 117.2015, 31.8025]);
      assert.deepEqual((await convert('approval', '-where', "approved_on > '2021-03-05'")).map(({ properties }) => properties.approval_no), ['皖政地〔2021〕2号']);
      assert.deepEqual((await convert('parcel', '-where', "approval_no = '皖政地[2021]2号'")).map(({ properties }) => properties.id), ['DK001'], 'as the server compares it');
      await new Promise((resolve) => setImmediate(resolve));
      assert.match(own.errors(), /GET \/collections\/parcel\/items\?limit&bbox&filter\[\d+\]&filter-lang\n/);
    } finally {
      await proxy.close();
      if (base) await own.stop();
    }
  }
});

test('the log of requests has names of parameters only', async () => {
  await at('/collections/parcel/items?name=%E7%8E%8B%E5%A4%A7%E6%88%B7');
  await get(`${server.url}${item('parcel', '王大户')}`);
  await at('/search?q=%E7%8E%8B%E5%A4%A7%E6%88%B7');
  await new Promise((resolve) => setTimeout(resolve, 50));
  const log = server.errors();
  for (const line of ['GET /collections/parcel/items?name\n', 'GET /collections/parcel/items/*\n', 'GET /search?q\n', 'HEAD /conformance\n']) assert.ok(log.includes(line), line);
  assert.doesNotMatch(log, /王大户|DK001|皖政地/);
});
