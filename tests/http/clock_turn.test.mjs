// Days that pass: a store as it was on a day of 2024, whose clock is turned to today while it is served.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { VectorTile } from '@mapbox/vector-tile';
import { PbfReader } from 'pbf';
import { dangshan } from '../sample_county.mjs';
import { catalogue, get as fetched, ingest, plainIngest, run, serve, STAFF } from './county.mjs';
import { compute, download } from './recompute.mjs';

const THEN = '2024-06-10', ORDER = ['missing', 'late', 'short', 'soon', 'due', 'unknown', 'met', 'waiting', 'not_applicable'];
const today = () => new Date(Date.now() + 8 * 3600000).toISOString().slice(0, 10);
const folder = mkdtempSync(join(tmpdir(), 'dk-turn-')), store = join(folder, 'county.gpkg');
run('create', store, '--catalogue', join(dangshan, 'catalogue.yaml'));
const files = readdirSync(dangshan);
for (const [kind, name] of [['project', 'projects'], ['approval', 'approvals'], ['parcel', 'parcels'], ['mining', 'mining'], ['mining_decision', 'mining_decisions'],
  ['preexamination', 'preexaminations'], ['notice', 'notices'], ['compensation', 'compensation']]) {
  run('load', store, kind, join(dangshan, files.find((file) => new RegExp(`^${name}\\.(shp|xlsx|csv)$`).test(file))));
}
// Publishes them as on the day before, and turns the clock to that day.
execFileSync(join(dirname(dirname(plainIngest)), 'tests', 'bench_turn'), [store, '2024-06-09', '1']);
writeFileSync(join(folder, 'tokens'), `${STAFF} 341321 县里\n`, { mode: 0o600 });
const server = await serve(store);
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});
const raw = (path, options) => fetched(server.url + path, options);
const get = async (path) => {
  const answer = await raw(path);
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer.json;
};
const TILES = [];
for (const z of [8, 11, 13]) {
  const x = (lon) => Math.floor((lon + 180) / 360 * 2 ** z), y = (lat) => Math.floor((1 - Math.asinh(Math.tan(lat * Math.PI / 180)) / Math.PI) / 2 * 2 ** z);
  for (let column = x(116.1); column <= x(116.7); column++) for (let row = y(34.7); row <= y(34.2); row++) TILES.push(`${z}/${column}/${row}`);
}

/** Parcels of different projects have the same number. */
const nameOf = (kind, { id, project_id: project, approval_no: approval, licence_no: licence }) => [kind, id, project, approval, licence].join(' ');
function tilesSay({ data, drawn, counted }) {
  for (const kind of ['parcel', 'mining']) for (const { properties } of data.rows[kind]) {
    const name = nameOf(kind, Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== null)));
    if (drawn.has(name)) assert.equal(drawn.get(name), properties.disclosure, name);
  }
  const all = {};
  for (const { properties: { disclosure: word } } of data.rows.parcel) all[word] = (all[word] ?? 0) + 1;
  assert.deepEqual(Object.fromEntries(Object.entries(counted).sort()), Object.fromEntries(Object.entries(all).sort()), 'at zoom 8, drawn or counted');
}

