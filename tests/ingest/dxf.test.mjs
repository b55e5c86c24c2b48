// Drawings. The files in data/ are ezdxf's, the others ogr2ogr's; areas are those of plane geometry, places those of cs2cs.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { gbk, scene, square, wkt } from './helpers.mjs';

const data = (name) => new URL(`./data/${name}`, import.meta.url).pathname;
const crs = ['--crs', 'EPSG:4527'];
const cs2cs = (north, east) => execFileSync('cs2cs', ['-f', '%.10f', 'EPSG:4527', 'EPSG:4490'], { input: `${north} ${east}\n`, encoding: 'utf8' })
  .trim().split(/\s+/).slice(0, 2).map(Number).reverse();
const noted = (done, sentence) => assert.ok(done.json.notes.some((note) => sentence.test(note)), `${sentence} not in ${done.json.notes.join('\n')}`);
const rings = (feature) => (feature.geometry.type === 'MultiPolygon' ? feature.geometry.coordinates.flat(1) : feature.geometry.coordinates);

for (const name of ['ezdxf_r2000_gbk.dxf', 'ezdxf_r12_gbk.dxf'])
  test(`${name}: closed polylines are parcels, arcs keep their areas, texts become columns, the open one is rejected by its handle`, (t) => {
    const s = scene(t);
    copyFileSync(data(name), s.path('红线.dxf'));
    const done = s.load('parcel', '红线.dxf', ...crs, '--field', 'id=句柄', '--field', 'name=文字', '--holes', '--publish', '--allow-rejects');
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual([done.json.loaded, done.json.rejected, done.json.repaired], [3, 1, 0]);
    const row = (text) => s.rows('parcel').find((f) => f.properties.name === text);
    const areas = { '镕城DK1 工业用地': 100 * 100 - 20 * 20, 'DK2 圆': Math.PI * 20 ** 2, DK3: 100 * 100 + 2500 * 2 * (Math.PI / 4 - 0.5) };
    for (const [text, area] of Object.entries(areas)) // the plane's area is the ellipsoid's within 1 in 100000 here
      assert.ok(Math.abs(row(text).properties.area_m2 / area - 1) < 2e-4, `${text}: ${row(text).properties.area_m2} for ${area}`);
    assert.deepEqual(rings(row('镕城DK1 工业用地')).map((ring) => ring.length), [5, 5]);
    for (const [north, east] of [[3521000, 39520000], [3521020, 39520040]])
      assert.ok(rings(row('镕城DK1 工业用地')).flat().some((p) => cs2cs(north, east).every((v, i) => Math.abs(v - p[i]) < 2e-9)));
    noted(done, /1 polylines on other layers than 征地红线 were not read/);
    noted(done, /not read, as they are no polylines: 1 LINE, 1 CIRCLE/);
    noted(done, /1 outlines have no text inside, and got the nearest one/);
    assert.match(s.read('红线.dxf.rejects.csv'), /红线\.dxf,\d+,(\w+),"the polyline \1 on layer 征地红线: it is not closed; close it in the drawing/);
    const flat = s.load('parcel', '红线.dxf', ...crs, '--field', 'id=句柄', '--set', 'project_id=flat', '--dry-run');
    assert.equal(flat.json.loaded, 4);
    noted(flat, /1 outlines lie inside others .* with --holes they are holes/);
  });

test('the texts of a drawing find the rows of a ledger', (t) => {
  const s = scene(t);
  copyFileSync(data('ezdxf_r12_gbk.dxf'), s.path('p.dxf'));
  s.write('台账.csv', gbk('图上注记,地块编号,地块名称\n镕城DK1 工业用地,DK1,镕城一号\nDK3,DK3,镕城三号\n'));
  const done = s.load('parcel', 'p.dxf', ...crs, '--holes', '--join', '台账.csv', '--on', '文字=图上注记', '--publish', '--allow-rejects');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('parcel').map((f) => [f.properties.id, f.properties.name]), [['DK1', '镕城一号'], ['DK3', '镕城三号']]);
  assert.match(s.read('p.dxf.rejects.csv'), /no row of 台账\.csv has ""DK2 圆"" in 图上注记/);
});

