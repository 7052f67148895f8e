import type { Preview } from '../../pipeline/preview/preview.ts';

/** Resolves when a preview has made a number of pictures, which are counted before they are paced. */
export const made = async (preview: Preview, count: number): Promise<void> => {
  while (preview.made < count) await new Promise((resolve) => setImmediate(resolve));
};
