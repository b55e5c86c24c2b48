// One client that waits for batches to become visible.
// usage: node publish.mjs URL TILES [PREFIX PLACES COMMAND]…
//   TILES   lines z/x/y; those that a batch does not touch must keep their ETag
//   PREFIX  what the new parcels' project_id is, and their id begins with; PLACES: they, as GeoJSON a line each
//   COMMAND for sh; the clock starts when it is started
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../package.json', import.meta.url));
const { VectorTile } = await import(require.resolve('@mapbox/vector-tile'));
const pbf = await import(require.resolve('pbf'));
const Pbf = pbf.PbfReader ?? pbf.default;
const [url, list, ...rest] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const get = (path) => new Promise((resolve, reject) => {
  http.get(url + path, { agent }, (response) => {
    const parts = [];
    response.on('data', (part) => parts.push(part));
    response.on('end', () => resolve({ etag: response.headers.etag, status: response.statusCode, body: Buffer.concat(parts) }));
  }).on('error', reject);
});
const layer = (answer, name) => (answer.status === 200 ? new VectorTile(new Pbf(new Uint8Array(answer.body))).layers[name] : undefined);
const features = (answer, name) => { const l = layer(answer, name); return Array.from({ length: l?.length ?? 0 }, (_, i) => l.feature(i).properties); };
const tileOf = ([lon, lat], z) => [z, Math.floor((lon + 180) / 360 * 2 ** z), Math.floor((1 - Math.asinh(Math.tan(lat * Math.PI / 180)) / Math.PI) / 2 * 2 ** z)];
const points = function* (c) { if (typeof c[0] === 'number') yield c; else for (const d of c) yield* points(d); };
const median = (a) => { const s = [...a].sort((x, y) => x - y); return (s[(s.length - 1) >> 1] + s[s.length >> 1]) / 2; };

const all = fs.readFileSync(list, 'utf8').trim().split('\n');
const results = [];
console.log('batch         tile ms  grid ms  search ms  all ms  command ms   unrelated tiles that changed');
for (let i = 0; i + 2 < rest.length; i += 3) {
  const [prefix, file, command] = rest.slice(i, i + 3);
  const rows = fs.readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const touched = new Set();
  for (const row of rows) for (const p of points(row.geometry.coordinates)) {
    const [z, x, y] = tileOf(p, 14);
    for (let dx = -1; dx <= 1; dx++) for (let dy = -1; dy <= 1; dy++) touched.add(`${z}/${x + dx}/${y + dy}`);
  }
  const unrelated = all.filter((t) => !touched.has(t));
  const etags = [];
  for (const t of unrelated) etags.push((await get(`/xyz/parcel,zone,mining/${t}.mvt`)).etag);
  const row = rows[Math.floor(rows.length / 2)], first = points(row.geometry.coordinates).next().value;
  const tile = `/xyz/parcel/${tileOf(first, 14).join('/')}.mvt`, grid = `/xyz/parcel_grid/${tileOf(first, 6).join('/')}.mvt`, search = `/search?q=${encodeURIComponent(row.properties.id)}`;
  const total = (answer) => features(answer, 'parcel_grid').reduce((a, p) => a + p.count, 0);
  const before = { tile: await get(tile), grid: await get(grid), search: await get(search) };
  const count = total(before.grid);
  if (JSON.parse(before.search.body).results.some((r) => r.key.endsWith(row.properties.id))) { console.error(`publish.mjs: ${row.properties.id} is there already`); process.exit(1); }
  const start = performance.now(), at = {};
  const child = spawn('sh', ['-c', `exec ${command}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '', ended;
  child.stderr.on('data', (text) => { said = (said + text).slice(-2000); });
  const over = new Promise((resolve) => { child.on('close', (code) => { ended = performance.now() - start; resolve(code); }); });
  while (!(at.tile && at.grid && at.search)) {
    if (!at.tile) { const a = await get(tile); if (a.etag !== before.tile.etag && features(a, 'parcel').some((p) => p.project_id === prefix)) at.tile = performance.now() - start; }
    if (!at.grid) { const a = await get(grid); if (a.etag !== before.grid.etag && total(a) > count) at.grid = performance.now() - start; }
    if (!at.search) { const a = await get(search); if (JSON.parse(a.body).results.some((r) => r.key.endsWith(row.properties.id))) at.search = performance.now() - start; }
    if (performance.now() - start > 120000) { console.error(`publish.mjs: not visible after two minutes: ${command}\n${said}`); process.exit(1); }
    await new Promise((resolve) => { setTimeout(resolve, 1); });
  }
  if ((await over) !== 0) { console.error(`publish.mjs: this failed: ${command}\n${said}`); process.exit(1); }
  let changed = 0;
  for (const [k, t] of unrelated.entries()) changed += (await get(`/xyz/parcel,zone,mining/${t}.mvt`)).etag !== etags[k];
  const last = Math.max(at.tile, at.grid, at.search);
  results.push({ ...at, last, ended });
  console.log(`${prefix.padEnd(10)} ${[at.tile, at.grid, at.search, last, ended].map((n) => n.toFixed(0).padStart(9)).join('')}   ${changed} of ${unrelated.length}`);
}
console.log(`${'median'.padEnd(10)} ${['tile', 'grid', 'search', 'last', 'ended'].map((k) => median(results.map((r) => r[k])).toFixed(0).padStart(9)).join('')}   (under 100 ms is wanted)`);
agent.destroy();
