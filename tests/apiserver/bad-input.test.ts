import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RawRequest, startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
beforeAll(async () => {
  server = await startTlsServer();
  await server.send({ method: 'POST', path: maps, body: map('taken') });
});
afterAll(async () => {
  // After all of what follows, the server still serves.
  expect((await server.send({ path: `${maps}/taken` })).code).toBe(200);
  await server.close();
});

const maps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

function map(name: string, more: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more };
}

/** What is wrong, the request, and the Status that kube-apiserver answers with. */
type Case = readonly [title: string, request: RawRequest, status: object];

function each(title: string, cases: readonly Case[]): void {
  describe(title, () => {
    it.each(cases)('%s', async (_title, request, status) => {
      const answer = await server.send(request);
      const { kind, apiVersion, metadata, ...rest } = answer.json();
      expect({ kind, apiVersion, metadata }).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {} });
      expect(rest).toEqual({ status: 'Failure', ...status });
      expect(answer.code).toBe(rest.code);
      expect(answer.headers['content-type']).toBe('application/json');
    });
  });
}

function badRequest(message: string): object {
  return { reason: 'BadRequest', code: 400, message };
}

/** A patch whose result does not fit: told with what was patched. */
function invalidPatch(problem: string): object {
  const message = `Invalid value: ${problem}`;
  return {
    reason: 'Invalid',
    code: 422,
    message: ` "" is invalid: patch: ${message}`,
    details: { causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }] },
  };
}

function post(path: string, body: RawRequest['body'], type = 'application/json'): RawRequest {
  return { method: 'POST', path, body: body ?? '', headers: { 'content-type': type } };
}

function invalid(
  kind: string,
  name: string,
  causes: readonly (readonly [field: string, message: string, reason: string])[],
): object {
  const [short = '', ...group] = kind.split('.');
  const messages = causes.map(([field, message]) => `${field}: ${message}`);
  const text = messages.length === 1 ? messages[0] : `[${messages.join(', ')}]`;
  return {
    reason: 'Invalid',
    code: 422,
    message: `${kind} "${name}" is invalid: ${text}`,
    details: {
      ...(name === '' ? {} : { name }),
      ...(group.length === 0 ? {} : { group: group.join('.') }),
      kind: short,
      causes: causes.map(([field, message, reason]) => ({ reason, message, field })),
    },
  };
}

const protobuf = 'application/vnd.kubernetes.protobuf';
const jsonTypes = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';

each('bodies that are not what they say', [
  [
    'JSON that stops',
    post(maps, '{"a":'),
    badRequest(
      `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({"a":)`,
    ),
  ],
  [
    'JSON with a wrong character',
    post(maps, '{"metadata": {"name": nobody}, "data": {}}'),
    badRequest(
      `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: invalid character 'o' in literal null (expecting 'u') ({"metadata": {"name": nobody}, ...)`,
    ),
  ],
  [
    'no JSON at all',
    post(maps, 'hello'),
    badRequest(
      `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: invalid character 'h' looking for beginning of value (68656c6c6f)`,
    ),
  ],
  [
    'an empty body',
    post(maps, ''),
    badRequest(
      `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)`,
    ),
  ],
  [
    'a list',
    post(maps, '[1]'),
    badRequest(
      `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (5b315d)`,
    ),
  ],
  [
    'YAML with a tab',
    post(maps, 'kind: ConfigMap\n\tmetadata: {}\n', 'application/yaml'),
    badRequest(
      'the object provided is unrecognized (must be of type ConfigMap): error converting YAML to JSON: yaml: line 2: tab characters must not be used in indentation (6b696e643a20436f6e6669674d61700a096d657461646174613a207b7d0a)',
    ),
  ],
  [
    'protobuf without its magic',
    post(maps, 'hello', protobuf),
    badRequest(
      'the object provided is unrecognized (must be of type ConfigMap): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (68656c6c6f)',
    ),
  ],
  [
    'protobuf that stops',
    post(maps, Buffer.from([0x6b, 0x38, 0x73, 0, 0x0a, 0x20, 0x01]), protobuf),
    badRequest(
      'the object provided is unrecognized (must be of type ConfigMap): unexpected EOF (6b3873000a2001)',
    ),
  ],
  [
    'protobuf of nothing',
    post(maps, '', protobuf),
    badRequest('the object provided is unrecognized (must be of type ConfigMap): empty data (<empty>)'),
  ],
  [
    'a body over 3 MiB',
    post(maps, map('large', { data: { a: 'x'.repeat(3 * 1024 * 1024) } })),
    {
      reason: 'RequestEntityTooLarge',
      code: 413,
      message: 'Request entity too large: limit is 3145728',
    },
  ],
  [
    'another kind',
    post(maps, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } }),
    badRequest(
      'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
    ),
  ],
  [
    'an unknown version',
    post(maps, { apiVersion: 'v9', kind: 'ConfigMap', metadata: { name: 'a' } }),
    badRequest(
      'ConfigMap in version "v9" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v9" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ),
  ],
  [
    'another version of the kind than the path says',
    post('/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers', {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'a' },
    }),
    badRequest(
      'the API version in the data (autoscaling/v2) does not match the expected API version (autoscaling/v1)',
    ),
  ],
  [
    'deep nesting',
    post(maps, `{"data":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`),
    badRequest(
      `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: exceeded max depth ({"data":{"a":{"a":{"a":{"a":{" ...)`,
    ),
  ],
]);

