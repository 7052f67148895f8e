/**
 * Saves pictures that the server rebuilds from the tokens alone:
 * npx tsx examples/save-a-preview.ts FOLDER [STREAM] [URL] [COUNT]
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '@kinoglyph/client';

const [folder, stream = 'door', url = 'http://127.0.0.1:8765', count = '12'] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: save-a-preview.ts FOLDER [STREAM] [URL] [COUNT]');

const client = connect(url, { token: process.env.KINOGLYPH_TOKEN });
await mkdir(folder, { recursive: true });

let saved = 0;
for await (const { pts, jpeg } of client.stream(stream).preview({ as: 'jpeg' })) {
  await writeFile(join(folder, `${String(pts).padStart(12, '0')}.jpg`), jpeg);
  saved += 1;
  if (saved === Number(count)) break;
}
console.log(`${saved} pictures in ${folder}`);
