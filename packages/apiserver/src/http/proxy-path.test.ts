import { describe, expect, it } from 'vitest';
import { proxyPath } from './proxy-path.js';
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
