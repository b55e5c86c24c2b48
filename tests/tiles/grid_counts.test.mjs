// Grids that count rows by the values of a text: at every zoom, the values of what is drawn and the counts of the grid are
// those of all items, after publishing, replacing, withdrawing and reindexing, and of what a filter holds for.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { get, ingest, serve } from '../http/county.mjs';
import { catalogue, makeLand, randomOf, readTile, tilesOf } from './land.mjs';

const VALUES = ['按期', '逾期', '未公开'];
const counting = catalogue.replace('grid: [households]', 'grid: [disclosure, households, grade]').replace('      - {name: households',
  `      - {name: disclosure, title: 公开情况, type: text, audience: public, index: true, values: [${VALUES}]}
      - {name: grade, title: 等级, type: text, audience: public, values: [${Array.from({ length: 12 }, (_, i) => `g${i}`)}]}
      - {name: households`);
const random = randomOf(17), box = [117.19, 31.59, 117.52, 31.82];
const parcels = Array.from({ length: 600 }, (_, i) => {
  const west = 117.2 + (i % 30) * 0.01, south = 31.6 + Math.floor(i / 30) * 0.01, side = 0.0005 + 0.008 * random() ** 3;
  const value = VALUES[Math.floor(random() * 4)]; // a quarter of the rows has none
  return { id: `D${i}`, households: i % 7, ...(value && { disclosure: value }), grade: `g${i % 11}`,
    rings: [[[west, south], [west + side, south], [west + side, south + side], [west, south + side], [west, south]]] };
});

