import { z } from 'zod';

const UNITS = [
  'bytes',
  'ms',
  's',
  'px',
  'px/s',
  'bits/s',
  'count',
  'name',
  'list',
  'path',
  'json',
  'switch',
] as const;
/** How a key's value is to be read: a unit of a number, or a form of text. */
export type ConfigUnit = (typeof UNITS)[number];

/** What the reference tells of a key beside its name and default. */
export interface ConfigKeyMeta {
  readonly unit: ConfigUnit;
  readonly description: string;
}

/** A key's schema with how it is read and what it is for. */
export const configKey = <T extends z.ZodType>(unit: ConfigUnit, schema: T, description: string): T =>
  schema.meta({ unit, description });

/** A whole number, at least `least`. */
export const wholeNumber = (least = 0) => z.int().min(least);
