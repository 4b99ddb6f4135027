import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { CertificateSigningRequest } from '@kubewright/api/certificates/v1';
import {
  LimitRange,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ServiceAccount,
} from '@kubewright/api/core/v1';
import { Ingress, IngressClass } from '@kubewright/api/networking/v1';
import { RuntimeClass } from '@kubewright/api/node/v1';
import { ClusterRole, ClusterRoleBinding } from '@kubewright/api/rbac/v1';
import { PriorityClass } from '@kubewright/api/scheduling/v1';
import { StorageClass, VolumeAttributesClass } from '@kubewright/api/storage/v1';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer({ disableAdmissionPlugins: [] });
  const account = { metadata: { name: 'default' }, imagePullSecrets: [{ name: 'registry' }] };
  await api.client.resource(ServiceAccount).namespace('default').create(account);
});
afterAll(() => api.close());

const container = { name: 'main', image: 'x' };
const pods = () => api.client.resource(Pod).namespace('default');
const podOf = (name: string, spec: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({
  metadata: { name },
  spec: { containers: [container], ...spec },
});

describe('a new pod', () => {
  it('has its account, the token of it, priority and tolerations', async () => {
    const { spec } = await pods().create(podOf('plain'));
    expect(spec).toMatchObject({
      serviceAccountName: 'default',
      serviceAccount: 'default',
      imagePullSecrets: [{ name: 'registry' }],
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
      tolerations: ['not-ready', 'unreachable'].map((what) => ({
        ...{ key: `node.kubernetes.io/${what}`, operator: 'Exists', effect: 'NoExecute' },
        tolerationSeconds: 300,
      })),
    });
    const [volume] = spec?.volumes ?? [];
    expect(volume?.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    expect(volume?.projected).toEqual({
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    });
    expect(spec?.containers[0]?.volumeMounts).toEqual([
      { name: volume?.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ]);
  });

  it('has no token where it wants none', async () => {
    const { spec } = await pods().create(podOf('tokenless', { automountServiceAccountToken: false }));
    expect(spec?.volumes).toBeUndefined();
  });

  it.each<[string, Partial<NonNullable<Pod['spec']>>, string]>([
    [
      'account',
      { serviceAccountName: 'nobody' },
      'pods "account" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found',
    ],
    [
      'class',
      { priorityClassName: 'none' },
      'pods "class" is forbidden: no PriorityClass with name none was found',
    ],
    [
      'number',
      { priority: 7 },
      'pods "number" is forbidden: the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
    ],
    [
      'runtime',
      { runtimeClassName: 'none' },
      'pods "runtime" is forbidden: pod rejected: RuntimeClass "none" not found',
    ],
    [
      'overhead',
      { overhead: { cpu: '1' } },
      'pods "overhead" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    ],
  ])('is refused for a wrong %s', async (name, spec, message) => {
    await expect(pods().create(podOf(name, spec))).rejects.toThrow(message);
  });

  it('waits a moment for the account of a new namespace', async () => {
    await api.client.resource(Namespace).create({ metadata: { name: 'new' } });
    const created = api.client.resource(Pod).namespace('new').create(podOf('early'));
    await api.client
      .resource(ServiceAccount)
      .namespace('new')
      .create({ metadata: { name: 'default' } });
    expect((await created).spec?.serviceAccountName).toBe('default');
  });

  it('keeps to the secrets of an account that says so', async () => {
    await api.client
      .resource(ServiceAccount)
      .namespace('default')
      .create({
        metadata: { name: 'strict', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
        secrets: [{ name: 'mine' }],
      });
    const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 'other', key: 'k' } } }];
    const strict = { serviceAccountName: 'strict' };
    await expect(
      pods().create(podOf('env', { ...strict, containers: [{ ...container, env }] })),
    ).rejects.toThrow(
      'pods "env" is forbidden: container main with envVar A referencing secret.secretName="other" is not allowed because service account strict does not reference that secret',
    );
    const volumes = [{ name: 'v', secret: { secretName: 'other' } }];
    await expect(pods().create(podOf('volume', { ...strict, volumes }))).rejects.toThrow(
      'volume with secret.secretName="other" is not allowed',
    );
    await pods().create(podOf('ok', { ...strict, volumes: [{ name: 'v', secret: { secretName: 'mine' } }] }));
  });

  it('takes the priority of its class, or of the only default one', async () => {
    const classes = api.client.resource(PriorityClass);
    await classes.create({ metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'Never' });
    const high = await pods().create(podOf('high', { priorityClassName: 'high' }));
    expect(high.spec).toMatchObject({ priority: 1000, preemptionPolicy: 'Never' });
    await classes.create({ metadata: { name: 'usual' }, value: 5, globalDefault: true });
    const usual = await pods().create(podOf('usual'));
    expect(usual.spec).toMatchObject({ priority: 5, priorityClassName: 'usual' });
    await expect(
      classes.create({ metadata: { name: 'second' }, value: 6, globalDefault: true }),
    ).rejects.toThrow(
      'priorityclasses.scheduling.k8s.io "second" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
    );
    await classes.delete('usual');
  });

  it('takes overhead and nodes of its runtime class', async () => {
    await api.client.resource(RuntimeClass).create({
      metadata: { name: 'vm' },
      handler: 'vm',
      overhead: { podFixed: { cpu: '250m' } },
      scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] },
    });
    const { spec } = await pods().create(podOf('vm', { runtimeClassName: 'vm' }));
    expect(spec).toMatchObject({ overhead: { cpu: '250m' }, nodeSelector: { vm: 'yes' } });
    expect(spec?.tolerations).toContainEqual({ key: 'vm', operator: 'Exists' });
    await expect(
      pods().create(podOf('elsewhere', { runtimeClassName: 'vm', nodeSelector: { vm: 'no' } })),
    ).rejects.toThrow(
      'conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no',
    );
  });

  it('gets zone and region of its node', async () => {
    const labels = { 'topology.kubernetes.io/zone': 'z1', 'topology.kubernetes.io/region': 'r1' };
    await api.client.resource(Node).create({ metadata: { name: 'n1', labels: { ...labels, other: 'x' } } });
    await pods().create(podOf('placed'));
    await pods().bind('placed', 'n1');
    expect((await pods().get('placed')).metadata.labels).toEqual(labels);
  });
});

