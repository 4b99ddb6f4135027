import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import ipaddr from 'ipaddr.js';
import type { Logger } from 'pino';
import { type MachineLock, takeMachineLock } from '../machine-lock.js';

const run = promisify(execFile);

/**
 * Makes addresses of services local to this machine, so that they can be listened on, and reached from the pods whose
 * packets the machine routes: one route of the kernel's local table for the whole range, or one for each address where
 * the range is not known. Needs root; addresses of 127.0.0.0/8 are local anyway.
 */
export class LocalAddresses {
  readonly #range: string | undefined;
  readonly #logger: Logger;
  /** What was taken, by range. */
  readonly #taken = new Map<string, Taken>();

  /** @param range such as `10.96.0.0/16` */
  constructor(range: string | undefined, logger: Logger) {
    this.#range = range;
    this.#logger = logger;
  }

  /**
   * Makes the range local, and takes away routes of proxies that were killed. What can't be done is logged; listening
   * then fails with its own words.
   */
  async open(): Promise<void> {
    if (process.getuid?.() === 0)
      await this.#removeDead().catch((error: unknown) =>
        this.#logger.warn({ err: error }, 'routes of proxies that were killed could not be removed'),
      );
    if (this.#range !== undefined) await this.#add(this.#range);
  }

  /** Makes one address local, where its range does not do so already. */
  async add(ip: string): Promise<void> {
    const address = ipaddr.parse(ip);
    if (this.#range !== undefined) {
      const range = ipaddr.parseCIDR(this.#range);
      if (range[0].kind() === address.kind() && address.match(range)) return;
    }
    await this.#add(`${ip}/${address.kind() === 'ipv6' ? 128 : 32}`);
  }

  /** Takes away what was added. */
  async close(): Promise<void> {
    for (const [range, { lock, isRouted }] of this.#taken) {
      if (isRouted)
        await route('del', range).catch((error: unknown) =>
          this.#logger.warn({ err: error, range }, 'a route for services could not be removed'),
        );
      await lock?.release();
    }
    this.#taken.clear();
  }

  /** A proxy has its lock before its route is there, and until it is gone: what nobody has is a dead one's. */
  async #removeDead(): Promise<void> {
    const { stdout } = await run('ip', ['-4', 'route', 'show', ...ours, 'type', 'local']);
    for (const [range = ''] of stdout.matchAll(/(?<=^local )[\d./]+/gm)) {
      const lock = await takeMachineLock(lockName(range));
      if (lock === undefined) continue;
      try {
        // Another process may have looked at the same time.
        await route('del', range).catch((error: Error) => {
          if (!error.message.includes('No such process')) throw error;
        });
        this.#logger.info({ range }, 'the route of a proxy that was killed is removed');
      } finally {
        await lock.release();
      }
    }
  }

  async #add(range: string): Promise<void> {
    if (this.#taken.has(range)) return;
    const lock = await takeMachineLock(lockName(range), { patient: true });
    const [address] = ipaddr.parseCIDR(range);
    const needsRoute = address.range() !== 'loopback' && process.getuid?.() === 0;
    const isRouted =
      needsRoute &&
      (await route('replace', range).then(
        () => true,
        (error: unknown) => {
          this.#logger.warn({ err: error, range }, 'addresses of services could not be made local');
          return false;
        },
      ));
    this.#taken.set(range, { lock, isRouted });
  }
}

interface Taken {
  /**
   * Says that whoever serves the range is alive: neither is its route anybody else's to remove, nor are its ports free.
   * Undefined where another process has it.
   */
  readonly lock: MachineLock | undefined;
  readonly isRouted: boolean;
}

/** What our routes are told by: the number of a routing protocol that nobody else has (proto in ip-route(8)). */
const ours = ['table', 'local', 'proto', '107'];

async function route(action: 'replace' | 'del', range: string): Promise<void> {
  const family = range.includes(':') ? ['-6'] : [];
  await run('ip', [...family, 'route', action, 'local', range, 'dev', 'lo', ...ours]);
}

/** As the kernel prints a range: without the length where it is one address. */
function lockName(range: string): string {
  return `kubewright-route-${range.replace(/\/32$/, '')}`;
}
