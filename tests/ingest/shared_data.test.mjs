// Real data of other people, in a folder that the repository does not hold (DK_SHARED): what becomes of each of its files.
// The numbers are from other programs, named beside them; none is what dikuai-ingest said of the file.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { scene } from './helpers.mjs';

const shared = process.env.DK_SHARED ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'shared', 'data');
const skip = existsSync(shared) ? false : `${shared} is not here`;

const catalogue = `
title: 他人的真实数据
publisher: 测试
map_approval_no: 无
extent: [-180, -90, 180, 90]
layers:
  - name: parcel
    title: 地块
    geometry: polygon
    key: {field: parcel_id}
    zooms: [6, 16]
    fields:
      - {name: parcel_id, title: 地块编号, type: text, audience: public, required: true}
      - {name: district, title: 分区, type: text, audience: public}
      - {name: class, title: 类别, type: text, audience: public}
      - {name: value, title: 价值, type: text, audience: public}
      - {name: src, title: 来源, type: text, audience: public}
  - name: county
    title: 县
    geometry: polygon
    key: {field: adcode}
    zooms: [4, 12]
    fields:
      - {name: adcode, title: 区划代码, type: division, audience: public, required: true}
      - {name: name, title: 区划名称, type: text, audience: public}
      - {name: parent, title: 上级代码, type: division, audience: public}
      - {name: src, title: 出处, type: text, audience: public}
  - name: shape
    title: 图形
    geometry: polygon
    key: {field: id}
    zooms: [0, 12]
    fields:
      - {name: id, title: 行号, type: text, audience: public, required: true}
records:
  - name: division
    title: 行政区划
    key: {field: code}
    fields:
      - {name: code, title: 代码, type: division, audience: public, required: true, aliases: [区划代码]}
      - {name: name, title: 名称, type: text, audience: public, required: true, aliases: [区划名称]}
      - {name: level, title: 级别, type: text, audience: public, values: [prefecture, county, township, village]}
  - name: text
    title: 文字
    key: {field: test}
    fields:
      - {name: test, title: 文字, type: text, audience: public, required: true}
`;

const twice = /^the key .+ stands in row \d+ of the same load already; each key may come once$/;
const noKey = /^parcel_id \(地块编号\) is empty, and it is the key$/;
const noGeometry = /^there is no geometry; --undrawn loads rows that have none yet$/;
const noCode = /^code '34\d\d' is not a division code of 6, 9 or 12 digits$/;
const tooMuch = /^the polygon is not valid: .*, and repairing it would change its area from [\d.]+ to [\d.]+ m2, by more than 0\.1 %; correct it in the source$/;
const partOfShapefile = /: this is one part of a shapefile; give the \.shp$/;

// Loaded rows by their key, for what is compared beyond counts.
const rows = (s, layer, key, value) => new Map(s.rows(layer).map((f) => [f.properties[key], f.properties[value]]));
const json = (name) => JSON.parse(readFileSync(join(shared, name), 'utf8')).features;
// That a shapefile in GBK says what the GeoJSON it was made of says, which JSON.parse reads.
function sameCounties(s) {
  assert.deepEqual(rows(s, 'county', 'adcode', 'name'), new Map(json('anhui_counties.geojson').map((f) => [f.properties.adcode, f.properties.name])));
}

