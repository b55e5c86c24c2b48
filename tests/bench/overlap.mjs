// Asks dikuai and PostGIS about the same polygons, and compares: with ST_Area(geography) rows that have 10 m² in common or more,
// since dikuai writes areas to 0.01 m².
// usage: node overlap.mjs URL PID KM2 WEST SOUTH EAST NORTH
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';

const [url, pid, km2, ...corners] = process.argv.slice(2);
const [west, south, east, north] = corners.map(Number), ROUNDS = 15;

// The official area in closed form: edges are straight in the plane of longitude and of the area from the equator, CGCS2000.
const A = 6378137, F = 1 / 298.257222101, E2 = F * (2 - F), E = Math.sqrt(E2), B2 = (A * (1 - F)) ** 2, RADIAN = Math.PI / 180;
const northward = (lat) => {
  const s = Math.sin(lat * RADIAN);
  return B2 / 2 * (s / (1 - E2 * s * s) + Math.log((1 + E * s) / (1 - E * s)) / (2 * E));
};
function ringArea(ring) {
  const base = northward(ring[0][1]);
  const places = ring.map(([lon, lat]) => [(lon - ring[0][0]) * RADIAN, northward(lat) - base]);
  let sum = 0;
  for (let i = 0; i + 1 < places.length; i++) sum += places[i][0] * places[i + 1][1] - places[i + 1][0] * places[i][1];
  return Math.abs(sum) / 2;
}
const polygonArea = ([outer, ...holes]) => ringArea(outer) - holes.reduce((sum, hole) => sum + ringArea(hole), 0);
function areaOf(geometry) {
  if (geometry.type === 'Polygon') return polygonArea(geometry.coordinates);
  if (geometry.type === 'MultiPolygon') return geometry.coordinates.reduce((sum, polygon) => sum + polygonArea(polygon), 0);
  return geometry.type === 'GeometryCollection' ? geometry.geometries.reduce((sum, part) => sum + areaOf(part), 0) : 0;
}

/** A star-shaped polygon of that area, near enough. */
function polygon(lon, lat, vertices, wiggle) {
  const radius = Math.sqrt(km2 / Math.PI) / 111, squeeze = Math.cos(lat * RADIAN);
  const shape = (scale) => {
    const ring = Array.from({ length: vertices }, (_, i) => {
      const t = i / vertices * 2 * Math.PI, r = radius * scale * (1 + wiggle * Math.sin(t * 5 + lon * 100) + wiggle / 4 * Math.sin(t * 61));
      return [lon + r * Math.cos(t) / squeeze, lat + r * Math.sin(t)].map((x) => Number(x.toFixed(9)));
    });
    return [...ring, ring[0]];
  };
  return { type: 'Polygon', coordinates: [shape(Math.sqrt(km2 * 1e6 / ringArea(shape(1))))] };
}

function post(body, agent, limit) {
  return new Promise((resolve, reject) => {
    const call = request(`${url}/overlaps?layers=zone&limit=${limit}`, { method: 'POST', agent, headers: { 'Content-Type': 'application/geo+json' } }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => (answer.statusCode === 200 ? resolve(JSON.parse(Buffer.concat(parts))) : reject(new Error(`${answer.statusCode}: ${Buffer.concat(parts)}`))));
    });
    call.on('error', reject);
    call.end(body);
  });
}
// The server's processor milliseconds so far.
const tick = 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
function processor() {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ').slice(11, 13).map(Number);
  return (user + system) * tick;
}
const psql = (sql) => execFileSync('psql', ['-AtX', '-F', '\t'], { input: sql, encoding: 'utf8', maxBuffer: 1 << 30 });
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

console.log('    polygon rows  border | dikuai ms  slowest  cpu ms | PostGIS ms  ratio | rows differ  by geography, %  by the formula, m2  total by kind, m2');
for (const [name, vertices, wiggle] of [['12 corners', 12, 0.05], ['2,000 corners', 2000, 0.2], ['20,000 corners', 20000, 0.2]]) {
  for (const at of [0.35, 0.6]) {
    const question = polygon(west + (east - west) * at, south + (north - south) * at, vertices, wiggle), body = JSON.stringify(question);
    const times = [], agent = new Agent({ keepAlive: true }); // the server closes a connection that is idle while PostGIS works
    const answer = await post(body, agent, 10000); // all rows, to be compared
    await post(body, agent, 1000);
    const before = processor();
    for (let i = 0; i < ROUNDS; i++) {
      const began = performance.now();
      await post(body, agent, 1000);
      times.push(performance.now() - began);
    }
    const used = (processor() - before) / ROUNDS;
    agent.destroy();
    const quoted = `ST_GeomFromGeoJSON('${body}')`;
    const theirs = psql(`set search_path = public;
      create temp table q as select ST_SetSRID(${quoted}, 4490) as geom;
      \\timing on
      create temp table timed as select key, kind, common, ST_Area(common::geography) as area
        from (select z.key, z.kind, ST_Intersection(z.geom, q.geom) as common from zone z, q where ST_Intersects(z.geom, q.geom) offset 0) as cut;
      \\timing off
      select key, area, ST_AsGeoJSON(common, 15), kind from timed`);
    const theirMs = Number(/^Time: ([\d.]+) ms/m.exec(theirs)[1]);
    const expected = new Map(), kinds = new Map();
    for (const line of theirs.split('\n')) {
      const [key, area, geometry, kind] = line.split('\t');
      if (geometry === undefined) continue;
      const official = areaOf(JSON.parse(geometry));
      expected.set(key, { area: Number(area), official });
      kinds.set(kind, (kinds.get(kind) ?? 0) + official);
    }
    const layer = answer.layers[0];
    let wrongRows = 0, geography = 0, formula = 0, total = 0;
    for (const { key, area_m2: area } of layer.items) {
      const their = expected.get(key);
      if (!their) { wrongRows++; continue; }
      expected.delete(key);
      formula = Math.max(formula, Math.abs(area - their.official));
      if (their.area >= 10) geography = Math.max(geography, Math.abs(area - their.area) / their.area * 100);
    }
    for (const { value, area_m2: area } of layer.totals) total = Math.max(total, Math.abs(area - kinds.get(value)));
    wrongRows += expected.size;
    console.log([name.padStart(14), String(layer.numberMatched).padStart(4), String(layer.items.filter((item) => item.share_of_item < 1).length).padStart(7), '|', median(times).toFixed(1).padStart(9), Math.max(...times).toFixed(1).padStart(8), used.toFixed(1).padStart(7), '|',
      theirMs.toFixed(1).padStart(10), (theirMs / median(times)).toFixed(2).padStart(6), '|', String(wrongRows).padStart(11), geography.toFixed(5).padStart(16), formula.toFixed(4).padStart(19), total.toFixed(4).padStart(18)].join(' '));
  }
}
