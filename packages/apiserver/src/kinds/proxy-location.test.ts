import { describe, expect, it } from 'vitest';
import { parseProxyName, portNumber, requireProxyable } from './proxy-location.js';
import { testContext } from './test-context.js';

it.each([
  ['web', { scheme: 'http', name: 'web', port: '' }],
  ['web:80', { scheme: 'http', name: 'web', port: '80' }],
  ['https:web:http', { scheme: 'https', name: 'web', port: 'http' }],
  ['https:web:', { scheme: 'https', name: 'web', port: '' }],
  [':web:80', { scheme: 'http', name: 'web', port: '80' }],
])('%s names a place', (id, place) => {
  expect(parseProxyName(id, 'service')).toEqual(place);
});

it.each(['', ':80', 'ftp:web:80', 'a:b:c:d', 'https::80'])('%s names none', (id) => {
  expect(() => parseProxyName(id, 'service')).toThrow(`invalid service request ${JSON.stringify(id)}`);
});

it.each(['0', '65536', '-1', '1e3', 'http', '8080/'])('%s is no port', (text) => {
  expect(() => portNumber(text)).toThrow('invalid port');
});

describe('an address', () => {
  const loopbackEndpoints = ['127.0.0.1/32', '::1/128', '127.7.0.0/24'];
  const context = {
    namespace: 'default',
    objects: testContext.objects,
    serviceRanges: { ...testContext.serviceRanges, loopbackEndpoints },
  };

  it.each(['10.1.2.3', 'fd00::7', '192.168.1.1', '8.8.8.8', '127.7.0.9'])('%s may be a pod', (address) => {
    expect(() => requireProxyable(address, context)).not.toThrow();
  });

  it.each([
    ...['127.0.0.1', '127.0.0.2', '::1', '0.0.0.0', '::', '169.254.169.254', 'fe80::1', '224.0.0.1'],
    ...['255.255.255.255', '::ffff:127.0.0.1', '::ffff:169.254.169.254', '', 'localhost', '2130706433'],
  ])('%s may not', (address) => {
    expect(() => requireProxyable(address, context)).toThrow('address not allowed');
  });
});
