import { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { startServer } from '../start.ts';
import { addConfigOptions } from './config-options.ts';
import { untilInterrupted } from './until-interrupted.ts';

/** `kinoglyph serve`: runs the server until it is told to stop. */
export const serveCommand = (): Command =>
  addConfigOptions(new Command('serve').description('Run the server. Studio is at its address.')).action(
    async ({ config: file, ...flags }: Record<string, unknown> & { config?: string }) => {
      const server = await startServer(loadConfig({ flags, file }));
      await untilInterrupted();
      await server.close();
    },
  );
