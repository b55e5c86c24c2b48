// The scorecard of the sample county against one that is computed again from nothing but what is public.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { Validator } from '@seriousme/openapi-schema-validator';
import { dangshan, makeCounty } from '../sample_county.mjs';
import { table } from '../browser/ledger.mjs';
import { outcomes } from '../clock/county.mjs';
import { get as fetched, run, serve, STAFF } from './county.mjs';
import { compute, download } from './recompute.mjs';

const folder = mkdtempSync(join(tmpdir(), 'dk-scorecard-')), store = join(folder, 'county.gpkg');
makeCounty(store);
writeFileSync(join(folder, 'tokens'), `${STAFF} 341321 县里\n`, { mode: 0o600 });
const server = await serve(store);
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});
const raw = (path, options) => fetched(server.url + path, options);
const get = async (path, options) => {
  const answer = await raw(path, options);
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer.json;
};
const DAYS = ['2026-11-28', '2022-03-01', '2020-06-30', '2009-01-05'];
let data = await download(get);
const REQUIRED = ['met', 'late', 'short', 'missing'], STATES = ['waiting', 'due', ...REQUIRED, 'not_applicable', 'unknown'];

/** Groups of what was computed, as the scorecard has them. */
function group(all, by) {
  const groups = new Map();
  for (const one of all) {
    const id = JSON.stringify(by(one));
    if (!groups.has(id)) groups.set(id, Object.fromEntries(STATES.map((state) => [state, 0])));
    groups.get(id)[one.state] += 1;
  }
  return groups;
}
const same = (card, expected, by, note) => {
  const found = new Map(card.groups.map((one) => [JSON.stringify(by(one)), one.states]));
  assert.deepEqual([...found.keys()].sort(), [...expected.keys()].sort(), note);
  for (const [id, states] of expected) assert.deepEqual(found.get(id), states, `${note} ${id}`);
};

test('the scorecard by town equals a plain recomputation, on any day', async () => {
  for (const day of DAYS) {
    const all = compute(data, day), card = await get(`/scorecard?as_of=${day}&level=9`);
    same(card, group(all, ({ division }) => division?.slice(0, 9) ?? null), ({ division }) => division?.code ?? null, day);
    const total = group(all, () => 0).get('0');
    assert.deepEqual(card.total.states, total);
    const required = REQUIRED.reduce((n, state) => n + total[state], 0);
    assert.equal(card.total.required, required);
    if (required > 0) assert.ok(Math.abs(card.total.timeliness - total.met / required) < 1e-12 && Math.abs(card.total.completeness - (required - total.missing) / required) < 1e-12);
  }
  const states = (await get('/scorecard?as_of=2026-11-28')).total.states;
  for (const state of ['met', 'late', 'short', 'missing', 'waiting', 'not_applicable']) assert.ok(states[state] > 0, `the sample has ${state}`);
});

/** Of each parcel and mining right, what its obligations are computed to be, against what the row says of itself. */
const ORDER = ['missing', 'late', 'short', 'soon', 'due', 'unknown', 'met', 'waiting', 'not_applicable']; // of the sample's catalogue
async function rowsSayIt(note) {
  const today = new Date(Date.now() + 8 * 3600000).toISOString().slice(0, 10), worst = new Map(), counts = {};
  for (const { kind, key, state } of compute(data, today)) {
    const id = `${kind} ${key}`;
    if (!worst.has(id) || ORDER.indexOf(state) < ORDER.indexOf(worst.get(id))) worst.set(id, state);
  }
  for (const kind of ['parcel', 'mining']) {
    for (const { key, properties } of data.rows[kind]) {
      const expected = worst.get(`${kind} ${key}`);
      assert.ok(properties.disclosure === expected || (properties.disclosure === 'soon' && expected === 'due'), `${note}: ${kind} ${key} says ${properties.disclosure}, computed is ${expected}`);
      counts[`${kind} ${properties.disclosure}`] = (counts[`${kind} ${properties.disclosure}`] ?? 0) + 1;
    }
  }
  return counts;
}

