import { describe, expect, it } from 'vitest';
import { BackOff } from './back-off.js';

describe('BackOff', () => {
  it('lets the first try go at once, then doubles from 10 s to 5 min', () => {
    const backOff = new BackOff();
    let now = 1_000_000;
    const waits: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      const wait = Math.max(0, backOff.remainingMs('a', now, now));
      waits.push(wait / 1000);
      const failedAt = now;
      now += wait;
      backOff.next('a', failedAt);
    }
    expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
  });

  it('counts the delay from the failure', () => {
    const backOff = new BackOff();
    backOff.next('a', 0);
    expect(backOff.remainingMs('a', 5_000, 12_000)).toBe(3_000);
  });

  it('forgets after ten minutes without failure', () => {
    const backOff = new BackOff();
    for (let i = 0; i < 4; i += 1) backOff.next('a', 0);
    expect(backOff.remainingMs('a', 600_001, 600_001)).toBe(0);
    backOff.next('a', 600_001);
    expect(backOff.delayMs('a')).toBe(10_000);
  });

  it('keeps keys apart', () => {
    const backOff = new BackOff();
    backOff.next('a', 0);
    expect(backOff.remainingMs('b', 0, 0)).toBe(0);
  });
});
