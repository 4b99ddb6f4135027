import type { Cgroups } from './cgroup.js';
import type { FifoPool } from './fifo-pool.js';
import type { Host } from './host.js';
import type { HostTree } from './host-tree.js';
import type { PodNetwork } from './network.js';

/** What sandboxes and containers of one engine share. */
export interface Engine {
  readonly host: Host;
  readonly pipes: FifoPool;
  readonly tree: HostTree;
  readonly network: PodNetwork;
  readonly cgroups: Cgroups | undefined;
  /** The value of KUBEWRIGHT_RUNTIME in our processes. */
  readonly marker: string;
  /** The data directory, with symbolic links resolved. */
  readonly dataDirectory: string;
  readonly stateDirectory: string;
}

/** The words that lead a program into a process' namespaces. `pid` also makes it a child in its PID namespace. */
export function enterNamespaces(
  engine: Engine,
  target: number,
  namespaces: { readonly net: boolean; readonly ipc: boolean; readonly uts: boolean; readonly pid: boolean },
): string[] {
  return [
    ...['nsenter', `--target=${target}`, '--mount'],
    ...(engine.host.privileged ? [] : ['--user', '--preserve-credentials']),
    ...(namespaces.net ? ['--net'] : []),
    ...(namespaces.ipc ? ['--ipc'] : []),
    ...(namespaces.uts ? ['--uts'] : []),
    ...(namespaces.pid ? ['--pid'] : []),
    '--',
  ];
}
