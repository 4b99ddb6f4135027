import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A name that one process of this machine has, and loses however it ends. */
export interface MachineLock {
  release(): Promise<void>;
}

/** Who is about to end, or only looks for what dead processes left behind, has a name for so long at most. */
const patienceMs = 3_000;

/**
 * Takes a name in the kernel's abstract socket namespace; undefined where another process has it, and keeps it.
 * `patient` waits a while for one that is about to end.
 */
export async function takeMachineLock(
  name: string,
  { patient = false }: { readonly patient?: boolean } = {},
): Promise<MachineLock | undefined> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const server = await listen(`\0${name}`);
    if (server !== undefined) return { release: () => new Promise((done) => server.close(() => done())) };
    if (!patient || Date.now() >= until) return undefined;
    await delay(20);
  }
}

function listen(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(path, () => resolve(server));
  });
}