test('each row says how it stands: in items, filters, statistics and files', async () => {
  const counts = await rowsSayIt('at first');
  for (const word of ['missing', 'late', 'short', 'met', 'not_applicable']) assert.ok(counts[`parcel ${word}`] > 0, `the sample has a parcel that is ${word}`);
  for (const [what, n] of Object.entries(counts)) {
    const [kind, word] = what.split(' '), filter = encodeURIComponent(`disclosure = '${word}'`);
    assert.equal((await get(`/collections/${kind}/items?filter=${filter}&count=true&limit=1`)).numberMatched, n, what);
    assert.equal((await get(`/collections/${kind}/items?disclosure=${word}&count=true&limit=1`)).numberMatched, n, what);
  }
  const statistics = await get('/collections/parcel/statistics?group_by=disclosure');
  assert.deepEqual(Object.fromEntries(statistics.groups.map((group) => [`parcel ${group.by[0]}`, group.count])), Object.fromEntries(Object.entries(counts).filter(([what]) => what.startsWith('parcel'))));
  const lines = (await raw('/collections/parcel/items?f=csv&header=names&disclosure=late')).text.trim().split('\r\n');
  assert.equal(lines.length, counts['parcel late'] + 1);
});

test('by quarter, item and regime, of a division, a time and a collection', async () => {
  const day = '2026-11-28', all = compute(data, day);
  const quarter = (due) => (due ? `${due.slice(0, 4)}-Q${Math.ceil(Number(due.slice(5, 7)) / 3)}` : null);
  same(await get(`/scorecard?as_of=${day}&level=0&by=quarter,obligation`), group(all, ({ due, obligation }) => [quarter(due), obligation]), ({ period, obligation }) => [period, obligation], 'quarter and item');
  same(await get(`/scorecard?as_of=${day}&level=0&by=regime`), group(all, ({ regime }) => regime), ({ regime }) => regime, 'regime');
  const town = all.filter(({ division }) => division?.startsWith('341321102'));
  same(await get(`/scorecard?as_of=${day}&division=341321102&level=12&by=year`), group(town, ({ division, due }) => [division, due?.slice(0, 4) ?? null]),
    ({ division, period }) => [division?.code ?? null, period], 'town by village and year');
  const in2021 = all.filter(({ due, kind }) => kind === 'parcel' && due?.startsWith('2021'));
  same(await get(`/scorecard?as_of=${day}&period=2021&level=0&collection=parcel&by=month`), group(in2021, ({ due }) => due.slice(0, 7)), ({ period }) => period, 'months of 2021');
  assert.deepEqual((await get(`/scorecard?as_of=${day}&from=2021-01-01&until=2021-12-31&level=0&collection=parcel`)).total.states, (await get(`/scorecard?as_of=${day}&period=2021&level=0&collection=parcel`)).total.states);
  const one = all.filter(({ obligation }) => obligation === 'requisition_announcement');
  same(await get(`/scorecard?as_of=${day}&obligation=requisition_announcement&level=0`), group(one, () => ({})), () => ({}), 'one obligation');
});

test('behind each figure stand its rows, page by page, and as CSV', async () => {
  const day = '2026-11-28', all = compute(data, day), card = await get(`/scorecard?as_of=${day}&by=obligation&level=0`);
  for (const figure of card.groups.filter(({ states }) => states.missing > 0)) {
    const expected = all.filter(({ obligation, state }) => obligation === figure.obligation && state === 'missing').map(({ key }) => key).sort();
    const keys = [];
    for (let path = `${figure.rows.missing}&limit=37`; path;) {
      const page = await get(path);
      assert.ok(page.rows.every((row) => row.state === 'missing' && row.obligation === figure.obligation));
      keys.push(...page.rows.map((row) => row.key));
      path = page.next;
    }
    assert.deepEqual(keys.sort(), expected, figure.obligation);
  }
  const late = await get(`${card.total.rows.late}&limit=1`);
  const dossier = await get(`${late.rows[0].links[0].href}?as_of=${day}`);
  const said = dossier.items.flatMap((item) => item.clock ?? []).find((one) => one.obligation === late.rows[0].obligation);
  assert.deepEqual([said.state, said.words, said.due, said.published], ['late', late.rows[0].words, late.rows[0].due, late.rows[0].published]);
  const csv = (await raw(`${card.total.rows.short}&f=csv`)).text.trim().split('\r\n');
  assert.ok(card.total.states.short > 100, 'more than a page has');
  assert.equal(csv.length - 1, card.total.states.short);
  assert.match(csv[0], /^\ufeff?数据集,编号,名称,/);
});

