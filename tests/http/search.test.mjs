// Search on the sample county: every parcel by each of its clues, the order of what is found, who finds what, and nothing
// that is typed does harm. What there is to find is read from the county's own files; initials are ICU's.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { layer, table } from '../browser/ledger.mjs';
import { dangshan, makeCounty } from '../sample_county.mjs';
import { folder, get, ingest, serve } from './county.mjs';

const COUNTY = 'county-token-of-all', TOWN = 'town-token-of-zhouzhai';
const dir = folder(), store = join(dir, 'county.dk');
makeCounty(store);
writeFileSync(join(dir, 'tokens'), `${COUNTY} 341321 a\n${TOWN} 341321105 b\n`, { mode: 0o600 });
const server = await serve(store);
const agent = new Agent({ keepAlive: true, maxSockets: 2 });
after(() => {
  agent.destroy();
  return server.stop();
});

async function search(q, { limit = 20, token, more = '' } = {}) {
  const answer = await get(`${server.url}/search?q=${encodeURIComponent(q)}&limit=${limit}${more}`, { token, agent });
  assert.equal(answer.status, 200, `${q}: ${answer.text}`);
  return answer.json;
}
const keys = (answer, kind) => answer.results.filter((hit) => hit.kind === kind && !hit.division).map((hit) => hit.key);

const numbers = (text) => [...text.matchAll(/([\p{Script=Han}]+)[\[(（［〔](\d+)[\])）］〕](\d+)号/gu)].map(([, agency, year, serial]) => ({ agency, year, serial }));
const half = (text) => text.normalize('NFKC');
const parcels = layer(join(dangshan, 'parcels.shp'), 'CP936').map(({ properties: p }) => ({ id: p.DKBH, name: p.DKMC, division: p.XZQDM,
  village: p['所属村'], project: p.XMBH, projectName: p['土地征收名'], numbers: numbers(half(p['土地征收文'] ?? '')), key: `${p.XMBH}:${p.DKBH}` }));
const projects = table(join(dangshan, 'projects.csv'));
const approvals = table(join(dangshan, 'approvals.xlsx')).flatMap((row) => numbers(half(row['批准文号'])));
const payments = table(join(dangshan, 'compensation.csv'));
const distinct = (list) => [...new Set(list)];

/** Runs them two at a time. */
async function all(list, check) {
  const rest = list.values();
  await Promise.all([0, 1].map(async () => {
    for (const each of rest) await check(each);
  }));
}

test('every parcel by its key, first; and some by their number with a part of the village', async () => {
  assert.equal(parcels.length, 1200);
  await all(parcels, async (parcel) => {
    const [first] = (await search(parcel.key, { limit: 1 })).results;
    assert.deepEqual([first.kind, first.key, first.match], ['parcel', parcel.key, 'key'], parcel.key);
    assert.equal(first.bbox.length, 4);
  });
  await all(parcels.filter((_, i) => i % 16 === 0), async (parcel) => {
    const at = parcel.id.length % (parcel.village.length - 1), part = parcel.village.slice(at, at + 2);
    const answer = await search(`${part} ${parcel.id}`, { limit: 100 });
    assert.ok(keys(answer, 'parcel').includes(parcel.key), `${part} ${parcel.id}`);
  });
});

test('every two characters in a row of every village find what has them, and nothing else', async () => {
  const parts = distinct(parcels.flatMap(({ village }) => Array.from({ length: village.length - 1 }, (_, i) => village.slice(i, i + 2))));
  assert.ok(parts.length > 50);
  await all(parts, async (part) => {
    const answer = await search(part, { more: '&per_kind=5' });
    const of = new Map(parcels.map((parcel) => [parcel.key, parcel]));
    const there = keys(answer, 'parcel');
    assert.ok(there.length > 0, part);
    for (const hit of answer.results) {
      const parcel = of.get(hit.key);
      if (hit.kind === 'parcel' && hit.match !== 'division') assert.ok([parcel.village, parcel.name, parcel.projectName].some((text) => text.includes(part)), `${part}: ${hit.key}`);
      if (hit.division) assert.ok(hit.label.includes(part));
    }
  });
  await all(distinct(parts.map((part) => part[0])), async (character) => {
    assert.ok((await search(character)).results.some((hit) => `${hit.label}${hit.detail}`.includes(character)), character);
  });
});

