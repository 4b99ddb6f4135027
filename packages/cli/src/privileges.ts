import { lchown, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CommandError } from './command-error.js';

const capNetAdmin = 12n;
const capSysAdmin = 21n;

/** Whether this process may make networks and mounts for pods. @throws CommandError where no node can run at all */
export async function mayMakeNetworks(): Promise<boolean> {
  if (process.platform !== 'linux')
    throw new CommandError(
      `a node needs Linux, and this is ${process.platform}: run the control plane alone with --no-node`,
    );
  const status = await readFile('/proc/self/status', 'utf8');
  const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const has = (bit: bigint) => (capabilities >> bit) % 2n === 1n;
  return process.geteuid?.() === 0 && has(capNetAdmin) && has(capSysAdmin);
}

/**
 * Whom the control plane becomes where root starts it and nobody said: the user who called `sudo`, where the data
 * directory is his (or will be: the directory that it is made in is). Then `sudo kubewright up` leaves him files that he
 * may read, his kubeconfig among them. A directory of root's stays root's.
 * @returns undefined where it stays who it is
 */
export async function usualUser(
  dataDirectory: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string | undefined> {
  const { SUDO_UID: uid = '' } = env;
  if (process.geteuid?.() !== 0 || !/^[1-9]\d*$/.test(uid)) return undefined;
  return (await ownerOf(resolve(dataDirectory))) === Number(uid) ? uid : undefined;
}

/** Of the directory, or of the nearest one above it that is there. */
async function ownerOf(directory: string): Promise<number> {
  try {
    return (await stat(directory)).uid;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(directory) === directory) throw error;
    return ownerOf(dirname(directory));
  }
}

/** What belongs to the node, whose process stays root. */
const ofNode: ReadonlySet<string> = new Set(['node', 'runtime']);

/**
 * Makes this process that of another user for good, with none of root's rights, and the data directory his: a control
 * plane needs no root, only what makes networks for pods does, which is a process of its own.
 * @param user a name or a number
 * @throws CommandError where this is not root, or there is no such user
 */
export async function becomeUser(user: string, dataDirectory: string): Promise<void> {
  if (process.geteuid?.() !== 0) throw new CommandError(`--user ${user}: only root can become somebody else`);
  const { uid, gid } = await accountOf(user);
  const { makeDirectory } = await import('@kubewright/apiserver');
  await makeDirectory(dataDirectory, 0o711);
  // Once: whoever has it could lead a second walk to files that are not his.
  if ((await stat(dataDirectory)).uid !== uid) await giveAway(dataDirectory, { uid, gid });
  process.setgroups?.([]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

async function accountOf(user: string): Promise<Account> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const isNumber = /^\d+$/.test(user);
  const found = lines.find(([name, , uid]) => (isNumber ? uid : name) === user);
  if (found !== undefined) return { uid: Number(found[2]), gid: Number(found[3]) };
  if (!isNumber) throw new CommandError(`--user ${user}: there is no such user`);
  return { uid: Number(user), gid: Number(user) };
}

async function giveAway(directory: string, account: Account): Promise<void> {
  const { uid, gid } = account;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (ofNode.has(entry.name)) continue;
    if (entry.isDirectory()) await giveAway(path, account);
    else await lchown(path, uid, gid);
  }
  await lchown(directory, uid, gid);
}

/** 127.0.0.0/8, ::1 and `localhost`: reached from this machine only. */
export function isLoopback(address: string): boolean {
  return /^127\.|^::1$|^localhost$/.test(address);
}