test('each figure leads to as many rows, also of groups without a division of the level, a due day or a regime, and of all groups', async () => {
  const asked = ['level=12&as_of=2022-03-01', 'level=6&as_of=2024-06-10', 'level=0&by=year,regime&from=2021-03-10&as_of=2024-06-10', 'level=0&by=year&as_of=2024-06-10',
    'level=0&by=obligation&obligation=requisition_announcement&as_of=2024-06-10'];
  for (const query of asked) {
    const { groups, total } = await get(`/scorecard?${query}`);
    const whole = groups.filter(({ division, period, regime }) => division === undefined || division?.code.length !== 12 || !period || !regime);
    assert.ok(whole.length > 0, query);
    for (const { states, rows } of [...whole.slice(0, 6), total])
      for (const [state, path] of Object.entries(rows)) {
        let n = 0;
        for (let page = `${path}&limit=10000`; page;) {
          const { numberReturned, next } = await get(page);
          n += numberReturned;
          page = next;
        }
        assert.equal(n, states[state], `${query}: ${path}`);
      }
  }
});

test('the dossier says of each obligation how it stands, as the scorecard counts it', async () => {
  const day = '2021-10-15', all = compute(data, day).filter(({ kind }) => kind === 'parcel');
  for (const key of [...new Set(all.map((one) => one.key))].filter((_, i) => i % 97 === 0)) {
    const dossier = await get(`/collections/parcel/items/${encodeURIComponent(key)}/dossier?as_of=${day}`);
    const told = Object.fromEntries(dossier.items.flatMap((item) => item.clock ?? []).map(({ obligation, state }) => [obligation, state]));
    const expected = Object.fromEntries(all.filter((one) => one.key === key).map(({ obligation, state }) => [obligation, state]));
    for (const [obligation, state] of Object.entries(expected)) if (state !== 'not_applicable') assert.equal(told[obligation], state, `${key} ${obligation}`);
    for (const obligation of Object.keys(told)) assert.ok(obligation in expected);
  }
});

test('publishing and withdrawing a notice is seen at once', async () => {
  const day = '2026-11-28', missing = (await get(`/scorecard/rows?as_of=${day}&state=missing&obligation=requisition_announcement&limit=1`)).rows[0];
  assert.ok(missing, 'the sample has a parcel without its announcement');
  const row = data.rows.parcel.find(({ key }) => key === missing.key), before = await get(`/scorecard?as_of=${day}&level=0`);
  const path = join(folder, 'notice.csv');
  writeFileSync(path, `公告编号,项目编号,批准文号,公告类型,公告名称,发布时间,发布渠道\nGG-NEW,${row.properties.project_id},${row.properties.approval_no ?? ''},征收土地公告,补发,${missing.due},村公示栏\n`);
  const loaded = JSON.parse(run('load', store, 'notice', path, '--publish', '--json').trim().split('\n').at(-1));
  const settle = async (generation) => {
    for (let i = 0; i < 400 && (await get('/scorecard?level=0')).generation !== generation; i++) await new Promise((resolve) => { setTimeout(resolve, 20); });
  };
  await settle(before.generation + 1);
  data = await download(get);
  const now = await get(`/scorecard?as_of=${day}&level=0`);
  assert.deepEqual(now.total.states, group(compute(data, day), () => 0).get('0'));
  assert.ok(now.total.states.missing < before.total.states.missing && now.total.states.met > before.total.states.met);
  await rowsSayIt('with the notice');
  run('withdraw', store, String(loaded.batch), '--reason', '有误');
  await settle(before.generation + 2);
  assert.deepEqual((await get(`/scorecard?as_of=${day}&level=0`)).total.states, before.total.states);
  data = await download(get);
});

