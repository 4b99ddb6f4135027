/** Ends the command with one line on standard error and this status. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, options: { readonly cause?: unknown; readonly exitCode?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CommandError';
    this.exitCode = options.exitCode ?? 1;
  }
}

/** What went wrong in one line, for a person who does not know the code. */
export function errorLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  const reason = fileFaults[code ?? ''];
  if (code === 'ENOENT' && syscall === 'mkdir') return `${path}: nothing can be made there`;
  // A write does not know the path.
  if (reason !== undefined && path !== undefined && syscall !== undefined) return `${path}: ${reason}`;
  if (reason !== undefined && syscall === 'write') return reason;
  return error.message.replaceAll(/\s*\n\s*/g, ' ');
}

/** A file can't be used, for this reason; `option` names it where the command line does. */
export function unusableFile(file: string, cause: unknown, option?: string): CommandError {
  const line = errorLine(cause);
  const named = line.startsWith(file) ? line : `${file}: ${line}`;
  return new CommandError(option === undefined ? named : `${option} ${named}`, { cause });
}

const fileFaults: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'a part of the path is no directory',
  EISDIR: 'is a directory',
  EEXIST: 'is there already and is no directory',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};
