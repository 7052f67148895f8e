// Builds, checks and runs every test; ends with one line of counts. Arguments go to vitest.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const run = (program, args) => spawnSync(program, args, { stdio: 'inherit' }).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'kinoglyph-test-'));
const report = join(folder, 'report.json');

const isBuilt = run(process.execPath, ['scripts/build.mjs']);
const isClean = isBuilt && run(process.execPath, ['scripts/check.mjs']);
let passed = 0;
let failed = 0;
let skipped = 0;
let isGreen = isClean;
if (isClean) {
  isGreen = run('npx', [
    '--no-install',
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ]);
  const counts = JSON.parse(readFileSync(report, 'utf8'));
  passed = counts.numPassedTests;
  failed = counts.numFailedTests;
  skipped = counts.numPendingTests;
}
rmSync(folder, { recursive: true });
const isWhole = process.env.REQUIRE_ALL !== '1' || skipped === 0;
if (!isWhole) console.error('REQUIRE_ALL=1: a skipped test counts as failed');
// A failed build, check or suite that ran no test must show as a failure too.
if (!isGreen && failed === 0) failed = 1;
if (!isWhole) failed += skipped;
console.log(`${passed} passed, ${failed} failed, ${isWhole ? skipped : 0} skipped`);
process.exit(isGreen && isWhole ? 0 : 1);
