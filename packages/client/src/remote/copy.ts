import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join, posix, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header, type Pack, pack } from 'tar-stream';
import type { CallOptions } from '../options.js';
import type { ExecOptions, RemoteProcess } from './exec.js';

export interface CopyOptions extends CallOptions {
  /** @default the pod's only container */
  readonly container?: string | undefined;
}

/** Runs a command in the container that is meant. */
export type Execute = (options: ExecOptions) => Promise<RemoteProcess>;

/**
 * Copies a file or a directory of this machine into a container: `to` is its path there. The container needs `tar`,
 * as with `kubectl cp`. @throws Error with what `tar` said
 */
export async function copyToContainer(
  execute: Execute,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<void> {
  await stat(from);
  const archive = pack();
  const process = await execute({
    ...options,
    command: ['tar', '-xmf', '-', '-C', posix.dirname(to)],
    stdin: true,
  });
  const packing = addTo(archive, from, posix.basename(to)).then(() => archive.finalize());
  // A fault of the packing ends the reading of the archive, which hands it on.
  packing.catch((error: Error) => archive.destroy(error));
  const sending = (async () => {
    for await (const chunk of archive) await process.write(chunk as Uint8Array);
    // Where the end can not be told, tar sees it in the archive.
    if (process.canEnd) await process.end();
  })();
  let fault: unknown;
  sending.catch((error: unknown) => {
    fault = error;
    process.close();
  });
  try {
    // What tar said goes before a write that failed because it had ended.
    checkExit(
      await process.result().catch((error: unknown) => {
        throw fault ?? error;
      }),
    );
    await sending;
  } finally {
    process.close();
    archive.destroy();
  }
}

/**
 * Copies a file or a directory of a container to `to` on this machine. Nothing is written outside of it, whatever the
 * container's `tar` sends: links are left out. @returns the paths of the links that were left out
 */
export async function copyFromContainer(
  execute: Execute,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<readonly string[]> {
  const name = posix.basename(from);
  const process = await execute({
    ...options,
    command: ['tar', 'cf', '-', '-C', posix.dirname(from), name],
  });
  const skipped: string[] = [];
  const said: string[] = [];
  const archive = extract();
  const unpacking = (async () => {
    for await (const entry of archive) {
      const target = targetOf(to, name, entry.header);
      if (target === undefined) skipped.push(entry.header.name);
      else if (entry.header.type === 'directory') await mkdir(target, { recursive: true });
      else {
        await mkdir(dirname(target), { recursive: true });
        await pipeline(entry, createWriteStream(target, { mode: (entry.header.mode ?? 0o644) & 0o777 }));
        continue;
      }
      entry.resume();
    }
  })();
  const reading = pipeline(Readable.from(standardOutput(process, said)), archive);
  try {
    // What `tar` says of itself tells more than the end of an archive that broke off.
    const [unpacked] = await Promise.allSettled([Promise.all([unpacking, reading])]);
    checkExit({ ...(await process.exit), stderr: said.join('') });
    if (unpacked.status === 'rejected') throw unpacked.reason;
    return skipped;
  } finally {
    process.close();
  }
}

async function* standardOutput(
  process: RemoteProcess,
  said: string[],
): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = new TextDecoder();
  for await (const { stream, data } of process.output)
    if (stream === 'stdout') yield data;
    else said.push(decoder.decode(data, { stream: true }));
}

function checkExit({ code, stderr }: { readonly code: number; readonly stderr: string }): void {
  if (code !== 0)
    throw new Error(`tar in the container failed with exit code ${code}: ${stderr.trim().slice(0, 500)}`);
}

/** Where an entry goes; undefined for what is neither file nor directory, or would leave the target. */
function targetOf(
  to: string,
  name: string,
  { name: path, type }: Pick<Header, 'name' | 'type'>,
): string | undefined {
  if (type !== 'file' && type !== 'contiguous-file' && type !== 'directory') return undefined;
  const inside = posix.normalize(path).replace(/\/$/, '');
  if (inside !== name && !inside.startsWith(`${name}/`)) return undefined;
  const root = resolve(to);
  const target = resolve(root, inside.slice(name.length + 1));
  return target === root || target.startsWith(root + sep) ? target : undefined;
}

/** One file, or a directory with all in it; links stay links. */
async function addTo(archive: Pack, path: string, name: string): Promise<void> {
  const { mode, mtime, size, ...entry } = await lstat(path).then((found) => ({
    mode: found.mode & 0o777,
    mtime: found.mtime,
    size: found.size,
    isDirectory: found.isDirectory(),
    isLink: found.isSymbolicLink(),
    isFile: found.isFile(),
  }));
  if (entry.isDirectory) {
    await put(archive, { name: `${name}/`, type: 'directory', mode, mtime });
    for (const child of (await readdir(path)).sort())
      await addTo(archive, join(path, child), `${name}/${child}`);
  } else if (entry.isLink)
    await put(archive, { name, type: 'symlink', linkname: await readlink(path), mode, mtime });
  else if (entry.isFile) await pipeline(createReadStream(path), archive.entry({ name, mode, mtime, size }));
  else throw new Error(`${basename(path)} is neither file nor directory nor link`);
}

function put(archive: Pack, header: Partial<Header> & Pick<Header, 'name'>): Promise<void> {
  return new Promise((fulfil, reject) => {
    archive.entry(header, (error?: Error | null) => (error ? reject(error) : fulfil()));
  });
}
