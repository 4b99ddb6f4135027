import { expect, it } from 'vitest';
import { parseGoUrl } from './go-url.js';

it.each([
  ['https://a.b:1/c?d=e#f', { scheme: 'https', host: 'a.b:1', user: undefined, query: 'd=e', fragment: 'f' }],
  ['HTTPS://u:p@a', { scheme: 'https', host: 'a', user: 'u:p', query: '', fragment: '' }],
  ['', { scheme: '', host: '', user: undefined, query: '', fragment: '' }],
  ['a/b', { scheme: '', host: '', user: undefined, query: '', fragment: '' }],
  [':x', 'parse ":x": missing protocol scheme'],
  ['1.2.3.4:80', 'parse "1.2.3.4:80": first path segment in URL cannot contain colon'],
  ['https://a:x', 'parse "https://a:x": invalid port ":x" after host'],
  ['https://a b', 'parse "https://a b": invalid character " " in host name'],
  ['https://a/%zz', 'parse "https://a/%zz": invalid URL escape "%zz"'],
  ['https://a\n', 'parse "https://a\\n": net/url: invalid control character in URL'],
])('%j is read as by Go', (text, parsed) => {
  expect(parseGoUrl(text)).toEqual(parsed);
});