/** What tiles, rows and the recomputation say of each row, on a day. */
async function everything(day) {
  const data = await download(get), worst = new Map(), tiles = new Map(), drawn = new Map(), ids = new Set(), counted = {};
  for (const { kind, key, state } of compute(data, day)) {
    const id = `${kind} ${key}`;
    if (!worst.has(id) || ORDER.indexOf(state) < ORDER.indexOf(worst.get(id))) worst.set(id, state);
  }
  const rows = new Map(['parcel', 'mining'].flatMap((kind) => data.rows[kind].map(({ key, properties }) => [`${kind} ${key}`, properties.disclosure])));
  for (const [id, word] of rows) assert.ok(word === worst.get(id) || (word === 'soon' && worst.get(id) === 'due'), `on ${day} ${id} says ${word}, computed is ${worst.get(id)}`);
  for (const place of TILES) {
    const answer = await raw(`/xyz/parcel,parcel_grid,mining/${place}.mvt`);
    tiles.set(place, answer.headers.etag ?? String(answer.status));
    if (answer.status === 204 || place.startsWith('11/')) continue;
    const { layers } = new VectorTile(new PbfReader(answer.body));
    for (const kind of ['parcel', 'mining']) for (let i = 0; i < (layers[kind]?.length ?? 0); i++) {
      const { properties, id } = layers[kind].feature(i);
      if (place.startsWith('8/')) {
        if (kind === 'parcel' && !ids.has(id)) counted[properties.disclosure] = (counted[properties.disclosure] ?? 0) + 1;
        ids.add(id);
      } else drawn.set(nameOf(kind, properties), properties.disclosure);
    }
    if (place.startsWith('13/')) continue;
    for (let i = 0; i < (layers.parcel_grid?.length ?? 0); i++) for (const [name, n] of Object.entries(layers.parcel_grid.feature(i).properties)) {
      const word = name.match(/^disclosure_(.*)$/)?.[1];
      if (word) counted[word] = (counted[word] ?? 0) + n;
    }
  }
  return { data, rows, tiles, drawn, counted };
}

let before;
test('on that day rows and tiles say how they stood then', async () => {
  before = await everything(THEN);
  const words = new Set(before.rows.values());
  for (const word of ['due', 'missing', 'met']) assert.ok(words.has(word), `some row is ${word} on ${THEN}`);
  assert.ok(before.drawn.size > 500);
  tilesSay(before);
});

test('turned to today, those that changed say so, in a running server, and tiles of the others stay as they are', async () => {
  const behind = async () => Number((await raw('/metrics')).text.match(/^dikuai_clock_behind_days (\d+)$/m)[1]);
  const days = (Date.parse(today()) - Date.parse(THEN)) / 86400000, late = await behind();
  assert.ok(late > 0 && late <= days, `${late} days behind, ${days} have passed`);
  const { generation } = await get('/scorecard?level=0'), told = JSON.parse(run('clock', store, '--json'));
  assert.equal(told.generation, generation + 1);
  for (let i = 0; i < 400 && (await get('/scorecard?level=0')).generation === generation; i++) await new Promise((resolve) => { setTimeout(resolve, 20); });
  const now = await everything(today());
  const changed = [...now.rows].filter(([id, word]) => before.rows.get(id) !== word).map(([id]) => id);
  assert.equal(told.rows, changed.length);
  assert.equal(await behind(), 0);
  assert.ok(changed.length > 10 && changed.length < now.rows.size / 2, 'the sample has rows that change, and more that do not');
  tilesSay(now);
  assert.deepEqual([...now.drawn.keys()].sort(), [...before.drawn.keys()].sort());
  const same = TILES.filter((place) => now.tiles.get(place) === before.tiles.get(place));
  assert.ok(same.length > 0 && same.length < TILES.length, `${same.length} of ${TILES.length} tiles are as they were`);
  assert.match(run('check', store), /sound/);
  assert.match(run('verify', store), /./);
  const listed = JSON.parse(run('generations', store, '--json')), last = (listed.generations ?? listed).at(-1);
  assert.equal(last.action, 'clock');
});

test('a second time nothing changes, and no generation is made', async () => {
  const { generation } = await get('/scorecard?level=0'), told = JSON.parse(run('clock', store, '--json'));
  assert.deepEqual([told.generation, told.rows, told.error], [0, 0, null]);
  assert.ok(told.until === null || told.until >= today());
  assert.match(run('clock', store), /^nothing changes today\n/);
  assert.equal((await get('/scorecard?level=0')).generation, generation);
});

test('a catalogue without such a field is told what to do', () => {
  const other = join(folder, 'other.gpkg');
  writeFileSync(join(folder, 'other.yaml'), catalogue);
  run('create', other, '--catalogue', join(folder, 'other.yaml'));
  const answer = spawnSync(ingest, ['clock', other], { encoding: 'utf8' });
  assert.equal(answer.status, 1);
  assert.match(answer.stderr, /other\.gpkg: no field of its catalogue says how disclosure stands; declare one with computed: disclosure/);
});
