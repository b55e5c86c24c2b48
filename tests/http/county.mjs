// A county of a few rows, made for these tests, and the real server on it.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const ingest = process.env.DK_INGEST ?? join(repository, 'build', 'ingest', 'dikuai-ingest');
export const tiler = process.env.DK_TILER ?? join(repository, 'build', 'tiler', 'dikuai-tiler');
// Without sanitizers, where tests/run has built them: for what is large, and is done small with them elsewhere.
const unsanitized = (name) => join(process.env.DK_BUILD, name, `dikuai-${name}`);
export const plainIngest = process.env.DK_BUILD ? unsanitized('ingest') : ingest;
export const plainTiler = process.env.DK_BUILD ? unsanitized('tiler') : tiler;
for (const program of [ingest, tiler, plainIngest, plainTiler]) {
  if (!existsSync(program)) throw new Error(`${program} is not there: build it, or set DK_INGEST and DK_TILER`);
}

/** Staff of the division 341321, and of the whole store. */
export const STAFF = 'staff-token-of-dangshan';
export const CHIEF = 'chief-token-of-everything';

export const catalogue = `title: 测试县
publisher: 测试局
map_approval_no: 测S(2024)1号
extent: [117.0, 31.5, 117.5, 32.0]
layers:
  - name: parcel
    title: 征收地块
    geometry: polygon
    key: {field: id, qualify: [project_id]}
    division: division
    label: name
    zooms: [6, 16]
    fields:
      - {name: id, title: 地块编号, type: text, audience: public, required: true, tiles: true, search: true}
      - {name: name, title: 地块名称, type: text, audience: public, tiles: true, search: true}
      - {name: division, title: 行政区划代码, type: division, audience: public, required: true, tiles: true}
      - {name: project_id, title: 项目编号, type: text, audience: public, tiles: true, search: true}
      - {name: approval_no, title: 批准文号, type: approval_no, audience: public, tiles: true, search: true}
      - {name: households, title: 户数, type: integer, audience: public, tiles: true}
      - {name: surveyed_on, title: 调查日期, type: date, audience: staff}
      - {name: owner, title: 户主, type: text, audience: staff, tiles: true, search: true}
      - {name: id_number, title: 身份证号, type: text, audience: never}
      - {name: area_m2, title: 面积, type: number, unit: m2, audience: public, tiles: true, computed: area}
records:
  - name: project
    title: 用地项目
    key: {field: project_id}
    label: name
    fields:
      - {name: project_id, title: 项目编号, type: text, audience: public, required: true, search: true}
      - {name: name, title: 项目名称, type: text, audience: public, search: true}
      - {name: regime, title: 适用程序, type: text, audience: public}
  - name: approval
    title: 用地批复
    key: {field: approval_no}
    date: approved_on
    label: approval_no
    fields:
      - {name: approval_no, title: 批准文号, type: approval_no, audience: public, required: true, search: true}
      - {name: project_id, title: 项目编号, type: text, audience: public}
      - {name: approved_on, title: 批准时间, type: date, audience: public}
      - {name: received_on, title: 收文时间, type: date, audience: staff}
  - name: notice
    title: 征地公告
    key: {field: id}
    date: published_on
    label: title
    fields:
      - {name: id, title: 公告编号, type: text, audience: public, required: true}
      - {name: project_id, title: 项目编号, type: text, audience: public}
      - {name: approval_no, title: 批准文号, type: approval_no, audience: public}
      - {name: kind, title: 公告类型, type: text, audience: public, required: true}
      - {name: title, title: 公告名称, type: text, audience: public, search: true}
      - {name: published_on, title: 发布时间, type: date, audience: public}
  - name: compensation
    title: 征地补偿
    key: {field: id}
    division: division
    fields:
      - {name: id, title: 补偿编号, type: text, audience: public, required: true}
      - {name: parcel, title: 地块, type: text, audience: public, required: true}
      - {name: project_id, title: 项目编号, type: text, audience: public}
      - {name: division, title: 行政区划代码, type: division, audience: public}
      - {name: collective, title: 受款单位, type: text, audience: public}
      - {name: total, title: 补偿总额, type: number, unit: yuan, audience: staff}
      - {name: payee, title: 农户, type: text, audience: staff, search: true}
      - {name: bank_account, title: 账号, type: text, audience: never}
    totals:
      - {by: [project_id], sum: [total], min_rows: 5, audience: public}
      - {by: [project_id, collective], sum: [total], min_rows: 5, audience: public}
  - name: preexamination
    title: 用地预审
    key: {field: number}
    date: decided_on
    label: number
    fields:
      - {name: number, title: 编号, type: text, audience: public, required: true}
      - {name: project_id, title: 项目编号, type: text, audience: public}
      - {name: decided_on, title: 日期, type: date, audience: public}
links:
  - from: parcel
    to: approval
    on:
      - match: {approval_no: approval_no}
  - from: parcel
    to: project
    on:
      - match: {project_id: project_id}
  - from: notice
    to: parcel
    on:
      - match: {approval_no: approval_no}
      - {match: {project_id: project_id}, unless: {approval_no: approval_no}}
  - from: compensation
    to: parcel
    on:
      - match: {parcel: id, project_id: project_id}
  - from: preexamination
    to: project
    on:
      - match: {project_id: project_id}
items:
  - id: pre_announcement
    category: 征地公告
    title: 征收土地预公告
    about: parcel
    applies: {project.regime: [2021年9月起]}
    proved_by:
      - {record: notice, where: {kind: 征收土地预公告}}
  - id: old_notification
    category: 征地告知
    title: 拟征收土地告知
    about: parcel
    applies: {project.regime: [2020年前]}
    proved_by:
      - {record: notice, where: {kind: 告知}}
  - id: approval_document
    category: 征地批准
    title: 用地批复
    about: parcel
    proved_by:
      - {record: approval}
  - id: compensation_plan
    category: 补偿
    title: 补偿安置公告
    about: parcel
    proved_by:
      - {record: notice, where: {kind: 补偿安置公告}}
`;

