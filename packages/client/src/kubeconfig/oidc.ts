import { readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { type Clock, systemClock } from '../clock.js';
import { KubeconfigError, type OidcEntry } from './kubeconfig.js';
import { proxyFromEnvironment } from './proxy.js';

/** A token that is about to end would be refused on arrival. */
const leewayMs = 10_000;
const timeoutMs = 10_000;

/** A token that can be got anew before its end. */
export interface RenewableToken {
  readonly get: () => Promise<string>;
  /** The next `get` asks for a new one. */
  readonly renew: () => void;
}

export interface OidcOptions {
  /** PEM of the issuer's authority. @default those that Node trusts */
  readonly ca?: string | undefined;
  readonly clock?: Clock;
  /** Where the issuer is behind a proxy, its variables name it. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * The ID token of an OpenID Connect issuer, renewed with the refresh token when it has ended; new ones are written to
 * the kubeconfig, since many issuers take each refresh token once only.
 * Source: OpenID Connect Core, 12; "OpenID Connect Tokens" in the Kubernetes documentation.
 * @throws KubeconfigError from `get`, with what the issuer said
 */
export function oidcToken(entry: OidcEntry, options: OidcOptions = {}): RenewableToken {
  const { clock = systemClock } = options;
  let { idToken, refreshToken } = entry;
  let usable = idToken !== undefined;
  let running: Promise<string> | undefined;
  const refresh = async () => {
    try {
      if (refreshToken === undefined)
        throw fault(entry, 'refresh-token', 'is missing and the id-token has ended: log in again');
      const fresh = await askIssuer(entry, refreshToken, options);
      await persist(entry.file, [
        [idToken, fresh.idToken],
        [refreshToken, fresh.refreshToken],
      ]);
      idToken = fresh.idToken;
      refreshToken = fresh.refreshToken ?? refreshToken;
      usable = true;
      return fresh.idToken;
    } finally {
      running = undefined;
    }
  };
  return {
    async get() {
      if (usable && idToken !== undefined && endOf(idToken, entry) - leewayMs > clock.now()) return idToken;
      running ??= refresh();
      return running;
    },
    renew() {
      // Without a refresh token the one there is is all there will be.
      if (refreshToken !== undefined) usable = false;
    },
  };
}

/** When a JWT ends, in milliseconds since 1970. */
function endOf(token: string, entry: OidcEntry): number {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const exp = (claims as { readonly exp?: unknown }).exp;
    if (typeof exp === 'number') return exp * 1000;
  } catch (cause) {
    throw fault(entry, 'id-token', 'is no JSON Web Token', cause);
  }
  throw fault(entry, 'id-token', 'does not say when it ends');
}

async function askIssuer(
  entry: OidcEntry,
  refreshToken: string,
  options: OidcOptions,
): Promise<{ readonly idToken: string; readonly refreshToken: string | undefined }> {
  try {
    const issuer = await ask(
      `${entry.issuerUrl.replace(/\/$/, '')}/.well-known/openid-configuration`,
      options,
    );
    const answer = await ask(
      String(issuer.token_endpoint),
      options,
      new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        client_id: entry.clientId,
        ...(entry.clientSecret === undefined ? {} : { client_secret: entry.clientSecret }),
      }),
    );
    if (typeof answer.id_token !== 'string') throw new Error('its answer has no id_token');
    const next = answer.refresh_token;
    return { idToken: answer.id_token, refreshToken: typeof next === 'string' ? next : undefined };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw fault(entry, 'refresh-token', `the issuer gave no new token: ${why}. Log in again`, cause);
  }
}

/** The JSON that a URL of the issuer answers, to a form where one is given. @throws Error for any other answer */
async function ask(
  url: string,
  { ca, env = process.env }: OidcOptions,
  form?: URLSearchParams,
): Promise<Readonly<Record<string, unknown>>> {
  // Few clients have an issuer, and loading this takes longer than all else of the package.
  const [{ Agent }, { connectorThrough }] = await Promise.all([
    import('undici'),
    import('../transport/connector.js'),
  ]);
  const agent = new Agent({
    connect: connectorThrough(proxyFromEnvironment(url, env), ca === undefined ? {} : { ca }),
  });
  try {
    const { origin, pathname, search } = new URL(url);
    const { statusCode, body } = await agent.request({
      origin,
      path: `${pathname}${search}`,
      method: form === undefined ? 'GET' : 'POST',
      headers: form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' },
      body: form?.toString() ?? null,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    const text = await body.text();
    if (statusCode === 200) return JSON.parse(text) as Record<string, unknown>;
    throw new Error(`${url} answered ${statusCode}: ${text.trim().slice(0, 300)}`);
  } finally {
    await agent.close();
  }
}

/** Puts new tokens where the old ones stand in the file, and leaves all else of it as it is. */
async function persist(
  file: string,
  changes: readonly (readonly [before: string | undefined, after: string | undefined])[],
): Promise<void> {
  const path = await realpath(file).catch(() => undefined);
  if (path === undefined) return; // The kubeconfig never was a file.
  const before = await readFile(path, 'utf8');
  let text = before;
  for (const [old, fresh] of changes) if (old && fresh) text = text.replaceAll(old, () => fresh);
  if (text === before) return;
  const { mode } = await stat(path);
  const written = `${path}.${process.pid}.new`;
  await writeFile(written, text, { mode });
  await rename(written, path);
}

function fault(entry: OidcEntry, field: string, message: string, cause?: unknown): KubeconfigError {
  return new KubeconfigError(message, { file: entry.file, field: `${entry.field}.${field}` }, cause);
}