// Of each file: one load or several. `load` is the arguments; then either `refused`, the sentence, or the counts and the
// reasons of the rejected rows with how many rows have each; `from`: where the counts come from.
const outcomes = {
  'README.md': [{ load: ['text'], refused: /README\.md: the format is not known; save it as one of these, .*: shapefile, / }],
  'anhui_counties.geojson': [{
    load: ['county', '--publish', '--allow-rejects'], loaded: 104, repaired: 5, rejected: [[twice, 1]],
    from: 'ogrinfo -dialect sqlite: 105 rows, 104 values of adcode (枞阳县 is there twice), ST_IsValid is 0 for 5',
    then: sameCounties }],
  'anhui_gbk_nocpg.shp': [{
    load: ['county', '--publish', '--allow-rejects'], loaded: 104, repaired: 5, rejected: [[twice, 1]],
    from: 'the same as the GeoJSON; ogrinfo -so: 105 shapes',
    then: sameCounties }],
  'anhui_gbk_nocpg.dbf': [{
    load: ['division', '--ignore', '上级代码', '--publish', '--allow-rejects'], loaded: 104, rejected: [[twice, 1]],
    notes: [/its geometries were not read: division is a kind of record/], from: 'as above' }],
  'anhui_gbk_nocpg.shx': [{ load: ['county'], refused: partOfShapefile }],
  'anhui_gbk_nocpg.prj': [{ load: ['county'], refused: partOfShapefile }],
  'anhui_divisions.csv': [{
    load: ['division', '--publish', '--allow-rejects'], loaded: 20138, rejected: [[noCode, 16]],
    from: 'wc -l: 20,155 lines with the header; csv of Python: 16 prefectures have 4 digits; no code comes twice',
    then: (s) => {
      const loaded = rows(s, 'division', 'code', 'name');
      const lines = readFileSync(join(shared, 'anhui_divisions.csv'), 'utf8').replace('\ufeff', '').trim().split('\n').slice(1).map((line) => line.trim().split(','));
      assert.deepEqual(loaded, new Map(lines.filter(([code]) => code.length > 4).map(([code, name]) => [code, name])));
    } }],
  'cambridge_fy2013.gpkg': [{
    load: ['parcel', '--dry-run'], loaded: 13074, repaired: 18, rejected: [[twice, 75], [noKey, 6], [tooMuch, 4]],
    from: 'ogrinfo -dialect sqlite: 13,159 rows, 6 without parcel_id, 13,077 values of it, ST_IsValid is 0 for 24, of which 2 are not the first of their value, ST_Buffer(x, 0) changes the area of 4 by more than 0.1 %, one of them a first of several --MD' }],
  'cambridge_fy2014.gpkg': [{
    load: ['parcel', '--dry-run'], loaded: 13030, repaired: 28, rejected: [[twice, 79], [noKey, 1], [noGeometry, 1], [tooMuch, 5]],
    from: 'ogrinfo -dialect sqlite: 13,116 rows, 1 without parcel_id, 13,035 values of it, one of them of the only row without geometry; ST_IsValid is 0 for 37, of which 4 are not the first of their value, ST_Buffer(x, 0) changes the area of 5 by more than 0.1 %, one of them a first of several --MD' }],
  'cp936.dbf': [{
    load: ['text', '--publish'], loaded: 1, rejected: [], from: 'ogrinfo -al: one row, 测试中文',
    then: (s) => assert.deepEqual(s.rows('text').map((f) => f.properties.test), ['测试中文']) }],
  'jts_geometries.tsv.gz': [
    { load: ['shape'], refused: /: this is a gzip file; unpack it and give the file inside$/ },
    { prepare: numbered, load: ['shape', '--crs', 'EPSG:4490', '--ignore', '*', '--dry-run'], outcome: geometriesOfJts }],
};

// The unpacked table with a number before each line, as it has no key.
function numbered(s) {
  const lines = gunzipSync(readFileSync(join(shared, 'jts_geometries.tsv.gz'))).toString().trimEnd().split('\n');
  return s.write('jts.tsv', lines.map((line, i) => `${i === 0 ? 'id' : i}\t${line}\n`).join(''));
}

// Invalid polygons without any area, or whose holes leave none, so that nothing is left to repair: those inside the extent
// for which ogrinfo -dialect sqlite has no ST_Area(ST_Buffer(x, 0)), looked at one by one.
const nothingLeft = { 40: 'one point', 42: 'out and back', 656: 'one point', 657: 'on a line', 1545: 'a spike only', 1572: 'the hole is the shell',
  1573: 'the shell lies in its hole', 1575: 'a spike with a hole beside it', 1578: 'four holes fill the shell' };

