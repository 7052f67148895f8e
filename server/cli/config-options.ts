import { type Command, Option } from 'commander';
import { configReference } from '../config.ts';

/** Adds a flag for every key of the configuration, with its unit, default and trade-off in the help. */
export function addConfigOptions(command: Command): Command {
  command.option(
    '--config <file>',
    'JSON file of configuration keys; flags and KINOGLYPH_* variables win over it',
  );
  for (const { flag, unit, description, default: fallback, variable } of configReference()) {
    const value = unit === 'switch' ? '' : ` <${unit}>`;
    const shown = fallback === undefined ? '' : ` Default ${JSON.stringify(fallback)}.`;
    command.addOption(new Option(`${flag}${value}`, `${description}${shown} [${variable}]`));
  }
  return command;
}
