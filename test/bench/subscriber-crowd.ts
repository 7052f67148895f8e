/**
 * Many subscribers of one stream in a process of their own. Says `ready` when all are open; on `stop` answers with the
 * spread of every message: milliseconds between its first and its last arrival.
 */
import { WebSocket } from 'ws';

interface Arrival {
  count: number;
  firstMs: number;
  lastMs: number;
}

const [url = '', wanted = '0'] = process.argv.slice(2);
const crowd = Number(wanted);
const arrivals = new Map<string, Arrival>();
const sockets: WebSocket[] = [];

function take(text: string): void {
  const now = performance.now();
  // The sequence number comes before the ids, so that no subscriber parses more than a few characters.
  const seq = /"seq":(\d+)/.exec(text.slice(0, 160))?.[1];
  if (seq === undefined || text.includes('"replay":true')) return;
  const arrival = arrivals.get(seq) ?? { count: 0, firstMs: now, lastMs: now };
  arrival.count += 1;
  arrival.lastMs = now;
  arrivals.set(seq, arrival);
}

async function join(): Promise<void> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  socket.on('message', (data: Buffer) => take(data.toString('latin1')));
  sockets.push(socket);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
}

process.on('message', (message) => {
  if (message !== 'stop') return;
  const complete = [...arrivals.values()].filter(({ count }) => count === crowd);
  process.send?.({
    spreadsMs: complete.map(({ firstMs, lastMs }) => lastMs - firstMs),
    messages: arrivals.size,
    incomplete: arrivals.size - complete.length,
  });
  for (const socket of sockets) socket.terminate();
  process.disconnect();
});

for (let joined = 0; joined < crowd; joined += 25)
  await Promise.all(Array.from({ length: Math.min(25, crowd - joined) }, join));
process.send?.('ready');
