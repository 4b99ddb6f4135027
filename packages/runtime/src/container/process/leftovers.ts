import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { killIfThere } from './proc.js';

/**
 * Kills whatever an earlier life of this engine left running, by the marker in the environment of our processes, and
 * resolves when it is gone. As a rule there is nothing: the first process of each chain dies with its parent, each
 * PID namespace with its first process, and network and mounts with the namespaces. This is for the moment in which
 * a process was started but had not yet asked to die with us.
 */
export async function killLeftovers(marker: string): Promise<number> {
  const deadline = Date.now() + 5_000;
  const killed = new Set<number>();
  for (;;) {
    const pids = await markedProcesses(marker);
    if (pids.length === 0) return killed.size;
    for (const pid of pids) {
      killed.add(pid);
      killIfThere(pid);
    }
    if (Date.now() > deadline)
      throw new Error(`processes ${pids.join(', ')} of an earlier run can't be killed`);
    await delay(5);
  }
}

async function markedProcesses(marker: string): Promise<number[]> {
  const wanted = `KUBEWRIGHT_RUNTIME=${marker}`;
  const pids: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    // Processes end while we look, and those of others can't be read: neither is ours.
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    if (environment.split('\0').includes(wanted)) pids.push(Number(name));
  }
  return pids;
}
