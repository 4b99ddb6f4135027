import type { Duplex } from 'node:stream';

/** How long a side that has been sent everything may take to leave. */
const lingerMs = 10_000;

/**
 * Passes on what either side sends, and its end: the other side may still send what it has to. A side that breaks off
 * takes the other with it. Resolves when both are closed.
 */
export async function joinConnections(a: Duplex, b: Duplex): Promise<void> {
  await Promise.all([pass(a, b), pass(b, a)]);
}

/** Resolves when `from` is closed. */
function pass(from: Duplex, to: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const closed = () => {
      if (from.readableEnded) letLeave(to);
      else to.destroy();
      resolve();
    };
    // An error is followed by `close`, which says enough.
    from.on('error', () => undefined);
    if (from.destroyed) return closed();
    from.once('close', closed);
    from.pipe(to);
  });
}

/** The other side has gone in order: what is still being written is not to be lost, however slowly it is read. */
function letLeave(side: Duplex): void {
  if (side.destroyed) return;
  side.resume();
  const wait = () => {
    const timer = setTimeout(() => side.destroy(), lingerMs);
    side.once('close', () => clearTimeout(timer));
  };
  if (side.writableFinished) wait();
  else side.once('finish', wait);
}
