import { ERROR_CODES } from '../client-sdk/protocol/error-codes.ts';
import { configReference } from './config.ts';

/** `docs/errors.md`: every code of the catalogue. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { status, close, title }]) => `| \`${code}\` | ${status} | ${close} | ${title} |`,
  );
  return `# Errors

A failed call is answered with a problem document (RFC 9457, \`application/problem+json\`):
\`{type, title, status, detail, code}\`. \`type\` is \`urn:kinoglyph:error:<code>\`, \`detail\` says the rule and what came. A
publication that had begun adds its \`summary\`. A 503 carries \`Retry-After\`. A WebSocket is closed with the code in the third
column and as much of the detail as fits into 123 bytes; only a foreign Host or Origin is refused before the upgrade.
Codes are never reused.

| code | HTTP status | close code | meaning |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

/** `docs/configuration.md`: every key of the configuration. */
export function configurationPage(): string {
  const rows = configReference().map(
    ({ key, flag, variable, unit, default: fallback, description }) =>
      `| \`${key}\`<br>\`${flag}\`<br>\`${variable}\` | ${unit} | ${fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``} | ${description} |`,
  );
  return `# Configuration

Flags win over \`KINOGLYPH_*\` variables, these over a JSON file of keys (\`--config FILE\` or \`KINOGLYPH_CONFIG\`). In flags and
variables a list is separated by commas, a switch is \`true\` or \`false\`, and \`json\` is JSON.

| key, flag, variable | unit | default | meaning and trade-off |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
