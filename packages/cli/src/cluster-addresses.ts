import { createHash } from 'node:crypto';
import { createServer, isIPv4, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';

/** The addresses of one data directory's cluster on this machine. */
export interface ClusterAddresses {
  /** Of the node's pods. */
  readonly podRange: string;
  /** Of services' cluster IPs. */
  readonly serviceRange: string;
  /** The node itself: the first address of the pod range, which is the bridge's. */
  readonly nodeIP: string;
  /** Of the Service `kubernetes`. */
  readonly kubernetesIP: string;
}

/** A slot taken for the life of this process. */
export interface AddressClaim {
  readonly slot: number;
  readonly addresses: ClusterAddresses;
  release(): Promise<void>;
}

/** Each slot is a /24 of pods and a /20 of services. */
const slots = 256;

/**
 * The ranges of a slot. With networks of their own pods live in 10.244.0.0/16 and services in 10.96.0.0/12 (kubeadm's
 * customary ranges); where both must be loopback addresses, in 127.64.0.0/16 and 127.128.0.0/12.
 */
export function addressesOf(slot: number, loopback: boolean): ClusterAddresses {
  const services = `${loopback ? '127' : '10'}.${(loopback ? 128 : 96) + (slot >> 4)}.${(slot & 15) << 4}`;
  const pods = `${loopback ? '127.64' : '10.244'}.${slot}`;
  return {
    podRange: `${pods}.0/24`,
    serviceRange: `${services}.0/20`,
    nodeIP: `${pods}.1`,
    kubernetesIP: `${services}.1`,
  };
}

/** The same with services elsewhere, as all servers of one store must have them. @throws RangeError for what is no IPv4 range */
export function withServiceRange(addresses: ClusterAddresses, serviceRange: string): ClusterAddresses {
  const [address = '', bits = ''] = serviceRange.split('/');
  const parts = address.split('.').map(Number);
  const isRange = isIPv4(address) && /^\d+$/.test(bits) && Number(bits) >= 8 && Number(bits) <= 28;
  if (!isRange || ((parts[3] ?? 0) & 15) !== 0)
    throw new RangeError(`a range of cluster IPs is like 10.96.0.0/16, not ${serviceRange}`);
  return { ...addresses, serviceRange, kubernetesIP: [...parts.slice(0, 3), (parts[3] ?? 0) + 1].join('.') };
}

/** The slot that a directory asks for first: always the same one, so that stopped clusters are not in each other's way. */
export function preferredSlot(directory: string): number {
  return createHash('sha256').update(directory).digest().readUInt32BE(0) % slots;
}

/**
 * Takes a slot that nobody else on this machine has: the `known` one, or the directory's preferred one and those after
 * it. The kernel gives it back however this process ends.
 * @throws Error where the known slot is taken, or all are
 */
export async function claimAddresses(options: {
  readonly directory: string;
  readonly known: number | undefined;
  readonly loopback: boolean;
}): Promise<AddressClaim> {
  const { directory, known, loopback } = options;
  const first = known ?? preferredSlot(directory);
  for (let step = 0; step < (known === undefined ? slots : 1); step++) {
    const slot = (first + step) % slots;
    const addresses = addressesOf(slot, loopback);
    if (known === undefined && !loopback && isInUse(addresses)) continue;
    const lock = await claim(slot);
    if (lock === undefined) continue;
    return {
      slot,
      addresses,
      release: () => (lock === 'none' ? Promise.resolve() : new Promise((done) => lock.close(() => done()))),
    };
  }
  if (known === undefined)
    throw new Error('all address ranges for pods and services are in use on this machine');
  const { podRange, serviceRange } = addressesOf(known, loopback);
  throw new Error(
    `the addresses of ${directory} (${podRange}, ${serviceRange}) are in use by another cluster on this machine: stop that one, or take another --data-dir`,
  );
}

// Abstract socket names exist on Linux only, and only Linux has node parts that need the addresses.
function claim(slot: number): Promise<Server | 'none' | undefined> {
  if (process.platform !== 'linux') return Promise.resolve('none');
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(`\0kubewright-addresses-${slot}`, () => {
      server.unref();
      resolve(server);
    });
  });
}

function isInUse({ podRange, serviceRange }: ClusterAddresses): boolean {
  const used = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).flatMap(({ family, internal, cidr }) =>
      family === 'IPv4' && !internal && cidr !== null ? [cidr] : [],
    ),
  );
  return used.some((cidr) => rangesOverlap(cidr, podRange) || rangesOverlap(cidr, serviceRange));
}

/** Whether two IPv4 ranges have an address in common. */
export function rangesOverlap(a: string, b: string): boolean {
  const [addressA = '', lengthA = '32'] = a.split('/');
  const [addressB = '', lengthB = '32'] = b.split('/');
  const size = 2 ** (32 - Math.min(Number(lengthA), Number(lengthB)));
  return Math.floor(numberOf(addressA) / size) === Math.floor(numberOf(addressB) / size);
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
