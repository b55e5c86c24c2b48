// The quality report: what is counted, found and drawn. Oracles: areas of rectangles in the plane, and GEOS through GDAL's
// own reading of the files.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { catalogue, scene, square, wkt } from './helpers.mjs';

const E = 39520000, N = 3521000; // metres of EPSG:4527
const layer = `
  - name: division_area
    title: 行政区
    geometry: polygon
    key: {field: code}
    zooms: [6, 16]
    fields:
      - {name: code, title: 行政区代码, type: division, audience: public, required: true}
`;
const rich = catalogue.replace('\nrecords:', layer + 'records:')
  .replace('{name: project_name,', '{name: owner, title: 权利人, type: text, audience: staff}\n      - {name: households, title: 户数, type: integer, audience: never, aliases: [HS]}\n      - {name: project_name,') + `divisions:
  - {code: '340123', name: 某县}
  - {code: '340123101', name: 旧镇, successor: '340123102'}
  - {code: '340123102', name: 新镇}
  - {code: '340123103', name: 撤销镇, valid_to: '2001-01-01'}
  - {code: '340123104', name: 将撤销镇, valid_to: '2999-01-01'}
  - {code: '340123105', name: 将并入新镇, valid_to: '2999-01-01', successor: '340123102'}
  - {code: '340123106', name: 已并入, successor: '340123105'}
`;
const rectangle = (x, y, w, h) => [[x, y], [x + w, y], [x + w, y + h], [x, y + h]];
const csv = (rows) => {
  const columns = [...new Set(rows.flatMap(Object.keys))];
  return [columns, ...rows.map((row) => columns.map((c) => row[c] ?? ''))].map((line) => line.map((cell) => `"${cell}"`).join(',')).join('\n') + '\n';
};
const parcels = (s, name, rows, ...more) => {
  s.write(name, csv(rows.map(({ ring, text, ...row }) => ({ ...row, wkt: text ?? wkt(ring) }))));
  return s.load('parcel', name, '--crs', 'EPSG:4527', ...more);
};
const report = (s, name) => JSON.parse(s.read(name));
const found = (r, check, partner) => r.checks.find((c) => c.check === check && c.partner === partner);
const near = (value, expected, tolerance = 0.001 * expected) => assert.ok(Math.abs(value - expected) <= tolerance, `${value} is not ${expected}`);

test('overlaps within a batch and with what is published, both keys named; borders and slivers are none', (t) => {
  const s = scene(t);
  assert.equal(parcels(s, 'old.csv', [{ 地块编号: 'P1', ring: square(E, N) }, { 地块编号: 'P2', ring: square(E + 100, N) }], '--publish').code, 0);
  const done = parcels(s, 'new.csv', [
    { 地块编号: 'A', ring: square(E + 60, N + 60) },              // 40 x 40 of P1, 60 x 40 of P2
    { 地块编号: 'B', ring: square(E + 150, N + 90, 50) },        // 50 x 10 of P2, 10 x 50 of A
    { 地块编号: 'C', ring: square(E + 200, N) },                 // a border with P2
    { 地块编号: 'D', ring: rectangle(E + 299.95, N, 100, 100) }, // 5 cm of C
    { 地块编号: 'F', ring: rectangle(E + 299.5, N + 100, 100, 100) },
    { 地块编号: 'G', ring: rectangle(E + 399, N + 100, 100, 100) }, // half a metre of F
    // A border of a kilometre that was surveyed twice, to 2 mm, and a tongue of 5 by 4 m over it: 22 m2 along 509 m of slivers.
    { 地块编号: 'H', ring: [[E, N + 500], [E + 1000, N + 500], ...Array.from({ length: 201 }, (_, i) => [E + 1000 - 5 * i, N + 600])] },
    { 地块编号: 'I', ring: [...Array.from({ length: 200 }, (_, i) => [0, 5].map((x) => [E + 5 * i + x, N + 600 + (i === 100 ? -4 : i % 2 ? -0.002 : 0.002)])).flat(), [E + 1000, N + 700], [E, N + 700]] },
  ], '--report', 'r.json');
  assert.equal(done.code, 0, done.stderr);
  const r = report(s, 'r.json'), within = found(r, 'overlap_within'), published = found(r, 'overlap_published');
  const pairs = (rows) => Object.fromEntries(rows.map((row) => [[row.key, row.other].map((key) => key.replace(/^\w+:/, '')).sort().join(' '), row]));
  assert.deepEqual(Object.keys(pairs(within.rows)).sort(), ['A B', 'F G', 'H I']);
  assert.deepEqual(Object.keys(pairs(published.rows)).sort(), ['A P1', 'A P2', 'B P2']);
  for (const [key, rows, area, percent] of [['A B', within, 10 * 50, 20], ['F G', within, 50, 0.5], ['H I', within, 20 + 100 * 5 * 0.002, 0.021], ['A P1', published, 1600, 16], ['A P2', published, 2400, 24], ['B P2', published, 500, 20]]) {
    const row = pairs(rows.rows)[key];
    near(row.area_m2, area);
    near(row.percent, percent, 0.02);
    assert.ok(row.longitude > 117.2 && row.longitude < 117.3 && row.latitude > 31.8 && row.latitude < 31.9);
  }
  assert.ok(published.rows.every((row) => row.batch === 1));
  assert.deepEqual([within.count, published.count], [3, 3]);
});

