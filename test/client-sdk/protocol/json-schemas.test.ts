import { describe, expect, it } from 'vitest';
import { jsonSchemas } from '../../../client-sdk/protocol/json-schemas.ts';

describe('jsonSchemas', () => {
  it('describes every message, the problem document and the texts of a publication', () => {
    const schemas = jsonSchemas();
    expect(Object.keys(schemas)).toEqual([
      'Start',
      'Visual',
      'Motion',
      'Gap',
      'End',
      'Skip',
      'Goaway',
      'Message',
      'Problem',
      'PublishSummary',
      'Accepted',
      'PublishEnd',
    ]);
    expect(schemas.Goaway).toMatchObject({
      type: 'object',
      properties: { type: { const: 'goaway' }, inMs: { type: 'integer', minimum: 0 } },
      required: ['type', 'inMs'],
    });
    expect(schemas.Message).toHaveProperty('oneOf.length', 7);
  });
});
