/** A long fuzz run: `npm run fuzz -- [minutes] [first seed]`. Ends with 1 at the first broken promise, naming its seed. */
import { checkModel } from '../pipeline/rtp/model.ts';
import { checkSeed } from './demux.ts';
import { checkRtpSeed } from './rtp.ts';
import { checkWebRtcSeed } from './webrtc.ts';

const [minutes = '1', first = '0'] = process.argv.slice(2);
const end = Date.now() + Number(minutes) * 60_000;
if (!Number.isFinite(end) || !Number.isSafeInteger(Number(first))) {
  console.error('usage: npm run fuzz -- [minutes] [first seed]');
  process.exit(2);
}

/** Access units of one run of the model of RTP. */
const MODEL_UNITS = 200;

async function run(): Promise<number> {
  let seed = Number(first);
  for (; Date.now() < end; seed += 1) {
    await checkSeed(seed);
    checkWebRtcSeed(seed);
    await checkRtpSeed(seed);
    await checkModel(seed, MODEL_UNITS);
  }
  return seed - Number(first);
}

run().then(
  (cases) => console.log(`${cases} cases, every promise kept`),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
