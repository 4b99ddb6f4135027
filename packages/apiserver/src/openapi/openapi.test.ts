import { defineKind } from '@kubewright/api';
import { builtinKinds } from '@kubewright/api/builtin';
import type { OpenAPIObject, OperationObject, ParameterObject, PathItemObject } from 'openapi3-ts/oas30';
import { describe, expect, it } from 'vitest';
import { createOpenApi } from './openapi.js';

const Widget = defineKind({
  group: 'example.dev',
  version: 'v1',
  kind: 'Widget',
  subresources: { status: true, scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' } },
  schema: {
    type: 'object',
    properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
  } as const,
});
const openapi = createOpenApi([...builtinKinds, Widget], 'v1.36.0');
const json = (path: string) => JSON.parse(openapi.answer(path)?.body.toString() ?? 'null');
const document = (group: string): OpenAPIObject => json(`/openapi/v3/${group}`);
const item = (group: string, path: string) => document(group).paths[path] as PathItemObject;
const names = (operation: OperationObject | undefined) =>
  (operation?.parameters as ParameterObject[] | undefined)?.map(({ name }) => name);

describe('/openapi/v3', () => {
  it('lists a document for every group and version, with its hash', () => {
    const { paths } = json('/openapi/v3');
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['api/v1', 'apis/apps/v1', 'apis/example.dev/v1']),
    );
    const url = new URL(paths['apis/apps/v1'].serverRelativeURL, 'http://x');
    expect(url.pathname).toBe('/openapi/v3/apis/apps/v1');
    const hash = url.searchParams.get('hash') ?? '';
    expect(openapi.answer(url.pathname, { hash })?.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': expect.stringContaining('immutable'),
      etag: `"${hash}"`,
    });
    expect(openapi.answer(url.pathname, { hash: 'OLD' })).toMatchObject({
      status: 301,
      headers: { location: `/openapi/v3/apis/apps/v1?hash=${hash}` },
    });
  });

  it('changes a hash with the kinds of its group only', () => {
    const other = createOpenApi(
      [...builtinKinds.filter(({ kind }) => kind !== 'DaemonSet'), Widget],
      'v1.36.0',
    );
    const hashes = (one: typeof openapi) =>
      JSON.parse(one.answer('/openapi/v3')?.body.toString() ?? '').paths;
    expect(hashes(other)['apis/apps/v1']).not.toEqual(hashes(openapi)['apis/apps/v1']);
    expect(hashes(other)['api/v1']).toEqual(hashes(openapi)['api/v1']);
  });

  it('is JSON, and each document protobuf where that is asked for first', () => {
    const accept = 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf';
    const type = (path: string, wanted: string) =>
      openapi.answer(path, { accept: wanted })?.headers['content-type'];
    expect(type('/openapi/v3/api/v1', accept)).toBe(
      'application/com.github.proto-openapi.spec.v3.v1.0+protobuf',
    );
    expect(type('/openapi/v3/api/v1', `application/json,${accept}`)).toBe('application/json');
    expect(type('/openapi/v3', accept)).toBe('text/plain; charset=utf-8');
    expect(openapi.answer('/openapi/v3/api/v1', { accept: 'text/html' })?.status).toBe(406);
    // The document's first member, and a definition's name: clients of other languages read the rest in interop tests.
    const body = openapi.answer('/openapi/v3/apis/apps/v1', { accept })?.body ?? Buffer.alloc(0);
    expect(body.subarray(0, 7).toString()).toBe('\n\x053.0.0');
    expect(body.includes('#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec')).toBe(true);
    expect(openapi.answer('/openapi/v3/apis/nothing/v1')).toBeUndefined();
  });
});

