// Mining rights whose boundary is a text in a column of a table: 区域坐标 of the registry, and the table of a notice.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { gbk, scene, square, xlsx } from './helpers.mjs';

const catalogue = `
title: 测试目录
publisher: 测试
map_approval_no: 无
extent: [110, 29.0, 120.0, 36.0]
layers:
  - name: mining
    title: 矿业权
    geometry: polygon
    key: {field: licence_no}
    label: licence_no
    zooms: [6, 16]
    fields:
      - {name: licence_no, title: 许可证号, type: text, audience: public, required: true, tiles: true}
      - {name: area_km2, title: 矿区面积, type: number, unit: km2, audience: public, declares_area: true}
      - {name: area_m2, title: 椭球面积, type: number, unit: m2, audience: public, computed: area}
      - {name: rings, title: 分层范围, type: text, audience: public}
`;
// Published: a registry's own string (Henan), rings of 4,684,054, 43,950 and 3,124 m2, the first less the third 4.6809 km2.
const ring1 = '5,1,3810331.42,38446311.66,2,3810329.42,38446592.66,3,3810835.42,38449863.66,4,3809233.42,38449855.66,5,3809252.42,38446305.66,285,8,,1';
const ring2 = '5,1,3810051.42,38449707.66,2,3809763.42,38449679.66,3,3809738.42,38449770.66,4,3809823.42,38449837.66,5,3810016.42,38449879.66,192,185,扣除范围,1';
const ring3 = '4,1,3809471.42,38446617.66,2,3809411.42,38446667.66,3,3809389.42,38446633.66,4,3809451.42,38446583.66,230,200,扣除范围,-1';
const degrees = (east, north) => execFileSync('cs2cs', ['-f', '%.9f', 'EPSG:4526', 'EPSG:4490'], { input: `${north} ${east}\n` }).toString().trim().split(/\s+/).slice(0, 2).map(Number).reverse();

test('区域坐标 of a registry: the union of what is in less what is taken out, every ring kept with its heights', (t) => {
  const s = scene(t, catalogue);
  s.write('矿权.csv', gbk(`许可证号,区域坐标,矿区面积\r\nC1,"2,${ring1},${ring3},",4.6809\r\nC2,"3,${ring1},${ring2},${ring3},",4.69\r\n`));
  const done = s.load('mining', '矿权.csv', '--crs', 'EPSG:4526', '--publish');
  assert.equal(done.code, 0, done.stderr);
  const [one, two] = s.rows('mining');
  // Planar 4.6809 km2; on the ellipsoid 54 km from the central meridian it is 0.007 % less.
  assert.ok(Math.abs(one.properties.area_m2 / 4680930 - 1) < 2e-4, one.properties.area_m2);
  assert.ok(two.properties.area_m2 > one.properties.area_m2 && two.properties.area_m2 < one.properties.area_m2 + 43950);
  const corner = degrees(38446311.66, 3810331.42), points = one.geometry.coordinates.flat(2);
  assert.ok(points.some(([x, y]) => Math.abs(x - corner[0]) < 1e-8 && Math.abs(y - corner[1]) < 1e-8));
  assert.equal(one.geometry.coordinates[0].length, 2, 'an exterior and a hole');
  const rings = typeof two.properties.rings === 'string' ? JSON.parse(two.properties.rings) : two.properties.rings; // GDAL takes JSON apart
  assert.deepEqual(rings.map((r) => [r.top, r.bottom, r.excluded, r.points.length]), [[285, 8, false, 5], [192, 185, false, 5], [230, 200, true, 4]]);
  assert.deepEqual(rings[0].points[0], [38446311.66, 3810331.42]);
  assert.ok(done.json.notes.some((note) => /row 3: ring 2 is described as 扣除 and its flag is 1/.test(note)), done.json.notes.join('\n'));
});

test('the same in an XLSX, and what cannot be read is rejected with its ring and point', (t) => {
  const s = scene(t, catalogue);
  s.write('a.xlsx', xlsx([['许可证号', '拐点坐标'],
    ['C1', '点号 X Y\n1 3810331.42 38446311.66\n2 3810329.42 38446592.66\n3 3810835.42 38449863.66\n4 3809233.42 38449855.66\n开采标高：+285米至+8米'],
    ['C2', `2,${ring1},`],
    ['C3', '1,4,1,3810331.42,38446311.66,2,3809233.42,38449855.66,3,3810329.42,38449863.66,4,3809252.42,38446305.66,285,8,,1,'],
    ['C4', '见附图']]));
  const done = s.load('mining', 'a.xlsx', '--crs', 'EPSG:4526', '--publish', '--allow-rejects');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual([done.json.loaded, done.json.rejected], [1, 3]);
  const rejects = s.read('a.xlsx.rejects.csv');
  assert.match(rejects, /C2,"?拐点坐标: it says 2 rings and ends behind 1/);
  assert.match(rejects, /C3,"?拐点坐标: ring 1 crosses or touches itself/);
  assert.match(rejects, /C4,"?拐点坐标: there are no coordinates in it/);
  assert.equal(rejects.split('\r\n')[0].replace('\uFEFF', ''), 'source,row,key,reason,许可证号,拐点坐标');
  // Corrected, the rejects file is a source.
  s.write('b.csv', rejects.replace('"2,5,1', '"1,5,1').split('\r\n').slice(0, 2).join('\r\n') + '\r\n');
  const again = s.load('mining', 'b.csv', '--crs', 'EPSG:4526');
  assert.deepEqual([again.code, again.json.loaded], [0, 1], again.stderr);
});

test('degrees of an exploration right; a coordinate system must be said; a hole outside is told, and what a hole leaves nothing of', (t) => {
  const s = scene(t, catalogue);
  s.write('a.csv', '许可证号,区域范围\nT1,"2,4,117.123456,31.987654,117.187654,31.987654,117.187654,31.923456,117.123456,31.923456,1,0,0,3,117.3,31.97,117.31,31.97,117.31,31.9612,1,1,0"\n'
    + `T2,"3,${[[0, 0], [0.01, 1], [0.02, 0]].map(([off, flag]) => `4,${square(117.67 + off, 31.67 + off, 0.05 - 2 * off).flat().map((v) => v.toFixed(6))},1,${flag},0`)}"\n`);
  const unsaid = s.load('mining', 'a.csv');
  assert.notEqual(unsaid.code, 0);
  assert.match(unsaid.stderr, /do not say their coordinate system; say it with --crs/);
  const done = s.load('mining', 'a.csv', '--crs', 'EPSG:4490', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.ok(done.json.notes.some((note) => /row 2: ring 2 is taken out \(扣除\) and lies outside/.test(note)));
  assert.ok(done.json.notes.some((note) => /row 3: ring 3 is in \(圈入\) and lies within what is taken out \(扣除\), so that nothing of it is left/.test(note)));
  const [row] = s.rows('mining');
  const xs = row.geometry.coordinates.flat(2).map(([x]) => x);
  assert.ok(Math.abs(Math.min(...xs) - 117.123456) < 1e-9 && Math.abs(Math.max(...xs) - 117.187654) < 1e-9);
});
