import { timingSafeEqual } from 'node:crypto';
import { Secret } from '@kubewright/api/core/v1';
import type { ObjectReader } from '../../registry/write-context.js';
import type { TokenAuthenticator } from '../authenticator.js';
import { intersect } from './token-union.js';

const form = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/**
 * Takes bootstrap tokens, which let new nodes ask for a certificate. Each is a Secret in kube-system.
 * Source: "Authenticating with Bootstrap Tokens".
 */
export function bootstrapTokenAuthenticator(
  objects: ObjectReader,
  ownAudiences: readonly string[],
  now: () => number,
): TokenAuthenticator {
  return {
    async authenticateToken(token, audiences) {
      const [, id = '', secret = ''] = form.exec(token) ?? [];
      const common = intersect(ownAudiences, audiences);
      // What is not a good one is no bootstrap token at all: which ids exist is nobody's business.
      if (id === '' || (common.length === 0 && ownAudiences.length > 0)) return undefined;
      const found = await objects.get(Secret, 'kube-system', `bootstrap-token-${id}`);
      if (found?.type !== 'bootstrap.kubernetes.io/token') return undefined;
      if (found.metadata.deletionTimestamp !== undefined) return undefined;
      const text = (key: string) => Buffer.from(found.data?.[key] ?? '', 'base64').toString('utf8');
      if (text('token-id') !== id || !same(text('token-secret'), secret)) return undefined;
      if (hasExpired(text('expiration'), now())) return undefined;
      if (text('usage-bootstrap-authentication') !== 'true') return undefined;
      const extra = text('auth-extra-groups')
        .split(',')
        .filter((group) => group !== '');
      if (!extra.every((group) => groupForm.test(group))) return undefined;
      const groups = [...new Set(['system:bootstrappers', ...extra])].sort();
      return { user: { name: `system:bootstrap:${id}`, groups }, audiences: common };
    },
  };
}

/** A time that can't be read has passed. */
function hasExpired(expiration: string, now: number): boolean {
  if (expiration === '') return false;
  const at = Date.parse(expiration);
  return Number.isNaN(at) || at <= now;
}

function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
