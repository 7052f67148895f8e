// Format, lint, types and dependency arrows: everything about the sources that needs no run of them.
import { spawnSync } from 'node:child_process';

const steps = [
  // The examples import the SDK as its users do, by its built form.
  ['the SDK', 'tsc', ['-p', 'client-sdk/tsconfig.json']],
  ['format and lint', 'biome', ['check', '--error-on-warnings', '.']],
  ['types', 'tsc', ['-p', 'tsconfig.json']],
  [
    'dependency arrows',
    'depcruise',
    ['--config', '.dependency-cruiser.cjs', 'server', 'pipeline', 'client-sdk', 'examples', 'test'],
  ],
];

for (const [name, program, args] of steps) {
  console.log(`check: ${name}`);
  const { status } = spawnSync('npx', ['--no-install', program, ...args], { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`check: ${name} failed`);
    process.exit(status ?? 1);
  }
}