test('rows that a batch replaces, or its own once published, are not what it overlaps', (t) => {
  const s = scene(t);
  const row = (w) => [{ 地块编号: 'P1', 项目编号: 'X', ring: rectangle(E, N, w, 100) }];
  assert.equal(parcels(s, 'old.csv', row(100), '--publish').code, 0);
  assert.equal(parcels(s, 'new.csv', row(120), '--replace', '--report', 'r.json', '--publish').code, 0);
  assert.deepEqual([found(report(s, 'r.json'), 'overlap_published').count, report(s, 'r.json').counts.replaced], [0, 1]);
  const again = JSON.parse(s.run('report', s.store, '2').stdout);
  assert.deepEqual([again.state, found(again, 'overlap_published').count, found(again, 'overlap_within').count], ['published', 0, 0]);
  // Of the batch whose rows were replaced, too: P1 is no neighbour of itself. What lies on it is one.
  assert.equal(found(JSON.parse(s.run('report', s.store, '1').stdout), 'overlap_published').count, 0);
  assert.equal(parcels(s, 'more.csv', [{ 地块编号: 'P2', 项目编号: 'X', ring: square(E + 50, N) }], '--publish').code, 0);
  assert.deepEqual(found(JSON.parse(s.run('report', s.store, '1').stdout), 'overlap_published').rows.map((row) => [row.key, row.other]), [['X:P1', 'X:P2']]);
});

test('many rows: the pairs are those that GEOS finds', (t) => {
  const s = scene(t);
  let seed = 7;
  const random = () => (seed = seed * 48271 % 2147483647) / 2147483647;
  const rows = Array.from({ length: 400 }, (_, i) => {
    const x = E + 3000 * random(), y = N + 3000 * random(), w = 20 + 150 * random(), h = 20 + 150 * random(), turn = Math.PI * random();
    const corner = (a, b) => [x + a * Math.cos(turn) - b * Math.sin(turn), y + a * Math.sin(turn) + b * Math.cos(turn)];
    return { 地块编号: `D${i}`, ring: [corner(0, 0), corner(w, 0), corner(w, h), corner(0, h)] };
  });
  assert.equal(parcels(s, 'p.csv', rows, '--report', 'r.json').code, 0);
  const script = `
import json, sys
from osgeo import ogr
ogr.UseExceptions()
rows = [(i, ogr.CreateGeometryFromWkt(t)) for i, t in json.load(sys.stdin)]
out = {}
for k, (i, a) in enumerate(rows):
    for j, b in rows[k + 1:]:
        if a.Intersects(b):
            c = a.Intersection(b)
            if c.Area() >= 1: out[" ".join(sorted((i, j)))] = [c.Area(), c.Boundary().Length()]
print(json.dumps(out))`;
  let oracle;
  try {
    oracle = JSON.parse(execFileSync('/usr/bin/python3', ['-c', script], { input: JSON.stringify(rows.map((r) => [r.地块编号, wkt(r.ring)])), encoding: 'utf8' }));
  } catch (error) {
    throw new Error(`python3-gdal is needed: ${error.message}`);
  }
  const { rows: pairs } = found(report(s, 'r.json'), 'overlap_within');
  const ours = Object.fromEntries(pairs.map((p) => [[p.key, p.other].map((k) => k.replace('p:', '')).sort().join(' '), p.area_m2]));
  for (const [key, [area, length]] of Object.entries(oracle)) {
    if (2 * area / length < 0.11 || area < 1.01) continue; // at the threshold
    assert.ok(ours[key] !== undefined, `${key}: ${area} m2`);
    near(ours[key], area, 0.0001 * area + 0.01);
  }
  assert.ok(Object.keys(ours).every((key) => oracle[key]) && Object.keys(ours).length > 100);
});

