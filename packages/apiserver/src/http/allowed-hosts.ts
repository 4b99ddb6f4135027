import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** More would only be somebody who makes names up. */
const mostKnown = 1_000;

/**
 * The names that a server goes by: those of its certificate, and others that it was told. A page whose own name was
 * made to lead here (DNS rebinding) sends that name, and learns that nobody of that name lives here.
 */
export class AllowedHosts {
  readonly #names: ReadonlySet<string>;
  #certificate: X509Certificate;
  /** Values of the `Host` header that were good, so that each is read once. */
  readonly #known = new Set<string>();

  /** @param certificate PEM of the serving certificate */
  constructor(certificate: string, names: readonly string[]) {
    this.#certificate = new X509Certificate(certificate);
    this.#names = new Set(names.map((name) => name.toLowerCase()));
  }

  /** Goes by the names of another certificate from now on. */
  replace(certificate: string): void {
    this.#certificate = new X509Certificate(certificate);
    this.#known.clear();
  }

  /** @param host the `Host` header; addresses are nobody's name, and who sends none means none */
  allows(host: string | undefined): boolean {
    if (host === undefined || this.#known.has(host)) return true;
    const name = nameOf(host);
    const allowed =
      isIP(name) !== 0 || this.#names.has(name) || this.#certificate.checkHost(name) !== undefined;
    if (allowed && this.#known.size < mostKnown) this.#known.add(host);
    return allowed;
  }
}

function nameOf(host: string): string {
  const name = /^\[([^\]]*)\](?::\d+)?$/.exec(host)?.[1] ?? host.replace(/:\d+$/, '');
  return name.toLowerCase().replace(/\.$/, '');
}