describe('a pod on a node', () => {
  const resources = { requests: { cpu: '1', memory: '1Gi' } };
  const init = { name: 'init', image: 'x', resources };
  const resize = (name: string, spec: Partial<NonNullable<Pod['spec']>>) =>
    api.client.resource(Pod).namespace('default').subresource<Pod>('resize').patchMerge(name, { spec });
  const bound = async (name: string, labels: Record<string, string>, declaredFeatures: string[] = []) => {
    const nodes = api.client.resource(Node);
    await nodes.create({ metadata: { name, labels } });
    await nodes.status.patchMerge(name, {
      status: { allocatable: { cpu: '2', memory: '4Gi' }, declaredFeatures },
    });
    await pods().create(
      podOf(name, {
        ...{ containers: [{ ...container, resources }], initContainers: [init] },
        overhead: { cpu: '250m' },
        runtimeClassName: 'sandbox',
      }),
    );
    await pods().bind(name, name);
  };
  beforeAll(async () => {
    await api.client.resource(RuntimeClass).create({
      ...{ metadata: { name: 'sandbox' }, handler: 'sandbox', overhead: { podFixed: { cpu: '250m' } } },
    });
  });

  it('grows within what the node has, and on Linux', async () => {
    await bound('small', {});
    const wants = (requests: Record<string, string>) => ({
      containers: [{ ...container, resources: { requests } }],
    });
    await resize('small', wants({ cpu: '1500m', memory: '2Gi' }));
    await expect(resize('small', wants({ cpu: '2', memory: '5Gi' }))).rejects.toMatchObject({
      message:
        'pods "small" is forbidden: node didn\'t have enough allocatable resources: cpu, requested: 2250, allocatable: 2000; memory, requested: 5368709120, allocatable: 4294967296',
      details: { causes: [{ reason: 'NodeCapacity' }] },
    });
    await bound('windows', { 'kubernetes.io/os': 'windows' });
    await expect(resize('windows', wants({ cpu: '1500m', memory: '2Gi' }))).rejects.toMatchObject({
      message:
        'pods "windows" is forbidden: pod resize is only supported on linux nodes, node "windows" is "windows"',
      details: { causes: [{ reason: 'UnsupportedPlatform' }] },
    });
  });

  it('changes in ways that its node says it can do', async () => {
    const wanted = { resources: { requests: { cpu: '1500m', memory: '2Gi' } } };
    await bound('old', {});
    await expect(resize('old', wanted)).rejects.toThrow(
      'pods "old" is forbidden: pod update requires features InPlacePodLevelResourcesVerticalScaling which are not available on node "old"',
    );
    await bound('new', {}, ['InPlacePodLevelResourcesVerticalScaling']);
    await resize('new', wanted);
  });
});

