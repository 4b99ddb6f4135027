import { readdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { createStream } from 'rotating-file-stream';
import type { AuditBackend, AuditEvent, OpenAuditBackend } from './audit-event.js';

export interface AuditLogOptions {
  /** `-` is standard output. */
  readonly path: string;
  /** Days that rotated files stay. @default 0, for ever */
  readonly maxAge?: number;
  /** Rotated files that stay. @default 0, all */
  readonly maxBackups?: number;
  /** Megabytes after which a file is rotated. @default 100 */
  readonly maxSize?: number;
  /** Rotated files are gzipped. @default false */
  readonly compress?: boolean;
}

/** Writes each event as a line of JSON, before its request goes on or its answer ends. */
export function auditLog(options: AuditLogOptions): OpenAuditBackend {
  return (onLost) => open(options, (error) => onLost(error, 1));
}

function open(options: AuditLogOptions, onError: (error: Error) => void): AuditBackend {
  const stream = options.path === '-' ? process.stdout : openRotating(options, onError);
  const isOwn = stream !== process.stdout;
  if (isOwn) stream.on('error', onError);
  return {
    name: 'log',
    write: (event: AuditEvent) => {
      stream.write(`${JSON.stringify(event)}\n`);
    },
    close: () =>
      new Promise((resolve) => {
        if (isOwn) stream.end(resolve);
        else stream.write('', () => resolve());
      }),
  };
}

const dayMs = 24 * 60 * 60 * 1000;

function openRotating(
  { path, maxAge = 0, maxBackups = 0, maxSize = 100, compress }: AuditLogOptions,
  onError: (error: Error) => void,
): Writable {
  const directory = dirname(path);
  const extension = extname(path);
  const stem = basename(path, extension);
  // Rotated files are named as kube-apiserver's: audit-2026-01-31T12-00-00.000.log
  const nameOf = (time: number | Date | null, index?: number): string => {
    if (time === null) return basename(path);
    const stamp = new Date(time).toISOString().replace(/:/g, '-').replace('Z', '');
    const suffix = index === undefined || index < 2 ? '' : `.${index}`;
    return `${stem}-${stamp}${suffix}${extension}${compress === true ? '.gz' : ''}`;
  };
  const stream = createStream(nameOf as Parameters<typeof createStream>[0], {
    path: directory,
    size: `${maxSize}M`,
    mode: 0o600,
    ...(maxBackups > 0 ? { maxFiles: maxBackups } : {}),
    ...(compress === true ? { compress: 'gzip' as const } : {}),
  });
  stream.on('warning', onError);
  if (maxAge > 0) {
    const clean = () => void removeOlder(directory, `${stem}-`, Date.now() - maxAge * dayMs).catch(onError);
    stream.on('rotated', clean);
    clean();
  }
  return stream;
}

async function removeOlder(directory: string, prefix: string, than: number): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(prefix)) continue;
    const file = join(directory, name);
    if ((await stat(file)).mtimeMs < than) await unlink(file);
  }
}
