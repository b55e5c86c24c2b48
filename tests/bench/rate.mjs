// Asks for tiles at a fixed rate before and during commands: latency counted from when each request was due, so that
// waiting for a slow one counts too. Watches the write-ahead log meanwhile.
// usage: node rate.mjs URL TILES RATE STORE [NAME COMMAND]…
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';

const [url, list, rateText, store, ...rest] = process.argv.slice(2);
const tiles = fs.readFileSync(list, 'utf8').trim().split('\n'), rate = Number(rateText);
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
let next = 0;
const ask = (due, times) => new Promise((resolve) => {
  http.get(`${url}/xyz/parcel,parcel_grid/${tiles[next++ % tiles.length]}.mvt`, { agent, headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
    response.resume();
    response.on('end', () => { times.push(response.statusCode >= 400 ? NaN : performance.now() - due); resolve(); });
  }).on('error', () => { times.push(NaN); resolve(); });
});
const size = (file) => { try { return fs.statSync(file).size; } catch { return 0; } };

// Until the promise is fulfilled.
async function measure(until) {
  const times = [], open = new Set(), start = performance.now();
  let over = false, wal = 0;
  until.then(() => { over = true; });
  for (let k = 0; !over; ) {
    for (; start + k * 1000 / rate <= performance.now(); k++) {
      const one = ask(start + k * 1000 / rate, times).then(() => open.delete(one));
      open.add(one);
    }
    wal = Math.max(wal, size(`${store}-wal`));
    await new Promise((resolve) => { setTimeout(resolve, 1); });
  }
  await Promise.all(open);
  return { times, wal, seconds: (performance.now() - start) / 1000 };
}
const at = (times, p) => { const s = times.filter((t) => !Number.isNaN(t)).sort((a, b) => a - b); return s[Math.min(s.length - 1, Math.floor(p * s.length))] ?? NaN; };
const print = (name, m, base) => console.log(`${name.padEnd(26)} ${m.seconds.toFixed(1).padStart(7)} ${String(m.times.length).padStart(8)} ${at(m.times, 0.5).toFixed(2).padStart(8)} ${at(m.times, 0.99).toFixed(2).padStart(8)} ${at(m.times, 1).toFixed(1).padStart(8)} ${(m.wal / 1048576).toFixed(1).padStart(8)} ${base ? `${(at(m.times, 0.5) / at(base.times, 0.5)).toFixed(2).padStart(9)} ${(at(m.times, 0.99) / at(base.times, 0.99)).toFixed(2).padStart(9)}` : ''} ${m.times.some(Number.isNaN) ? `${m.times.filter(Number.isNaN).length} FAILED` : ''}`);
const pause = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

await measure(pause(Math.max(3, Math.min(20, tiles.length / rate)))); // every tile once
console.log('                           seconds requests   p50 ms   p99 ms   max ms   WAL MB p50 ratio p99 ratio');
const before = await measure(pause(10));
print('before', before);
for (let i = 0; i + 1 < rest.length; i += 2) {
  const child = spawn('sh', ['-c', rest[i + 1]], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '', status;
  child.stderr.on('data', (text) => { said = (said + text).slice(-2000); });
  const m = await measure(new Promise((resolve) => { child.on('close', (code) => { status = code; resolve(); }); }));
  if (status !== 0) { console.error(`rate.mjs: this failed: ${rest[i + 1]}\n${said}`); process.exit(1); }
  print(rest[i], m, before);
}
print('after', await measure(pause(5)), before);
agent.destroy();
