import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';
import { motionMessage, startMessage, visualMessage } from './messages.ts';

/** Three epochs' names, valid as ULIDs. */
export const EPOCHS = {
  first: '01HZZZZZZZZZZZZZZZZZZZZZZA',
  second: '01HZZZZZZZZZZZZZZZZZZZZZZB',
  never: '01HZZZZZZZZZZZZZZZZZZZZZZC',
} as const;

/** A message with what every message of its type has; `seq` and what a test cares for come from it. */
export function journalMessage(
  type: JournalMessage['type'],
  seq: number,
  { epoch = EPOCHS.first, ids = [1, 2, 3], clip = 0 }: { epoch?: string; ids?: number[]; clip?: number } = {},
): JournalMessage {
  const times = { pts: seq * 100_000, received: 1000 + seq, emitted: 1010 + seq };
  switch (type) {
    case 'start':
      return startMessage({ stream: 'cam', epoch, seq });
    case 'visual':
      return visualMessage({ epoch, seq, ...times, clip, ids });
    case 'motion':
      return motionMessage({ epoch, seq, ...times, clip, ids });
    case 'gap':
      return { type, epoch, seq, from: 0, to: 1, reason: 'loss', dropped: 1 };
    case 'end':
      return { type, epoch, seq, reason: 'finished' };
  }
}

/** An epoch: a start, then clips of a visual and two motion messages each, and an end if asked for. */
export function journalEpoch(epoch: string, clips: number, { hasEnd = false } = {}): JournalMessage[] {
  const types: JournalMessage['type'][] = ['start'];
  for (let clip = 0; clip < clips; clip++) types.push('visual', 'motion', 'motion');
  if (hasEnd) types.push('end');
  return types.map((type, seq) => journalMessage(type, seq, { epoch, clip: Math.floor((seq - 1) / 3) }));
}
