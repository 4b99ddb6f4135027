/**
 * The second process of `kubewright up`: kubelet and proxy. Its parent tells it what to run over the IPC channel; when
 * the channel closes, however the parent ended, it stops too.
 */

import { errorLine } from './command-error.js';
import type { Running } from './components/running.js';
import type { NodePartsMessage } from './node-parts.js';

/** After this it ends as it is; what it runs is killed by the kernel with it. */
const closeWithinMs = 3_500;

let parts: Promise<Running> | undefined;
let stopping = false;

// Loaded while the parent still starts the API server.
const loaded = import('./node-parts.js');
loaded.catch(() => undefined);

process.on('message', (message: NodePartsMessage) => {
  if (message.type === 'start') {
    parts = loaded.then(({ startNodeParts }) => startNodeParts(message.options));
    parts.then(
      () => tell({ type: 'ready' }),
      (error: unknown) => tell({ type: 'failed', message: errorLine(error) }),
    );
  } else if (message.type === 'stop') void stop();
});
process.on('disconnect', () => void stop());
// A terminal sends these to both processes; the parent says when it is this one's turn.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(1), closeWithinMs).unref();
  // What failed to start has closed itself, and the parent was told.
  const running = await parts?.catch(() => undefined);
  try {
    await running?.close();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`kubewright: the node parts did not stop in order: ${errorLine(error)}\n`);
    process.exit(1);
  }
}

function tell(message: NodePartsMessage): void {
  // A parent that is gone is noticed by `disconnect`.
  if (process.connected) process.send?.(message, () => undefined);
}
