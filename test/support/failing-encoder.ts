import { ModelError } from '../../pipeline/errors.ts';
import type { TokenEncoder } from '../../pipeline/models/token-encoder.ts';

/** An encoder that works but for one chunk, counted from 1, which fails as one does whose thread has ended. */
export function failingAtChunk(encoder: TokenEncoder, failing: number): TokenEncoder {
  let calls = 0;
  return {
    provider: encoder.provider,
    runtime: encoder.runtime,
    keyframeTokens: encoder.keyframeTokens,
    pending: 0,
    encodeKeyframe: (keyframe, options) => encoder.encodeKeyframe(keyframe, options),
    encodeMotion: async (chunk, options) => {
      calls += 1;
      if (calls === failing) throw new ModelError('model-failed', 'the inference thread ended');
      return await encoder.encodeMotion(chunk, options);
    },
  };
}
