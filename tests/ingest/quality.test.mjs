// Where rows come from, what may be repaired in them, and areas. Oracles: sha256sum, GEOS through ogr2ogr's SQLite dialect,
// PROJ through cs2cs.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { catalogue, scene, shapefile, square, wkt, zip } from './helpers.mjs';

const sql = (s, text) => JSON.parse(execFileSync('sqlite3', ['-json', s.store, text], { encoding: 'utf8' }) || '[]');
const sha256 = (path) => execFileSync('sha256sum', [path], { encoding: 'utf8' }).slice(0, 64);
const origins = (s) => sql(s, `select r.key, s.name source, r.source_row row, p.rule, p.detail, p.before_m2, p.after_m2 from row_parcel r
  join dikuai_source s on s.id=r.source left join repair_parcel p on p.row=r.row order by r.key`);
const files = (s, where = '1') => sql(s, `select s.name source, f.name, f.bytes, f.sha256 from dikuai_file f join dikuai_source s on s.id=f.source
  where ${where} order by s.id, f.number`);
const E = 39520000, N = 3521000; // metres of EPSG:4527
const load = (s, ring, ...more) => {
  s.write('p.csv', `地块编号,wkt\nD1,"${typeof ring === 'string' ? ring : wkt(ring)}"\n`);
  return s.load('parcel', 'p.csv', '--crs', 'EPSG:4527', ...more);
};

test('a row keeps its file, every file of a shapefile with its SHA-256, and its number', (t) => {
  const s = scene(t);
  shapefile(s, 'p', [1, 2].map((i) => ({ DKBH: `D${i}`, wkt: wkt(square(E + i * 200, N)) })));
  assert.equal(s.load('parcel', s.path('p.shp')).code, 0);
  assert.deepEqual(origins(s).map(({ key, source, row }) => [key, source, row]), [['p:D1', 'p.shp', 1], ['p:D2', 'p.shp', 2]]);
  const kept = files(s);
  assert.deepEqual(kept.map((f) => f.name).sort(), ['p.cpg', 'p.dbf', 'p.prj', 'p.shp', 'p.shx']);
  assert.equal(kept[0].name, 'p.shp');
  for (const file of kept) assert.equal(file.sha256, sha256(s.path(file.name)));
});

test('several files, in folders: no absolute path is kept, and files of one name stay apart', (t) => {
  const s = scene(t);
  for (const [i, folder] of ['a', 'b'].entries()) {
    mkdirSync(s.path(folder));
    s.write('p.csv', `地块编号,项目编号,wkt\nD1,X${i},"${wkt(square(E + i * 200, N))}"\n`);
    renameSync(s.path('p.csv'), s.path(`${folder}/p.csv`));
  }
  s.write('c.csv', `地块编号,项目编号,wkt\nD1,X2,"${wkt(square(E + 600, N))}"\n`);
  const done = s.load('parcel', s.path('a/p.csv'), s.path('b/p.csv'), 'c.csv', '--crs', 'EPSG:4527');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(files(s).map((f) => [f.source, f.sha256]), [['p.csv', sha256(s.path('a/p.csv'))], ['p.csv', sha256(s.path('b/p.csv'))], ['c.csv', sha256(s.path('c.csv'))]]);
  assert.equal(new Set(sql(s, 'select source from row_parcel').map((r) => r.source)).size, 3);
  assert.ok(!JSON.stringify(sql(s, 'select * from dikuai_source')).includes(s.dir));
});

