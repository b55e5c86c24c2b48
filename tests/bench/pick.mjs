// Picks distinct tiles by random features, always the same ones of the same rows.
// usage: … GeoJSON a line each on stdin … | node pick.mjs FIRST LAST N      writes lines z/x/y, at most N a zoom
import readline from 'node:readline';

const [first, last, most] = process.argv.slice(2).map(Number);
const places = [];
for await (const line of readline.createInterface({ input: process.stdin })) {
  if (!line.startsWith('{')) continue;
  const feature = JSON.parse(line);
  let at = feature.geometry?.coordinates;
  while (Array.isArray(at?.[0])) at = at[0];
  const fid = places.length; // rows come in the order of their numbers
  if (at) places.push([(Math.imul(fid, 0x9E3779B1) ^ Math.imul(fid, 0x85EBCA6B) >>> 13) >>> 0, at[0], at[1]]);
}
places.sort((a, b) => a[0] - b[0]);
for (let z = first; z <= last; z++) {
  const tiles = new Set(), n = 2 ** z;
  for (const [, lon, lat] of places) {
    if (tiles.size === most) break;
    const x = Math.floor((lon + 180) / 360 * n), y = Math.floor((1 - Math.asinh(Math.tan(lat * Math.PI / 180)) / Math.PI) / 2 * n);
    tiles.add(`${z}/${x}/${y}`);
  }
  for (const tile of tiles) console.log(tile);
}
