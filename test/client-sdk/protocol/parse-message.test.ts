import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as messages from '../../../client-sdk/protocol/messages.ts';
import { parseMessage, REQUIRED_FIELDS } from '../../../client-sdk/protocol/parse-message.ts';
import { WireError } from '../../../client-sdk/protocol/wire-error.ts';
import { START, TEXT_MESSAGES } from '../arbitrary-messages.ts';

const SCHEMAS = {
  start: messages.StartMessageSchema,
  visual: messages.VisualMessageSchema,
  motion: messages.MotionMessageSchema,
  gap: messages.GapMessageSchema,
  end: messages.EndMessageSchema,
  skip: messages.SkipMessageSchema,
  goaway: messages.GoawayMessageSchema,
};

describe('parseMessage', () => {
  it.each(Object.entries(SCHEMAS))('asks of %s the fields that the schema requires', (type, schema) => {
    const required = Object.entries(schema.shape)
      .filter(([name, field]) => name !== 'type' && !field.safeParse(undefined).success)
      .map(([name]) => name);
    expect(new Set(Object.keys(REQUIRED_FIELDS[type as messages.Message['type']]))).toEqual(
      new Set(required),
    );
  });

  it.each(TEXT_MESSAGES)('gives back what was written ($type)', (message) => {
    expect(parseMessage(JSON.stringify(message))).toEqual(message);
  });

  it.each(Object.keys(REQUIRED_FIELDS.start))('refuses a start without %s', (name) => {
    expect(() => parseMessage(JSON.stringify({ ...START, [name]: undefined }))).toThrow(`start.${name}`);
  });

  it('refuses ids that are not indices', () => {
    const motion = { type: 'motion', epoch: 'e', seq: 0, pts: 0, received: 0, emitted: 0, clip: 0 };
    const text = JSON.stringify({ ...motion, chunk: 0, fields: 1, duration: 1, ids: [1, -1] });
    expect(() => parseMessage(text)).toThrow('motion.ids');
  });

  it('keeps fields that a newer server adds, and passes over a type that it does not know', () => {
    expect(parseMessage('{"type":"goaway","inMs":1,"why":"update"}')).toHaveProperty('why');
    expect(parseMessage('{"type":"constructor"}')).toBeUndefined();
    expect(parseMessage('{"type":"weather","of":"tomorrow"}')).toBeUndefined();
  });

  it('fails with nothing but a WireError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parseMessage(text);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
    for (const text of ['', '1', 'null', '[]', '{}', '{"type":1}', '{"type":"end"}'])
      expect(() => parseMessage(text)).toThrow(WireError);
  });
});