test('an outline of many corners overlaps like any other', (t) => {
  const s = scene(t), radius = 500, corners = 4000;
  const round = Array.from({ length: corners }, (_, i) => [E + radius * Math.cos(2 * Math.PI * i / corners), N + radius * Math.sin(2 * Math.PI * i / corners)]);
  assert.equal(parcels(s, 'p.csv', [{ 地块编号: 'ROUND', ring: round }, { 地块编号: 'IN', ring: square(E, N) }, { 地块编号: 'HALF', ring: rectangle(E - 50, N - 700, 100, 400) },
    { 地块编号: 'BESIDE', ring: square(E + 400, N + 400) }], '--report', 'r.json').code, 0);
  const { rows } = found(report(s, 'r.json'), 'overlap_within');
  const area = Object.fromEntries(rows.map((row) => [[row.key, row.other].find((key) => !key.includes('ROUND')).replace('p:', ''), row.area_m2]));
  assert.deepEqual(Object.keys(area).sort(), ['HALF', 'IN']);
  near(area.IN, 10000);
  // The strip from 300 m out to the circle: of its chord 100 m wide.
  const under = 50 * Math.sqrt(radius ** 2 - 50 ** 2) + radius ** 2 * Math.asin(50 / radius);
  near(area.HALF, under - 100 * 300, 3);
});

test('an outline of very many corners overlaps what lies along it, within it and beside it, as the one that is loaded and as the one that is there', (t) => {
  // A square of 20 km, its north side straight with a corner each metre.
  const many = { 地块编号: 'MANY', ring: [[E, N - 20000], [E + 20000, N - 20000], ...Array.from({ length: 20001 }, (_, i) => [E + 20000 - i, N])] };
  const at = (i) => [E + 100 + (i * 7919) % 19700, N - 100 - (i * 4909) % 19700];
  const small = [...Array.from({ length: 60 }, (_, i) => ({ 地块编号: `HALF${i}`, ring: square(at(i)[0], N - 50) })),
    ...Array.from({ length: 40 }, (_, i) => ({ 地块编号: `IN${i}`, ring: square(...at(i)) })),
    { 地块编号: 'WIDE', ring: rectangle(E + 5000, N - 6000, 9000, 7000) }, { 地块编号: 'BESIDE', ring: square(E + 9000, N + 1) }];
  for (const [first, second] of [[[many], small], [small, [many]]]) {
    const s = scene(t);
    assert.equal(parcels(s, 'a.csv', first, '--publish').code, 0);
    assert.equal(parcels(s, 'b.csv', second, '--report', 'r.json').code, 0);
    const { rows, count } = found(report(s, 'r.json'), 'overlap_published');
    assert.equal(count, 101);
    for (const row of rows) {
      const key = [row.key, row.other].map((name) => name.slice(2)).find((name) => name !== 'MANY');
      near(row.area_m2, key === 'WIDE' ? 9000 * 6000 : key.startsWith('HALF') ? 5000 : 10000);
    }
  }
});

