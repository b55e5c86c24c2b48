// Two counties that differ in nothing but what is hidden: values of fields, divisions among them, rows of kinds that few see, amounts of groups
// too small for a total, documents for staff, and batches that wait. No answer to the public, nor to members of a village
// elsewhere, tells the one from the other; not even how long the log is.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { catalogue, CHIEF, featureCollection, get, makeStore, run, serve, square, tileOf } from './county.mjs';
import { pdf } from '../ingest/scans.mjs';

const ELSEWHERE = 'members-of-a-village-elsewhere';
const yaml = catalogue
  .replace('title: 户主, type: text, audience: staff, tiles: true, search: true}', `title: 户主, type: text, audience: staff, tiles: true, search: true, pinyin: true, mask: {public: name}}
      - {name: shares, title: 分配, type: text, audience: group, tiles: true, search: true, index: true}
      - {name: last_payee, title: 末次受款人, type: text, audience: staff, linked: {field: compensation.payee, as: only}}`)
  .replace('    label: approval_no\n', '    label: approval_no\n    documents: public\n')
  .replace('records:\n', `  - name: stakeout
    title: 放线
    audience: group
    geometry: polygon
    key: {field: code}
    division: code
    zooms: [6, 16]
    fields:
      - {name: code, title: 代码, type: division, audience: public, required: true, tiles: true, search: true}
records:
  - name: complaint
    title: 信访
    audience: staff
    key: {field: id}
    division: division
    date: received_on
    fields:
      - {name: id, title: 编号, type: text, audience: staff, required: true, search: true}
      - {name: parcel, title: 地块, type: text, audience: staff}
      - {name: division, title: 区划, type: division, audience: staff}
      - {name: received_on, title: 日期, type: date, audience: staff}
  - name: visit
    title: 入户
    key: {field: id}
    division: division
    fields:
      - {name: id, title: 编号, type: text, audience: public, required: true}
      - {name: project_id, title: 项目, type: text, audience: public, index: true}
      - {name: division, title: 区划, type: division, audience: staff}
      - {name: held_on, title: 日期, type: date, audience: public}
`)
  .replace('links:\n', `links:
  - {from: complaint, to: parcel, on: [{match: {parcel: key}}]}
  - {from: stakeout, to: parcel, on: [{match: {code: division}}]}
  - {from: notice, to: visit, on: [{match: {project_id: project_id}}]}
`).replace('items:\n', `lists:
  - {id: visits, title: 入户, audience: public, of: visit, by: project_id, columns: [visit.id, visit.held_on]}
obligations:
  - {id: visited, item: visited, after: visit.held_on, within: 5 days}
items:
  - {id: visited, title: 入户公开, about: visit, proved_by: [{record: notice, where: {kind: 入户}}]}
`);

/** secret: one of the two. */
async function county(secret) {
  const store = makeStore(yaml), dir = dirname(store);
  const load = (kind, name, text, ...options) => {
    writeFileSync(join(dir, name), text);
    run('load', store, kind, join(dir, name), ...options);
  };
  const parcel = (id, division, column, more) => ({ id, name: `地块${id}`, division, project_id: 'X1', approval_no: '皖政地〔2021〕1号', geometry: { type: 'Polygon', coordinates: [square(column, 3)] }, ...more });
  load('parcel', 'h.geojson', featureCollection([
    parcel('H1', '341321101', 10, secret ? { owner: '欧阳锋', shares: '一份', id_number: '1', surveyed_on: '1987-01-02' } : { owner: '欧某某' }),
    parcel('H2', '341321101', 14, secret ? { owner: '黄药师', shares: '一份' } : { owner: '黄乙丙', shares: '两份', surveyed_on: '2001-01-02' })]), '--publish');
  load('complaint', 'c.csv', `id,parcel,division,received_on\n${secret ? 'C1,X1:H1,341321101,1988-01-01\nC2,X1:H1,341321101,1988-01-02' : 'D1,X1:H2,341321101,1999-01-01'}\n`, '--publish');
  load('stakeout', 's.geojson', featureCollection([secret ? { code: '341321101', geometry: { type: 'Polygon', coordinates: [square(10, 3)] } }
    : { code: '341321102', geometry: { type: 'Polygon', coordinates: [square(30, 3)] } }]), '--publish');
  load('compensation', 'k.csv', `id,parcel,project_id,division,collective,total,payee\n${(secret ? [1, 2, 3] : [3, 2, 1]).map((total, i) =>
    `K${i},H1,X1,341321101,新组,${total},${secret ? `甲${i}` : '同一人'}`).join('\n')}\n`, '--publish');
  load('visit', 'v.csv', `id,project_id,division,held_on\n${[1, 2, 3].map((i) => `V${i},X1,${secret ? '341321101' : `34132110${i + 2}`},2021-02-0${i}`).join('\n')}\n`, '--publish');
  const scan = join(dir, secret ? '皖政地2021-1号 甲.pdf' : '皖政地2021-1号 乙.pdf');
  writeFileSync(scan, pdf(secret ? '甲' : '乙乙'));
  run('attach', store, 'approval', scan, '--audience', 'staff', '--publish');
  if (secret) {
    load('parcel', 'w.geojson', featureCollection([parcel('H10', '341321101', 20, { owner: '候补' })]));
    load('notice', 'w.csv', 'id,project_id,approval_no,kind,title,published_on\nN9,X1,,征收土地公告,待发公告,2021-01-01\n');
  }
  appendFileSync(join(dir, 'tokens'), `${ELSEWHERE} group:340111 外村\n`);
  const server = await serve(store);
  after(() => server.stop());
  return server;
}
const [one, other] = [await county(true), await county(false)];

