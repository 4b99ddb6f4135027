import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerStatus, PodSandboxStatus } from '../container-runtime.js';

/**
 * What survives this process: one `status.json` a sandbox and a container, each in its own directory. An exit is on
 * the disk when this resolves; of what ran when the machine lost power it is known anyway that it runs no more.
 */
export async function writeRecord(
  directory: string,
  status: PodSandboxStatus | ContainerStatus,
): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = join(directory, 'status.json.new');
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(status));
    if (status.state === 'exited') await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(directory, 'status.json'));
}

/** Every record below `parent`. A directory without a whole record is one whose creation was cut off: not listed. */
export async function readRecords<T extends PodSandboxStatus | ContainerStatus>(
  parent: string,
): Promise<T[]> {
  const records: T[] = [];
  for (const entry of await readdir(parent)) {
    const text = await readFile(join(parent, entry, 'status.json'), 'utf8').catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
        throw error;
      },
    );
    if (text !== undefined && text !== '') records.push(JSON.parse(text, reviveDate) as T);
  }
  return records;
}

function reviveDate(key: string, value: unknown): unknown {
  return ['createdAt', 'startedAt', 'finishedAt'].includes(key) && typeof value === 'string'
    ? new Date(value)
    : value;
}
