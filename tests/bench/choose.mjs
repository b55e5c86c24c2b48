// Chooses tiles whose gzip'd bytes have a mean: lines of bench_tiles -l on stdin, lines z/x/y out.
// usage: node choose.mjs MEAN MOST FIRST-ZOOM LAST-ZOOM
import fs from 'node:fs';

const [mean, most, first, last] = process.argv.slice(2).map(Number);
const tiles = fs.readFileSync(0, 'utf8').trim().split('\n').map((line) => line.split(' ')).map((f) => ({ tile: f[0], zoom: Number(f[0].split('/')[0]), size: Number(f[4]) }))
  .filter((t) => t.zoom >= first && t.zoom <= last && t.size > mean / 3 && t.size < mean * 3);
// Mixed, always alike; then whichever side brings the mean nearer.
let state = 7;
for (let i = tiles.length - 1; i > 0; i--) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  const j = state % (i + 1);
  [tiles[i], tiles[j]] = [tiles[j], tiles[i]];
}
const small = tiles.filter((t) => t.size <= mean), large = tiles.filter((t) => t.size > mean), chosen = [];
let sum = 0;
while (chosen.length < most) {
  const next = sum / (chosen.length || 1) > mean ? small.pop() : large.pop() ?? (chosen.length < 300 ? small.pop() : undefined);
  if (!next) break;
  chosen.push(next);
  sum += next.size;
}
for (const { tile } of chosen) console.log(tile);
