import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';

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
      return { type, v: 1, stream: 'cam', epoch, seq, ...START };
    case 'visual':
      return { type, epoch, seq, ...times, clip, shot: 0, keyframe: 'coded', ids };
    case 'motion':
      return { type, epoch, seq, ...times, clip, chunk: 0, fields: 8, duration: 666_667, ids };
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

const START = {
  pack: { name: 'pack', version: '1', sha256: '00' },
  codec: 'h264',
  width: 320,
  height: 180,
  displayAspect: 16 / 9,
  motionSource: 'bitstream',
  motionFps: 12,
  layout: {
    visual: { columns: 16, rows: 16, codebookSize: 4096, dynamic: false },
    motion: { columns: 36, rows: 20, fieldsPerChunk: 8, tokensPerChunk: 45, codebookSize: 1024 },
    llm: {
      text: 32_000,
      imageStart: 32_000,
      imageEnd: 32_001,
      visualOffset: 32_002,
      motionStart: 36_098,
      motionEnd: 36_099,
      motionOffset: 36_100,
    },
  },
  provider: 'cpu',
  runtime: { onnxruntime: '1', threads: 1, processor: 'x' },
} as const;
