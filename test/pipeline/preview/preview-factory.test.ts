import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DisposedError } from '../../../pipeline/errors.ts';
import { loadPack } from '../../../pipeline/models/pack.ts';
import { openWorker } from '../../../pipeline/models/worker-entry.ts';
import type { Preview, PreviewFactory, PreviewPicture } from '../../../pipeline/preview/preview.ts';
import {
  createPreviewFactory,
  type PreviewFactoryOptions,
  type PreviewFault,
} from '../../../pipeline/preview/preview-factory.ts';
import { MessageMaker } from '../../support/message-maker.ts';
import { copyTinyPack, TINY_PACK } from '../../support/packs.ts';
import { made } from '../../support/preview-made.ts';

/** Every picture is shown as soon as it is made, so that a test waits for pictures and not for the clock. */
const unpaced = { maxDelayMs: 0 };
/** However busy the machine is, nothing is given up for having waited. */
const patient = { maxAgeMs: Number.POSITIVE_INFINITY };
const WHITE = 4095;

const open = async (options: PreviewFactoryOptions = {}, folder = TINY_PACK): Promise<PreviewFactory> =>
  createPreviewFactory(await loadPack(folder), { ...options, pace: { ...patient, ...options.pace } });

/** Width and height from a JPEG's frame header (ITU-T T.81 B.2.2). */
function jpegSize(jpeg: Uint8Array): [widthPx: number, heightPx: number] {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  expect(view.getUint16(0)).toBe(0xffd8);
  for (let at = 2; at < jpeg.length; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    if (marker === 0xffc0) return [view.getUint16(at + 7), view.getUint16(at + 5)];
  }
  throw new Error('no baseline frame header');
}

describe('a preview', () => {
  let factory: PreviewFactory;
  beforeAll(async () => {
    factory = await open();
  });
  afterAll(() => factory[Symbol.asyncDispose]());

  it('makes a JPEG at the display aspect of each keyframe and field', async () => {
    await using preview = factory.open('a');
    const pictures: PreviewPicture[] = [];
    preview.pictures$.subscribe((picture) => pictures.push(picture));
    const make = new MessageMaker();
    for (const message of [make.start(), make.visual(WHITE), make.motion(), make.end()])
      preview.push(message);
    await made(preview, 9);
    await expect.poll(() => pictures.length).toBeGreaterThan(0);
    expect(pictures[0]?.pts).toBe(0);
    expect(jpegSize(pictures[0]!.jpeg)).toEqual([456, 256]);
    expect(pictures[0]).toMatchObject({ widthPx: 456, heightPx: 256 });
    expect(preview.latest).toBeDefined();
    expect(preview.made).toBe(9);
  });

  it('gives its pictures out at their pace: the last field after the time between them', async () => {
    await using preview = factory.open('paced');
    const shown: { pts: number; at: number }[] = [];
    const last = new Promise<void>((resolve) => {
      preview.pictures$.subscribe(({ pts }) => {
        shown.push({ pts, at: performance.now() });
        if (shown.length + preview.dropped === 9) resolve();
      });
    });
    const make = new MessageMaker();
    for (const message of [make.start(), make.visual(WHITE), make.motion()]) preview.push(message);
    await last;
    expect(shown.map(({ pts }) => pts)).toEqual([...shown.map(({ pts }) => pts)].sort((a, b) => a - b));
    expect(shown.at(-1)?.pts).toBe(666_667);
    // The burst is made in far less than the 583 ms between its first field and its last.
    expect(shown.at(-1)!.at - shown[0]!.at).toBeGreaterThan(500);
  });

  it('completes when it is disposed of, takes nothing more, and harms no other', async () => {
    const other = factory.open('other');
    const preview = factory.open('gone');
    let isComplete = false;
    preview.pictures$.subscribe({ complete: () => (isComplete = true) });
    const make = new MessageMaker();
    preview.push(make.start());
    preview.push(make.visual(WHITE));
    const closing = preview[Symbol.asyncDispose]();
    expect(preview[Symbol.asyncDispose]()).toBe(closing);
    await closing;
    expect(isComplete).toBe(true);
    preview.push(make.motion());
    expect(preview.made).toBe(0);
    other.push(new MessageMaker().start());
    other.push(new MessageMaker().visual(WHITE));
    await made(other, 1);
    await other[Symbol.asyncDispose]();
  });

  it('follows a change of the display aspect', async () => {
    await using preview = factory.open('aspect');
    const make = new MessageMaker();
    preview.push(make.start());
    preview.push(make.visual(WHITE));
    await made(preview, 1);
    preview.push(make.start({ displayAspect: 0.5, epoch: '01BX5ZZKBKACTAV9WEVGEMMVRZ' }));
    preview.push(make.visual(WHITE, { epoch: '01BX5ZZKBKACTAV9WEVGEMMVRZ' }));
    await made(preview, 2);
    expect(preview.latest?.widthPx).toBe(128);
  });
});

