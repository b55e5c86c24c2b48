// What a catalogue says of a layer's drawing: every feature from the first zoom on, or by size; points and lines.
import test from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '../http/county.mjs';
import { makeLand, randomOf, readTile, tilesOf } from './land.mjs';

const layer = (name, geometry, more) => `  - name: ${name}
    title: ${name}
    geometry: ${geometry}
    key: {field: id}
    grid: [households]
${more}    fields:
      - {name: id, title: 编号, type: text, audience: public, required: true, tiles: true}
      - {name: households, title: 户数, type: integer, audience: public}
`;
const BOX = [116, 30, 120, 34], N = 120;

test('at each zoom and in both grids, what is drawn and what is counted is all that there is', async () => {
  const land = makeLand(`title: t
publisher: p
map_approval_no: none
extent: [${BOX}]
layers:
${layer('sized', 'polygon', '    zooms: [5, 9]\n')}${layer('all', 'polygon', '    zooms: [5, 9]\n    draw: all\n')}${layer('dots', 'point', '    zooms: [4, 9]\n')}${layer('ways', 'line', '    zooms: [4, 9]\n')}`);
  const random = randomOf(9);
  const places = Array.from({ length: N }, () => [BOX[0] + random() * 3.9, BOX[1] + random() * 3.9, 10 ** (-1.2 - 3 * random())]);
  const shapes = {
    polygon: ([x, y, d]) => ({ type: 'Polygon', coordinates: [[[x, y], [x + d, y], [x + d, y + d], [x, y + d], [x, y]]] }),
    point: ([x, y]) => ({ type: 'Point', coordinates: [x, y] }),
    line: ([x, y, d]) => ({ type: 'LineString', coordinates: [[x, y], [x + d, y + d / 2], [x + d / 3, y + d]] }),
  };
  for (const [name, geometry] of [['sized', 'polygon'], ['all', 'polygon'], ['dots', 'point'], ['ways', 'line']]) {
    const path = join(land.dir, `${name}.geojson`);
    writeFileSync(path, JSON.stringify({ type: 'FeatureCollection', features: places.map((place, i) => ({ type: 'Feature', properties: { id: `${i}`, households: i }, geometry: shapes[geometry](place) })) }));
    land.run('load', land.store, name, path, '--publish');
  }
  writeFileSync(join(land.dir, 'tokens'), 'token-for-the-tests-0001 * all\n', { mode: 0o600 });
  const server = await serve(land.store);
  try {
    for (const set of ['WebMercatorQuad', 'CGCS2000Quad']) {
      for (let z = 3; z <= 9; z++) {
        for (const name of ['sized', 'all', 'dots', 'ways']) {
          const drawn = new Set();
          let counted = 0, households = 0;
          for (const tile of tilesOf(BOX, z, set)) {
            for (const { id, properties } of (await readTile(server.url, name, tile, set)).layers[name] ?? []) {
              drawn.add(id);
              assert.equal(properties.households, undefined);
            }
            for (const { properties } of (await readTile(server.url, `${name}_grid`, tile, set)).layers[`${name}_grid`] ?? []) {
              counted += properties.count;
              households += properties.households;
            }
          }
          const where = `${name} ${set} zoom ${z}`;
          assert.equal(drawn.size + counted, N, `${where}: ${drawn.size} drawn, ${counted} counted`);
          if (counted === N) assert.equal(households, N * (N - 1) / 2, where);
          if (name === 'all' || name === 'dots') assert.equal(counted, z < (name === 'all' ? 5 : 4) ? N : 0, where);
          if (z === 9) assert.equal(counted, 0, where);
        }
      }
    }
  } finally {
    await server.stop();
  }
});
