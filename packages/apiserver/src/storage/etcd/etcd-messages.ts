import { type Layout, type MessageOf, messageCodec } from '../../encoding/message-layout.js';
import type { Method } from '../../grpc/grpc-channel.js';

// The part of etcd's v3 API that the engine speaks: names and numbers of fields, as etcd publishes them.

const header = { revision: [3, 'int'] } as const satisfies Layout;

const keyValue = {
  key: [1, 'bytes'],
  createRevision: [2, 'int'],
  modRevision: [3, 'int'],
  version: [4, 'int'],
  value: [5, 'bytes'],
} as const satisfies Layout;

const rangeRequest = {
  key: [1, 'bytes'],
  rangeEnd: [2, 'bytes'],
  limit: [3, 'int'],
  revision: [4, 'int'],
  serializable: [7, 'bool'],
  keysOnly: [8, 'bool'],
  countOnly: [9, 'bool'],
} as const satisfies Layout;

const rangeResponse = {
  header: [1, header],
  kvs: [2, keyValue, 'repeated'],
  more: [3, 'bool'],
  count: [4, 'int'],
} as const satisfies Layout;

/** One of the three is there. */
const operation = {
  range: [1, rangeRequest],
  put: [2, { key: [1, 'bytes'], value: [2, 'bytes'], lease: [3, 'int'] }],
  deleteRange: [3, { key: [1, 'bytes'], rangeEnd: [2, 'bytes'] }],
} as const satisfies Layout;

const txnRequest = {
  compare: [
    1,
    {
      /** 0: equal. */
      result: [1, 'int'],
      target: [2, 'int'],
      key: [3, 'bytes'],
      version: [4, 'int'],
      modRevision: [6, 'int'],
    },
    'repeated',
  ],
  success: [2, operation, 'repeated'],
  failure: [3, operation, 'repeated'],
} as const satisfies Layout;

const txnResponse = {
  header: [1, header],
  succeeded: [2, 'bool'],
  responses: [3, { range: [1, rangeResponse] }, 'repeated'],
} as const satisfies Layout;

const watchRequest = {
  create: [
    1,
    { key: [1, 'bytes'], rangeEnd: [2, 'bytes'], startRevision: [3, 'int'], previous: [6, 'bool'] },
  ],
} as const satisfies Layout;

const watchResponse = {
  header: [1, header],
  created: [3, 'bool'],
  canceled: [4, 'bool'],
  compactRevision: [5, 'int'],
  cancelReason: [6, 'string'],
  events: [11, { type: [1, 'int'], kv: [2, keyValue], previous: [3, keyValue] }, 'repeated'],
} as const satisfies Layout;

export type KeyValue = MessageOf<typeof keyValue>;
export type RangeRequest = MessageOf<typeof rangeRequest>;
export type WatchResponse = MessageOf<typeof watchResponse>;
export type Operation = MessageOf<typeof operation>;

/** What a comparison looks at. */
export const compareVersion = 0;
export const compareModRevision = 2;
/** The type of an event that is a deletion. */
export const deletion = 1;

function method<Request extends Layout, Response extends Layout>(
  path: string,
  request: Request,
  response: Response,
): Method<MessageOf<Request>, MessageOf<Response>> {
  return { path: `/etcdserverpb.${path}`, request: messageCodec(request), response: messageCodec(response) };
}

export const methods = {
  range: method('KV/Range', rangeRequest, rangeResponse),
  txn: method('KV/Txn', txnRequest, txnResponse),
  compact: method('KV/Compact', { revision: [1, 'int'] }, { header: [1, header] }),
  watch: method('Watch/Watch', watchRequest, watchResponse),
  leaseGrant: method('Lease/LeaseGrant', { ttl: [1, 'int'], id: [2, 'int'] }, { id: [2, 'int'] }),
  status: method('Maintenance/Status', {}, { dbSize: [3, 'int'] }),
  authenticate: method(
    'Auth/Authenticate',
    { name: [1, 'string'], password: [2, 'string'] },
    { token: [2, 'string'] },
  ),
};
