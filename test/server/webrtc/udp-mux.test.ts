import { createSocket, type Socket } from 'node:dgram';
import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { type Endpoint, type UdpFault, UdpMux, type UdpSocket } from '../../../server/webrtc/udp-mux.ts';

/** A mux on loopback that sends everything back. */
async function openEcho(faults: UdpFault[]): Promise<UdpMux> {
  return await UdpMux.open({
    addresses: ['127.0.0.1'],
    portMin: 0,
    portMax: 0,
    onDatagram: (data: Buffer, from: Endpoint, socket: UdpSocket) => socket.send(data, from),
    onFault: (fault) => faults.push(fault),
  });
}

async function ask(to: Endpoint | undefined, text: string): Promise<string> {
  const client = createSocket('udp4');
  try {
    const answered = once(client, 'message');
    client.send(text, to?.port, to?.address);
    const [answer]: Buffer[] = await answered;
    return String(answer);
  } finally {
    client.close();
  }
}

test.each([
  { what: 'that is too large', code: 'EMSGSIZE', data: Buffer.alloc(70_000), port: 9 },
  { what: 'to port 0', code: 'ERR_SOCKET_BAD_PORT', data: Buffer.alloc(1), port: 0 },
])('tells of a datagram $what, and goes on', async ({ code, data, port }) => {
  const faults: UdpFault[] = [];
  await using mux = await openEcho(faults);
  const [socket] = mux.sockets;
  socket?.send(data, { address: '127.0.0.1', port });
  await vi.waitUntil(() => faults.length > 0);
  expect(faults).toEqual([{ direction: 'sent', cause: expect.objectContaining({ code }) }]);
  expect(await ask(socket, 'still there?')).toBe('still there?');
  expect(faults).toHaveLength(1);
});

test('tells of a socket that could not be read, and goes on', async () => {
  const opened: Socket[] = [];
  const note = (message: unknown): void => void opened.push((message as { socket: Socket }).socket);
  channel('udp.socket').subscribe(note);
  const faults: UdpFault[] = [];
  await using mux = await openEcho(faults);
  channel('udp.socket').unsubscribe(note);
  const cause = new Error('recvmsg ENOMEM');
  expect(opened).toHaveLength(1);
  opened[0]?.emit('error', cause);
  expect(faults).toEqual([{ direction: 'received', cause }]);
  expect(await ask(mux.sockets[0], 'still there?')).toBe('still there?');
});

test('refuses a port that is taken, with what it tried', async () => {
  await using taken = await openEcho([]);
  const port = taken.sockets[0]?.port ?? 0;
  const options = { addresses: ['127.0.0.1'], onDatagram: () => undefined, onFault: () => undefined };
  await expect(UdpMux.open({ ...options, portMin: port, portMax: port })).rejects.toMatchObject({
    code: 'bad-config',
    message: expect.stringContaining(`127.0.0.1, port ${port}: bind EADDRINUSE`),
  });
});
