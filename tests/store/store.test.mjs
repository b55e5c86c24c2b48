// The store as others see it: GDAL reads it as a GeoPackage; a full disk and a kill -9 leave it whole and served.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { dangshan as sample, makeCounty } from '../sample_county.mjs';

const root = new URL('../..', import.meta.url).pathname;
const ingest = process.env.DK_INGEST ?? join(root, 'build/ingest/dikuai-ingest');
const tiler = process.env.DK_TILER ?? join(root, 'build/tiler/dikuai-tiler');
let dir, county;

const run = (...args) => spawnSync(ingest, args, { encoding: 'utf8' });
const ogrinfo = (...args) => execFileSync('ogrinfo', args, { encoding: 'utf8' });
const tableOf = (file) => execFileSync('sqlite3', [file, 'select sql from sqlite_master'], { encoding: 'utf8' });

// Many squares in a grid, as GeoJSON: enough rows for a load or publish to be met in the middle.
function squares(n, shift = 0) {
  const features = [];
  for (let i = 0; i < n; i++) {
    const x = 116.2 + (i % 400) * 0.001 + shift, y = 34.3 + Math.floor(i / 400) * 0.001;
    features.push({ type: 'Feature', properties: { id: `DK${i}`, project_id: 'P1', division: '341321' },
      geometry: { type: 'Polygon', coordinates: [[[x, y], [x + 0.0009, y], [x + 0.0009, y + 0.0009], [x, y + 0.0009], [x, y]]] } });
  }
  return JSON.stringify({ type: 'FeatureCollection', features });
}

before(() => {
  dir = mkdtempSync(join(tmpdir(), 'dikuai-store-'));
  county = join(dir, 'county.gpkg');
  makeCounty(county);
});
after(() => rmSync(dir, { recursive: true, force: true }));

