import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { loadKubeconfig } from '@kubewright/client';
import type { WebhookCredentials, WebhookTarget } from '../../webhooks/webhook-client.js';

/** As whom the server asks webhooks: the users of a kubeconfig, which are named after whom they are shown to. */
export class WebhookUsers {
  readonly #users: ReadonlyMap<string, WebhookCredentials>;

  /** @param users by `host:port`, `host` (of port 443), `*.domain` or `*` */
  constructor(users: ReadonlyMap<string, WebhookCredentials>) {
    this.#users = users;
  }

  /** What is shown to a webhook; undefined where it is not to know who asks. Source: apiserver's `AuthenticationInfoResolver`. */
  credentialsFor({ url, service }: WebhookTarget): WebhookCredentials | undefined {
    const { host, port } = service === undefined ? placeOf(url ?? '') : serviceOf(service);
    const names = [...namesOf(`${host}:${port}`), ...(port === '443' ? namesOf(host) : []), '*'];
    const found = names.find((name) => this.#users.has(name));
    return found === undefined ? undefined : this.#users.get(found);
  }
}

/** Reads the users of a kubeconfig with their certificates, keys and tokens. @throws KubeconfigError, Error */
export async function readWebhookUsers(path: string): Promise<WebhookUsers> {
  const { users = new Map() } = (await loadKubeconfig({ path })) ?? {};
  const beside = (file: string) => readFile(resolve(dirname(path), file), 'utf8');
  const textOf = async (data: string | undefined, file: string | undefined) =>
    data !== undefined
      ? Buffer.from(data, 'base64').toString('utf8')
      : file === undefined
        ? undefined
        : beside(file);
  const read = new Map<string, WebhookCredentials>();
  for (const [name, user] of users) {
    const certificate = await textOf(user.clientCertificateData, user.clientCertificate);
    const key = await textOf(user.clientKeyData, user.clientKey);
    const token = user.tokenFile === undefined ? user.token : (await beside(user.tokenFile)).trim();
    const password = `${user.username ?? ''}:${user.password ?? ''}`;
    const authorization =
      token !== undefined
        ? `Bearer ${token}`
        : user.username === undefined
          ? undefined
          : `Basic ${Buffer.from(password).toString('base64')}`;
    read.set(name, {
      ...(certificate === undefined || key === undefined ? {} : { certificate, key }),
      ...(authorization === undefined ? {} : { headers: { authorization } }),
    });
  }
  return new WebhookUsers(read);
}

/** `a.b.c`, `*.b.c`, `*.c` */
function namesOf(target: string): string[] {
  const steps = target.split('.');
  return [target, ...steps.slice(1).map((_, index) => `*.${steps.slice(index + 1).join('.')}`)];
}

function placeOf(url: string): { readonly host: string; readonly port: string } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: port === '' ? '443' : port };
}

function serviceOf({ name, namespace, port = 443 }: NonNullable<WebhookTarget['service']>) {
  return { host: `${name}.${namespace}.svc`, port: String(port) };
}
