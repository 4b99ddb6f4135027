/** A client certificate with its key, both PEM. */
export interface ClientIdentity {
  readonly certificate: string;
  readonly key: string;
  /** Whom to trust together with it, where that is renewed, too. @default the connection's */
  readonly ca?: string | undefined;
}

/** All that is needed to reach one API server, with every file read. */
export interface ConnectionOptions {
  /** `https://host:6443`, perhaps with a path. */
  readonly server: string;
  /** PEM. @default the certificate authorities that Node trusts */
  readonly ca?: string | undefined;
  /** The name that the server's certificate must have. @default the host of `server` */
  readonly tlsServerName?: string | undefined;
  /** Trusts any certificate. @default false */
  readonly insecureSkipTlsVerify?: boolean | undefined;
  /** PEM. */
  readonly clientCertificate?: string | undefined;
  /** PEM. */
  readonly clientKey?: string | undefined;
  /** Asked before each request, so that a certificate that is renewed on disk or by a plugin is taken. Goes before the two above. */
  readonly identity?: (() => Promise<ClientIdentity | undefined>) | undefined;
  /** Asked before each request, so that a token that is renewed on disk or by a plugin is taken. */
  readonly token?: (() => Promise<string>) | undefined;
  /** Called after a 401: credentials that are kept are then got anew, and the request is sent once more. */
  readonly renew?: (() => void) | undefined;
  readonly basic?: { readonly username: string; readonly password: string } | undefined;
  /** Acts as this user. */
  readonly impersonate?:
    | {
        readonly user: string;
        readonly uid?: string;
        readonly groups?: readonly string[];
        readonly extra?: Readonly<Record<string, readonly string[]>>;
      }
    | undefined;
  /** The way to the server: `http://`, `https://` or `socks5://`, perhaps with `user:password@`. @default none */
  readonly proxyUrl?: string | undefined;
  /** The context's namespace. */
  readonly namespace?: string | undefined;
}
