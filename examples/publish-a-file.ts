/** Publishes a video file: npx tsx examples/publish-a-file.ts VIDEO [STREAM] [URL] */
import { createReadStream } from 'node:fs';
import { connect } from '@kinoglyph/client';

const [file, stream = 'door', url = 'http://127.0.0.1:8765'] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: publish-a-file.ts VIDEO [STREAM] [URL]');

const client = connect(url, { token: process.env.KINOGLYPH_TOKEN });
const { epoch, messages, durationUs, gaps } = await client
  .stream(stream)
  .publish(createReadStream(file), { delivery: 'complete' });

console.log(`epoch ${epoch}: ${durationUs / 1e6} s of video`);
console.log(`${messages.visual} keyframes, ${messages.motion} chunks of motion, ${gaps.length} gaps`);
