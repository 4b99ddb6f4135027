import { describe, expect, it } from 'vitest';
import { AddressPool, parseRange, rangesOverlap } from './address-pool.js';

describe('AddressPool', () => {
  it('hands out every address but the network, the gateway and the broadcast one', () => {
    const pool = new AddressPool('10.1.2.8/29');
    expect(pool.gateway).toBe('10.1.2.9');
    const all = Array.from({ length: 5 }, () => pool.allocate());
    expect(all).toEqual(['10.1.2.10', '10.1.2.11', '10.1.2.12', '10.1.2.13', '10.1.2.14']);
    expect(pool.allocate()).toBeUndefined();
  });

  it('uses a released address only after all others, also in a later life', () => {
    const pool = new AddressPool('10.1.2.0/29', '10.1.2.3');
    expect(pool.allocate()).toBe('10.1.2.4');
    pool.release('10.1.2.4');
    expect([pool.allocate(), pool.allocate(), pool.allocate()]).toEqual(['10.1.2.5', '10.1.2.6', '10.1.2.2']);
  });

  it('starts anew where the last address is of another range', () => {
    expect(new AddressPool('10.1.2.0/24', '10.9.9.9').allocate()).toBe('10.1.2.2');
  });

  it.each(['', '10.0.0.0', '10.0.0.0/33', '10.0.0/8', '300.0.0.0/8', 'fd00::/64', '10.0.0.0/30'])(
    'refuses %j as a pod range',
    (cidr) => expect(() => new AddressPool(cidr)).toThrow(RangeError),
  );
});

it('tells whether ranges overlap', () => {
  const overlap = (a: string, b: string) => rangesOverlap(parseRange(a), parseRange(b));
  expect(overlap('10.0.0.0/8', '10.244.3.0/24')).toBe(true);
  expect(overlap('10.244.3.0/24', '10.244.4.0/24')).toBe(false);
  expect(overlap('10.244.3.77/24', '10.244.3.0/32')).toBe(true);
});
