// For tests/bench/search. draw STORE N: queries of each kind out of the rows, as JSON. ask URL FILE HOW SERVER: asks them on two
// connections and prints the times, and the processor time of the process SERVER. like STORE FILE: the same parts of words by SQLite's LIKE.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { Agent, get } from 'node:http';

const [, , command, where, file, how, server] = process.argv;
const sql = (store, text) => JSON.parse(execFileSync('sqlite3', ['-readonly', '-json', store, text], { encoding: 'utf8', maxBuffer: 1 << 28 }) || '[]');

// A sequence that is the same each time (mulberry32).
let state = 1;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const pick = (list) => list[Math.floor(random() * list.length)];
function part(text, size) {
  const characters = [...text];
  const at = Math.floor(random() * Math.max(1, characters.length - size + 1));
  return characters.slice(at, at + size).join('');
}

const collator = new Intl.Collator('zh-Hans-CN-u-co-pinyin');
const firsts = [...'阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥仨它穵夕丫帀'], letters = 'abcdefghjklmnopqrstwxyz';
const initials = (text) => [...text].map((c) => letters[firsts.findLastIndex((first) => collator.compare(c, first) >= 0)]).join('');

function draw(store, n) {
  const { most } = sql(store, 'SELECT max(row) AS most FROM row_parcel')[0];
  const numbers = Array.from({ length: n }, () => 1 + Math.floor(random() * most));
  const rows = sql(store, `SELECT key, f_id AS id, f_village AS village, f_project_id AS project, f_project AS name, f_approval_no AS no FROM row_parcel WHERE row IN (${numbers})`)
    .filter((row) => row.no);
  const kinds = {
    'whole key': (row) => row.key,
    'project number': (row) => row.project,
    'part of a key': (row) => row.project.slice(0, -1),
    'parcel number': (row) => row.id,
    '文号, other brackets': (row) => row.no.split('、')[0].replace('〔', '(').replace('〕', ')'),
    '文号, year and serial': (row) => row.no.split('、')[0].replace(/^.*〔(\d+)〕(\d+号)$/, '$1-$2'),
    'village, whole': (row) => row.village,
    'village, 1 character': (row) => part(row.village, 1),
    'village, 2 characters': (row) => part(row.village, 2),
    'village, 3 characters': (row) => part(row.village, 3),
    'project, 1 character': (row) => part(row.name, 1),
    'project, 2 characters': (row) => part(row.name, 2),
    'project, 4 characters': (row) => part(row.name, 4),
    'village and number': (row) => `${part(row.village, 2)} ${row.id}`,
    'village and project': (row) => `${part(row.village, 2)} ${part(row.name, 3)}`,
    'project and year': (row) => `${part(row.name, 4)} ${/〔(\d+)〕/.exec(row.no)[1]}`,
    'initials of a village': (row) => initials(row.village),
    'not there': () => part('寸戈彳丷卅夂龠黹鬯鬲', 2) + Math.floor(random() * 1e9),
    'not there, 1 character': () => part('寸戈彳丷卅夂龠黹鬯鬲', 1),
  };
  return Object.fromEntries(Object.entries(kinds).map(([kind, of]) => [kind, rows.map(of).filter((text) => text.trim())]));
}

const agent = new Agent({ keepAlive: true, maxSockets: 2 });
function ask(url) {
  return new Promise((resolve, reject) => {
    const began = process.hrtime.bigint();
    get(url, { agent }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => resolve({ ms: Number(process.hrtime.bigint() - began) / 1e6, status: answer.statusCode, text: Buffer.concat(chunks).toString() }));
      answer.on('error', reject);
    }).on('error', reject);
  });
}
async function askAll(urls) {
  const answers = [], rest = urls.values();
  await Promise.all([0, 1].map(async () => {
    for (const url of rest) answers.push(await ask(url));
  }));
  return answers;
}
/** Milliseconds of processor time that the server has used. */
const used = () => readdirSync(`/proc/${server}/task`).reduce((sum, task) => sum + Number(readFileSync(`/proc/${server}/task/${task}/schedstat`, 'utf8').split(' ')[0]), 0) / 1e6;
const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
function line(name, times, rest = '') {
  const sorted = [...times].sort((a, b) => a - b);
  console.log(`  ${name.padEnd(28 - [...name].filter((c) => c > '\u2e80').length)}${quantile(sorted, 0.5).toFixed(2).padStart(9)}${quantile(sorted, 0.99).toFixed(2).padStart(9)}${sorted.at(-1).toFixed(2).padStart(9)}${rest}`);
  return quantile(sorted, 0.5);
}

if (command === 'draw') {
  console.log(JSON.stringify(draw(where, Number(file))));
} else if (command === 'ask') {
  const queries = JSON.parse(readFileSync(file, 'utf8')), all = [];
  if (how === 'warm') for (const texts of Object.values(queries)) await askAll(texts.map((text) => `${where}/search?q=${encodeURIComponent(text)}`));
  console.log(`${how}, milliseconds: median, p99, longest, processor time (mean); answers that are not complete; hits, median`);
  for (const [kind, texts] of Object.entries(queries)) {
    const before = used();
    const answers = await askAll(texts.map((text) => `${where}/search?q=${encodeURIComponent(text)}`));
    const wrong = answers.find((answer) => answer.status !== 200);
    if (wrong) throw new Error(`${kind}: ${wrong.status} ${wrong.text}`);
    const hits = answers.map((answer) => JSON.parse(answer.text));
    line(kind, answers.map((answer) => answer.ms), `${((used() - before) / answers.length).toFixed(2).padStart(9)}${`${Math.round(100 * hits.filter((each) => !each.complete).length / hits.length)} %`.padStart(8)}${String(quantile(hits.map((each) => each.results.length).sort((a, b) => a - b), 0.5)).padStart(6)}`);
    all.push(...answers.map((answer) => answer.ms));
  }
  const median = line('all', all);
  const floor = line('/healthz', (await askAll(Array.from({ length: 500 }, () => `${where}/healthz`))).map((answer) => answer.ms));
  console.log(`  all over /healthz: ${(median / floor).toFixed(1)}`);
  agent.destroy();
} else {
  const queries = JSON.parse(readFileSync(file, 'utf8'));
  console.log('SQLite, LIKE over row_parcel, milliseconds');
  for (const kind of ['village, 2 characters', 'project, 4 characters', 'not there']) {
    const times = queries[kind].slice(0, 5).map((text) => {
      const began = process.hrtime.bigint();
      execFileSync('sqlite3', ['-readonly', where, `SELECT key FROM row_parcel WHERE f_village LIKE '%${text}%' OR f_project LIKE '%${text}%' OR f_name LIKE '%${text}%' LIMIT 20`]);
      return Number(process.hrtime.bigint() - began) / 1e6;
    });
    line(kind, times);
  }
}