test('a project and an approval are judged as a whole: by their own ledgers, in the town of the project, whatever parcels there are', async () => {
  const WHOLE = { project_preexamination: 'project', approval_publication: 'approval' };
  const towns = new Map(table(join(dangshan, 'projects.csv')).map((row) => [row['项目编号'], row['行政区划代码']]));
  const rowsOf = async (obligation, day) => {
    const found = [];
    for (const state of STATES) for (const row of (await get(`/scorecard/rows?as_of=${day}&state=${state}&obligation=${obligation}&limit=10000`)).rows) found.push(row);
    return found;
  };
  const days = DAYS.slice(0, 3); // after the guide: before it, what it does not concern yet waits, which judge.mjs does not know
  for (const day of days) for (const [obligation, collection] of Object.entries(WHOLE)) {
    const expected = outcomes(day).filter((one) => one.obligation === obligation), found = await rowsOf(obligation, day);
    assert.deepEqual(found.map(({ key, state, due }) => `${key} ${state} ${due}`).sort(),
      expected.map(({ key, state, due }) => `${key} ${state} ${['not_applicable', 'waiting'].includes(state) ? null : due ?? null}`).sort(), `${obligation} ${day}`);
    assert.ok(found.every((row) => row.collection === collection));
    const project = (key) => (collection === 'project' ? key : data.rows.approval.find((row) => row.key === key).properties.project_id);
    for (const { key, division } of found) assert.equal(division, towns.get(project(key)), key);
  }
  const seen = new Set(days.flatMap((day) => outcomes(day).filter(({ obligation }) => obligation in WHOLE).map(({ obligation, state }) => `${obligation} ${state}`)));
  for (const one of ['project_preexamination met', 'project_preexamination late', 'project_preexamination waiting', 'project_preexamination not_applicable', 'approval_publication met',
    'approval_publication late', 'approval_publication missing', 'approval_publication not_applicable']) assert.ok(seen.has(one), one);

  // A project that no parcel may have yet, and one of two approvals of a parcel.
  const settle = async (generation) => {
    for (let i = 0; i < 400 && (await get('/scorecard?level=0')).generation !== generation; i++) await new Promise((resolve) => { setTimeout(resolve, 20); });
  };
  const day = '2026-11-28', { generation } = await get('/scorecard?level=0'), SECOND = '自然资函〔2023〕9001号', PROJECT = 'XM2022003';
  const standing = async () => {
    const of = async (obligation, key) => (await rowsOf(obligation, day)).find((row) => row.key === key)?.state;
    return [await of('project_preexamination', PROJECT), await of('approval_publication', SECOND), await of('approval_document', 'XM2023001:DK001')];
  };
  const late = async () => (await get('/due', { token: STAFF })).due.map(({ collection, key, obligation }) => `${collection} ${key} ${obligation}`);
  const before = await standing(), lateBefore = await late(), wanted = [`project ${PROJECT} project_preexamination`, `approval ${SECOND} approval_publication`];
  assert.equal(before[0], 'waiting');
  assert.ok(wanted.every((one) => !lateBefore.includes(one)));
  const load = (kind, name, text, ...options) => {
    writeFileSync(join(folder, name), text);
    return String(JSON.parse(run('load', store, kind, join(folder, name), ...options, '--publish', '--json').trim().split('\n').at(-1)).batch);
  };
  const approval = data.rows.approval.find(({ key }) => key === SECOND).properties;
  const batches = [load('preexamination', 'preexamination.csv', `意见书编号,项目编号,核发日期,公开时间\n示例用字第341321202200010号,${PROJECT},2021-05-10,\n`),
    load('approval', 'approval.csv', `批准文号,项目编号,批准机关,批准时间,收到批文时间\n${SECOND},${approval.project_id},${approval.authority},${approval.approved_on},${approval.received_on}\n`, '--replace')];
  await settle(generation + 2);
  data = await download(get);
  assert.deepEqual(await standing(), ['missing', 'missing', before[2]], 'the parcel has an approval that is public');
  assert.deepEqual((await get(`/scorecard?as_of=${day}&level=0`)).total.states, group(compute(data, day), () => 0).get('0'));
  assert.deepEqual((await late()).filter((one) => wanted.includes(one)).sort(), [...wanted].sort());
  const project = await get(`/collections/project/items/${PROJECT}/dossier?as_of=${day}`);
  assert.deepEqual(project.items.flatMap(({ clock }) => clock ?? []).map(({ obligation, state, due }) => [obligation, state, due]), [['project_preexamination', 'missing', '2021-05-19']]);
  for (const batch of batches) run('withdraw', store, batch, '--reason', '有误');
  await settle(generation + 4);
  assert.deepEqual([await standing(), await late()], [before, lateBefore]);
  data = await download(get);
  await rowsSayIt('without it');
});

