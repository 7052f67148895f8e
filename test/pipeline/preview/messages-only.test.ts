import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { JournalMessage, TokenLayout, VisualMessage } from '../../../client-sdk/protocol/messages.ts';
import { positionsOf } from '../../../client-sdk/protocol/positions.ts';
import { loadPack } from '../../../pipeline/models/pack.ts';
import { layoutOf } from '../../../pipeline/models/pack-manifest.ts';
import { createPreviewFactory } from '../../../pipeline/preview/preview-factory.ts';
import { MessageMaker } from '../../support/message-maker.ts';
import { CONTEXT_PACK, DEFAULT_PACK, DYNAMIC_PACK, LADDER_PACK } from '../../support/packs.ts';
import { made } from '../../support/preview-made.ts';
import { seededRandom } from '../../support/seeded-random.ts';

describe('law 6: the preview reads messages only', () => {
  it.each([DEFAULT_PACK, DYNAMIC_PACK, LADDER_PACK, CONTEXT_PACK])(
    'a fresh process, given the recorded messages, makes the same pictures with %s',
    async (folder) => {
      const live: string[] = [];
      const pack = await loadPack(folder);
      const factory = await createPreviewFactory(pack, {
        // Nothing waits for the clock, and nothing is given up for having waited.
        pace: { maxDelayMs: 0, maxAgeMs: Number.POSITIVE_INFINITY },
        onReconstructed: (_, { pts, rgb }) =>
          live.push(`${pts} ${createHash('sha256').update(rgb).digest('hex')}`),
      });
      const messages = recording(layoutOf(pack.manifest));
      const preview = factory.open('a');
      for (const message of messages) preview.push(message);
      await made(preview, 2 + 5 * 8);
      await factory[Symbol.asyncDispose]();

      const program = fileURLToPath(new URL('../../support/reconstruct-recording.ts', import.meta.url));
      const fresh = spawn(process.execPath, ['--import', 'tsx', program, folder], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const output = text(fresh.stdout);
      fresh.stdin.end(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
      expect(await once(fresh, 'exit')).toEqual([0, null]);
      const rebuilt = (await output).trim().split('\n');
      expect(new Set(rebuilt).size).toBe(42);
      expect(rebuilt).toEqual(live);
    },
  );
});

/** Two clips of varied ids and a still chunk, with a gap between them. */
function recording(layout: TokenLayout): JournalMessage[] {
  const random = seededRandom(6);
  const ids = (count: number, size: number) =>
    Array.from({ length: count }, () => Math.floor(random() * size));
  const keyframe = (): Partial<VisualMessage> => {
    const cells = Array.from({ length: 256 }, (_, cell) => cell);
    const { columns, rows, dynamic } = layout.visual;
    if (!dynamic) return { ids: ids(columns * rows, 4096) };
    const kept = cells.filter(() => random() < 0.5);
    return { ids: ids(kept.length, 4096), positions: positionsOf(kept, layout.visual) };
  };
  const make = new MessageMaker();
  return [
    make.start({ layout }),
    make.visual(0, keyframe()),
    make.motion(0, { ids: ids(45, 1024) }),
    make.motion(0, { ids: ids(45, 1024) }),
    make.motion(0, { ids: [] }),
    make.motion(0, { ids: ids(45, 1024) }),
    make.gap(),
    make.visual(0, keyframe()),
    make.motion(0, { ids: ids(45, 1024) }),
    make.end(),
  ];
}