// The other half of the table is what JTS expects of its geometries and what GEOS says of them: what must become of each row.
function geometriesOfJts() {
  const lines = gunzipSync(readFileSync(join(shared, 'jts_geometries.tsv.gz'))).toString().trimEnd().split('\n').slice(1);
  const expected = { rows: lines.length, loaded: 0, repaired: 0, rejected: new Map(), invalid: new Set() };
  lines.forEach((line, i) => {
    const [, , says, , wkt] = line.split('\t');
    const reason = reasonAgainst(wkt.trim(), says, i + 1);
    if (reason) return expected.rejected.set(String(i + 1), reason);
    expected.loaded++;
    expected.repaired += says !== 'Valid Geometry';
    if (says !== 'Valid Geometry') expected.invalid.add(String(i + 1));
  });
  return expected;
}
function reasonAgainst(wkt, says, number) {
  const word = /^[A-Z]+/i.exec(wkt)[0].toUpperCase();
  const numbers = (wkt.match(/-?[\d.]+(e[-+]?\d+)?/gi) ?? []).map(Number);
  if (word === 'LINEARRING' || /LINEARRING|NaN|Inf/i.test(wkt)) return /^the geometry is no WKT, such as POLYGON\(\(x y, \.\.\.\)\): "[^"]+"$/;
  if (numbers.length === 0) return noGeometry;
  if (!/POLYGON$/.test(word)) return new RegExp(`^the geometry is a ${word}, the layer has polygons; leave it out, or make it one in the source$`);
  if (numbers.some((n, i) => Math.abs(n) > (i % 2 ? 90 : 180))) return /^(the coordinate \(|x and y are swapped: )/;
  if (nothingLeft[number]) return /^the polygon is not valid and cannot be repaired: /;
  return null;
}

/** Rows of a rejects file: [row, key, reason, …]. */
function rejects(text) {
  const records = [];
  for (const line of text.replace('\ufeff', '').matchAll(/(?:"(?:[^"]|"")*"|[^"\n])*\n/g))
    records.push([...line[0].trimEnd().matchAll(/(?:^|,)("(?:[^"]|"")*"|[^,]*)/g)].map((m) => m[1].replace(/^"|"$/g, '').replaceAll('""', '"')));
  return records.slice(1).map(([, row, key, reason]) => ({ row, key, reason }));
}

test('each file of the folder has its outcome here, and each outcome its file', { skip }, () => {
  assert.deepEqual(Object.keys(outcomes).sort(), readdirSync(shared).sort());
});

for (const [name, loads] of Object.entries(outcomes))
  for (const { prepare, load: [kind, ...options], refused, outcome, then, from, ...fixed } of loads)
    test(`${name} as ${kind}: ${refused ? 'refused in one sentence' : from ?? 'what JTS and GEOS say of each'}`, { skip }, (t) => {
      const s = scene(t, catalogue);
      const done = s.load(kind, prepare ? prepare(s) : join(shared, name), '--rejects', s.path('rejects.csv'), ...options);
      if (refused) {
        assert.equal(done.code, 1);
        assert.match(done.stderr.trimEnd(), refused);
        assert.equal(done.stderr.trim().split('\n').length, 1);
        return assert.deepEqual(s.batches(), []);
      }
      const list = s.exists('rejects.csv') ? rejects(s.read('rejects.csv')) : [];
      if (outcome) {
        const { rows: n, loaded, repaired, rejected, invalid } = outcome();
        // Of the invalid ones, those whose repair would change too much; the sentence says from what to what.
        const changed = list.filter(({ key, reason }) => invalid.has(key) && tooMuch.test(reason));
        for (const { reason } of changed) {
          const [, before, after] = /from ([\d.]+) to ([\d.]+) m2/.exec(reason).map(Number);
          assert.ok(Math.abs(after - before) > 0.0009 * before, reason);
        }
        for (const { key, reason } of list.filter((row) => !changed.includes(row))) assert.match(reason, rejected.get(key) ?? /^(?!)/, `row ${key} is not to be rejected: ${reason}`);
        assert.deepEqual([done.json.read, done.json.loaded + changed.length, done.json.repaired + changed.length, list.length - changed.length], [n, loaded, repaired, rejected.size], done.stderr);
        return;
      }
      const { loaded, repaired = 0, rejected, notes = [] } = fixed;
      const all = rejected.reduce((sum, [, n]) => sum + n, 0);
      assert.deepEqual([done.json.read, done.json.loaded, done.json.repaired, done.json.rejected], [loaded + all, loaded, repaired, all], done.stderr);
      for (const [reason, n] of rejected) assert.equal(list.filter((row) => reason.test(row.reason)).length, n, `${reason}`);
      assert.equal(list.length, all);
      assert.equal(done.json.notes.length, notes.length, done.json.notes.join('\n'));
      notes.forEach((note, i) => assert.match(done.json.notes[i], note));
      assert.equal(done.code, all === 0 || options.includes('--allow-rejects') ? 0 : 1);
      then?.(s);
    });
