// Fetches tiles and decodes them with someone else's decoder, to see what a server really draws.
// usage: node count.mjs URL-TEMPLATE LIST LAYER[,LAYER…] [N]     prints features, vertices and bytes a tile, means of the first N
import fs from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../package.json', import.meta.url));
const { VectorTile } = await import(require.resolve('@mapbox/vector-tile'));
const pbf = await import(require.resolve('pbf'));
const Pbf = pbf.PbfReader ?? pbf.default;
const [template, list, layer, most = '50'] = process.argv.slice(2);
const tiles = fs.readFileSync(list, 'utf8').trim().split('\n').slice(0, Number(most));
let features = 0, vertices = 0, bytes = 0;
for (const tile of tiles) {
  const [z, x, y] = tile.split('/');
  const url = template.replace('{z}', z).replace('{x}', x).replace('{y}', y);
  const response = await fetch(url);
  if (response.status === 204) continue;
  if (response.status !== 200) { console.error(`count.mjs: ${url} answers ${response.status}: ${(await response.text()).slice(0, 200)}`); process.exit(1); }
  const body = new Uint8Array(await response.arrayBuffer());
  bytes += body.length;
  const { layers } = new VectorTile(new Pbf(body));
  for (const drawn of layer.split(',').map((name) => layers[name])) {
    for (let i = 0; i < (drawn?.length ?? 0); i++) {
      features++;
      // Closing points are not in a tile; the decoder adds them.
      for (const ring of drawn.feature(i).loadGeometry()) vertices += ring.length - 1;
    }
  }
}
console.log(`${(features / tiles.length).toFixed(0)} ${(vertices / tiles.length).toFixed(0)} ${(bytes / tiles.length).toFixed(0)}`);