const land = makeLand(counting);
writeFileSync(join(land.dir, 'tokens'), 'token-for-the-tests-0001 * all\n', { mode: 0o600 });
const withServer = async (work) => {
  const server = await serve(land.store);
  try {
    return await work(server.url);
  } finally {
    await server.stop();
  }
};
const itemsOf = async (url, params = '') => {
  const answer = await get(`${url}/collections/zone/items?limit=1000${params}`);
  assert.equal(answer.status, 200, answer.text);
  return new Map(answer.json.features.map(({ properties }) => [properties.id, properties]));
};
/** {value: rows} of a field, of those that have one. */
function countBy(rows, field) {
  const counts = {};
  for (const { [field]: value } of rows) if (value != null) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** Compares the tiles of a zoom with items. Gives how many are drawn and how many counted. */
async function compare(url, items, z, set, params = '') {
  const drawn = new Set(), counted = { disclosure: {}, grade: {} };
  let count = 0, households = 0;
  for (const tile of tilesOf(box, z, set)) {
    for (const name of ['zone', 'zone_grid']) {
      const { layers } = await readTile(url, name, tile, set, params);
      for (const { properties } of layers[name] ?? []) {
        if (name === 'zone') {
          drawn.add(properties.id);
          continue;
        }
        count += properties.count;
        households += properties.households;
        const here = { disclosure: 0, grade: 0 };
        for (const [key, n] of Object.entries(properties)) {
          const [, field, value] = /^(disclosure|grade)_(.*)$/.exec(key) ?? [];
          if (!field) continue;
          assert.ok(Number.isInteger(n) && n > 0, `${key} is ${n}`); // a count of 0 is left out
          counted[field][value] = (counted[field][value] ?? 0) + n;
          here[field] += n;
        }
        assert.ok(here.disclosure <= properties.count, 'some have no value');
        assert.equal(here.grade, properties.count, 'each has one');
      }
    }
  }
  const where = `${set} zoom ${z}`, rest = [...items.values()].filter(({ id }) => !drawn.has(id));
  for (const id of drawn) assert.ok(items.has(id), `${where}: ${id}`);
  assert.equal(count, rest.length, where);
  assert.equal(households, rest.reduce((sum, row) => sum + row.households, 0), where);
  for (const field of ['disclosure', 'grade']) assert.deepEqual(counted[field], countBy(rest, field), where);
  return [drawn.size, count];
}

/** The same at zooms at which none, some and all are drawn. */
async function compareAll(url, items, params) {
  for (const set of ['WebMercatorQuad', 'CGCS2000Quad']) {
    let both = 0;
    for (const z of [0, 4, 8, 9, 10, 11, 12, 14]) {
      const [drawn, counted] = await compare(url, items, z, set, params);
      both += drawn > 0 && counted > 0;
    }
    assert.ok(both > 1, `${set}: at some zooms some are drawn and some counted`);
  }
}
const sound = () => assert.match(land.run('check', land.store), /: sound\n$/);
const same = (items, rows) => assert.deepEqual(new Map([...items].map(([id, row]) => [id, row.disclosure ?? undefined])),
  new Map(rows.map((row) => [row.id, row.disclosure])));

test('TileJSON names a number for each value, and says that counts of 0 are left out', async () => {
  land.load('first', parcels.slice(0, 400));
  await withServer(async (url) => {
    const { vector_layers: [layer] } = (await get(`${url}/xyz/zone_grid.json`)).json;
    assert.equal(layer.id, 'zone_grid');
    assert.match(layer.description, /为 0 时不写/);
    assert.deepEqual(layer.fields, Object.fromEntries(['count', 'area_m2', ...VALUES.map((value) => `disclosure_${value}`), 'households',
      ...Array.from({ length: 12 }, (_, i) => `grade_g${i}`)].map((name) => [name, 'Number'])));
  });
});

const moved = parcels.slice(100, 160).map((row, i) => ({ ...row, households: 3,
  disclosure: VALUES[(VALUES.indexOf(row.disclosure) + 1 + i % 2) % 3] }));
test('published in two batches, and some rows replaced by others with other values', async () => {
  await withServer(async (url) => {
    const items = await itemsOf(url);
    same(items, parcels.slice(0, 400));
    await compareAll(url, items);
  });
  land.load('second', parcels.slice(400));
  land.load('again', moved, '--replace');
  sound();
  await withServer(async (url) => {
    const items = await itemsOf(url);
    same(items, [...parcels.slice(0, 100), ...moved, ...parcels.slice(160)]);
    await compareAll(url, items);
  });
});

test('a filtered tile counts the rows that the filter holds for, and no other', async () => {
  await withServer(async (url) => {
    for (const filter of ["disclosure = '逾期'", 'households = 3', 'disclosure IS NULL']) {
      const params = `&filter=${encodeURIComponent(filter)}`, items = await itemsOf(url, params);
      assert.ok(items.size > 20 && items.size < 300, filter);
      await compareAll(url, items, params);
    }
  });
});

test('withdrawn, what was replaced counts as before, and what has gone does not count', async () => {
  land.run('withdraw', land.store, '3', '--reason', '更正');
  sound();
  await withServer(async (url) => {
    const items = await itemsOf(url);
    same(items, parcels);
    await compareAll(url, items);
  });
  land.run('withdraw', land.store, '1', '--reason', '更正');
  sound();
  await withServer(async (url) => {
    const items = await itemsOf(url);
    same(items, parcels.slice(400));
    await compareAll(url, items);
  });
});

test('a redacted row counts no more, and reindex counts the same anew', async () => {
  const gone = parcels.slice(400).find((row) => row.disclosure === '逾期');
  land.run('redact', land.store, 'zone', gone.id, '--reason', '依法更正');
  sound();
  const left = parcels.slice(400).filter((row) => row !== gone);
  for (const command of [null, 'reindex']) {
    if (command) land.run(command, land.store);
    await withServer(async (url) => {
      const items = await itemsOf(url);
      same(items, left);
      await compareAll(url, items);
    });
  }
  sound();
});

test('a catalogue that lists the values otherwise counts by its own list', async () => {
  const path = join(land.dir, 'reordered.yaml');
  writeFileSync(path, counting.replace(`values: [${VALUES}]`, `values: [${[...VALUES, '不适用'].reverse()}]`)
    .replace('[disclosure, households, grade]', '[households, grade, disclosure]'));
  land.run('catalogue', land.store, path);
  sound();
  await withServer(async (url) => compareAll(url, await itemsOf(url)));
});

test('check finds a count that is not that of the rows, and reindex mends it', async () => {
  const row = parcels.slice(400).find(({ disclosure }) => disclosure === '未公开'); // no attribute of tiles: the entry does not tell
  execFileSync('sqlite3', [land.store, `update row_zone set f_disclosure='按期' where key='${row.id}'`]);
  const { status, stdout, stderr } = spawnSync(ingest, ['check', land.store], { encoding: 'utf8' });
  assert.equal(status, 1, stderr);
  const redacted = parcels.slice(400).find(({ disclosure }) => disclosure === '逾期');
  const counts = countBy(parcels.slice(400).filter(({ id }) => id !== redacted.id), 'disclosure');
  for (const [value, more] of [['未公开', -1], ['按期', 1]]) {
    const sentence = `the grid of zone at zoom 0 has ${counts[value]} as disclosure_${value} instead of ${counts[value] + more}; run dikuai-ingest reindex`;
    assert.ok((stdout + stderr).includes(sentence), stdout + stderr);
  }
  land.run('reindex', land.store);
  assert.doesNotMatch(spawnSync(ingest, ['check', land.store], { encoding: 'utf8' }).stdout, /the grid of/);
});
