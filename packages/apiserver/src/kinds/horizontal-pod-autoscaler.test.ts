import type { HorizontalPodAutoscaler as V1 } from '@kubewright/api/autoscaling/v1';
import type { HorizontalPodAutoscaler as V2 } from '@kubewright/api/autoscaling/v2';
import { expect, test } from 'vitest';
import { horizontalPodAutoscalerRules as rules } from './horizontal-pod-autoscaler.js';
import { testContext } from './test-context.js';

const metadata = () => ({ name: 'web', namespace: 'default', annotations: { own: 'kept' } });
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const first = rules.otherVersions?.[0];

test('v1 says CPU by a number', () => {
  const object: V1 = {
    metadata: metadata(),
    spec: { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 50 },
  };
  const stored = first?.toStored(object) as V2;
  rules.default?.(stored);
  expect(stored.spec).toEqual({
    scaleTargetRef,
    minReplicas: 1,
    maxReplicas: 3,
    metrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
      },
    ],
  });
  expect(first?.fromStored(stored)).toEqual({ ...object, spec: { ...object.spec, minReplicas: 1 } });
});

test('what v1 can not say goes through annotations and back', () => {
  const stored: V2 = {
    metadata: metadata(),
    spec: {
      scaleTargetRef,
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [
        {
          type: 'Pods',
          pods: { metric: { name: 'qps' }, target: { type: 'AverageValue', averageValue: '10' } },
        },
        {
          type: 'Object',
          object: {
            describedObject: { kind: 'Ingress', name: 'i' },
            metric: { name: 'hits' },
            target: { type: 'Value', value: '2k' },
          },
        },
        {
          type: 'External',
          external: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '5' } },
        },
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } },
        },
      ],
      behavior: {
        scaleDown: { selectPolicy: 'Min', policies: [{ type: 'Percent', value: 10, periodSeconds: 60 }] },
      },
    },
    status: {
      currentReplicas: 2,
      desiredReplicas: 2,
      conditions: [{ type: 'AbleToScale', status: 'True' }],
      currentMetrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '400m' } },
        },
      ],
    },
  };
  const shown = first?.fromStored(stored) as V1;
  expect(shown.spec).toEqual({
    scaleTargetRef,
    minReplicas: 1,
    maxReplicas: 3,
    targetCPUUtilizationPercentage: 60,
  });
  expect(shown.status).toEqual({
    currentReplicas: 2,
    desiredReplicas: 2,
    currentCPUUtilizationPercentage: 40,
  });
  expect(Object.keys(shown.metadata.annotations ?? {}).sort()).toEqual([
    'autoscaling.alpha.kubernetes.io/behavior',
    'autoscaling.alpha.kubernetes.io/conditions',
    'autoscaling.alpha.kubernetes.io/current-metrics',
    'autoscaling.alpha.kubernetes.io/metrics',
    'own',
  ]);
  expect(first?.toStored(JSON.parse(JSON.stringify(shown)) as V1)).toEqual(stored);
});

test('an annotation that is no JSON counts as not there', () => {
  const object: V1 = {
    metadata: { name: 'web', annotations: { 'autoscaling.alpha.kubernetes.io/metrics': '[' } },
    spec: { scaleTargetRef, maxReplicas: 3 },
  };
  const stored = first?.toStored(object) as V2;
  expect(stored.spec.metrics).toHaveLength(1);
});

test('limits are judged as upstream does', () => {
  const object: V2 = {
    metadata: metadata(),
    spec: { scaleTargetRef: { kind: '', name: 'x' }, minReplicas: 5, maxReplicas: 2 },
  };
  rules.default?.(object);
  expect(
    rules.validateCreate?.(object, testContext).map(({ field, message }) => `${field}: ${message}`),
  ).toEqual([
    'spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`',
    'spec.scaleTargetRef.kind: Required value',
    'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
  ]);
});

test('targets show what is and what should be', () => {
  const object: V2 = {
    metadata: metadata(),
    spec: { scaleTargetRef, maxReplicas: 3 },
    status: {
      desiredReplicas: 1,
      currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 12 } } }],
    },
  };
  rules.default?.(object);
  expect(rules.columns?.slice(1, 6).map((column) => column.cell(object, 0))).toEqual([
    'Deployment/web',
    'cpu: 12%/80%',
    '1',
    3,
    0,
  ]);
});