test('declared areas, repairs, former and wrong divisions, and partners in both directions', (t) => {
  const s = scene(t, rich);
  const degrees = (x, y) => { // of the squares below, roughly: villages are large
    const [lon, lat] = execFileSync('cs2cs', ['-f', '%.8f', 'EPSG:4527', 'EPSG:4490'], { input: `${y} ${x}\n`, encoding: 'utf8' }).trim().split(/\s+/).slice(0, 2).reverse();
    return [Number(lon), Number(lat)];
  };
  const [west, south] = degrees(E - 500, N - 500), [east, north] = degrees(E + 1000, N + 1000);
  s.write('areas.csv', `行政区代码,wkt\n340123102,"${wkt([[west, south], [east, south], [east, north], [west, north]])}"\n`);
  assert.equal(s.load('division_area', 'areas.csv', '--crs', 'EPSG:4490', '--publish').code, 0);
  const spike = [[E, N + 200], [E + 100, N + 200], [E + 100, N + 300], [E + 150, N + 300], [E + 100, N + 300], [E, N + 300]];
  const done = parcels(s, 'p.csv', [
    { 地块编号: 'A', 行政区划代码: '340123102', 地块面积: '1.0000', 批准文号: '皖政地〔2020〕1号', ring: square(E, N) },
    { 地块编号: 'B', 行政区划代码: '340123101', 地块面积: '2.0000', 批准文号: '皖政地〔2020〕2号', ring: spike },
    { 地块编号: 'C', 行政区划代码: '340123102', ring: square(E + 2000, N) },
    { 地块编号: 'D', 行政区划代码: '340123101', ring: square(E + 2000, N + 200) },
    { 地块编号: 'E', 行政区划代码: '340123102', ring: square(E + 920, N + 400, 200) }, // 120 m beyond
    { 地块编号: 'F', 行政区划代码: '340123102', ring: square(E + 920, N + 700) },      // 20 m
    { 地块编号: 'G', 行政区划代码: '340123103001', ring: square(E, N + 700) },          // which is no more, and nothing took its place
    { 地块编号: 'H', 行政区划代码: '340123104', ring: square(E + 200, N + 700) },
    { 地块编号: 'I', 行政区划代码: '340123105', ring: square(E + 400, N) },
    { 地块编号: 'J', 行政区划代码: '340123106', ring: square(E + 600, N) },
  ], '--publish', '--report', 'r.json');
  assert.equal(done.code, 0, done.stderr);
  const r = report(s, 'r.json');
  const keys = (check, partner) => found(r, check, partner).rows.map((row) => row.key.replace('p:', ''));
  assert.deepEqual([keys('area_differs'), keys('repaired'), keys('former_division'), keys('outside_division')], [['B'], ['B'], ['B', 'D', 'G', 'J'], ['C', 'D', 'E']]);
  const [area] = found(r, 'area_differs').rows, [repaired] = found(r, 'repaired').rows, [former] = found(r, 'former_division').rows;
  near(area.declared_m2, 20000);
  near(area.planar_m2, 10000, 0.01);
  near(area.difference_percent, 100, 0.2);
  assert.equal(repaired.rule, 'ring_self_intersection');
  near(repaired.area_after_m2, repaired.area_before_m2, 0.01);
  assert.deepEqual([former.division, former.successor, former.name], ['340123101', '340123102', '新镇']);
  assert.deepEqual(found(r, 'former_division').rows.map((row) => row.successor), ['340123102', '340123102', '', '340123105']);
  assert.deepEqual(found(r, 'outside_division').rows.map((row) => row.part), ['whole', 'whole', 'part']);
  for (const [i, beyond] of [1100, 1100, 120].entries()) near(found(r, 'outside_division').rows[i].beyond_m, beyond, 15);
  // Nothing of the other kinds is loaded: that is said, and is no finding. Then one approval that fits and one that does not.
  assert.deepEqual([found(r, 'no_partner', 'approval').made, found(r, 'no_partner', 'approval').count], [false, null]);
  s.write('a.csv', '批准文号\n皖政地[2020]1号\n皖政地[2020]9号\n');
  assert.equal(s.load('approval', 'a.csv', '--publish', '--report', 'a.json').code, 0);
  assert.deepEqual(found(report(s, 'a.json'), 'no_partner', 'parcel').rows.map((row) => row.key), ['皖政地〔2020〕9号']);
  const again = JSON.parse(s.run('report', s.store, '2').stdout);
  assert.deepEqual(found(again, 'no_partner', 'approval').rows.map((row) => row.key), ['p:B']);
  assert.equal(found(again, 'no_partner', 'approval').passed_over, 8); // C to J name none
  assert.deepEqual(again.sources, r.sources);
  assert.equal(again.sources[0].files[0].sha256, execFileSync('sha256sum', [s.path('p.csv')], { encoding: 'utf8' }).slice(0, 64));
});

