import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ClientIdentity, ConnectionOptions } from './connection.js';
import { type ExecCluster, execPlugin } from './exec-plugin.js';
import { checkNotEnded, identityFromFiles } from './identity.js';
import {
  type EntrySource,
  type ExecEntry,
  type Kubeconfig,
  KubeconfigError,
  type UserEntry,
} from './kubeconfig.js';
import { oidcToken } from './oidc.js';
import { tokenFromFile } from './token-file.js';

/** What a context means, with its files read. @throws KubeconfigError */
export async function connectionOf(kubeconfig: Kubeconfig, context?: string): Promise<ConnectionOptions> {
  const file = kubeconfig.files.join(', ');
  const name = context ?? kubeconfig.currentContext;
  if (name === undefined) throw new KubeconfigError('is not set', { file, field: 'current-context' });
  const chosen = kubeconfig.contexts.get(name);
  if (chosen === undefined) throw missing('context', name, kubeconfig.contexts, { file, field: 'contexts' });
  const at = (field: string): EntrySource => ({ file: chosen.file, field: `${chosen.field}.${field}` });
  const cluster = kubeconfig.clusters.get(chosen.cluster);
  if (cluster === undefined) throw missing('cluster', chosen.cluster, kubeconfig.clusters, at('cluster'));
  const user = chosen.user === undefined ? undefined : kubeconfig.users.get(chosen.user);
  if (chosen.user !== undefined && user === undefined)
    throw missing('user', chosen.user, kubeconfig.users, at('user'));
  const ca = await pem(cluster, 'certificate-authority', {
    path: cluster.certificateAuthority,
    data: cluster.certificateAuthorityData,
  });
  if (cluster.insecureSkipTlsVerify && ca !== undefined)
    throw new KubeconfigError(
      'trusts any certificate, and a certificate authority beside it says to trust one: take one of the two away',
      { file: cluster.file, field: `${cluster.field}.insecure-skip-tls-verify` },
    );
  return {
    server: cluster.server,
    ca,
    tlsServerName: cluster.tlsServerName,
    insecureSkipTlsVerify: cluster.insecureSkipTlsVerify,
    proxyUrl: cluster.proxyUrl,
    namespace: chosen.namespace,
    ...(user === undefined
      ? {}
      : { ...(await credentials(user, { ...cluster, ca })), impersonate: impersonation(user) }),
  };
}

function impersonation(user: UserEntry): ConnectionOptions['impersonate'] {
  const { impersonate, impersonateUid: uid, impersonateGroups: groups, impersonateExtra: extra } = user;
  if (impersonate !== undefined)
    return {
      user: impersonate,
      ...(uid === undefined ? {} : { uid }),
      ...(groups === undefined ? {} : { groups }),
      ...(extra === undefined ? {} : { extra }),
    };
  if (uid === undefined && groups === undefined && extra === undefined) return undefined;
  throw new KubeconfigError('is missing, and as-uid, as-groups and as-user-extra need it', at(user, 'as'));
}

async function credentials(user: UserEntry, cluster: ExecCluster): Promise<Partial<ConnectionOptions>> {
  const { exec } = user;
  if (exec !== undefined) return execCredentials(exec, cluster);
  const clientCertificate = await pem(user, 'client-certificate', {
    path: user.clientCertificate,
    data: user.clientCertificateData,
  });
  const clientKey = await pem(user, 'client-key', { path: user.clientKey, data: user.clientKeyData });
  if ((clientCertificate === undefined) !== (clientKey === undefined))
    throw new KubeconfigError(
      'a client certificate needs its key, and a key its certificate',
      at(user, clientKey === undefined ? 'client-key' : 'client-certificate'),
    );
  if (clientCertificate !== undefined) {
    const isData = Boolean(user.clientCertificateData);
    checkNotEnded(clientCertificate, at(user, isData ? 'client-certificate-data' : 'client-certificate'));
  }
  return {
    clientCertificate,
    clientKey,
    identity: identityOf(user),
    ...(await tokenOf(user)),
    basic:
      user.username === undefined ? undefined : { username: user.username, password: user.password ?? '' },
  };
}

/** Run once here, so that a plugin's fault comes at once; after that it is asked before each request. */
async function execCredentials(exec: ExecEntry, cluster: ExecCluster): Promise<Partial<ConnectionOptions>> {
  const { get, renew } = execPlugin(exec, cluster);
  const first = await get();
  const identity = async (): Promise<ClientIdentity | undefined> => {
    const { clientCertificateData: certificate, clientKeyData: key } = await get();
    return certificate && key ? { certificate, key } : undefined;
  };
  return {
    identity: first.clientCertificateData === undefined ? undefined : identity,
    token: first.token === undefined ? undefined : async () => (await get()).token ?? '',
    renew,
  };
}

/** Where both are files, which may be renewed. Data goes before a file, and stays as it is. */
function identityOf(user: UserEntry): ConnectionOptions['identity'] {
  const { clientCertificate, clientKey } = user;
  if (!clientCertificate || !clientKey || user.clientCertificateData || user.clientKeyData) return undefined;
  const directory = dirname(user.file);
  return identityFromFiles(resolve(directory, clientCertificate), resolve(directory, clientKey));
}

/** A token file goes before a token, since it can be renewed; a token before OpenID Connect. */
async function tokenOf(user: UserEntry): Promise<Pick<ConnectionOptions, 'token' | 'renew'>> {
  const { token, tokenFile, oidc } = user;
  if (tokenFile !== undefined) {
    const read = tokenFromFile(resolve(dirname(user.file), tokenFile));
    await read().catch((cause: unknown) => {
      throw new KubeconfigError(messageOf(cause), at(user, 'tokenFile'), cause);
    });
    return { token: read };
  }
  if (token !== undefined) return { token: async () => token };
  if (oidc === undefined) return {};
  const ca = await pem(oidc, 'idp-certificate-authority', {
    path: oidc.certificateAuthority,
    data: oidc.certificateAuthorityData,
  });
  const { get, renew } = oidcToken(oidc, { ca });
  return { token: get, renew };
}

/** A PEM block from its data or its file; the data goes first, as with kubectl. */
async function pem(
  source: EntrySource,
  field: string,
  from: { readonly path: string | undefined; readonly data: string | undefined },
): Promise<string | undefined> {
  if (from.data !== undefined && from.data !== '') {
    const text = Buffer.from(from.data, 'base64').toString('utf8');
    if (text.includes('-----BEGIN ')) return text;
    throw new KubeconfigError('must be a PEM block in base64', at(source, `${field}-data`));
  }
  if (from.path === undefined || from.path === '') return undefined;
  const path = resolve(dirname(source.file), from.path);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new KubeconfigError(messageOf(cause), at(source, field), cause);
  });
  if (text.includes('-----BEGIN ')) return text;
  throw new KubeconfigError(`${path} has no PEM block`, at(source, field));
}

function missing(
  what: string,
  name: string,
  there: ReadonlyMap<string, unknown>,
  source: EntrySource,
): KubeconfigError {
  const names = [...there.keys()];
  const has = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`;
  return new KubeconfigError(`there is no ${what} named ${JSON.stringify(name)}; ${has}`, source);
}

function at({ file, field }: EntrySource, name: string): EntrySource {
  return { file, field: `${field}.${name}` };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
