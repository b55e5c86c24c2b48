// Lists that staff print: who was to be paid what, village by village, and what is still open. Compared with the county's own
// ledgers; to others there is nothing at these addresses.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layer, sumOfYuan, table } from '../browser/ledger.mjs';
import { dangshan, makeCounty } from '../sample_county.mjs';
import { folder, get, run, serve } from './county.mjs';

const COUNTY = 'county-token-of-all', TOWN = 'town-token-of-zhouzhai';
const dir = folder(), store = join(dir, 'county.dk');
makeCounty(store);
writeFileSync(join(dir, 'tokens'), `${COUNTY} 341321 a\n${TOWN} 341321105 b\n`, { mode: 0o600 });
const server = await serve(store);
after(() => server.stop());
const at = (path, token, headers) => get(server.url + path, { token, headers });
const list = async (query, token = COUNTY) => {
  const answer = await at(`/lists/compensation?${new URLSearchParams({ f: 'json', ...query })}`, token);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
};

const plain = (text) => text.normalize('NFKC').replace(/[[(〔]/g, '〔').replace(/[\])〕]/g, '〕');
const parcels = layer(join(dangshan, 'parcels.shp'), 'CP936').map(({ properties: p }) => ({ id: p.DKBH, village: p['所属村'], division: p.XZQDM, project: p.XMBH,
  key: `${p.XMBH}:${p.DKBH}`, numbers: plain(p['土地征收文'] ?? '').split('、').filter(Boolean) }));
/** The ledger's rows of a parcel: those that name it and its approval. */
const payments = table(join(dangshan, 'compensation.csv')).map((row) => ({ ...row, numbers: plain(row['批准文号']).split('、') }));
const byParcel = new Map();
for (const row of payments) byParcel.set(row['地块编号'], [...byParcel.get(row['地块编号']) ?? [], row]);
const paymentsOf = (parcel) => (byParcel.get(parcel.id) ?? []).filter((row) => row.numbers.some((number) => parcel.numbers.includes(number)));

