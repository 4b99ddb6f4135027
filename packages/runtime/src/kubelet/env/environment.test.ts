import type { Container, Pod, Service } from '@kubewright/api/core/v1';
import { describe, expect, it } from 'vitest';
import { type ConfigSource, containerEnvironment } from './environment.js';
import { expand } from './expand.js';
import { numeric } from './quantity-number.js';
import { linkedServices, serviceVariables } from './service-variables.js';

const facts = { podIPs: ['10.0.0.9'], hostIPs: ['192.0.2.1'], allocatable: { memory: '2Gi', cpu: '2' } };
const config: ConfigSource = {
  configMap: (name) =>
    name === 'cfg' ? { metadata: { name }, data: { color: 'red', 'not.a.name': 'x' } } : undefined,
  secret: (name) =>
    name === 'sec'
      ? { metadata: { name }, data: { pw: Buffer.from('s3cret').toString('base64') } }
      : undefined,
};
const pod: Pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u1', labels: { app: 'web' } },
  spec: { nodeName: 'n1', serviceAccountName: 'default', containers: [] },
};
const environment = (container: Partial<Container>, services: Record<string, string> = {}) =>
  containerEnvironment(pod, { name: 'c', ...container }, { services, config, facts });

describe('expand', () => {
  it.each([
    ['$(A)', '1'],
    ['$$(A)', '$(A)'],
    ['$(MISSING)', '$(MISSING)'],
    ['a$(A)b$(A)$', 'a1b1$'],
    ['$', '$'],
    ['$$$(A)', '$1'],
  ])('%s becomes %s', (text, expected) => {
    expect(expand(text, { A: '1' })).toBe(expected);
  });
});

describe('containerEnvironment', () => {
  it('lets env win over envFrom, and that over services', () => {
    expect(
      environment(
        { envFrom: [{ configMapRef: { name: 'cfg' } }], env: [{ name: 'color', value: 'blue' }] },
        { color: 'svc', S: '1' },
      ),
    ).toEqual({ S: '1', color: 'blue', 'not.a.name': 'x' });
  });

  it('sees in a value the variables before it and those of services', () => {
    expect(
      environment(
        {
          env: [
            { name: 'A', value: '$(S)-$(B)' },
            { name: 'B', value: '$(A)' },
          ],
        },
        { S: 'svc' },
      ),
    ).toMatchObject({ A: 'svc-$(B)', B: 'svc-$(B)' });
  });

  it('decodes secrets and puts prefixes before names', () => {
    expect(environment({ envFrom: [{ prefix: 'X_', secretRef: { name: 'sec' } }] })).toEqual({
      X_pw: 's3cret',
    });
  });

  it.each([
    ['metadata.name', 'web'],
    ['metadata.namespace', 'shop'],
    ['metadata.uid', 'u1'],
    ["metadata.labels['app']", 'web'],
    ["metadata.annotations['none']", ''],
    ['spec.nodeName', 'n1'],
    ['spec.serviceAccountName', 'default'],
    ['status.podIP', '10.0.0.9'],
    ['status.hostIP', '192.0.2.1'],
  ])('knows the field %s', (fieldPath, expected) => {
    expect(environment({ env: [{ name: 'V', valueFrom: { fieldRef: { fieldPath } } }] })).toEqual({
      V: expected,
    });
  });

  it.each([
    ['limits.memory', '1Mi', '128'],
    ['limits.cpu', '1m', '500'],
    ['limits.cpu', undefined, '1'],
    ['requests.memory', undefined, '0'],
  ])('gives %s in units of %s', (resource, divisor, expected) => {
    expect(
      environment({
        resources: { limits: { memory: '128Mi', cpu: '500m' } },
        env: [{ name: 'V', valueFrom: { resourceFieldRef: { resource, ...(divisor ? { divisor } : {}) } } }],
      }),
    ).toEqual({ V: expected });
  });

  it('takes what the node has where there is no limit', () => {
    expect(
      environment({
        env: [{ name: 'V', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } }],
      }),
    ).toEqual({ V: '2048' });
  });

  it('leaves optional references out that lead nowhere', () => {
    expect(
      environment({
        envFrom: [{ secretRef: { name: 'none', optional: true } }],
        env: [{ name: 'V', valueFrom: { configMapKeyRef: { name: 'cfg', key: 'none', optional: true } } }],
      }),
    ).toEqual({});
  });

  it.each([
    [{ configMapKeyRef: { name: 'none', key: 'k' } }, 'configmap "none" not found'],
    [{ secretKeyRef: { name: 'none', key: 'k' } }, 'secret "none" not found'],
    [{ configMapKeyRef: { name: 'cfg', key: 'k' } }, "couldn't find key k in ConfigMap shop/cfg"],
  ])('refuses %o', (valueFrom, message) => {
    expect(() => environment({ env: [{ name: 'V', valueFrom }] })).toThrow(message);
  });
});

describe('serviceVariables', () => {
  const service: Service = {
    metadata: { name: 'redis-primary', namespace: 'shop' },
    spec: { clusterIP: '10.0.0.11', ports: [{ name: 'main', port: 6379, protocol: 'TCP' }] },
  };

  it('makes the variables that the documentation shows', () => {
    expect(serviceVariables([service])).toEqual({
      REDIS_PRIMARY_SERVICE_HOST: '10.0.0.11',
      REDIS_PRIMARY_SERVICE_PORT: '6379',
      REDIS_PRIMARY_SERVICE_PORT_MAIN: '6379',
      REDIS_PRIMARY_PORT: 'tcp://10.0.0.11:6379',
      REDIS_PRIMARY_PORT_6379_TCP: 'tcp://10.0.0.11:6379',
      REDIS_PRIMARY_PORT_6379_TCP_PROTO: 'tcp',
      REDIS_PRIMARY_PORT_6379_TCP_PORT: '6379',
      REDIS_PRIMARY_PORT_6379_TCP_ADDR: '10.0.0.11',
    });
  });

  it('links services of the namespace where wanted, and the API server always', () => {
    const master: Service = { metadata: { name: 'kubernetes', namespace: 'default' } };
    const other: Service = { metadata: { name: 'other', namespace: 'else' } };
    const names = (enableServiceLinks: boolean) =>
      linkedServices([service, master, other], { namespace: 'shop', enableServiceLinks }).map(
        (one) => one.metadata.name,
      );
    expect(names(true).sort()).toEqual(['kubernetes', 'redis-primary']);
    expect(names(false)).toEqual(['kubernetes']);
  });
});

describe('numeric', () => {
  it.each([
    ['1', 1],
    ['500m', 0.5],
    ['1Ki', 1024],
    ['2G', 2e9],
    ['1e3', 1000],
    ['0.5Gi', 2 ** 29],
  ])('reads %s as %d', (text, expected) => {
    expect(numeric(text)).toBe(expected);
  });
});