test('another limit in the catalogue changes the parcels that it concerns, and no others', async () => {
  const day = '2026-11-28', ITEM = 'requisition_announcement';
  const everyRow = async () => {
    const all = new Map();
    for (const state of STATES) for (let path = `/scorecard/rows?as_of=${day}&state=${state}&limit=10000`; path;) {
      const page = await get(path);
      for (const row of page.rows) all.set(`${row.obligation} ${row.key}`, `${row.state} ${row.due}`);
      path = page.next;
    }
    return all;
  };
  const wordsBefore = await rowsSayIt('by the old limit');
  const before = await everyRow(), generation = (await get('/scorecard?level=0')).generation;
  const sample = new URL('../../samples/', import.meta.url).pathname, file = join(folder, 'stricter.yaml');
  const old = readFileSync(join(sample, 'dangshan', 'catalogue.yaml'), 'utf8').replace('file: ../calendars/', `file: ${sample}calendars/`);
  const [head, own] = old.split(`  - id: ${ITEM}\n    item: ${ITEM}\n`), edited = own.replace('within: 15 working days', 'within: 5 working days');
  assert.notEqual(edited, own);
  writeFileSync(file, `${head}  - id: ${ITEM}\n    item: ${ITEM}\n${edited}`);
  run('catalogue', store, file);
  for (let i = 0; i < 400 && (await get('/scorecard?level=0')).generation === generation; i++) await new Promise((resolve) => { setTimeout(resolve, 20); });
  const now = await everyRow(), changed = [...now].filter(([id, how]) => before.get(id) !== how).map(([id]) => id).sort();
  assert.equal(now.size, before.size);
  assert.ok(changed.length > 0 && changed.some((id) => before.get(id).startsWith('met') && now.get(id).startsWith('late')), 'some were in time by the old limit alone');
  assert.deepEqual(changed, [...before].filter(([id, how]) => id.startsWith(`${ITEM} `) && !how.endsWith(' null')).map(([id]) => id).sort());
  data = await download(get);
  const computed = new Map(compute(data, day).map((one) => [`${one.obligation} ${one.key}`, `${one.state} ${one.due}`]));
  for (const id of changed) assert.equal(now.get(id), computed.get(id), id);
  const words = await rowsSayIt('by the other limit');
  assert.ok(words['parcel late'] > wordsBefore['parcel late']);
  assert.equal((await get(`/scorecard?as_of=${day}&level=0`)).total.states.late, [...computed.values()].filter((how) => how.startsWith('late')).length);
});

