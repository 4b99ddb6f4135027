import { parseTime } from '@kubewright/api';
import type { Secret } from '@kubewright/api/core/v1';

/** Where bootstrap tokens are, and of what type. */
export const bootstrapNamespace = 'kube-system';
export const bootstrapSelector = 'type=bootstrap.kubernetes.io/token';

/** One entry of a Secret as text. */
export function textOf({ data }: Secret, key: string): string {
  return Buffer.from(data?.[key] ?? '', 'base64').toString('utf8');
}

/** When the token ends, in milliseconds since the epoch; a time that can't be read has passed. */
export function expiresAt(secret: Secret): number {
  const expiration = textOf(secret, 'expiration');
  return expiration === '' ? Number.POSITIVE_INFINITY : (parseTime(expiration) ?? 0);
}
