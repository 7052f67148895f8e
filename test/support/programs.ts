import { spawnSync } from 'node:child_process';

/** Whether an outside program can be run. Under `REQUIRE_ALL=1` one that is missing fails the test that needs it. */
export const hasProgram = (name: string): boolean =>
  process.env.REQUIRE_ALL === '1' || spawnSync(name, ['--version']).error === undefined;

/** Everything that a readable gives, as text. */
export async function textOf(readable: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of readable) parts.push(part);
  return Buffer.concat(parts).toString();
}
