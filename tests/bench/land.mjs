import fs from 'node:fs';

// Zones and mining rights for benchmarks, as GeoJSON a line each: zones cover a box as neighbours that share wiggly
// borders, about 126 vertices each; mining rights are polygons of 18 vertices; large is one zone of N vertices: 500 parts
// of natural outline, 10 m or so from vertex to vertex, or a single ring with long teeth. It writes places over it and on
// its border to PLACES.over and PLACES.border.
// usage: node land.mjs zones|mining N WEST SOUTH EAST NORTH
//        node land.mjs large N WEST SOUTH EAST NORTH PARTS PLACES

const [what, count, ...bounds] = process.argv.slice(2);
const n = Number(count), [west, south, east, north] = bounds.map(Number);
let state = 12345;
const random = () => {
  state = (state + 0x6D2B79F5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const out = [];
async function write(properties, ring) {
  const text = ring.map(([x, y]) => `[${x.toFixed(8)},${y.toFixed(8)}]`).join(',');
  out.push(`{"type":"Feature","properties":${JSON.stringify(properties)},"geometry":{"type":"Polygon","coordinates":[[${text}]]}}\n`);
  if (out.length < 500) return;
  const ok = process.stdout.write(out.join(''));
  out.length = 0;
  if (!ok) await new Promise((resolve) => { process.stdout.once('drain', resolve); });
}
const kinds = ['永久基本农田', '生态保护红线', '城镇开发边界', '村庄建设区', '一般农业区', '用地分区'];
if (what === 'zones') {
  const columns = Math.round(Math.sqrt(n)), rows = Math.ceil(n / columns), w = (east - west) / columns, h = (north - south) / rows, VERTICES = 32;
  const corner = (i, j) => { // the same each time it is asked for
    const a = Math.sin(i * 127.1 + j * 311.7) * 43758.5453, b = Math.sin(i * 269.5 + j * 183.3) * 43758.5453;
    return [west + (i + (i > 0 && i < columns ? (a - Math.floor(a) - 0.5) * 0.5 : 0)) * w, south + (j + (j > 0 && j < rows ? (b - Math.floor(b) - 0.5) * 0.5 : 0)) * h];
  };
  const border = (a, b, seed) => Array.from({ length: VERTICES }, (_, k) => {
    const t = k / VERTICES, s = Math.sin(seed * 12.9898 + k * 78.233) * 43758.5453, off = (s - Math.floor(s) - 0.5) * 0.3 * t * (1 - t) + 0.08 * Math.sin(t * 6.28 + seed) * t * (1 - t);
    return [a[0] + (b[0] - a[0]) * t - (b[1] - a[1]) / h * off * w, a[1] + (b[1] - a[1]) * t + (b[0] - a[0]) / w * off * h];
  });
  for (let i = 0, id = 0; i < columns; i++) {
    for (let j = 0; j < rows && id < n; j++, id++) {
      const c = [corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)];
      const southern = border(c[0], c[1], i * 2 + j * 7919), eastern = border(c[1], c[2], (i + 1) * 104729 + j * 3);
      const northern = [...border(c[3], c[2], i * 2 + (j + 1) * 7919), c[2]].reverse(), western = [...border(c[0], c[3], i * 104729 + j * 3), c[3]].reverse();
      const ring = [...southern, ...eastern, ...northern.slice(0, -1), ...western];
      ring[ring.length - 1] = ring[0];
      await write({ id: `FQ${id}`, name: `${kinds[id % 6]}示例${id}`, kind: kinds[id % 6], land_use_code: `0${id % 9 + 1}01`, code_edition: '2023', division: '341321', plan_no: '皖政地〔2023〕1号' }, ring);
    }
  }
} else if (what === 'large') {
  const parts = Number(bounds[4]), places = { over: [], border: [] };
  const place = (list, x, y) => list.push(JSON.stringify({ type: 'Feature', properties: { OGC_FID: list.length + 1 }, geometry: { type: 'Point', coordinates: [x, y] } }));
  const squeeze = 0.85; // a degree of longitude is shorter than one of latitude
  // A star-shaped ring: the radius as a function of the angle, 0 to 1.
  const outline = (x, y, vertices, radius) => {
    const points = Array.from({ length: vertices }, (_, k) => [x + radius(k / vertices) * Math.cos(k / vertices * 2 * Math.PI) / squeeze, y + radius(k / vertices) * Math.sin(k / vertices * 2 * Math.PI)]);
    for (let i = 0; i < Math.max(4, 4000 / parts); i++) {
      place(places.border, ...points[Math.floor(random() * vertices)]);
      const t = random(), r = Math.sqrt(random()) * radius(t);
      place(places.over, x + r * Math.cos(t * 2 * Math.PI) / squeeze, y + r * Math.sin(t * 2 * Math.PI));
    }
    return [[...points, points[0]].map(([px, py]) => [Number(px.toFixed(8)), Number(py.toFixed(8))])];
  };
  const polygons = [];
  if (parts === 1) {
    const size = Math.min((east - west) * squeeze, north - south) / 2 * 0.3, teeth = Math.round(n / 1600);
    const saw = (t) => Math.abs(((t * teeth) % 1) * 2 - 1);
    polygons.push(outline((west + east) / 2, (south + north) / 2, n, (t) => size * (0.7 + 0.3 * saw(t) + 0.0002 * Math.sin(t * n))));
  } else {
    // In cells of their own, so that they do not meet.
    const columns = Math.ceil(Math.sqrt(parts)), w = (east - west) / columns, h = (north - south) / columns;
    for (let i = 0; i < parts; i++) {
      const a = random() * 6, b = random() * 6, size = Math.min(0.4 * w, 0.4 * h, 0.022);
      polygons.push(outline(west + (i % columns + 0.5) * w, south + (Math.floor(i / columns) + 0.5) * h, Math.floor(n / parts),
        (t) => size * (0.6 + 0.2 * Math.sin(6.2832 * t * 3 + a) + 0.1 * Math.sin(6.2832 * t * 17 + b) + 0.01 * Math.sin(6.2832 * t * 160))));
    }
  }
  for (const [name, list] of Object.entries(places)) fs.writeFileSync(`${bounds[5]}.${name}`, list.join('\n') + '\n');
  out.push(`{"type":"Feature","properties":${JSON.stringify({ id: 'FQL', name: '示例红线', kind: kinds[1], division: '341321', plan_no: '皖政地〔2023〕1号' })},"geometry":{"type":"MultiPolygon","coordinates":${JSON.stringify(polygons)}}}\n`);
} else {
  for (let id = 0; id < n; id++) {
    const x = west + random() * (east - west), y = south + random() * (north - south), r = 0.004 + random() * 0.03;
    const ring = Array.from({ length: 18 }, (_, k) => [x + r * (0.7 + 0.3 * random()) * Math.cos(k / 18 * 6.2832), y + r * (0.7 + 0.3 * random()) * Math.sin(k / 18 * 6.2832)]);
    ring.push(ring[0]);
    await write({ licence_no: `C34${id}`, name: `示例${id}号矿`, holder: `示例矿业${id % 300}公司`, mineral: ['铁矿', '煤', '地热', '建筑用砂'][id % 4], right: id % 3 ? '采矿权' : '探矿权',
      valid_from: '2015-03-01', valid_to: '2035-03-01', division: '341321', area_km2: 1 }, ring);
  }
}
process.stdout.write(out.join(''));
