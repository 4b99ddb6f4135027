import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PkiDirectory } from '@kubewright/apiserver';
import { renderKubeconfig } from '@kubewright/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Kubectl, kubectlPath } from '../kubectl.js';
import { startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
let directory: string;
let admin: Kubectl;
let jane: Kubectl;
let joe: Kubectl;

beforeAll(async () => {
  server = await startTlsServer({ authorization: { modes: ['Node', 'RBAC'] } });
  directory = await mkdtemp(join(tmpdir(), 'kubewright-auth-'));
  admin = new Kubectl(server.kubeconfig);
  [jane, joe] = (await Promise.all(['jane', 'joe'].map(sessionOf))) as [Kubectl, Kubectl];
}, 30_000);
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

/** kubectl with a certificate of the user's own. */
async function sessionOf(user: string): Promise<Kubectl> {
  const pki = await PkiDirectory.open(join(server.directory, 'pki'));
  const { certificate, key } = await pki.client(user, { user, groups: ['developers'] });
  const file = join(directory, user);
  const cluster = { name: 'test', server: `https://127.0.0.1:${server.port}`, ca: server.ca };
  await writeFile(file, renderKubeconfig({ ...cluster, clientCertificate: certificate, clientKey: key }));
  return new Kubectl(file);
}

const api = 'rbac.authorization.k8s.io';
const rules = (verbs: string, resources: string, user: string) => `
apiVersion: ${api}/v1
kind: Role
metadata: { name: reader, namespace: default }
rules: [{ apiGroups: [""], resources: [${resources}], verbs: [${verbs}] }]
---
apiVersion: ${api}/v1
kind: RoleBinding
metadata: { name: reader, namespace: default }
roleRef: { apiGroup: ${api}, kind: Role, name: reader }
subjects: [{ kind: User, name: ${user}, apiGroup: ${api} }]
---
apiVersion: ${api}/v1
kind: ClusterRole
metadata: { name: metrics }
rules:
- { nonResourceURLs: [/metrics, "/metrics/*"], verbs: [get] }
- { apiGroups: [apps], resources: [deployments], resourceNames: [web], verbs: [get, update] }
---
apiVersion: ${api}/v1
kind: ClusterRoleBinding
metadata: { name: metrics }
roleRef: { apiGroup: ${api}, kind: ClusterRole, name: metrics }
subjects: [{ kind: User, name: ${user}, apiGroup: ${api} }]
`;

// What kubectl writes here is what it wrote in front of a kube-apiserver 1.36.3.
describe.skipIf(kubectlPath === undefined)('kubectl auth', () => {
  it('reconcile adds what is missing, and takes away what is too much where it is told to', async () => {
    /** @returns what kubectl tells of the changes */
    const reconcile = async (text: string, ...flags: string[]) => {
      const args = ['auth', 'reconcile', '-f', '-', ...flags];
      const { code, out, err } = await admin.run(args, { input: text });
      const kinds = ['role', 'rolebinding', 'clusterrole', 'clusterrolebinding'];
      const name = (kind: string) => (kind.startsWith('cluster') ? 'metrics' : 'reader');
      expect(out).toBe(kinds.map((kind) => `${kind}.${api}/${name(kind)} reconciled\n`).join(''));
      expect(code).toBe(0);
      return err;
    };
    const wanted = rules('get, list, watch', 'pods, pods/log', 'jane');
    expect(await reconcile(wanted)).toContain(`\treconciliation required create
\tmissing rules added:
\t\t{Verbs:[get list watch] APIGroups:[] Resources:[pods pods/log] ResourceNames:[] NonResourceURLs:[]}
\treconciliation required create
\tmissing subjects added:
\t\t{Kind:User APIGroup:${api} Name:jane Namespace:}
`);
    expect(await reconcile(wanted)).toBe('');
    expect(await reconcile(rules('get', 'services', 'joe'))).toContain(`\treconciliation required update
\tmissing rules added:
\t\t{Verbs:[get] APIGroups:[] Resources:[services] ResourceNames:[] NonResourceURLs:[]}
`);
    expect(await joe.ok('auth can-i get services')).toBe('yes\n');
    const less = await reconcile(wanted, '--remove-extra-permissions', '--remove-extra-subjects');
    expect(less).toContain(`\textra subjects removed:
\t\t{Kind:User APIGroup:${api} Name:joe Namespace:}
`);
    const { code, out } = await joe.run('auth can-i get services');
    expect([code, out]).toEqual([1, 'no\n']);
  });

  it('can-i --list shows what a user may do, in a namespace and in another', async () => {
    const common = `
selfsubjectreviews.authentication.k8s.io        []                  []               [create]
selfsubjectaccessreviews.authorization.k8s.io   []                  []               [create]
selfsubjectrulesreviews.authorization.k8s.io    []                  []               [create]`;
    const list = await jane.ok('auth can-i --list');
    expect(list).toContain(`${common}
pods/log                                        []                  []               [get list watch]
pods                                            []                  []               [get list watch]
deployments.apps                                []                  [web]            [get update]
                                                [/api/*]            []               [get]`);
    expect(await jane.ok('auth can-i --list -n kube-system')).toContain(`${common}
deployments.apps                                []                  [web]            [get update]
                                                [/api/*]            []               [get]`);
    expect(await admin.ok('auth can-i --list')).toContain('*.*  ');
  });

  it.each([
    ['get pods', 'yes'],
    ['get pods --subresource=log', 'yes'],
    ['get pods -n kube-system', 'no'],
    ['get deployments/web -n x', 'yes'],
    ['get deployments/other', 'no'],
    ['list deployments', 'no'],
    ['get /metrics/x', 'yes'],
    ['post /metrics', 'no'],
    ['list nodes -A', 'no'],
    ['* *', 'no'],
  ])('can-i %s: %s', async (asked, answer) => {
    const { code, out } = await jane.run(`auth can-i ${asked}`);
    expect([code, out.trim()]).toEqual([answer === 'yes' ? 0 : 1, answer]);
  });

  it('whoami tells who asks, and whom an admin asks as', async () => {
    expect(await jane.ok('auth whoami')).toMatch(
      /Username +jane\nGroups +\[developers system:authenticated\]\n/,
    );
    const as = await admin.ok('auth whoami --as jim --as-group a --as-group b --as-uid 7 -o json');
    expect(JSON.parse(as).status.userInfo).toEqual({
      username: 'jim',
      uid: '7',
      groups: ['a', 'b', 'system:authenticated'],
    });
  });
});

describe.skipIf(kubectlPath === undefined)('a session of somebody who may little', () => {
  it.each([
    [
      'get pods -n kube-system',
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "kube-system"',
    ],
    [
      'get nodes',
      'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope',
    ],
    [
      'delete role reader',
      `roles.${api} "reader" is forbidden: User "jane" cannot delete resource "roles" in API group "${api}" in the namespace "default"`,
    ],
    ['get --raw /logs', 'forbidden: User "jane" cannot get path "/logs"'],
    [
      'create token default',
      'serviceaccounts "default" is forbidden: User "jane" cannot create resource "serviceaccounts/token" in API group "" in the namespace "default"',
    ],
    [
      'get pods --as joe',
      'pods is forbidden: User "jane" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "default"',
    ],
  ])('%s is refused', async (command, message) => {
    expect(await jane.fails(command)).toContain(message);
  });

  it('who may write roles gives nobody more than he has', async () => {
    await admin.ok(
      `create role maker --verb=get,list,create,update --resource=roles.${api},rolebindings.${api}`,
    );
    await admin.ok('create rolebinding maker --role=maker --user=jane');
    const role = await jane.fails('create role more --verb=get,delete --resource=pods,secrets');
    expect(role).toContain(
      'roles.rbac.authorization.k8s.io "more" is forbidden: user "jane" (groups=["developers" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:',
    );
    expect(role).toContain('{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}');
    const binding = await jane.fails('create rolebinding more --clusterrole=cluster-admin --user=jane');
    expect(binding).toContain('is attempting to grant RBAC permissions not currently held:');
    expect(await jane.ok('create role same --verb=get --resource=pods')).toContain('created');
    expect(await jane.ok('create rolebinding same --role=same --user=joe')).toContain('created');
    expect(await joe.ok('auth can-i get pods')).toBe('yes\n');
    expect(await joe.ok('get pods --ignore-not-found nothing')).toBe('');
  });
});
