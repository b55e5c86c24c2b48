// Computes the scorecard of a running server again from what it gives the public, row by row (tests/http/recompute.mjs), and compares
// all counties, by obligation. usage: node --max-old-space-size=12000 recompute.mjs URL [DAY]
import { download, outcomes } from '../http/recompute.mjs';

const [url, day = new Date(Date.now() + 8 * 3600000).toISOString().slice(0, 10)] = process.argv.slice(2);
const get = async (path) => {
  const answer = await fetch(url + path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};
const seconds = (since) => ((performance.now() - since) / 1000).toFixed(0);
let since = performance.now();
const data = await download(get), card = await get(`/scorecard?as_of=${day}&level=6&by=obligation`);
console.log(`${Object.values(data.rows).reduce((n, rows) => n + rows.length, 0)} rows read in ${seconds(since)} s`);
since = performance.now();
const groups = new Map(), words = {};
let n = 0;
for (const { division, obligation, state } of outcomes(data, day)) {
  const id = `${division?.slice(0, 6) ?? ''} ${obligation}`;
  if (!groups.has(id)) groups.set(id, {});
  groups.get(id)[state] = (groups.get(id)[state] ?? 0) + 1;
  words[state] = (words[state] ?? 0) + 1;
  n += 1;
}
console.log(`${n} obligations of them computed in ${seconds(since)} s: ${Object.entries(words).map(([state, m]) => `${m} ${state}`).join(', ')}`);
let wrong = 0, compared = 0;
for (const { division, obligation, states } of card.groups) {
  const id = `${division?.code ?? ''} ${obligation}`, own = groups.get(id) ?? {};
  for (const [state, m] of Object.entries(states)) {
    compared += 1;
    if (m === (own[state] ?? 0)) continue;
    wrong += 1;
    console.error(`${id} ${state}: the scorecard says ${m}, computed are ${own[state] ?? 0}`);
  }
  groups.delete(id);
}
for (const id of groups.keys()) console.error(`${id}: is not in the scorecard`);
console.log(`${compared} figures of ${card.groups.length} groups compared, ${wrong + groups.size} differ`);
process.exit(wrong + groups.size > 0 ? 1 : 0);
