import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import {
  ApiServer,
  type HealthCheck,
  type HttpsListener,
  type HttpsOptions,
  makeDirectory,
  PkiDirectory,
} from '@kubewright/apiserver';
import { loadKubeconfig, renderKubeconfig } from '@kubewright/client';
import type { Logger } from 'pino';
import { type ClusterAddresses, withServiceRange } from '../cluster-addresses.js';
import { CommandError } from '../command-error.js';
import type { DataDirectory } from '../data-directory.js';
import { writePrivate } from '../private-file.js';
import { type AdmissionFlags, admissionOptions } from './admission.js';
import { aggregatorOptions, openFrontProxyPki } from './aggregator.js';
import { type AuditFlags, auditOptions } from './audit.js';
import {
  type AuthenticationFlags,
  authenticationOptions,
  loadTokenKeys,
  signingKeyPem,
} from './authentication.js';
import { authorityRenewal } from './authority-renewal.js';
import { type AuthorizationFlags, authorizationOptions } from './authorization.js';
import { follow, listenerCertificates, type TransportFlags, transportOptions } from './certificates.js';
import { joinCluster } from './cluster-material.js';
import type { ClusterPlace } from './cluster-place.js';
import { type EncryptionFlags, openEncryption } from './encryption.js';
import { type FlowControlFlags, flowControlOptions } from './flow-control.js';
import { followConfigurations } from './followed-configuration.js';
import { openSharedPki } from './shared-pki.js';
import { openStorage, type StorageFlags } from './storage.js';

export interface ApiServerComponentOptions {
  /** Let go of with the server, also with one that does not start. */
  readonly place: ClusterPlace;
  readonly bindAddress: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Where the admin's kubeconfig goes. @default `kubeconfig` in the data directory */
  readonly kubeconfig?: string | undefined;
  readonly storage: StorageFlags;
  readonly authorization: AuthorizationFlags;
  /** Where the servers of one cluster have their CA and token keys in common. @default each its own */
  readonly pkiDirectory?: string | undefined;
  /** With what a server of a cluster over etcd gets what its servers have in common. @default in the data directory */
  readonly joinTokenFile?: string | undefined;
  /** Of cluster IPs; the same for all servers of a cluster. @default the cluster's, else the data directory's own */
  readonly serviceRange?: string | undefined;
  readonly audit: AuditFlags;
  readonly flowControl: FlowControlFlags;
  readonly nodeName: string;
  readonly logger: Logger;
  readonly authentication: AuthenticationFlags;
  /** Signs tokens, in PEM, where the data directory has no key yet. @default one is made */
  readonly firstTokenKey?: Promise<string> | undefined;
  readonly encryption: EncryptionFlags;
  readonly transport: TransportFlags;
  readonly admission: AdmissionFlags;
  /** How the parts of the control plane do that run beside it. @default there are none */
  readonly components?: readonly HealthCheck[];
  /** What `/flagz` shows. */
  readonly flags: Readonly<Record<string, string>>;
}

/** A running API server and what others need to reach it. */
export interface ApiServerComponent {
  readonly server: ApiServer;
  readonly data: DataDirectory;
  readonly pki: PkiDirectory;
  readonly addresses: ClusterAddresses;
  /** The private key that signs tokens, in PEM. */
  readonly serviceAccountKey: string;
  /** `https://127.0.0.1:6443` */
  readonly url: string;
  /** The admin's. */
  readonly kubeconfig: string;
  /** Serves pods of this machine, too, once the node's address is there: at it, and through the Service `kubernetes`. */
  serveNode(): Promise<void>;
  close(): Promise<void>;
}

/** A server at another port is one of several on its machine. */
const customaryPort = 6443;

/** Whom the API server's CA vouches for, with the user and the groups that Kubernetes gives each. */
const componentUsers = {
  'controller-manager': { user: 'system:kube-controller-manager', groups: [] },
  scheduler: { user: 'system:kube-scheduler', groups: [] },
  proxy: { user: 'system:kube-proxy', groups: [] },
} as const;

