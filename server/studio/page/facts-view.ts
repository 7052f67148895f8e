import type { StartMessage, TokenLayout } from '../../../client-sdk/protocol/messages.ts';
import { make } from './element.ts';

/** Shows what a stream's `start` says, and what is sent from here. */
export function showFacts(
  list: HTMLElement,
  start: StartMessage | undefined,
  sent: string | undefined,
): void {
  const facts: [string, string][] = [];
  if (start !== undefined) {
    const { motion } = start.layout;
    facts.push(
      ['stream', start.stream],
      ['codec', `${start.codec} ${start.width}×${start.height}`],
      ['motion from', start.motionSource === 'bitstream' ? 'the bitstream' : 'a second encode'],
      ['pack', `${start.pack.name} ${start.pack.version} (${start.pack.sha256.slice(0, 8)})`],
      ['keyframe', keyframeText(start.layout)],
      [
        'motion chunk',
        `${motion.tokensPerChunk} of ${motion.codebookSize}, ${motion.fieldsPerChunk} fields at ${start.motionFps}/s`,
      ],
      ['runs on', `${start.provider}, onnxruntime ${start.runtime.onnxruntime}`],
      ['epoch', start.epoch],
    );
  }
  if (sent !== undefined) facts.push(['sent from here', sent]);
  list.replaceChildren(
    ...facts.map(([term, value]) => {
      const row = make('div');
      row.append(make('dt', { text: term }), make('dd', { text: value }));
      return row;
    }),
  );
}

function keyframeText({ visual }: TokenLayout): string {
  const grid = `${visual.columns}×${visual.rows} of ${visual.codebookSize}`;
  return visual.tokens === undefined ? grid : `${grid}, ${visual.tokens} in the mean`;
}