test('rows of an archive have the archive, and with a joined ledger that too', (t) => {
  const s = scene(t), csv = (id, x) => `地块编号,wkt\n${id},"${wkt(square(E + x, N))}"\n`;
  s.write('批次.zip', zip({ 'a.csv': csv('D1', 0), 'b.csv': csv('D2', 200) }));
  s.write('台账.csv', '地块编号,地块名称\nD1,一\nD2,二\nD3,三\n');
  const joined = ['--crs', 'EPSG:4527', '--join', s.path('台账.csv'), '--on', '地块编号', '--report', 'r.json'];
  const done = s.load('parcel', s.path('批次.zip'), ...joined);
  assert.equal(done.code, 0, done.stderr);
  const expected = ['批次.zip', '台账.csv'].map((name) => [name, sha256(s.path(name))]);
  for (const source of sql(s, 'select distinct source from row_parcel')) assert.deepEqual(files(s, `s.id=${source.source}`).map((f) => [f.name, f.sha256]), expected);
  assert.equal(new Set(origins(s).map((row) => row.source)).size, 2);
  // One member of it alone.
  s.write('c.zip', zip({ 'a.csv': csv('D3', 400), '说明.txt': '无' }));
  assert.equal(s.load('parcel', 'c.zip/a.csv', ...joined).code, 0);
  assert.deepEqual(files(s, "f.name like 'c%'").map((f) => f.sha256), [sha256(s.path('c.zip'))]);
  assert.ok(!s.read('r.json').includes(s.dir) && !JSON.stringify(sql(s, 'select * from dikuai_source, dikuai_note')).includes(s.dir));
});

test('a load that is given up, or a dry run, leaves nothing of its files', (t) => {
  const s = scene(t);
  assert.equal(load(s, square(E, N), '--dry-run').code, 0);
  assert.notEqual(load(s, [[E, N], [E + 10, N + 10], [E + 10, N], [E, N + 10]]).code, 0);
  for (const table of ['dikuai_source', 'dikuai_file', 'repair_parcel', 'dikuai_batch']) assert.deepEqual(sql(s, `select * from ${table}`), []);
});

// Faults whose repair leaves the area as it is, and what GEOS calls them.
const spike = [[E, N], [E + 100, N], [E + 100, N + 100], [E + 150, N + 100], [E + 100, N + 100], [E, N + 100]];
const loop = [[E, N], [E + 100, N], [E + 100, N + 100], [E + 49.8, N + 100], [E + 50.2, N + 100.2], [E + 50.2, N + 99.8], [E, N + 100]];
for (const [name, ring, rule, area] of [['a spike', spike, 'ring_self_intersection', 10000], ['a loop of the size of a slip in digitising', loop, 'self_intersection', 10000]]) {
  test(`${name} is taken away, which the row remembers`, (t) => {
    const s = scene(t), done = load(s, ring);
    assert.equal(done.code, 0, done.stderr);
    assert.equal(done.json.repaired, 1);
    const [row] = origins(s);
    assert.equal(row.rule, rule);
    assert.match(row.detail, /^(Ring )?Self-intersection at longitude 117\.2\d+, latitude 31\.8\d+$/);
    assert.ok(Math.abs(row.before_m2 - area) < 12 && Math.abs(row.after_m2 - row.before_m2) <= 0.001 * row.before_m2, JSON.stringify(row));
  });
}