describe('a document', () => {
  it('names definitions as upstream and closes over references', () => {
    const text = JSON.stringify(document('apis/apps/v1'));
    const schemas = document('apis/apps/v1').components?.schemas ?? {};
    expect(schemas['io.k8s.api.apps.v1.Deployment']).toMatchObject({
      'x-kubernetes-group-version-kind': [{ group: 'apps', version: 'v1', kind: 'Deployment' }],
      properties: {
        spec: { default: {}, allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec' }] },
      },
    });
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g))
      expect(schemas).toHaveProperty([name ?? '']);
    expect(schemas['io.k8s.api.core.v1.Node']).toBeUndefined();
  });

  it('describes definitions and fields, also where the field is a reference', () => {
    const { schemas } = json('/openapi/v3/api/v1').components;
    expect(schemas['io.k8s.api.core.v1.PodSpec']).toMatchObject({
      description: expect.stringContaining('PodSpec'),
      properties: { containers: { description: expect.stringContaining('containers belonging to the pod') } },
    });
    expect(json('/openapi/v2').definitions['io.k8s.api.core.v1.PodSpec'].description).toBe(
      schemas['io.k8s.api.core.v1.PodSpec'].description,
    );
  });

  it('keeps what patches need beside references', () => {
    const schemas = document('apis/apps/v1').components?.schemas ?? {};
    expect(schemas['io.k8s.api.apps.v1.DeploymentSpec']).toMatchObject({
      properties: {
        strategy: {
          allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy' }],
          'x-kubernetes-patch-strategy': 'retainKeys',
        },
      },
    });
    expect(schemas['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toMatchObject({
      format: 'int-or-string',
      oneOf: [{ type: 'integer' }, { type: 'string' }],
    });
  });

  it('has the operations of a kind, their ids, actions and parameters', () => {
    const one = item('apis/apps/v1', '/apis/apps/v1/namespaces/{namespace}/deployments/{name}');
    expect(one.get).toMatchObject({
      operationId: 'readAppsV1NamespacedDeployment',
      tags: ['apps_v1'],
      'x-kubernetes-action': 'get',
      'x-kubernetes-group-version-kind': { group: 'apps', version: 'v1', kind: 'Deployment' },
    });
    expect(names(one.patch)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
    expect(one.patch?.requestBody).toHaveProperty(['content', 'application/strategic-merge-patch+json']);
    expect((one.parameters as ParameterObject[]).map(({ name }) => name)).toEqual([
      'name',
      'namespace',
      'pretty',
    ]);
    const all = item('apis/apps/v1', '/apis/apps/v1/namespaces/{namespace}/deployments');
    expect(all.get?.operationId).toBe('listAppsV1NamespacedDeployment');
    expect(all.post?.operationId).toBe('createAppsV1NamespacedDeployment');
    expect(all.delete?.operationId).toBe('deleteAppsV1CollectionNamespacedDeployment');
    const everywhere = item('apis/apps/v1', '/apis/apps/v1/deployments');
    expect(everywhere.get?.operationId).toBe('listAppsV1DeploymentForAllNamespaces');
    // What all operations of a path take stands at the path.
    expect(everywhere.get?.parameters).toBeUndefined();
    expect((everywhere.parameters as ParameterObject[]).map(({ name }) => name)).toContain('labelSelector');
    expect(
      item('apis/rbac.authorization.k8s.io/v1', '/apis/rbac.authorization.k8s.io/v1/clusterroles').get
        ?.operationId,
    ).toBe('listRbacAuthorizationV1ClusterRole');
  });

  it('has subresources: of the kind, of other kinds, and streams', () => {
    const scale = item('apis/apps/v1', '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale');
    expect(scale.get).toMatchObject({
      operationId: 'readAppsV1NamespacedDeploymentScale',
      'x-kubernetes-group-version-kind': { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    });
    const exec = item('api/v1', '/api/v1/namespaces/{namespace}/pods/{name}/exec');
    expect(exec.post).toMatchObject({
      operationId: 'connectCoreV1PostNamespacedPodExec',
      'x-kubernetes-action': 'connect',
    });
    expect((exec.parameters as ParameterObject[]).map(({ name }) => name)).toContain('command');
    const proxy = item('api/v1', '/api/v1/nodes/{name}/proxy/{path}');
    expect(proxy.head?.operationId).toBe('connectCoreV1HeadNodeProxyWithPath');
    expect(item('api/v1', '/api/v1/namespaces/{namespace}/bindings').post).toBeDefined();
    expect(item('api/v1', '/api/v1/namespaces/{namespace}/bindings').get).toBeUndefined();
  });

  it('says the zero values and enumerations of Go types, as upstream does', () => {
    const schemas = document('api/v1').components?.schemas ?? {};
    expect(schemas['io.k8s.api.core.v1.ContainerPort']).toMatchObject({
      properties: {
        containerPort: { default: 0 },
        protocol: { default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] },
      },
    });
    expect(schemas['io.k8s.api.core.v1.ContainerPort']).not.toHaveProperty('properties.hostPort.default');
    expect(schemas['io.k8s.api.core.v1.PodSpec']).toMatchObject({
      properties: {
        containers: { items: { default: {} } },
        nodeSelector: { additionalProperties: { default: '' } },
      },
    });
    expect(schemas['io.k8s.api.core.v1.Event']).not.toHaveProperty('properties.firstTimestamp.default');
  });

  it('says less of custom resources, as upstream does', () => {
    const { paths, components } = document('apis/example.dev/v1');
    expect(Object.keys(paths ?? {}).some((path) => path.includes('/watch/'))).toBe(false);
    expect(paths).not.toHaveProperty(['/apis/example.dev/v1/']);
    expect(components).not.toHaveProperty('securitySchemes');
    const widget = '/apis/example.dev/v1/namespaces/{namespace}/widgets/{name}';
    const { get, put } = item('apis/example.dev/v1', widget);
    expect(get?.parameters).toMatchObject([{ name: 'resourceVersion' }]);
    expect(put?.requestBody).toMatchObject({ content: { 'application/json': {}, 'application/yaml': {} } });
    expect(Object.keys(get?.responses[200].content)).toEqual(['application/json', 'application/yaml']);
  });

  it('says the versions of DeleteOptions that belong to its group', () => {
    const { schemas = {} } = document('apis/apps/v1').components ?? {};
    const kinds = (schemas['io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'] as Record<string, unknown>)[
      'x-kubernetes-group-version-kind'
    ];
    expect(kinds).toEqual([
      { group: '', kind: 'DeleteOptions', version: 'v1' },
      { group: 'apps', kind: 'DeleteOptions', version: 'v1' },
    ]);
  });

  it('is there for paths of the server that are no resources, where it has them', () => {
    const openApi = createOpenApi([], 'v1.36.0', { serverPaths: ['/healthz', '/version'] });
    const { body } = openApi.answer('/openapi/v3/version') ?? {};
    const { paths, components } = JSON.parse(String(body)) as ReturnType<typeof document>;
    expect(paths).toMatchObject({ '/version/': { get: { operationId: 'getCodeVersion' } } });
    expect(components?.schemas).toHaveProperty(['io.k8s.apimachinery.pkg.version.Info']);
    expect(openApi.answer('/openapi/v3/healthz')).toBeUndefined();
  });

  it('describes kinds of third parties the same way', () => {
    const schemas = document('apis/example.dev/v1').components?.schemas ?? {};
    expect(schemas['dev.example.v1.Widget']).toMatchObject({
      properties: {
        metadata: {
          allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }],
        },
        spec: { properties: { size: { type: 'integer' } } },
      },
      'x-kubernetes-group-version-kind': [{ group: 'example.dev', version: 'v1', kind: 'Widget' }],
    });
    expect(schemas['dev.example.v1.WidgetList']).toBeDefined();
    const { patch } = item(
      'apis/example.dev/v1',
      '/apis/example.dev/v1/namespaces/{namespace}/widgets/{name}',
    );
    expect(patch?.requestBody).not.toHaveProperty(['content', 'application/strategic-merge-patch+json']);
  });
});