describe('limit ranges', () => {
  const namespace = 'limited';
  const limited = () => api.client.resource(Pod).namespace(namespace);
  beforeAll(async () => {
    await api.client.resource(Namespace).create({ metadata: { name: namespace } });
    await api.client
      .resource(ServiceAccount)
      .namespace(namespace)
      .create({ metadata: { name: 'default' } });
    await api.client
      .resource(LimitRange)
      .namespace(namespace)
      .create({
        metadata: { name: 'limits' },
        spec: {
          limits: [
            {
              type: 'Container',
              default: { cpu: '500m' },
              defaultRequest: { cpu: '100m' },
              max: { cpu: '1' },
              maxLimitRequestRatio: { cpu: '8' },
            },
            { type: 'Pod', max: { cpu: '1500m' } },
            { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } },
          ],
        },
      });
  });

  it('fill in what a container leaves out, and say so', async () => {
    const pod = await limited().create(podOf('defaulted'));
    expect(pod.spec?.containers[0]?.resources).toEqual({
      limits: { cpu: '500m' },
      requests: { cpu: '100m' },
    });
    expect(pod.metadata.annotations?.['kubernetes.io/limit-ranger']).toBe(
      'LimitRanger plugin set: cpu request for container main; cpu limit for container main',
    );
  });

  it('refuse what is beyond them, with all reasons', async () => {
    const resources = { limits: { cpu: '2' }, requests: { cpu: '100m' } };
    await expect(
      limited().create(podOf('large', { containers: [{ ...container, resources }] })),
    ).rejects.toThrow(
      'pods "large" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, cpu max limit to request ratio per Container is 8, but provided ratio is 20.000000, maximum cpu usage per Pod is 1500m, but limit is 2]',
    );
    const claim = (name: string, storage: string): PersistentVolumeClaim => ({
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
    });
    const claims = api.client.resource(PersistentVolumeClaim).namespace(namespace);
    await expect(claims.create(claim('small', '1Mi'))).rejects.toThrow(
      'persistentvolumeclaims "small" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi',
    );
    await expect(claims.create(claim('large', '3Gi'))).rejects.toThrow(
      'maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
    );
  });
});

describe('classes and storage', () => {
  const claims = () => api.client.resource(PersistentVolumeClaim).namespace('default');
  const claim = (name: string, storageClassName?: string): PersistentVolumeClaim => ({
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
    },
  });

  it('give claims the default class, and grow them where it allows', async () => {
    const mark = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    const classes = api.client.resource(StorageClass);
    expect((await claims().create(claim('before'))).spec?.storageClassName).toBeUndefined();
    await classes.create({ metadata: { name: 'fixed', annotations: mark }, provisioner: 'example.org/a' });
    const fixed = await claims().create(claim('fixed'));
    expect(fixed.spec?.storageClassName).toBe('fixed');
    expect(fixed.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    expect((await claims().create(claim('none', ''))).spec?.storageClassName).toBe('');
    await claims().status.patchMerge('fixed', { status: { phase: 'Bound' } });
    const grow = { spec: { resources: { requests: { storage: '2Gi' } } } };
    await expect(claims().patchMerge('fixed', grow)).rejects.toThrow(
      'persistentvolumeclaims "fixed" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    );
    await classes.patchMerge('fixed', { allowVolumeExpansion: true });
    expect((await claims().patchMerge('fixed', grow)).spec?.resources?.requests?.storage).toBe('2Gi');
  });

  it('protect volumes', async () => {
    const volume = await api.client.resource(PersistentVolume).create({
      metadata: { name: 'v' },
      spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/tmp/v' } },
    });
    expect(volume.metadata.finalizers).toEqual(['kubernetes.io/pv-protection']);
    const attributes = await api.client
      .resource(VolumeAttributesClass)
      .create({ metadata: { name: 'gold' }, driverName: 'd.example.org', parameters: { iops: '1' } });
    expect(attributes.metadata.finalizers).toEqual(['kubernetes.io/vac-protection']);
  });

  it('give ingresses the default class', async () => {
    const mark = { 'ingressclass.kubernetes.io/is-default-class': 'true' };
    await api.client
      .resource(IngressClass)
      .create({ metadata: { name: 'usual', annotations: mark }, spec: { controller: 'example.org/c' } });
    const backend = { service: { name: 's', port: { number: 80 } } };
    const ingress = await api.client
      .resource(Ingress)
      .namespace('default')
      .create({ metadata: { name: 'i' }, spec: { defaultBackend: backend } });
    expect(ingress.spec?.ingressClassName).toBe('usual');
  });
});

/** A certificate signing request in base64. */
async function requestFor(name: string): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const request = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm });
  return Buffer.from(request.toString('pem')).toString('base64');
}

