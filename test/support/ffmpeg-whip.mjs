// Publishes a file by ffmpeg's own WHIP muxer, in a process of its own, as the ffmpeg program would: `node ffmpeg-whip.mjs FILE URL`.
import { Demuxer, Muxer } from 'node-av/api';
import { Packet } from 'node-av/lib';

const [file, url] = process.argv.slice(2);
const input = await Demuxer.open(file);
const output = await Muxer.open(url, { format: 'whip' });
const video = input.video();
const index = output.addStream(video);
const { num, den } = video.timeBase;
const begunMs = performance.now();
let packets = 0;
for (;;) {
  const packet = new Packet();
  packet.alloc();
  if ((await input.getFormatContext().readFrame(packet)) < 0) break;
  if (packet.streamIndex !== video.index) continue;
  packet.timeBase = video.timeBase;
  const dueMs = (Number(packet.dts) * 1000 * num) / den;
  const waitMs = begunMs + dueMs - performance.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  await output.writePacket(packet, index);
  packets += 1;
}
await output.close();
console.log(`${packets} packets`);
