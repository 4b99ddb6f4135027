import type { Event } from '@kubewright/api/core/v1';
import { describe, expect, it } from 'vitest';
import { EventCorrelator } from './event-correlator.js';

const now = 1_700_000_000_000;
const occurrence = (message: string, name = 'a'): Event => ({
  metadata: { name: `${name}.1`, namespace: 'default' },
  involvedObject: { kind: 'Pod', namespace: 'default', name, uid: name },
  source: { component: 'test' },
  type: 'Normal',
  reason: 'Odd',
  message,
  count: 1,
});

describe('the correlator of events', () => {
  it('counts what happens again', () => {
    const correlator = new EventCorrelator();
    expect(correlator.correlate(occurrence('x'), now)).toMatchObject({ type: 'create', event: { count: 1 } });
    expect(correlator.correlate(occurrence('x'), now + 60_000)).toMatchObject({
      type: 'count',
      event: { count: 2, metadata: { name: 'a.1' }, lastTimestamp: '2023-11-14T22:14:20Z' },
    });
    expect(correlator.correlate(occurrence('y'), now)).toMatchObject({ type: 'create' });
    expect(correlator.correlate(occurrence('x', 'b'), now)).toMatchObject({ type: 'create' });
  });

  it('makes one of many that are alike', () => {
    const correlator = new EventCorrelator();
    for (let index = 0; index < 10; index++)
      expect(correlator.correlate(occurrence(`m${index}`), now)?.type).toBe('create');
    expect(correlator.correlate(occurrence('m10'), now)).toMatchObject({
      type: 'create',
      event: { message: '(combined from similar events): m10' },
    });
    expect(correlator.correlate(occurrence('m11'), now)).toMatchObject({
      type: 'count',
      event: { count: 2, message: '(combined from similar events): m11' },
    });
    expect(correlator.correlate(occurrence('m12'), now + 601_000)).toMatchObject({
      event: { message: 'm12' },
    });
  });

  it('cuts off who talks too much about one object, and lets a word through every five minutes', () => {
    const correlator = new EventCorrelator();
    const said = Array.from({ length: 40 }, () => correlator.correlate(occurrence('x'), now)).filter(
      (write) => write !== undefined,
    );
    expect(said).toHaveLength(25);
    expect(correlator.correlate(occurrence('x', 'b'), now)).toBeDefined();
    expect(correlator.correlate(occurrence('x'), now + 299_000)).toBeUndefined();
    expect(correlator.correlate(occurrence('x'), now + 300_000)).toBeDefined();
  });
});