test('repaired rows are counted as the store keeps them: not those that were there already, or were rejected', (t) => {
  const s = scene(t), spike = (x) => [[E + x, N], [E + x + 100, N], [E + x + 100, N + 100], [E + x + 150, N + 100], [E + x + 100, N + 100], [E + x, N + 100]];
  const rows = [{ 地块编号: 'A', ring: spike(0) }, { 地块编号: 'B', ring: spike(300) }, { 地块编号: 'B', ring: spike(600) }, { 地块编号: 'C', 地块面积: '约', ring: spike(900) }];
  assert.equal(parcels(s, 'p.csv', rows.slice(0, 1), '--publish').json.repaired, 1);
  const done = parcels(s, 'p.csv', rows, '--allow-rejects', '--report', 'r.json'), r = report(s, 'r.json');
  assert.deepEqual([done.json.unchanged, done.json.loaded, done.json.rejected, done.json.repaired], [1, 1, 2, 1], done.stderr);
  assert.deepEqual([r.counts.repaired, found(r, 'repaired').rows.map((row) => row.key)], [1, ['p:B']]);
});

test('a row reaches beyond its division by any of its corners, and by an edge across a bay of the outline', (t) => {
  const s = scene(t, catalogue.replace('\nrecords:', layer + 'records:'));
  const bay = [[E - 1000, N - 1000], [E + 1000, N - 1000], [E + 1000, N + 1000], [E + 200, N + 1000], [E + 200, N], [E - 200, N], [E - 200, N + 1000], [E - 1000, N + 1000]];
  s.write('areas.csv', `行政区代码,wkt\n340123102,"${wkt(bay)}"\n`);
  assert.equal(s.load('division_area', 'areas.csv', '--crs', 'EPSG:4527', '--publish').code, 0);
  const round = Array.from({ length: 1000 }, (_, i) => [E + 600 + 200 * Math.cos(i * Math.PI / 500), N - 600 + 200 * Math.sin(i * Math.PI / 500)]);
  round[3] = [E + 1300, N - 600];
  // Of a place without outline nothing is said, also not that all lies within.
  assert.equal(parcels(s, 'q.csv', [{ 地块编号: 'Q', 行政区划代码: '340124', ring: square(E, N) }], '--report', 'q.json', '--report', 'q.html').code, 0);
  assert.deepEqual([found(report(s, 'q.json'), 'outside_division').made, found(report(s, 'q.json'), 'outside_division').count], [false, null]);
  assert.match(s.read('q.html'), /没有这些行政区的已发布界线，未核对/);
  assert.equal(parcels(s, 'p.csv', [{ 地块编号: 'MANY', ring: round }, { 地块编号: 'ACROSS', ring: rectangle(E - 300, N + 600, 600, 20) }, { 地块编号: 'IN', ring: square(E + 800, N) },
    { 地块编号: 'ELSEWHERE', 行政区划代码: '340124', ring: square(E, N) }].map((row) => ({ 行政区划代码: '340123102', ...row })), '--report', 'r.json', '--report', 'r.html').code, 0);
  const { rows, passed_over: unknown } = found(report(s, 'r.json'), 'outside_division');
  assert.equal(unknown, 1);
  assert.match(s.read('r.html'), /另有 1 行没有行政区代码或其界线，未核对/);
  assert.deepEqual(rows.map(({ key, part }) => [key, part]), [['p:MANY', 'part'], ['p:ACROSS', 'part']]);
  near(rows[0].beyond_m, 300, 2);
  near(rows[1].beyond_m, 200, 2); // in the middle of the bay
});

