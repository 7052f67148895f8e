import type { OpenDecoder } from '../../pipeline/codec/decoder.ts';
import type { LoadedPack } from '../../pipeline/models/pack.ts';
import type { TokenEncoder } from '../../pipeline/models/token-encoder.ts';
import type { PreviewFactory } from '../../pipeline/preview/preview.ts';
import type { Tokenize } from '../../pipeline/tokenizer.ts';

/** What turns bytes into tokens and tokens into pictures: the pipeline as the server sees it, warmed up. */
export interface Engine {
  readonly tokenize: Tokenize;
  /** The pack to tokenize with. */
  readonly pack: LoadedPack;
  /** Every pack that clients may fetch, the one in use among them. */
  readonly packs: readonly LoadedPack[];
  readonly encoder: TokenEncoder;
  readonly openDecoder: OpenDecoder;
  readonly previews: PreviewFactory;
}
