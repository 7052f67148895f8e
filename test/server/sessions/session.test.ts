import { concat, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { JournalMessage } from '../../../client-sdk/protocol/messages.ts';
import { MediaError } from '../../../pipeline/errors.ts';
import type { TokenizeOptions } from '../../../pipeline/tokenizer.ts';
import { loadConfig } from '../../../server/config.ts';
import { createLog } from '../../../server/log.ts';
import { createMetrics, type Metrics } from '../../../server/metrics.ts';
import type { Engine } from '../../../server/sessions/engine.ts';
import { Intake } from '../../../server/sessions/intake.ts';
import { PixelBudget } from '../../../server/sessions/pixel-budget.ts';
import { Session } from '../../../server/sessions/session.ts';
import { journalMessage } from '../../support/epoch-messages.ts';

let metrics: Metrics;
beforeEach(() => {
  metrics = createMetrics(() => ({
    publishers: 0,
    subscribers: 0,
    viewers: 0,
    journalBytes: 0,
    pixelsPerSecond: 0,
    pendingInferences: 0,
    peers: 0,
  }));
});
afterEach(() => metrics.stop());

function startSession(
  tokenize: Engine['tokenize'],
  { delivery = 'live' as 'live' | 'complete', drainMs = 50 } = {},
) {
  const emitted: JournalMessage[] = [];
  const budget = new PixelBudget(1000);
  const session = Session.start({
    stream: 'cam',
    delivery,
    motion: 'auto',
    engine: { tokenize } as Engine,
    config: loadConfig({ env: {}, flags: { drainMs } }),
    budget,
    metrics,
    log: createLog({ logLevel: 'silent' }),
    emit: (message) => emitted.push(message),
    openIntake: (onStall) =>
      new Intake({
        capacityBytes: 1000,
        stallMs: 10_000,
        pause: () => undefined,
        resume: () => undefined,
        onStall,
      }),
  });
  return { session, emitted, budget };
}

const startOf = ({ epoch }: TokenizeOptions) => journalMessage('start', 0, { epoch });

it('adds an end after the last message and tells what came', async () => {
  const { session, emitted } = startSession((_source, options) =>
    of(startOf(options), journalMessage('visual', 1, { epoch: options.epoch })),
  );
  const { summary, error } = await session.done;
  expect(emitted.map(({ type, seq }) => [type, seq])).toEqual([
    ['start', 0],
    ['visual', 1],
    ['end', 2],
  ]);
  expect(error).toBeUndefined();
  expect(summary).toMatchObject({
    epoch: session.epoch,
    messages: { start: 1, visual: 1 },
    reason: 'finished',
  });
});

it('fails with the error of the tokenization, after an end', async () => {
  const fault = new MediaError('damaged-media', 'nothing decodes any more');
  const { session, emitted } = startSession((_source, options) =>
    concat(
      of(startOf(options)),
      throwError(() => fault),
    ),
  );
  expect(await session.done).toMatchObject({ error: fault, summary: { reason: 'failed' } });
  expect(emitted.at(-1)).toMatchObject({ type: 'end', reason: 'failed' });
});

it('leaves no trace in the journal where no message came', async () => {
  const { session, emitted } = startSession(() => throwError(() => new MediaError('no-video', 'only sound')));
  expect((await session.done).error?.code).toBe('no-video');
  expect(emitted).toEqual([]);
});

it('drains what has arrived when it is told to finish, and is cut at the deadline', async () => {
  const { session, emitted } = startSession((_source, options) => concat(of(startOf(options)), NEVER));
  session.finish('stalled');
  session.finish('aborted');
  const { summary, error } = await session.done;
  expect([summary.reason, error?.code]).toEqual(['stalled', 'stalled']);
  expect(session.intake.isEnded).toBe(true);
  expect(emitted.at(-1)).toMatchObject({ type: 'end', reason: 'stalled' });
});

it('unsubscribes, then releases in reverse order, before it is done', async () => {
  const order: string[] = [];
  const { session } = startSession((_source, { scope }) => {
    scope.defer(async () => {
      await Promise.resolve();
      order.push('decoder');
    });
    scope.defer(() => order.push('motion source'));
    return new Observable(() => () => order.push('unsubscribed'));
  });
  await session.cut('deleted');
  expect(order).toEqual(['unsubscribed', 'motion source', 'decoder']);
});

it('takes no message after its end', async () => {
  const messages$ = new Subject<JournalMessage>();
  const { session, emitted } = startSession(() => messages$);
  messages$.next(journalMessage('start', 0, { epoch: session.epoch }));
  const cut = session.cut('replaced');
  expect(messages$.observed).toBe(false);
  messages$.next(journalMessage('visual', 1, { epoch: session.epoch }));
  expect(emitted.map(({ type }) => type)).toEqual(['start', 'end']);
  expect((await cut).summary.reason).toBe('replaced');
});

it('holds live work to the budget and gives it back, and lets uploads pass', async () => {
  const reserve = vi.fn();
  const tokenize: Engine['tokenize'] = (_source, options) => {
    reserve(options.reserve === undefined);
    options.reserve?.({ pixelsPerSecond: 600 });
    return NEVER;
  };
  const { session, budget } = startSession(tokenize);
  expect(budget.reserved).toBe(600);
  expect(() => budget.reserve('other', 401)).toThrow(expect.objectContaining({ code: 'overloaded' }));
  budget.reserve('other', 400);
  expect(budget.isFull).toBe(true);
  await session.cut('aborted');
  expect(budget.reserved).toBe(400);
  const upload = startSession(tokenize, { delivery: 'complete' });
  expect(upload.budget.reserved).toBe(0);
  await upload.session.cut('aborted');
  expect(reserve.mock.calls).toEqual([[false], [true]]);
});
