import { fromYaml } from '../../encoding/yaml.js';
import { type AuthorizationMode, authorizationModes } from './authorization-modes.js';

/** One authorizer of an AuthorizationConfiguration. */
export type ConfiguredAuthorizer =
  | { readonly type: AuthorizationMode; readonly name: string }
  | { readonly type: 'Webhook'; readonly name: string; readonly webhook: ConfiguredWebhook };

export interface ConfiguredWebhook {
  readonly authorizedTtlMs: number;
  readonly unauthorizedTtlMs: number;
  readonly timeoutMs: number;
  readonly failurePolicy: 'NoOpinion' | 'Deny';
  /** Undefined for the configuration inside a cluster. */
  readonly kubeConfigFile: string | undefined;
  readonly matchConditions: readonly string[];
}

/**
 * Reads an `apiserver.config.k8s.io/v1` AuthorizationConfiguration (`--authorization-config`).
 * @throws Error naming what is wrong
 */
export function parseAuthorizationConfiguration(text: string): ConfiguredAuthorizer[] {
  const { apiVersion, kind, authorizers } = record(fromYaml(text).value);
  if (apiVersion !== 'apiserver.config.k8s.io/v1' || kind !== 'AuthorizationConfiguration')
    throw new Error('is no AuthorizationConfiguration of apiserver.config.k8s.io/v1');
  if (!Array.isArray(authorizers) || authorizers.length === 0)
    throw new Error('authorizers: Required value: at least one authorization mode must be defined');
  const names = new Set<string>();
  return authorizers.map((each, index) => {
    const at = `authorizers[${index}]`;
    const { type, name, webhook } = record(each);
    if (typeof name !== 'string' || name === '') throw new Error(`${at}.name: Required value`);
    if (names.has(name)) throw new Error(`${at}.name: Duplicate value: ${JSON.stringify(name)}`);
    names.add(name);
    const mode = authorizationModes.find((one) => one === type);
    if (mode !== undefined) {
      if (webhook !== undefined)
        throw new Error(`${at}.webhook: Invalid value: may only be specified when type=Webhook`);
      return { type: mode, name };
    }
    if (type !== 'Webhook') throw new Error(`${at}.type: Unsupported value: ${JSON.stringify(type)}`);
    if (webhook === undefined) throw new Error(`${at}.webhook: Required value: required when type=Webhook`);
    return { type, name, webhook: parseWebhook(record(webhook), `${at}.webhook`) };
  });
}

function parseWebhook(webhook: Readonly<Record<string, unknown>>, at: string): ConfiguredWebhook {
  const { subjectAccessReviewVersion, matchConditions, failurePolicy, connectionInfo } = webhook;
  if (subjectAccessReviewVersion !== 'v1')
    throw new Error(`${at}.subjectAccessReviewVersion: Unsupported value: only "v1" is sent`);
  if (failurePolicy !== 'NoOpinion' && failurePolicy !== 'Deny')
    throw new Error(
      `${at}.failurePolicy: Unsupported value: ${JSON.stringify(failurePolicy)}: supported values: "Deny", "NoOpinion"`,
    );
  const { type, kubeConfigFile } = record(connectionInfo);
  if (type !== 'KubeConfigFile' && type !== 'InClusterConfig')
    throw new Error(`${at}.connectionInfo.type: Unsupported value: ${JSON.stringify(type)}`);
  if (type === 'KubeConfigFile' && (typeof kubeConfigFile !== 'string' || kubeConfigFile === ''))
    throw new Error(`${at}.connectionInfo.kubeConfigFile: Required value`);
  const timeoutMs = duration(webhook.timeout, `${at}.timeout`);
  if (timeoutMs === undefined || timeoutMs <= 0 || timeoutMs > 30_000)
    throw new Error(`${at}.timeout: Invalid value: must be > 0s and <= 30s`);
  const uncached = webhook.cacheAuthorizedRequests === false;
  const conditions = Array.isArray(matchConditions) ? matchConditions : [];
  return {
    timeoutMs,
    failurePolicy,
    kubeConfigFile: type === 'KubeConfigFile' ? String(kubeConfigFile) : undefined,
    authorizedTtlMs: uncached ? 0 : (duration(webhook.authorizedTTL, `${at}.authorizedTTL`) ?? 300_000),
    unauthorizedTtlMs:
      webhook.cacheUnauthorizedRequests === false
        ? 0
        : (duration(webhook.unauthorizedTTL, `${at}.unauthorizedTTL`) ?? 30_000),
    matchConditions: conditions.map((condition, index) => {
      const { expression } = record(condition);
      if (typeof expression !== 'string' || expression.trim() === '')
        throw new Error(`${at}.matchConditions[${index}].expression: Required value`);
      return expression;
    }),
  };
}

const unitsMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Milliseconds of a Go duration. */
function duration(value: unknown, at: string): number | undefined {
  if (value === undefined) return undefined;
  const parts = [...String(value).matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== value)
    throw new Error(`${at}: Invalid value: ${JSON.stringify(value)}: no duration`);
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitsMs[unit] ?? 0), 0);
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
