import { isAlreadyExists, isConflict, isNotFound } from '@kubewright/api';
import { Secret } from '@kubewright/api/core/v1';
import type { Client, Clock } from '@kubewright/client';
import { type CaConsumers, injectCaBundle } from './inject-ca-bundle.js';
import { createServingCertificate, rotationTime, type ServingCertificate } from './serving-certificate.js';

export interface WebhookCertificatesOptions {
  /** Names and addresses that the server is called by: `widgets.default.svc`. */
  readonly hosts: readonly string[];
  /** The Secret that all replicas share the certificate by. @default none: it stays in this process */
  readonly secret?: { readonly namespace: string; readonly name: string } | undefined;
  /** Whose `caBundle` is kept up to date. */
  readonly inject?: CaConsumers | undefined;
  /** How long a certificate is good; it is replaced after two thirds of that. @default 90 days */
  readonly lifetimeMs?: number | undefined;
}

/** The certificate to serve, and what callers have to trust meanwhile: the one before, too. */
export interface TrustedCertificate extends ServingCertificate {
  readonly caBundle: string;
}

const defaultLifetimeMs = 90 * 24 * 3600 * 1000;

/**
 * Keeps the certificate of a webhook server: makes it, replaces it in time, shares it among replicas, and tells the API
 * server whom to trust before anybody serves a new one.
 */
export class WebhookCertificates {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #options: WebhookCertificatesOptions;
  #current: TrustedCertificate | undefined;

  constructor(client: Client, options: WebhookCertificatesOptions & { readonly clock: Clock }) {
    this.#client = client;
    this.#clock = options.clock;
    this.#options = options;
  }

  /** The certificate to serve from now on. To be asked again from time to time. @throws ApiError */
  async refresh(signal: AbortSignal): Promise<TrustedCertificate> {
    const { secret, inject } = this.#options;
    const current =
      secret === undefined ? await this.#renewed(this.#current) : await this.#shared(secret, signal);
    if (inject !== undefined)
      await injectCaBundle(this.#client, inject, { caBundle: current.caBundle, signal });
    this.#current = current;
    return current;
  }

  /** The same certificate while it is good, else a new one. */
  async #renewed(known: TrustedCertificate | undefined): Promise<TrustedCertificate> {
    const { hosts, lifetimeMs = defaultLifetimeMs } = this.#options;
    const now = this.#clock.now();
    if (known !== undefined && now < rotationTime(known.certificate, hosts)) return known;
    const fresh = await createServingCertificate(hosts, { now, lifetimeMs });
    return { ...fresh, caBundle: fresh.certificate + (known?.certificate ?? '') };
  }

  async #shared(
    { namespace, name }: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ): Promise<TrustedCertificate> {
    const secrets = this.#client.resource(Secret).namespace(namespace);
    for (;;) {
      const stored = await secrets.get(name, { signal }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
      const known = stored === undefined ? undefined : certificateOf(stored);
      const wanted = await this.#renewed(known);
      if (wanted === known) return wanted;
      const data = dataOf(wanted);
      try {
        if (stored === undefined)
          await secrets.create({ metadata: { name }, type: 'kubernetes.io/tls', data }, { signal });
        else await secrets.replace({ ...stored, data }, { signal });
        return wanted;
      } catch (error) {
        // Another replica was quicker: its certificate is as good.
        if (!isConflict(error) && !isAlreadyExists(error)) throw error;
      }
    }
  }
}

function certificateOf({ data = {} }: Secret): TrustedCertificate {
  const text = (name: string) => Buffer.from(data[name] ?? '', 'base64').toString();
  return { certificate: text('tls.crt'), key: text('tls.key'), caBundle: text('ca.crt') };
}

function dataOf({ certificate, key, caBundle }: TrustedCertificate): Record<string, string> {
  const bytes = (text: string) => Buffer.from(text).toString('base64');
  return { 'tls.crt': bytes(certificate), 'tls.key': bytes(key), 'ca.crt': bytes(caBundle) };
}
