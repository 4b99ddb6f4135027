/** An object as a token names it. */
export interface ObjectRef {
  readonly name: string;
  readonly uid: string;
}

/** What the token of a service account says besides the registered claims of RFC 7519. */
export interface ServiceAccountClaims {
  readonly namespace: string;
  readonly serviceaccount: ObjectRef;
  readonly pod?: ObjectRef;
  readonly secret?: ObjectRef;
  readonly node?: ObjectRef;
  /** Seconds since the epoch: from then on the holder should have fetched a new one. */
  readonly warnafter?: number;
}

/** All claims of a token. Times are seconds since the epoch. */
export interface TokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly jti?: string;
  readonly iat?: number;
  readonly nbf?: number;
  /** Tokens in Secrets have none: they end with their Secret. */
  readonly exp?: number;
  readonly kubernetes: ServiceAccountClaims;
}

/** The claims of a verified payload; undefined where they are not those of a service account's token. */
export function parseClaims(payload: unknown): TokenClaims | undefined {
  if (!isRecord(payload)) return undefined;
  const { iss, sub, aud = [], jti, iat, nbf, exp } = payload;
  const kubernetes = boundClaims(payload['kubernetes.io']) ?? legacyClaims(payload);
  if (typeof iss !== 'string' || typeof sub !== 'string' || kubernetes === undefined) return undefined;
  const audiences = [aud].flat().filter((one) => typeof one === 'string');
  return {
    iss,
    sub,
    aud: audiences,
    ...(typeof jti === 'string' ? { jti } : {}),
    ...(typeof iat === 'number' ? { iat } : {}),
    ...(typeof nbf === 'number' ? { nbf } : {}),
    ...(typeof exp === 'number' ? { exp } : {}),
    kubernetes,
  };
}

function boundClaims(value: unknown): ServiceAccountClaims | undefined {
  if (!isRecord(value) || typeof value.namespace !== 'string') return undefined;
  const serviceaccount = refOf(value.serviceaccount);
  if (serviceaccount === undefined) return undefined;
  const [pod, secret, node] = [refOf(value.pod), refOf(value.secret), refOf(value.node)];
  return {
    namespace: value.namespace,
    serviceaccount,
    ...(pod === undefined ? {} : { pod }),
    ...(secret === undefined ? {} : { secret }),
    ...(node === undefined ? {} : { node }),
    ...(typeof value.warnafter === 'number' ? { warnafter: value.warnafter } : {}),
  };
}

const legacy = 'kubernetes.io/serviceaccount/';

/** Tokens in Secrets name the account and the Secret in claims of their own. The Secret's UID is not among them. */
function legacyClaims(payload: Record<string, unknown>): ServiceAccountClaims | undefined {
  const text = (name: string) => {
    const value = payload[`${legacy}${name}`];
    return typeof value === 'string' ? value : '';
  };
  const namespace = text('namespace');
  const secret = text('secret.name');
  const name = text('service-account.name');
  if (namespace === '' || secret === '' || name === '') return undefined;
  return {
    namespace,
    serviceaccount: { name, uid: text('service-account.uid') },
    secret: { name: secret, uid: '' },
  };
}

function refOf(value: unknown): ObjectRef | undefined {
  if (!isRecord(value) || typeof value.name !== 'string') return undefined;
  return { name: value.name, uid: typeof value.uid === 'string' ? value.uid : '' };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
