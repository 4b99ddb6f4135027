/**
 * The client for browsers: everything but files, commands and client certificates, over `fetch` and `WebSocket`. A
 * server must allow the page's origin, or a proxy of the page's own must stand before it.
 */
export { type FetchTransportOptions, fetchTransport } from './browser/fetch-transport.js';
export { Client, type ClientOptions } from './client.js';
export type { Informer, InformerHandlers, InformerOptions } from './informer/informer.js';
export { withoutManagedFields } from './informer/informer.js';
export type { CallOptions, ListOptions, ObjectList, WatchOptions, WriteOptions } from './options.js';
export { parseManifests } from './parse-manifests.js';
export { ResourceClient } from './resource-client.js';
export { type Transport, TransportError } from './transport/transport.js';
