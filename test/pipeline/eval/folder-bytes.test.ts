import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderBytes } from '../../../pipeline/eval/folder-bytes.ts';

it('counts the files of a folder and those below it, but no links', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bytes-'));
  try {
    await mkdir(join(folder, 'inner'));
    await writeFile(join(folder, 'a'), new Uint8Array(1000));
    await writeFile(join(folder, 'inner', 'b'), new Uint8Array(234));
    await symlink(join(folder, 'a'), join(folder, 'link'));
    expect(await folderBytes(folder)).toBe(1234);
  } finally {
    await rm(folder, { recursive: true });
  }
});
