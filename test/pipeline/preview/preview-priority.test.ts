import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadPack } from '../../../pipeline/models/pack.ts';
import { PREVIEW_NICENESS } from '../../../pipeline/models/thread-priority.ts';
import { createPreviewFactory } from '../../../pipeline/preview/preview-factory.ts';
import { TINY_PACK } from '../../support/packs.ts';

/** The niceness of each thread of this process (proc_pid_stat(5), field 19 after a name in parentheses). */
function nicenessOfThreads(): number[] {
  return readdirSync('/proc/self/task').map((thread) => {
    const fields = readFileSync(join('/proc/self/task', thread, 'stat'), 'utf8')
      .split(') ')
      .at(-1)
      ?.split(' ');
    return Number(fields?.[16]);
  });
}

// Only Linux gives threads priorities of their own.
it.skipIf(process.platform !== 'linux')(
  'the thread that rebuilds pictures gives way to those that tokens need',
  async () => {
    const pack = await loadPack(TINY_PACK);
    await using _factory = await createPreviewFactory(pack);
    expect(nicenessOfThreads()).toContain(Math.min(19, getPriority(0) + PREVIEW_NICENESS));
    expect(getPriority(0)).toBeLessThan(19);
  },
);
