/**
 * The messages before the first gap, or all where none is: a busy machine may shed work of a live stream, whose tokens are the
 * promised ones up to there.
 */
export function beforeGap<T extends { readonly type: string }>(messages: readonly T[]): readonly T[] {
  const gap = messages.findIndex(({ type }) => type === 'gap');
  return gap < 0 ? messages : messages.slice(0, gap);
}
