// What a disclosure comes to, by the words of the rules in the README, without dikuai: working days by chinese-days, days by
// JavaScript's Date. Slow and plain on purpose.
import { createRequire } from 'node:module';

const { getWorkdaysInRange, isWorkday } = createRequire(import.meta.url)('chinese-days');

export const plus = (date, n) => new Date(Date.parse(`${date}T00:00:00Z`) + n * 86400000).toISOString().slice(0, 10);
const days = (from, to) => Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86400000);
export const workdays = (from, to) => (from <= to ? getWorkdaysInRange(plus(from, 1), to).length : -getWorkdaysInRange(plus(to, 1), from).length);
export const stepping = (date, n) => { // not findWorkday, which counts.json is compared with
  let at = date;
  for (let left = Math.abs(n); left > 0;) if (isWorkday(at = plus(at, Math.sign(n)))) left--;
  return at;
};

/** What the law says of a case: the state on its day, by the words of the rule. */
export function judged({ limit, regimes, regime, event, shown, on, from }) {
  const working = limit.unit === 'working days';
  const after = (date, n) => (working ? stepping(date, n) : plus(date, n));
  const between = (a, b) => (working ? workdays(a, b) : days(a, b));
  const past = (a, b) => Math.max(1, between(a, b));
  if (regimes && regime && !regimes.includes(regime)) return { state: 'not_applicable' };
  if (regimes && !regime) return { state: 'unknown' };
  if (event && from && event < from) return { state: 'not_applicable' };
  let due;
  if (event && 'after' in limit) {
    due = after(event, limit.after);
    if (limit.roll) while (!isWorkday(due)) due = plus(due, 1);
    if (due > '2026-12-31') return { state: 'unknown' };
  } else if (event) {
    due = after(event, -limit.before);
    // The last day from which `lasts` is complete: tried day by day.
    if (limit.lasts) while (after(due, limit.lasts) > event) due = plus(due, -1);
  }
  const result = (state, day, n) => ({ due, state, ...(day && { day }), ...(n !== undefined && { n }) });
  if (shown.some(([begin]) => begin === null)) return result('unknown');
  const scheduled = limit.before > 0;
  const known = event && (event <= on || scheduled);
  const judge = ([begin, end]) => {
    const needed = limit.lasts && after(begin, limit.lasts);
    if (needed && end && end < needed && end < on) return { rank: 3, ...result('short', end, Math.max(1, between(end, needed))) };
    if (known && begin > due) return { rank: 2, ...result('late', begin, past(due, begin)) };
    if (needed && on < needed) return { rank: 1, ...result('due', needed, between(on, needed)) };
    return { rank: 1, ...result('met', needed || begin, known ? between(begin, due) : undefined) };
  };
  const judgements = shown.filter(([begin]) => begin <= on).map(judge).sort((a, b) => a.rank - b.rank);
  if (judgements.length > 0 && !event && !limit.lasts) return result('after' in limit ? 'unknown' : 'waiting');
  if (judgements.length > 0) { const { rank, ...best } = judgements[0]; return best; }
  if (!known) return result('waiting');
  return on <= due ? result('due', due, between(on, due)) : result('missing', due, past(due, on));
}

const OLD = '2020年前', MID = '2020至2021年8月', NEW = '2021年9月起';
export const procedures = { land_notification: [OLD, MID], land_survey: [OLD, MID, NEW], hearing_notice: [OLD, MID, NEW], application_documents: [OLD, MID, NEW],
  requisition_announcement_2019: [OLD, MID], compensation_plan_announcement: [OLD], compensation_announcement: [MID, NEW], pre_announcement: [NEW],
  requisition_announcement: [NEW] };
export const since = { land_notification: '2019-08-01', land_survey: '2019-08-01', application_documents: '2019-08-01', approval_publication: '2019-08-01', requisition_announcement: '2021-09-01',
  plan_result_publication: '2019-05-15', mining_decision: '2019-05-15', mining_change: '2019-05-15', policy_publication: '2019-05-15' };
