import { isIP } from 'node:net';

/** Whether an address or name stands for this machine only. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (bare === 'localhost' || bare.endsWith('.localhost') || bare === '::1') return true;
  return isIP(bare) === 4 && bare.startsWith('127.');
}

/** The name of a `Host` header or an authority without its port; `undefined` where it is not one. */
export function hostNameOf(authority: string | undefined): string | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]/@\s]+)(?::\d{1,5})?$/.exec(authority ?? '');
  return match?.[1]?.toLowerCase();
}