describe('/openapi/v2', () => {
  it('holds all definitions and paths in the older form', () => {
    const swagger = json('/openapi/v2');
    expect(swagger.swagger).toBe('2.0');
    const { definitions, paths } = swagger;
    expect(definitions['io.k8s.api.apps.v1.DeploymentSpec'].properties.strategy).toEqual({
      description: expect.any(String),
      $ref: '#/definitions/io.k8s.api.apps.v1.DeploymentStrategy',
      'x-kubernetes-patch-strategy': 'retainKeys',
    });
    expect(definitions['io.k8s.apimachinery.pkg.api.resource.Quantity']).toMatchObject({ type: 'string' });
    expect(definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toMatchObject({
      type: 'string',
      format: 'int-or-string',
    });
    expect(paths['/api/v1/namespaces/{namespace}/pods'].post.parameters[0]).toMatchObject({
      name: 'body',
      in: 'body',
      required: true,
      schema: { $ref: '#/definitions/io.k8s.api.core.v1.Pod' },
    });
    expect(JSON.stringify(swagger)).not.toContain('components/schemas');
  });

  it('says once what many operations take, and what clients of old look for where they look', () => {
    const { paths, parameters } = json('/openapi/v2');
    const { get, post } = paths['/api/v1/namespaces/{namespace}/pods'];
    const shown = ({ $ref, name }: { $ref?: string; name?: string }) => name ?? $ref?.replace(/-.*/, '');
    expect(get.parameters.map(shown)).toContain('#/parameters/labelSelector');
    expect(post.parameters.map(shown)).toEqual([
      'body',
      'dryRun',
      '#/parameters/fieldManager',
      'fieldValidation',
    ]);
    expect(Object.keys(parameters).length).toBeLessThan(60);
    for (const [name, parameter] of Object.entries<{ name: string }>(parameters))
      expect(name).toMatch(new RegExp(`^${parameter.name}-.{8}$`));
  });

  it('describes every operation and parameter of the kinds', () => {
    const { paths, parameters } = json('/openapi/v2');
    const operations = Object.values<Record<string, { description?: string }>>(paths).flatMap((path) =>
      Object.entries(path).flatMap(([method, operation]) =>
        method === 'parameters' || !('x-kubernetes-action' in operation) ? [] : [operation],
      ),
    );
    expect(operations.filter(({ description = '' }) => description === '')).toEqual([]);
    expect(
      Object.values<object>(parameters).filter((one) => !('description' in one) && !('schema' in one)),
    ).toEqual([]);
  });

  it('describes every definition', () => {
    const { definitions } = json('/openapi/v2');
    const undescribed = Object.keys(definitions).filter(
      (name) => name.startsWith('io.k8s.') && !definitions[name].description,
    );
    expect(undescribed).toEqual([]);
  });
});
