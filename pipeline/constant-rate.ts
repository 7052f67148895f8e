import { micros } from '../client-sdk/protocol/units.ts';
import type { RebuiltEvent } from './detokenizer.ts';

/** Shows pictures at a constant rate: at each step of the clock the last one at or before it. */
export async function* atConstantRate(
  events: AsyncIterable<RebuiltEvent>,
  { framesPerSecond }: { framesPerSecond: number },
): AsyncGenerator<RebuiltEvent> {
  let shown: Extract<RebuiltEvent, { type: 'picture' }> | undefined;
  let step = 0;
  const at = () => micros((step * 1e6) / framesPerSecond);
  for await (const event of events) {
    for (; shown && at() < event.at; step += 1) yield { ...shown, at: at() };
    if (event.type === 'picture') shown = event;
    else yield { type: 'end', at: at() };
  }
}
