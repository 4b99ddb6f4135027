import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { following, Kubectl, kubectlPath, otherKubectls } from '../kubectl.js';
import { startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
let kubectl: Kubectl;
let manifest = '';

const deployment = (replicas: number) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: nginx, ports: [{containerPort: 80}]}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {greeting: hello}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, name: http}]}
---
apiVersion: v1
kind: Pod
metadata: {name: one, labels: {app: one}}
spec: {containers: [{name: a, image: b}]}
`;

beforeAll(async () => {
  server = await startTlsServer();
  kubectl = new Kubectl(server.kubeconfig);
  manifest = join(server.directory, 'web.yaml');
  await writeFile(manifest, deployment(2));
  if (kubectlPath !== undefined) await kubectl.ok(['apply', '-f', manifest]);
});
afterAll(async () => {
  kubectl.close();
  await server.close();
});

describe.skipIf(kubectlPath === undefined)('kubectl that reads', () => {
  it('prints tables', async () => {
    const table = (await kubectl.ok('get deploy,svc,cm,pods')).replace(/ +$/gm, '');
    expect(table).toMatch(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE$/m);
    expect(table).toMatch(/^deployment.apps\/web +0\/2 +0 +0 +\d+s$/m);
    expect(table).toMatch(/^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE$/m);
    expect(table).toMatch(/^service\/web +ClusterIP +10\.\d+\.\d+\.\d+ +<none> +80\/TCP +\d+s$/m);
    expect(table).toMatch(/^configmap\/settings +1 +\d+s$/m);
    expect(table).toMatch(/^pod\/one +0\/1 +Pending +0 +\d+s$/m);
  });

  it('prints more with -o wide, labels, and all namespaces', async () => {
    expect(await kubectl.ok('get deploy -o wide --show-labels')).toMatch(
      /CONTAINERS +IMAGES +SELECTOR +LABELS\nweb .* web +nginx +app=web +app=web/,
    );
    expect(await kubectl.ok('get pods -L app')).toMatch(/APP\none .* one/);
    expect(await kubectl.ok('get pods -A --no-headers')).toMatch(/^default +one /);
    expect(await kubectl.ok('get ns')).toMatch(/^kube-system +Active/m);
  });

  it('prints objects as name, JSON, YAML, by path and by columns', async () => {
    expect(await kubectl.ok('get deploy,cm -o name')).toContain('deployment.apps/web\nconfigmap/settings\n');
    expect(JSON.parse(await kubectl.ok('get cm settings -o json'))).toMatchObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      data: { greeting: 'hello' },
    });
    expect(await kubectl.ok('get cm settings -o yaml')).toMatch(
      /^data:\n {2}greeting: hello\nkind: ConfigMap\n/m,
    );
    expect(await kubectl.ok(['get', 'cm', 'settings', '-o', 'jsonpath={.data.greeting}'])).toBe('hello');
    expect(
      await kubectl.ok('get pods -o custom-columns=N:.metadata.name,I:.spec.containers[*].image'),
    ).toMatch(/^N +I\none +b\n$/);
    expect(JSON.parse(await kubectl.ok('get cm,pods -o json'))).toMatchObject({ kind: 'List' });
  });

  it('selects by label and field', async () => {
    expect(await kubectl.ok('get pods -l app=one -o name')).toBe('pod/one\n');
    expect(await kubectl.ok(['get', 'pods', '-l', 'app in (two,three)', '-o', 'name'])).toBe('');
    expect(await kubectl.ok('get pods --field-selector=status.phase=Pending -o name')).toBe('pod/one\n');
    expect(await kubectl.ok('get pods --field-selector=spec.nodeName!= -o name')).toBe('');
    expect(await kubectl.ok('get cm --chunk-size=1 -A -o name')).toContain('configmap/settings');
  });

  it('says what is not there', async () => {
    expect(await kubectl.fails('get pod nobody')).toBe(
      'Error from server (NotFound): pods "nobody" not found\n',
    );
    expect(await kubectl.fails('get gadgets')).toBe(
      `error: the server doesn't have a resource type "gadgets"\n`,
    );
    expect((await kubectl.run('get pods -n nowhere')).err).toContain(
      'No resources found in nowhere namespace.',
    );
  });

  it('describes', async () => {
    expect(await kubectl.ok('describe deploy web')).toMatch(/^StrategyType: +RollingUpdate$/m);
    expect(await kubectl.ok('describe pod one')).toMatch(/^QoS Class: +BestEffort$/m);
    expect(await kubectl.ok('describe svc web')).toMatch(/^TargetPort: +80\/TCP$/m);
    expect(await kubectl.ok('describe cm settings')).toMatch(/^greeting:\n----\nhello$/m);
    expect(await kubectl.ok('describe ns default')).toMatch(/^Status: +Active$/m);
  });

  it('explains', async () => {
    expect(await kubectl.ok('explain deployment.spec.strategy')).toMatch(
      /rollingUpdate\s+<RollingUpdateDeployment>/,
    );
    const recursive = await kubectl.ok('explain pods --recursive');
    expect(recursive).toMatch(/^ {4}containers\s+<\[\]Container> -required-$/m);
    expect(recursive).toMatch(/nodeSelectorTerms/);
    expect(await kubectl.fails('explain pod.spec.nonsense')).toContain('field "nonsense" does not exist');
  });

  it('knows the server', async () => {
    expect(await kubectl.ok('api-versions')).toMatch(/^apps\/v1\n(.+\n)*v1\n/m);
    const resources = await kubectl.ok('api-resources -o wide');
    expect(resources).toMatch(/^deployments +deploy +apps\/v1 +true +Deployment +create,delete,.* +all$/m);
    expect(resources).toMatch(/^nodes +no +v1 +false +Node /m);
    expect(await kubectl.ok('api-resources --namespaced=false --api-group= -o name')).toMatch(
      /^namespaces$/m,
    );
    expect(JSON.parse(await kubectl.ok('version -o json'))).toMatchObject({
      serverVersion: { major: '1', minor: expect.stringMatching(/^36/) as string },
    });
    expect(await kubectl.ok('cluster-info')).toContain(`https://127.0.0.1:${server.port}`);
    expect(await kubectl.ok('get --raw /readyz')).toBe('ok');
    expect(await kubectl.ok('get --raw /readyz?verbose')).toContain('readyz check passed');
    expect(await kubectl.ok('get --raw /metrics')).toContain('apiserver_request_total');
  });

  it('watches', async () => {
    const child = kubectl.start('get cm -w -o name');
    const { text } = following(child);
    await vi.waitFor(() => expect(text()).toContain('configmap/settings\n'), { timeout: 5000 });
    await kubectl.ok('create cm later');
    await vi.waitFor(() => expect(text()).toContain('configmap/later\n'), { timeout: 5000 });
    child.kill();
  });

  it('waits for conditions, fields and deletions', async () => {
    await kubectl.ok(['wait', '--for=jsonpath={.status.phase}=Pending', 'pod/one', '--timeout=5s']);
    const condition = kubectl.ok('wait --for=condition=Ready pod/one --timeout=20s');
    await kubectl.ok([
      'patch',
      'pod',
      'one',
      '--subresource=status',
      '-p',
      '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}',
    ]);
    expect(await condition).toBe('pod/one condition met\n');
    await kubectl.ok('create cm short');
    const gone = kubectl.ok('wait --for=delete cm/short --timeout=20s');
    await kubectl.ok('delete cm short');
    await gone;
    expect(await kubectl.fails('wait --for=condition=Available deploy/web --timeout=100ms')).toContain(
      'timed out waiting for the condition',
    );
  });

  it('prints events', async () => {
    const uid = await kubectl.ok(['get', 'pod', 'one', '-o', 'jsonpath={.metadata.uid}']);
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'one.1', namespace: 'default' },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'one', namespace: 'default', uid },
      reason: 'Tested',
      message: 'this is a test',
      type: 'Normal',
      count: 3,
      firstTimestamp: new Date().toISOString(),
      lastTimestamp: new Date().toISOString(),
    };
    await kubectl.ok('create -f -', { input: JSON.stringify(event) });
    expect(await kubectl.ok('events --for pod/one')).toMatch(/Normal +Tested +Pod\/one +this is a test/);
    expect(await kubectl.ok('get events')).toMatch(/Normal +Tested +pod\/one +this is a test/);
    expect(await kubectl.ok('describe pod one')).toMatch(/Normal +Tested .* this is a test/);
  });
});