test('an approval in any brackets, and the parcels that name it', async () => {
  await all(approvals.map((approval, at) => ({ ...approval, at })), async ({ agency, year, serial, at }) => {
    const key = `${agency}〔${year}〕${serial}号`;
    const named = parcels.filter((parcel) => parcel.numbers.some((n) => n.agency === agency && n.year === year && n.serial === serial));
    const styles = [key, `${agency}(${year})${serial}号`, `${agency}（${year}）${serial}号`, `${agency}[${year}]${serial}`, `${agency}【${year}】${serial}号`,
      `${agency} ${year} ${serial}`];
    for (const q of [styles[at % 6], styles[(at + 3) % 6]]) {
      const answer = await search(q, { limit: 60, more: '&per_kind=50' });
      assert.deepEqual([answer.results[0].kind, answer.results[0].key, answer.results[0].match], ['approval', key, 'key'], q);
      if (named.length > 0 && named.length <= 50) {
        const there = new Set(keys(answer, 'parcel'));
        for (const parcel of named) assert.ok(there.has(parcel.key), `${q}: ${parcel.key}`);
        // It lies where its parcels lie.
        const boxes = answer.results.filter((hit) => hit.kind === 'parcel' && named.some(({ key: k }) => k === hit.key)).map((hit) => hit.bbox);
        assert.deepEqual(answer.results[0].bbox, [0, 1, 2, 3].map((i) => (i < 2 ? Math.min : Math.max)(...boxes.map((box) => box[i]))), q);
      }
    }
    const q = [`${year}-${serial}号`, `〔${year}〕${serial}`, `${year} ${serial}`][at % 3];
    const { results } = await search(q, { more: '&per_kind=5' });
    assert.ok(results.some((hit) => hit.kind === 'approval' && hit.key === key), q);
  });
});

test('a project by number and name, and its parcels by it', async () => {
  await all(projects, async (project) => {
    const by = await search(project['项目编号'], { limit: 100, more: '&per_kind=90' });
    assert.deepEqual([by.results[0].kind, by.results[0].key, by.results[0].match], ['project', project['项目编号'], 'key']);
    const own = parcels.filter((parcel) => parcel.project === project['项目编号']).map((parcel) => parcel.key).sort();
    assert.deepEqual(keys(by, 'parcel').sort(), own);
    const named = await search(project['项目名称'], { more: '&per_kind=3' });
    assert.ok(named.results.some((hit) => hit.kind === 'project' && hit.key === project['项目编号'] && hit.match === 'value'), project['项目名称']);
  });
});

// The first letter of a character's reading, by where ICU puts the character in the order of pinyin.
const pinyin = new Intl.Collator('zh-Hans-CN-u-co-pinyin');
const firsts = [...'阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥仨它穵夕丫帀'], letters = 'abcdefghjklmnopqrstwxyz';
const initials = (text) => [...text].map((c) => letters[firsts.findLastIndex((first) => pinyin.compare(c, first) >= 0)]).join('');

test('villages and divisions by their initials', async () => {
  assert.equal(initials('周寨镇'), 'zzz');
  await all(distinct(parcels.map((parcel) => parcel.village)), async (village) => {
    const parcel = parcels.find((each) => each.village === village);
    const { results } = await search(`${initials(village)} ${parcel.id} ${parcel.project}`, { limit: 100 });
    assert.ok(results.some((hit) => hit.kind === 'parcel' && hit.key === parcel.key), `${village} by ${initials(village)}`);
  });
  for (const [q, code] of [['lzz', '341321102'], ['lizhuangzhen', '341321102'], ['zhouzhai', '341321105'], ['dangshan', '341321'], ['周寨镇', '341321105'], ['341321105', '341321105']]) {
    const { results } = await search(q, { limit: 60 });
    const division = results.find((hit) => hit.division);
    assert.equal(division?.key, code, q);
    const inside = results.filter((hit) => hit.match === 'division');
    for (const hit of inside.filter((each) => each.kind === 'parcel')) assert.ok(parcels.find((parcel) => parcel.key === hit.key).division.startsWith(code), q);
    assert.ok(inside.length > 0, q);
    if (code !== '341321') continue;
    assert.ok(division.bbox[0] < division.bbox[2]);
  }
});

const ORDER = ['key', 'value', 'number', 'prefix', 'words', 'pinyin', 'division'];
test('what fits better comes first; each row once', async () => {
  for (const q of ['薛楼', '示例', 'XM2022', '村', '2022', 'DK001', 'lz', '皖政地', '工业园', '3413']) {
    const { results } = await search(q, { limit: 100 });
    const places = results.map((hit) => ORDER.indexOf(hit.match));
    assert.deepEqual(places, [...places].sort((a, b) => a - b), q);
    assert.equal(new Set(results.map((hit) => `${hit.kind} ${hit.key}`)).size, results.length, q);
  }
  const few = await search('2022', { limit: 100, more: '&per_kind=2' });
  for (const kind of distinct(few.results.map((hit) => hit.kind))) assert.ok(few.results.filter((hit) => hit.kind === kind).length <= 2);
  for (const bad of ['0', '101', 'x', '', '-1', '1e1']) {
    assert.equal((await get(`${server.url}/search?q=a&per_kind=${bad}`)).status, 400, bad);
  }
});