test('a row reaches beyond its division where it covers an enclave of another', (t) => {
  const s = scene(t, catalogue.replace('\nrecords:', layer + 'records:'));
  // 4 km by 4 km, with an enclave of 400 m by 600 m, whose middle is 200 m from its border, and one of 80 m by 80 m.
  const polygon = wkt(square(E, N, 4000), rectangle(E + 1000, N + 1000, 400, 600), square(E + 3000, N + 3000, 80));
  // Of a second division a part lies in the enclave of the first, 100 m wide on its west side: 150 m are left beside it.
  const parts = `MULTIPOLYGON(${[[square(E, N, 4000), rectangle(E + 1000, N + 1000, 400, 600)], [rectangle(E + 1000, N + 1000, 100, 600)]].map((rings) => wkt(...rings).slice(7)).join(',')})`;
  s.write('areas.csv', `行政区代码,wkt\n340123102,"${polygon}"\n340123103,"${parts}"\n`);
  assert.equal(s.load('division_area', 'areas.csv', '--crs', 'EPSG:4527', '--publish').code, 0);
  const over = rectangle(E + 800, N + 800, 900, 1000);
  assert.equal(parcels(s, 'p.csv', [{ 地块编号: 'OVER', ring: over }, { 地块编号: 'PART', ring: over, 行政区划代码: '340123103' }, { 地块编号: 'SMALL', ring: square(E + 2900, N + 2900, 300) },
    { 地块编号: 'IN', ring: square(E + 2000, N + 2000) }, { 地块编号: 'ELSEWHERE', ring: square(E + 1100, N + 1100) }].map((row) => ({ 行政区划代码: '340123102', ...row })), '--report', 'r.json').code, 0);
  const { rows } = found(report(s, 'r.json'), 'outside_division');
  assert.deepEqual(rows.map(({ key, part }) => [key, part]), [['p:OVER', 'part'], ['p:PART', 'part'], ['p:ELSEWHERE', 'whole']]);
  for (const [i, beyond] of [200, 150, 200].entries()) near(rows[i].beyond_m, beyond, 2);
});

test('rows are compared with their divisions however many there are', (t) => {
  const s = scene(t, catalogue.replace('\nrecords:', layer + 'records:'));
  s.write('areas.csv', `行政区代码,wkt\n341321,"${wkt([[117, 31.7], [117.1, 31.7], [117.1, 31.8], [117, 31.8]])}"\n`);
  assert.equal(s.load('division_area', 'areas.csv', '--crs', 'EPSG:4490', '--publish').code, 0);
  const rows = Array.from({ length: 4097 }, (_, i) => ({ 地块编号: `D${i}`, 行政区划代码: i < 4096 ? `340123${100000 + i}` : '341321', ring: square(E + (i % 64) * 110, N + Math.floor(i / 64) * 110) }));
  assert.equal(parcels(s, 'p.csv', rows, '--report', 'r.json').code, 0);
  assert.deepEqual(found(report(s, 'r.json'), 'outside_division').rows.map((row) => row.key), ['p:D4096']);
});

const nasty = `<script>alert(1)</script>&'"`;
const mixed = [
  { 地块编号: nasty.replaceAll('"', ''), 权利人: '张三丰', ring: square(E, N) },
  { 地块编号: 'R1', 权利人: '李四光', HS: '王五爷3户', ring: square(E + 200, N) },
  { 地块编号: 'R2', 权利人: '李四光', 地块面积: '<b>约2公顷', ring: square(E + 400, N) },
  { 地块编号: 'R3', text: 'POLYGON EMPTY' },
  { 地块编号: 'R4', ring: [[E, N + 200], [E + 100, N + 300], [E + 100, N + 200], [E, N + 300]] },
];

