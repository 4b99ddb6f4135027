import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
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

const deployment = (replicas: number, image = 'nginx') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: ${image}, env: [{name: A, value: "1"}]}]
`;

async function json<T>(args: string): Promise<T> {
  return JSON.parse(await kubectl.ok(`${args} -o json`)) as T;
}

interface Web {
  readonly metadata: {
    readonly generation: number;
    readonly resourceVersion: string;
    readonly labels: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly spec: { readonly containers: readonly { image: string; env?: object[] }[] };
    };
  };
}

describe.skipIf(kubectlPath === undefined)('kubectl that writes a Deployment', () => {
  beforeEach(async () => {
    await kubectl.ok('apply -f -', { input: deployment(2) });
  });
  afterEach(async () => {
    await kubectl.ok('delete deploy --all');
  });

  it('applies once, twice and changed', async () => {
    const first = await json<Web>('get deploy web');
    expect(await kubectl.ok('apply -f -', { input: deployment(2) })).toBe('deployment.apps/web unchanged\n');
    expect((await json<Web>('get deploy web')).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(await kubectl.ok('apply -f -', { input: deployment(3, 'httpd') })).toBe(
      'deployment.apps/web configured\n',
    );
    const changed = await json<Web>('get deploy web');
    expect(changed.spec.replicas).toBe(3);
    expect(changed.spec.template.spec.containers).toMatchObject([{ image: 'httpd' }]);
    expect(changed.metadata.generation).toBe(2);
  });

  it('shows what an apply would change', async () => {
    const { code, out } = await kubectl.run('diff -f -', { input: deployment(5) });
    expect(code).toBe(1);
    expect(out).toMatch(/^- {2}replicas: 2\n\+ {2}replicas: 5$/m);
    expect((await kubectl.run('diff -f -', { input: deployment(2) })).code).toBe(0);
  });

  it('applies on the server', async () => {
    expect(await kubectl.ok('apply --server-side --force-conflicts -f -', { input: deployment(4) })).toBe(
      'deployment.apps/web serverside-applied\n',
    );
    expect((await json<Web>('get deploy web')).spec.replicas).toBe(4);
  });

  it('conflicts with another applier, and takes over by force', async () => {
    await kubectl.ok('apply --server-side --force-conflicts --field-manager=a -f -', {
      input: deployment(4),
    });
    const refused = await kubectl.fails('apply --server-side --field-manager=b -f -', {
      input: deployment(5),
    });
    expect(refused).toContain('Apply failed with 1 conflict: conflict with "a": .spec.replicas');
    expect(refused).toContain('--force-conflicts');
    await kubectl.ok('apply --server-side --field-manager=b --force-conflicts -f -', {
      input: deployment(5),
    });
    expect((await json<Web>('get deploy web')).spec.replicas).toBe(5);
  });

  it('applies on the client over what another one changed, and says so where the version is named', async () => {
    await kubectl.ok('scale deploy web --replicas=9');
    expect(await kubectl.ok('apply -f -', { input: deployment(3) })).toBe('deployment.apps/web configured\n');
    expect((await json<Web>('get deploy web')).spec.replicas).toBe(3);
    const stale = deployment(4).replace('{name: web, labels', '{name: web, resourceVersion: "1", labels');
    expect(await kubectl.fails('apply -f -', { input: stale })).toContain(
      'the object has been modified; please apply your changes to the latest version',
    );
  });

  it('sets the selector of a service and the subjects of a binding', async () => {
    await kubectl.ok('create service clusterip front --tcp=80');
    expect(await kubectl.ok('set selector service front app=web,tier=x')).toContain('selector updated');
    expect(await json<object>('get service front')).toMatchObject({
      spec: { selector: { app: 'web', tier: 'x' } },
    });
    await kubectl.ok('create rolebinding readers --clusterrole=view --user=u');
    expect(
      await kubectl.ok('set subject rolebinding readers --group=g --serviceaccount=default:s'),
    ).toContain('subjects updated');
    const { subjects } = await json<{ subjects: { name: string }[] }>('get rolebinding readers');
    expect(subjects.map(({ name }) => name).sort()).toEqual(['g', 's', 'u']);
    await kubectl.ok('delete service/front rolebinding/readers');
  });

  it('labels and annotates', async () => {
    expect(await kubectl.ok('label deploy web tier=front')).toBe('deployment.apps/web labeled\n');
    expect(await kubectl.fails('label deploy web tier=back')).toContain(`'tier' already has a value (front)`);
    await kubectl.ok('label deploy web tier=back --overwrite');
    await kubectl.ok('annotate deploy web note=hi');
    const { metadata } = await json<Web>('get deploy web');
    // A Deployment's annotations count as what is wanted of it.
    expect(metadata).toMatchObject({ labels: { tier: 'back' }, annotations: { note: 'hi' }, generation: 2 });
    expect(await kubectl.ok('label deploy web tier-')).toBe('deployment.apps/web unlabeled\n');
  });

  it('patches in all three ways', async () => {
    await kubectl.ok([
      'patch',
      'deploy',
      'web',
      '-p',
      '{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"a"}]}}}}',
    ]);
    await kubectl.ok(['patch', 'deploy', 'web', '--type=merge', '-p', '{"spec":{"replicas":7}}']);
    await kubectl.ok([
      'patch',
      'deploy',
      'web',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/metadata/labels/app","value":"w"}]',
    ]);
    const web = await json<Web>('get deploy web');
    expect(web.spec).toMatchObject({
      replicas: 7,
      template: { spec: { containers: [{ name: 'web', image: 'a', env: [{ name: 'A', value: '1' }] }] } },
    });
    expect(web.metadata.labels).toEqual({ app: 'w' });
    expect(
      await kubectl.ok(['patch', 'deploy', 'web', '--type=merge', '-p', '{"spec":{"replicas":7}}']),
    ).toBe('deployment.apps/web patched (no change)\n');
    expect(
      await kubectl.fails(['patch', 'deploy', 'web', '--type=merge', '-p', '{"spec":{"replicas":"x"}}']),
    ).toContain(
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    );
  });

  it('edits', async () => {
    const editor = join(server.directory, 'editor.sh');
    await writeFile(editor, '#!/bin/sh\nsed -i "s/replicas: 2/replicas: 6/" "$1"\n');
    await chmod(editor, 0o755);
    expect(await kubectl.ok('edit deploy web', { env: { EDITOR: editor } })).toBe(
      'deployment.apps/web edited\n',
    );
    expect((await json<Web>('get deploy web')).spec.replicas).toBe(6);
  });

  it('replaces and scales', async () => {
    expect(await kubectl.ok('replace -f -', { input: deployment(3) })).toBe('deployment.apps/web replaced\n');
    expect(await kubectl.ok('scale deploy web --replicas=5')).toBe('deployment.apps/web scaled\n');
    expect((await json<Web>('get deploy web')).spec.replicas).toBe(5);
    expect(await kubectl.fails('scale deploy web --current-replicas=1 --replicas=2')).toContain(
      'Expected replicas to be 1, was 5',
    );
    expect(await kubectl.ok('replace --force -f -', { input: deployment(1) })).toContain(
      'deployment.apps/web replaced',
    );
  });

  it('sets environment, image, resources and more', async () => {
    await kubectl.ok('set env deploy/web B=2 A-');
    await kubectl.ok('set image deploy/web web=caddy');
    await kubectl.ok('set resources deploy/web --limits=cpu=100m,memory=1Gi');
    await kubectl.ok('set serviceaccount deploy/web robot');
    expect((await json<Web>('get deploy web')).spec.template.spec).toMatchObject({
      serviceAccountName: 'robot',
      containers: [
        {
          image: 'caddy',
          env: [{ name: 'B', value: '2' }],
          resources: { limits: { cpu: '100m', memory: '1Gi' } },
        },
      ],
    });
    expect(await kubectl.ok('set env deploy/web --list')).toContain('B=2');
  });

  it('restarts, pauses and resumes', async () => {
    await kubectl.ok('rollout restart deploy/web');
    await kubectl.ok('rollout pause deploy/web');
    expect(await kubectl.fails('rollout pause deploy/web')).toContain('is already paused');
    await kubectl.ok('rollout resume deploy/web');
    expect(await kubectl.ok('get deploy web -o yaml')).toContain('kubectl.kubernetes.io/restartedAt');
  });

  it('exposes and autoscales', async () => {
    expect(await kubectl.ok('expose deploy web --port=80 --target-port=8080')).toBe('service/web exposed\n');
    expect(await kubectl.ok(['get', 'svc', 'web', '-o', 'jsonpath={.spec.ports[0].targetPort}'])).toBe(
      '8080',
    );
    await kubectl.ok('autoscale deploy web --min=1 --max=3 --cpu-percent=50');
    expect(await kubectl.ok('get hpa web')).toMatch(/Deployment\/web/);
    expect(await json('get horizontalpodautoscalers.v1.autoscaling web')).toMatchObject({
      spec: { targetCPUUtilizationPercentage: 50 },
    });
    expect(await json('get horizontalpodautoscalers.v2.autoscaling web')).toMatchObject({
      spec: { metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 50 } } }] },
    });
    await kubectl.ok('delete svc,hpa web');
  });

  it('deletes and leaves dependents', async () => {
    await kubectl.ok('delete deploy web --cascade=orphan --wait=false');
    const left = await json<{ metadata: { finalizers: string[] } }>('get deploy web');
    // Without a garbage collector nobody takes the finalizer off.
    expect(left.metadata.finalizers).toEqual(['orphan']);
    await kubectl.ok(['patch', 'deploy', 'web', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
    expect(await kubectl.ok('get deploy')).toBe('');
  });
});

describe.skipIf(kubectlPath === undefined)('kubectl that writes', () => {
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