test('staff find householders, groups, contracts and parts of an id number in their division; the public none of it', async () => {
  const parcelsOf = new Map(parcels.map((parcel) => [parcel.key, parcel]));
  const numberOf = (row) => numbers(half(row['批准文号']))[0];
  const divisionOf = (row) => parcels.find((parcel) => parcel.id === row['地块编号'] && parcel.numbers.some((n) => {
    const own = numberOf(row);
    return n.agency === own.agency && n.year === own.year && n.serial === own.serial;
  }))?.division;
  assert.ok(parcelsOf.size === 1200);
  const inTown = payments.find((row) => divisionOf(row)?.startsWith('341321105') && /^示例[一二三四五六七八九十]{3}$/.test(row['被征地农户']));
  const elsewhere = payments.find((row) => divisionOf(row) && !divisionOf(row).startsWith('341321105') && /^示例[一二三四五六七八九十]{3}$/.test(row['被征地农户']));
  const key = (row) => {
    const { agency, year, serial } = numberOf(row);
    return `${agency}〔${year}〕${serial}号:${row['补偿编号']}`;
  };
  for (const [row, town] of [[inTown, true], [elsewhere, false]]) {
    const name = row['被征地农户'], number = row['身份证号'];
    for (const q of [name, row['承包合同号'], number, `${number.slice(-4)} ${name}`, `${number.slice(6, 14)} ${name}`, `${row['村民小组']} ${number.slice(-6)}`]) {
      const found = async (token) => keys(await search(q, { limit: 100, token }), 'compensation').includes(key(row));
      assert.deepEqual([await found(COUNTY), await found(TOWN), await found()], [true, town, false], q);
    }
    const answer = await search(row['承包合同号'], { token: COUNTY });
    assert.equal(answer.results[0].bbox.length, 4, 'the map can go to the parcel');
  }
  for (const row of payments.filter((_, i) => i % 500 === 0)) {
    for (const token of [undefined, COUNTY]) assert.deepEqual((await search(row['银行账号'], { token })).results, [], 'an account is found by nobody');
    for (const secret of [row['被征地农户'], row['身份证号'], row['承包合同号']]) {
      const { results } = await search(secret);
      for (const hit of results) assert.notEqual(hit.kind, 'compensation', secret);
    }
  }
});

test('nothing that is typed is more than a text', async () => {
  const typed = ["' OR 1=1 --", '"', '""', '" OR "', 'a" OR "b', 'NEAR(a b)', 'a AND b', 'NOT 村', 'text:村', '村*', '^村', '{a b}:c', '-村', '+村', '(', ')', '%', '_', '\\', ';', '--', '/*',
    "x'); DROP TABLE row_parcel; --", '\u{1F600}', '\u200b', '村\u200b', '𠀀', 'é'.repeat(66), '村'.repeat(66), '村 '.repeat(50), 'a '.repeat(100), '"'.repeat(200), '〔', '〔〕', '〔2020', '(((2020)))',
    '2020-', '-2020', "'''", 'zh\'', 'ﷺ'.repeat(60), '*'.repeat(200), 'AND', 'OR', 'NOT', 'NEAR', '\u202e村', '０', '１２', '\ufeff'];
  for (const q of typed) {
    const { results } = await search(q);
    for (const hit of results) assert.ok(hit.kind && hit.key, q);
  }
  for (const q of ["' OR 1=1 --", '"', '" OR "', '村*', 'NOT 村', '%', '_']) assert.deepEqual((await search(q)).results, [], q);
  for (const [path, status] of [['q=%00', 400], ['q=a%00b', 400], ['q=%ff', 400], [`q=${'a'.repeat(201)}`, 400], ['q=', 400], ['q=%20', 400], ['q=%e3%80%80', 200], ['q=a&limit=0', 400], ['q=a&x=1', 400],
    [`q=${'a'.repeat(9000)}`, 414]]) {
    assert.equal((await get(`${server.url}/search?${path}`)).status, status, path.slice(0, 40));
  }
});

test('what a load has taken back stands before nothing that is there: a file that is left out, a load that failed', async () => {
  const ledger = (name, n, what, tail = '') => writeFileSync(join(dir, name), '项目编号,项目名称,适用程序\n'
    + Array.from({ length: n }, (_, i) => `${name[0]}Q${i},${what(i)},2020年前\n`).join('') + tail);
  mkdirSync(join(dir, '台账'));
  ledger('台账/甲.csv', 6000, (i) => `龘龗${i}`, 'X,"no end');
  ledger('台账/乙.csv', 30, (i) => `龘龗水库第${i}期工程`);
  ledger('丙.csv', 25000, (i) => `龘龗${i}号`, 'X,"no end'); // more than one transaction
  const load = (...args) => spawnSync(ingest, ['load', store, 'project', ...args], { encoding: 'utf8' });
  const done = load(join(dir, '台账'), '--publish', '--allow-rejects');
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stdout, /30 loaded.* 1 of 2 files could not be read/);
  const found = async () => {
    const answer = await search('龘龗', { limit: 100, more: '&per_kind=100' });
    return [answer.complete, keys(answer, 'project').length];
  };
  assert.deepEqual(await found(), [true, 30]);
  assert.equal(load(join(dir, '丙.csv')).status, 1);
  assert.deepEqual(await found(), [true, 30]);
  // What search knows is what there is to know, and can be made anew.
  assert.equal((await search('龘龗3', { limit: 1 })).results.length, 0);
  const checked = spawnSync(ingest, ['check', store], { encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stdout);
});