test('a hole or a part that has collapsed to a line or a point is left out, which the row remembers', (t) => {
  const s = scene(t), ring = (points) => `(${points.map((p) => p.join(' ')).join(',')})`, line = [[E + 10, N + 10], [E + 20, N + 20], [E + 10, N + 10]];
  const flat = ring([[E + 10, N + 10], [E + 1500, N + 1500], [E + 700, N + 700], [E + 10, N + 10]]); // of some square metres in degrees
  const outer = ring([...square(E, N), [E, N]]), inner = ring([...square(E + 40, N + 40, 20), [E + 40, N + 40]]);
  const texts = { HOLE: `POLYGON(${outer},${ring(line)},${inner})`, POINT: `POLYGON(${outer},${ring(line.slice(0, 1))})`,
    FLAT: `MULTIPOLYGON((${flat}),(${outer},${inner}))`, PART: `MULTIPOLYGON((${ring(line)}),(${outer},${inner}))`, ALONE: `POLYGON(${ring(line)},${inner})`, ALL: `MULTIPOLYGON((${ring(line)}))` };
  s.write('p.csv', `地块编号,wkt\n${Object.entries(texts).map(([key, text]) => `${key},"${text}"\n`).join('')}`);
  const done = s.load('parcel', 'p.csv', '--crs', 'EPSG:4527', '--publish', '--allow-rejects');
  assert.deepEqual([done.code, done.json.loaded, done.json.repaired, done.json.rejected], [0, 4, 4, 2], done.stderr);
  for (const { key, geometry } of s.rows('parcel').map((row) => ({ key: row.properties.id, ...row })))
    assert.deepEqual(geometry.coordinates.map((polygon) => polygon.map((r) => r.length)), [key === 'POINT' ? [5] : [5, 5]], key);
  const kept = origins(s);
  assert.deepEqual(kept.map((row) => row.rule), Array(4).fill('too_few_points'));
  for (const row of kept) assert.ok(Math.abs(row.after_m2 - (row.key === 'p:POINT' ? 10000 : 9600)) < 1 && row.before_m2 === row.after_m2, JSON.stringify(row));
  const [lon, lat] = execFileSync('cs2cs', ['-f', '%.9f', 'EPSG:4527', 'EPSG:4490'], { input: `${N + 10} ${E + 10}\n`, encoding: 'utf8' }).trim().split(/\s+/).slice(0, 2).reverse();
  for (const { detail } of kept) assert.equal(detail, `Too few points in geometry component at longitude ${lon}, latitude ${lat}`);
  assert.match(s.read('p.csv.rejects.csv'), /ALONE,a polygon of it has a hole and no outline; correct it in the source[^]*ALL,"the polygon is not valid and cannot be repaired: ring 1 has 3 points/);
});

test('what a repair would change by more than a thousandth of its area is rejected, with both areas', (t) => {
  const cases = {
    'a bow tie': [wkt([[E, N], [E + 100, N + 100], [E + 100, N], [E, N + 100]]), 0, 5000],
    'a hole outside': [wkt(square(E, N), square(E + 200, N, 50)), 7500, 12500],
    // The foot of a pylon: of the loop's 16 cm2 all that lies on the wrong side of the border counts twice.
    'a slip in a small one': [wkt([[0, 0], [1.5, 0], [1.5, 1.5], [0.72, 1.5], [0.8, 1.54], [0.8, 1.4999], [0, 1.5]].map(([x, y]) => [E + x, N + y])), 2.2484, 2.2516],
    'two parts that overlap by half': [`MULTIPOLYGON(${[0, 50].map((x) => wkt(square(E + x, N)).slice(7)).join(',')})`, 20000, 15000],
  };
  for (const [name, [text, before, after]] of Object.entries(cases)) {
    const s = scene(t), done = load(s, text);
    assert.notEqual(done.code, 0, name);
    const found = /the polygon is not valid: [^,]+ at longitude [\d.]+, latitude [\d.]+, and repairing it would change its area from ([\d.]+) to ([\d.]+) m2, by more than 0\.1 %; correct it in the source/.exec(done.stderr);
    assert.ok(found, `${name}: ${done.stderr}`);
    assert.notEqual(found[1], found[2], name);
    assert.ok(Math.abs(found[1] - before) < 0.003 * before + 0.01 && Math.abs(found[2] - after) < 0.003 * after, `${name}: ${found[0]}`);
  }
});

test('a parcel whose corners lie on one line is rejected, though in degrees the line is bent', (t) => {
  const s = scene(t);
  s.write('p.csv', `地块编号,wkt\nLINE,"${wkt([[E, N], [E + 1000, N], [E + 2000, N]])}"\nTHIN,"${wkt([[E, N], [E + 1000, N], [E + 2000, N + 0.01]])}"\nSMALL,"${wkt(square(E, N, 0.001))}"\nSLANTED,"${wkt([[E + 0.1, N + 0.2], [E + 100.4, N + 33.5], [E + 200.7, N + 66.8]])}"\nFORTH AND BACK,"${wkt([42, 616, 258, 234, 614, 28, 332, 770].map((at) => [E + at, N + at]))}"\n`);
  const done = s.load('parcel', 'p.csv', '--crs', 'EPSG:4527', '--publish', '--allow-rejects');
  assert.deepEqual([done.code, done.json.loaded, done.json.rejected], [0, 2, 3], done.stderr);
  for (const row of ['2,LINE', '5,SLANTED', '6,FORTH AND BACK']) assert.match(s.read('p.csv.rejects.csv'), new RegExp(`p\\.csv,${row},the polygon encloses nothing: its corners lie on one line; correct it in the source`));
  s.write('d.csv', `地块编号,wkt\nLINE,"${wkt([[117.25, 31.75], [117.375, 31.75], [117.5, 31.75]])}"\nGOOD,"${wkt(square(117.25, 31.75, 1e-7))}"\n`);
  const shifted = s.load('parcel', 'd.csv', '--crs', 'gcj02');
  assert.deepEqual([shifted.json.loaded, shifted.json.rejected], [1, 1], shifted.stderr);
});

test('both areas are computed: that of the plane, and that of the ellipsoid', (t) => {
  const s = scene(t, catalogue.replace('computed: area}', 'computed: area}\n      - {name: area_plane, title: 平面面积, type: number, unit: m2, audience: public, computed: planar_area}'));
  // 140 km east of the central meridian: the planar area is larger by 2 (140/6371)^2 / 2.
  s.write('p.csv', `地块编号,地块面积,wkt\nD1,9.9900,"${wkt([[39640000, N], [39640300, N], [39640300, N + 333], [39640000, N + 333]])}"\nD2,9.0,"${wkt([[39640000, N + 400], [39640300, N + 400], [39640300, N + 733], [39640000, N + 733]])}"\n`);
  const done = s.load('parcel', 'p.csv', '--crs', 'EPSG:4527', '--publish');
  assert.equal(done.code, 0, done.stderr);
  const [one] = s.rows('parcel').map((row) => row.properties);
  assert.ok(Math.abs(one.area_plane - 99900) <= 0.01, one.area_plane);
  assert.ok(Math.abs(one.area_m2 - 99900 * (1 - (140150 / 6371000) ** 2)) < 0.5, one.area_m2);
  assert.equal(done.json.area_differs, 1);
  assert.match(done.json.notes.join('\n'), /area_declared_ha says 90000\.00 m2, the geometry has 998\d\d\.\d\d m2 \(99900\.00 m2 in the plane\)/);
});

test('the planar area is that of the zone in which a parcel lies, whatever plane its source is in', (t) => {
  const s = scene(t, catalogue.replace('computed: area}', 'computed: area}\n      - {name: area_plane, title: 平面面积, type: number, unit: m2, audience: public, computed: planar_area}'));
  // 118.6°E: in zone 40 (EPSG:4549), 1.6 degrees from the meridian of zone 39 (EPSG:4548), in whose plane it is 6 m2 larger.
  const east = 367000, hole = (x, y) => [[x + 20, y + 20], [x + 50, y + 20], [x + 50, y + 60], [x + 20, y + 60]];
  const rings = (y) => [square(east, y), hole(east, y)]; // 100 m less 30 m by 40 m
  const moved = (ring, to) => execFileSync('cs2cs', ['-f', '%.9f', 'EPSG:4549', to], { input: ring.map(([x, y]) => `${y} ${x}\n`).join(''), encoding: 'utf8' })
    .trim().split('\n').map((line) => line.trim().split(/\s+/).slice(0, 2).map(Number).reverse());
  const spike = (ring) => [...ring.slice(0, 3), [ring[2][0] + 30, ring[2][1]], ...ring.slice(2)];
  const sources = { 'EPSG:4549': (n) => wkt(...rings(n)), 'EPSG:4548': (n) => wkt(...rings(n).map((ring) => moved(ring, 'EPSG:4548'))),
    'EPSG:4490': (n) => wkt(...rings(n).map((ring) => moved(ring, 'EPSG:4490'))),
    'EPSG:4528': (n) => `MULTI${wkt(...rings(n).map((ring) => ring.map(([x, y]) => [x + 4e7, y]))).replace('(', '((')},${wkt(square(east + 4e7 + 500, n, 40)).slice(7)})`,
    spike: (n) => wkt(spike(square(east, n)), hole(east, n)) };
  Object.entries(sources).forEach(([name, text], i) => {
    s.write('p.csv', `地块编号,wkt\nD${i},"${text(3521000 + 1000 * i)}"\n`);
    const done = s.load('parcel', 'p.csv', '--crs', name === 'spike' ? 'EPSG:4549' : name, '--publish');
    assert.equal(done.code, 0, `${name}: ${done.stderr}`);
    assert.equal(done.json.repaired, name === 'spike' ? 1 : 0, name);
  });
  assert.deepEqual(s.rows('parcel').map((row) => row.properties.area_plane.toFixed(2)).sort(), ['10400.00', ...Array(4).fill('8800.00')]);
});
