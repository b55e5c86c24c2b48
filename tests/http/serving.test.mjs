// The program itself: how it starts, what it refuses, how it stops.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { catalogue, CHIEF, folder, get, makeStore, parcels, featureCollection, run, serve, STAFF, tiler } from './county.mjs';
import { validateStyleMin } from '../../tiler/web/node_modules/@maplibre/maplibre-gl-style-spec/dist/index.mjs';

const store = makeStore();
const tokens = join(dirname(store), 'tokens');
const start = (...args) => spawnSync(tiler, args, { encoding: 'utf8', timeout: 20000 });
const refuses = (done, code, pattern) => {
  assert.equal(done.status, code, done.stderr);
  assert.equal(done.stdout, '');
  assert.match(done.stderr, pattern);
  assert.equal(done.stderr.trim().split('\n').length, 1, `one sentence: ${done.stderr}`);
};

test('it prints one line with its address when it is ready, and ends with 0 on SIGTERM and SIGINT', async () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    const server = await serve(store);
    assert.equal((await get(`${server.url}/healthz`)).status, 200);
    server.child.kill(signal);
    const end = await server.ended;
    assert.deepEqual([end.code, end.signal], [0, null]);
    assert.equal(end.stdout, `dikuai-tiler: serving ${store} on ${server.url}/\n`);
  }
});

test('requests that are under way when it is told to stop are answered to their end', async () => {
  const server = await serve(store);
  const agent = new Agent({ keepAlive: true, maxSockets: 40 });
  const calls = Array.from({ length: 200 }, () => get(`${server.url}/collections/parcel/items/X1:DK001/dossier`, { agent }).catch((error) => error));
  await calls[0];
  const end = await server.stop();
  agent.destroy();
  assert.equal(end.code, 0, end.stderr);
  const whole = (await Promise.all(calls)).filter((answer) => !(answer instanceof Error));
  assert.ok(whole.length > 0);
  for (const answer of whole) assert.equal(answer.json.kind, 'parcel');
});

test('more connections than it takes are refused, and it goes on', async () => {
  const few = join(folder(), 'few');
  writeFileSync(few, `#!/bin/sh\nulimit -n 300\nexec '${tiler}' "$@"\n`, { mode: 0o700 });
  const server = await serve(store, { tiler: few }), { hostname, port } = new URL(server.url);
  let closed = 0;
  const sockets = Array.from({ length: 300 }, () => connect(Number(port), hostname).on('error', () => {}).on('close', () => {
    closed++;
  }));
  const until = async (what) => {
    for (const limit = Date.now() + 10000; Date.now() < limit && !await what(); await sleep(20));
  };
  await until(() => closed > 100);
  assert.ok(closed > 100 && closed < 300, `${closed} of 300 refused`);
  for (const socket of sockets) socket.destroy();
  let status;
  await until(async () => {
    status = await get(`${server.url}/healthz`).then((answer) => answer.status, () => 0);
    return status === 200;
  });
  assert.equal(status, 200);
  assert.equal((await Promise.race([server.stop(), sleep(10000)]))?.code, 0);
});

test('a port in use is one sentence that names it', async () => {
  const server = await serve(store);
  const { port } = new URL(server.url);
  refuses(start(store, '--listen', `127.0.0.1:${port}`), 1, new RegExp(`port ${port} of 127.0.0.1 is in use`));
  await server.stop();
});

test('an address of another machine, a name that does not exist, a wrong form', () => {
  refuses(start(store, '--listen', '203.0.113.7:8080'), 1, /203\.0\.113\.7 is no address of this machine/);
  refuses(start(store, '--listen', '127.0.0.1:99999'), 2, /--listen 127\.0\.0\.1:99999: .*port from 0 to 65535/);
  refuses(start(store, '--listen', '8080'), 2, /--listen 8080: .*ADDR:PORT/);
});

