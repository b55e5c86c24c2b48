// Batches: all or nothing, rejected rows, publishing, exit codes, being interrupted.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendFileSync, closeSync, createReadStream, existsSync, openSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { catalogue, program, scene, shapefile, square, wkt, xlsx } from './helpers.mjs';

const row = (id, x = 39520000, more = {}) => ({ DKBH: id, ...more, wkt: wkt(square(x, 3521000)) });

test('a load is staged, seen by nobody until published, and taken back by withdraw', (t) => {
  const s = scene(t);
  shapefile(s, 'p', [row('1')]);
  const done = s.load('parcel', 'p.shp', '--batch', '第一批');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(done.json.generation, null);
  assert.equal(s.rows('parcel').length, 0);
  assert.deepEqual(s.batches().map((b) => [b.title, b.state, b.rows, b.source]), [['第一批', 'staged', 1, 'p.shp']]);
  const published = s.run('publish', s.store, String(done.json.batch), '--actor', '张三', '--json');
  assert.equal(published.code, 0, published.stderr);
  assert.equal(s.rows('parcel').length, 1);
  const withdrawn = s.run('withdraw', s.store, String(done.json.batch), '--reason', '坐标有误', '--json');
  assert.equal(withdrawn.code, 0, withdrawn.stderr);
  assert.equal(withdrawn.json.generation, published.json.generation + 1);
  assert.equal(s.rows('parcel').length, 0);
  assert.equal(s.run('check', s.store).code, 0);
  assert.equal(s.run('reindex', s.store).code, 0);
  assert.match(s.run('batches', s.store).stdout, /^batch +kind +state +rows .*\n +\d+ +parcel +withdrawn +1 /);
});

test('loading a file again changes nothing', (t) => {
  const s = scene(t);
  shapefile(s, 'p', [row('1'), row('2', 39520200)]);
  assert.equal(s.load('parcel', 'p.shp', '--publish').json.loaded, 2);
  const again = s.load('parcel', 'p.shp', '--publish');
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual([again.json.loaded, again.json.unchanged, again.json.batch], [0, 2, null]);
  assert.equal(s.batches().length, 1);
});

test('a duplicate key within one source is rejected with both rows in its reason', (t) => {
  const s = scene(t);
  shapefile(s, 'p', [row('1'), row('2', 39520200), row('1', 39520400)]);
  const done = s.load('parcel', 'p.shp');
  assert.equal(done.code, 1);
  assert.deepEqual([done.json.loaded, done.json.rejected], [2, 1]);
  const line = s.read('p.shp.rejects.csv').split('\r\n')[1];
  assert.match(line, /^p\.shp,3,[^,]*1,/);
  assert.match(line, /row 1/);
});

test('rejected rows: --publish publishes only with --allow-rejects; the file has a BOM, the reasons and the columns as read', (t) => {
  const s = scene(t);
  s.write('b.csv', '补偿编号,地块编号,支付日期\n1,DK1,2020-01-02\n2,"D""K,2",2020年\n');
  const done = s.load('compensation', 'b.csv', '--publish', '--rejects', 'bad.csv');
  assert.equal(done.code, 1);
  assert.match(done.stderr, /1 of 2 rows were rejected, so the batch was not published; they are in bad\.csv with their reasons/);
  assert.equal(done.json.generation, null);
  assert.equal(done.json.rejects, 'bad.csv');
  assert.equal(s.read('bad.csv'), '\uFEFFsource,row,key,reason,补偿编号,地块编号,支付日期\r\n'
    + 'b.csv,3,2,"支付日期: ""2020年"" is no date; write it as 2020-06-15",2,"D""K,2",2020年\r\n');
  assert.equal(s.batches()[0].state, 'staged');
  s.write('c.csv', '补偿编号,地块编号,支付日期\n5,DK1,2020-01-02\n6,DK,2020年\n');
  const allowed = s.load('compensation', 'c.csv', '--publish', '--allow-rejects');
  assert.equal(allowed.code, 0, allowed.stderr);
  assert.ok(allowed.json.generation > 0);
});

