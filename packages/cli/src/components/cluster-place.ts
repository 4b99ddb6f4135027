import { type AddressClaim, type ClusterAddresses, claimAddresses } from '../cluster-addresses.js';
import { CommandError } from '../command-error.js';
import { type DataDirectory, openDataDirectory } from '../data-directory.js';

/** Where a cluster is on this machine: its data directory and its addresses, which no other process has meanwhile. */
export interface ClusterPlace {
  readonly data: DataDirectory;
  readonly addresses: ClusterAddresses;
  /** Whether pods and services have loopback addresses. */
  readonly loopback: boolean;
  release(): Promise<void>;
}

/**
 * Takes the directory for this process, and the addresses that it has always had.
 * @param loopback whether pods and services have loopback addresses, since this user can't make networks; undefined:
 * as the data directory was made; for a new one whether this is an ordinary user of Linux
 */
export async function openClusterPlace(
  directory: string,
  loopback: boolean | undefined,
): Promise<ClusterPlace> {
  const data = await openDataDirectory(directory);
  try {
    const claim = await addressesFor(data, loopback);
    const release = async () => {
      await claim.release();
      await data.release();
    };
    return { data, addresses: claim.addresses, loopback: claim.loopback, release };
  } catch (error) {
    await data.release();
    throw error;
  }
}

async function addressesFor(
  data: DataDirectory,
  asked: boolean | undefined,
): Promise<AddressClaim & { readonly loopback: boolean }> {
  const known = await data.readSettings();
  const loopback = asked ?? known?.loopback ?? (process.platform === 'linux' && process.geteuid?.() !== 0);
  if (known !== undefined && known.loopback !== loopback) {
    const [then, now] = loopback ? ['root', 'an ordinary user'] : ['an ordinary user', 'root'];
    throw new CommandError(
      `the data directory ${data.path} was made by ${then}, with other addresses than ${now} has: run as ${then}, or take another --data-dir`,
    );
  }
  const claim = await claimAddresses({ directory: data.path, known: known?.slot, loopback });
  if (known === undefined) await data.writeSettings({ slot: claim.slot, loopback });
  return { ...claim, loopback };
}
