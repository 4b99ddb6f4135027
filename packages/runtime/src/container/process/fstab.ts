/** One line of what `mount -a -T FILE` mounts, all in one process and in order. */
export interface FstabLine {
  readonly source: string;
  readonly target: string;
  /** A file system's name; `none` for binds and remounts. */
  readonly type: string;
  readonly options: readonly string[];
}

export function formatFstab(lines: readonly FstabLine[]): string {
  return lines
    .map(
      ({ source, target, type, options }) =>
        `${escapeField(source)} ${escapeField(target)} ${type} ${escapeField(options.join(','))} 0 0\n`,
    )
    .join('');
}

/** One mount as /proc/PID/mountinfo lists it. */
export interface MountInfo {
  readonly target: string;
  readonly options: readonly string[];
  readonly type: string;
}

/** Source of the format: proc(5). */
export function parseMountInfo(text: string): MountInfo[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split(' ');
      const separator = fields.indexOf('-', 6);
      return {
        target: unescapeField(fields[4] ?? ''),
        options: (fields[5] ?? '').split(','),
        type: fields[separator + 1] ?? '',
      };
    });
}

/** True for `path` itself and for what is below it. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

function escapeField(text: string): string {
  return text.replace(/[\s\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

function unescapeField(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
