// Writes cn.yaml, the working days of China, from the npm package chinese-days (MIT), which tests/package.json pins:
//   samples/prepare --tests && node samples/calendars/cn.mjs > samples/calendars/cn.yaml
// Each autumn the State Council's office announces the next year (国务院办公厅关于…部分节假日安排的通知). An office need not wait
// for the package: the days of a notice are a line each for off and work.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../tests/package.json', import.meta.url));
const { version, license } = require('chinese-days/package.json');
const { holidays, workdays, inLieuDays } = require('chinese-days/dist/chinese-days.json');

const day = (text) => new Date(`${text}T00:00:00Z`);
const weekend = (text) => [0, 6].includes(day(text).getUTCDay());
const following = (text) => new Date(day(text).getTime() + 86400000).toISOString().slice(0, 10);
const years = [...new Set(Object.keys(holidays).map((date) => date.slice(0, 4)))].sort();

// What the package has not, or otherwise than the notice: date → the notice.
const worked = { '2005-12-31': '国办发明电〔2005〕35号' }; // 元旦 of 2006: 12月31日（星期六）上班
for (const date of Object.keys(worked)) {
  if (date in workdays) throw new Error(`${date} is in the package now: remove it here`);
  workdays[date] = worked[date];
}

// What the package cannot mean.
for (const date of Object.keys(inLieuDays)) if (!(date in holidays)) throw new Error(`${date} is in lieu and no holiday`);
for (const date of Object.keys(workdays)) if (date in holidays || !weekend(date)) throw new Error(`${date} is worked, but a holiday or no weekend`);

// Days that follow each other within a year as FIRST/LAST.
function ranges(dates) {
  const found = [];
  for (const date of dates.sort()) {
    const last = found.at(-1);
    if (last && following(last[1]) === date) last[1] = date;
    else found.push([date, date]);
  }
  return found.map(([first, last]) => (first === last ? first.slice(5) : `${first.slice(5)}/${last.slice(5)}`));
}

const lines = [
  '# Working days of China: what is off besides Saturdays and Sundays, and which of these are worked instead (调休), as the',
  '# State Council\'s office announced them. Written by cn.mjs; a year that is not here is not guessed.',
  'calendar: cn',
  'title: 国务院办公厅节假日安排',
  `source: npm chinese-days ${version} (${license})，据国务院办公厅历年节假日安排通知；${Object.entries(worked).map(([date, notice]) => `${date}据${notice}`).join('、')}`,
  'years:',
];
for (const year of years) {
  const of = (days) => Object.keys(days).filter((date) => date.startsWith(year));
  lines.push(`  ${year}:`, `    off: [${ranges(of(holidays)).join(', ')}]`, `    work: [${of(workdays).sort().map((date) => date.slice(5)).join(', ')}]`);
}
process.stdout.write(`${lines.join('\n')}\n`);
