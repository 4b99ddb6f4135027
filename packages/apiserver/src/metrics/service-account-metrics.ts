import { type ExposedMetric, exposed } from './series.js';

/** Tokens of service accounts that were verified. */
export class ServiceAccountMetrics {
  /** Those that a pod should have fetched anew, and those that it need not yet. */
  stale = 0;
  valid = 0;
  /** Tokens in Secrets, all together, then by where their Secret comes from, and those that are not taken any more. */
  legacy = 0;
  legacyManual = 0;
  legacyAuto = 0;
  invalidLegacyAuto = 0;

  metrics(): ExposedMetric[] {
    const counter = (name: string, help: string, value: () => number) =>
      exposed(`serviceaccount_${name}_total`, 'counter', help, () => [{ labels: {}, value: value() }]);
    return [
      counter('stale_tokens', '[ALPHA] Tokens of pods that should have been renewed.', () => this.stale),
      counter('valid_tokens', '[ALPHA] Tokens of pods that need not be renewed yet.', () => this.valid),
      counter('legacy_tokens', '[ALPHA] Tokens in Secrets.', () => this.legacy),
      counter(
        'legacy_manual_token_uses',
        '[ALPHA] Tokens in Secrets that somebody asked for.',
        () => this.legacyManual,
      ),
      counter(
        'legacy_auto_token_uses',
        '[ALPHA] Tokens in Secrets that their account names.',
        () => this.legacyAuto,
      ),
      counter(
        'invalid_legacy_auto_token_uses',
        '[ALPHA] Tokens in Secrets that are marked invalid.',
        () => this.invalidLegacyAuto,
      ),
    ];
  }
}
