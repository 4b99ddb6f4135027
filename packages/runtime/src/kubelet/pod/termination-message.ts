import { open } from 'node:fs/promises';
import type { Container, Pod } from '@kubewright/api/core/v1';
import type { ContainerStatus } from '../../container/container-runtime.js';
import { readLog } from '../log/read-log.js';
import { findContainer } from './kill-pod.js';
import type { PodDirectories } from './pod-directories.js';
import type { PodRuntimeState } from './runtime-state.js';

/** Bounds of a termination message, and of one taken from the log. Source: API reference of ContainerStateTerminated. */
const maxBytes = 4096;
const maxLogBytes = 2048;
const maxLogLines = 80;

/** The messages of the dead containers of one pod, each read once. */
export class TerminationMessages {
  readonly #directories: PodDirectories;
  readonly #messages = new Map<string, string>();

  constructor(directories: PodDirectories) {
    this.#directories = directories;
  }

  get byContainerId(): ReadonlyMap<string, string> {
    return this.#messages;
  }

  /** Reads those of containers that have ended since, and forgets those of containers that are gone. */
  async read(pod: Pod, state: PodRuntimeState): Promise<void> {
    const known = new Set<string>();
    for (const status of state.containers) {
      known.add(status.id);
      if (status.state !== 'exited' || this.#messages.has(status.id)) continue;
      const { name, attempt } = status.config;
      const path = this.#directories.terminationMessage(pod.metadata.uid ?? '', name, attempt);
      this.#messages.set(status.id, await terminationMessage(findContainer(pod, name), status, path));
    }
    for (const id of this.#messages.keys()) if (!known.has(id)) this.#messages.delete(id);
  }
}

/** What a container that has ended leaves as its message: its file, or the end of its log where it asks for that. */
async function terminationMessage(
  container: Container | undefined,
  status: ContainerStatus,
  path: string,
): Promise<string> {
  const own = await readHead(path);
  if (own !== '') return own;
  if (container?.terminationMessagePolicy !== 'FallbackToLogsOnError' || status.exitCode === 0) return '';
  const chunks: Buffer[] = [];
  try {
    const log = readLog(status.logPath, { tailLines: maxLogLines, signal: new AbortController().signal });
    for await (const chunk of log) chunks.push(chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
  return Buffer.concat(chunks).subarray(-maxLogBytes).toString('utf8');
}

async function readHead(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(maxBytes), position: 0 });
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
