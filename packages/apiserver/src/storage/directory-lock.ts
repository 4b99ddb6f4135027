import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';

/** Held by the one process that may use a data directory. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * Takes a data directory for this process alone; the kernel gives it back however the process ends, `kill -9` included.
 * On Linux the lock is a listening socket in the abstract namespace, named after the directory's device and inode (so
 * that no other path to it gets around it); elsewhere a file with the process id. The file is there on Linux too, only
 * to name the other process.
 * @throws Error naming the directory and the process that holds it, or why it can't be written
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const file = join(directory, 'lock');
  if (process.platform !== 'linux') {
    const holder = readHolder(file);
    if (holder !== undefined && isAlive(holder)) throw locked(directory, holder);
    writeHolder(directory, file);
    return { release: async () => writeFileSync(file, '') };
  }
  const { dev, ino } = statSync(directory);
  const server = await listen(`\0kubewright-data-${dev}-${ino}`).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EADDRINUSE' ? locked(directory, readHolder(file)) : error;
  });
  try {
    writeHolder(directory, file);
  } catch (error) {
    server.close();
    throw error;
  }
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

function writeHolder(directory: string, file: string): void {
  try {
    writeFileSync(file, `${process.pid}\n`);
  } catch (cause) {
    throw new Error(`the data directory ${directory} can't be written: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function locked(directory: string, holder: number | undefined): Error {
  const by = holder === undefined ? 'another process' : `process ${holder}`;
  return new Error(`the data directory ${directory} is in use by ${by}`);
}

function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.unref();
      resolve(server);
    });
  });
}

function readHolder(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
    return Number.isNaN(pid) ? undefined : pid;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