const WEST = 117.2, SOUTH = 31.8, STEP = 0.002;
/** The square in that column and row of a grid, as a ring in degrees. */
export function square(column, row, size = STEP) {
  const west = WEST + column * STEP, south = SOUTH + row * STEP;
  return [[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]];
}
const reversed = (ring) => [...ring].reverse();
const inner = (column, row) => reversed(square(column + 0.25, row + 0.25, STEP / 2));

/** Rows as they are written to the files that are loaded. */
export const parcels = [
  { id: 'DK001', name: '一号地', division: '341321101', project_id: 'X1', approval_no: '皖政地[2021]1号、皖政地[2021]2号', households: 3,
    surveyed_on: '2020-12-01', owner: '王大户', id_number: '341321199001011234', geometry: { type: 'Polygon', coordinates: [square(0, 0)] } },
  { id: 'DK002', name: '二号地', division: '341321101', project_id: 'X1', approval_no: '皖政地（2021）1号', households: 5,
    owner: '李二户', id_number: '341321199001011235', geometry: { type: 'Polygon', coordinates: [square(1, 0), inner(1, 0)] } },
  { id: 'DK003', name: '三号地', division: '341321102', project_id: 'X1', approval_no: '皖政地〔2021〕1号', households: -2,
    owner: '赵三户', geometry: { type: 'MultiPolygon', coordinates: [[square(3, 0)], [square(5, 0)]] } },
  { id: 'DK001', name: '另一个一号地', division: '340111001', project_id: 'X2', households: 1,
    owner: '孙四户', geometry: { type: 'Polygon', coordinates: [square(0, 10)] } },
  { id: '甲/乙 丙?', name: '怪号"地\\', division: '340111001', project_id: 'X2',
    owner: '钱五户', geometry: { type: 'Polygon', coordinates: [square(2, 10)] } },
];
const tables = {
  project: [['project_id', 'name', 'regime'], ['X1', '测试工业园', '2021年9月起'], ['X2', '测试学校', '2020年前']],
  approval: [['approval_no', 'project_id', 'approved_on', 'received_on'],
    ['皖政地〔2021〕1号', 'X1', '2021-03-05', '2021-03-15'], ['皖政地〔2021〕2号', 'X1', '2021-06-05', '2021-06-15']],
  notice: [['id', 'project_id', 'approval_no', 'kind', 'title', 'published_on'],
    ['G1', 'X1', '', '征收土地预公告', '测试工业园预公告', '2020-10-01'],
    ['G2', 'X1', '皖政地〔2021〕2号', '征收土地公告', '测试工业园公告', '2021-07-01']],
  compensation: [['id', 'parcel', 'project_id', 'division', 'collective', 'total', 'payee', 'bank_account'],
    ['B1', 'DK001', 'X1', '341321101', '一组', '100.10', '张甲', '6222000000000001'],
    ['B2', 'DK001', 'X1', '341321101', '一组', '200.20', '张乙', '6222000000000002'],
    ['B3', 'DK002', 'X1', '341321101', '二组', '300.30', '张丙', '6222000000000003'],
    ['B4', 'DK002', 'X1', '341321101', '一组', '400.40', '张丁', '6222000000000004'],
    ['B5', 'DK003', 'X1', '341321102', '三组', '500.50', '张戊', '6222000000000005'],
    ['B6', 'DK003', 'X1', '341321102', '四组', '600.60', '张己', '6222000000000006']],
  preexamination: [['number', 'project_id', 'decided_on'], ['预审1号', 'X1', '2020-09-01']],
};

const folders = [], children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

/** A folder that goes when the process ends. */
export function folder() {
  const path = mkdtempSync(join(tmpdir(), 'dikuai-http-'));
  folders.push(path);
  return path;
}

