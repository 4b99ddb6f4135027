import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { ContainerRuntime } from '../../container/container-runtime.js';
import { readLog } from '../log/read-log.js';
import type { PodDirectories } from '../pod/pod-directories.js';
import { HttpFailure, type ServedPod } from './served-pod.js';

/** Answers `/containerLogs`: the log of a container of this attempt or the one before. @throws HttpFailure */
export async function servePodLog(
  response: ServerResponse,
  { pod, container }: { readonly pod: ServedPod; readonly container: string },
  {
    query,
    directories,
    runtime,
    signal,
  }: {
    readonly query: URLSearchParams;
    readonly directories: PodDirectories;
    readonly runtime: ContainerRuntime;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { name } = pod.pod.metadata;
  const statuses = [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])];
  const status = statuses.find((one) => one.name === container);
  const previous = flag(query, 'previous');
  const neverRan = status?.state?.waiting !== undefined && status.lastState?.terminated === undefined;
  if (status === undefined || (neverRan && !previous))
    throw new HttpFailure(
      400,
      `container "${container}" in pod "${name}" is waiting to start: ${waitingWords(status?.state?.waiting?.reason)}`,
    );
  const attempt = status.restartCount - (previous ? 1 : 0);
  if (attempt < 0)
    throw new HttpFailure(400, `previous terminated container "${container}" in pod "${name}" not found`);
  const path = directories.logOf(pod.pod, container, attempt);
  const id = status.containerID?.split('://')[1];
  const sinceSeconds = number(query, 'sinceSeconds');
  const since = query.get('sinceTime');
  const log = readLog(path, {
    follow: flag(query, 'follow') && !previous,
    timestamps: flag(query, 'timestamps'),
    ...optional('tailLines', number(query, 'tailLines')),
    ...optional('limitBytes', number(query, 'limitBytes')),
    ...optional(
      'since',
      since !== null
        ? new Date(since)
        : sinceSeconds === undefined
          ? undefined
          : new Date(Date.now() - sinceSeconds * 1000),
    ),
    signal,
    ended: async () => {
      if (id === undefined) return true;
      const [current] = await runtime.listContainers({ id });
      return current?.state !== 'running';
    },
  });
  // The first piece tells whether there is a log at all, while an error can still be answered.
  let first: IteratorResult<Buffer, void>;
  const begin = log.next();
  response.setHeader('content-type', 'text/plain');
  if (flag(query, 'follow')) {
    // Whoever follows is to see at once that he is connected, though nothing may be written for long.
    const early = await Promise.race([
      begin.then(() => true),
      new Promise<boolean>((resolve) => {
        setTimeout(resolve, 50, false);
      }),
    ]).catch(missing(container, name, previous));
    if (!early) response.flushHeaders();
  }
  try {
    first = await begin;
  } catch (error) {
    return missing(container, name, previous)(error);
  }
  await pipeline(async function* () {
    if (first.value !== undefined) yield first.value;
    yield* log;
  }, response).catch((error: NodeJS.ErrnoException) => {
    // The reader has left.
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
}

function waitingWords(reason = 'ContainerCreating'): string {
  return reason === 'ErrImagePull' || reason === 'ImagePullBackOff'
    ? 'trying and failing to pull image'
    : reason;
}

function missing(container: string, pod: string | undefined, previous: boolean): (error: unknown) => never {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new HttpFailure(
      400,
      previous
        ? `previous terminated container "${container}" in pod "${pod}" not found`
        : `the log of container "${container}" in pod "${pod}" is not there (any more)`,
    );
  };
}

function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}

function flag(query: URLSearchParams, name: string): boolean {
  return query.get(name) === 'true' || query.get(name) === '1';
}

/** @throws HttpFailure for what is no whole number */
function number(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d+$/.test(text))
    throw new HttpFailure(400, `invalid value "${text}" for ${name}: must be a whole number`);
  return Number(text);
}
