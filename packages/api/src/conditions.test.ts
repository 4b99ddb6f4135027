import { describe, expect, it } from 'vitest';
import {
  type ConditionLike,
  findCondition,
  isConditionTrue,
  removeCondition,
  setCondition,
} from './conditions.js';
import { formatMicroTime, formatTime, parseTime } from './time.js';

const start = Date.parse('2026-01-02T03:04:05.678Z');

describe('conditions', () => {
  it('move their transition time with the status only', () => {
    const first = setCondition<ConditionLike>(
      undefined,
      { type: 'Ready', status: 'False', reason: 'Starting' },
      start,
    );
    expect(first).toEqual([
      { type: 'Ready', status: 'False', reason: 'Starting', lastTransitionTime: '2026-01-02T03:04:05Z' },
    ]);
    const second = setCondition(first, { type: 'Ready', status: 'False', reason: 'Probing' }, start + 1000);
    expect(second[0]).toMatchObject({ reason: 'Probing', lastTransitionTime: '2026-01-02T03:04:05Z' });
    const third = setCondition(second, { type: 'Ready', status: 'True', reason: 'Probing' }, start + 2000);
    expect(third[0]?.lastTransitionTime).toBe('2026-01-02T03:04:07Z');
    expect(isConditionTrue(third, 'Ready')).toBe(true);
  });

  it('come back unchanged where there is nothing to write', () => {
    const conditions = setCondition<ConditionLike>([], { type: 'Ready', status: 'True' }, start);
    expect(setCondition(conditions, { type: 'Ready', status: 'True' }, start + 5000)).toBe(conditions);
    expect(removeCondition(conditions, 'Other')).toBe(conditions);
    expect(findCondition(removeCondition(conditions, 'Ready'), 'Ready')).toBeUndefined();
  });
});

describe('times', () => {
  it('are printed as Time and MicroTime', () => {
    expect(formatTime(start)).toBe('2026-01-02T03:04:05Z');
    expect(formatMicroTime(start)).toBe('2026-01-02T03:04:05.678000Z');
    expect(formatMicroTime(start + 0.25)).toBe('2026-01-02T03:04:05.678250Z');
  });

  it.each([
    ['2026-01-02T03:04:05Z', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['2026-01-02T03:04:05.678901Z', Date.UTC(2026, 0, 2, 3, 4, 5) + 678.901],
    ['2026-01-02T05:04:05+02:00', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['2026-01-01T22:04:05-05:00', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['2026-02-30T00:00:00Z', undefined],
    ['2026-01-02', undefined],
    ['now', undefined],
  ])('read %s', (text, expected) => {
    expect(parseTime(text)).toBe(expected);
  });
});
