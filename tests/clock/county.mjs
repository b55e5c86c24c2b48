// Every disclosure of a folder of ledgers such as the sample county's, judged by judge.mjs.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { readCounty } from '../browser/county.mjs';
import { dateOf, layer, table } from '../browser/ledger.mjs';
import { judged, procedures, since } from './judge.mjs';

const sample = join(dirname(fileURLToPath(import.meta.url)), '../../samples/dangshan');
const plainNo = (text) => text.normalize('NFKC').replace(/[[(（［【]/g, '〔').replace(/[\])）］】]/g, '〕').trim();
const day = (text) => (text ? dateOf(text) : null);
const first = (dates) => dates.filter(Boolean).sort()[0] ?? null;
const within = (after) => ({ after, unit: 'working days' });

const counties = new Map(); // folder → [parcel, what is linked to it]
function parcelsOf(folder) {
  if (!counties.has(folder)) {
    const county = readCounty(folder);
    counties.set(folder, county.parcels.map((parcel) => [parcel, county.dossier(parcel)]));
  }
  return counties.get(folder);
}

/** [{obligation, key, state, due, day, n}] as of a day; a row per obligation and row that it is about. */
export function outcomes(on, folder = sample) {
  const found = [], known = new Map();
  const judge = (rule) => { // the parcels of a project are judged alike
    const text = JSON.stringify(rule);
    if (!known.has(text)) known.set(text, judged(rule));
    return known.get(text);
  };
  const regimeOn = (date) => (!date ? null : date < '2020-01-01' ? '2020年前' : date < '2021-09-01' ? '2020至2021年8月' : '2021年9月起');
  const add = (obligation, key, rule) => found.push({ obligation, key,
    ...(rule.applies === false ? { state: 'not_applicable' } : judge({ shown: [], ...rule, on, regimes: procedures[obligation], from: since[obligation] })) });
  const shownOf = (rows, from, until) => rows.map((row) => [day(row[from]), until ? day(row[until]) : null]);
  for (const [parcel, { project: [project], approval, notice, preexamination }] of parcelsOf(folder)) {
    const received = first(approval.map((row) => day(row['收到批文时间']))), approved = first(approval.map((row) => day(row['批准时间'])));
    const regime = project?.['适用程序'] || regimeOn(received) || regimeOn(approved);
    const of = (kind) => notice.filter((row) => row['公告类型'] === kind);
    const done = project?.['办理阶段'] === '已批准', single = project?.['用地类型'] === '单独选址';
    const proved = (kind) => shownOf(of(kind), '发布时间', '公告结束时间');
    const put = (obligation, rule) => add(obligation, parcel.key, { regime, ...rule });
    put('land_notification', { applies: regime !== '2021年9月起', limit: { after: 0, unit: 'days' }, event: day(project?.['启动时间']), shown: proved('拟征收土地告知') });
    put('land_survey', { limit: within(5), event: day(project?.['调查结束时间']), shown: proved('拟征收土地现状调查') });
    put('hearing_notice', { applies: project?.['是否听证'] === '是', limit: { before: 7, unit: 'working days' },
      event: first(of('拟征地听证').map((row) => day(row['听证时间']))) ?? approved, shown: proved('拟征地听证') });
    put('application_documents', { applies: done, limit: within(10), event: received, shown: proved('征地报批材料') });
    put('approval_document', { applies: done, limit: within(10), event: received, shown: shownOf(approval.filter((row) => row['批文公开时间']), '批文公开时间') });
    put('pre_announcement', { applies: regime === '2021年9月起', limit: { before: 0, lasts: 10, unit: 'working days' },
      event: first(of('征地补偿安置公告').map((row) => row['发布时间'])) ?? approved, shown: proved('征收土地预公告') });
    put('compensation_announcement', { applies: regime !== '2020年前', limit: { before: 0, lasts: 30, unit: 'days' }, event: approved, shown: proved('征地补偿安置公告') });
    put('requisition_announcement', { applies: regime === '2021年9月起', limit: within(15), event: received, shown: proved('征收土地公告') });
    put('site_preexamination', { applies: single, limit: within(7), event: first(preexamination.map((row) => day(row['核发日期']))),
      shown: shownOf(preexamination.filter((row) => row['公开时间']), '公开时间') });
  }
  const csv = (name) => table(join(folder, `${name}.csv`));
  // About a project and about an approval as a whole, from their own ledgers, parcels or not.
  const preexaminations = csv('preexaminations');
  for (const project of csv('projects')) {
    const mine = preexaminations.filter((row) => row['项目编号'] === project['项目编号']);
    add('project_preexamination', project['项目编号'], { applies: project['用地类型'] === '单独选址', limit: within(7),
      event: first(mine.map((row) => day(row['核发日期']))), shown: shownOf(mine.filter((row) => row['公开时间']), '公开时间') });
  }
  for (const approval of table(join(folder, 'approvals.xlsx')))
    add('approval_publication', plainNo(approval['批准文号']), { limit: within(10), event: day(approval['收到批文时间']),
      shown: shownOf([approval].filter((row) => row['批文公开时间']), '批文公开时间') });
  const planNotices = csv('plan_notices');
  for (const plan of csv('plans')) {
    const key = plainNo(plan['规划批准文号']), event = day(plan['批准时间']);
    const of = (kind) => shownOf(planNotices.filter((row) => plainNo(row['规划批准文号']) === key && row['公示类型'] === kind), '公示时间', '公示结束时间');
    add('plan_draft_notice', key, { limit: { before: 0, lasts: 30, unit: 'days' }, event, shown: of('批前公示') });
    add('plan_result_publication', key, { limit: within(20), event, shown: of('批后公布') });
  }
  const decisions = csv('mining_decisions');
  for (const { properties: { XKZH: key } } of layer(join(folder, 'mining.shp'), 'CP936'))
    for (const [obligation, kinds] of Object.entries({ mining_decision: ['新立', '延续'], mining_change: ['变更', '注销'] })) {
      const mine = decisions.filter((row) => row['许可证号'] === key && kinds.includes(row['审批类型']));
      add(obligation, key, { limit: within(20), event: first(mine.map((row) => day(row['审批日期']))), shown: shownOf(mine.filter((row) => row['公开时间']), '公开时间') });
    }
  for (const policy of csv('policies'))
    add('policy_publication', policy['文号'], { limit: within(20), event: day(policy['成文日期']), shown: shownOf([policy].filter((row) => row['发布时间']), '发布时间') });
  return found;
}