test('a drawing that ogr2ogr wrote: rings that return close, layers are chosen, a text in it names it', (t) => {
  const s = scene(t);
  const shapes = [['红线', square(39520000, 3521000)], ['红线', square(39520200, 3521000)], ['道路', square(39520400, 3521000)]];
  s.write('l.csv', 'Layer,WKT\n' + shapes.map(([layer, p]) => `${layer},"${wkt(p).replace('POLYGON((', 'LINESTRING(').replace('))', ')')}"\n`).join(''));
  s.write('t.csv', 'Layer,WKT\n注记,POINT(39520050 3521050)\n');
  execFileSync('ogr2ogr', ['-f', 'GPKG', s.path('all.gpkg'), s.path('l.csv'), '-nln', 'a', '-oo', 'GEOM_POSSIBLE_NAMES=WKT', '-oo', 'KEEP_GEOM_COLUMNS=NO'], { stdio: 'ignore' });
  execFileSync('ogr2ogr', ['-f', 'GPKG', '-update', s.path('all.gpkg'), s.path('t.csv'), '-nln', 'b', '-oo', 'GEOM_POSSIBLE_NAMES=WKT', '-oo', 'KEEP_GEOM_COLUMNS=NO'], { stdio: 'ignore' });
  execFileSync('ogr2ogr', ['-f', 'DXF', s.path('p.dxf'), s.path('all.gpkg'), '-dialect', 'SQLite', '-sql',
    "select geom, Layer, null as OGR_STYLE from a union all select geom, Layer, 'LABEL(f:\"Arial\",t:\"镕城DK1\",s:3g)' from b"], { stdio: 'ignore' });
  const several = s.load('parcel', 'p.dxf', ...crs);
  assert.match(several.stderr, /p\.dxf: closed polylines are on 2 layers; choose one with --layer: 红线 \(2\), 道路 \(1\)|p\.dxf: closed polylines are on 2 layers; choose one with --layer: 道路 \(1\), 红线 \(2\)/);
  assert.match(s.load('parcel', 'p.dxf', ...crs, '--layer', '没有').stderr, /no polyline is on a layer "没有"; layers with closed polylines: /);
  const done = s.load('parcel', 'p.dxf', ...crs, '--layer', '红线', '--field', 'id=句柄', '--field', 'name=文字', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('parcel').map((f) => f.properties.name).sort(), [null, '镕城DK1'].sort());
});

