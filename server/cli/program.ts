import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import { ConfigError, reasonOf, TokenizerError } from '../../pipeline/errors.ts';
import { projectFile } from '../project-files.ts';
import { demoCommand } from './demo-command.ts';
import { detokenizeCommand } from './detokenize-command.ts';
import { evalCommand } from './eval-command.ts';
import { packsCommand } from './packs-command.ts';
import { serveCommand } from './serve-command.ts';
import { tokenizeCommand } from './tokenize-command.ts';

/** Exit codes of the program: a usage or configuration that cannot work is told apart from work that failed. */
export const EXIT_CODES = { ok: 0, failed: 1, usage: 2 } as const;

/** Runs the command line; resolves with the exit code and writes what went wrong to standard error. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    await program.parseAsync(argv);
    return typeof process.exitCode === 'number' ? process.exitCode : EXIT_CODES.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
    const code = error instanceof TokenizerError ? ` (${error.code})` : '';
    process.stderr.write(`kinoglyph: ${reasonOf(error)}${code}\n`);
    return error instanceof ConfigError && error.code === 'bad-config' ? EXIT_CODES.usage : EXIT_CODES.failed;
  }
}

function createProgram(): Command {
  const program = new Command('kinoglyph')
    .description(
      'Tokenizes live video: discrete tokens while it arrives, and a picture rebuilt from them alone.',
    )
    .version(versionOf())
    .showHelpAfterError('(--help tells more)');
  const commands = [
    serveCommand(),
    demoCommand(),
    tokenizeCommand(),
    detokenizeCommand(),
    evalCommand(),
    packsCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  // Every command throws in place of ending the process, so that exit codes are given in one place.
  for (const command of [program, ...commands, ...commands.flatMap((each) => each.commands)])
    command.exitOverride();
  return program;
}

const versionOf = (): string =>
  z.object({ version: z.string() }).parse(JSON.parse(readFileSync(projectFile('package.json'), 'utf8')))
    .version;
