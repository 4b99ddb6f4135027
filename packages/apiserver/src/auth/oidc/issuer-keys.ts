import { type ConnectionOptions, httpsTransport } from '@kubewright/client';
import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import { readJson } from '../authentication/read-json.js';
import type { JwtConfiguration } from './jwt-configuration.js';

const timeoutMs = 10_000;
/** A key that is not known is looked for at the issuer, but not more often than this. */
const cooldownMs = 3_000;

/**
 * The keys of an issuer, found by its discovery document and fetched anew when a token names one that is not known.
 * @throws Error where the issuer does not answer, or the document is of another one
 */
export async function issuerKeys({
  url,
  discoveryURL,
  certificateAuthority,
}: Issuer): Promise<JWTVerifyGetKey> {
  const ca = certificateAuthority === undefined ? {} : { ca: certificateAuthority };
  const document = await getJson(
    discoveryURL ?? `${url.replace(/\/$/, '')}/.well-known/openid-configuration`,
    ca,
  );
  const { issuer, jwks_uri: jwksUri } = document as { issuer?: unknown; jwks_uri?: unknown };
  if (issuer !== url)
    throw new Error(`the issuer did not match the one of its document: ${url} and ${String(issuer)}`);
  if (typeof jwksUri !== 'string') throw new Error(`the document of ${url} names no keys`);
  return createRemoteJWKSet(new URL(jwksUri), {
    cooldownDuration: cooldownMs,
    timeoutDuration: timeoutMs,
    [customFetch]: async () => Response.json(await getJson(jwksUri, ca)),
  });
}

type Issuer = JwtConfiguration['issuer'];

async function getJson(url: string, options: Pick<ConnectionOptions, 'ca'>): Promise<unknown> {
  const transport = await httpsTransport({ ...options, server: url });
  try {
    const answer = await transport.request({
      method: 'GET',
      path: '',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    return await readJson(answer);
  } finally {
    await transport.close();
  }
}
