import type { Service } from '@kubewright/api/core/v1';
import type { Endpoint, EndpointSlice } from '@kubewright/api/discovery/v1';
import { VirtualClock } from '@kubewright/client';
import { describe, expect, it } from 'vitest';
import { Balancer } from './balancer.js';
import { frontendKey, frontendsOf, hostPort } from './frontend.js';

const node = { name: 'n1', addresses: ['192.0.2.1'] };

function service(spec: Partial<NonNullable<Service['spec']>>): Service {
  return {
    metadata: { name: 's', namespace: 'default' },
    spec: {
      clusterIP: '10.96.0.5',
      clusterIPs: ['10.96.0.5'],
      ports: [{ port: 80, protocol: 'TCP' }],
      ...spec,
    },
  };
}

function slice(...endpoints: (string | Endpoint)[]): EndpointSlice {
  return {
    metadata: { name: 's-1', namespace: 'default' },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: endpoints.map((one) => (typeof one === 'string' ? { addresses: [one] } : one)),
  };
}

/** Frontends in words: `TCP 10.96.0.5:80 > 10.0.0.1:8080`. */
const words = (thisService: Service, ...slices: EndpointSlice[]) =>
  frontendsOf(thisService, slices, node).map(
    (frontend) => `${frontendKey(frontend)} > ${frontend.backends.map(hostPort).join(' ')}`,
  );

describe('frontendsOf', () => {
  it.each<[string, Service, EndpointSlice[], string[]]>([
    [
      'cluster IP and ready endpoints',
      service({}),
      [slice('10.0.0.1', { addresses: ['10.0.0.2'], conditions: { ready: false } })],
      ['TCP 10.96.0.5:80 > 10.0.0.1:8080'],
    ],
    ['no endpoints', service({}), [], ['TCP 10.96.0.5:80 > ']],
    [
      'endpoints that end, where there are no others',
      service({}),
      [
        slice({ addresses: ['10.0.0.1'], conditions: { ready: false, serving: true, terminating: true } }),
        slice({ addresses: ['10.0.0.2'], conditions: { ready: false, serving: false, terminating: true } }),
      ],
      ['TCP 10.96.0.5:80 > 10.0.0.1:8080'],
    ],
    [
      'node ports',
      service({ type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] }),
      [slice('10.0.0.1')],
      ['TCP 10.96.0.5:80 > 10.0.0.1:8080', 'TCP 192.0.2.1:30080 > 10.0.0.1:8080'],
    ],
    [
      'policies that keep to the node',
      service({ type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }], externalTrafficPolicy: 'Local' }),
      [slice({ addresses: ['10.0.0.1'], nodeName: 'n1' }, { addresses: ['10.0.0.2'], nodeName: 'n2' })],
      ['TCP 10.96.0.5:80 > 10.0.0.1:8080 10.0.0.2:8080', 'TCP 192.0.2.1:30080 > 10.0.0.1:8080'],
    ],
    [
      'internal policy',
      service({ internalTrafficPolicy: 'Local' }),
      [slice({ addresses: ['10.0.0.2'], nodeName: 'n2' })],
      ['TCP 10.96.0.5:80 > '],
    ],
    ['headless', service({ clusterIP: 'None', clusterIPs: ['None'] }), [slice('10.0.0.1')], []],
    ['an external name', service({ type: 'ExternalName' }), [], []],
    [
      'another proxy',
      {
        ...service({}),
        metadata: { name: 's', labels: { 'service.kubernetes.io/service-proxy-name': 'x' } },
      },
      [],
      [],
    ],
    ['SCTP', service({ ports: [{ port: 80, protocol: 'SCTP' }] }), [slice('10.0.0.1')], []],
    [
      'a port of another name',
      service({ ports: [{ name: 'x', port: 80 }] }),
      [slice('10.0.0.1')],
      ['TCP 10.96.0.5:80 > '],
    ],
  ])('%s', (_, thisService, slices, expected) => {
    expect(words(thisService, ...slices)).toEqual(expected);
  });
});

describe('Balancer', () => {
  const backends = [
    { ip: '10.0.0.1', port: 1 },
    { ip: '10.0.0.2', port: 1 },
    { ip: '10.0.0.3', port: 1 },
  ];
  const frontend = { protocol: 'TCP', ip: '10.96.0.5', port: 80, backends } as const;

  it('takes backends in turn', () => {
    const balancer = new Balancer(new VirtualClock());
    balancer.set(frontend);
    expect(Array.from({ length: 4 }, () => balancer.order('c')[0]?.ip)).toEqual([
      '10.0.0.1',
      '10.0.0.2',
      '10.0.0.3',
      '10.0.0.1',
    ]);
  });

  it('keeps a client with its backend until it has been away for long, or the backend is gone', async () => {
    const clock = new VirtualClock();
    const balancer = new Balancer(clock);
    balancer.set({ ...frontend, affinitySeconds: 10 });
    const connect = (client: string) => {
      const [first] = balancer.order(client);
      if (first !== undefined) balancer.sent(client, first);
      return first?.ip;
    };
    const own = connect('c');
    connect('d');
    expect([connect('c'), connect('c')]).toEqual([own, own]);
    await clock.advance(10_001);
    expect(connect('c')).not.toBe(own);
    const next = connect('c');
    balancer.set({ ...frontend, affinitySeconds: 10, backends: backends.filter(({ ip }) => ip !== next) });
    expect(connect('c')).not.toBe(next);
  });
});
