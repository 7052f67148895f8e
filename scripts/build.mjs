// Compiles the server and the SDK to plain JavaScript and bundles Studio.
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { buildStudio } from './build-studio.mjs';

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

function compile(project) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

for (const folder of ['dist', 'client-sdk/dist']) rmSync(folder, { recursive: true, force: true });
compile('client-sdk/tsconfig.json');
compile('tsconfig.build.json');
chmodSync('dist/server/main.js', 0o755);
await buildStudio();
