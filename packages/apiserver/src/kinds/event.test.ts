import type { Event } from '@kubewright/api/core/v1';
import { describe, expect, it } from 'vitest';
import { validateEvent, validateNewEvent, validateRewrittenEvent } from './event-validation.js';

const modern: Event = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'a', namespace: 'default' },
  involvedObject: { kind: 'Pod', namespace: 'default', name: 'web' },
  eventTime: '2026-01-01T00:00:00.000000Z',
  reportingComponent: 'example.dev/controller',
  reportingInstance: 'controller-0',
  action: 'Started',
  reason: 'Start',
  type: 'Normal',
};

const told = (errors: readonly { field: string; message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`);

describe('events', () => {
  it.each<[object, string[]]>([
    [{}, []],
    [{ reportingComponent: '' }, ['reportingController: Required value']],
    [{ action: 'é'.repeat(65) }, ['action: Invalid value: "": can have at most 128 characters']],
    [{ message: 'x'.repeat(1025) }, ['message: Invalid value: "": can have at most 1024 characters']],
    [
      { eventTime: undefined, involvedObject: { namespace: 'other' } },
      ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
    ],
  ])('%o are told %o', (change, expected) => {
    expect(told(validateEvent({ ...modern, ...change } as Event, true)).slice(0, 1)).toEqual(expected);
  });

  it('name the reporter as their version does', () => {
    const event = { ...modern, reportingComponent: '' };
    expect(told(validateEvent(event, false))[0]).toBe('reportingComponent: Required value');
  });
});

describe('new events of events.k8s.io', () => {
  it.each<[object, string[]]>([
    [{}, []],
    [{ eventTime: undefined }, ['eventTime: Required value']],
    [{ type: 'Odd' }, ['type: Invalid value: "": has invalid value: Odd']],
    [
      { count: 1, source: { host: 'h' } },
      ['count: Invalid value: "": needs to be unset', 'source: Invalid value: "": needs to be unset'],
    ],
    [{ firstTimestamp: '2026-01-01T00:00:00Z' }, ['firstTimestamp: Invalid value: "": needs to be unset']],
    [
      { series: { count: 1 } },
      ['series.count: Invalid value: "": should be at least 2', 'series.lastObservedTime: Required value'],
    ],
  ])('with %o are told %o', (change, expected) => {
    expect(told(validateNewEvent({ ...modern, ...change } as Event))).toEqual(expected);
  });
});

describe('rewritten events of events.k8s.io', () => {
  it.each<[object, string[]]>([
    [{ series: { count: 2, lastObservedTime: '2026-01-01T00:01:00.000000Z' } }, []],
    [{ type: 'Warning' }, ['type: Invalid value: "Warning": field is immutable']],
    [{ reportingInstance: 'b' }, ['reportingInstance: Invalid value: "b": field is immutable']],
    [{ reportingComponent: 'b' }, ['reportingController: Invalid value: "b": field is immutable']],
  ])('with %o are told %o', (change, expected) => {
    expect(told(validateRewrittenEvent({ ...modern, ...change } as Event, modern))).toEqual(expected);
  });
});
