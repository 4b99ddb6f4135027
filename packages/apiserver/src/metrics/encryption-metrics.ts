import { createHash } from 'node:crypto';
import { ByLabels, Distribution, type ExposedMetric, exposed } from './series.js';

/** Whether a value is encrypted or decrypted, as upstream calls it. */
export type TransformationType = 'to_storage' | 'from_storage';

/** Upper bounds in seconds, as upstream has them: from 5 µs, each twice the one before. */
const transformationSeconds = Array.from({ length: 25 }, (_, power) => 5e-6 * 2 ** power);

/** What is encrypted and decrypted, and which configuration says how. */
export class EncryptionMetrics {
  /** The server's name among those of its cluster. */
  server = '';
  #configuration = '';
  readonly #operations = new ByLabels<{ count: number }>(() => ({ count: 0 }));
  readonly #seconds = new ByLabels<Distribution>(() => new Distribution(transformationSeconds));
  readonly #reloads = new Map<'success' | 'failure', { count: number; at: number }>();

  /** @param prefix what its values begin with. @param ms how long it took; undefined where it failed */
  transformed(resource: string, type: TransformationType, prefix: string, ms: number | undefined): void {
    const by = { transformation_type: type, transformer_prefix: prefix };
    this.#operations.at({ resource, status: ms === undefined ? 'Unknown' : 'OK', ...by }).count += 1;
    if (ms !== undefined) this.#seconds.at(by).observe(ms / 1000);
  }

  /** This is the configuration from now on. */
  configured(content: string): void {
    this.#configuration = hashOf(content);
  }

  /** The configuration was read again. @param now milliseconds since the epoch */
  reloaded(status: 'success' | 'failure', now: number): void {
    this.#reloads.set(status, { count: (this.#reloads.get(status)?.count ?? 0) + 1, at: now });
  }

  metrics(): ExposedMetric[] {
    const controller = 'apiserver_encryption_config_controller';
    const duration = 'apiserver_storage_transformation_duration_seconds';
    const reloads = (value: (of: { readonly count: number; readonly at: number }) => number) => () =>
      [...this.#reloads].map(([status, of]) => ({ labels: { ...this.#id, status }, value: value(of) }));
    return [
      exposed(
        'apiserver_storage_transformation_operations_total',
        'counter',
        '[ALPHA] Values that were encrypted or decrypted.',
        () => this.#operations.flatMap((labels, { count }) => [{ labels, value: count }]),
      ),
      exposed(duration, 'histogram', '[ALPHA] Time that it takes to encrypt or decrypt a value.', () =>
        this.#seconds.flatMap((labels, seconds) => seconds.values(duration, labels)),
      ),
      exposed(
        `${controller}_automatic_reloads_total`,
        'counter',
        '[ALPHA] How often the configuration was read again.',
        reloads(({ count }) => count),
      ),
      exposed(
        `${controller}_automatic_reload_last_timestamp_seconds`,
        'gauge',
        '[ALPHA] When the configuration was read again.',
        reloads(({ at }) => at / 1000),
      ),
      exposed(
        `${controller}_last_config_info`,
        'gauge',
        '[ALPHA] The configuration that holds, by its hash.',
        () =>
          this.#configuration === ''
            ? []
            : [{ labels: { ...this.#id, hash: this.#configuration }, value: 1 }],
      ),
    ];
  }

  get #id() {
    return { apiserver_id_hash: hashOf(this.server) };
  }
}

function hashOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
