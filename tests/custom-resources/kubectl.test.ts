import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { following, Kubectl, kubectlPath } from '../kubectl.js';
import { startTlsServer, type TlsServer } from '../tls-server.js';
import { crontabs } from './crontab.js';

describe.skipIf(kubectlPath === undefined)('kubectl with a custom resource', () => {
  let server: TlsServer;
  let kubectl: Kubectl;
  const identity = { apiVersion: CustomResourceDefinition.apiVersion, kind: CustomResourceDefinition.kind };
  const crontab = (name: string, spec: object) =>
    JSON.stringify({ apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name }, spec });

  beforeAll(async () => {
    server = await startTlsServer();
    kubectl = new Kubectl(server.kubeconfig);
    const definition = crontabs({
      subresources: {
        status: {},
        scale: {
          specReplicasPath: '.spec.replicas',
          statusReplicasPath: '.status.replicas',
          labelSelectorPath: '.status.labelSelector',
        },
      },
      selectableFields: [{ jsonPath: '.spec.cronSpec' }],
      additionalPrinterColumns: [
        { name: 'Spec', type: 'string', jsonPath: '.spec.cronSpec' },
        { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
        { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        { name: 'Image', type: 'string', jsonPath: '.spec.image', priority: 1 },
      ],
    });
    definition.spec.names.categories = ['all'];
    await kubectl.ok('apply -f -', { input: JSON.stringify({ ...identity, ...definition }) });
    await kubectl.ok('wait --for=condition=Established crd/crontabs.stable.example.com --timeout=10s');
    await kubectl.ok('create -f -', { input: crontab('nightly', { cronSpec: '0 3 * * *' }) });
  });
  afterAll(async () => {
    kubectl.close();
    await server.close();
  });

  it('finds it by short name, singular and category', async () => {
    expect(await kubectl.ok('api-resources --api-group=stable.example.com --no-headers')).toMatch(
      /^crontabs\s+ct\s+stable.example.com\/v1\s+true\s+CronTab/,
    );
    for (const name of ['ct', 'crontab', 'crontabs.stable.example.com', 'all'])
      expect(await kubectl.ok(`get ${name}`)).toMatch(
        /NAME\s+SPEC\s+REPLICAS\s+AGE\n\S*nightly\s+0 3 \* \* \*\s+1\s/,
      );
    expect(await kubectl.ok('get ct -o wide')).toMatch(/busybox/);
  });

  it('fills in defaults, prunes and refuses', async () => {
    expect(await kubectl.ok('get ct nightly -o jsonpath={.spec}')).toBe(
      '{"cronSpec":"0 3 * * *","image":"busybox","replicas":1}',
    );
    const unknown = crontab('unknown', { cronSpec: '0 3 * * *', colour: 'blue' });
    expect(await kubectl.fails('create -f -', { input: unknown })).toContain(
      'strict decoding error: unknown field "spec.colour"',
    );
    await kubectl.ok('create --validate=false -f -', { input: unknown });
    expect(await kubectl.ok('get ct unknown -o jsonpath={.spec.colour}')).toBe('');
    await kubectl.ok('delete ct unknown');
    const wrong = await kubectl.fails('create -f -', {
      input: crontab('b', { cronSpec: 'x', replicas: 20 }),
    });
    expect(wrong).toContain(`spec.cronSpec: Invalid value: "x": spec.cronSpec in body should match '^(\\d+`);
    expect(wrong).toContain(
      'spec.replicas: Invalid value: 20: spec.replicas in body should be less than or equal to 10',
    );
  });

  it('explains it', async () => {
    const text = await kubectl.ok('explain ct.spec');
    expect(text).toMatch(/FIELD: spec <Object>/);
    expect(text).toMatch(/cronSpec\s+<string> -required-\s+When\./);
  });

  it('selects by its fields', async () => {
    expect(await kubectl.ok(['get', 'ct', '--field-selector=spec.cronSpec=0 3 * * *', '-o', 'name'])).toBe(
      'crontab.stable.example.com/nightly\n',
    );
    expect(await kubectl.ok('get ct --field-selector=spec.cronSpec=never -o name')).toBe('');
    expect(await kubectl.fails('get ct --field-selector=spec.image=busybox')).toContain(
      'field label not supported: spec.image',
    );
  });

  it('applies, patches and scales it, and writes its status', async () => {
    await kubectl.ok('apply -f -', { input: crontab('applied', { cronSpec: '* * * * *', image: 'one' }) });
    await kubectl.ok('apply -f -', { input: crontab('applied', { cronSpec: '1 * * * *' }) });
    expect(await kubectl.ok('get ct applied -o jsonpath={.spec.cronSpec},{.spec.image}')).toBe(
      '1 * * * *,busybox',
    );
    await kubectl.ok('apply --server-side -f -', { input: crontab('owned', { cronSpec: '* * * * *' }) });
    const conflict = await kubectl.fails('apply --server-side --field-manager=other -f -', {
      input: crontab('owned', { cronSpec: '2 * * * *' }),
    });
    expect(conflict).toContain('.spec.cronSpec');
    await kubectl.ok(['patch', 'ct', 'applied', '--type=merge', '-p', '{"spec":{"replicas":2}}']);
    await kubectl.ok('scale ct/applied --replicas=3');
    expect(await kubectl.ok('get ct applied -o jsonpath={.spec.replicas},{.metadata.generation}')).toBe(
      '3,4',
    );
    const status = '{"status":{"replicas":3,"labelSelector":"app=x"},"spec":{"replicas":9}}';
    await kubectl.ok(['patch', 'ct', 'applied', '--subresource=status', '--type=merge', '-p', status]);
    expect(await kubectl.ok('get ct applied -o jsonpath={.spec.replicas},{.status.replicas}')).toBe('3,3');
    expect(await kubectl.ok('get ct applied --subresource=scale -o jsonpath={.status}')).toBe(
      '{"replicas":3,"selector":"app=x"}',
    );
  });

  it('watches it', async () => {
    const watching = kubectl.start('get ct -w --no-headers');
    const seen = following(watching);
    await expect.poll(() => seen.text()).toContain('nightly');
    await kubectl.ok('create -f -', { input: crontab('late', { cronSpec: '5 5 * * *' }) });
    await expect.poll(() => seen.text()).toMatch(/late\s+5 5 \* \* \*/);
    watching.kill();
  });

  it('removes the objects with the definition', async () => {
    await kubectl.ok('delete crd crontabs.stable.example.com --timeout=20s');
    expect(await kubectl.fails('get ct')).toContain('could not find the requested resource');
    const { resources } = server.server;
    expect(resources.at('stable.example.com', 'v1', 'crontabs')).toBeUndefined();
  });
});