test('a rejects file that was put right is a source, WKT and all', (t) => {
  const s = scene(t);
  const ring = wkt(square(39520000, 3521000));
  s.write('p.csv', `地块编号,地块面积,wkt\n1,1.0,"${ring}"\n2,一公顷,"${wkt(square(39520200, 3521000))}"\n`);
  assert.equal(s.load('parcel', 'p.csv', '--crs', 'EPSG:4527', '--publish').code, 1);
  s.write('fixed.csv', s.read('p.csv.rejects.csv').replace(',一公顷,', ',1公顷,'));
  const done = s.load('parcel', 'fixed.csv', '--crs', 'EPSG:4527');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(done.json.loaded, 1);
  assert.ok(done.json.notes.some((note) => /rejects file/.test(note)));
  // Its key is that of the file where it was rejected: when that is put right, too, the parcel is not there twice.
  s.write('p.csv', s.read('p.csv').replace(',一公顷,', ',1公顷,'));
  const again = s.load('parcel', 'p.csv', '--crs', 'EPSG:4527');
  assert.deepEqual([again.json.loaded, again.json.unchanged], [0, 2]);
});

test('what a CSV has no place for is said in the rejects: units above the header and of number formats', (t) => {
  const s = scene(t);
  s.write('b.xlsx', xlsx([['单位：万元'], ['补偿编号', '地块编号', '补偿总额', '支付日期'], ['1', 'DK1', { n: '3.75' }, '昨天'],
    ['2', 'DK2', { n: '4', f: '0.00"千元"' }, '昨天'], ['3', 'DK3', '5元', '前天']]));
  assert.equal(s.load('compensation', 'b.xlsx').code, 1);
  assert.equal(s.read('b.xlsx.rejects.csv').split('\r\n')[0], '\uFEFFsource,row,key,reason,补偿编号,地块编号,补偿总额(万元),支付日期');
  // Twice: what is rejected again is as it was, and comes from where it came.
  s.write('once.csv', s.read('b.xlsx.rejects.csv').replaceAll(/,昨天/g, ',2020-06-15'));
  assert.deepEqual((({ loaded, rejected }) => [loaded, rejected])(s.load('compensation', 'once.csv', '--publish', '--allow-rejects').json), [2, 1]);
  assert.match(s.read('once.csv.rejects.csv'), /^\uFEFFsource,row,key,reason,补偿编号,地块编号,补偿总额\(万元\),支付日期\r\nb\.xlsx,5,3,/);
  s.write('twice.csv', s.read('once.csv.rejects.csv').replaceAll(/,前天/g, ',2020-06-15'));
  assert.equal(s.load('compensation', 'twice.csv', '--publish').code, 0);
  assert.deepEqual(s.rows('compensation').map((f) => f.properties.total), [37500, 4000, 5]);
});

test('rejects are never written over a source or the store, and a device is not removed', (t) => {
  const s = scene(t);
  const text = '补偿编号,地块编号,支付日期\n1,DK1,昨天\n2,DK1,2020-01-01\n';
  s.write('b.csv', text);
  for (const path of ['b.csv', './b.csv', s.store]) {
    const done = s.load('compensation', 'b.csv', '--rejects', path);
    assert.equal(done.code, 1);
    assert.match(done.stderr, /rejects would be written over this file; choose another place/);
  }
  assert.equal(s.read('b.csv'), text);
  const full = s.load('compensation', 'b.csv', '--rejects', '/dev/full');
  assert.equal(full.code, 1);
  assert.match(full.stderr, /\/dev\/full: the rejects file cannot be written: No space left on device/);
  assert.ok(existsSync('/dev/full'));
  assert.deepEqual(s.batches(), []);
  assert.match(s.load('compensation', 'b.csv', '--rejects', 'no/such/dir.csv').stderr, /no\/such\/dir\.csv: the rejects file cannot be written/);
  assert.deepEqual(s.batches(), []);
});

