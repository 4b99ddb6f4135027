import { parseFieldSelector, parseLabelSelector } from '@kubewright/api';
import { describe, expect, test } from 'vitest';
import { Change } from './cache-event.js';
import { requiredFields, requiredLabels, type Selection, selects, transition } from './selection.js';

const name = { namespace: 'default', name: 'web' };
const head = {
  labels: { app: 'web', tier: 'front' },
  fields: { 'spec.nodeName': 'n1', 'status.phase': 'Running' },
};

test.each([
  { before: false, after: false, type: undefined },
  { before: false, after: true, type: 'ADDED' },
  { before: true, after: true, type: 'MODIFIED' },
  { before: true, after: false, type: 'DELETED' },
])(
  'an object that is selected before: $before, after: $after is $type to the watcher',
  ({ before, after, type }) => {
    expect(transition(before, after)).toBe(type);
  },
);

test.each([
  { labels: '', fields: '', selected: true },
  { labels: 'app=web', fields: '', selected: true },
  { labels: 'app in (web),tier!=back', fields: 'spec.nodeName=n1', selected: true },
  { labels: 'app=web', fields: 'spec.nodeName=n2', selected: false },
  { labels: '!app', fields: '', selected: false },
  { labels: '', fields: 'metadata.name=web,metadata.namespace=default', selected: true },
  { labels: '', fields: 'metadata.name!=web', selected: false },
  { labels: '', fields: 'status.phase!=Failed', selected: true },
])('labels "$labels" and fields "$fields" select: $selected', ({ labels, fields, selected }) => {
  expect(selects(selection(labels, fields), name, head)).toBe(selected);
});

test('only what must be equal is required', () => {
  expect(requiredLabels(selection('a=1,b in (2),c in (3,4),d!=5,e'))).toEqual([
    ['a', '1'],
    ['b', '2'],
  ]);
  expect(requiredFields(selection('', 'x=1,y!=2'))).toEqual([['x', '1']]);
});

describe('a change seen through a selection', () => {
  const side = (app: string, text: string) => ({
    bytes: Buffer.from(text),
    head: { labels: { app }, fields: {} },
  });
  const change = (before: string | undefined, after: string | undefined) =>
    new Change({
      key: '/registry/pods/default/web',
      name,
      revision: 9,
      before: before === undefined ? undefined : side(before, 'old'),
      after: after === undefined ? undefined : side(after, 'new'),
    });
  test.each([
    { before: undefined, after: 'web', event: 'ADDED new' },
    { before: 'web', after: 'web', event: 'MODIFIED new' },
    { before: 'web', after: undefined, event: 'DELETED old' },
    { before: 'web', after: 'db', event: 'DELETED old' },
    { before: 'db', after: 'web', event: 'ADDED new' },
    { before: 'db', after: 'db', event: undefined },
    { before: undefined, after: 'db', event: undefined },
    { before: 'db', after: undefined, event: undefined },
  ])('from $before to $after is $event at the revision of the change', ({ before, after, event }) => {
    const seen = change(before, after).seenThrough(selection('app=web'));
    expect(seen && `${seen.type} ${seen.bytes}`).toBe(event);
    expect(seen?.revision).toBe(event === undefined ? undefined : 9);
  });

  test('is one event for all who see it the same way, and each form of it is made once', () => {
    const moved = change('web', 'db');
    const left = moved.seenThrough(selection('app=web'));
    expect(moved.seenThrough(selection('app!=db'))).toBe(left);
    expect(moved.seenThrough(selection(''))?.type).toBe('MODIFIED');
    let made = 0;
    const make = () => Buffer.from(`${++made}`);
    expect(left?.encoded('json', make)).toBe(left?.encoded('json', make));
    expect(left?.encoded('protobuf', make).toString()).toBe('2');
    expect(made).toBe(2);
  });
});

function selection(labels: string, fields = ''): Selection {
  return { labels: parseLabelSelector(labels), fields: parseFieldSelector(fields) };
}
