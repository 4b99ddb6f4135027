import { describe, expect, it } from 'vitest';
import { anonymousUser } from '../auth/user.js';
import { parseRequestInfo } from '../http/request-info.js';
import { defaultFlowSchemas, defaultPriorityLevels } from './default-objects.js';
import { compareSchemas, matchesSchema } from './match-flow-schema.js';
import { allotSeats, type FlowRequest, PriorityLevel } from './priority-level.js';
import { dealHand } from './shuffle-shard.js';

const who = { user: anonymousUser, info: parseRequestInfo('GET', '/api') };

describe('which schema a request is of', () => {
  const ordered = defaultFlowSchemas().sort(compareSchemas);
  const cases: readonly [string, string[], string, string, string][] = [
    ['admin', ['system:masters', 'system:authenticated'], 'DELETE', '/api/v1/namespaces/a', 'exempt'],
    ['system:anonymous', ['system:unauthenticated'], 'GET', '/healthz', 'probes'],
    ['jane', ['system:authenticated'], 'GET', '/livez/ping', 'probes'],
    [
      'system:kube-scheduler',
      ['system:authenticated'],
      'PUT',
      '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler',
      'system-leader-election',
    ],
    ['system:kube-scheduler', ['system:authenticated'], 'GET', '/api/v1/pods', 'kube-scheduler'],
    ['system:node:a', ['system:nodes'], 'PATCH', '/api/v1/nodes/a/status', 'system-node-high'],
    ['system:node:a', ['system:nodes'], 'GET', '/api/v1/pods', 'system-nodes'],
    [
      'system:serviceaccount:kube-system:x',
      ['system:serviceaccounts'],
      'GET',
      '/api/v1/pods',
      'kube-system-service-accounts',
    ],
    ['system:serviceaccount:web:x', ['system:serviceaccounts'], 'GET', '/api/v1/pods', 'service-accounts'],
    ['jane', ['system:authenticated'], 'GET', '/api/v1/namespaces/a/pods', 'global-default'],
    ['jane', ['other'], 'GET', '/api/v1/namespaces/a/pods', 'none'],
  ];
  for (const [name, groups, method, path, schema] of cases)
    it(`${method} ${path} by ${name}: ${schema}`, () => {
      const info = parseRequestInfo(method, path);
      const found = ordered.find((one) => matchesSchema(one, { name, groups }, info));
      expect(found?.metadata.name ?? 'none').toBe(schema);
    });
});

describe('shuffle sharding', () => {
  it('deals different queues, always the same to a flow', () => {
    for (let i = 0; i < 200; i++) {
      const hand = dealHand(`flow ${i}`, 64, 6);
      expect(new Set(hand).size).toBe(6);
      expect(Math.max(...hand)).toBeLessThan(64);
      expect(dealHand(`flow ${i}`, 64, 6)).toEqual(hand);
    }
  });

  it('uses all queues alike', () => {
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 4000; i++)
      for (const card of dealHand(`f${i}`, 16, 4)) counts[card] = (counts[card] ?? 0) + 1;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe('a level', () => {
  const levels = new Map(
    defaultPriorityLevels().map((one) => [one.metadata.name ?? '', new PriorityLevel(one)]),
  );
  const specs = new Map(defaultPriorityLevels().map((one) => [one.metadata.name ?? '', one]));
  allotSeats(levels, specs, 600);

  it('has the seats that upstream gives it', () => {
    const nominal = Object.fromEntries([...levels].map(([name, level]) => [name, level.nominal]));
    // As upstream's apiserver_flowcontrol_nominal_limit_seats with its defaults.
    expect(nominal).toEqual({
      exempt: 0,
      'catch-all': 13,
      system: 74,
      'node-high': 98,
      'leader-election': 25,
      'workload-high': 98,
      'workload-low': 245,
      'global-default': 49,
    });
    expect(levels.get('workload-low')?.lendable).toBe(221);
  });

  it('lets flows take turns, however many requests one of them has', () => {
    const level = levels.get('global-default') as PriorityLevel;
    const request = (distinguisher: string): FlowRequest => ({
      level,
      schema: 'global-default',
      distinguisher,
      seats: 1,
      arrivedAt: 0,
      isWatch: false,
      ...who,
    });
    for (let i = 0; i < 200; i++) level.enqueue(request('greedy'));
    level.enqueue(request('modest'));
    const order = Array.from({ length: 10 }, () => level.take()?.distinguisher);
    expect(order).toContain('modest');
  });

  it('refuses what finds its queues full', () => {
    const level = new PriorityLevel(specs.get('leader-election') as never);
    let taken = 0;
    while (
      level.enqueue({
        level,
        schema: 's',
        distinguisher: 'u',
        seats: 1,
        arrivedAt: 0,
        isWatch: false,
        ...who,
      })
    )
      taken++;
    expect(taken).toBe(4 * 50);
  });
});