describe('a message that cannot be reconstructed', () => {
  it('is told of, and the next keyframe goes on', async () => {
    const faults: PreviewFault[] = [];
    await using factory = await open({ onFault: (fault) => faults.push(fault) });
    await using preview = factory.open('a');
    const make = new MessageMaker();
    preview.push(make.start());
    preview.push(make.visual(WHITE));
    preview.push(make.motion(5000));
    preview.push(make.motion());
    preview.push(make.visual(WHITE));
    await made(preview, 2);
    expect(faults).toEqual([{ type: 'message', stream: 'a', reason: 'ids must be 0 to 1023, got 5000' }]);
    expect(preview.made).toBe(2);
    expect(preview.dropped).toBe(16);
  });
});

describe('too much work', () => {
  it('is dropped and counted, never kept, and the newest keyframe is shown', async () => {
    await using factory = await open({ pace: { ...unpaced, maxWaiting: 3 } });
    await using preview = factory.open('flood');
    const make = new MessageMaker();
    preview.push(make.start());
    let pictures = 0;
    for (let clip = 0; clip < 40; clip++) {
      preview.push(make.visual(clip));
      preview.push(make.motion());
      pictures += 9;
    }
    const last = make.visual(WHITE);
    preview.push(last);
    while (preview.latest?.pts !== last.pts) await new Promise((resolve) => setImmediate(resolve));
    expect(preview.made).toBeLessThan(40);
    expect(preview.made + preview.dropped).toBeGreaterThanOrEqual(pictures + 1);
  });

  it('of one stream does not keep another waiting: they are served in turn', async () => {
    const order: string[] = [];
    await using factory = await open({
      pace: { ...unpaced, maxWaiting: 20 },
      onReconstructed: (stream) => {
        if (order.at(-1) !== stream) order.push(stream);
      },
    });
    const [busy, calm] = ['busy', 'calm'].map((name) => factory.open(name)) as [Preview, Preview];
    const make = new MessageMaker();
    busy.push(make.start());
    busy.push(make.visual(1));
    for (let chunk = 0; chunk < 6; chunk++) busy.push(make.motion());
    const other = new MessageMaker();
    calm.push(other.start());
    calm.push(other.visual(2));
    calm.push(other.motion());
    await Promise.all([made(busy, 49), made(calm, 9)]);
    expect(order).toEqual(['busy', 'calm', 'busy', 'calm', 'busy']);
  });
});

describe('a preview thread that dies', () => {
  it('is replaced, and every stream goes on at its next keyframe', async () => {
    const faults: PreviewFault[] = [];
    let tellReplaced = (): void => undefined;
    const replaced = new Promise<void>((resolve) => {
      tellReplaced = resolve;
    });
    await using factory = await open({
      pace: unpaced,
      onFault: (fault) => {
        faults.push(fault);
        if (fault.type === 'thread-replaced') tellReplaced();
      },
      startThread: (setup) =>
        openWorker(new URL('../../support/misbehaving-preview-worker.ts', import.meta.url), {
          workerData: setup,
        }),
    });
    const [poisoned, bystander] = ['poisoned', 'bystander'].map((name) => factory.open(name)) as [
      Preview,
      Preview,
    ];
    const [make, other] = [new MessageMaker(), new MessageMaker()];
    bystander.push(other.start({ displayAspect: 2 }));
    bystander.push(other.visual(WHITE));
    await made(bystander, 1);
    poisoned.push(make.start());
    poisoned.push(make.visual(WHITE, { clip: 666 }));
    await replaced;
    expect(faults).toEqual([
      { type: 'thread-lost', reason: 'a worker thread ended with code 66' },
      { type: 'thread-replaced' },
    ]);
    bystander.push(other.motion());
    bystander.push(other.visual(WHITE));
    poisoned.push(make.visual(WHITE));
    await Promise.all([made(bystander, 2), made(poisoned, 1)]);
    expect(bystander.made).toBe(2);
    // The new thread has been told of the start that it never heard.
    expect(bystander.latest?.widthPx).toBe(512);
  });
});

describe('the factory', () => {
  it('is refused a pack that breaks a rule', async () => {
    await using copy = await copyTinyPack();
    await copy.edit((manifest) => {
      manifest.motion.tokensPerChunk = 44;
    });
    await expect(open({}, copy.folder)).rejects.toMatchObject({ code: 'bad-pack' });
  });

  it('ends its previews and its thread when it is disposed of, once', async () => {
    const factory = await open();
    const preview = factory.open('a');
    let isComplete = false;
    preview.pictures$.subscribe({ complete: () => (isComplete = true) });
    preview.push(new MessageMaker().start());
    preview.push(new MessageMaker().visual());
    const closing = factory[Symbol.asyncDispose]();
    expect(factory[Symbol.asyncDispose]()).toBe(closing);
    await closing;
    expect(isComplete).toBe(true);
    expect(() => factory.open('b')).toThrow(DisposedError);
  });
});