test('as CSV, as a workbook and as a page', async () => {
  const card = await get('/scorecard?as_of=2026-11-28&level=9');
  const csv = (await raw('/scorecard?as_of=2026-11-28&level=9&f=csv')).text.replace(/^\ufeff/, '').trim().split('\r\n').map((line) => line.split(','));
  assert.deepEqual(csv[0], ['名次', '行政区划代码', '行政区', '期间', '事项', '适用程序', '应公开', '已公开', '按期公开', '逾期公开', '公示期不足', '逾期未公开', '待公开', '未到期', '不适用', '无法计算', '完整率', '及时率']);
  assert.equal(csv.length, card.groups.length + 2);
  assert.deepEqual(csv.filter(([, code]) => code === '341321').map(([, , name]) => name), ['砀山县（未分到下级）'], 'not the county with its towns');
  assert.ok((await raw('/scorecard?as_of=2026-11-28&level=9&f=html')).text.includes('>砀山县（未分到下级）<'));
  assert.deepEqual(csv.at(-1).slice(6, 16).map(Number), [card.total.required, card.total.disclosed, ...['met', 'late', 'short', 'missing', 'due', 'waiting', 'not_applicable', 'unknown'].map((state) => card.total.states[state])]);
  const xlsx = await raw('/scorecard?as_of=2026-11-28&level=9&f=xlsx');
  assert.equal(xlsx.headers['content-type'], 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet');
  writeFileSync(join(folder, 'card.xlsx'), xlsx.body);
  const read = spawnSync('python3', ['-c', `import zipfile,re,sys
sheet = zipfile.ZipFile(sys.argv[1]).read('xl/worksheets/sheet1.xml').decode()
print(len(re.findall('<row ', sheet)))`, join(folder, 'card.xlsx')], { encoding: 'utf8' });
  assert.equal(Number(read.stdout), card.groups.length + 2, read.stderr);
  const page = await raw('/scorecard?as_of=2026-11-28&period=2021&f=html');
  assert.equal(page.status, 200);
  assert.match(page.headers['content-security-policy'], /default-src 'none'/);
  for (const text of ['2021年信息公开情况', '指标口径', '公开时限', '<svg', '逾期未公开', '各适用程序']) assert.ok(page.text.includes(text), text);
  assert.ok(!/style=/.test(page.text), 'the policy allows no style in the markup');
  for (const { definition } of card.definitions) assert.ok(page.text.includes(definition));
  const form = (await raw('/scorecard?f=html')).text.match(/<form[^>]*>([^]*?)<\/form>/)[1]; // sent as it is, its period and division are empty
  const sent = [...form.matchAll(/<(?:input|select)[^>]* name="(\w+)"([^>]*)/g)].map(([, name, rest]) => `${name}=${rest.match(/value="([^"]*)"/)?.[1] ?? ''}`).join('&');
  assert.match(sent, /^f=html&period=&division=&as_of=\d/);
  assert.equal((await raw(`/scorecard?${sent}`)).status, 200);
});

test('ranks: the timelier first, equals share a rank, who owes nothing has none', async () => {
  const { groups } = await get('/scorecard?as_of=2026-11-28&level=12');
  let last = null;
  groups.forEach((one, i) => {
    if (one.required === 0 || one.division === null) return assert.equal(one.rank, undefined);
    const standing = [one.timeliness, one.completeness];
    if (last && standing[0] === last.standing[0] && standing[1] === last.standing[1]) assert.equal(one.rank, last.rank);
    else assert.equal(one.rank, i + 1);
    if (last) assert.ok(standing[0] < last.standing[0] || (standing[0] === last.standing[0] && standing[1] <= last.standing[1]));
    last = { standing, rank: one.rank };
  });
});

test('the API describes it', async () => {
  const api = await get('/api'), own = await get('/api', { token: STAFF });
  assert.deepEqual(await new Validator().validate(structuredClone(own)), { valid: true });
  const names = (path) => own.paths[path].get.parameters.map(({ name, $ref }) => name ?? own.components.parameters[$ref.split('/').at(-1)].name);
  for (const name of ['division', 'period', 'as_of', 'level', 'by', 'f']) assert.ok(names('/scorecard').includes(name), name);
  assert.ok(names('/scorecard/rows').includes('state') && names('/due').includes('within') && own.paths['/calendars/{calendarId}'] && own.paths['/batches']);
  assert.ok(api.paths['/scorecard'] && !api.paths['/due'] && !api.paths['/batches'], 'what is for staff is not offered to the public');
});

test('mistakes are named', async () => {
  for (const [path, words] of [['/scorecard?as_of=heute', /"as_of" is a day/], ['/scorecard?as_of=2026-02-30', /"as_of" is a day/], ['/scorecard?period=2026-Q5', /year, quarter or month: 2026, 2026-Q3 or 2026-09/],
    ['/scorecard?period=2026&from=2026-01-01', /goes without/], ['/scorecard?from=2026-02-01&until=2026-01-01', /before "from"/], ['/scorecard?division=34132', /first 2, 4, 6, 9 or all 12 digits/],
    ['/scorecard?division=341321&level=4', /"level" is 2, 4, 6, 9 or 12/], ['/scorecard?by=week', /one of year, quarter and month/], ['/scorecard?by=year,month', /one of year/], ['/scorecard?obligation=x', /no obligation "x"/],
    ['/scorecard?regime=x', /no regime "x"/], ['/scorecard?f=pdf', /json, html, csv or xlsx/], ['/scorecard?x=1', /"x"/], ['/scorecard/rows', /"state" is waiting, due/], ['/scorecard/rows?state=gone', /"state" is/],
    ['/scorecard/rows?state=met&limit=0', /"limit"/]]) {
    const answer = await raw(path);
    assert.equal(answer.status, 400, `${path} ${answer.text}`);
    assert.match(answer.json.detail, words, path);
  }
  assert.equal((await raw('/scorecard?collection=nothing')).status, 404);
  assert.equal((await raw('/calendars/xx')).status, 404);
});

test('reminders: for staff as JSON and as a calendar, on the command line with an exit code', async () => {
  assert.equal((await raw('/due')).status, 404, 'the public has none');
  const due = (...words) => spawnSync(process.env.DK_INGEST, ['due', store, ...words], { encoding: 'utf8' });
  // A day on which something falls due: any that the recomputation finds.
  const falling = compute(data, '2021-10-15').filter(({ state, due: day }) => state === 'due' && day >= '2021-10-15' && day <= '2021-10-25');
  const told = due('--as-of', '2021-10-15', '--within', '10', '--json');
  assert.equal(told.status, falling.length > 0 ? 4 : 0, told.stderr);
  const listed = JSON.parse(told.stdout).due, id = ({ key, obligation }) => `${key} ${obligation}`;
  for (const one of listed) assert.ok(falling.some((other) => id(other) === id(one) && other.due === one.due), id(one));
  const late = due('--as-of', '2021-10-15', '--within', '0', '--late', '--division', '341321102', '--json');
  const missing = compute(data, '2021-10-15').filter(({ state, division, due: day }) => division?.startsWith('341321102') && (state === 'missing' || (state === 'due' && day === '2021-10-15')));
  assert.deepEqual(JSON.parse(late.stdout).due.map(id).sort(), missing.map(id).sort());
  assert.equal(due('--as-of', '1990-01-01').status, 0);
  assert.equal(due('--as-of', '1990-01-01').stdout, 'nothing falls due\n');
  assert.equal(due('--within', 'x').status, 2);
  assert.equal(due('--as-of', '2021-13-01').status, 2);
  assert.match(due('--as-of', '2021-10-15', '--late').stdout, /^due +division +collection/);

  const feed = await get('/due?within=400', { token: STAFF });
  assert.deepEqual([feed.division, feed.within, feed.complete], ['341321', 400, true]);
  assert.ok(feed.due.length > 0 && feed.due.every(({ state }) => state === 'missing' || state === 'due'));
  assert.equal((await raw('/due?division=340111', { token: STAFF })).status, 400, 'outside the scope');
  const calendar = await raw('/due?f=ics&late=true', { token: STAFF });
  assert.equal(calendar.headers['content-type'], 'text/calendar; charset=utf-8');
  const lines = calendar.text.split('\r\n');
  assert.equal(lines.pop(), '');
  assert.deepEqual([lines[0], lines[1], lines.at(-1)], ['BEGIN:VCALENDAR', 'VERSION:2.0', 'END:VCALENDAR']);
  for (const line of lines) assert.ok(Buffer.byteLength(line) <= 75, line);
  const unfolded = calendar.text.replaceAll('\r\n ', '');
  assert.equal(unfolded.match(/BEGIN:VEVENT/g).length, new Set(feed.due.filter(({ state }) => state === 'missing').map(({ due: day, obligation }) => `${day} ${obligation}`)).size);
  assert.equal(new Set(unfolded.match(/UID:.*/g)).size, unfolded.match(/UID:/g).length, 'each event has its own UID');
});
