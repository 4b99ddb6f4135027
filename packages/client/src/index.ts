export { type BoundSignal, bindSignal, onAbort } from './abort.js';
export type { ApplyObjectsOptions, ApplyObjectsResult } from './apply-objects.js';
export { Client, type ClientOptions, type VersionInfo } from './client.js';
export { type Clock, sleep, systemClock } from './clock.js';
export { Discovery, type DiscoveryOptions } from './discovery/discovery.js';
export { type ApiResource, kindsOf } from './discovery/kinds-of.js';
export {
  type Indexes,
  Informer,
  type InformerHandlers,
  type InformerOptions,
  withoutManagedFields,
} from './informer/informer.js';
export type { ClientIdentity, ConnectionOptions } from './kubeconfig/connection.js';
export { type Kubeconfig, KubeconfigError, mergeKubeconfigs } from './kubeconfig/kubeconfig.js';
export type { LoadOptions } from './kubeconfig/load.js';
export { connectionOf, loadConnection, loadKubeconfig, parseKubeconfig } from './kubeconfig/on-demand.js';
export { type RenderOptions, renderKubeconfig } from './kubeconfig/render.js';
export type {
  ApplyInput,
  ApplyOptions,
  CallOptions,
  DeepPartial,
  DeleteCollectionOptions,
  DeleteOptions,
  FieldValidation,
  GetOptions,
  IssuedToken,
  JsonPatchOperation,
  ListOptions,
  MergePatch,
  ObjectList,
  ObjectTable,
  SelectorOptions,
  TableColumn,
  TableOptions,
  TableRow,
  TokenOptions,
  WatchOptions,
  WriteOptions,
} from './options.js';
export { parseManifests } from './parse-manifests.js';
export type { PruneOptions } from './prune-objects.js';
export { type AddOptions, WorkQueue, type WorkQueueOptions } from './queue/work-queue.js';
export { type ReadManifestsOptions, readManifests } from './read-manifests.js';
export type { CopyOptions } from './remote/copy.js';
export type {
  AttachOptions,
  ExecOptions,
  ExitStatus,
  OutputChunk,
  ProcessResult,
  RemoteProcess,
} from './remote/exec.js';
export type { LogOptions } from './remote/logs.js';
export type { PortForwardConnection } from './remote/port-forward.js';
export { mediaTypes } from './request/media-types.js';
export { groupVersionPath, type PathParts, type ResourceLocation, resourcePath } from './request/path.js';
export { type ApiCall, Requester, type RequesterOptions, type SentRequest } from './request/requester.js';
export { ResourceClient } from './resource-client.js';
export { type Scale, SubresourceClient } from './subresource-client.js';
export { httpsTransport } from './transport/https.js';
export { type InProcessHandlers, inProcessTransport } from './transport/in-process.js';
export {
  ConnectRefused,
  type ConnectRequest,
  type Transport,
  type TransportConnection,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from './transport/transport.js';
export { webSocketConnection } from './transport/web-socket-connection.js';
export { VirtualClock } from './virtual-clock.js';
export type { WaitOptions } from './wait.js';
export { ObjectCache, objectKey, splitObjectKey } from './watch/object-cache.js';
export { compareResourceVersions } from './watch/resource-version.js';
export type { ObjectEvent } from './watch/watch.js';
export {
  type WatcherEvent,
  type WatcherOptions,
  type WatcherState,
  type WatchSource,
  watchObjects,
} from './watch/watcher.js';
