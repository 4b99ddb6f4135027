import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Kubectl, kubectlPath } from '../kubectl.js';
import { startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
let kubectl: Kubectl;

beforeAll(async () => {
  server = await startTlsServer();
  kubectl = new Kubectl(server.kubeconfig);
  if (kubectlPath === undefined) return;
  await kubectl.ok('create deployment web --image=nginx --replicas=2');
  await kubectl.ok('run bare --image=busybox -- sleep 1');
});
afterAll(async () => {
  kubectl.close();
  await server.close();
});

const replicas = ['-o', 'jsonpath={.spec.replicas}'];

describe.skipIf(kubectlPath === undefined)('kubectl on subresources', () => {
  it('shows a scale as a table', async () => {
    expect(await kubectl.ok('get deploy web --subresource=scale')).toMatch(
      /^NAME +DESIRED +AVAILABLE +AGE\nweb +2 +0 +\d+s\n$/,
    );
    expect(await kubectl.ok('get deploy web --subresource=scale -o yaml')).toContain('selector: app=web');
  });

  it.each([
    ['merge', '{"spec":{"replicas":3}}', '3'],
    ['strategic', '{"spec":{"replicas":4}}', '4'],
    ['json', '[{"op":"replace","path":"/spec/replicas","value":5}]', '5'],
  ])('patches a scale with a %s patch', async (type, patch, expected) => {
    const args = ['patch', 'deploy', 'web', '--subresource=scale', `--type=${type}`, '-p', patch];
    expect(await kubectl.ok(args)).toContain('scale.autoscaling/web patched');
    expect(await kubectl.ok(['get', 'deploy', 'web', ...replicas])).toBe(expected);
  });

  it('scales only where what it expects is so, and the scale of the name that it says', async () => {
    await kubectl.ok('scale deploy web --replicas=4 --current-replicas=5');
    expect(await kubectl.fails('scale deploy web --replicas=1 --resource-version=1')).toContain(
      'error: Expected resource version to be 1, was ',
    );
    const scale = ['patch', 'deploy', 'web', '--subresource=scale', '--type=merge', '-p'];
    expect(await kubectl.fails([...scale, '{"metadata":{"name":"other"}}'])).toBe(
      'Error from server (BadRequest): the name of the object (other) does not match the name on the URL (web)\n',
    );
    expect(
      await kubectl.fails([...scale, '{"metadata":{"resourceVersion":"1"},"spec":{"replicas":1}}']),
    ).toBe(
      'Error from server (Conflict): Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply your changes to the latest version and try again\n',
    );
    expect(await kubectl.fails('scale deploy web --replicas=-1')).toContain(
      'error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0',
    );
    expect(await kubectl.ok(['get', 'deploy', 'web', ...replicas])).toBe('4');
  });

  it.each([
    ['merge', '{"status":{"observedGeneration":1}}', '1'],
    ['json', '[{"op":"replace","path":"/status/observedGeneration","value":2}]', '2'],
    ['strategic', '{"status":{"observedGeneration":3}}', '3'],
  ])('patches a status with a %s patch', async (type, patch, expected) => {
    await kubectl.ok(['patch', 'deploy', 'web', '--subresource=status', `--type=${type}`, '-p', patch]);
    const path = ['-o', 'jsonpath={.status.observedGeneration}'];
    expect(await kubectl.ok(['get', 'deploy', 'web', ...path])).toBe(expected);
  });

  it('edits and replaces a status', async () => {
    const editor = join(server.directory, 'editor.sh');
    await writeFile(editor, '#!/bin/sh\nsed -i "s/phase: Pending/phase: Running/" "$1"\n');
    await chmod(editor, 0o755);
    expect(await kubectl.ok('edit pod bare --subresource=status', { env: { EDITOR: editor } })).toBe(
      'pod/bare edited\n',
    );
    const phase = ['get', 'pod', 'bare', '-o', 'jsonpath={.status.phase}'];
    expect(await kubectl.ok(phase)).toBe('Running');
    const input = (await kubectl.ok('get pod bare -o json')).replace('"Running"', '"Failed"');
    expect(await kubectl.ok('replace --subresource=status -f -', { input })).toBe('pod/bare replaced\n');
    expect(await kubectl.ok(phase)).toBe('Failed');
  });

  it('edits and patches the resources of a pod', async () => {
    const editor = join(server.directory, 'change.sh');
    const edit = async (change: string, command: string) => {
      await writeFile(editor, `#!/bin/sh\nsed -i "${change}" "$1"\n`);
      await chmod(editor, 0o755);
      return kubectl.ok(command, { env: { EDITOR: editor } });
    };
    const pod = (cpu: string) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'sized' },
      spec: { containers: [{ name: 'a', image: 'b', resources: { requests: { cpu } } }] },
    });
    await kubectl.ok('create -f -', { input: JSON.stringify(pod('100m')) });
    const refused = await kubectl.fails('replace -f -', { input: JSON.stringify(pod('300m')) });
    expect(refused).toContain('pod updates may not change fields other than');
    await edit('s/cpu: 100m/cpu: 200m/', 'edit pod sized --subresource=resize');
    const cpu = ['-o', 'jsonpath={.spec.containers[0].resources.requests.cpu}'];
    expect(await kubectl.ok(['get', 'pod', 'sized', ...cpu])).toBe('200m');
    const patch = '{"spec":{"containers":[{"name":"a","resources":{"requests":{"cpu":"300m"}}}]}}';
    await kubectl.ok(['patch', 'pod', 'sized', '--subresource=resize', '-p', patch]);
    expect(await kubectl.ok(['get', 'pod', 'sized', ...cpu])).toBe('300m');
  });

  it('debugs with an ephemeral container', async () => {
    await kubectl.ok('run target --image=busybox');
    await kubectl.ok('debug target --image=busybox --container=probe -- true');
    const names = ['-o', 'jsonpath={.spec.ephemeralContainers[*].name}'];
    expect(await kubectl.ok(['get', 'pod', 'target', ...names])).toBe('probe');
  });
});

describe.skipIf(kubectlPath === undefined)('an apply to a scale', () => {
  const apply = (manager: string, count: number, force = false) =>
    server.send({
      method: 'PATCH',
      path: `/apis/apps/v1/namespaces/default/deployments/web/scale?fieldManager=${manager}&force=${force}`,
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: JSON.stringify({
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: { name: 'web', namespace: 'default' },
        spec: { replicas: count },
      }),
    });

  it('owns the replicas of the object, conflicts as any other, and takes them by force', async () => {
    const refused = await apply('scaler', 9);
    expect(refused.code).toBe(409);
    expect(refused.json().details?.causes).toMatchObject([
      { reason: 'FieldManagerConflict', field: '.spec.replicas' },
    ]);
    const forced = await apply('scaler', 9, true);
    expect(forced.code).toBe(200);
    expect(forced.json<unknown>()).toMatchObject({ kind: 'Scale', spec: { replicas: 9 } });
    const { metadata } = JSON.parse(await kubectl.ok('get deploy web -o json --show-managed-fields')) as {
      metadata: { managedFields: { manager: string }[] };
    };
    expect(metadata.managedFields.find(({ manager }) => manager === 'scaler')).toMatchObject({
      operation: 'Apply',
      subresource: 'scale',
      apiVersion: 'apps/v1',
      fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    });
  });
});
