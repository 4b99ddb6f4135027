import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Kubectl, kubectlPath } from '../kubectl.js';
import { startTlsServer, type TlsServer } from '../tls-server.js';

describe.skipIf(kubectlPath === undefined)('kubectl and admission', () => {
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

  it('shows which pods a stricter level of a namespace would not let in, before it is set', async () => {
    await kubectl.ok('create namespace psa');
    await kubectl.ok('run loose --image=x --privileged -n psa');
    const { code, err } = await kubectl.run(
      'label --dry-run=server namespace psa pod-security.kubernetes.io/enforce=restricted',
    );
    expect(code).toBe(0);
    expect(err).toContain(
      'Warning: existing pods in namespace "psa" violate the new PodSecurity enforce level "restricted:latest"',
    );
    expect(err).toContain('Warning: loose: privileged, allowPrivilegeEscalation != false');
    await kubectl.ok('label namespace psa pod-security.kubernetes.io/enforce=baseline');
    expect(await kubectl.fails('run another --image=x --privileged -n psa')).toBe(
      'Error from server (Forbidden): pods "another" is forbidden: violates PodSecurity "baseline:latest": privileged (container "another" must not set securityContext.privileged=true)\n',
    );
  });

  it('is told of bounds, unknown classes and missing namespaces in words that it prints', async () => {
    expect(await kubectl.fails('create configmap a -n nowhere')).toBe(
      'error: failed to create configmap: namespaces "nowhere" not found\n',
    );
    const pod = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { priorityClassName: 'none', containers: [{ name: 'a', image: 'x' }] },
    });
    expect(await kubectl.fails('create -f -', { input: pod })).toContain(
      'pods "p" is forbidden: no PriorityClass with name none was found',
    );
  });
});
