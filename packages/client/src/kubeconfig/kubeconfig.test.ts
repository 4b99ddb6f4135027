import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VirtualClock } from '../virtual-clock.js';
import { mergeKubeconfigs } from './kubeconfig.js';
import { loadConnection } from './load.js';
import { parseKubeconfig } from './parse.js';
import { renderKubeconfig } from './render.js';
import { connectionOf } from './resolve.js';
import { tokenFromFile } from './token-file.js';

/** Self-signed, for a hundred years. */
const pem = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUT7U+T7o/j+K6wDEELTi6eDhyb4owCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjAxMjUwNTNaGA8yMTI2MTAyNzEyNTA1
M1owDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGb9
hIt4rcJBtKRRaCTle807Rby0UI6ssOHpJN6Vx90qGIQTqFyv1F2kN8ZiicFVNBoN
tVl9o+Me6gDNJstojKWjUzBRMB0GA1UdDgQWBBR2QkhiFM3Z8CiGQ+TvZiby7apm
ODAfBgNVHSMEGDAWgBR2QkhiFM3Z8CiGQ+TvZiby7apmODAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIFCFa/LL9RiOYHebda7YFrXQQ/2n04I32QWp
tv1EK6LgAiEAhxy1pwp8rVMJPrZ6cp6AsibRH/Q2BGZJtsSSpA+W7ME=
-----END CERTIFICATE-----
`;
/** One context, whose user and cluster have these fields. */
const acting = (user: string, cluster = 'tls-server-name: t') =>
  [
    'current-context: c',
    `clusters: [{name: k, cluster: {server: "https://host", ${cluster}}}]`,
    `users: [{name: u, user: {${user}}}, {name: other, user: {auth-provider: {name: azure}}}]`,
    'contexts: [{name: c, context: {cluster: k, user: u}}]',
  ].join('\n');
let directory = '';
const file = async (name: string, text: string) => {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('a kubeconfig', () => {
  it('is read as it was rendered', async () => {
    const text = renderKubeconfig({
      name: 'kubewright',
      server: 'https://127.0.0.1:6443',
      ca: pem,
      clientCertificate: pem,
      clientKey: pem,
      token: '0123',
      namespace: 'no',
    });
    const connection = await connectionOf(await parseKubeconfig(text, 'config'));
    expect(connection).toMatchObject({
      server: 'https://127.0.0.1:6443',
      ca: pem,
      clientCertificate: pem,
      clientKey: pem,
      namespace: 'no',
    });
    expect(await connection.token?.()).toBe('0123');
  });

  it('takes the first of entries with the same name, and of current contexts', async () => {
    const one = renderKubeconfig({ name: 'a', user: 'u', server: 'https://first' });
    const two = `${renderKubeconfig({ name: 'b', user: 'u', server: 'https://second', token: 'x' })}`;
    const three = renderKubeconfig({ name: 'a', user: 'v', server: 'https://third' });
    const texts = await Promise.all([one, two, three].map((text, i) => parseKubeconfig(text, `f${i}`)));
    const merged = mergeKubeconfigs(texts);
    expect((await connectionOf(merged)).server).toBe('https://first');
    const second = await connectionOf(merged, 'b');
    expect(second.server).toBe('https://second');
    // The user of the second file has a token, but the first file has a user of that name.
    expect(second.token).toBeUndefined();
  });

  it('is found by $KUBECONFIG, whose files may be missing, or in the home directory', async () => {
    const path = await file('one', renderKubeconfig({ name: 'a', server: 'https://first' }));
    const env = { KUBECONFIG: `${directory}/missing:${path}`, HOME: directory };
    expect((await loadConnection({ env })).server).toBe('https://first');
    await expect(loadConnection({ env: { HOME: directory } })).rejects.toThrow(
      'there is no cluster to talk to',
    );
    await expect(loadConnection({ path: join(directory, 'missing') })).rejects.toThrow(
      'there is no such file',
    );
  });

  it('names files relative to its own', async () => {
    await file('ca.pem', pem);
    await file('token', 'secret\n');
    const path = await file(
      'relative',
      [
        'current-context: c',
        'clusters: [{name: k, cluster: {server: "https://host", certificate-authority: ca.pem}}]',
        'users: [{name: u, user: {tokenFile: token, token: other}}]',
        'contexts: [{name: c, context: {cluster: k, user: u}}]',
      ].join('\n'),
    );
    const connection = await loadConnection({ path });
    expect(connection.ca).toBe(pem);
    expect(await connection.token?.()).toBe('secret');
  });

  it('says as whom to act, whatever the credentials, and lets users be that are not understood', async () => {
    const as = 'as: me, as-uid: "1", as-groups: [g], as-user-extra: {reason: [a, b]}';
    const connection = await connectionOf(await parseKubeconfig(acting(`token: t, ${as}`), 'f'));
    expect(connection.impersonate).toEqual({
      user: 'me',
      uid: '1',
      groups: ['g'],
      extra: { reason: ['a', 'b'] },
    });
    const status = `'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t"}}'`;
    const exec = `exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: echo, args: [${status}]}`;
    const byPlugin = await connectionOf(await parseKubeconfig(acting(`${exec}, ${as}`), 'f'));
    expect(byPlugin.impersonate).toEqual(connection.impersonate);
    expect(await byPlugin.token?.()).toBe('t');
  });

  it('tells a plugin of the cluster what it may have to know', async () => {
    const cluster =
      'certificate-authority: ca.pem, proxy-url: "http://proxy:1", ' +
      'extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: a}}]';
    const program =
      'console.log(JSON.stringify({apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: {token: process.env.KUBERNETES_EXEC_INFO}}))';
    const exec = `exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, provideClusterInfo: true, command: node, args: [-e, '${program}']}`;
    await file('ca.pem', pem);
    const path = await file('informed', acting(exec, cluster));
    const told: unknown = JSON.parse((await (await loadConnection({ path })).token?.()) ?? '');
    expect(told).toMatchObject({
      spec: {
        cluster: {
          server: 'https://host',
          'certificate-authority-data': btoa(pem),
          'proxy-url': 'http://proxy:1',
          config: { audience: 'a' },
        },
      },
    });
  });

  it('of a pod without a service account says what is missing', async () => {
    const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443', HOME: directory };
    await expect(loadConnection({ env })).rejects.toMatchObject({
      name: 'KubeconfigError',
      message: expect.stringContaining('automountServiceAccountToken'),
    });
  });

  it.each([
    ['a: [', 'f: is no YAML'],
    ['- 1', 'f: must be a mapping, not a list'],
    ['kind: Pod', 'f: kind: must be Config, not Pod'],
    ['clusters: 1', 'f: clusters: must be a list, not a number'],
    ['clusters: [{name: a, cluster: {}}]', 'f: clusters[0].cluster.server: is missing'],
    ['clusters: [{name: a, cluster: {server: host}}]', 'must be an http or https URL, not "host"'],
    ['clusters: [{cluster: {server: "https://h"}}]', 'f: clusters[0].name: is missing'],
    ['users: [{name: a, user: {token: [x]}}]', 'f: users[0].user.token: must be a string, not a list'],
    [acting('exec: {command: x}'), 'f: users[0].user.exec.apiVersion: is missing'],
    [
      acting('exec: {apiVersion: client.authentication.k8s.io/v1, command: x}'),
      'f: users[0].user.exec.interactiveMode: is missing',
    ],
    [acting('auth-provider: {name: gcp}'), 'f: users[0].user.auth-provider.name: must be oidc, not gcp'],
    [acting('as-groups: [g]'), 'f: users[0].user.as: is missing, and as-uid, as-groups'],
    [acting('as-user-extra: {reason: 1}'), 'f: users[0].user.as-user-extra.reason: must be a list'],
    [
      acting('token: t', `insecure-skip-tls-verify: true, certificate-authority-data: ${btoa(pem)}`),
      'f: clusters[0].cluster.insecure-skip-tls-verify: trusts any certificate',
    ],
    [
      'users: [{name: a, user: {}}, {name: b, user: {}}, {name: a, user: {}}]',
      'f: users[2].name: is "a" a second time',
    ],
    ['contexts: [{name: a, context: {}}]', 'f: contexts[0].context.cluster: is missing'],
    ['{}', 'f: current-context: is not set'],
    ['current-context: a', 'f: contexts: there is no context named "a"; there is none'],
    [
      'current-context: a\ncontexts: [{name: a, context: {cluster: k}}]',
      'f: contexts[0].context.cluster: there is no cluster named "k"; there is none',
    ],
    [
      renderKubeconfig({ name: 'a', server: 'https://h', clientCertificate: pem }),
      'f: users[0].user.client-key: a client certificate needs its key',
    ],
    [
      renderKubeconfig({ name: 'a', server: 'https://h', ca: 'no certificate' }),
      'f: clusters[0].cluster.certificate-authority-data: must be a PEM block in base64',
    ],
  ])('says which field is wrong in %j', async (text, message) => {
    const resolved = parseKubeconfig(text, 'f').then((kubeconfig) => connectionOf(kubeconfig));
    await expect(resolved).rejects.toMatchObject({
      name: 'KubeconfigError',
      message: expect.stringContaining(message),
    });
  });

  it('reads a token anew after its file may have changed, and after a failure', async () => {
    const clock = new VirtualClock();
    const path = join(directory, 'renewed');
    const token = tokenFromFile(path, clock);
    await expect(token()).rejects.toThrow('ENOENT');
    await file('renewed', 'first');
    expect(await token()).toBe('first');
    await file('renewed', 'second');
    expect(await token()).toBe('first');
    await clock.advance(10_000);
    expect(await token()).toBe('second');
    await file('renewed', ' ');
    await clock.advance(10_000);
    await expect(token()).rejects.toThrow('holds no token');
  });
});
