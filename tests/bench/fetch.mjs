// Fetches tiles as gzip, as they come, and perhaps writes them to files.
// usage: node fetch.mjs URL-TEMPLATE LIST [FILE-TEMPLATE]     prints "z/x/y bytes" for each
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const [template, list, file] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
const fill = (text, tile) => tile.split('/').reduce((t, number, i) => t.replace(`{${'zxy'[i]}}`, number), text);
const get = (url) => new Promise((resolve, reject) => {
  http.get(url, { agent, headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
    const parts = [];
    response.on('data', (part) => parts.push(part));
    response.on('end', () => (response.statusCode === 200 ? resolve(Buffer.concat(parts)) : reject(new Error(`${url} answers ${response.statusCode}`))));
  }).on('error', reject);
});
const tiles = fs.readFileSync(list, 'utf8').trim().split('\n'), sizes = [];
for (let i = 0; i < tiles.length; i += 4) {
  const bodies = await Promise.all(tiles.slice(i, i + 4).map((tile) => get(fill(template, tile))));
  bodies.forEach((body, k) => {
    sizes.push(`${tiles[i + k]} ${body.length}`);
    if (!file) return;
    const name = fill(file, tiles[i + k]);
    fs.mkdirSync(path.dirname(name), { recursive: true });
    fs.writeFileSync(name, body);
  });
}
agent.destroy();
console.log(sizes.join('\n'));
