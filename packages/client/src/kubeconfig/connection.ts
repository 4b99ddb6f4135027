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
  /** Asked before each request, so that a token that is renewed on disk or by a plugin is taken. */
  readonly token?: (() => Promise<string>) | undefined;
  readonly basic?: { readonly username: string; readonly password: string } | undefined;
  /** Acts as this user. */
  readonly impersonate?:
    | { readonly user: string; readonly uid?: string; readonly groups?: readonly string[] }
    | undefined;
  /** The context's namespace. */
  readonly namespace?: string | undefined;
}