/** Serves a data directory over TLS; writes a kubeconfig for the admin and for each component. */
export async function startApiServerComponent(
  options: ApiServerComponentOptions,
): Promise<ApiServerComponent> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const { place } = options;
    closers.push(() => place.release());
    const { data } = place;
    const storage = await openStorage(options.storage, { directory: data.store, logger: options.logger });
    closers.push(() => storage.close());
    // Others may share the store; where they share files instead, those are it.
    const isAlone = options.storage.storage.engine !== 'etcd' || options.pkiDirectory !== undefined;
    const {
      serviceRange: ownRange = place.addresses.serviceRange,
      joinTokenFile: tokenFile,
      logger,
    } = options;
    const cluster = isAlone
      ? undefined
      : await joinCluster({ storage, data, tokenFile, serviceRange: ownRange });
    const pki =
      options.pkiDirectory === undefined
        ? await PkiDirectory.open(data.pki)
        : await openSharedPki(options.pkiDirectory, data.pki);
    const tokenKeys = loadTokenKeys(options.authentication, pki, options.firstTokenKey);
    closers.push(async () => void (await Promise.allSettled([tokenKeys.loaded])));
    const frontProxies = await openFrontProxyPki(data.pki);
    const renewAuthorities = authorityRenewal({
      ...{ pki, frontProxies, cluster },
      ...{ directory: data.pki, shared: options.pkiDirectory },
    });
    await renewAuthorities();
    const serviceRange = options.serviceRange ?? cluster?.serviceRange;
    const addresses =
      serviceRange === undefined ? place.addresses : withServiceRange(place.addresses, serviceRange);
    const encrypting = await openEncryption(options.encryption, { cluster, logger });
    closers.push(async () => encrypting?.close());
    const readCertificates = () =>
      listenerCertificates(options.transport, pki, servingHosts(options.bindAddress, addresses));
    const kubeletClient = async () => ({
      ...(await pki.client('apiserver-kubelet-client', {
        user: 'kube-apiserver-kubelet-client',
        groups: ['system:masters'],
      })),
      ca: pki.trusted,
    });
    const [authentication, admission, audit, certificates, toKubelets, toServers] = await Promise.all([
      authenticationOptions({ ...options.authentication, ...options.authorization }, tokenKeys.now),
      admissionOptions(options.admission),
      auditOptions(options.audit),
      readCertificates(),
      kubeletClient(),
      aggregatorOptions(frontProxies),
    ]);
    const [kubelet, aggregator] = [{ ...toKubelets }, { ...toServers }];
    const authorization = await authorizationOptions(options.authorization);
    const flowControl = flowControlOptions(options.flowControl);
    const server = await ApiServer.start({
      storage,
      logger: options.logger,
      timeToLiveSeconds: options.storage.eventTtl,
      ...admission,
      serviceRanges: {
        clusterIPs: [addresses.serviceRange],
        nodePorts: { from: 30_000, to: 32_767 },
        // The server itself may be bound to nothing else, and the Service `kubernetes` leads to it.
        loopbackEndpoints: ['127.0.0.1/32', '::1/128', ...(place.loopback ? [addresses.podRange] : [])],
      },
      authorization,
      ...(audit === undefined ? {} : { audit }),
      kubelet,
      ...(encrypting === undefined ? {} : { encryption: encrypting.encryption }),
      ...(flowControl === undefined ? {} : { flowControl }),
      authentication,
      aggregator,
      flags: options.flags,
      ...(options.components === undefined ? {} : { components: options.components }),
      ...(options.port === 0 ? {} : { advertised: hostPort(options.bindAddress, options.port) }),
    });
    closers.push(() => server.close(1_000));
    const stopConfigurations = await followConfigurations(
      server,
      { ...options.authentication, ...options.authorization },
      logger,
    );
    closers.push(async () => stopConfigurations());
    const serviceAccountKey = signingKeyPem(await tokenKeys.loaded);
    const listeners: HttpsListener[] = [];
    let current = certificates;
    const listenAt = async (address: { readonly bindAddress: string; readonly port: number }) => {
      const started = await listen(server, { ...current, ...transportOptions(options.transport) }, address);
      listeners.push(started);
      return started;
    };
    const listener = await listenAt(options);
    const url = `https://${hostPort(options.bindAddress, listener.port)}`;
    const kubeconfig = options.kubeconfig === undefined ? data.kubeconfig : resolve(options.kubeconfig);
    await server.publishAuthorities(certificates);
    const writeAll = () => writeKubeconfigs({ data, pki, url, kubeconfig, nodeName: options.nodeName });
    await writeAll();
    const stopFollowing = follow(
      async () => {
        await renewAuthorities();
        return {
          listener: await readCertificates(),
          kubelet: await kubeletClient(),
          aggregator: await aggregatorOptions(frontProxies),
        };
      },
      {
        current: { listener: certificates, kubelet: toKubelets, aggregator: toServers },
        apply: async (renewed) => {
          current = renewed.listener;
          for (const each of listeners) each.replace(current);
          Object.assign(kubelet, renewed.kubelet);
          Object.assign(aggregator, renewed.aggregator);
          await server.publishAuthorities(current);
          await writeAll();
        },
        what: 'certificates',
        logger: options.logger,
      },
    );
    closers.push(async () => stopFollowing());
    // An ordinary user's proxy may not listen on the customary port.
    const servicePort = place.loopback ? 6443 : 443;
    const serveNode = async () => {
      const { nodeIP } = addresses;
      const { port } = isWildcard(options.bindAddress)
        ? listener
        : await listenAt({ bindAddress: nodeIP, port: listener.port });
      await server.advertise({ address: nodeIP, port, servicePort });
    };
    const host = hostname().toLowerCase();
    await server.identify(host, listener.port === customaryPort ? host : `${host}:${listener.port}`);
    await server.advertise({ address: reachable(options.bindAddress), port: listener.port, servicePort });
    return { server, data, pki, addresses, serviceAccountKey, url, kubeconfig, serveNode, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listen(
  server: ApiServer,
  tls: Omit<HttpsOptions, 'host' | 'port'>,
  { bindAddress, port }: { readonly bindAddress: string; readonly port: number },
): Promise<HttpsListener> {
  try {
    return await server.listen({ ...tls, host: bindAddress, port });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new CommandError(
        `port ${port} of ${bindAddress} is in use: take another with --port, or any free one with --port 0`,
        { cause },
      );
    if (code === 'EACCES')
      throw new CommandError(`port ${port} needs root: take one from 1024 on with --port`, { cause });
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new CommandError(`--bind-address ${bindAddress}: this machine has no such address`, { cause });
    throw cause;
  }
}

function servingHosts(bindAddress: string, { kubernetesIP, nodeIP }: ClusterAddresses): string[] {
  const own = isWildcard(bindAddress) ? [] : [bindAddress];
  const names = ['localhost', '127.0.0.1', '::1', hostname().toLowerCase(), kubernetesIP, nodeIP];
  const service = 'kubernetes.default.svc';
  const inCluster = ['kubernetes', 'kubernetes.default', service, `${service}.cluster.local`];
  return [...new Set([...own, ...names, ...inCluster])];
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** An address at which this machine's clients reach a listener. */
function reachable(bindAddress: string): string {
  return isWildcard(bindAddress) || bindAddress === 'localhost' ? '127.0.0.1' : bindAddress;
}

function hostPort(bindAddress: string, port: number): string {
  const host = reachable(bindAddress);
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function writeKubeconfigs(options: {
  readonly data: DataDirectory;
  readonly pki: PkiDirectory;
  readonly url: string;
  readonly kubeconfig: string;
  readonly nodeName: string;
}): Promise<void> {
  const { data, pki, url, kubeconfig, nodeName } = options;
  const write = async (file: string, pair: string, user: string, groups: readonly string[]) => {
    const { certificate, key } = await pki.client(pair, { user, groups });
    const text = renderKubeconfig({
      name: 'kubewright',
      user,
      server: url,
      ca: pki.trusted,
      clientCertificate: certificate,
      clientKey: key,
    });
    await writePrivate(file, text);
  };
  if (kubeconfig !== data.kubeconfig) await mayReplace(kubeconfig);
  await Promise.all([
    write(kubeconfig, 'admin', 'kubernetes-admin', ['system:masters']),
    write(data.kubeconfigOf('kubelet'), `kubelet-client-${nodeName}`, `system:node:${nodeName}`, [
      'system:nodes',
    ]),
    ...Object.entries(componentUsers).map(([name, { user, groups }]) =>
      write(data.kubeconfigOf(name), name, user, groups),
    ),
  ]);
}

/** A kubeconfig with other clusters in it is somebody's own: it is not written over. */
async function mayReplace(file: string): Promise<void> {
  await makeDirectory(dirname(file), 0o755);
  let known: Awaited<ReturnType<typeof loadKubeconfig>>;
  try {
    known = await loadKubeconfig({ path: file });
  } catch (error) {
    if (error instanceof Error && error.message.endsWith('there is no such file')) return;
    throw error;
  }
  if (known === undefined) return;
  const others = [...known.clusters.keys()].filter((name) => name !== 'kubewright');
  if (others.length > 0)
    throw new CommandError(
      `${file} has other clusters in it (${others.join(', ')}) and is not written over: take another file for --kubeconfig`,
    );
}