each('wrong types', [
  [
    'a number for a string',
    post(maps, map('a', { data: { key: 1 } })),
    badRequest(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    ),
  ],
  [
    'a string for a number',
    post(deployments, { apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 'three' } }),
    badRequest(
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ),
  ],
  [
    'a fraction for an integer',
    post(deployments, { apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 1.5 } }),
    badRequest(
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ),
  ],
  [
    'a list for a map',
    post(maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', labels: [] } }),
    badRequest(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string',
    ),
  ],
  [
    'a quantity that is none',
    post('/api/v1/namespaces/default/pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a' },
      spec: { containers: [{ name: 'a', image: 'a', resources: { limits: { cpu: 'much' } } }] },
    }),
    badRequest(
      `Pod in version "v1" cannot be handled as a Pod: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
    ),
  ],
  [
    'base64 that is none',
    post('/api/v1/namespaces/default/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'a' },
      data: { a: 'a$b' },
    }),
    badRequest('Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 1'),
  ],
]);

const strict = '?fieldValidation=Strict';

each('fields under Strict', [
  [
    'unknown ones',
    post(`${maps}${strict}`, map('a', { nonsense: 1, metadata: { name: 'a', more: 2 } })),
    badRequest(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "metadata.more", unknown field "nonsense"',
    ),
  ],
  [
    'ones that occur twice',
    post(`${maps}${strict}`, '{"metadata":{"name":"a"},"data":{"x":"1","x":"2"}}'),
    badRequest(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.x"',
    ),
  ],
  [
    'ones of another case',
    post(`${maps}${strict}`, map('a', { Data: { a: 'b' } })),
    badRequest(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "Data"',
    ),
  ],
  [
    'twice in YAML',
    post(`${maps}${strict}`, 'metadata:\n  name: a\ndata:\n  x: "1"\n  x: "2"\n', 'application/yaml'),
    badRequest(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: yaml: unmarshal errors:\n  line 5: key "x" already set in map',
    ),
  ],
  [
    'in a patch',
    {
      method: 'PATCH',
      path: `${maps}/taken${strict}`,
      body: { nonsense: true },
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
    },
    invalidPatch('"map[nonsense:true]": strict decoding error: unknown field "nonsense"'),
  ],
  [
    'of another type in a patch',
    {
      method: 'PATCH',
      path: `${maps}/taken${strict}`,
      body: { data: 'x' },
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
    },
    invalidPatch('"map[data:x]": cannot restore map from string'),
  ],
]);

describe('fields that are unknown or occur twice', () => {
  const body = '{"metadata":{"name":"fields"},"data":{"x":"1","x":"2"},"nonsense":1}';

  it.each([
    ['', ['unknown field "nonsense"', 'duplicate field "data.x"']],
    ['?fieldValidation=Warn', ['unknown field "nonsense"', 'duplicate field "data.x"']],
    ['?fieldValidation=Ignore', []],
  ])('with "%s" are dropped, and warned of unless ignored', async (query, warnings) => {
    const answer = await server.send(post(`${maps}${query}${query === '' ? '?' : '&'}dryRun=All`, body));
    expect(answer.code).toBe(201);
    expect([...answer.warnings].sort()).toEqual([...warnings].sort());
    expect(answer.json<object>()).toMatchObject({ data: { x: '2' } });
    expect(answer.json<object>()).not.toHaveProperty('nonsense');
  });
});

const dnsSubdomain = (name: string) =>
  `Invalid value: "${name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`;

each('names and metadata', [
  [
    'a name with upper case',
    post(maps, map('Upper')),
    invalid('ConfigMap', 'Upper', [['metadata.name', dnsSubdomain('Upper'), 'FieldValueInvalid']]),
  ],
  [
    'no name',
    post(maps, { metadata: {} }),
    invalid('ConfigMap', '', [
      ['metadata.name', 'Required value: name or generateName is required', 'FieldValueRequired'],
    ]),
  ],
  [
    'a bad label',
    post(maps, { metadata: { name: 'a', labels: { 'a b': 'c' } } }),
    invalid('ConfigMap', 'a', [
      [
        'metadata.labels',
        `Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
        'FieldValueInvalid',
      ],
    ]),
  ],
  [
    'a key that a ConfigMap may not have',
    post(maps, map('a', { data: { 'a b': 'c' } })),
    invalid('ConfigMap', 'a', [
      [
        'data[a b]',
        `Invalid value: "a b": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
        'FieldValueInvalid',
      ],
    ]),
  ],
  [
    'a pod without anything',
    post('/api/v1/namespaces/default/pods', { metadata: { name: 'a' } }),
    invalid('Pod', 'a', [['spec.containers', 'Required value', 'FieldValueRequired']]),
  ],
  [
    'a Deployment whose selector does not match',
    post(deployments, {
      metadata: { name: 'a' },
      spec: {
        selector: { matchLabels: { app: 'a' } },
        template: {
          metadata: { labels: { app: 'b' } },
          spec: { containers: [{ name: 'a', image: 'a' }] },
        },
      },
    }),
    invalid('Deployment.apps', 'a', [
      [
        'spec.template.metadata.labels',
        'Invalid value: {"app":"b"}: `selector` does not match template `labels`',
        'FieldValueInvalid',
      ],
    ]),
  ],
  [
    'another namespace than the path',
    post(maps, { metadata: { name: 'a', namespace: 'kube-system' } }),
    badRequest('the namespace of the provided object does not match the namespace sent on the request'),
  ],
  [
    'a namespace that is not there',
    post('/api/v1/namespaces/nowhere/configmaps', map('a')),
    {
      reason: 'NotFound',
      code: 404,
      message: 'namespaces "nowhere" not found',
      details: { name: 'nowhere', kind: 'namespaces' },
    },
  ],
  [
    'a resourceVersion on create',
    post(maps, { metadata: { name: 'a', resourceVersion: '1' } }),
    { code: 500, message: 'resourceVersion should not be set on objects to be created' },
  ],
  [
    'a name that is taken',
    post(maps, map('taken')),
    {
      reason: 'AlreadyExists',
      code: 409,
      message: 'configmaps "taken" already exists',
      details: { name: 'taken', kind: 'configmaps' },
    },
  ],
]);

function put(path: string, body: object): RawRequest {
  return { method: 'PUT', path, body };
}

function conflict(why: string): object {
  return {
    reason: 'Conflict',
    code: 409,
    message: `Operation cannot be fulfilled on configmaps "taken": ${why}`,
    details: { name: 'taken', kind: 'configmaps' },
  };
}

const modified = conflict(
  'the object has been modified; please apply your changes to the latest version and try again',
);

function patch(kind: string, body: RawRequest['body'], query = ''): RawRequest {
  return {
    method: 'PATCH',
    path: `${maps}/taken${query}`,
    body: body ?? '',
    headers: { 'content-type': `application/${kind}+json` },
  };
}

each('updates, patches and deletes', [
  [
    'another name than the path',
    put(`${maps}/taken`, map('other')),
    badRequest('the name of the object (other) does not match the name on the URL (taken)'),
  ],
  [
    'no name',
    put(`${maps}/taken`, { metadata: {} }),
    badRequest('the name of the object (taken based on URL) was undeterminable: name must be provided'),
  ],
  [
    'another namespace',
    put(`${maps}/taken`, { metadata: { name: 'taken', namespace: 'elsewhere' } }),
    badRequest('the namespace of the provided object does not match the namespace sent on the request'),
  ],
  [
    'a stale resourceVersion',
    put(`${maps}/taken`, { metadata: { name: 'taken', resourceVersion: '1' } }),
    modified,
  ],
  [
    'a resourceVersion that is no number',
    put(`${maps}/taken`, { metadata: { name: 'taken', resourceVersion: 'abc' } }),
    { code: 500, message: 'strconv.ParseUint: parsing "abc": invalid syntax' },
  ],
  [
    'what is not there',
    put(`${maps}/absent`, map('absent')),
    {
      reason: 'NotFound',
      code: 404,
      message: 'configmaps "absent" not found',
      details: { name: 'absent', kind: 'configmaps' },
    },
  ],
  [
    'a merge patch that is no JSON',
    patch('merge-patch', 'nope'),
    badRequest(`error decoding patch: invalid character 'o' in literal null (expecting 'u')`),
  ],
  [
    'a merge patch of a stale resourceVersion',
    patch('merge-patch', { metadata: { resourceVersion: '1' } }),
    modified,
  ],
  [
    'a merge patch of the name',
    patch('merge-patch', { metadata: { name: 'other' } }),
    badRequest('the name of the object (other) does not match the name on the URL (taken)'),
  ],
  [
    'a JSON patch whose test fails',
    patch('json-patch', [{ op: 'test', path: '/data', value: 'x' }]),
    {
      reason: 'Invalid',
      code: 422,
      message: 'the server rejected our request due to an error in our request',
      details: {},
    },
  ],
  [
    'a patch of an unknown media type',
    patch('strange', {}),
    {
      reason: 'UnsupportedMediaType',
      code: 415,
      message: '415: Unsupported Media Type',
      details: {},
    },
  ],
  [
    'an apply without a manager',
    {
      method: 'PATCH',
      path: `${maps}/taken`,
      body: map('taken'),
      headers: { 'content-type': 'application/apply-patch+yaml' },
    },
    invalid('PatchOptions.meta.k8s.io', '', [
      ['fieldManager', 'Required value: is required for apply patch', 'FieldValueRequired'],
    ]),
  ],
  [
    'force for what is no apply',
    patch('merge-patch', {}, '?force=true'),
    invalid('PatchOptions.meta.k8s.io', '', [
      ['force', 'Forbidden: may not be specified for non-apply patch', 'FieldValueForbidden'],
    ]),
  ],
  [
    'a delete with a propagation policy that is none',
    { method: 'DELETE', path: `${maps}/taken`, body: { propagationPolicy: 'Sometimes' } },
    invalid('DeleteOptions.meta.k8s.io', '', [
      [
        'propagationPolicy',
        'Unsupported value: "Sometimes": supported values: "Foreground", "Background", "Orphan", "nil"',
        'FieldValueNotSupported',
      ],
    ]),
  ],
  [
    'a delete with both ways to say what becomes of dependents',
    { method: 'DELETE', path: `${maps}/taken?orphanDependents=true&propagationPolicy=Orphan` },
    invalid('DeleteOptions.meta.k8s.io', '', [
      [
        'propagationPolicy',
        'Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
        'FieldValueInvalid',
      ],
    ]),
  ],
]);

each('options', [
  [
    'dryRun',
    post(`${maps}?dryRun=x`, map('a')),
    invalid('CreateOptions.meta.k8s.io', '', [
      ['dryRun', 'Unsupported value: ["x"]: supported values: "All"', 'FieldValueNotSupported'],
    ]),
  ],
  [
    'fieldValidation',
    post(`${maps}?fieldValidation=x`, map('a')),
    invalid('CreateOptions.meta.k8s.io', '', [
      [
        'fieldValidation',
        'Unsupported value: "x": supported values: "", "Ignore", "Strict", "Warn"',
        'FieldValueNotSupported',
      ],
    ]),
  ],
  [
    'fieldManager',
    put(`${maps}/taken?fieldManager=${'m'.repeat(129)}`, map('taken')),
    invalid('UpdateOptions.meta.k8s.io', '', [
      ['fieldManager', 'Too long: may not be more than 128 bytes', 'FieldValueTooLong'],
    ]),
  ],
  ['limit', { path: `${maps}?limit=abc` }, badRequest('strconv.ParseInt: parsing "abc": invalid syntax')],
  [
    'timeoutSeconds',
    { path: `${maps}?watch=true&timeoutSeconds=long` },
    badRequest('strconv.ParseInt: parsing "long": invalid syntax'),
  ],
  [
    'continue',
    { path: `${maps}?continue=***` },
    badRequest('invalid continue token: continue key is not valid: illegal base64 data at input byte 0'),
  ],
  [
    'continue of something else',
    {
      path: `${maps}?continue=${Buffer.from('{"v":"meta.k8s.io/v2","rv":1,"start":"a"}').toString('base64url')}`,
    },
    badRequest(
      'invalid continue token: continue key is not valid: server does not recognize this encoded version meta.k8s.io/v2',
    ),
  ],
  [
    'continue that leaves the resource',
    {
      path: `${maps}?continue=${Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"../secrets/"}').toString('base64url')}`,
    },
    badRequest('invalid continue token: continue key is not valid: ../secrets/'),
  ],
  [
    'resourceVersion of a list',
    { path: `${maps}?resourceVersion=abc` },
    badRequest(
      'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    ),
  ],
  [
    'resourceVersionMatch alone',
    { path: `${maps}?resourceVersionMatch=Exact` },
    invalid('ListOptions.meta.k8s.io', '', [
      [
        'resourceVersionMatch',
        'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
        'FieldValueForbidden',
      ],
    ]),
  ],
  [
    'sendInitialEvents of a list',
    { path: `${maps}?sendInitialEvents=true` },
    invalid('ListOptions.meta.k8s.io', '', [
      ['sendInitialEvents', 'Forbidden: sendInitialEvents is forbidden for list', 'FieldValueForbidden'],
    ]),
  ],
  [
    'a label selector',
    { path: `${maps}?labelSelector=${encodeURIComponent('a in b')}` },
    badRequest(`unable to parse requirement: found 'b' expected: '('`),
  ],
  [
    'a field selector',
    { path: `${maps}?fieldSelector=nonsense` },
    badRequest(`invalid selector: 'nonsense'; can't understand 'nonsense'`),
  ],
  [
    'a field that is not selected by',
    { path: `${maps}?fieldSelector=data.a%3Db` },
    badRequest('"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"'),
  ],
  [
    'a field of pods that is not selected by',
    { path: '/api/v1/pods?fieldSelector=spec.foo%3Db' },
    badRequest('field label not supported: spec.foo'),
  ],
]);

const unknownResource = {
  reason: 'NotFound',
  code: 404,
  message: 'the server could not find the requested resource',
  details: {},
};
const notAllowed = {
  reason: 'MethodNotAllowed',
  code: 405,
  message: 'the server does not allow this method on the requested resource',
  details: {},
};

each('kinds, paths, verbs and media types', [
  ['an unknown kind', { path: '/api/v1/namespaces/default/gadgets' }, unknownResource],
  ['an unknown version', { path: '/apis/apps/v9/deployments' }, unknownResource],
  ['an unknown subresource', { path: `${maps}/taken/status` }, unknownResource],
  ['a create without a namespace', post('/api/v1/configmaps', map('a')), notAllowed],
  ['a put of a collection', put(maps, map('a')), notAllowed],
  ['a post of an object', post(`${maps}/taken`, map('taken')), notAllowed],
  [
    'what is not there',
    { path: `${deployments}/absent` },
    {
      reason: 'NotFound',
      code: 404,
      message: 'deployments.apps "absent" not found',
      details: { name: 'absent', group: 'apps', kind: 'deployments' },
    },
  ],
  [
    'a body of an unknown media type',
    post(maps, '<a/>', 'application/xml'),
    {
      reason: 'UnsupportedMediaType',
      code: 415,
      message: `the body of the request was in an unknown format - accepted media types include: ${jsonTypes}`,
    },
  ],
  [
    'an answer of an unknown media type',
    { path: maps, headers: { accept: 'text/html' } },
    {
      reason: 'NotAcceptable',
      code: 406,
      message:
        '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
      details: {},
    },
  ],
  [
    'a form of an answer that there is not',
    { path: maps, headers: { accept: 'application/json;as=List;g=meta.k8s.io;v=v1' } },
    {
      reason: 'NotAcceptable',
      code: 406,
      message:
        'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    },
  ],
  [
    'an includeObject that there is not',
    {
      path: `${maps}?includeObject=Some`,
      headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' },
    },
    {
      reason: 'BadRequest',
      code: 400,
      message:
        "Unable to convert to Table as requested: includeObject: Invalid value: \"Some\": must be 'Metadata', 'Object', 'None', or empty",
    },
  ],
  ['a kind of the cluster in a namespace', { path: '/api/v1/namespaces/default/nodes' }, unknownResource],
  ['a namespace in a namespace', { path: '/api/v1/namespaces/default/namespaces/default' }, unknownResource],
  ['an object without its namespace', { path: '/api/v1/configmaps/taken' }, unknownResource],
  ['what is below a status', { path: '/api/v1/namespaces/default/status/x' }, unknownResource],
  ['a version of a group that has others', { path: '/apis/apps/v9' }, unknownResource],
  ['a method that a document does not have', { method: 'DELETE', path: '/version' }, notAllowed],
]);

it.each(['/apis/nope', '/apis/nope/v1/things', '/nope', '/healthz/', '/metrics/'])(
  'has no page at %s',
  async (path) => {
    const { code, text, headers } = await server.send({ path });
    expect([code, text, headers['content-type']]).toEqual([
      404,
      '404 page not found\n',
      'text/plain; charset=utf-8',
    ]);
  },
);

it('takes HEAD for no object of a built-in kind', async () => {
  expect((await server.send({ method: 'HEAD', path: maps })).code).toBe(405);
  expect((await server.send({ method: 'HEAD', path: '/readyz' })).code).toBe(200);
});

it('refuses a body over 3 MiB that does not say how long it is', async () => {
  const answer = await server.send({
    ...post(maps, 'x'.repeat(4 * 1024 * 1024)),
    headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
  });
  expect(answer.code).toBe(413);
});

describe('what JSON of JavaScript would lose', () => {
  it('keeps integers beyond 2^53 through create, get and patch', async () => {
    const path = '/api/v1/namespaces/default/events';
    const body = `{"metadata":{"name":"large"},"involvedObject":{"namespace":"default"},"count":1,"type":"Normal"}`;
    expect((await server.send(post(path, body))).code).toBe(201);
    const crd = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
    expect(
      (await server.send(post(crd, '{"metadata":{"name":"l"},"spec":{"leaseTransitions":1}}'))).code,
    ).toBe(201);
    const pods = '/api/v1/namespaces/default/pods';
    const pod = `{"metadata":{"name":"big"},"spec":{"activeDeadlineSeconds":2147483647,"securityContext":{"runAsUser":2147483647},"terminationGracePeriodSeconds":9007199254740993,"containers":[{"name":"a","image":"a"}]}}`;
    const exact = '"terminationGracePeriodSeconds":9007199254740993';
    expect((await server.send(post(pods, pod))).text).toContain(exact);
    expect((await server.send({ path: `${pods}/big` })).text).toContain(exact);
    const patched = await server.send({
      method: 'PATCH',
      path: `${pods}/big`,
      body: '{"metadata":{"labels":{"a":"b"}}}',
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
    });
    expect(patched.text).toContain(exact);
    expect(
      (await server.send({ path: `${pods}/big`, headers: { accept: 'application/yaml' } })).text,
    ).toContain('terminationGracePeriodSeconds: 9007199254740993');
  });

  it.each(['__proto__', 'constructor', 'toString'])('keeps the key %s as any other', async (key) => {
    const body = `{"metadata":{"name":"key-${key.toLowerCase().replaceAll('_', '')}"},"data":{"${key}":"1","a":"2"}}`;
    const created = await server.send(post(maps, body));
    expect(created.code).toBe(201);
    expect(created.text).toContain(`"${key}":"1"`);
    const { metadata } = created.json<{ metadata: { name: string } }>();
    const patched = await server.send({
      method: 'PATCH',
      path: `${maps}/${metadata.name}`,
      body: `{"data":{"${key}":"3"}}`,
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    expect(patched.text).toContain(`"${key}":"3"`);
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });
});
