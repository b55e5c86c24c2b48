// Building the verifiers in Go: of Debian's packages alone, nothing is fetched.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

export function buildGo(name, program) {
  execFileSync('go', ['build', '-o', program, join(here, name)], {
    stdio: 'inherit',
    env: { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOPROXY: 'off', GOFLAGS: '', CGO_ENABLED: '0',
      GOCACHE: join(process.env.DK_BUILD, 'go-cache') },
  });
  return program;
}
