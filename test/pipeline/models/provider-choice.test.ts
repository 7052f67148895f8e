import { describe, expect, it } from 'vitest';
import { chooseProvider } from '../../../pipeline/models/provider-choice.ts';

const machine = (itemMs: Record<string, number>, installed = Object.keys(itemMs)) => ({
  isInstalled: (name: string) => installed.includes(name),
  measure: async (name: string) => {
    const ms = itemMs[name];
    if (ms === undefined) throw new Error('no device');
    return ms;
  },
});

describe('chooseProvider', () => {
  it('takes cuda by itself where it is there and faster', async () => {
    const choice = await chooseProvider('auto', machine({ cpu: 40, cuda: 4 }));
    expect(choice).toEqual({
      name: 'cuda',
      reason: 'cuda is faster: 4.0 ms an item on cuda, 40.0 ms on cpu',
    });
  });

  it('passes over a provider that is slower than the cpu, even one that was asked for', async () => {
    for (const [wish, name] of [
      ['auto', 'cuda'],
      ['webgpu', 'webgpu'],
    ] as const) {
      const choice = await chooseProvider(wish, machine({ cpu: 4, [name]: 40 }));
      expect(choice.name).toBe('cpu');
      expect(choice.reason).toContain(`${name} is passed over as slower`);
    }
  });

  it('falls back to the cpu by itself and says why', async () => {
    expect(await chooseProvider('auto', machine({ cpu: 4 }))).toEqual({
      name: 'cpu',
      reason: 'cuda is not installed',
    });
    expect(await chooseProvider('auto', machine({ cpu: 4 }, ['cuda']))).toEqual({
      name: 'cpu',
      reason: 'cuda cannot be used: no device',
    });
  });

  it('refuses a provider that was asked for and cannot be had', async () => {
    await expect(chooseProvider('webgpu', machine({ cpu: 4 }, ['webgpu']))).rejects.toMatchObject({
      code: 'bad-config',
      message: 'provider must be one that this machine has, got webgpu: webgpu cannot be used: no device',
    });
  });

  it('measures nothing where the cpu was asked for', async () => {
    expect((await chooseProvider('cpu', machine({}))).name).toBe('cpu');
  });
});
