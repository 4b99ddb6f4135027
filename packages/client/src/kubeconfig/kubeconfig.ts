/** A fault of a kubeconfig, with the file and the field in it: `users[2].user.token`. */
export class KubeconfigError extends Error {
  readonly file: string;
  readonly field: string;

  constructor(message: string, where: { readonly file: string; readonly field: string }, cause?: unknown) {
    const place = where.field === '' ? where.file : `${where.file}: ${where.field}`;
    super(`${place}: ${message}`, cause === undefined ? undefined : { cause });
    this.name = 'KubeconfigError';
    this.file = where.file;
    this.field = where.field;
  }
}

/** Where an entry stands: relative paths in it are relative to its file. */
export interface EntrySource {
  readonly file: string;
  /** `clusters[0].cluster` */
  readonly field: string;
}

export interface ClusterEntry extends EntrySource {
  readonly name: string;
  readonly server: string;
  readonly certificateAuthority?: string | undefined;
  /** Base64, here and in the other fields of this name. */
  readonly certificateAuthorityData?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  /** `http://`, `https://` or `socks5://`. */
  readonly proxyUrl?: string | undefined;
  /** What exec plugins are told of the cluster: its extension `client.authentication.k8s.io/exec`. */
  readonly execConfig?: unknown;
}

export interface UserEntry extends EntrySource {
  readonly name: string;
  readonly clientCertificate?: string | undefined;
  readonly clientCertificateData?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly clientKeyData?: string | undefined;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly impersonate?: string | undefined;
  readonly impersonateUid?: string | undefined;
  readonly impersonateGroups?: readonly string[] | undefined;
  readonly impersonateExtra?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Checked when it is asked for, as the next one: users that nobody acts as may be of kinds not known here. */
  readonly exec?: ExecEntry | undefined;
  readonly oidc?: OidcEntry | undefined;
}

/** OpenID Connect tokens (`auth-provider` named `oidc`), which the issuer renews. */
export interface OidcEntry extends EntrySource {
  readonly issuerUrl: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  readonly idToken?: string | undefined;
  readonly refreshToken?: string | undefined;
  readonly certificateAuthority?: string | undefined;
  /** Base64. */
  readonly certificateAuthorityData?: string | undefined;
}

/** A command that prints credentials (client.authentication.k8s.io). */
export interface ExecEntry extends EntrySource {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly interactiveMode: 'Never' | 'IfAvailable' | 'Always';
  readonly provideClusterInfo: boolean;
  readonly installHint?: string | undefined;
}

export interface ContextEntry extends EntrySource {
  readonly name: string;
  readonly cluster: string;
  readonly user?: string | undefined;
  readonly namespace?: string | undefined;
}

/** One or several kubeconfig files, checked. */
export interface Kubeconfig {
  readonly files: readonly string[];
  readonly currentContext?: string | undefined;
  readonly clusters: ReadonlyMap<string, ClusterEntry>;
  readonly users: ReadonlyMap<string, UserEntry>;
  readonly contexts: ReadonlyMap<string, ContextEntry>;
}

/** Several files as one: of entries with the same name, and of current contexts, the first counts. */
export function mergeKubeconfigs(kubeconfigs: readonly Kubeconfig[]): Kubeconfig {
  const backwards = kubeconfigs.toReversed();
  return {
    files: kubeconfigs.flatMap(({ files }) => files),
    currentContext: kubeconfigs.find(({ currentContext }) => currentContext !== undefined)?.currentContext,
    clusters: new Map(backwards.flatMap(({ clusters }) => [...clusters])),
    users: new Map(backwards.flatMap(({ users }) => [...users])),
    contexts: new Map(backwards.flatMap(({ contexts }) => [...contexts])),
  };
}