function check(answer, wanted) {
  const column = (name) => answer.columns.findIndex((each) => each.title === name);
  assert.deepEqual(answer.groups.map((group) => group.value), [...new Set(wanted.map((parcel) => parcel.village))].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  for (const group of answer.groups) {
    const there = wanted.filter((parcel) => parcel.village === group.value);
    const rows = there.flatMap((parcel) => paymentsOf(parcel).map((row) => ({ parcel, row })));
    assert.deepEqual([...new Set(group.list.map((line) => line.parcel))], there.map((parcel) => parcel.key).sort(), 'in the order of keys, each parcel');
    assert.equal(group.rows, there.length);
    const paid = group.list.filter((line) => line.compensation);
    assert.deepEqual(paid.map((line) => line.values[column('被征地农户')]).sort(), rows.map(({ row }) => row['被征地农户']).sort());
    assert.equal(group.sums[column('补偿总额')] ?? 0, sumOfYuan(rows.map(({ row }) => row['补偿总额'])));
    assert.equal(group.sums[column('社会保障费')] ?? 0, sumOfYuan(rows.map(({ row }) => row['社会保障费'])));
    const open = rows.filter(({ row }) => !row['支付日期']).length + there.filter((parcel) => !paymentsOf(parcel).length).length;
    assert.equal(group.open, open, group.value);
    assert.equal(group.list.filter((line) => line.open).length, open);
    for (const line of group.list) assert.equal(line.open, !line.values[column('支付日期')]);
  }
  assert.equal(answer.rows, wanted.length);
}

test('a village, a town and the county, line by line as the ledgers have them', async () => {
  const [{ village }] = parcels;
  check(await list({ village }), parcels.filter((parcel) => parcel.village === village));
  check(await list({ division: '341321105' }), parcels.filter((parcel) => parcel.division.startsWith('341321105')));
  check(await list({ village, division: '341321105' }), parcels.filter((parcel) => parcel.village === village && parcel.division.startsWith('341321105')));
  check(await list({ division: '341321' }), parcels);
  check(await list({ village: '没有这个村' }), []);
  check(await list({ division: '341322' }), []);
});

test('the lists that there are, with the address of each', async () => {
  const { lists: [one] } = (await at('/lists', COUNTY)).json, [{ href, templated }] = one.links;
  const { parameters } = (await at('/api', COUNTY)).json.paths['/lists/{listId}'].get;
  assert.ok(parameters.some(({ name }) => name === one.by.name), 'the API has the field that it is grouped by');
  assert.deepEqual([one.lines, one.open.title, templated], ['compensation', '未支付', true]);
  const [{ village }] = parcels;
  check((await at(`${href.replace('{village}', encodeURIComponent(village))}&f=json`, COUNTY)).json, parcels.filter((parcel) => parcel.village === village));
});

test('what is still open, alone', async () => {
  const answer = await list({ division: '341321', open: 'true' });
  const unpaid = parcels.flatMap((parcel) => paymentsOf(parcel).filter((row) => !row['支付日期']));
  assert.ok(unpaid.length > 5);
  const lines = answer.groups.flatMap((group) => group.list);
  assert.ok(lines.every((line) => line.open));
  assert.deepEqual(lines.filter((line) => line.compensation).map((line) => line.compensation.split(':')[1]).sort(), unpaid.map((row) => row['补偿编号']).sort());
  assert.deepEqual(lines.filter((line) => !line.compensation).map((line) => line.parcel).sort(), parcels.filter((parcel) => !paymentsOf(parcel).length).map((parcel) => parcel.key).sort());
});

test('staff of a town see their own, whatever they ask for; an account is in no list', async () => {
  const own = parcels.filter((parcel) => parcel.division.startsWith('341321105'));
  check(await list({ division: '341321' }, TOWN), own);
  check(await list({ division: '341321102' }, TOWN), []);
  const elsewhere = parcels.find((parcel) => !parcel.division.startsWith('341321105') && !own.some((each) => each.village === parcel.village));
  check(await list({ village: elsewhere.village }, TOWN), []);
  const { text } = await at('/lists/compensation?division=341321&f=json', COUNTY);
  for (const row of payments.filter((_, i) => i % 10 === 0)) assert.ok(!text.includes(row['银行账号']));
});

test('to the public there is nothing here, in the same words as anywhere', async () => {
  const nothing = await at('/nothing');
  const without = ({ status, text, headers: { date, ...headers } }) => ({ status, text, headers });
  for (const path of ['/lists', '/lists/compensation', '/lists/compensation?village=%E5%AD%99%E9%9B%86%E6%9D%91', '/lists/compensation?x=1', '/lists/nothing', '/lists?x=1']) {
    assert.deepEqual(without(await at(path)), without(nothing), path);
  }
  assert.deepEqual(without(await at('/lists/nothing', COUNTY)).text, without(nothing).text);
  assert.ok(!(await at('/catalogue')).text.includes('支付情况'));
  const { lists } = (await at('/lists', COUNTY)).json;
  assert.deepEqual(lists.map(({ id, title, by }) => [id, title, by.name]), [['compensation', '征地补偿支付情况表', 'village']]);
});

test('a question that is not one is told what is wrong', async () => {
  for (const [query, words] of [['', /"village" or "division"/], ['division=34132x', /"division"/], ['division=3', /"division"/], ['village=a&f=csv', /"f"/], ['village=a&open=1', /"open"/],
    ['village=a&x=1', /"x"/], ['division=3413211050000000', /"division"/]]) {
    const answer = await at(`/lists/compensation?${query}`, COUNTY);
    assert.equal(answer.status, 400, query);
    assert.match(answer.json.detail, words);
  }
});

test('the page to print: no script, a heading row that repeats, sums at the end, nothing unescaped', async () => {
  const village = parcels[0].village;
  const path = `/lists/compensation?village=${encodeURIComponent(village)}`;
  const page = await at(`${path}&f=html`, COUNTY);
  assert.equal(page.status, 200);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(page.headers['cache-control'], 'private, no-store');
  assert.match(page.headers['content-security-policy'], /script-src 'self'/);
  assert.doesNotMatch(page.text, /<script|onclick|javascript:/i);
  const published = new Date((await at('/catalogue')).json.published_at);
  const day = new Intl.DateTimeFormat('zh-CN', { timeZone: 'Asia/Shanghai', dateStyle: 'long' }).format(published);
  assert.ok(page.text.slice(0, page.text.indexOf('</header>')).includes(`>${day} `), 'the day of the publication as it is in China');
  const rows = parcels.filter((parcel) => parcel.village === village).flatMap((parcel) => paymentsOf(parcel).length || [1]).reduce((a, b) => a + b, 0);
  assert.equal(page.text.match(/<tr/g).length, rows + 2, 'a heading, the lines, the sum');
  assert.equal(page.text.match(/<thead>/g).length, 1);
  const total = sumOfYuan(parcels.filter((parcel) => parcel.village === village).flatMap(paymentsOf).map((row) => row['补偿总额']));
  assert.ok(page.text.slice(page.text.indexOf('<tr class="sum">')).includes(`<td class="number">${total.toFixed(2)}</td>`));
  const css = await at(/href="([^"]+)"/.exec(page.text)[1]);
  assert.equal(css.status, 200);
  assert.match(css.text, /size: A4/);
  assert.match(css.text, /table-header-group/);
  assert.match((await at(`/lists/compensation?division=341321105&village=${encodeURIComponent('<b>&"')}&f=html`, COUNTY)).text, /共 0 组/);
  assert.equal((await at(path, COUNTY, { Accept: 'text/html,*/*;q=0.8' })).headers['content-type'], 'text/html; charset=utf-8');
  assert.equal((await at(path, COUNTY, { Accept: 'application/json' })).headers['content-type'], 'application/json');
});

test('a parcel with more than a thousand lines is listed with all of them', async () => {
  const [parcel] = parcels, sum = async () => {
    const answer = await list({ village: parcel.village }), column = answer.columns.findIndex(({ title }) => title === '补偿总额');
    return [answer.groups[0].list.length, answer.groups[0].sums[column]];
  };
  const [lines, yuan] = await sum();
  const rows = Array.from({ length: 1100 }, (_, i) => `${parcel.id},${parcel.numbers[0]},1.25,MORE${i}`);
  writeFileSync(join(dir, 'more.csv'), ['地块编号,批准文号,补偿总额,补偿编号', ...rows].join('\n'));
  run('load', store, 'compensation', join(dir, 'more.csv'), '--publish');
  assert.deepEqual(await sum(), [lines + 1100, yuan + 1100 * 1.25]);
});
