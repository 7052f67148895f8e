/**
 * A program of its own: reads recorded messages as JSON lines from its input and prints the pictures that it rebuilds
 * from them, one `pts sha256` of the RGB bytes a line. It knows the messages and the pack and nothing else.
 */
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { MessageSchema } from '../../client-sdk/protocol/messages.ts';
import { Reconstructor } from '../../client-sdk/reconstruct/index.ts';
import { createOnnxDetokenizer } from '../../pipeline/models/onnx-detokenizer.ts';
import { loadPack } from '../../pipeline/models/pack.ts';

const [folder] = process.argv.slice(2);
const detokenizer = await createOnnxDetokenizer(await loadPack(folder!));
const reconstructor = Reconstructor.create({ detokenizer });
for await (const line of createInterface({ input: process.stdin })) {
  for (const { pts, rgb } of await reconstructor.push(MessageSchema.parse(JSON.parse(line))))
    console.log(`${pts} ${createHash('sha256').update(rgb).digest('hex')}`);
}
await detokenizer[Symbol.asyncDispose]();