const e = encodeURIComponent;
function* addresses() {
  yield* ['/', '/?f=json', '/catalogue', '/api', '/collections', '/lists', '/batches', '/log/checkpoint', '/xyz/parcel.json', '/xyz/stakeout.json'];
  yield* ['/lists/visits?project_id=X1&f=json', '/collections/visit/items', '/collections/visit/items/V1/dossier', '/scorecard', '/due'];
  for (const division of ['', '3413', '341321', '341321101', '341321103'])
    for (const more of ['level=12', 'level=12&f=csv', 'level=12&as_of=2021-02-08', 'level=12&by=obligation', 'f=html']) yield `/scorecard?division=${division}&${more}`;
  for (const division of ['3413', '341321', '341321101', '341321103'])
    yield* [`/lists/visits?division=${division}&f=json`, ...['state=missing', 'state=missing&level=12', 'state=missing&f=csv'].map((query) => `/scorecard/rows?division=${division}&${query}`)];
  yield* ['', '&f=csv', '&f=html'].map((more) => `/scorecard/rows?state=missing${more}`);
  for (const key of ['H1', 'H2', 'H10']) for (const part of ['', '?f=html', '/dossier', '/overlaps', '/compensation', '/complaint', '/stakeout', '/approval', '/proof']) yield `/collections/parcel/items/X1%3A${key}${part}`;
  for (const part of ['/dossier', '/dossier?f=html']) yield* [`/collections/approval/items/${e('皖政地〔2021〕1号')}${part}`, `/collections/project/items/X1${part}`];
  for (const kind of ['parcel', 'compensation', 'approval', 'complaint', 'stakeout']) {
    const c = `/collections/${kind}`;
    yield* [c, `${c}/schema`, `${c}/queryables`, ...['', '?limit=2', '?f=csv', '?f=geojsonseq', '?f=html', '?count=true', '?q=H1', '?q=%E6%AC%A7', '?datetime=1987-01-01/..', '?bbox=117.2,31.8,117.3,31.9'].map((query) => `${c}/items${query}`)];
    if (kind !== 'approval' && kind !== 'stakeout') for (const field of ['id', 'owner', 'shares', 'last_payee', 'surveyed_on', 'id_number', 'payee', 'total', 'received_on', 'code'])
      yield* [`${c}/items?sortby=-${field}`, `${c}/items?${field}=1`, `${c}/items?filter=${e(`${field} IS NULL`)}`, `${c}/statistics?group_by=${field}`, `${c}/statistics?sum=${field}`, `${c}/statistics?group_by=compensation.${field}`,
        `${c}/statistics?group_by=complaint.${field}`];
  }
  for (const q of ['欧阳', 'oyf', '一份', 'C1', 'H1', 'H', 'X1', '甲', '1987', '341321101', '新组', '待发', '公告']) for (const more of ['', '&limit=1', '&per_kind=1']) yield `/search?q=${e(q)}${more}`;
  for (const place of ['point=117.221,31.807', 'bbox=117,31.5,117.5,32']) for (const more of ['', '&layers=stakeout', '&f=html']) yield `/overlaps?${place}${more}`;
  for (const layers of ['parcel', 'stakeout', 'parcel_grid', 'stakeout_grid', 'parcel,parcel_grid'])
    for (let z = 6; z <= 16; z += 2) for (const lon of [117.221, 117.229, 117.241]) {
      const { x, y } = tileOf(lon, 31.807, z);
      yield `/xyz/${layers}/${z}/${x}/${y}`;
    }
}
/** Without what no two counties have in common: times, and what the log makes of random numbers. */
const strip = (answer, server) => answer.body.toString('latin1').replaceAll(server.url, '').replace(/"(published_at|timeStamp|at|attached_at)":"[^"]*"/g, '')
  .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?Z?/g, '').replace(/<time datetime="">[^<]*/g, '<time>').replace(/[A-Za-z0-9+/]{43}=/g, 'DIGEST');

for (const [viewer, token] of [['the public', undefined], ['members of a village elsewhere', ELSEWHERE]]) {
  test(`${viewer} cannot tell the two counties apart`, async () => {
    let n = 0, shown = 0;
    for (const path of addresses()) {
      const [a, b] = await Promise.all([one, other].map((server) => get(server.url + path, { token, headers: { 'Accept-Encoding': 'gzip' } })));
      assert.equal(a.status, b.status, path);
      assert.equal(strip(a, one), strip(b, other), path);
      n++;
      shown += a.status === 200;
    }
    assert.ok(n > 400 && shown > 120, `${shown} of ${n}`);
  });
}

test('those who may, can: the comparison would have found it', async () => {
  for (const path of ['/due', '/collections/visit/items', '/collections/parcel/items', '/collections/complaint/items', '/search?q=C1', '/collections/compensation/items', '/batches', '/collections/parcel/statistics?group_by=last_payee']) {
    const [a, b] = await Promise.all([one, other].map((server) => get(server.url + path, { token: CHIEF })));
    assert.notEqual(strip(a, one), strip(b, other), path);
  }
});
