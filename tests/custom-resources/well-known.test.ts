import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isApiError } from '@kubewright/api';
import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Modules of Go that carry the definitions of well-known projects, and where these are in them. */
const projects = [
  ['sigs.k8s.io/gateway-api@v1.5.1', 'config/crd/experimental'],
  ['github.com/prometheus-operator/prometheus-operator@v0.79.2', 'example/prometheus-operator-crd'],
  ['istio.io/api@v1.24.2', 'kubernetes'],
  ['github.com/cert-manager/cert-manager@v1.18.2', 'deploy/crds'],
  ['github.com/crossplane/crossplane/v2@v2.0.2', 'cluster/crds'],
] as const;

const go = findGo();
if (go === undefined)
  console.warn('SKIPPED: there is no go, which fetches the definitions of well-known projects');

function findGo(): string | undefined {
  try {
    return execFileSync('/bin/sh', ['-c', 'command -v go'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

/** The directory of a module in Go's own cache, which fetches it where it has to. */
function moduleDirectory(module: string): string {
  const told = execFileSync(go ?? 'go', ['mod', 'download', '-json', module], {
    cwd: tmpdir(),
    encoding: 'utf8',
  });
  return (JSON.parse(told) as { readonly Dir: string }).Dir;
}

function yamlFiles(directory: string): unknown[] {
  return readdirSync(directory)
    .filter((name) => /\.ya?ml$/.test(name))
    .flatMap((name) => loadAll(readFileSync(join(directory, name), 'utf8')));
}

describe.skipIf(go === undefined)('definitions of well-known projects', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  const isDefinition = (document: unknown): document is CustomResourceDefinition =>
    typeof document === 'object' &&
    document !== null &&
    'kind' in document &&
    document.kind === 'CustomResourceDefinition';

  it.each(projects)(
    '%s are taken and served unchanged',
    async (module, path) => {
      const definitions = server.client.resource(CustomResourceDefinition);
      const documents = yamlFiles(join(moduleDirectory(module), path)).filter(isDefinition);
      expect(documents.length).toBeGreaterThan(3);
      for (const document of documents) {
        // Charts fill them in.
        delete document.metadata.labels;
        const created = await definitions.create(document).catch((error: unknown) => {
          throw isApiError(error) ? new Error(`${document.metadata.name}: ${error.message}`) : error;
        });
        expect(created.spec.versions).toEqual(document.spec.versions);
      }
      for (const { metadata } of documents)
        await definitions.waitFor(metadata.name ?? '', (found) =>
          (found?.status?.conditions ?? []).some(
            ({ type, status }) => type === 'Established' && status === 'True',
          ),
        );
    },
    120_000,
  );

  it('judge their objects', async () => {
    const path = '/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes';
    const route = (name: string, rules: unknown) => ({
      method: 'POST',
      path,
      body: {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { name },
        spec: { parentRefs: [{ name: 'gw' }], rules },
      },
    });
    const { requester } = server.client;
    const matches = [{ path: { type: 'PathPrefix', value: '/api' } }];
    const created = await requester.json<Record<string, unknown>>(
      route('right', [{ matches, backendRefs: [{ name: 'web', port: 80 }] }]),
    );
    expect(created.spec).toMatchObject({
      parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw' }],
      rules: [{ backendRefs: [{ group: '', kind: 'Service', weight: 1 }] }],
    });
    // Rules in CEL: a path begins with a slash, a Service needs a port.
    const wrong = [{ path: { type: 'PathPrefix', value: 'api' } }];
    await expect(
      requester.json(route('wrong', [{ matches: wrong, backendRefs: [{ name: 'web' }] }])),
    ).rejects.toThrow(
      /value must be an absolute path and start with '\/'.*Must have port for Service reference/s,
    );
  });

  it('say what nobody has written, and who approved them', async () => {
    const { requester } = server.client;
    const gateway = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'g' },
      spec: { gatewayClassName: 'x', listeners: [{ name: 'a', port: 80, protocol: 'HTTP' }] },
    };
    const path = '/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways';
    const created = await requester.json<Record<string, unknown>>({ method: 'POST', path, body: gateway });
    expect(created.status).toMatchObject({ conditions: [{ type: 'Accepted', status: 'Unknown' }, {}] });
    const definition = await server.client
      .resource(CustomResourceDefinition)
      .get('gateways.gateway.networking.k8s.io');
    expect(definition.status?.conditions).toContainEqual(
      expect.objectContaining({
        type: 'KubernetesAPIApprovalPolicyConformant',
        status: 'True',
        reason: 'ApprovedAnnotation',
      }),
    );
  });

  it('take objects by server-side apply', async () => {
    const certificate = {
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate',
      metadata: { name: 'web' },
      spec: { secretName: 'web-tls', dnsNames: ['example.com'], issuerRef: { name: 'ca' } },
    };
    const applied = await server.client.requester.json<Record<string, unknown>>({
      method: 'PATCH',
      path: '/apis/cert-manager.io/v1/namespaces/default/certificates/web',
      query: new URLSearchParams({ fieldManager: 'test', fieldValidation: 'Strict' }),
      body: certificate,
      contentType: 'application/apply-patch+yaml',
    });
    expect(applied.spec).toEqual(certificate.spec);
  });
});
