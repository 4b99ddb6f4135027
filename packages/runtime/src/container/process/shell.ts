import { ContainerRuntimeError } from '../container-runtime.js';

/** One word of a shell script, whatever it holds. Rejects NUL, which no argument can carry. */
export function quote(text: string): string {
  if (text.includes('\0'))
    throw new ContainerRuntimeError('InvalidArgument', 'a NUL character in an argument');
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * What containers may do as root, at most: the set that container engines give by default, less mknod. Without it a
 * container's root could undo its read-only mounts. Source: the OCI runtimes' default profile.
 */
const capabilities = [
  ...['chown', 'dac_override', 'fowner', 'fsetid', 'kill', 'setgid', 'setuid', 'setpcap'],
  ...['net_bind_service', 'net_raw', 'sys_chroot', 'audit_write', 'setfcap'],
];

export interface Command {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly user:
    | { readonly uid: number; readonly gid?: number; readonly groups?: readonly number[] }
    | undefined;
  /** In a user namespace no second user exists: the wanted one is a view made with one more namespace. */
  readonly privileged: boolean;
}

/**
 * Shell lines that check a command in the present root: they say why it can't run, and end with 126 or 127. (Not
 * `command -v`, which also finds the shell's own commands and files that nobody may execute.)
 */
export function checkCommand(command: Command): string {
  const [program = ''] = command.argv;
  const where = program.includes('/')
    ? [`f=${quote(program)}; [ -x "$f" ] && [ ! -d "$f" ] && found=1; [ -e "$f" ] && there=1`]
    : [
        `for d in ${quotedPath(command.env.PATH ?? '')}; do`,
        `  f="$d"/${quote(program)}; [ -x "$f" ] && [ ! -d "$f" ] && found=1`,
        'done',
      ];
  const missing = program.includes('/') ? 'no such file or directory' : 'executable file not found in $PATH';
  return [
    `cd ${quote(command.workingDir)} || exit 127`,
    'found= there=',
    `{ ${where.join('\n')}`,
    '} || :',
    'if [ -z "$found" ]; then',
    `  if [ -n "$there" ]; then echo ${quote(`exec: ${JSON.stringify(program)}: permission denied`)} >&4; exit 126; fi`,
    `  echo ${quote(`exec: ${JSON.stringify(program)}: ${missing}`)} >&4; exit 127`,
    'fi',
  ].join('\n');
}

/** The directories of a PATH as words; an empty one means the working directory. */
function quotedPath(path: string): string {
  return path
    .split(':')
    .map((directory) => quote(directory === '' ? '.' : directory))
    .join(' ');
}

/** The words of `exec …` that give up what a container may not have, set its environment and run its command. */
export function runCommand(command: Command): string {
  const { user, privileged } = command;
  const drop = ['setpriv', '--bounding-set', ['-all', ...capabilities.map((name) => `+${name}`)].join(',')];
  const inherit = ['--inh-caps', '-all'];
  const identity =
    user === undefined || !privileged
      ? []
      : [
          `--reuid=${user.uid}`,
          `--regid=${user.gid ?? 0}`,
          user.groups === undefined || user.groups.length === 0
            ? '--clear-groups'
            : `--groups=${user.groups.join(',')}`,
        ];
  const view =
    user === undefined || privileged || (user.uid === 0 && (user.gid ?? 0) === 0)
      ? []
      : ['unshare', `--map-user=${user.uid}`, `--map-group=${user.gid ?? 0}`];
  // A shell without job control starts what runs in the background with INT and QUIT ignored.
  const env = ['env', '-i', '--default-signal=INT,QUIT'];
  const settings = Object.entries(command.env).map(([name, value]) => `${name}=${value}`);
  return [...drop, ...inherit, ...identity, ...view, ...env, ...settings, ...command.argv]
    .map(quote)
    .join(' ');
}
