import { readFile } from 'node:fs/promises';
import { connect } from '../../client-sdk/index.ts';
import type { Bench } from './bench.ts';
import { MeasuredServer } from './measured-server.ts';

const MEDIA = 'test/fixtures/media/motion-partitions.h264';
const LINGER_MS = 200;
const WARM_UP_CYCLES = 100;

/** Publishers that come and go: what of them stays in memory. */
export const publishCycles: Bench = {
  name: 'publish-cycles',
  description: '1000 publications one after the other, with garbage collected before and after',
  run: async ({ isQuick }) => {
    const cycles = isQuick ? 20 : 1000;
    const media = await readFile(MEDIA);
    await using server = await MeasuredServer.start(['--linger-ms', String(LINGER_MS)]);
    await publishAll(server, media, { first: 0, count: isQuick ? 10 : WARM_UP_CYCLES });
    const before = await server.read({ collect: true });
    const beganMs = performance.now();
    await publishAll(server, media, { first: WARM_UP_CYCLES, count: cycles });
    const elapsedMs = performance.now() - beganMs;
    const after = await server.read({ collect: true });
    const mib = (bytes: number): number => bytes / 2 ** 20;
    return {
      measures: [
        {
          name: 'growth of resident memory',
          value: mib(after.rssBytes - before.rssBytes),
          unit: 'MiB',
          atMost: 20,
        },
        { name: 'growth of the heap', value: mib(after.heapBytes - before.heapBytes), unit: 'MiB' },
        { name: 'resident memory', value: mib(after.rssBytes), unit: 'MiB' },
        { name: 'one publication', value: elapsedMs / cycles, unit: 'ms' },
      ],
      notes: [`${cycles} publications of ${MEDIA}`],
    };
  },
};

/** Publishes under ever new names by PUT, then waits until the server has forgotten all of them. */
async function publishAll(
  server: MeasuredServer,
  media: Uint8Array<ArrayBuffer>,
  { first, count }: { first: number; count: number },
): Promise<void> {
  for (let cycle = first; cycle < first + count; cycle++) {
    const answer = await fetch(`${server.url}/v1/streams/cycle-${cycle}`, { method: 'PUT', body: media });
    if (answer.status !== 201) throw new Error(`a publication got ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  }
  const client = connect(server.url);
  while ((await client.streams()).length > 0) await new Promise((resolve) => setTimeout(resolve, LINGER_MS));
}