test('a store that is not there, not a store, cut short', () => {
  const dir = folder();
  refuses(start(join(dir, 'none.dk'), '--listen', '127.0.0.1:0'), 1, /none\.dk/);
  writeFileSync(join(dir, 'text.dk'), 'this is no store\n'.repeat(100));
  refuses(start(join(dir, 'text.dk'), '--listen', '127.0.0.1:0'), 1, /text\.dk/);
  copyFileSync(store, join(dir, 'cut.dk'));
  truncateSync(join(dir, 'cut.dk'), 3000);
  refuses(start(join(dir, 'cut.dk'), '--listen', '127.0.0.1:0'), 1, /cut\.dk/);
  refuses(start(dir, '--listen', '127.0.0.1:0'), 1, new RegExp(dir));
});

test('wrong usage is 2, and help and version are 0', () => {
  refuses(start(), 2, /STORE to serve is missing/);
  refuses(start(store, store), 2, /one STORE/);
  refuses(start(store, '--thread-count', '3'), 2, /unknown option/);
  refuses(start(store, '--listen'), 2, /without its value/);
  refuses(start(store, '--threads', '0'), 2, /--threads/);
  refuses(start(store, '--threads', 'many'), 2, /--threads/);
  refuses(start(store, '--base-path', 'land/'), 2, /--base-path/);
  refuses(start(store, '--tianditu-key', '"><script>'), 2, /--tianditu-key/);
  const help = start('--help');
  assert.equal(help.status, 0);
  assert.match(help.stdout, /usage: dikuai-tiler STORE/);
  assert.match(start('--version').stdout, /^dikuai-tiler \d/);
});

test('a token file: what is wrong with it is said with its line and without the token', () => {
  const dir = folder();
  const file = (text) => {
    writeFileSync(join(dir, 'tokens'), text, { mode: 0o600 });
    return start(store, '--listen', '127.0.0.1:0', '--token-file', join(dir, 'tokens'));
  };
  const hides = (done, pattern) => {
    refuses(done, 1, pattern);
    assert.doesNotMatch(done.stderr, /very-secret/);
  };
  hides(file('# a comment\n\nvery-secret-token\n'), /tokens:3: .*division prefix is missing/);
  hides(file('very-secret-token 3413x1 A\n'), /tokens:1: a division prefix/);
  hides(file('short 341321 A\n'), /tokens:1: a token has 8 to 256 characters/);
  hides(file('# nothing\n'), /holds no token/);
  refuses(start(store, '--token-file', join(dir, 'none')), 1, /none cannot be read/);
});

test('a token file that others can read works, with a warning', async () => {
  chmodSync(tokens, 0o644);
  const server = await serve(store);
  chmodSync(tokens, 0o600);
  assert.equal((await get(`${server.url}/catalogue`, { token: STAFF })).json.viewer.audience, 'staff');
  assert.match(server.errors(), /chmod 600/);
  await server.stop();
});

