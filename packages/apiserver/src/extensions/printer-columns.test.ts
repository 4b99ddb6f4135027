import type { KubernetesObject } from '@kubewright/api';
import { describe, expect, it } from 'vitest';
import { printerColumns } from './printer-columns.js';

const object = {
  metadata: { name: 'a', labels: { 'x.y': 'label' }, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    text: 'text',
    empty: '',
    nothing: null,
    number: 7,
    fraction: 1.5,
    large: 9007199254740993n,
    yes: true,
    list: ['p', 'q'],
    map: { z: 1, a: [{ c: 1, b: 2 }] },
    items: [
      { n: 1, t: 'a' },
      { n: 2, t: 'b' },
    ],
    time: '2025-12-31T23:00:00Z',
  },
} as KubernetesObject;

const cell = (jsonPath: string, type = 'string') => {
  const [, column] = printerColumns([{ name: 'x', type, jsonPath }]);
  return column?.cell(object, Date.parse('2026-01-01T00:00:00Z'));
};

/** What kube-apiserver 1.36.3 showed of the same object. */
describe('a cell', () => {
  it.each<readonly [path: string, type: string, shown: unknown]>([
    ['.spec.text', 'string', 'text'],
    ['.spec.text', 'integer', null],
    ['.spec.text', 'date', '<invalid>'],
    ['.spec.empty', 'string', ''],
    ['.spec.empty', 'date', '<unknown>'],
    ['.spec.nothing', 'string', '<no value>'],
    ['.spec.missing', 'string', null],
    ['.spec.number', 'string', '7'],
    ['.spec.fraction', 'integer', 1],
    ['.spec.fraction', 'number', 1.5],
    ['.spec.large', 'string', '9007199254740993'],
    ['.spec.large', 'integer', 9007199254740993n],
    ['.spec.yes', 'boolean', true],
    ['.spec.yes', 'string', 'true'],
    ['.spec.list', 'string', '["p","q"]'],
    ['.spec.list[-1]', 'string', 'q'],
    ['.spec.list[9]', 'string', null],
    ['.spec.map', 'string', '{"a":[{"b":2,"c":1}],"z":1}'],
    ['.spec.items[?(@.n>1)].t', 'string', 'b'],
    ['.spec.items[*].n', 'integer', 1],
    ['.spec.time', 'date', '60m'],
    ["..metadata.labels['x\\.y']", 'string', 'label'],
    ['.metadata.labels.x\\.y', 'string', 'label'],
  ])('%s as %s', (path, type, shown) => {
    expect(cell(path, type)).toEqual(shown);
  });

  it('and all after one whose path is none are left out', () => {
    const column = (jsonPath: string) => ({ name: jsonPath, type: 'string', jsonPath });
    const columns = printerColumns([
      column('.spec.text'),
      column('.metadata.labels["x.y"]'),
      column('.spec'),
    ]);
    expect(columns.map(({ name }) => name)).toEqual(['Name', '.spec.text']);
  });
});
