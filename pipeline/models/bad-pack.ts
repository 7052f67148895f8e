import { ConfigError } from '../errors.ts';

/** A rule that a pack breaks: says the rule, what came and what is allowed. */
export const badPack = (detail: string, cause?: unknown): ConfigError =>
  new ConfigError('bad-pack', detail, { cause });
