import { expect, it } from 'vitest';
import { configurationPage, errorsPage } from '../../server/reference.ts';

// `npx vitest run test/server/reference.test.ts -u` writes the pages anew.
it('docs/errors.md lists the catalogue', async () => {
  await expect(errorsPage()).toMatchFileSnapshot('../../docs/errors.md');
});

it('docs/configuration.md lists every key', async () => {
  await expect(configurationPage()).toMatchFileSnapshot('../../docs/configuration.md');
});
