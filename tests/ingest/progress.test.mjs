// How many approvals are known, drawn and documented, by county and year: counted here from the source rows, in another way.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { catalogue, scene, square, wkt } from './helpers.mjs';
import { pdf } from './scans.mjs';

// 341302 became 341399; the town 341322100 went to 341321, and with it its villages.
const divisions = `divisions:
  - {code: '341302', name: 旧区, valid_to: '2019-12-31', successor: '341399'}
  - {code: '341302100', name: 旧镇}
  - {code: '341321', name: 砀山县}
  - {code: '341321105', name: 周寨镇}
  - {code: '341321105200', name: 周寨村}
  - {code: '341322', name: '萧县"甲",乙'}
  - {code: '341322100', name: 边镇, successor: '341321105'}
  - {code: '341322100001', name: 边村}
  - {code: '341399', name: 新区}
`;
const countyOf = { '341302': '341399', '341302100': '341399', '341321': '341321', '341321105': '341321', '341321105200': '341321',
  '341322': '341322', '341322100': '341321', '341322100001': '341321', '341399': '341399' };

// A fixed sequence of numbers below n.
function sequence(seed) {
  let state = seed;
  return (n) => { state = (state * 1103515245 + 12345) % 2147483648; return Math.floor(state / 65536) % n; };
}

function sources(n) {
  const next = sequence(7), codes = Object.keys(countyOf), approvals = [], parcels = [];
  for (let i = 0; i < n; i++) {
    const year = 2015 + next(4), number = `皖政地〔${year}〕${i + 1}号`;
    const date = next(3) === 0 ? '' : `${year + next(2)}-0${1 + next(9)}-15`;
    approvals.push({ number, date, year: Number((date || String(year)).slice(0, 4)) });
    const own = codes[next(codes.length)];
    for (let k = next(4); k > 0; k--) parcels.push({ number, division: next(8) === 0 ? codes[next(codes.length)] : own });
  }
  approvals.push({ number: '县发改批准三', date: '', year: null });
  return { approvals, parcels };
}

const csv = (rows) => rows.map((row) => row.map((cell) => `"${String(cell).replaceAll('"', '""')}"`).join(',')).join('\n') + '\n';
const parcelRows = (parcels) => csv([['DKBH', 'XZQDM', 'PZWH', 'wkt'], ...parcels.map((parcel, i) =>
  [`DK${i}`, parcel.division, parcel.number, wkt(square(39480000 + (i % 40) * 200, 3700000 + Math.floor(i / 40) * 200))])]);