test('rejects: by kind, in HTML and JSON, escaped, and without what is not public', (t) => {
  const s = scene(t, rich), done = parcels(s, 'p.csv', mixed, '--report', 'r.html', '--report=r.json');
  assert.match(done.stderr, /4 of 5 rows were rejected/);
  const html = s.read('r.html'), r = report(s, 'r.json'), rejected = found(r, 'rejected');
  assert.deepEqual(rejected.rows.map((row) => [row.row, row.key]), [[3, 'R1'], [4, 'R2'], [5, 'R3'], [6, 'R4']]);
  assert.equal(Object.values(rejected.kinds).reduce((a, b) => a + b), 4);
  assert.equal(rejected.kinds.invalid_geometry, 1);
  assert.match(rejected.rows[0].reason, /households \(户数\): not accepted; what it says is not public/);
  for (const text of [html, s.read('r.json')]) for (const secret of ['王五爷', '张三丰', '李四光', s.dir]) assert.ok(!text.includes(secret), secret);
  assert.match(s.read('p.csv.rejects.csv'), /王五爷3户/);
  assert.ok(!html.includes('<script') && !html.includes('<b>') && html.includes('&lt;b&gt;约2公顷'));
  assert.ok(!/(src|href)=|url\(|@import|https?:/.test(html));
  assert.match(html, /<svg[\s\S]*<path class="reject" d="M[\s\S]*<\/svg>/);
  assert.match(html, /R4<\/text>/);
  assert.match(html, /全部见 p\.csv\.rejects\.csv|未入库的行：4/);
  assert.equal(r.rejects, 'p.csv.rejects.csv');
  // What the store keeps of it gives the same again.
  const again = JSON.parse(s.run('report', s.store, '1').stdout);
  assert.deepEqual(found(again, 'rejected'), rejected);
  assert.deepEqual(again.counts, r.counts);
});

test('what is not public is not repeated of columns either whose name is of two lines', (t) => {
  const s = scene(t, rich);
  parcels(s, 'p.csv', [{ 地块编号: 'A', '户\r\n数': '1', ring: square(E, N) }, { 地块编号: 'B', '户\r\n数': '王五爷', ring: square(E + 200, N) }], '--report', 'r.json');
  assert.deepEqual(found(report(s, 'r.json'), 'rejected').rows.map(({ key, reason }) => [key, reason]),
    [['B', 'households (户数): not accepted; what it says is not public and stands in the rejects file only']]);
});

test('a dry run and a load of nothing but rejects have their report too', (t) => {
  const s = scene(t, rich);
  assert.equal(parcels(s, 'p.csv', [{ 地块编号: 'A', ring: square(E, N) }, { 地块编号: 'B', ring: square(E + 50, N) }], '--dry-run', '--report', 'dry.json').code, 0);
  assert.deepEqual([report(s, 'dry.json').dry_run, report(s, 'dry.json').batch, found(report(s, 'dry.json'), 'overlap_within').count], [true, null, 1]);
  assert.deepEqual(s.batches(), []);
  assert.notEqual(parcels(s, 'q.csv', mixed.slice(3), '--report', 'none.json', '--report', 'none.html').code, 0);
  assert.equal(found(report(s, 'none.json'), 'rejected').count, 2);
  assert.match(s.read('none.html'), /未入库/);
});

test('long lists are cut, which is said', (t) => {
  const s = scene(t, rich), rows = Array.from({ length: 1500 }, (_, i) => ({ 地块编号: `D${i}`, ring: square(E + (i % 50) * 110, N + Math.floor(i / 50) * 110), 地块面积: i ? '约' : '1' }));
  rows[1499] = { 地块编号: 'D1499', text: 'POLYGON EMPTY' }; // of a kind of its own, behind those that are listed
  parcels(s, 'p.csv', rows, '--report', 'r.html', '--report', 'r.json');
  const rejected = found(report(s, 'r.json'), 'rejected');
  assert.deepEqual([rejected.count, rejected.rows.length, rejected.left_out], [1499, 1000, 499]);
  assert.deepEqual(rejected.kinds, { number: 1498, no_geometry: 1 });
  assert.match(s.read('r.html'), /列出前 100 条，其余 1399 条未列；全部见 p\.csv\.rejects\.csv/);
  assert.ok(s.read('r.html').length < 400000);
  const again = found(JSON.parse(s.run('report', s.store, '1').stdout), 'rejected');
  assert.deepEqual([again.count, again.rows.length, again.kinds], [1499, 1000, rejected.kinds]);
});

test('no report says in which folders files lie, be it in a reason', (t) => {
  const s = scene(t);
  mkdirSync(s.path('内部资料/d'), { recursive: true });
  s.write('内部资料/d/a.csv', csv([{ 地块编号: 'A', wkt: wkt(square(E, N)) }, { 地块编号: 'Z', wkt: wkt(square(E + 400, N)) }]));
  s.write('内部资料/d/b.csv', csv([{ 地块编号: 'B', wkt: wkt(square(E + 200, N)) }]) + '"no end');
  s.write('内部资料/d/c.zip', 'PK');
  s.write('内部资料/l.csv', '地块编号,地块名称\nA,甲\n');
  const done = s.load('parcel', s.path('内部资料/d'), '--join', s.path('内部资料/l.csv'), '--on', '地块编号', '--crs', 'EPSG:4527', '--allow-rejects', '--report', 'r.json', '--report', 'r.html');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(s.run('report', s.store, '1', 'again.json', 'again.html').code, 0);
  for (const file of ['r.json', 'r.html', 'again.json', 'again.html']) assert.doesNotMatch(s.read(file), /内部资料/, file);
  const { kinds, rows } = found(report(s, 'r.json'), 'rejected');
  assert.deepEqual(kinds, { no_partner: 1, damaged: 2 });
  assert.deepEqual(rows.map((row) => row.reason.slice(0, 24)), ['no row of l.csv has "Z" ', 'd/b.csv, row 3: a quotat', 'd/c.zip: not a whole ZIP']);
});

test('a file that was left out is in every report of its batch', (t) => {
  const s = scene(t);
  mkdirSync(s.path('d'));
  s.write('d/a.csv', csv([{ 地块编号: 'A', wkt: wkt(square(E, N)) }]));
  s.write('d/b.csv', csv([{ 地块编号: 'B', wkt: wkt(square(E + 200, N)) }]) + '"no end');
  assert.equal(s.load('parcel', 'd', '--crs', 'EPSG:4527', '--allow-rejects', '--report', 'r.json').code, 0);
  const rejected = found(report(s, 'r.json'), 'rejected');
  assert.deepEqual([rejected.count, rejected.left_out, rejected.rows[0].source], [1, 0, 'd/b.csv']);
  assert.equal(s.run('report', s.store, '1', 'again.json', 'again.html').code, 0);
  assert.deepEqual(found(report(s, 'again.json'), 'rejected'), rejected);
  assert.match(s.read('again.html'), /发布前请核对：未能读取的文件 1。/);
});

test('a report is written over nothing that matters', (t) => {
  const s = scene(t);
  writeFileSync(s.path('p.json'), 'mine');
  for (const [args, message] of [[['--report', 'x.pdf'], /--report x\.pdf: it is a \.html or a \.json file/], [['--report', 'p.json', '--rejects', 'p.json'], /written over this file/],
    [['--report', '/nowhere/r.json'], /nowhere\/r\.json: the report cannot be written/]]) {
    const done = parcels(s, 'p.csv', [{ 地块编号: 'A', ring: square(E, N) }], ...args);
    assert.notEqual(done.code, 0);
    assert.match(done.stderr, message);
  }
  assert.equal(s.read('p.json'), 'mine');
  for (const [args, message] of [[['99'], /there is no batch 99/], [['1', 'a.txt'], /a\.txt: a report is a \.json or a \.html file/], [['x'], /a batch is named by its number/]]) {
    const done = s.run('report', s.store, ...args);
    assert.equal(done.code, args[0] === '99' ? 1 : 2);
    assert.match(done.stderr, message);
  }
});

test('a report has all notes of the load but what a transformation tells of its control points', (t) => {
  const s = scene(t);
  mkdirSync(s.path('d'));
  s.write('old.yaml', 'name: 某县\nfrom: xian80\nmethod: helmert7\nconvention: position_vector\nx: 1.0\ny: 2.0\nz: 3.0\nrx: 0.1\nry: 0.1\nrz: 0.1\nscale: 0.5\n');
  s.write('p.yaml', 'files:\n  - {match: "a.csv", skip: true}\n  - {match: "*", crs: EPSG:2363, transformation: old.yaml}\n');
  for (const name of ['a', 'b']) s.write(`d/${name}.csv`, csv([{ 地块编号: name, 备注: 'x', wkt: wkt(square(E, N)) }]));
  const done = s.load('parcel', 'd', '--profile', 'p.yaml', '--ignore', '备注', '--dry-run', '--report', 'r.json');
  assert.equal(done.code, 0, done.stderr);
  const told = (notes) => ['left out, as the profile says', 'has no control points', 'Xian 1980 transformed by 某县'].map((words) => notes.some((note) => note.includes(words)));
  assert.deepEqual(told(done.json.notes), [true, true, true], JSON.stringify(done.json.notes));
  assert.deepEqual(told(report(s, 'r.json').notes), [true, false, true]);
});