it('a signing request is approved and signed by who may, for its signer, and nobody asks for a master', async () => {
  const rules = (verb: string, name: string) => ({
    metadata: { name },
    rules: [
      {
        apiGroups: ['certificates.k8s.io'],
        resources: [
          'certificatesigningrequests',
          'certificatesigningrequests/approval',
          'certificatesigningrequests/status',
        ],
        verbs: ['*'],
      },
      {
        apiGroups: ['certificates.k8s.io'],
        resources: ['signers'],
        resourceNames: ['example.org/*'],
        verbs: [verb],
      },
    ],
  });
  const secured = await startTestServer({ authorization: { modes: ['RBAC'] } });
  const { client, clientFor, close } = secured;
  for (const [user, verb] of [
    ['approver', 'approve'],
    ['signer', 'sign'],
  ] as const) {
    await client.resource(ClusterRole).create(rules(verb, user));
    await client.resource(ClusterRoleBinding).create({
      metadata: { name: user },
      subjects: [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }],
      roleRef: { kind: 'ClusterRole', name: user, apiGroup: 'rbac.authorization.k8s.io' },
    });
  }
  const requests = client.resource(CertificateSigningRequest);
  const spec = async (signerName: string, subject: string) => ({
    signerName,
    usages: ['client auth'],
    request: await requestFor(subject),
  });
  await requests.create({ metadata: { name: 'a' }, spec: await spec('example.org/a', 'CN=someone') });
  const condition = { type: 'Approved', status: 'True', reason: 'Test', message: '' };
  const approve = (user: string) =>
    clientFor({ name: user })
      .resource(CertificateSigningRequest)
      .subresource<CertificateSigningRequest>('approval')
      .patchMerge('a', { status: { conditions: [condition] } });
  await expect(approve('signer')).rejects.toThrow(
    'certificatesigningrequests.certificates.k8s.io "a" is forbidden: user not permitted to approve requests with signerName "example.org/a"',
  );
  await approve('approver');
  const failed = { type: 'Failed', status: 'True', reason: 'Test', message: '' };
  const fail = (user: string) =>
    clientFor({ name: user })
      .resource(CertificateSigningRequest)
      .status.patchMerge('a', { status: { conditions: [condition, failed] } });
  await expect(fail('approver')).rejects.toThrow(
    'user not permitted to sign requests with signerName "example.org/a"',
  );
  await fail('signer');
  await expect(
    requests.create({
      metadata: { name: 'master' },
      spec: await spec('kubernetes.io/kube-apiserver-client', 'CN=me, O=system:masters'),
    }),
  ).rejects.toThrow(
    'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
  );
  await close();
});

it('a new node takes no pods before it is seen ready', async () => {
  const node = await api.client.resource(Node).create({ metadata: { name: 'fresh' } });
  expect(node.spec?.taints).toEqual([{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]);
});

it('names of plugins must be known, and none is on and off', async () => {
  await expect(startTestServer({ disableAdmissionPlugins: ['Typo'] })).rejects.toThrow(
    'disable-admission-plugins plugin "Typo" is unknown',
  );
});