// The lines as they must be: parcels only where they are published.
function expected(approvals, parcels, documented, fallback = null) {
  const lines = new Map();
  for (const { number, year } of approvals) {
    const own = parcels.filter((parcel) => parcel.number === number), counties = [...new Set(own.map(({ division }) => countyOf[division]))];
    const county = counties.length === 0 ? fallback : counties.length > 1 ? 'several' : counties[0];
    const line = lines.get(`${county} ${year}`) ?? { county, year, known: 0, drawn: 0, documented: 0 };
    lines.set(`${county} ${year}`, line);
    line.known++;
    if (own.length > 0) line.drawn++;
    if (documented.has(number)) line.documented++;
  }
  const order = ({ county, year }) => `${county === null ? 2 : county === 'several' ? 1 : 0}${county} ${year ?? 9999}`;
  return [...lines.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}
const sum = (lines) => lines.reduce((all, line) => ({ known: all.known + line.known, drawn: all.drawn + line.drawn,
  documented: all.documented + line.documented }), { known: 0, drawn: 0, documented: 0 });
const bare = (lines) => lines.map(({ name, ...line }) => line);

test('counted by county and year as the source rows say, successors under their successor, nothing left out', (t) => {
  const s = scene(t, catalogue + divisions), { approvals, parcels } = sources(120);
  s.write('approvals.csv', csv([['文号', '批准日期'], ...approvals.map(({ number, date }) => [number, date])]));
  s.write('parcels.csv', parcelRows(parcels));
  assert.equal(s.load('approval', 'approvals.csv', '--publish').code, 0);
  const progress = (...args) => s.run('progress', s.store, ...args);
  const check = (published, documented) => {
    const done = progress('--json'), lines = expected(approvals, published, documented);
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(bare(done.json.lines), lines);
    assert.deepEqual(done.json.total, sum(lines));
    assert.equal(done.json.total.known, approvals.length);
    assert.deepEqual(bare(done.json.counties), [...new Set(lines.map(({ county }) => county))].map((county) =>
      ({ county, ...sum(lines.filter((line) => line.county === county)) })));
    return done.json;
  };
  check([], new Set());
  const staged = s.load('parcel', 'parcels.csv', '--crs', 'EPSG:4527', '--set', 'project_id=P');
  assert.deepEqual([staged.json.loaded, staged.json.rejected], [parcels.length, 0], staged.stdout);
  check([], new Set()); // staged is not published
  assert.equal(s.run('publish', s.store, '2').code, 0);
  const documented = new Set(approvals.filter((_, i) => i % 3 === 0 && i < 120).map(({ number }) => number));
  mkdirSync(s.path('扫描'));
  for (const number of documented) for (const copy of ['', ' 附件']) writeFileSync(s.path(`扫描/${number}${copy}.pdf`), pdf(number + copy));
  assert.equal(s.run('attach', s.store, 'approval', '扫描').code, 0);
  check(parcels, new Set()); // nor does a scan count that waits
  assert.equal(s.run('publish', s.store, '3').code, 0);
  const full = check(parcels, documented);
  assert.match(s.run('report', s.store, '3').stderr, /batch 3 attaches documents and has no rows to report on; dikuai-ingest check .* reads the documents/);
  assert.deepEqual(new Set(full.lines.map(({ county }) => county)), new Set(['341321', '341322', '341399', 'several', null]));
  assert.equal(full.lines.find(({ county }) => county === '341399').name, '新区');
  assert.equal(full.kind, 'approval');

  // The CSV as GDAL reads it, and the table as it stands on a terminal.
  s.write('progress.csv', progress('--csv').stdout);
  const read = JSON.parse(execFileSync('ogr2ogr', ['-f', 'GeoJSON', '/vsistdout/', s.path('progress.csv')], { encoding: 'utf8' })).features.map((f) => f.properties);
  assert.deepEqual(read.map((row) => [row.county || null, row.name || null, row.year ? Number(row.year) : null, Number(row.known), Number(row.drawn), Number(row.documented)]),
    full.lines.map((line) => [line.county, line.name, line.year, line.known, line.drawn, line.documented]));
  const rows = progress().stdout.trimEnd().split('\n');
  const places = (text) => [...text].reduce((n, c) => n + (/[\p{Script=Han}（）〔〕]/u.test(c) ? 2 : 1), 0);
  assert.equal(new Set(rows.map(places)).size, 1, rows.join('\n'));
  assert.match(rows[0], /^county +name +year +known +drawn +documented$/);
  assert.match(rows.at(-1), new RegExp(`^total +${full.total.known} +${full.total.drawn} +${full.total.documented}$`));
  assert.ok(rows.some((row) => /^- +no county +no year +1 +0 +0$/.test(row)), rows.join('\n'));
  assert.match(rows.filter((row) => row.startsWith('341321')).at(-1), /^341321 +砀山县 +all +\d+ +\d+ +\d+$/);

  assert.equal(s.run('withdraw', s.store, '2', '--reason', '更正').code, 0);
  check([], documented);
});

test('a division of its own says the county, and in a store of one county there is no other', (t) => {
  const own = catalogue.replace("    date: approved_on\n", "    date: approved_on\n    division: county\n")
    .replace('      - {name: approved_on,', '      - {name: county, title: 县, type: division, audience: public}\n      - {name: approved_on,');
  const s = scene(t, own);
  s.write('a.csv', csv([['文号', '批准日期', 'county'], ['皖政地〔2020〕1号', '', '341321000000'], ['皖政地〔2020〕2号', '', ''], ['皖政地〔2020〕3号', '2021-01-05', '341322100']]));
  assert.equal(s.load('approval', 'a.csv', '--publish').code, 0);
  s.write('p.csv', parcelRows([{ number: '皖政地〔2020〕1号', division: '340111' }, { number: '皖政地〔2020〕1号', division: '340121' }]));
  assert.equal(s.load('parcel', 'p.csv', '--crs', 'EPSG:4527', '--publish').code, 0);
  const line = (county, year, known, drawn) => ({ county, year, known, drawn, documented: 0 });
  assert.deepEqual(bare(s.run('progress', s.store, '--json').json.lines), [line('341321', 2020, 1, 1), line('341322', 2021, 1, 0), line(null, 2020, 1, 0)]);

  const one = scene(t, `${catalogue}divisions:\n  - {code: '341321', name: 砀山县}\n  - {code: '341321105', name: 周寨镇}\n`);
  one.write('a.csv', csv([['文号', '批准日期'], ['皖政地〔2020〕1号', '']]));
  assert.equal(one.load('approval', 'a.csv', '--publish').code, 0);
  assert.deepEqual(bare(one.run('progress', one.store, '--json').json.lines), [line('341321', 2020, 1, 0)]);
});

test('an empty store, another kind, and what cannot be asked', (t) => {
  const s = scene(t);
  const done = s.run('progress', s.store, '--json');
  assert.deepEqual([done.code, done.json.lines, done.json.total], [0, [], { known: 0, drawn: 0, documented: 0 }]);
  assert.equal(s.run('progress', s.store, 'compensation').code, 0);
  assert.match(s.run('progress', s.store, 'parcel').stderr, /parcel: is a layer; progress is about records/);
  assert.match(s.run('progress', s.store, 'x').stderr, /x: the catalogue has no record of that name/);
  assert.equal(s.run('progress', s.store, '--json', '--csv').code, 2);
});