describe('GDAL reads the store as a GeoPackage', () => {
  test('every layer and record kind, with as many rows as the sources have', () => {
    const listed = ogrinfo('-q', county);
    for (const kind of ['parcel', 'zone', 'mining', 'project', 'approval', 'compensation', 'notice', 'plan', 'mining_decision', 'preexamination'])
      assert.match(listed, new RegExp(`: ${kind} \\(`));
    const count = (file, layer) => Number(/Feature Count: (\d+)/.exec(ogrinfo('-so', file, layer))[1]);
    assert.equal(count(county, 'parcel'), count(join(sample, 'parcels.shp'), 'parcels'));
    assert.equal(count(county, 'zone'), count(join(sample, 'zones.gpkg'), 'zones'));
  });

  test('geometry in EPSG:4490 where the source has it, to the millimetre', () => {
    assert.match(ogrinfo('-so', county, 'parcel'), /ID\["EPSG",4490\]/);
    const extent = (file, layer, ...args) => /Extent: \(([-\d.]+), ([-\d.]+)\) - \(([-\d.]+), ([-\d.]+)\)/.exec(ogrinfo('-so', ...args, file, layer)).slice(1).map(Number);
    const stored = extent(county, 'parcel');
    // The source's own corner points, put into degrees by cs2cs (EPSG:4527 is northing, easting).
    const [west, south, east, north] = extent(join(sample, 'parcels.shp'), 'parcels');
    const corners = execFileSync('cs2cs', ['-f', '%.10f', 'EPSG:4527', 'EPSG:4490'], { encoding: 'utf8', input: `${south} ${west}\n${north} ${east}\n` });
    const [low, high] = corners.trim().split('\n').map((line) => line.split(/\s+/).map(Number));
    // A projected box and a box of degrees differ by the convergence of meridians: 1 km over a county.
    for (const [a, b] of [[stored[0], low[1]], [stored[1], low[0]], [stored[2], high[1]], [stored[3], high[0]]])
      assert.ok(Math.abs(a - b) < 0.01, `${a} ${b}`);
    // One vertex exactly: the first of the first parcel. Its row in the store is a later version, which says what was paid.
    const vertex = (text) => /\(\(\(?([-\d.]+) ([-\d.]+)/.exec(text).slice(1).map(Number);
    const first = ogrinfo('-q', '-fid', '0', '-oo', 'ENCODING=CP936', join(sample, 'parcels.shp'), 'parcels');
    const source = vertex(first), [, id] = /DKBH \(String\) = (.*)/.exec(first), [, project] = /XMBH \(String\) = (.*)/.exec(first);
    const [lat, lon] = execFileSync('cs2cs', ['-f', '%.12f', 'EPSG:4527', 'EPSG:4490'], { encoding: 'utf8', input: `${source[1]} ${source[0]}\n` }).trim().split(/\s+/).map(Number);
    const copy = vertex(ogrinfo('-q', '-sql', `select geom from parcel where id='${id}' and project_id='${project}'`, county));
    assert.ok(Math.abs(copy[0] - lon) < 1e-8 && Math.abs(copy[1] - lat) < 1e-8, `${copy} ${lon} ${lat}`);
  });

  test('all parcels are valid polygons, and fields of audience never are no columns', () => {
    const invalid = ogrinfo('-q', '-dialect', 'sqlite', '-sql', 'select count(*) as n from parcel where not ST_IsValid(geom)', county);
    assert.match(invalid, /n \(Integer\) = 0/);
    const mining = ogrinfo('-so', county, 'mining');
    assert.match(mining, /holder: String/);
    assert.doesNotMatch(mining, /phone|bank_account|address/);
  });

  test('the tables that GeoPackage 1.3 requires, and its application id', () => {
    const sql = tableOf(county);
    for (const table of ['gpkg_spatial_ref_sys', 'gpkg_contents', 'gpkg_geometry_columns']) assert.match(sql, new RegExp(table));
    assert.equal(execFileSync('sqlite3', [county, 'pragma application_id; pragma user_version'], { encoding: 'utf8' }).trim(), '1196444487\n10300');
  });
});

// A checkerboard of squares that touch, first one colour, then the other, then the first again a little larger: groups
// whose neighbours other groups write. 20 km wide, so that there are many groups.
test('one processor and all of them publish the same', () => {
  const board = (file, colour, grow) => {
    const features = [];
    for (let i = 0; i < 90; i++)
      for (let j = 0; j < 12; j++) {
        if ((i + j) % 2 !== colour) continue;
        const [x0, y0, x1, y1] = [116.2 + i * 0.0026 - grow, 34.3 + j * 0.0026 - grow, 116.2 + (i + 1) * 0.0026 + grow, 34.3 + (j + 1) * 0.0026 + grow];
        const wavy = [[x0, y0], [(x0 + x1) / 2, y0 + 0.0001 * (j % 3)], [x1, y0], [x1, y1], [(x0 + x1) / 2, y1 + 0.0001 * ((j + 1) % 3)], [x0, y1], [x0, y0]];
        features.push({ type: 'Feature', properties: { id: `DK${i}-${j}`, project_id: 'P1', division: '341321' }, geometry: { type: 'Polygon', coordinates: [wavy] } });
      }
    writeFileSync(join(dir, file), JSON.stringify({ type: 'FeatureCollection', features }));
    return join(dir, file);
  };
  const batches = [board('black.json', 0, 0), board('white.json', 1, 0), board('larger.json', 0, 2e-8)];
  const stores = ['0', `0-${cpus().length - 1}`].map((processors, n) => {
    const store = join(dir, `board${n}.gpkg`);
    const pinned = (...args) => {
      const done = spawnSync('taskset', ['-c', processors, ingest, ...args], { encoding: 'utf8' });
      assert.equal(done.status, 0, done.stderr);
    };
    pinned('create', store, '--catalogue', join(sample, 'catalogue.yaml'));
    batches.forEach((file, i) => pinned('load', store, 'parcel', file, ...(i === 2 ? ['--replace'] : []), '--publish'));
    pinned('check', store);
    pinned('withdraw', store, '3', '--reason', '更正');
    pinned('check', store);
    return store;
  });
  for (const table of ['block_parcel', 'piece_parcel', 'grid_parcel', 'weight_parcel', 'raised_parcel', 'overview_parcel', 'dikuai_touched']) {
    const [one, all] = stores.map((store) => execFileSync('sqlite3', ['-cmd', '.mode quote', store, `select * from ${table} order by 1,2,3`], { encoding: 'utf8', maxBuffer: 1e9 }));
    assert.ok(one === all, `${table} differs`);
    assert.ok(one.length > 0 || !table.startsWith('block'));
  }
});

// Squares in a row that touch, on both sides of a line between two cells of the index, so that they are in two groups.
test('a geometry that was damaged: check names every such row, and publishing next to a neighbour of it names it too', () => {
  const store = join(dir, 'damaged.gpkg'), line = -180 + 3371 * 360 / 4096, side = 0.001;
  const row = (file, ...places) => {
    const features = places.map((i) => {
      const x0 = line + i * side, x1 = line + (i + 1) * side, y0 = 34.3, y1 = 34.3 + side;
      return { type: 'Feature', properties: { id: `DK${i}`, project_id: 'P1', division: '341321' }, geometry: { type: 'Polygon', coordinates: [[[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]] } };
    });
    writeFileSync(join(dir, file), JSON.stringify({ type: 'FeatureCollection', features }));
    return join(dir, file);
  };
  run('create', store, '--catalogue', join(sample, 'catalogue.yaml'));
  const first = run('load', store, 'parcel', row('row.json', -1, 0, 90), '--publish');
  assert.equal(first.status, 0, first.stderr);
  execFileSync('sqlite3', [store, 'update row_parcel set geom=substr(geom,1,60) where row in (1,3)']);
  const checked = run('check', store);
  assert.equal(checked.status, 1);
  for (const n of [1, 3]) assert.match(checked.stdout + checked.stderr, new RegExp(`parcel row ${n} has a damaged geometry; withdraw its batch, and load that again`));
  const next = run('load', store, 'parcel', row('next.json', 1), '--publish'); // touches the second, which touches the first
  assert.equal(next.status, 1);
  assert.match(next.stderr, /row 1 of parcel has no geometry that can be read/);
});

test('a full disk is said, keeps nothing of the load, and the store stays whole', (t) => {
  const small = join(dir, 'small');
  execFileSync('mkdir', [small]);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=13000k', 'tmpfs', small]);
  if (mounted.status !== 0) {
    t.skip('a small file system cannot be mounted here (it needs root)');
    return;
  }
  try {
    const store = join(small, 'a.gpkg');
    assert.equal(run('create', store, '--catalogue', join(sample, 'catalogue.yaml')).status, 0);
    const first = run('load', store, 'project', join(sample, 'projects.csv'), '--publish');
    assert.equal(first.status, 0, first.stderr);
    writeFileSync(join(dir, 'county.geojson'), squares(30000));
    const full = run('load', store, 'parcel', join(dir, 'county.geojson'), '--publish');
    assert.equal(full.status, 1);
    assert.match(full.stderr, /a\.gpkg: the disk is full/);
    const checked = run('check', store);
    assert.equal(checked.status, 0, checked.stdout + checked.stderr);
    // What could not be removed for want of room the next command removes.
    execFileSync('mount', ['-o', 'remount,size=60000k', small]);
    assert.equal(run('load', store, 'project', join(sample, 'projects.csv'), '--publish').status, 0);
    const [batch, ...more] = JSON.parse(run('batches', store, '--json').stdout).batches ?? [];
    assert.equal(batch.kind, 'project');
    assert.deepEqual(more, []);
    // Tokens are in a file of their own, and what SQLite writes beside it needs room, too.
    const add = (name) => run('token', store, 'add', '--name', name, '--audience', 'staff', '--scope', '*');
    assert.equal(add('甲').status, 0);
    const filled = spawnSync('dd', ['if=/dev/zero', `of=${join(small, 'rest')}`, 'bs=4096']);
    assert.notEqual(filled.status, 0);
    const token = add('乙');
    assert.equal(token.status, 1);
    assert.match(token.stderr, /a\.gpkg\.access: the disk is full \(while [^)]*\); free some space\n$/);
    execFileSync('rm', [join(small, 'rest')]);
    assert.equal(add('乙').status, 0);
  } finally {
    execFileSync('umount', [small]);
  }
});

test('kill -9 while it publishes: the old generation is served, check passes, and it can be repeated', async () => {
  const store = join(dir, 'killed.gpkg');
  run('create', store, '--catalogue', join(sample, 'catalogue.yaml'));
  writeFileSync(join(dir, 'one.geojson'), squares(1));
  writeFileSync(join(dir, 'many.geojson'), squares(12000, 0.0001));
  assert.equal(run('load', store, 'parcel', join(dir, 'one.geojson'), '--publish').status, 0);
  const server = spawn(tiler, [store, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const line = String((await once(server.stdout, 'data'))[0]);
    const url = /http:\S+/.exec(line)[0];
    const old = await (await fetch(`${url}collections/parcel/items`)).text();
    assert.equal(JSON.parse(old).numberMatched, 1);
    const staged = run('load', store, 'parcel', join(dir, 'many.geojson'), '--replace');
    assert.equal(staged.status, 0, staged.stderr);
    let killed = 0;
    // Ever later in the publish, until it once gets through before the kill.
    for (let wait = 30; killed < 50; wait *= 2) {
      const publish = spawn(ingest, ['publish', store, '2'], { stdio: 'ignore' });
      const ended = once(publish, 'exit');
      await sleep(wait);
      publish.kill('SIGKILL');
      const [code, signal] = await ended;
      if (signal !== 'SIGKILL') {
        assert.equal(code, 0);
        break;
      }
      const seen = await (await fetch(`${url}collections/parcel/items`)).text();
      if (JSON.parse(seen).numberMatched === 12000) break; // its commit was done, its exit not yet
      killed++;
      assert.equal(seen, old, `after ${wait} ms`);
      const tile = await fetch(`${url}xyz/parcel/0/0/0.mvt`);
      assert.ok([200, 204].includes(tile.status));
      const checked = run('check', store);
      assert.equal(checked.status, 0, checked.stdout + checked.stderr);
    }
    assert.ok(killed > 0);
    const now = await (await fetch(`${url}collections/parcel/items?limit=1`)).json();
    assert.equal(now.numberMatched, 12000);
    assert.equal(run('check', store).status, 0);
  } finally {
    server.kill();
  }
});

test('a name that SQLite takes for something else than a file is refused, and a path to it is not', () => {
  const at = mkdtempSync(join(dir, 'names-'));
  const create = (name) => spawnSync(ingest, ['create', name, '--catalogue', join(sample, 'catalogue.yaml')], { encoding: 'utf8', cwd: at });
  for (const name of [':memory:', 'file:x.gpkg', 'file:x.gpkg?mode=memory']) {
    const refused = create(name);
    assert.equal(refused.status, 1);
    assert.ok(refused.stderr.includes(`${name}: is no name that a store can have; put ./ before it`), refused.stderr);
    assert.deepEqual(readdirSync(at), []);
    assert.match(spawnSync(tiler, [name, '--listen', '127.0.0.1:0'], { encoding: 'utf8', cwd: at }).stderr, /is no name that a store can have/);
  }
  assert.equal(create('./:memory:').status, 0);
  assert.match(execFileSync(ingest, ['check', './:memory:'], { encoding: 'utf8', cwd: at }), /sound/);
});

test('a copy of the file made while nothing writes is a store', () => {
  const copy = join(dir, 'copy.gpkg');
  cpSync(county, copy);
  const without = run('check', copy);
  assert.equal(without.status, 1, 'the documents are missing, and are named');
  assert.match(without.stdout + without.stderr, /copy\.gpkg\.documents\/[0-9a-f]{2}\/[0-9a-f]{62}: is missing/);
  cpSync(`${county}.documents`, `${copy}.documents`, { recursive: true });
  assert.equal(run('check', copy).status, 0);
});
