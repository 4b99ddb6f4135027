import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Kubectl, kubectlPath } from '../kubectl.js';
import { startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
let kubectl: Kubectl;

beforeAll(async () => {
  server = await startTlsServer();
  kubectl = new Kubectl(server.kubeconfig);
});
afterAll(async () => {
  kubectl.close();
  await server.close();
});

async function json<T>(args: string): Promise<T> {
  return JSON.parse(await kubectl.ok(`${args} -o json`)) as T;
}

/** PEM in base64. */
function certificateRequest(): string {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null'];
  return execFileSync('openssl', ['req', ...key, '-subj', '/CN=u'], { stdio: 'pipe' }).toString('base64');
}

describe.skipIf(kubectlPath === undefined)('kubectl that writes', () => {
  const maps = (...names: string[]) =>
    names
      .map((name) => `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, labels: {set: one}}\n`)
      .join('');

  it('prunes what is applied no longer, by a list of kinds', async () => {
    const args = 'apply -f - --prune -l set=one --prune-allowlist=core/v1/ConfigMap';
    await kubectl.ok(args, { input: maps('a', 'b') });
    expect(await kubectl.ok(`${args} --dry-run=server`, { input: maps('a') })).toBe(
      'configmap/a unchanged (server dry run)\nconfigmap/b pruned (server dry run)\n',
    );
    expect(await kubectl.ok(args, { input: maps('a') })).toBe('configmap/a unchanged\nconfigmap/b pruned\n');
    expect(await kubectl.ok('get cm -l set=one -o name')).toBe('configmap/a\n');
    await kubectl.ok('delete cm a');
  });

  it('prunes what is applied no longer, of a set that the server remembers', async () => {
    const apply = (input: string) =>
      kubectl.ok('apply -f - --prune --applyset=configmaps/set -n default', {
        input,
        env: { KUBECTL_APPLYSET: 'true' },
      });
    await apply(maps('a', 'b'));
    const { metadata } = await json<{ metadata: { labels: object; annotations: object } }>('get cm set');
    expect(metadata).toMatchObject({
      labels: { 'applyset.kubernetes.io/id': expect.stringMatching(/^applyset-.*-v1$/) as string },
      annotations: { 'applyset.kubernetes.io/contains-group-kinds': 'ConfigMap' },
    });
    expect(await apply(maps('b'))).toBe('configmap/b unchanged\nconfigmap/a pruned\n');
    await kubectl.ok('delete cm b set');
  });

  it('waits for what another one does', async () => {
    await kubectl.ok('create cm coming');
    const filled = kubectl.ok(['wait', '--for=jsonpath={.data.a}=b', 'cm/coming', '--timeout=20s']);
    await kubectl.ok(['patch', 'cm', 'coming', '--type=merge', '-p', '{"data":{"a":"b"}}']);
    expect(await filled).toBe('configmap/coming condition met\n');
    const gone = kubectl.ok('wait --for=delete cm/coming --timeout=20s');
    await kubectl.ok('delete cm coming');
    await gone;
  });

  it('approves a request for a certificate and denies another', async () => {
    const request = (name: string) => ({
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name },
      spec: { signerName: 'example.com/signer', usages: ['client auth'], request: certificateRequest() },
    });
    for (const name of ['yes', 'no'])
      await kubectl.ok('create -f -', { input: JSON.stringify(request(name)) });
    const answer = 'certificatesigningrequest.certificates.k8s.io';
    expect(await kubectl.ok('certificate approve yes')).toBe(`${answer}/yes approved\n`);
    expect(await kubectl.ok('certificate deny no')).toBe(`${answer}/no denied\n`);
    expect(await kubectl.fails('certificate deny yes')).toBe(
      'error: certificate signing request "yes" is already Approved\n',
    );
    expect((await kubectl.ok('get csr --no-headers')).replace(/ +/g, ' ')).toMatch(
      /^no .* Denied\nyes .* Approved\n$/,
    );
  });

  it('tries without doing', async () => {
    expect(await kubectl.ok('create cm tried --dry-run=server')).toBe(
      'configmap/tried created (server dry run)\n',
    );
    expect(await kubectl.ok('create cm tried --dry-run=client -o yaml')).toContain('name: tried');
    expect(await kubectl.fails('get cm tried')).toContain('not found');
  });

  it('validates strictly, or warns', async () => {
    const input = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: odd}\nnonsense: 1\n';
    expect(await kubectl.fails('create -f - --validate=strict', { input })).toContain(
      'unknown field "nonsense"',
    );
    const { code, err } = await kubectl.run('create -f - --validate=warn', { input });
    expect(code).toBe(0);
    expect(err).toContain('Warning: unknown field "nonsense"');
    await kubectl.ok('delete cm odd');
    expect((await kubectl.run('create -f - --validate=ignore', { input })).err).toBe('');
    await kubectl.ok('delete cm odd');
  });

  it('refuses what is wrong in the words of the server', async () => {
    expect(await kubectl.fails('create cm Wrong')).toContain(
      'ConfigMap "Wrong" is invalid: metadata.name: Invalid value: "Wrong": a lowercase RFC 1123 subdomain',
    );
    expect(await kubectl.fails('create cm a -n nowhere')).toContain('namespaces "nowhere" not found');
    await kubectl.ok('create cm twice');
    expect(await kubectl.fails('create cm twice')).toContain(
      'error: failed to create configmap: configmaps "twice" already exists',
    );
    await kubectl.ok('delete cm twice');
    expect(await kubectl.fails('delete ns default')).toContain(
      'namespaces "default" is forbidden: this namespace may not be deleted',
    );
  });

  it.each([
    ['namespace made', 'namespace/made'],
    ['configmap made --from-literal=a=b', 'configmap/made'],
    ['secret generic made --from-literal=a=b', 'secret/made'],
    ['secret docker-registry pull --docker-server=a --docker-username=b --docker-password=c', 'secret/pull'],
    ['serviceaccount made', 'serviceaccount/made'],
    ['deployment made --image=nginx --replicas=0 --port=80', 'deployment.apps/made'],
    ['job made --image=busybox -- true', 'job.batch/made'],
    ['cronjob made --image=busybox --schedule=@hourly -- true', 'cronjob.batch/made'],
    ['service clusterip made --tcp=80:8080', 'service/made'],
    ['service nodeport node --tcp=80', 'service/node'],
    ['service loadbalancer lb --tcp=80', 'service/lb'],
    ['service externalname ext --external-name=example.com', 'service/ext'],
    ['ingress made --rule=example.com/*=made:80', 'ingress.networking.k8s.io/made'],
    ['role made --verb=get --resource=pods', 'role.rbac.authorization.k8s.io/made'],
    ['rolebinding made --role=made --user=me', 'rolebinding.rbac.authorization.k8s.io/made'],
    ['clusterrole made --verb=get --resource=nodes', 'clusterrole.rbac.authorization.k8s.io/made'],
    [
      'clusterrolebinding made --clusterrole=made --user=me',
      'clusterrolebinding.rbac.authorization.k8s.io/made',
    ],
    ['poddisruptionbudget made --selector=a=b --min-available=1', 'poddisruptionbudget.policy/made'],
    ['priorityclass made --value=7', 'priorityclass.scheduling.k8s.io/made'],
    ['quota made --hard=pods=3', 'resourcequota/made'],
  ])('creates %s', async (args, name) => {
    expect(await kubectl.ok(`create ${args}`)).toBe(`${name} created\n`);
    expect(await kubectl.ok(`get ${name}`)).toContain(name.split('/')[1] ?? '');
    expect(await kubectl.ok(`describe ${name}`)).toContain(name.split('/')[1] ?? '');
    await kubectl.ok(`delete ${name} --wait=false`);
  });

  it('runs a pod and deletes it with grace', async () => {
    expect(await kubectl.ok('run bare --image=busybox --labels=a=b -- sleep 1')).toBe('pod/bare created\n');
    // Bound to no node, it goes at once.
    expect(await kubectl.ok('delete pod bare --timeout=5s')).toContain('pod "bare" deleted');
    await kubectl.ok('run forced --image=busybox');
    expect((await kubectl.run('delete pod forced --grace-period=0 --force')).code).toBe(0);
  });

  it('says that logs and exec need a node', async () => {
    await kubectl.ok('run lonely --image=busybox');
    expect(await kubectl.fails('logs lonely')).toContain('lonely');
    expect(await kubectl.fails('exec lonely -- true')).toMatch(/pod lonely does not have a host assigned/);
    await kubectl.ok('delete pod lonely');
  });

  it('taints, cordons and labels nodes', async () => {
    await kubectl.ok('create -f -', { input: '{"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"}}' });
    expect(await kubectl.ok('cordon n1')).toBe('node/n1 cordoned\n');
    expect(await kubectl.ok('get nodes')).toMatch(
      /^n1 +Unknown,SchedulingDisabled|^n1 +NotReady,SchedulingDisabled/m,
    );
    expect(await kubectl.ok('uncordon n1')).toBe('node/n1 uncordoned\n');
    expect(await kubectl.ok('taint node n1 a=b:NoSchedule')).toBe('node/n1 tainted\n');
    expect(await kubectl.ok('drain n1 --force')).toContain('node/n1 drained');
    expect(await kubectl.ok('delete node n1')).toContain('node "n1" deleted');
  });
});
