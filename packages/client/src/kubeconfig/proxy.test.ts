import { describe, expect, it } from 'vitest';
import { proxyFromEnvironment } from './proxy.js';

const proxied = (server: string, noProxy: string) =>
  proxyFromEnvironment(server, { HTTPS_PROXY: 'http://p:3128', NO_PROXY: noProxy }) !== undefined;

describe('proxyFromEnvironment', () => {
  it('takes the variable of the scheme, in either case', () => {
    expect(proxyFromEnvironment('https://api.example', { https_proxy: 'socks5://p' })).toBe('socks5://p');
    expect(proxyFromEnvironment('http://api.example', { HTTPS_PROXY: 'http://p' })).toBeUndefined();
    expect(proxyFromEnvironment('http://api.example', { HTTP_PROXY: 'p:3128' })).toBe('http://p:3128');
    expect(() => proxyFromEnvironment('https://api.example', { HTTPS_PROXY: 'ftp://p' })).toThrow(
      'HTTPS_PROXY must be',
    );
  });

  it.each([
    ['https://api.example', '', true],
    ['https://api.example', '*', false],
    ['https://api.example', 'other, example', false],
    ['https://api.example', '.example', false],
    ['https://example', '.example', true],
    ['https://notexample', 'example', true],
    ['https://api.example:6443', 'api.example:6443', false],
    ['https://api.example:6443', 'api.example:443', true],
    ['https://10.1.2.3', '10.0.0.0/8', false],
    ['https://11.1.2.3', '10.0.0.0/8', true],
    ['https://[fd00::1]:6443', 'fd00::/16', false],
    ['https://10.1.2.3', '10.1.2.3', false],
    ['https://127.0.0.9', '', false],
    ['https://localhost', '', false],
  ])('%s with NO_PROXY=%s: %s', (server, noProxy, expected) => {
    expect(proxied(server, noProxy)).toBe(expected);
  });
});
