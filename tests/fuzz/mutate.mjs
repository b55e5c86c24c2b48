// Breaks the files of tests/ingest/seeds.mjs in many ways, each time loads one, and prints what ends otherwise than with
// success or one clear sentence, in bounded time and memory. See README.md.
// usage: DK_INGEST=… DK_BUILD=… node tests/fuzz/mutate.mjs [--runs N] [--seed S] [--jobs J] [--keep FOLDER] [--said] [NAME]...
//        --runs   of each file of a seed's, 200 unless said
//        --keep   broken files that misbehave are kept there
//        --said   prints each different sentence once
//        NAME     seeds whose name begins so; all unless said
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catalogue, run } from '../ingest/helpers.mjs';
import { mutated } from '../ingest/mutations.mjs';
import { makeSeeds, measuring, misbehaviour } from '../ingest/seeds.mjs';

const options = { runs: '200', seed: '1', jobs: '2', keep: null, said: false }, wanted = [];
for (let i = 2; i < process.argv.length; i++) {
  const name = process.argv[i].replace(/^--/, '');
  if (name === process.argv[i]) wanted.push(name);
  else options[name] = name === 'said' ? true : process.argv[++i];
}
const runs = Number(options.runs), seedNumber = Number(options.seed);

const dir = mkdtempSync(join(tmpdir(), 'dk-mutate-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
writeFileSync(join(dir, 'catalogue.yaml'), catalogue);
run(dir, 'create', 'store.gpkg', '--catalogue', 'catalogue.yaml');

const tasks = [];
for (const seed of makeSeeds(dir).filter(({ source }) => wanted.length === 0 || wanted.some((name) => source.startsWith(name)))) {
  // Of the many files of a geodatabase those that hold data, each its share.
  const files = seed.files.length > 6 ? seed.files.filter((file) => readFileSync(join(dir, file)).length > 100) : seed.files;
  const each = Math.max(4, Math.ceil(runs / Math.max(1, files.length / 2)));
  for (const file of files) for (let i = 0; i < each; i++) tasks.push({ seed, file, i, each });
}

const sentences = new Map(), counts = new Map();
let bad = 0, done = 0, succeeded = 0, most = 0, longest = 0;
async function worker(number) {
  const place = join(dir, `worker${number}`);
  mkdirSync(place);
  cpSync(join(dir, 'store.gpkg'), join(place, 'store.gpkg'));
  for (let task = tasks.pop(); task; task = tasks.pop()) {
    const { seed: { source, kind, options: args, files }, file, i, each } = task;
    for (const part of files) {
      mkdirSync(join(place, part, '..'), { recursive: true });
      cpSync(join(dir, part), join(place, part));
    }
    const [how, bytes] = mutated(readFileSync(join(dir, file)), i, each, seedNumber);
    writeFileSync(join(place, file), bytes);
    const result = await measuring(place, 'load', 'store.gpkg', kind, source, ...args, '--dry-run', '--json');
    const wrong = misbehaviour(result, source);
    succeeded += result.code === 0;
    const count = counts.get(source) ?? { runs: 0, loaded: 0 };
    counts.set(source, { runs: count.runs + 1, loaded: count.loaded + (result.code === 0) });
    most = Math.max(most, result.memory || 0);
    longest = Math.max(longest, result.seconds);
    const shape = result.stderr.trim().replaceAll(/-?\d+(\.\d+)?(e[-+]\d+)?/g, 'N').slice(0, 90);
    if (options.said && result.code === 1 && !sentences.has(shape)) {
      sentences.set(shape, true);
      console.log(`   ${file}, ${how}: ${result.stderr.trim()}`);
    }
    if (wrong) {
      bad++;
      console.log(`!! ${source}, run ${i} of ${each} on ${file} (${how}): ${wrong}`);
      if (options.keep) cpSync(place, join(options.keep, `${source.replace('/', '_')}-${i}`), { recursive: true });
    }
    for (const part of files) rmSync(join(place, part.split('/')[0]), { recursive: true, force: true });
    done++;
  }
}
await Promise.all(Array.from({ length: Number(options.jobs) }, (_, i) => worker(i)));
for (const [source, { runs: n, loaded }] of counts) console.log(`${source}: ${n} runs, ${loaded} loaded`);
console.log(`${done} runs, ${succeeded} loaded, ${bad} misbehaved; at most ${Math.round(most)} MiB, ${longest} s`);
process.exitCode = bad > 0 ? 1 : 0;
