import { defineKind } from '@kubewright/api';
import { expect, it } from 'vitest';
import { headReader } from '../cache/head.js';
import { WatchCache } from '../cache/watch-cache.js';
import { kindRules } from '../kinds/typescript-kind.js';
import { MemoryStorage } from '../storage/memory.js';
import { Resource } from './resource.js';
import { ResourceTable } from './resource-table.js';

const Widget = defineKind({
  group: 'example.dev',
  version: 'v1',
  kind: 'Widget',
  schema: { type: 'object' } as const,
});

it('kinds come and go, and each change is another generation', async () => {
  const cache = await WatchCache.open(new MemoryStorage(), () => undefined);
  const widgets = new Resource(kindRules(Widget), (prefix) => cache.resource(prefix, headReader([])));
  const table = new ResourceTable();
  table.add(widgets);
  const { generation } = table;
  expect(table.at('example.dev', 'v1', 'widgets')?.resource).toBe(widgets);
  expect(table.has('example.dev', 'v1', 'Widget')).toBe(true);
  expect(() => table.add(widgets)).toThrow('widgets of example.dev/v1 is served already');

  table.remove(widgets);
  expect(table.generation).toBeGreaterThan(generation);
  expect(table.at('example.dev', 'v1', 'widgets')).toBeUndefined();
  expect(table.served()).toEqual([]);

  table.add(new Resource(kindRules(Widget), () => widgets.cache));
  table.add(new Resource(kindRules({ ...Widget, version: 'v2' }), () => widgets.cache));
  expect(table.served()).toHaveLength(2);
  expect(table.resources()).toHaveLength(1);
  cache.close();
});
