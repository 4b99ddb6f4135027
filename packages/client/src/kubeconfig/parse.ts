import { Fields } from './fields.js';
import {
  type ClusterEntry,
  type ContextEntry,
  type ExecEntry,
  type Kubeconfig,
  KubeconfigError,
  type OidcEntry,
  type UserEntry,
} from './kubeconfig.js';
import { isProxyUrl } from './proxy.js';

/**
 * Reads a kubeconfig's text, YAML or JSON.
 * @param file the name for messages, and what relative paths are relative to
 * @throws KubeconfigError
 */
export async function parseKubeconfig(text: string, file: string): Promise<Kubeconfig> {
  const { load } = await import('js-yaml');
  let value: unknown;
  try {
    value = load(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new KubeconfigError(`is no YAML: ${why}`, { file, field: '' }, cause);
  }
  // An empty file is a kubeconfig without entries.
  const root = new Fields(value ?? {}, { file, field: '' });
  const kind = root.string('kind');
  if (kind !== undefined && kind !== 'Config') throw root.error('kind', `must be Config, not ${kind}`);
  return {
    files: [file],
    currentContext: root.string('current-context') || undefined,
    clusters: named(root, 'clusters', clusterEntry),
    users: named(root, 'users', userEntry),
    contexts: named(root, 'contexts', contextEntry),
  };
}

function named<E extends { readonly name: string }>(
  root: Fields,
  field: string,
  entryOf: (item: Fields) => E,
): Map<string, E> {
  const entries = new Map<string, E>();
  for (const item of root.list(field)) {
    const entry = entryOf(item);
    if (entries.has(entry.name)) throw item.error('name', `is ${JSON.stringify(entry.name)} a second time`);
    entries.set(entry.name, entry);
  }
  return entries;
}

function clusterEntry(item: Fields): ClusterEntry {
  const cluster = item.fields('cluster');
  const server = cluster.required('server');
  if (!/^https?:\/\/./.test(server) || !URL.canParse(server))
    throw cluster.error('server', `must be an http or https URL, not ${JSON.stringify(server)}`);
  const proxyUrl = cluster.string('proxy-url') || undefined;
  if (proxyUrl !== undefined && !isProxyUrl(proxyUrl))
    throw cluster.error('proxy-url', `must be an http, https or socks5 URL, not ${JSON.stringify(proxyUrl)}`);
  return {
    ...cluster.source,
    name: item.required('name'),
    server,
    certificateAuthority: cluster.string('certificate-authority'),
    certificateAuthorityData: cluster.string('certificate-authority-data'),
    tlsServerName: cluster.string('tls-server-name'),
    insecureSkipTlsVerify: cluster.boolean('insecure-skip-tls-verify'),
    proxyUrl,
    execConfig: cluster
      .list('extensions')
      .find((extension) => extension.string('name') === 'client.authentication.k8s.io/exec')
      ?.value('extension'),
  };
}

function userEntry(item: Fields): UserEntry {
  const user = item.fields('user');
  return {
    ...user.source,
    name: item.required('name'),
    clientCertificate: user.string('client-certificate'),
    clientCertificateData: user.string('client-certificate-data'),
    clientKey: user.string('client-key'),
    clientKeyData: user.string('client-key-data'),
    token: user.string('token'),
    tokenFile: user.string('tokenFile'),
    username: user.string('username'),
    password: user.string('password'),
    impersonate: user.string('as'),
    impersonateUid: user.string('as-uid'),
    impersonateGroups: user.has('as-groups') ? user.strings('as-groups') : undefined,
    impersonateExtra: user.has('as-user-extra') ? extraOf(user.fields('as-user-extra')) : undefined,
    get exec() {
      return user.has('exec') ? execEntry(user.fields('exec')) : undefined;
    },
    get oidc() {
      return user.has('auth-provider') ? oidcEntry(user.fields('auth-provider')) : undefined;
    },
  };
}

function extraOf(extra: Fields): Record<string, readonly string[]> {
  return Object.fromEntries(extra.names().map((name) => [name, extra.strings(name)]));
}

function oidcEntry(provider: Fields): OidcEntry {
  const name = provider.required('name');
  if (name !== 'oidc')
    throw provider.error(
      'name',
      `must be oidc, not ${name}: the other providers have exec plugins in its place`,
    );
  const config = provider.fields('config');
  const issuerUrl = config.required('idp-issuer-url');
  if (!URL.canParse(issuerUrl)) throw config.error('idp-issuer-url', 'must be a URL');
  return {
    ...config.source,
    issuerUrl,
    clientId: config.required('client-id'),
    clientSecret: config.string('client-secret') || undefined,
    idToken: config.string('id-token') || undefined,
    refreshToken: config.string('refresh-token') || undefined,
    certificateAuthority: config.string('idp-certificate-authority') || undefined,
    certificateAuthorityData: config.string('idp-certificate-authority-data') || undefined,
  };
}

function execEntry(exec: Fields): ExecEntry {
  const apiVersion = exec.required('apiVersion');
  // Version 1 leaves no doubt whether its plugin may ask.
  const interactiveMode = exec.has('interactiveMode')
    ? exec.string('interactiveMode')
    : apiVersion.endsWith('/v1beta1')
      ? 'IfAvailable'
      : exec.required('interactiveMode');
  if (interactiveMode !== 'Never' && interactiveMode !== 'IfAvailable' && interactiveMode !== 'Always')
    throw exec.error('interactiveMode', `must be Never, IfAvailable or Always, not ${interactiveMode}`);
  return {
    ...exec.source,
    apiVersion,
    command: exec.required('command'),
    args: exec.strings('args'),
    env: Object.fromEntries(
      exec.list('env').map((variable) => [variable.required('name'), variable.string('value') ?? '']),
    ),
    interactiveMode,
    provideClusterInfo: exec.boolean('provideClusterInfo') ?? false,
    installHint: exec.string('installHint'),
  };
}

function contextEntry(item: Fields): ContextEntry {
  const context = item.fields('context');
  return {
    ...context.source,
    name: item.required('name'),
    cluster: context.required('cluster'),
    user: context.string('user') || undefined,
    namespace: context.string('namespace') || undefined,
  };
}
