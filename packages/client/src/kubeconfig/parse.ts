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
    clusters: named(root.list('clusters').map(clusterEntry)),
    users: named(root.list('users').map(userEntry)),
    contexts: named(root.list('contexts').map(contextEntry)),
  };
}

/** Of entries with the same name in one file, the first counts. */
function named<E extends { readonly name: string }>(entries: readonly E[]): Map<string, E> {
  return new Map(entries.toReversed().map((entry) => [entry.name, entry]));
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
    exec: user.has('exec') ? execEntry(user.fields('exec')) : undefined,
    oidc: user.has('auth-provider') ? oidcEntry(user.fields('auth-provider')) : undefined,
  };
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
  const interactiveMode = exec.string('interactiveMode') ?? 'IfAvailable';
  if (interactiveMode !== 'Never' && interactiveMode !== 'IfAvailable' && interactiveMode !== 'Always')
    throw exec.error('interactiveMode', `must be Never, IfAvailable or Always, not ${interactiveMode}`);
  return {
    ...exec.source,
    apiVersion: exec.required('apiVersion'),
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
