import { expect, it } from 'vitest';
import { createLog } from '../../server/log.ts';
import { startTestServer } from '../support/test-server.ts';

it('shows no credentials, wherever they stand', () => {
  const lines: string[] = [];
  const log = createLog({ logLevel: 'info' }, { write: (line) => lines.push(line) });
  const secret = 'this-is-the-secret';
  log.info({ authorization: secret, token: secret, access_token: secret }, 'a');
  log.info({ query: { access_token: secret }, req: { headers: { authorization: secret } } }, 'b');
  expect(lines).toHaveLength(2);
  expect(lines.join('')).not.toContain(secret);
});

it('tells of a request without its query, where tokens may stand', async () => {
  const lines: string[] = [];
  const log = createLog({ logLevel: 'trace' }, { write: (line) => lines.push(line) });
  await using server = await startTestServer(undefined, {}, log);
  await fetch(`${server.url}/v1/streams/none?access_token=this-is-the-secret`);
  await fetch(`${server.url}/nowhere?access_token=this-is-the-secret`);
  await expect.poll(() => lines.filter((line) => line.includes('answered'))).toHaveLength(2);
  expect(lines.join('')).toContain('/v1/streams/:stream');
  expect(lines.join('')).not.toContain('this-is-the-secret');
});
