/**
 * Prints the tokens of a stream, from where it left off: npx tsx examples/follow-tokens.ts [STREAM] [URL] [CURSOR]
 * Ends with the publisher. The last line is the cursor to go on from.
 */
import { connect, formatCursor } from '@kinoglyph/client';

const [stream = 'door', url = 'http://127.0.0.1:8765', from = 'earliest'] = process.argv.slice(2);
const client = connect(url, { token: process.env.KINOGLYPH_TOKEN });

let cursor = from;
for await (const message of client.stream(stream).tokens({ from, layout: 'llm', until: 'end' })) {
  switch (message.type) {
    case 'visual':
    case 'motion':
      console.log(`${(message.pts / 1e6).toFixed(3)} s ${message.type}: ${message.llm?.join(' ')}`);
      break;
    case 'gap':
      console.log(`no tokens from ${message.from} to ${message.to} µs: ${message.reason}`);
      break;
    default:
      console.log(message.type);
  }
  if (message.type !== 'skip') cursor = formatCursor(message);
}
console.log(cursor);
