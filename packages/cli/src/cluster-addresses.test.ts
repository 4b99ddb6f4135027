import { describe, expect, it } from 'vitest';
import { addressesOf, claimAddresses, preferredSlot, rangesOverlap } from './cluster-addresses.js';

describe('addressesOf', () => {
  it('gives pods and services of each slot ranges of their own', () => {
    for (const loopback of [false, true]) {
      const all = Array.from({ length: 256 }, (_, slot) => addressesOf(slot, loopback));
      expect(new Set(all.map(({ podRange }) => podRange)).size).toBe(256);
      expect(new Set(all.map(({ serviceRange }) => serviceRange)).size).toBe(256);
    }
    expect(addressesOf(17, false)).toEqual({
      podRange: '10.244.17.0/24',
      serviceRange: '10.97.16.0/20',
      nodeIP: '10.244.17.1',
      kubernetesIP: '10.97.16.1',
    });
  });

  it('stays inside loopback addresses where it must', () => {
    const { podRange, serviceRange } = addressesOf(255, true);
    expect([podRange, serviceRange]).toEqual(['127.64.255.0/24', '127.143.240.0/20']);
  });
});

describe('claimAddresses', () => {
  it('gives two clusters of one machine different addresses', async () => {
    const directory = `/somewhere/${process.pid}`;
    const options = { directory, known: undefined, loopback: true };
    const one = await claimAddresses(options);
    const other = await claimAddresses(options);
    expect(other.slot).not.toBe(one.slot);
    await Promise.all([one.release(), other.release()]);
    const again = await claimAddresses({ ...options, known: one.slot });
    expect(again.slot).toBe(one.slot);
    await again.release();
  });

  it('refuses the addresses that a directory has where another process has them', async () => {
    const directory = `/elsewhere/${process.pid}`;
    const first = await claimAddresses({ directory, known: undefined, loopback: true });
    const second = claimAddresses({ directory, known: first.slot, loopback: true });
    await expect(second).rejects.toThrow(/in use by another cluster on this machine/);
    await first.release();
  });

  it('asks for the same addresses each time', () => {
    expect(preferredSlot('/a')).toBe(preferredSlot('/a'));
    expect(preferredSlot('/a')).not.toBe(preferredSlot('/b'));
  });
});

describe('rangesOverlap', () => {
  it.each([
    ['10.0.0.0/8', '10.244.3.0/24', true],
    ['10.244.3.7/32', '10.244.3.0/24', true],
    ['10.244.4.0/24', '10.244.3.0/24', false],
    ['192.168.0.0/16', '10.96.0.0/20', false],
    ['0.0.0.0/0', '10.96.0.0/20', true],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(rangesOverlap(a, b)).toBe(expected);
    expect(rangesOverlap(b, a)).toBe(expected);
  });
});
