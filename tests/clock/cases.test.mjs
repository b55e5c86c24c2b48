// What cases.json and counts.json say, computed without dikuai (judge.mjs). test_obligation.c holds dikuai to the same two files. Also the calendar that the sample
// ships, against notices of the State Council's office typed here.
// counts.json is written by: node tests/clock/cases.test.mjs --write
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { judged, plus, procedures, since, stepping, workdays } from './judge.mjs';

const { findWorkday, isWorkday } = createRequire(import.meta.url)('chinese-days');
const here = dirname(fileURLToPath(import.meta.url));
const cases = JSON.parse(readFileSync(join(here, 'cases.json'), 'utf8'));

test('each case is what the words of its rule give', () => {
  assert.ok(cases.length >= 60);
  for (const c of cases) {
    const found = judged({ ...c, regimes: procedures[c.obligation], from: since[c.obligation] });
    assert.deepEqual({ due: found.due ?? null, state: found.state, day: found.day ?? null, n: found.n ?? null },
      { due: c.due, state: c.state, day: c.day, n: c.n }, `${c.article} ${c.what}`);
  }
  const seen = new Set(cases.map(({ state }) => state));
  assert.deepEqual([...seen].sort(), ['due', 'late', 'met', 'missing', 'not_applicable', 'short', 'unknown', 'waiting']);
});

// The same numbers every time (mulberry32).
function counts() {
  let seed = 20210901;
  const random = () => {
    seed = (seed + 0x6D2B79F5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return Array.from({ length: 400 }, () => {
    const date = plus('2006-06-01', Math.floor(random() * 7300)), n = 1 + Math.floor(random() * 60);
    return { date, n, after: findWorkday(n, date), before: findWorkday(-n, date), between: workdays(date, findWorkday(n, date)) };
  });
}
const text = `[\n${counts().map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`;
if (process.argv.includes('--write')) writeFileSync(join(here, 'counts.json'), text);

test('counts.json is what chinese-days counts', () => {
  assert.equal(readFileSync(join(here, 'counts.json'), 'utf8'), text);
  for (const { date, n, after, before, between } of JSON.parse(text)) assert.deepEqual([stepping(date, n), stepping(date, -n), between], [after, before, n], date);
});

// year: { day: working }, as the file of the calendar writes it.
function fileOf() {
  const years = {};
  let year;
  for (const line of readFileSync(join(here, '../../samples/calendars/cn.yaml'), 'utf8').split('\n')) {
    year = /^ {2}(\d{4}):/.exec(line)?.[1] ?? year;
    const [, what, list] = /^ {4}(off|work): \[(.*)\]$/.exec(line) ?? [];
    if (!what) continue;
    for (const part of list.split(', ')) {
      const [first, last = first] = part.split('/');
      for (let day = `${year}-${first}`; day <= `${year}-${last}`; day = plus(day, 1)) (years[year] ??= {})[day] = what === 'work';
    }
  }
  return years;
}

test('the sample ships 2004 to 2026 as chinese-days has them, with the one day that it lacks', () => {
  const years = fileOf(), other = [];
  assert.deepEqual(Object.keys(years), Array.from({ length: 23 }, (_, i) => String(2004 + i)));
  for (let day = '2004-01-01'; day <= '2026-12-31'; day = plus(day, 1)) {
    const weekend = [0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay());
    if ((years[day.slice(0, 4)][day] ?? !weekend) !== isWorkday(day)) other.push(day);
  }
  assert.deepEqual(other, ['2005-12-31']);
});

// 国务院办公厅关于…年部分节假日安排的通知: off and worked days of each.
const notices = {
  2006: ['国办发明电〔2005〕35号', '01-01/01-03 01-29/02-04 05-01/05-07 10-01/10-07', '01-28 02-05 04-29 04-30 09-30 10-08 12-30 12-31'], // the last two by 〔2006〕49号
  2007: ['国办发明电〔2006〕49号', '01-01/01-03 02-18/02-24 05-01/05-07 10-01/10-07 12-30/12-31', '02-17 02-25 04-28 04-29 09-29 09-30 12-29'], // 12-29 to 12-31 by the next
  2022: ['国办发明电〔2021〕11号', '01-01/01-03 01-31/02-06 04-03/04-05 04-30/05-04 06-03/06-05 09-10/09-12 10-01/10-07 12-31', '01-29 01-30 04-02 04-24 05-07 10-08 10-09'],
  2023: ['国办发明电〔2022〕16号', '01-01/01-02 01-21/01-27 04-05 04-29/05-03 06-22/06-24 09-29/10-06', '01-28 01-29 04-23 05-06 06-25 10-07 10-08'],
  2024: ['国办发明电〔2023〕7号', '01-01 02-10/02-17 04-04/04-06 05-01/05-05 06-10 09-15/09-17 10-01/10-07', '02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12'],
  2025: ['国办发明电〔2024〕12号', '01-01 01-28/02-04 04-04/04-06 05-01/05-05 05-31/06-02 10-01/10-08', '01-26 02-08 04-27 09-28 10-11'],
  2026: ['国办发明电〔2025〕7号', '01-01/01-03 02-15/02-23 04-04/04-06 05-01/05-05 06-19/06-21 09-25/09-27 10-01/10-07', '01-04 02-14 02-28 05-09 09-20 10-10'],
};

test('years are as the notices say', () => {
  const years = fileOf();
  for (const [year, [notice, off, work]] of Object.entries(notices)) {
    const expected = {};
    for (const part of off.split(' ')) {
      const [first, last = first] = part.split('/');
      for (let day = `${year}-${first}`; day <= `${year}-${last}`; day = plus(day, 1)) expected[day] = false;
    }
    for (const day of work.split(' ')) expected[`${year}-${day}`] = true;
    // Days of a weekend that the notice has within its holidays are off anyway, whether the file says so or not.
    const said = (days) => Object.entries(days).filter(([day, working]) => working || ![0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay())).sort();
    assert.deepEqual(said(years[year]), said(expected), notice);
  }
});
