import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError, reasonOf } from '../pipeline/errors.ts';
import type { ConfigKeyMeta } from './config-key.ts';
import { type Config, type ConfigKey, ConfigSchema } from './config-schema.ts';
import { isLoopbackHost } from './http/hosts.ts';

export type { Config } from './config-schema.ts';

/** Where values come from; flags win over the environment, that over the file. */
export interface ConfigSources {
  /** By key, as text or as values; `undefined` counts as not given. */
  readonly flags?: Readonly<Record<string, unknown>> | undefined;
  /** The process's own environment if absent. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** JSON file; `KINOGLYPH_CONFIG` names it too. */
  readonly file?: string | undefined;
}

/** One key as the reference shows it. */
export interface ConfigReferenceRow extends ConfigKeyMeta {
  readonly key: ConfigKey;
  readonly flag: string;
  readonly variable: string;
  readonly default: unknown;
}

/** Every key with flag, variable, unit, default and trade-off, in the order of the schema. */
export function configReference(): readonly ConfigReferenceRow[] {
  const defaults: Record<string, unknown> = ConfigSchema.parse({});
  return configKeys().map((key) => ({
    key,
    flag: `--${dashed(key, '-').toLowerCase()}`,
    variable: variableOf(key),
    default: defaults[key],
    ...metaOf(key),
  }));
}

/** Reads, checks and freezes the configuration. Throws a `ConfigError` that names the key and the rule. */
export function loadConfig(sources: ConfigSources = {}): Config {
  const env = sources.env ?? process.env;
  const file = sources.file ?? env[variableOf('config')];
  const merged = {
    ...(file === undefined ? {} : readConfigFile(file)),
    ...fromEnvironment(env),
    ...fromFlags(sources.flags ?? {}),
  };
  const parsed = ConfigSchema.safeParse(merged);
  if (!parsed.success) throw new ConfigError('bad-config', z.prettifyError(parsed.error));
  const config = deepFreeze(parsed.data);
  assertSafeBinding(config);
  assertPortRange(config);
  return config;
}

function assertSafeBinding(config: Config): void {
  if (isLoopbackHost(config.host) || config.tokens.length > 0 || config.insecure) return;
  throw new ConfigError(
    'bad-config',
    `listening beyond loopback needs tokens or insecure, got host ${config.host} without either`,
  );
}

function assertPortRange({ webrtcPortMin, webrtcPortMax }: Config): void {
  if (webrtcPortMin <= webrtcPortMax) return;
  throw new ConfigError(
    'bad-config',
    `webrtcPortMax must be at least webrtcPortMin, got ${webrtcPortMin} to ${webrtcPortMax}`,
  );
}

function readConfigFile(file: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new ConfigError('bad-config', `cannot read configuration ${file}: ${reasonOf(cause)}`, { cause });
  }
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  const given = configKeys().filter((key) => env[variableOf(key)] !== undefined);
  return Object.fromEntries(given.map((key) => [key, fromText(key, env[variableOf(key)], variableOf(key))]));
}

function fromFlags(flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([key, value]) => [
      key,
      isConfigKey(key) ? fromText(key, value, `--${dashed(key, '-')}`) : value,
    ]),
  );
}

/** Turns text into what the key's unit says; leaves anything else to the schema. */
function fromText(key: ConfigKey, value: unknown, source: string): unknown {
  if (typeof value !== 'string') return value;
  const { unit } = metaOf(key);
  if (unit === 'list') return value.split(',').flatMap((item) => item.trim() || []);
  if (unit === 'switch')
    return ({ true: true, '1': true, false: false, '0': false } as const)[value] ?? value;
  if (unit === 'name' || unit === 'path') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch (cause) {
    throw new ConfigError('bad-config', `${source} must be ${unit === 'json' ? 'JSON' : 'a number'}`, {
      cause,
    });
  }
}

const configKeys = (): ConfigKey[] => Object.keys(ConfigSchema.shape).filter(isConfigKey);
const isConfigKey = (key: string): key is ConfigKey => Object.hasOwn(ConfigSchema.shape, key);
const metaOf = (key: ConfigKey): ConfigKeyMeta => ConfigSchema.shape[key].meta() as unknown as ConfigKeyMeta;
const dashed = (key: string, dash: string): string =>
  key.replace(/[A-Z]/g, (letter) => dash + letter).toLowerCase();
const variableOf = (key: string): string => `KINOGLYPH_${dashed(key, '_').toUpperCase()}`;

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
