import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of all files in a folder and its folders, as they lie on disk without rounding to blocks. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true });
  const stats = await Promise.all(entries.map((entry) => lstat(join(folder, entry))));
  return stats.reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}
