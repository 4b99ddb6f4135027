export interface RenderOptions {
  /** Of the cluster, the context and, with `-admin` behind it, of the user unless that is given. */
  readonly name: string;
  readonly user?: string | undefined;
  readonly server: string;
  /** PEM, here and below. */
  readonly ca?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  /** Paths of files in PEM, which are read anew when they change, instead of the two above. */
  readonly clientCertificateFile?: string | undefined;
  readonly clientKeyFile?: string | undefined;
  readonly token?: string | undefined;
  readonly namespace?: string | undefined;
}

/** The text of a kubeconfig with one cluster, one user and one context, which is the current one. */
export function renderKubeconfig(options: RenderOptions): string {
  const { name, user = `${options.name}-admin` } = options;
  const cluster = fields(4, [
    ['server', options.server],
    ['certificate-authority-data', base64(options.ca)],
  ]);
  const context = fields(4, [
    ['cluster', name],
    ['user', user],
    ['namespace', options.namespace],
  ]);
  const credentials = fields(4, [
    ['client-certificate-data', base64(options.clientCertificate)],
    ['client-key-data', base64(options.clientKey)],
    ['client-certificate', options.clientCertificateFile],
    ['client-key', options.clientKeyFile],
    ['token', options.token],
  ]);
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    `- name: ${quoted(name)}`,
    '  cluster:',
    ...cluster,
    'users:',
    `- name: ${quoted(user)}`,
    credentials.length === 0 ? '  user: {}' : '  user:',
    ...credentials,
    'contexts:',
    `- name: ${quoted(name)}`,
    '  context:',
    ...context,
    `current-context: ${quoted(name)}`,
    '',
  ].join('\n');
}

function fields(
  indent: number,
  pairs: readonly (readonly [name: string, value: string | undefined])[],
): string[] {
  return pairs.flatMap(([name, value]) =>
    value === undefined ? [] : [`${' '.repeat(indent)}${name}: ${quoted(value)}`],
  );
}

/** Plain where YAML could not take it for anything else. Every JSON string is a YAML string. */
function quoted(value: string): string {
  return /^[A-Za-z][A-Za-z0-9/._:+-]*[A-Za-z0-9/=]$/.test(value) &&
    !/^(true|false|null|yes|no|on|off)$/i.test(value)
    ? value
    : JSON.stringify(value);
}

function base64(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text).toString('base64');
}