test('nothing is guessed about the coordinate system: what the numbers look like is said', (t) => {
  const s = scene(t);
  const drawing = (x, y) => ['0', 'SECTION', '2', 'ENTITIES', '0', 'LWPOLYLINE', '8', '0', '70', '1',
    ...square(x, y, 0.01).flatMap(([a, b]) => ['10', a, '20', b]), '0', 'ENDSEC', '0', 'EOF', ''].join('\n');
  const cases = { 39520000: [3521000, /begin with zone 39: if they are CGCS2000, say --crs EPSG:4527/], 20520000: [3521000, /zone 20: .* --crs EPSG:4498 \(6-degree/],
    520000: [3521000, /do not begin with a zone; say it with --crs, for example --crs EPSG:4548/], 117.2: [31.8, /look like degrees: .* --crs EPSG:4490/],
    3521000: [39520000, /zone 39: .* --crs EPSG:4527 \(3-degree zone 39\) --axes yx/] };
  for (const [x, [y, sentence]] of Object.entries(cases)) {
    s.write('p.dxf', drawing(Number(x), y));
    assert.match(s.load('parcel', 'p.dxf', '--set', 'id=1').stderr, sentence);
  }
  s.write('d.dxf', drawing(117.2, 31.8));
  assert.equal(s.load('parcel', 'd.dxf', '--crs', 'EPSG:4490', '--set', 'id=1').code, 0);
});

test('a drawing in UTF-8 reads as well, and bytes that are no text are named', (t) => {
  const s = scene(t);
  writeFileSync(s.path('u.dxf'), execFileSync('iconv', ['-f', 'GBK', '-t', 'UTF-8'], { input: readFileSync(data('ezdxf_r12_gbk.dxf')) }));
  const done = s.load('parcel', 'u.dxf', ...crs, '--field', 'id=句柄', '--field', 'name=文字', '--publish', '--allow-rejects');
  assert.ok(s.rows('parcel').some((f) => f.properties.name === '镕城DK1 工业用地'), done.stderr);
  const bytes = readFileSync(data('ezdxf_r12_gbk.dxf')), at = bytes.indexOf(gbk('镕城'));
  bytes[at] = 0xff; bytes[at + 1] = 0xff;
  writeFileSync(s.path('b.dxf'), bytes);
  const bad = s.load('parcel', 'b.dxf', ...crs, '--field', 'id=句柄', '--field', 'name=文字');
  assert.deepEqual([bad.json.loaded, bad.json.rejected], [3, 2]);
  assert.match(s.read('b.dxf.rejects.csv'), /column 文字: its bytes \(line \d+\) are not text in GB18030/);
});

test('drawings that are damaged or binary are refused with what to do', (t) => {
  const s = scene(t);
  const text = readFileSync(data('ezdxf_r12_gbk.dxf'));
  const cases = {
    'cut.dxf': [text.subarray(0, 5000), /cut\.dxf: the drawing is cut off: EOF is missing|cut\.dxf, line \d+: .* stands where a group code must be/],
    'code.dxf': [Buffer.from(text.toString('latin1').replace('LWPOLYLINE', '').replace('ENTITIES\r\n', 'ENTITIES\r\nxx\r\n').replace('ENTITIES\n', 'ENTITIES\nxx\n'), 'latin1'), /code\.dxf, line \d+: "xx" stands where a group code must be/],
    'binary.dxf': ['AutoCAD Binary DXF\r\n\x1a\0', /binary\.dxf: a binary DXF; save the drawing as DXF in text/],
    'none.dxf': ['0\nSECTION\n2\nHEADER\n0\nENDSEC\n0\nEOF\n', /none\.dxf: the drawing has no section ENTITIES/],
    'text.dxf': ['12\nnot a drawing\n', /text\.dxf: not a DXF/],
    'word.dxf': ['hello\nworld\n', /word\.dxf, line 1: "hello" stands where a group code must be/],
    'open.dxf': ['0\nSECTION\n2\nENTITIES\n0\nLINE\n8\n0\n0\nHATCH\n8\n0\n0\nENDSEC\n0\nEOF\n', /open\.dxf: the drawing has no closed polylines .* \(but 1 LINE, 1 HATCH\); close .* explode blocks, and draw boundaries of hatches/],
  };
  for (const [name, [bytes, sentence]] of Object.entries(cases)) {
    s.write(name, bytes);
    const done = s.load('parcel', name, ...crs);
    assert.equal(done.code, 1, name);
    assert.match(done.stderr, sentence, name);
    assert.equal(done.stderr.trim().split('\n').length, 1, name);
  }
});

// DXF Reference, common group codes: 67 is 1 in paper space.
test('polylines in paper space are no parcels, and are counted', (t) => {
  const s = scene(t);
  const polyline = (x, paper) => ['0', 'LWPOLYLINE', '5', `A${x}`, '8', '红线', ...(paper ? ['67', '1'] : []), '90', '4', '70', '1', ...square(39520000 + x, 3521000).flatMap(([e, n]) => ['10', `${e}`, '20', `${n}`])];
  const old = (x) => ['0', 'POLYLINE', '5', `B${x}`, '8', '红线', '67', '1', '66', '1', '70', '1', ...square(39520000 + x, 3521000).flatMap(([e, n]) => ['0', 'VERTEX', '8', '红线', '67', '1', '10', `${e}`, '20', `${n}`]), '0', 'SEQEND'];
  const drawing = (...entities) => ['0', 'SECTION', '2', 'ENTITIES', ...entities.flat(), '0', 'ENDSEC', '0', 'EOF', ''].join('\n');
  s.write('p.dxf', drawing(polyline(0, true), polyline(300, false), old(600)));
  const done = s.load('parcel', 'p.dxf', ...crs, '--field', 'id=句柄', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('parcel').map((f) => f.properties.id), ['A300']);
  noted(done, /2 polylines in paper space \(on layouts\) were not read/);
  s.write('only.dxf', drawing(polyline(0, true)));
  assert.match(s.load('parcel', 'only.dxf', ...crs, '--field', 'id=句柄').stderr, /no closed polylines .* in model space, and 1 polylines in paper space \(on layouts\), which has other coordinates; draw the outlines/);
});

// From AutoCAD 2007 on (AC1021) a DXF is in UTF-8 whatever its code page says.
test('a drawing whose few Chinese letters pass for UTF-8 is in the code page that it says', (t) => {
  const drawing = (...head) => Buffer.concat([Buffer.from(['0', 'SECTION', '2', 'HEADER', ...head, '0', 'ENDSEC', '0', 'SECTION', '2', 'ENTITIES', '0', 'LWPOLYLINE', '5', 'A1', '8', 'DK', '90', '4', '70', '1',
    ...square(39520000, 3521000).flatMap(([e, n]) => ['10', `${e}`, '20', `${n}`]), '0', 'TEXT', '8', 'DK', '10', '39520050', '20', '3521050', '40', '2', '1', ''].join('\r\n')), gbk('小学'), Buffer.from('\r\n0\r\nENDSEC\r\n0\r\nEOF\r\n')]);
  for (const [name, head, text, sentence] of [['r2000.dxf', ['9', '$ACADVER', '1', 'AC1015', '9', '$DWGCODEPAGE', '3', 'ANSI_936'], '小学', /GB18030 was taken, as it says itself/],
    ['r2007.dxf', ['9', '$ACADVER', '1', 'AC1021', '9', '$DWGCODEPAGE', '3', 'ANSI_936'], 'Сѧ', null], ['r12.dxf', [], 'Сѧ', /UTF-8 was taken: if they look foreign, say --encoding GB18030/]]) {
    const s = scene(t);
    s.write(name, drawing(...head));
    const done = s.load('parcel', name, ...crs, '--field', 'id=句柄', '--field', 'name=文字', '--publish');
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(s.rows('parcel').map((f) => f.properties.name), [text]);
    const notes = done.json.notes.filter((note) => /letters beyond ASCII/.test(note));
    assert.equal(notes.length, sentence ? 1 : 0, done.stdout);
    if (sentence) assert.match(notes[0], sentence);
  }
});
