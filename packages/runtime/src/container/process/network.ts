import { execFile } from 'node:child_process';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerRuntimeError } from '../container-runtime.js';
import { AddressPool, parseRange, rangesOverlap } from './address-pool.js';
import type { Host } from './host.js';
import { usedRanges } from './pod-range.js';

/** The network of one node: who has which address and, with a bridge, the wires. */
export interface PodNetwork {
  readonly bridge: boolean;
  /** Takes an address; `ResourceExhausted` where none is left. */
  allocate(): Promise<string>;
  release(address: string): void;
  /** Gives the network namespace of a process its `eth0`, not yet configured. Not without a bridge. */
  connect(pid: number, address: string): Promise<void>;
  /** What configures `eth0` inside, as commands of `ip -batch`. */
  inside(address: string): string;
  /** Takes the bridge down; wires go with their namespaces. */
  close(): Promise<void>;
}

export interface PodNetworkOptions {
  readonly host: Host;
  /** The bridge's name; also the beginning of our interfaces' alias. */
  readonly name: string;
  readonly range: string;
  readonly stateDirectory: string;
  readonly loopback: boolean;
}

export async function openPodNetwork(options: PodNetworkOptions): Promise<PodNetwork> {
  const { name, range, loopback, host } = options;
  const file = join(options.stateDirectory, 'last-address');
  const last = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  const pool = new AddressPool(range, last);
  const parsed = parseRange(range);
  if (loopback !== rangesOverlap(parsed, parseRange('127.0.0.0/8'))) {
    throw new RangeError(
      `pod range ${range}: ${loopback ? 'loopback wants one' : 'only loopback wants one'} inside 127.0.0.0/8`,
    );
  }
  const ip = (batch: string) => runIp(host, batch);
  if (!loopback) {
    await removeBridge(name, host);
    const other = usedRanges().find((used) => rangesOverlap(used.range, parsed));
    if (other !== undefined) {
      throw new ContainerRuntimeError(
        'Unavailable',
        `pod range ${range} overlaps that of interface ${other.device}`,
      );
    }
    await ip(`link add ${name} type bridge
link set ${name} addrgenmode none
address add ${pool.gateway}/${pool.prefix} dev ${name}
link set ${name} up
`);
  }
  let counter = 0;
  let writing: Promise<void> = Promise.resolve();
  return {
    bridge: !loopback,
    allocate: async () => {
      const address = pool.allocate();
      if (address === undefined) {
        throw new ContainerRuntimeError('ResourceExhausted', `no address is left in the pod range ${range}`);
      }
      writing = writing.then(async () => {
        await writeFile(`${file}.new`, address);
        await rename(`${file}.new`, file);
      });
      await writing;
      return address;
    },
    release: (address) => pool.release(address),
    connect: async (pid, address) => {
      // The suffix keeps apart what one life of the engine makes; a name is free again when its namespace is gone.
      const wire = `${name}${(counter++ % 0xffff).toString(16).padStart(4, '0')}`;
      await ip(`link add ${wire} type veth peer name eth0 address ${hardwareAddress(address)} netns ${pid}
link set ${wire} addrgenmode none
link set ${wire} master ${name}
link set ${wire} up
`);
    },
    inside: (address) => `link set lo up
address add ${address}/${pool.prefix} dev eth0
link set eth0 up
route add default via ${pool.gateway}
`,
    close: async () => {
      if (!loopback) await removeBridge(name, host);
    },
  };
}

/** Made of the address, as the CNI bridge plugin does: whoever remembers the address' last owner is not wrong. */
function hardwareAddress(address: string): string {
  return ['0a', '58', ...address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))].join(
    ':',
  );
}

/** Removes a bridge and every wire that still hangs on it, where there is one. */
export async function removeBridge(name: string, host: Host): Promise<void> {
  const links = (await readFile('/proc/net/dev', 'utf8')).match(/^\s*[^\s:]+(?=:)/gm) ?? [];
  const ours = links.map((link) => link.trim()).filter((link) => link.startsWith(name));
  // Each for itself: a wire may vanish meanwhile, with its namespace. The bridge is first, so it must succeed.
  if (ours.includes(name)) await runIp(host, `link delete ${name}\n`);
  for (const link of ours) if (link !== name) await runIp(host, `link delete ${link}\n`).catch(goneMeanwhile);
}

function goneMeanwhile(error: Error): void {
  if (!/Cannot find device/.test(error.message)) throw error;
}

function runIp(host: Host, batch: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'ip',
      ['-batch', '-'],
      { env: { PATH: host.toolPath } },
      (error, _stdout, stderr) => {
        if (error === null) resolve();
        else
          reject(
            new ContainerRuntimeError('Unavailable', `ip: ${stderr.trim() || error.message}`, {
              cause: error,
            }),
          );
      },
    );
    child.stdin?.end(batch);
  });
}
