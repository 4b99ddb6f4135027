import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  type AuthenticationOptions,
  type PkiDirectory,
  parseAuthenticationConfiguration,
  readTokenKeys,
  type TokenKeys,
} from '@kubewright/apiserver';
import { httpsTransport, loadConnection } from '@kubewright/client';
import { CommandError, unusableFile } from '../command-error.js';
import type { AuthorizationFlags } from './authorization.js';
import { readPem } from './pem-file.js';

/** Options of the command line, named as kube-apiserver's. Files are PEM. */
export interface AuthenticationFlags {
  readonly serviceAccountIssuer?: readonly string[];
  readonly serviceAccountSigningKeyFile?: string;
  readonly serviceAccountKeyFile?: readonly string[];
  readonly serviceAccountJwksUri?: string;
  readonly serviceAccountMaxTokenExpiration?: number;
  readonly serviceAccountExtendTokenExpiration?: boolean;
  readonly apiAudiences?: readonly string[];
  readonly authenticationConfig?: string;
  readonly authenticationTokenWebhookConfigFile?: string;
  readonly enableBootstrapTokenAuth?: boolean;
  readonly anonymousAuth?: boolean;
  readonly requestheaderClientCaFile?: string;
  readonly requestheaderAllowedNames?: readonly string[];
  readonly requestheaderUsernameHeaders?: readonly string[];
  readonly requestheaderUidHeaders?: readonly string[];
  readonly requestheaderGroupHeaders?: readonly string[];
  readonly requestheaderExtraHeadersPrefix?: readonly string[];
}

/** As kubeadm has it. */
const standardIssuer = 'https://kubernetes.default.svc.cluster.local';

/** How the server of a data directory authenticates. @param keys those of tokens; nobody asks before it listens */
export async function authenticationOptions(
  flags: AuthenticationFlags & AuthorizationFlags,
  keys: () => TokenKeys,
): Promise<AuthenticationOptions> {
  const [configured, webhook] = await Promise.all([authenticationConfiguration(flags), webhookOf(flags)]);
  const [issuer = standardIssuer, ...issuers] = flags.serviceAccountIssuer ?? [];
  const { serviceAccountJwksUri, serviceAccountMaxTokenExpiration, apiAudiences } = flags;
  return {
    serviceAccounts: {
      issuers: [issuer, ...issuers],
      keys,
      extendExpiration: flags.serviceAccountExtendTokenExpiration ?? true,
      ...(serviceAccountJwksUri === undefined ? {} : { jwksUri: serviceAccountJwksUri }),
      ...(serviceAccountMaxTokenExpiration === undefined
        ? {}
        : { maxExpirationSeconds: serviceAccountMaxTokenExpiration }),
    },
    ...(apiAudiences === undefined ? {} : { audiences: apiAudiences }),
    bootstrapTokens: flags.enableBootstrapTokenAuth ?? true,
    ...(webhook === undefined ? {} : { webhook: { transport: webhook } }),
    ...anonymousOf(flags),
    ...frontProxyOf(flags),
    ...configured,
  };
}

/** Where somebody decides who may do what, that is asked about nobody, too; else nobody gets beyond the probes' paths. */
function anonymousOf({
  anonymousAuth,
  authorizationMode,
}: AuthenticationFlags & AuthorizationFlags): Pick<AuthenticationOptions, 'anonymous'> {
  const decides = !authorizationMode.includes('AlwaysAllow');
  if (!decides && anonymousAuth === true)
    throw new CommandError('--anonymous-auth true: would allow everybody everything with AlwaysAllow');
  if (anonymousAuth === undefined && !decides) return {};
  return { anonymous: { enabled: anonymousAuth ?? true } };
}

async function authenticationConfiguration({
  authenticationConfig: file,
  anonymousAuth,
}: AuthenticationFlags) {
  if (file === undefined) return {};
  try {
    const content = await readFile(file, 'utf8');
    const configured = await parseAuthenticationConfiguration(content, file);
    if (configured.anonymous !== undefined && anonymousAuth !== undefined)
      throw new Error(`${file}: anonymous: can't be set together with --anonymous-auth`);
    return configured;
  } catch (cause) {
    throw unusableFile(file, cause, '--authentication-config');
  }
}

async function webhookOf({ authenticationTokenWebhookConfigFile: path }: AuthenticationFlags) {
  return path === undefined ? undefined : httpsTransport(await loadConnection({ path }));
}

function frontProxyOf(flags: AuthenticationFlags): Pick<AuthenticationOptions, 'frontProxy'> {
  if (flags.requestheaderClientCaFile === undefined) return {};
  const given = {
    allowedNames: flags.requestheaderAllowedNames,
    usernameHeaders: flags.requestheaderUsernameHeaders,
    uidHeaders: flags.requestheaderUidHeaders,
    groupHeaders: flags.requestheaderGroupHeaders,
    extraHeaderPrefixes: flags.requestheaderExtraHeadersPrefix,
  };
  return { frontProxy: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}

/** The keys of tokens: those of the files that are named, or the server's own. */
export interface LoadingTokenKeys {
  readonly loaded: Promise<TokenKeys>;
  /** @throws Error before they are loaded */
  now(): TokenKeys;
}

/** Begins to load them: to make the first one takes a while. @param first that one, in PEM, where it is begun already */
export function loadTokenKeys(
  flags: AuthenticationFlags,
  pki: PkiDirectory,
  first?: Promise<string>,
): LoadingTokenKeys {
  let keys: TokenKeys | undefined;
  const loaded = tokenKeys(flags, pki, first).then((there) => {
    keys = there;
    return there;
  });
  // Whoever awaits it is told.
  loaded.catch(() => undefined);
  const now = () => {
    if (keys === undefined) throw new Error('the keys of tokens are not loaded yet');
    return keys;
  };
  return { loaded, now };
}

/** The key that signs tokens in PEM, for the controller that signs those of Secrets. */
export function signingKeyPem({ signing }: TokenKeys): string {
  return signing.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

async function tokenKeys(
  flags: AuthenticationFlags,
  pki: PkiDirectory,
  first: Promise<string> | undefined,
): Promise<TokenKeys> {
  const { serviceAccountSigningKeyFile: file, serviceAccountKeyFile: files = [] } = flags;
  if (file === undefined) {
    if (files.length > 0)
      throw new CommandError('--service-account-key-file: goes with --service-account-signing-key-file');
    return pki.tokenKeys(first && (() => first));
  }
  const { pem: signing } = await readPem('--service-account-signing-key-file', file, 'private key', (pem) =>
    readTokenKeys(pem),
  );
  const verifying = await Promise.all(
    files.map((one) => readPem('--service-account-key-file', one, 'keys', (pem) => createPublicKey(pem))),
  );
  return readTokenKeys(
    signing,
    verifying.map(({ pem }) => pem),
  );
}
