import { describe, expect, it } from 'vitest';
import { Scope } from '../../pipeline/lifetime.ts';

describe('Scope', () => {
  it('releases in reverse order, each after the one before it', async () => {
    const order: string[] = [];
    const scope = new Scope();
    scope.defer(() => order.push('first'));
    scope.defer(async () => {
      await Promise.resolve();
      order.push('second');
    });
    await scope.close();
    expect(order).toEqual(['second', 'first']);
  });

  it('runs what is registered while it closes', async () => {
    const order: string[] = [];
    const scope = new Scope();
    scope.defer(() => scope.defer(() => order.push('late')));
    await scope.close();
    expect(order).toEqual(['late']);
  });

  it('waits for a release that begins by itself', async () => {
    const order: string[] = [];
    const scope = new Scope();
    const released = scope.hold();
    scope.defer(() => {
      setImmediate(() => released(Promise.resolve().then(() => order.push('released'))));
    });
    await scope.close();
    expect(order).toEqual(['released']);
  });

  it('closes once, runs everything in spite of failures, and tells of all of them', async () => {
    let runs = 0;
    const scope = new Scope();
    scope.defer(() => {
      runs += 1;
    });
    scope.defer(() => {
      throw new Error('one');
    });
    scope.defer(() => Promise.reject(new Error('two')));
    const closing = scope.close();
    expect(scope.close()).toBe(closing);
    await expect(closing).rejects.toThrow('releasing failed: two; one');
    expect(runs).toBe(1);
  });
});
