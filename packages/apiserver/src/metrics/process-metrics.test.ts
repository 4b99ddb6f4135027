import { expect, it } from 'vitest';
import { addressSpace, octets } from './process-metrics.js';

it('reads the limit of virtual memory', () => {
  const limits = (soft: string) =>
    `Limit                     Soft Limit           Hard Limit           Units\nMax cpu time              unlimited            unlimited            seconds\nMax address space         ${soft}            unlimited            bytes\n`;
  expect(addressSpace(limits('1048576'))).toBe(1_048_576);
  expect(addressSpace(limits('unlimited'))).toBe(2 ** 64);
  expect(addressSpace('')).toBeUndefined();
});

it('finds the numbers of a table by the names above them', () => {
  const netstat = 'TcpExt: A B\nTcpExt: 1 2\nIpExt: InNoRoutes InOctets OutOctets\nIpExt: 0 11 22\n';
  expect(octets(netstat, 'InOctets')).toBe(11);
  expect(octets(netstat, 'OutOctets')).toBe(22);
  expect(octets('', 'InOctets')).toBeUndefined();
  expect(octets(netstat, 'None')).toBeUndefined();
});
