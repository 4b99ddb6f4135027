import { describe, expect, it } from 'vitest';
import { proxiedRedirect, proxyPath } from './proxy-path.js';
import { parseRequestInfo } from './request-info.js';

const own = '/api/v1/namespaces/default/services/web:80/proxy';

describe('the path behind a proxy', () => {
  it.each([
    ['', ''],
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a/b/', '/a/b/'],
    ['/a%2fb', '/a%2fb'],
    ['/a%20b/%C3%A4', '/a%20b/%C3%A4'],
    ['//a///b', '/a/b'],
    ['/a/../b', '/b'],
    ['/../../../secrets', '/secrets'],
    ['/%2e%2e/%2E%2e/x', '/x'],
    ['/./a/./', '/a/'],
    ['/..', '/'],
  ])('of %s is %s', (asked, path) => {
    expect(proxyPath(parseRequestInfo('GET', `${own}${asked}?x=1`))).toBe(path);
  });
});

describe('a redirect', () => {
  it.each([
    ['/login?next=%2F', `${own}/login?next=%2F`],
    ['http://10.0.0.7:8080/a#b', `${own}/a#b`],
    ['http://localhost:6443/a', `${own}/a`],
    [`${own}/a`, `${own}/a`],
    ['next', 'next'],
    ['https://example.dev/a', 'https://example.dev/a'],
    ['//example.dev/a', '//example.dev/a'],
    ['http://[', 'http://['],
  ])('to %s leads to %s', (location, through) => {
    expect(proxiedRedirect(location, own, ['10.0.0.7:8080', 'localhost:6443'])).toBe(through);
  });
});