describe.skipIf(kubectlPath === undefined).each(otherKubectls)('kubectl %s', (_version, path) => {
  it('gets, applies, patches and deletes', async () => {
    const other = new Kubectl(server.kubeconfig, path);
    expect(await other.ok('get pods,deploy,svc')).toMatch(/^pod\/one +0\/1 +Pending/m);
    expect(await other.ok('create ns versions')).toBe('namespace/versions created\n');
    await other.ok(['apply', '-n', 'versions', '-f', manifest]);
    expect(await other.ok(['apply', '-n', 'versions', '-f', manifest])).toContain(
      'configmap/settings unchanged',
    );
    expect(await other.ok('get cm settings -n versions -o yaml')).toContain('greeting: hello');
    expect(await other.ok('scale deploy web -n versions --replicas=3')).toBe('deployment.apps/web scaled\n');
    expect(await other.ok('create deployment made -n versions --image=nginx')).toBe(
      'deployment.apps/made created\n',
    );
    expect(await other.ok('explain pod.spec.containers')).toContain('imagePullPolicy');
    expect(await other.ok('delete cm settings -n versions')).toContain('configmap "settings" deleted');
    expect(
      await other.ok(['delete', '-n', 'versions', '--ignore-not-found', '--wait=false', '-f', manifest]),
    ).toContain('deployment.apps "web" deleted');
    await other.ok('delete deploy made -n versions');
    // Without controllers nobody else empties a namespace: the admin finishes it.
    await other.ok('delete pods,svc --all -n versions --grace-period=0 --force');
    await other.ok('delete ns versions --wait=false');
    await server.send({
      method: 'PUT',
      path: '/api/v1/namespaces/versions/finalize',
      body: { metadata: { name: 'versions' }, spec: { finalizers: [] } },
    });
  });
});
