import { describe, expect, it } from 'vitest';
import {
  type Endpoint,
  type MediaType,
  matchRoute,
  negotiate,
  negotiateStream,
  objectRoute,
  statusEndpoint,
} from './negotiate.js';

const builtin: Endpoint = { protobuf: true, transforms: true };
const custom: Endpoint = { protobuf: false, transforms: true };
const protobuf = 'application/vnd.kubernetes.protobuf';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const metadata = `${protobuf};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`;
const short = ({ type, as }: MediaType) => [type, as];

describe('an Accept header', () => {
  it.each<[accept: string | undefined, endpoint: Endpoint, type: string, as: string]>([
    [undefined, builtin, 'application/json', 'object'],
    ['*/*', builtin, 'application/json', 'object'],
    ['application/*', custom, 'application/json', 'object'],
    [protobuf, builtin, protobuf, 'object'],
    [`${protobuf},application/json`, builtin, protobuf, 'object'],
    [`${protobuf},application/json`, custom, 'application/json', 'object'],
    [
      `application/json;q=0.5, application/yaml ; q=0.9, ${protobuf};q=0.1`,
      builtin,
      'application/yaml',
      'object',
    ],
    ['*/*, application/yaml', builtin, 'application/yaml', 'object'],
    [`${table},application/json`, builtin, 'application/json', 'Table'],
    [`${table},application/json`, statusEndpoint, 'application/json', 'object'],
    [`${table.replace('json', 'yaml')}`, builtin, 'application/yaml', 'Table'],
    // A Table has no protobuf form.
    [
      `${table.replace('application/json', protobuf)},application/json`,
      builtin,
      'application/json',
      'object',
    ],
    // The metadata of an object has one, whatever its kind.
    [metadata, custom, protobuf, 'PartialObjectMetadata'],
    ['application/json;as=Table;v=v2;g=meta.k8s.io,application/yaml', builtin, 'application/yaml', 'object'],
    ['application/json;v=v1,application/yaml', builtin, 'application/yaml', 'object'],
    ['application/json;stream=watch', builtin, 'application/json', 'object'],
    ['application/json;stream=other,application/yaml', builtin, 'application/yaml', 'object'],
    ['application/json;charset="utf-8"', builtin, 'application/json', 'object'],
    ['application/json;sv=v1', builtin, 'application/json', 'object'],
  ])('%s', (accept, endpoint, type, as) => {
    expect(short(negotiate(accept, endpoint))).toEqual([type, as]);
  });

  it.each<[accept: string, endpoint: Endpoint]>([
    ['text/html', builtin],
    [protobuf, custom],
    [table.replace('application/json', protobuf), builtin],
    [table, statusEndpoint],
    ['application/json;sv=v1', statusEndpoint],
    // Quotes are part of the value.
    ['application/json;as="Table";v="v1";g="meta.k8s.io"', builtin],
  ])('is refused where nothing fits: %s', (accept, endpoint) => {
    expect(() => negotiate(accept, endpoint)).toThrow(
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
  });

  it.each<[accept: string, produces: readonly string[], named: boolean]>([
    ['', objectRoute, true],
    ['*/*;q=0.1', objectRoute, true],
    ['text/html, application/yaml', objectRoute, true],
    ['application/json;as=Whatever', objectRoute, true],
    ['application/*', objectRoute, false],
    ['*', objectRoute, false],
    ['APPLICATION/JSON', objectRoute, false],
    ['application/yaml', ['application/json'], false],
  ])('%s names what a route produces, or does not', (accept, produces, named) => {
    const match = () => matchRoute(accept, produces);
    if (named) expect(match).not.toThrow();
    else expect(match).toThrow(`406: Not Acceptable\n\nAvailable representations: ${produces.join(', ')}`);
  });

  it('of a watch takes JSON and protobuf alone', () => {
    expect(short(negotiateStream(`${protobuf};stream=watch`, builtin))).toEqual([protobuf, 'object']);
    expect(short(negotiateStream(table, builtin))).toEqual(['application/json', 'Table']);
    expect(() => negotiateStream('application/yaml', builtin)).toThrow(
      'application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
    );
    // What is not acceptable as a list is refused as one.
    expect(() => negotiateStream('text/html', builtin)).toThrow('application/json, application/yaml');
  });
});
