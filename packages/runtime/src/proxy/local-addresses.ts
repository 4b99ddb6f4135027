import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import ipaddr from 'ipaddr.js';
import type { Logger } from 'pino';

const run = promisify(execFile);

/**
 * Makes addresses of services local to this machine, so that they can be listened on, and reached from the pods whose
 * packets the machine routes: one route of the kernel's local table for the whole range, or one for each address where
 * the range is not known. Needs root; addresses of 127.0.0.0/8 are local anyway.
 */
export class LocalAddresses {
  readonly #range: string | undefined;
  readonly #logger: Logger;
  readonly #routes = new Set<string>();

  /** @param range such as `10.96.0.0/16` */
  constructor(range: string | undefined, logger: Logger) {
    this.#range = range;
    this.#logger = logger;
  }

  /** Makes the range local. What can't be done is logged; listening then fails with its own words. */
  async open(): Promise<void> {
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
    for (const range of this.#routes)
      await run('ip', [...family(range), 'route', 'del', 'local', range, 'dev', 'lo']).catch(
        (error: unknown) =>
          this.#logger.warn({ err: error, range }, 'a route for services could not be removed'),
      );
    this.#routes.clear();
  }

  async #add(range: string): Promise<void> {
    const [address] = ipaddr.parseCIDR(range);
    if (this.#routes.has(range) || address.range() === 'loopback' || process.getuid?.() !== 0) return;
    this.#routes.add(range);
    try {
      await run('ip', [...family(range), 'route', 'replace', 'local', range, 'dev', 'lo']);
    } catch (error) {
      this.#routes.delete(range);
      this.#logger.warn({ err: error, range }, 'addresses of services could not be made local');
    }
  }
}

function family(range: string): string[] {
  return range.includes(':') ? ['-6'] : [];
}
