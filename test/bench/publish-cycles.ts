import { readFile } from 'node:fs/promises';
import { connect } from '../../client-sdk/index.ts';
import type { Bench } from './bench.ts';
import { type CycleRange, LINGER_MS, measureCycles } from './cycles.ts';

const MEDIA = 'test/fixtures/media/motion-partitions.h264';
const WARM_UP_CYCLES = 100;

/** Publishers that come and go: what of them stays in memory. */
export const publishCycles: Bench = {
  name: 'publish-cycles',
  description: '1000 publications one after the other, with garbage collected before and after',
  run: async ({ isQuick }) => {
    const cycles = isQuick ? 20 : 1000;
    const media = await readFile(MEDIA);
    const { memory, elapsedMs } = await measureCycles({
      warmUp: isQuick ? 10 : WARM_UP_CYCLES,
      cycles,
      growthMib: 20,
      run: (url, range) => publishAll(url, media, range),
    });
    return {
      measures: [...memory, { name: 'one publication', value: elapsedMs, unit: 'ms' }],
      notes: [`${cycles} publications of ${MEDIA}`],
    };
  },
};

/** Publishes under ever new names by PUT, then waits until the server has forgotten all of them. */
async function publishAll(
  url: string,
  media: Uint8Array<ArrayBuffer>,
  { first, count }: CycleRange,
): Promise<void> {
  for (let cycle = first; cycle < first + count; cycle++) {
    const answer = await fetch(`${url}/v1/streams/cycle-${cycle}`, { method: 'PUT', body: media });
    if (answer.status !== 201) throw new Error(`a publication got ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  }
  const client = connect(url);
  while ((await client.streams()).length > 0) await new Promise((resolve) => setTimeout(resolve, LINGER_MS));
}
