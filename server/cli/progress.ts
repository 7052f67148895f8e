const INTERVAL_MS = 500;

/** A line on standard error that tells how far long work has come. */
export interface Progress {
  stop(): void;
}

/** Shows progress where standard error is a terminal; elsewhere it says nothing. */
export function createProgress(title: string, state: () => string): Progress {
  if (!process.stderr.isTTY) return { stop: () => undefined };
  const show = (): void => void process.stderr.write(`\r\u001b[K${title}: ${state()}`);
  const timer = setInterval(show, INTERVAL_MS);
  return {
    stop: () => {
      clearInterval(timer);
      process.stderr.write('\r\u001b[K');
    },
  };
}
