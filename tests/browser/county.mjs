// What the sample county's files say about a parcel, worked out here and not by dikuai.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { approvalNumbers, dateOf, inside, layer, plain, sumOfYuan, table } from './ledger.mjs';

export const AMOUNTS = ['土地补偿费', '安置补助费', '青苗和地上附着物补偿费', '社会保障费', '补偿总额'];
/** Groups of fewer rows are not shown to the public (min_rows of the catalogue). */
export const MIN_ROWS = 5;

const share = (a, b) => a.some((number) => b.includes(number));

export function readCounty(folder) {
  const path = (name) => ['csv', 'xlsx'].map((ending) => join(folder, `${name}.${ending}`)).find(existsSync);
  const rows = (name) => table(path(name));
  const numbered = (row) => ({ ...row, numbers: approvalNumbers(row['批准文号']) });

  const parcels = layer(join(folder, 'parcels.shp'), 'CP936').map(({ properties, geometry }) => {
    // A Shapefile's column names end after ten bytes: 土地征收文号 is cut.
    const numbers = Object.entries(properties).find(([name]) => name.startsWith('土地征收文'))[1] ?? '';
    return { id: properties.DKBH, name: properties.DKMC, village: properties['所属村'], project: properties.XMBH,
      hectares: properties.DKMJ, numbers: approvalNumbers(numbers), key: `${properties.XMBH}:${properties.DKBH}`, geometry, at: inside(geometry) };
  });
  const approvals = rows('approvals').map(numbered);
  const notices = rows('notices').map(numbered).map((row) => ({ ...row, ...Object.fromEntries(['发布时间', '公告结束时间', '听证时间']
    .filter((title) => row[title]).map((title) => [title, dateOf(row[title])])) }));
  const preexaminations = rows('preexaminations');
  const projects = rows('projects');
  const byId = Map.groupBy ? Map.groupBy(parcels, (parcel) => parcel.id) : parcels.reduce((map, parcel) =>
    map.set(parcel.id, [...(map.get(parcel.id) ?? []), parcel]), new Map());
  // A parcel's number is unique only within its approval: the row's project is that parcel's.
  const payments = rows('compensation').map(numbered).map((row) => ({ ...row,
    ...Object.fromEntries(AMOUNTS.map((title) => [title, plain(row[title])])),
    project: byId.get(row['地块编号'])?.find((parcel) => share(parcel.numbers, row.numbers))?.project }));

  const total = (group) => ({ rows: group.length, sums: Object.fromEntries(AMOUNTS.map((title) => [title, sumOfYuan(group.map((row) => row[title]))])) });

  return {
    parcels, projects, payments, approvals, notices,
    /** Everything of a parcel's dossier. */
    dossier(parcel) {
      const mine = {
        project: projects.filter((row) => row['项目编号'] === parcel.project),
        approval: approvals.filter((row) => share(row.numbers, parcel.numbers)),
        notice: notices.filter((row) => share(row.numbers, parcel.numbers)
          || (row['项目编号'] === parcel.project && !(row.numbers.length && parcel.numbers.length))),
        preexamination: preexaminations.filter((row) => row['项目编号'] === parcel.project),
        compensation: payments.filter((row) => row['地块编号'] === parcel.id && share(row.numbers, parcel.numbers)),
      };
      const dates = { project: ['启动时间', '调查结束时间'], approval: ['批准时间', '收到批文时间', '批文公开时间'],
        notice: ['发布时间', '公告结束时间', '听证时间'], preexamination: ['核发日期', '公开时间'], compensation: ['支付日期'] };
      const events = Object.entries(dates).flatMap(([kind, titles]) => mine[kind].flatMap((row) => titles
        .filter((title) => row[title]).map((title) => ({ date: dateOf(row[title]), kind, title }))));
      const collectives = [...new Set(mine.compensation.map((row) => row['受款单位']))];
      const ofProject = payments.filter((row) => row.project === parcel.project);
      return { ...mine, collectives,
        // Payments have no name of their own: the page counts those of one day.
        timeline: [...new Map(events.map((event) => [event.kind === 'compensation' ? `${event.kind} ${event.date}` : JSON.stringify(event) + events.indexOf(event), event])).values()]
          .map((event) => `${event.date} ${event.kind} ${event.title}`).sort(),
        total: total(ofProject),
        byCollective: new Map(collectives.map((name) => [name, total(ofProject.filter((row) => row['受款单位'] === name))])) };
    },
  };
}
