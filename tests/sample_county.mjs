// The store of the sample county, samples/dangshan.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..');
export const dangshan = join(repository, 'samples', 'dangshan');

/**
 * Makes a store of the county, or of another folder like it, at that path. tests/run loads the county once, for all who
 * need it: DK_COUNTY names that store, which is copied, with its documents. Without it, it is loaded.
 */
export function makeCounty(store, folder = dangshan) {
  if (process.env.DK_COUNTY && folder === dangshan) {
    copyFileSync(process.env.DK_COUNTY, store);
    return cpSync(`${process.env.DK_COUNTY}.documents`, `${store}.documents`, { recursive: true });
  }
  execFileSync(join(repository, 'samples', 'load'), [folder, store],
    { env: { DK_INGEST: join(repository, 'build', 'ingest', 'dikuai-ingest'), ...process.env }, stdio: ['ignore', 'ignore', 'inherit'] });
}
