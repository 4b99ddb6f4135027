import { readFile } from 'node:fs/promises';
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

/** 127.0.0.0/8, ::1 and `localhost`: reached from this machine only. */
export function isLoopback(address: string): boolean {
  return /^127\.|^::1$|^localhost$/.test(address);
}