test('behind a base path every address that it gives has it, and requests may have it', async () => {
  const server = await serve(store, '--base-path', '/land');
  const origin = new URL(server.url).origin;
  assert.equal(server.url, `${origin}/land`);
  const landing = (await get(`${origin}/land/?f=json`)).json;
  for (const { href, templated = false } of landing.links) {
    assert.equal(templated, href.includes('{'), href); // else a program asks at {q}
    const url = new URL(href, origin); // some are whole, for clients that resolve none
    assert.equal(url.origin, origin);
    assert.match(url.pathname, /^\/land\//);
  }
  assert.equal((await get(`${origin}/land/collections/parcel/items/X1%3ADK001`)).json.id, 'X1:DK001');
  assert.match((await get(`${origin}/land/xyz/parcel.json`)).json.tiles[0], /^http:\/\/127\.0\.0\.1:\d+\/land\/xyz\/parcel\/\{z\}/);
  // A style is read by maps on other sites, which resolve no address: it leads here, and opens where this county is.
  for (const name of ['default', 'parcel', 'disclosure']) {
    const style = (await get(`${origin}/land/styles/${name}.json`)).json;
    assert.deepEqual(Object.values(style.sources).map(({ url }) => /^(.*)\/xyz\/[a-z_,]+\.json$/.exec(url)?.[1]), [server.url], name);
    assert.deepEqual(style.center, [117.25, 31.75]);
    assert.ok(style.zoom > 9 && style.zoom < 10, 'half a degree of latitude in 512 pixels: log2(360 / 0.5 * cos(31.75°)) is 9.26');
  }
  const bare = await get(`${origin}/land`);
  assert.equal(bare.status, 308);
  assert.equal(bare.headers.location, '/land/');
  assert.equal((await get(`${origin}/land?f=json&q=%E4%B8%80+1`)).headers.location, '/land/?f=json&q=%E4%B8%80%201', 'the query is not lost');
  assert.equal((await get(`${origin}/landing`)).status, 404);
  await server.stop();
});

// An address of several layers is 404 if one of them is not there, so a map that asked for it would stay empty.
test('a style draws the layers that there are for the viewer, and no others', async () => {
  const dir = folder(), own = join(dir, 'own.dk');
  const zones = `  - name: zone
    title: 规划分区
    geometry: polygon
    key: {field: id}
    audience: staff
    fields:
      - {name: id, title: 编号, type: text, audience: staff, required: true, tiles: true}
`;
  writeFileSync(join(dir, 'own.yaml'), catalogue.replace('records:\n', `${zones}records:\n`));
  writeFileSync(join(dir, 'tokens'), `${CHIEF} * 李四\n`, { mode: 0o600 });
  run('create', own, '--catalogue', join(dir, 'own.yaml'));
  const server = await serve(own);
  const at = (name, token) => get(`${server.url}/styles/${name}.json`, { token });
  for (const [token, layers] of [[undefined, ['parcel']], [CHIEF, ['parcel', 'zone']]]) {
    for (const name of ['default', 'disclosure']) {
      const style = (await at(name, token)).json;
      assert.deepEqual(validateStyleMin(style), [], 'by MapLibre\'s own validator');
      const [source, ...more] = Object.values(style.sources);
      assert.equal(more.length, 0);
      const described = await get(source.url, { token });
      assert.equal(described.status, 200, `${name}: ${source.url} ${described.text}`);
      const drawn = [...new Set(style.layers.map((layer) => layer['source-layer']).filter(Boolean))];
      assert.deepEqual(drawn.filter((each) => !each.endsWith('_grid')).sort(), layers, name);
      for (const each of drawn) assert.ok(described.json.vector_layers.some(({ id }) => id === each), `${name}: ${each}`);
      assert.equal(style.layers[0].type, 'background');
    }
  }
  assert.deepEqual([(await at('zone')).status, (await at('zone', CHIEF)).status, (await at('mining', CHIEF)).status], [404, 200, 404]);
  assert.match((await at('mining')).json.detail, /none of the layers.*\/catalogue/);
  await server.stop();
});

test('what is published while it runs is served at once, under the next generation; withdrawn, the old is back', async () => {
  const own = makeStore(), dir = dirname(own);
  const server = await serve(own);
  const before = (await get(`${server.url}/collections/parcel/items`)).json;
  const added = { ...parcels[0], id: 'DK900', name: '新地' };
  writeFileSync(join(dir, 'new.geojson'), featureCollection([added]));
  run('load', own, 'parcel', join(dir, 'new.geojson'), '--publish');
  const after = (await get(`${server.url}/collections/parcel/items`)).json;
  assert.equal(after.numberMatched, before.numberMatched + 1);
  assert.equal(after.generation, before.generation + 1);
  assert.equal((await get(`${server.url}/collections/parcel/items/X1:DK900`)).status, 200);
  run('withdraw', own, String(/(\d+)[^\n]*new\.geojson/.exec(run('batches', own))?.[1]), '--reason', 'test');
  assert.equal((await get(`${server.url}/collections/parcel/items/X1:DK900`)).status, 404);
  assert.equal((await get(`${server.url}/catalogue`)).json.layers[0].count, before.numberMatched);
  await server.stop();
});

test('nothing of a request is in what it prints: no token, no search text', async () => {
  const server = await serve(store);
  await get(`${server.url}/search?q=${encodeURIComponent('很私人的词')}`, { token: 'wrong-token-wrong' });
  await get(`${server.url}/search?q=${encodeURIComponent('很私人的词')}`, { token: STAFF });
  const end = await server.stop();
  assert.doesNotMatch(end.stdout + end.stderr, /私人|token-of|wrong-token/);
  assert.ok(readFileSync(tokens, 'utf8').includes(STAFF));
});
