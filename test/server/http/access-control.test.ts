import { expect, it } from 'vitest';
import { AccessControl, chooseSubprotocol } from '../../../server/http/access-control.ts';

const TOKEN = 'a token that is long';

it('lets everybody do everything without tokens', () => {
  const access = new AccessControl({ tokens: [] });
  expect(access.isOpen).toBe(true);
  expect(access.authorize({}, 'admin').actions).toContain('admin');
});

it('forgets a short-lived token at its time, and none of another key is known', () => {
  const clock = { nowMs: 1000 };
  const config = { tokens: [{ token: TOKEN, actions: ['read' as const] }] };
  const access = new AccessControl(config, () => clock.nowMs);
  const { token, expires } = access.mint({ actions: ['read'] }, 10);
  expect(expires).toBe(11_000);
  clock.nowMs = 10_999;
  expect(access.authorize({ queryToken: token }, 'read')).toMatchObject({ actions: ['read'] });
  clock.nowMs = 11_000;
  expect(() => access.authorize({ queryToken: token }, 'read')).toThrow(
    expect.objectContaining({ code: 'unauthorized' }),
  );
  const other = new AccessControl(config, () => 1000);
  expect(() => other.authorize({ queryToken: token }, 'read')).toThrow();
});

it('reads nothing into what is not a token', () => {
  const access = new AccessControl({ tokens: [{ token: TOKEN, actions: ['read'] }] });
  for (const queryToken of ['', 'kq1.', 'kq1..', 'kq1.e30.AAAA', 'kq1.%%.x', TOKEN]) {
    expect(() => access.authorize({ queryToken }, 'read')).toThrow(
      expect.objectContaining({ code: 'unauthorized' }),
    );
  }
  for (const authorization of ['', 'Bearer', `Basic ${TOKEN}`, `Bearer${TOKEN}`]) {
    expect(() => access.authorize({ authorization }, 'read')).toThrow();
  }
});

it('answers with the subprotocol that carries no secret', () => {
  expect(chooseSubprotocol(new Set(['kinoglyph.bearer.x', 'kinoglyph']))).toBe('kinoglyph');
  expect(chooseSubprotocol(new Set(['kinoglyph.bearer.x']))).toBe('kinoglyph.bearer.x');
  expect(chooseSubprotocol(new Set())).toBe(false);
});
