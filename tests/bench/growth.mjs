// Compares tiles of stores of several sizes: files BASE.1 to BASE.3 of lines of bench_tiles -l.
// usage: node growth.mjs BASE…     the first is what the others are compared with
import fs from 'node:fs';
import path from 'node:path';

const median = (list) => { const s = [...list].sort((a, b) => a - b); return s.length ? (s[(s.length - 1) >> 1] + s[s.length >> 1]) / 2 : NaN; };
const stores = process.argv.slice(2).map((base) => {
  const rounds = [1, 2, 3].map((i) => fs.readFileSync(`${base}.${i}`, 'utf8').trim().split('\n').map((line) => line.split(' ')));
  const tiles = rounds[0].map((f, k) => ({ features: Number(f[1]), vertices: Number(f[2]), gzip: Number(f[4]), render: median(rounds.map((r) => Number(r[k][5]))), total: median(rounds.map((r) => Number(r[k][5]) + Number(r[k][6]))) }));
  const of = rounds.map((r) => median(r.map((f) => Number(f[5]) + Number(f[6]))));
  return { name: path.basename(base).replace(':', ' '), tiles, noise: (Math.max(...of) - Math.min(...of)) / 2 / median(of) };
});
const number = (x, digits) => (Number.isFinite(x) ? x.toFixed(digits) : '-');
const row = (cells) => console.log(cells.map((c, i) => (i ? String(c).padStart(11) : String(c).padEnd(18))).join(' '));
const first = stores[0];
row(['parcels', 'tiles', 'median ms', 'ratio', 'noise', 'feat./tile', 'vert./tile', 'gzip B', 'us/feature', 'us/vertex']);
for (const s of stores) {
  const m = median(s.tiles.map((t) => t.total)), sum = (f) => s.tiles.reduce((a, t) => a + f(t), 0);
  row([s.name, s.tiles.length, number(m, 4), number(m / median(first.tiles.map((t) => t.total)), 2), `±${(100 * s.noise).toFixed(0)}%`,
    number(median(s.tiles.map((t) => t.features)), 0), number(median(s.tiles.map((t) => t.vertices)), 0), number(median(s.tiles.map((t) => t.gzip)), 0),
    number(1000 * sum((t) => t.total) / sum((t) => t.features), 3), number(1000 * sum((t) => t.total) / sum((t) => t.vertices), 3)]);
}
console.log(`\nAmong tiles that show about as many features: median ms (tiles), and its ratio to ${first.name}; only of 20 tiles or more`);
row(['features a tile', ...stores.flatMap((s) => [s.name, 'ratio'])]);
const most = Math.max(...stores.flatMap((s) => s.tiles.map((t) => t.features)));
for (let low = 8; low <= most; low *= 2) {
  const of = stores.map((s) => s.tiles.filter((t) => t.features >= low && t.features < 2 * low).map((t) => t.total));
  if (of.filter((list) => list.length >= 20).length < 2) continue;
  row([`${low} to ${2 * low - 1}`, ...of.flatMap((list) => (list.length < 20 ? ['-', '-'] : [`${number(median(list), 4)}(${list.length})`, of[0].length < 20 ? '-' : number(median(list) / median(of[0]), 2)]))]);
}
