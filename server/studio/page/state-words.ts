import type { EndReason } from '../../../client-sdk/protocol/messages.ts';
import type { ViewingState } from '../session/viewing.ts';

/** How a line of the page is meant. */
export type Tone = 'plain' | 'good' | 'problem';

/** A line for the reader of the page; empty where there is nothing to say. */
export interface Notice {
  readonly text: string;
  readonly tone: Tone;
}

const END_WORDS: Readonly<Record<EndReason, string>> = {
  finished: 'The publisher has sent everything.',
  aborted: 'The publisher went away in the middle.',
  lost: 'Nothing was heard of the publisher any more.',
  replaced: 'Another publisher took the stream over.',
  stalled: 'The publisher stalled, so the server closed it.',
  deleted: 'The stream was deleted.',
  shutdown: 'The server is shutting down.',
  failed: 'The server could not go on with this stream.',
};

/** What to say of a viewing's state. */
export function noticeOf(state: ViewingState, stream: string): Notice {
  switch (state.kind) {
    case 'waiting':
      return { text: `Waiting for tokens of ${stream} …`, tone: 'plain' };
    case 'live':
      return { text: `${stream} is live.`, tone: 'good' };
    case 'reconnecting':
      return { text: 'The connection was lost. Connecting again …', tone: 'problem' };
    case 'ended': {
      const words = (END_WORDS as Readonly<Record<string, string>>)[state.reason] ?? state.reason;
      const tone = state.reason === 'finished' ? 'good' : 'problem';
      return {
        text: `${stream} has ended. ${words} This page goes on when somebody publishes it again.`,
        tone,
      };
    }
    case 'failed':
      return { text: state.detail, tone: 'problem' };
  }
}
