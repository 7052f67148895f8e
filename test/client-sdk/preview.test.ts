import { describe, expect, it } from 'vitest';
import { connect, type PreviewFrame } from '../../client-sdk/index.ts';
import { encodePreviewFrame } from '../../client-sdk/protocol/preview-frame.ts';
import { ScriptedServer } from './scripted-server.ts';

const frameAt = (pts: number): PreviewFrame => ({
  pts,
  width: 4,
  height: 2,
  jpeg: new Uint8Array(1000).fill(pts),
});

describe('preview', () => {
  it('yields the pictures, over as many connections as it takes', async () => {
    await using server = await ScriptedServer.start({
      onConnect: ({ socket, index }) => {
        socket.send(encodePreviewFrame(frameAt(index)));
        socket.close(index < 2 ? 1012 : 1000);
      },
    });
    const got: PreviewFrame[] = [];
    const preview = connect(server.url)
      .stream('door')
      .preview({ as: 'jpeg', reconnect: { nextDelayMs: () => 0 } });
    for await (const frame of preview) got.push(frame);
    expect(got).toEqual([0, 1, 2].map(frameAt));
    expect(server.visits[0]?.path).toBe('/v1/streams/door/preview');
  });

  it('keeps the newest pictures for a slow reader', async () => {
    await using server = await ScriptedServer.start({
      onConnect: ({ socket }) => {
        for (let pts = 0; pts < 100; pts += 1) socket.send(encodePreviewFrame(frameAt(pts)));
        socket.close(1000);
      },
    });
    const got: number[] = [];
    for await (const { pts } of connect(server.url)
      .stream('door')
      .preview({ as: 'jpeg', maxBufferBytes: 3100 })) {
      got.push(pts);
      if (got.length === 1) await expect.poll(() => server.openConnections).toBe(0);
    }
    expect(got.slice(-3)).toEqual([97, 98, 99]);
    expect(got.length).toBeLessThan(100);
  });

  it('fails where a picture is of another version', async () => {
    await using server = await ScriptedServer.start({
      onConnect: ({ socket }) => socket.send(new Uint8Array(40)),
    });
    const preview = connect(server.url).stream('door').preview({ as: 'jpeg' });
    await expect(preview.next()).rejects.toMatchObject({ code: 'protocol' });
  });
});
