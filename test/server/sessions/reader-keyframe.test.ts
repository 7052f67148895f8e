import { Subject } from 'rxjs';
import { expect, it, vi } from 'vitest';
import type { JournalMessage } from '../../../client-sdk/protocol/messages.ts';
import type { SubscriberSink } from '../../../server/sessions/subscription.ts';
import { UnitIntake } from '../../../server/sessions/unit-intake.ts';
import { journalMessage } from '../../support/epoch-messages.ts';
import { startTestServer } from '../../support/test-server.ts';

const sink: SubscriberSink = {
  bufferedBytes: 0,
  send: () => undefined,
  heartbeat: () => undefined,
  close: () => undefined,
};
const form = { framing: 'ndjson' as const, hasLlmIds: false };

it('asks the publisher for a keyframe where a new reader would begin with a clip that is not clean', async () => {
  const messages$ = new Subject<JournalMessage>();
  await using server = await startTestServer({ tokenize: () => messages$ } as never);
  const { registry } = server.app;
  const needKeyframe = vi.fn();
  const session = await registry.publish('cam', {
    delivery: 'live',
    motion: 'auto',
    isTakeover: false,
    openIntake: (onStall) => new UnitIntake({ stallMs: 60_000, onStall }),
    needKeyframe,
  });
  const subscribe = () => registry.subscribe('cam', { from: 'live', isUntilEnd: false, form }, sink);
  const say = (type: JournalMessage['type'], seq: number, more: object = {}): void =>
    messages$.next({ ...journalMessage(type, seq, { epoch: session.epoch }), ...more } as JournalMessage);

  subscribe();
  expect(needKeyframe).toHaveBeenCalledTimes(1);
  say('start', 0);
  say('visual', 1);
  subscribe();
  registry.watchable('cam');
  expect(needKeyframe).toHaveBeenCalledTimes(1);
  say('gap', 2);
  subscribe();
  expect(needKeyframe).toHaveBeenCalledTimes(2);
  say('visual', 3, { degraded: true });
  registry.watchable('cam');
  expect(needKeyframe).toHaveBeenCalledTimes(3);
  say('visual', 4);
  subscribe();
  expect(needKeyframe).toHaveBeenCalledTimes(3);
});