test('no rejects file is made when there is nothing to write', (t) => {
  const s = scene(t);
  s.write('b.csv', '补偿编号,地块编号\n1,DK1\n');
  s.load('compensation', 'b.csv');
  assert.deepEqual(readdirSync(s.dir).filter((name) => /rejects/.test(name)), []);
});

test('when no row is loadable nothing is staged, and the first reason is said', (t) => {
  const s = scene(t);
  s.write('b.csv', '补偿编号,地块编号,支付日期\n1,DK1,昨天\n2,DK2,今天\n');
  const done = s.load('compensation', 'b.csv', '--allow-rejects');
  assert.equal(done.code, 1);
  assert.match(done.stderr, /no row could be loaded; the first: b\.csv, row 2: 支付日期: "昨天" is no date/);
  assert.match(done.stderr, /b\.csv\.rejects\.csv/);
  assert.deepEqual(s.batches(), []);
});

test('several files are one batch, all of it or none', (t) => {
  const s = scene(t);
  shapefile(s, 'p', [row('1')]);
  shapefile(s, 'q', [row('1', 39521000)]);
  writeFileSync(s.path('bad.csv'), '地块编号,怪列,wkt\n1,2,"POINT(0 0)"\n');
  const failed = s.load('parcel', 'p.shp', 'q.shp', 'bad.csv');
  assert.deepEqual([failed.code, failed.json.loaded, failed.json.batch], [1, 0, null]);
  assert.deepEqual(s.batches(), []);
  const done = s.load('parcel', 'p.shp', 'q.shp', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(done.json.loaded, 2, 'both files call a parcel 1; without a project their names keep them apart');
  assert.equal(s.rows('parcel').length, 2);
  assert.equal(s.batches().length, 1);
});

test('two projects that both call a parcel DK001 keep both; another parcel of the same key needs --replace, and never elsewhere', (t) => {
  const s = scene(t);
  shapefile(s, 'p', [row('DK001', 39520000, { XMBH: 'A' })]);
  shapefile(s, 'q', [row('DK001', 39521000, { XMBH: 'B' })]);
  assert.equal(s.load('parcel', 'p.shp', '--publish').code, 0);
  assert.equal(s.load('parcel', 'q.shp', '--publish').code, 0);
  assert.equal(s.rows('parcel').length, 2);
  shapefile(s, 'r', [row('DK001', 39520050, { XMBH: 'A' })]);
  const met = s.load('parcel', 'r.shp');
  assert.equal(met.code, 1);
  assert.match(met.stderr, /no row could be loaded; the first: r\.shp, row 1: .*--replace/);
  const replaced = s.load('parcel', 'r.shp', '--replace', '--publish');
  assert.equal(replaced.code, 0, replaced.stderr);
  assert.equal(replaced.json.replaced, 1);
  shapefile(s, 'e', [row('DK001', 39530000, { XMBH: 'A' })]);
  assert.equal(s.load('parcel', 'e.shp', '--replace').code, 1);
  assert.equal(s.rows('parcel').length, 2);
});

test('a ledger row whose parcel does not exist loads, is counted and named', (t) => {
  const s = scene(t);
  shapefile(s, 'p', [row('DK1')]);
  s.load('parcel', 'p.shp', '--publish');
  s.write('b.csv', '补偿编号,地块编号\n1,DK1\n2,DK404\n');
  const done = s.load('compensation', 'b.csv');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual([done.json.loaded, done.json.unlinked], [2, 1]);
  assert.ok(done.json.notes.some((note) => /^b\.csv, row 3: /.test(note)), JSON.stringify(done.json.notes));
});

test('a declared area that is another is counted', (t) => {
  const s = scene(t);
  shapefile(s, 'p', [row('1', 39520000, { DKMJ: '1.0000' }), row('2', 39520200, { DKMJ: '5.0000' })]);
  const done = s.load('parcel', 'p.shp');
  assert.equal(done.json.area_differs, 1);
});

test('a dry run checks everything and keeps nothing', (t) => {
  const s = scene(t);
  shapefile(s, 'p', [row('1'), row('1', 39520400)]);
  const done = s.load('parcel', 'p.shp', '--dry-run');
  assert.deepEqual([done.json.loaded, done.json.rejected, done.json.batch, done.json.dry_run], [1, 1, null, true]);
  assert.deepEqual(s.batches(), []);
});

test('a file that is written to while it is read is not loaded: its rows would not be those of its SHA-256', async (t) => {
  const s = scene(t);
  const ledger = (total) => '补偿编号,地块编号,补偿总额\n' + Array.from({ length: 5000 }, (_, i) => `B${i},D${i},${i % 2 ? '一'.repeat(60) : total}\n`).join('');
  s.write('b.csv', ledger(1));
  execFileSync('mkfifo', [s.path('rejects')]); // the load waits in it, for more is rejected than a pipe holds
  const load = spawn(program, ['load', s.store, 'compensation', 'b.csv', '--rejects', 'rejects', '--allow-rejects', '--publish'], { cwd: s.dir, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  load.stderr.on('data', (text) => { said += text; });
  const rejects = createReadStream(s.path('rejects'));
  await once(rejects, 'data');
  rejects.pause();
  s.write('b.csv', ledger(2));
  rejects.resume();
  const [code] = await once(load, 'exit');
  assert.equal(code, 1);
  assert.match(said, /^dikuai-ingest: b\.csv: was changed while it was read; load it again when nobody writes to it\n/);
  assert.deepEqual(s.batches(), []);
  assert.equal(s.load('compensation', 'b.csv', '--allow-rejects').json.loaded, 2500);
});

test('a file that may not grow any more is said, and keeps nothing of the load', (t) => {
  const s = scene(t);
  s.write('b.csv', '补偿编号,地块编号\n' + Array.from({ length: 20000 }, (_, i) => `B${i},${'D'.repeat(60)}${i}\n`).join(''));
  const limited = spawnSync('bash', ['-c', 'ulimit -f 3000; exec "$0" "$@"', program, 'load', s.store, 'compensation', 'b.csv', '--publish'], { cwd: s.dir, encoding: 'utf8' });
  assert.equal(limited.status, 1, limited.signal);
  assert.match(limited.stderr, /^dikuai-ingest: \S+store\.gpkg: its files may not grow any more here \(while [^)]*\), by a limit of this user \(ulimit -f\) or of the disk's format; [^\n]*\n$/);
  assert.deepEqual(s.batches(), []);
  assert.equal(s.run('check', s.store).code, 0);
});

test('what is said in GBK, as some terminals do, is kept as text', (t) => {
  const s = scene(t);
  s.write('a.csv', `编号,wkt\n1,"${wkt(square(39520000, 3521000))}"\n`);
  const said = (...words) => spawnSync('bash', ['-c', `exec "$0" ${words.join(' ')}`, program], { cwd: s.dir, encoding: 'utf8' });
  const done = said('load', s.store, 'parcel', 'a.csv', '--crs=EPSG:4527', "--field id=$'\\xb1\\xe0\\xba\\xc5'", "--set name=$'\\xb5\\xd8\\xbf\\xe9'", "--actor $'\\xd5\\xc5\\xc8\\xfd'", '--publish');
  assert.equal(done.status, 0, done.stderr);
  assert.equal(s.rows('parcel')[0].properties.name, '地块');
  assert.equal(said('withdraw', s.store, '1', "--reason $'\\xd7\\xf8\\xb1\\xea\\xd3\\xd0\\xce\\xf3'").status, 0);
  assert.deepEqual(JSON.parse(s.run('generations', s.store, '--json').stdout).generations.map((g) => g.reason ?? g.actor), [null, '张三', '坐标有误']);
});

test('wrong usage exits with 2 and a sentence, help and version with 0', (t) => {
  const s = scene(t);
  const wrong = [[], ['frob'], ['load', s.store], ['load', s.store, 'parcel'], ['create', s.store], ['publish', s.store],
    ['publish', s.store, 'x'], ['publish', s.store, '0'], ['load', s.store, 'parcel', 'a', '--crs', 'x'], ['load', s.store, 'parcel', 'a', '--axes', 'zz'],
    ['load', s.store, 'parcel', 'a', '--field', 'x'], ['load', s.store, 'parcel', 'a', '--nothing'], ['batches', s.store, '--publish'],
    ['load', s.store, 'parcel', 'a', '--crs'], ['load', s.store, 'parcel', 'a', '--encoding', 'EBCDIC'],
    ['load', s.store, 'parcel', 'a', '--replace=yes'], ['load', s.store, 'parcel', 'a', '--dry-run', '--publish']];
  for (const args of wrong) {
    const done = s.run(...args);
    assert.equal(done.code, 2, args.join(' ') + done.stderr);
    assert.match(done.stderr, /^dikuai-ingest: .+\n$/);
  }
  for (const args of [['--help'], ['load', '--help'], ['publish', '-h'], ['--version'], ['help']]) assert.equal(s.run(...args).code, 0);
});

test('work that fails exits with 1 and a sentence', (t) => {
  const s = scene(t);
  const cases = [[['load', s.store, 'parcels', 'a.shp'], /parcels: .*it has: parcel, approval, compensation/],
    [['load', s.path('none.gpkg'), 'parcel', 'a.shp'], /none\.gpkg/], [['publish', s.store, '99'], /99/],
    [['create', s.store, '--catalogue', s.path('catalogue.yaml')], /store\.gpkg/],
    [['create', s.path('x.gpkg'), '--catalogue', s.path('none.yaml')], /none\.yaml/]];
  for (const [args, sentence] of cases) {
    const done = s.run(...args);
    assert.equal(done.code, 1, args.join(' '));
    assert.match(done.stderr, sentence);
  }
  assert.ok(!s.exists('x.gpkg'));
  const full = openSync('/dev/full', 'w');
  for (const args of [['batches', s.store], ['catalogue', s.store], ['check', s.store, '--json']]) {
    const done = spawnSync(program, args, { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
    assert.deepEqual([done.status, done.stderr], [1, 'dikuai-ingest: the output cannot be written\n'], args[0]);
  }
  closeSync(full);
});

function large(s, n) {
  s.write('big.csv', '地块编号,wkt\n');
  for (let i = 0; i < n; i += 1000)
    appendFileSync(s.path('big.csv'), Array.from({ length: 1000 }, (_, k) =>
      `DK${i + k},"${wkt(square(39500000 + ((i + k) % 400) * 20, 3500000 + Math.floor((i + k) / 400) * 20, 15))}"\n`).join(''));
}

const sizeOf = (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'])
  test(`${signal} in the middle of a load leaves nothing, and the load can be repeated`, async (t) => {
    const s = scene(t);
    shapefile(s, 'p', [row('1')]);
    s.load('parcel', 'p.shp', '--publish');
    large(s, 40000);
    const child = spawn(program, ['load', s.store, 'parcel', 'big.csv', '--crs', 'EPSG:4527'], { cwd: s.dir });
    let said = '';
    child.stderr.on('data', (text) => { said += text; });
    const ended = once(child, 'exit');
    // Rows are being written: some of them have left the memory for the write-ahead log, and there is no commit yet.
    for (const limit = Date.now() + 60000; child.exitCode === null && Date.now() < limit && sizeOf(`${s.store}-wal`) < 1 << 20;) await sleep(10);
    child.kill(signal);
    const [code, by] = await ended;
    if (signal === 'SIGKILL') {
      assert.equal(by, 'SIGKILL');
    } else {
      assert.equal(code, 1);
      assert.match(said, /interrupted: nothing was kept/);
    }
    assert.equal(s.run('check', s.store).code, 0);
    assert.equal(s.rows('parcel').length, 1);
    const again = s.load('parcel', 'big.csv', '--crs', 'EPSG:4527');
    assert.equal(again.code, 0, again.stderr);
    assert.equal(again.json.loaded, 40000);
    assert.deepEqual(s.batches().map((b) => b.state), ['published', 'staged']);
  });

test('rows that an earlier load staged are not taken for published', (t) => {
  const s = scene(t);
  s.write('a.csv', '批准文号,批准时间\n皖政地[2020]12号,2020-06-15\n');
  const staged = s.load('approval', 'a.csv');
  const again = s.load('approval', 'a.csv', '--publish');
  assert.equal(again.code, 1);
  assert.deepEqual([again.json.unchanged, again.json.unchanged_staged], [1, 1]);
  assert.match(again.stderr, new RegExp(`batch ${staged.json.batch}, which an earlier load staged; publish it with`));
  assert.equal(s.run('publish', s.store, String(staged.json.batch)).code, 0);
  assert.equal(s.load('approval', 'a.csv', '--publish').code, 0);
});

test('a batch that waited does not undo what was loaded after it and is published', (t) => {
  const s = scene(t), day = (date) => s.write(`${date}.csv`, `批准文号,批准时间\n皖政地[2020]12号,${date}\n`);
  const load = (date, ...more) => s.load('approval', day(date), '--replace', ...more);
  const dates = () => s.rows('approval').map((r) => r.properties.approved_on);
  load('2020-06-15', '--publish');
  const first = load('2020-06-16'), second = load('2020-06-17');
  // In their order both may be published; the second alone, too.
  assert.equal(s.run('publish', s.store, String(second.json.batch)).code, 0);
  assert.deepEqual(dates(), ['2020-06-17']);
  const late = s.run('publish', s.store, String(first.json.batch));
  assert.equal(late.code, 1);
  assert.match(late.stderr, /皖政地〔2020〕12号 was published by another batch after batch 2 was loaded; withdraw this batch and load it again/);
  assert.deepEqual(dates(), ['2020-06-17']);
  assert.equal(s.run('withdraw', s.store, String(first.json.batch), '--reason', '旧').code, 0);
  assert.equal(load('2020-06-16', '--publish').code, 0);
  assert.deepEqual(dates(), ['2020-06-16']);
  // When the later one is withdrawn, nothing stands in the way of the one before.
  const third = load('2020-06-18'), fourth = load('2020-06-19', '--publish');
  assert.equal(s.run('withdraw', s.store, String(fourth.json.batch), '--reason', '误').code, 0);
  assert.equal(s.run('publish', s.store, String(third.json.batch)).code, 0);
  assert.deepEqual(dates(), ['2020-06-18']);
  assert.equal(s.run('check', s.store).code, 0);
});

const sql = (s, text) => execFileSync('sqlite3', ['-cmd', '.timeout 5000', s.store, text], { encoding: 'utf8' }).trim();
// A store that has no room left when a batch is to be published, and one that has again.
const full = (s) => sql(s, "CREATE TRIGGER no_room BEFORE INSERT ON dikuai_generation BEGIN SELECT RAISE(FAIL,'no room'); END");
const room = (s) => sql(s, 'DROP TRIGGER no_room');

test('a load that was killed while it published is taken up by the same command', async (t) => {
  const s = scene(t);
  large(s, 20000);
  const args = ['parcel', 'big.csv', '--crs', 'EPSG:4527', '--publish'];
  const child = spawn(program, ['load', s.store, ...args], { cwd: s.dir, stdio: 'ignore' });
  const ended = once(child, 'exit');
  for (const limit = Date.now() + 60000; child.exitCode === null && Date.now() < limit && sql(s, 'SELECT state FROM dikuai_batch') !== 'staged';) await sleep(5);
  child.kill('SIGKILL');
  assert.equal((await ended)[1], 'SIGKILL');
  assert.deepEqual(s.batches().map((b) => b.state), ['staged']);
  const again = s.load(...args);
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual([again.json.loaded, again.json.unchanged, again.json.unchanged_staged, again.json.batch], [0, 20000, 0, 1]);
  assert.match(again.json.notes.join('\n'), /batch 1 is of the same files and was to be published when its load was interrupted/);
  assert.equal(s.rows('parcel').length, 20000);
  assert.equal(s.run('check', s.store).code, 0);
  const third = s.load(...args);
  assert.deepEqual([third.code, third.json.unchanged, third.json.batch, third.json.notes], [0, 20000, null, []]);
});

test('only the same load is taken up: of the same files, by the same person, with --publish', (t) => {
  const s = scene(t);
  const a = '批准文号,批准时间\n皖政地[2020]12号,2020-06-15\n皖政地[2020]13号,\n';
  s.write('a.csv', a);
  full(s);
  const first = s.load('approval', 'a.csv', '--publish', '--actor', '张三');
  assert.deepEqual([first.code, first.json.batch, first.json.generation], [1, 1, null]);
  room(s);
  s.write('b.csv', a + '\n'); // the same rows in another file
  for (const other of [['a.csv'], ['a.csv', '--actor', '张三'], ['a.csv', '--publish', '--actor', '李四'], ['b.csv', '--publish', '--actor', '张三']]) {
    const done = s.load('approval', ...other);
    assert.deepEqual([done.json.unchanged_staged, done.json.batch, done.json.generation], [2, null, null], other.join(' '));
    assert.equal(done.code, other.includes('--publish') ? 1 : 0);
  }
  // A time that was set for it stays.
  assert.equal(s.run('publish', s.store, '1', '--at', '2999-01-01T00:00:00Z').code, 0);
  assert.match(s.load('approval', 'a.csv', '--publish', '--actor', '张三').stderr, /batch 1, which an earlier load staged/);
  assert.equal(s.run('publish', s.store, '1', '--at', 'never').code, 0);
  assert.deepEqual(s.batches().map((b) => b.state), ['staged']);
  const again = s.load('approval', 'a.csv', '--publish', '--actor', '张三');
  assert.deepEqual([again.code, again.json.batch, again.json.generation], [0, 1, 1], again.stderr);
  assert.equal(s.rows('approval').length, 2);
});

test('what waits for a review waits, whoever loads it again', (t) => {
  const s = scene(t, catalogue + 'publication: {review: required, two_persons: names}\n');
  s.write('a.csv', '批准文号,批准时间\n皖政地[2020]12号,2020-06-15\n');
  const load = () => s.load('approval', 'a.csv', '--publish', '--actor', '张三');
  assert.match(load().stderr, /batch 1 is not reviewed/);
  assert.match(load().stderr, /batch 1 is not reviewed/);
  assert.deepEqual(s.batches().map((b) => b.state), ['staged']);
  assert.equal(s.run('review', s.store, '1', '--approve', '--actor', '李四').code, 0);
  const again = load();
  assert.deepEqual([again.code, again.json.generation], [0, 1], again.stderr);
});

test('of a load with rejects only what was allowed is taken up', (t) => {
  const s = scene(t);
  s.write('a.csv', '批准文号,批准时间\n皖政地[2020]12号,2020-06-15\n皖政地[2020]13号,某日\n');
  full(s);
  assert.equal(s.load('approval', 'a.csv', '--publish', '--allow-rejects').code, 1);
  room(s);
  const strict = s.load('approval', 'a.csv', '--publish');
  assert.deepEqual([strict.code, strict.json.generation], [1, null]);
  assert.match(strict.stderr, /1 of 2 rows were rejected, so the batch was not published/);
  assert.ok(!strict.json.notes.some((note) => /taken up/.test(note)), strict.json.notes.join());
  const again = s.load('approval', 'a.csv', '--publish', '--allow-rejects');
  assert.deepEqual([again.code, again.json.rejected, again.json.generation], [0, 1, 1], again.stderr);
});

test('a key that comes again after an unchanged row is a duplicate too', (t) => {
  const s = scene(t);
  s.write('a.csv', '批准文号,批准时间\n皖政地[2020]12号,2020-06-15\n');
  assert.equal(s.load('approval', 'a.csv', '--publish').code, 0);
  s.write('b.csv', '批准文号,批准时间\n皖政地[2020]12号,2020-06-15\n皖政地[2020]12号,2020-06-16\n');
  const done = s.load('approval', 'b.csv', '--replace', '--publish');
  assert.deepEqual([done.code, done.json.unchanged, done.json.replaced, done.json.rejected], [1, 1, 0, 1]);
  assert.match(s.read('b.csv.rejects.csv'), /came before in the same load, unchanged, in row 2; each key may come once/);
  // Of several files, it says in which.
  s.write('c.csv', '批准文号,批准时间\n\n皖政地[2020]12号,2020-06-15\n');
  s.write('d.csv', '批准文号,批准时间\n皖政地[2020]13号,\n皖政地[2020]12号,2020-06-15\n');
  s.load('approval', 'c.csv', 'd.csv', '--rejects', 'r.csv');
  assert.match(s.read('r.csv'), /came before in the same load, unchanged, in row 3 of c\.csv; each key may come once/);
  assert.equal(s.rows('approval')[0].properties.approved_on, '2020-06-15');
});

test('a row of sums and a key of two numbers are no approvals', (t) => {
  const s = scene(t);
  s.write('a.csv', '批准文号,批准时间\n皖政地[2020]12号,2020-06-15\n皖政地[2020]13号、皖政地[2020]14号,2020-06-15\n合 计,\n');
  const done = s.load('approval', 'a.csv', '--publish', '--allow-rejects');
  assert.deepEqual([done.json.loaded, done.json.rejected, done.json.left_out], [1, 1, 1]);
  assert.match(s.read('a.csv.rejects.csv'), /more than one number/);
});

test('neither rejects nor a profile are written over the store and the files beside it', (t) => {
  const s = scene(t);
  s.write('a.csv', '批准文号,批准时间\n皖政地〔2020〕1号,\n合计,\n');
  for (const ending of ['', '-wal', '-shm', '-journal', '-lock', '.access', '.log-key'])
    for (const option of ['--rejects', '--save-profile']) {
      const done = s.load('approval', 'a.csv', option, `${s.store}${ending}`);
      assert.equal(done.code, 1);
      assert.match(done.stderr, /would be written over this file; choose another/);
    }
  assert.match(s.load('approval', 'a.csv', '--save-profile', 'r.json', '--report', 'r.json').stderr, /r\.json: the profile would be written over/);
  // A profile that is used was written by hand, and may be about other files, too.
  s.write('p.yaml', 'files: [{match: "*.csv", encoding: UTF-8}]\n');
  for (const option of ['--rejects', '--save-profile', '--report'])
    assert.match(s.load('approval', 'a.csv', '--profile', 'p.yaml', option, 'p.yaml').stderr, option === '--report' ? /p\.yaml/ : /p\.yaml: the \w+ would be written over this file; choose another/);
  assert.equal(s.read('p.yaml'), 'files: [{match: "*.csv", encoding: UTF-8}]\n');
  assert.equal(s.run('check', s.store).code, 0);
});
