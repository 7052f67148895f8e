import pino from 'pino';
import type { Config } from './config-schema.ts';

/** A structured logger; `child` binds context. */
export type Log = pino.Logger;

/** Paths of log fields that may hold credentials. */
const SECRETS = [
  'authorization',
  '*.authorization',
  'req.headers.authorization',
  'req.headers["sec-websocket-protocol"]',
  'token',
  '*.token',
  'access_token',
  '*.access_token',
];

/** Makes the server's logger: JSON lines, on standard output if not said otherwise, credentials redacted. */
export const createLog = (config: Pick<Config, 'logLevel'>, destination?: pino.DestinationStream): Log =>
  pino({ level: config.logLevel, redact: SECRETS }, destination ?? pino.destination(1));