export function run(...args) {
  return execFileSync(ingest, args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
}

export function featureCollection(rows) {
  return JSON.stringify({ type: 'FeatureCollection', features: rows.map(({ geometry, ...properties }) =>
    ({ type: 'Feature', properties, geometry })) });
}

/** The store with all rows published; its folder also holds the token file. tests/run names a folder in DK_STORES where
 * the first who needs the store of the catalogue above leaves it for the others. */
export function makeStore(yaml = catalogue) {
  const dir = folder(), store = join(dir, 'county.dk');
  const shared = process.env.DK_STORES && yaml === catalogue ? join(process.env.DK_STORES, 'county') : null;
  if (shared && existsSync(shared)) {
    cpSync(shared, dir, { recursive: true });
    return store;
  }
  const put = (name, text) => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  run('create', store, '--catalogue', put('catalogue.yaml', yaml));
  for (const [kind, rows] of Object.entries(tables).filter(([kind]) => kind !== 'compensation')) {
    run('load', store, kind, put(`${kind}.csv`, rows.map((row) => row.join(',')).join('\n') + '\n'), '--publish');
  }
  run('load', store, 'parcel', put('parcel.geojson', featureCollection(parcels)), '--publish');
  run('load', store, 'compensation', put('compensation.csv', tables.compensation.map((row) => row.join(',')).join('\n') + '\n'), '--publish');
  put('tokens', `# for the tests\n${STAFF} 341321 张三\n\n${CHIEF}\t*\t李四 # all\n`);
  if (shared) {
    const copy = mkdtempSync(`${shared}-`);
    cpSync(dir, copy, { recursive: true });
    try {
      renameSync(copy, shared); // whole or not at all
    } catch { // another was first
      rmSync(copy, { recursive: true });
    }
  }
  return store;
}

/** Starts the server and waits for its address: {url, child, ended, errors(), stop()}. Options are the program's; a last
 * one {tiler} names another program. */
export async function serve(store, ...options) {
  const program = typeof options.at(-1) === 'object' ? options.pop().tiler : tiler;
  const args = [store, '--listen', '127.0.0.1:0', '--threads', '2', '--token-file', join(dirname(store), 'tokens'), ...options];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let stdout = '', stderr = '';
  const ended = new Promise((resolve) => {
    child.on('close', (code, signal) => {
      children.delete(child);
      resolve({ code, signal, stdout, stderr });
    });
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (data) => {
      stdout += data;
      const found = /^dikuai-tiler: serving .* on (http:\/\/\S+)\/\n$/m.exec(stdout);
      if (found) resolve(found[1]);
    });
    child.on('exit', (code) => reject(new Error(`dikuai-tiler ended with ${code}: ${stderr}`)));
  });
  return { url, child, ended, errors: () => stderr, stop: () => {
    child.kill('SIGTERM');
    return ended;
  } };
}

/** One request, nothing decoded or followed: {status, headers, body, text, json}. */
export function get(url, { token, method = 'GET', headers = {}, agent, body } = {}) {
  return new Promise((resolve, reject) => {
    const all = { ...headers };
    if (token !== undefined) all.Authorization = `Bearer ${token}`;
    const call = httpRequest(url, { method, headers: all, agent }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const raw = Buffer.concat(chunks);
        const plain = response.headers['content-encoding'] === 'gzip' && raw.length > 0 ? gunzipSync(raw) : raw;
        resolve({ status: response.statusCode, headers: response.headers, raw, body: plain,
          get text() { return plain.toString('utf8'); },
          get json() { return parsed(plain.toString('utf8')); } });
      });
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** A JSON answer, which has no member twice (RFC 7493, 2.3): parsers take the first, the last, or refuse it. Long ones are not looked through. */
function parsed(text) {
  const objects = [];
  for (const [token, name, colon] of text.length < 32768 ? text.matchAll(/("(?:[^"\\]|\\.)*")(:?)|[{}]/g) : []) {
    if (token === '{') objects.push(new Set());
    else if (token === '}') objects.pop();
    if (!colon) continue;
    if (objects.at(-1).has(name)) throw new Error(`the member ${name} comes twice in ${text.slice(0, 300)}`);
    objects.at(-1).add(name);
  }
  return JSON.parse(text);
}

/** Bytes sent as they are; gives everything that comes back until the connection closes. */
export function raw(url, bytes) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.end(bytes));
    const chunks = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.on('error', (error) => (chunks.length ? resolve(Buffer.concat(chunks).toString('latin1')) : reject(error)));
  });
}

/** The tile that holds a position in degrees. */
export function tileOf(lon, lat, z) {
  const n = 2 ** z, phi = lat * Math.PI / 180;
  return { z, x: Math.floor((lon + 180) / 360 * n), y: Math.floor((1 - Math.asinh(Math.tan(phi)) / Math.PI) / 2 * n) };
}

/** A position in units of 1/4096 of a tile, by the formulas of Web Mercator. */
export function inTile([lon, lat], { z, x, y }) {
  const n = 2 ** z, phi = lat * Math.PI / 180;
  return [((lon + 180) / 360 * n - x) * 4096, ((1 - Math.asinh(Math.tan(phi)) / Math.PI) / 2 * n - y) * 4096];
}
