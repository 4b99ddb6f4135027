import { readFile, rm } from 'node:fs/promises';
import { hostname as hostHostname } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import {
  ContainerRuntimeError,
  type MemoryDirectory,
  type PodSandboxConfig,
  type PodSandboxStatus,
} from '../container-runtime.js';
import { type Engine, enterNamespaces } from './engine.js';
import { type HostPorts, openHostPorts } from './host-ports.js';
import { type Launched, launch } from './launch.js';
import { connectTo, PortRelay } from './port-relay.js';
import { writeRecord } from './record.js';
import { quote } from './shell.js';

/** What a pod's containers share, held by one sleeping process. */
export class Sandbox {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly directory: string;
  readonly #engine: Engine;
  readonly #createdAt: Date;
  #state: 'ready' | 'notready' = 'notready';
  #address: string | undefined;
  #holder: Launched | undefined;
  #relay: PortRelay | undefined;
  #hostPorts: HostPorts | undefined;
  #stopped: Promise<void> | undefined;

  constructor(engine: Engine, status: Pick<PodSandboxStatus, 'id' | 'config' | 'createdAt'>) {
    this.#engine = engine;
    this.id = status.id;
    this.config = status.config;
    this.#createdAt = status.createdAt;
    this.directory = join(engine.stateDirectory, 'sandboxes', status.id);
  }

  get status(): PodSandboxStatus {
    const { id, config } = this;
    const ips = this.#address === undefined ? [] : [this.#address];
    return { id, state: this.#state, createdAt: this.#createdAt, ips, config };
  }

  get hostname(): string {
    return this.config.hostNetwork === true ? hostHostname() : (this.config.hostname ?? this.config.name);
  }

  /** Files of /etc that are the pod's own. The kubelet may mount others over them. */
  async etc(): Promise<Record<string, string>> {
    const { dns } = this.config;
    return {
      hostname: `${this.hostname}\n`,
      hosts: `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n${
        this.#address === undefined ? '' : `${this.#address}\t${this.hostname}\n`
      }`,
      // The host's is often a link into /run, which containers don't see.
      'resolv.conf':
        dns === undefined ? await readFile('/etc/resolv.conf', 'utf8').catch(noFile) : resolvConf(dns),
    };
  }

  /** The process whose namespaces containers enter. Throws `FailedPrecondition` where the sandbox isn't ready. */
  get holder(): Launched {
    if (this.#holder === undefined || this.#state !== 'ready') {
      throw new ContainerRuntimeError('FailedPrecondition', `pod sandbox ${this.id} is not ready`);
    }
    return this.#holder;
  }

  get namespaces(): { readonly net: boolean; readonly ipc: boolean; readonly uts: boolean } {
    const { hostNetwork, hostIpc } = this.config;
    return {
      net: hostNetwork !== true && this.#engine.network.bridge,
      ipc: hostIpc !== true,
      uts: hostNetwork !== true,
    };
  }

  /** `onEnd` is called when the holding process ends by itself: the sandbox is no longer ready then. */
  async start(onEnd: () => void): Promise<void> {
    const { network, host, tree } = this.#engine;
    const { net, ipc, uts } = this.namespaces;
    try {
      this.#address = this.config.hostNetwork === true ? undefined : await network.allocate();
      const holder = await launch(this.#engine.pipes, {
        enter: [
          ...enterNamespaces(this.#engine, tree.holder.pid, {
            net: false,
            ipc: false,
            uts: false,
            pid: false,
          }),
          ...['unshare', '--mount', '--propagation', 'slave'],
          ...(net ? ['--net'] : []),
          ...(ipc ? ['--ipc'] : []),
          ...(uts ? ['--uts'] : []),
        ],
        script: this.#script(),
        toolPath: host.toolPath,
        marker: this.#engine.marker,
        stdin: true,
        output: false,
      });
      this.#holder = holder;
      void holder.exited.then(() => {
        if (this.#state === 'ready') onEnd();
      });
      await holder.status.expect('made');
      if (net && this.#address !== undefined) await network.connect(holder.pid, this.#address);
      holder.stdin?.write('go\n');
      await holder.status.expect('ready');
      this.#hostPorts = await openHostPorts(this.config.portMappings ?? [], this.#address);
      this.#state = 'ready';
      await this.save();
    } catch (error) {
      await this.stop();
      await rm(this.directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** From now on no container starts here: the first step of a stop. */
  refuseStarts(): void {
    this.#state = 'notready';
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#state = 'notready';
    this.#relay?.close();
    this.#hostPorts?.close();
    if (this.#holder === undefined && this.#address === undefined) return;
    this.#holder?.kill();
    await this.#holder?.exited;
    this.#holder = undefined;
    if (this.#address !== undefined) this.#engine.network.release(this.#address);
    this.#address = undefined;
    await this.save();
  }

  save(): Promise<void> {
    return writeRecord(this.directory, this.status);
  }

  async portForward(port: number): Promise<Duplex> {
    const holder = this.holder;
    if (!this.namespaces.net) return connectTo(this.#address ?? '127.0.0.1', port);
    this.#relay ??= new PortRelay(
      ['nsenter', `--net=/proc/${holder.pid}/ns/net`, '--'],
      { PATH: this.#engine.host.toolPath, KUBEWRIGHT_RUNTIME: this.#engine.marker },
      this.#address,
    );
    return this.#relay.connect(port);
  }

  /** The file of a kernel setting. Only those that are the pod's own: all others are the machine's. */
  #sysctl(name: string): string {
    const { net, ipc } = this.namespaces;
    const path = name.replaceAll('.', '/');
    const own =
      (net && path.startsWith('net/')) || (ipc && /^(kernel\/(shm|msg|sem)|fs\/mqueue\/)/.test(path));
    if (!own || !/^\w[\w-]*(\/[\w-]+)*$/.test(path)) {
      throw new ContainerRuntimeError(
        'InvalidArgument',
        `sysctl ${name} is not one that a pod has for itself here`,
      );
    }
    return join('/proc/sys', path);
  }

  #script(): string {
    const { net, uts } = this.namespaces;
    const { tree, host, network } = this.#engine;
    const { sysctls = {}, hostIpc, memoryDirectories = [] } = this.config;
    const memory = quote(join(tree.root, 'dev/shm'));
    return [
      'exec 3<&- 2>&4',
      'set -e',
      ...(uts ? [`hostname ${quote(this.hostname)}`] : []),
      hostIpc === true
        ? `mount --rbind /dev/shm ${memory}`
        : `mount -t tmpfs -o nosuid,nodev,noexec,size=64m,mode=1777 shm ${memory}`,
      ...(host.privileged
        ? [`mount -t sysfs -o ro,nosuid,nodev,noexec sysfs ${quote(join(tree.root, 'sys'))}`]
        : []),
      ...memoryDirectories.map(mountMemory),
      // Nobody but the pod has these ports, so its unprivileged users may bind them too, as with containerd.
      ...(net ? ['echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start'] : []),
      ...Object.entries(sysctls).map(([name, value]) => `echo ${quote(value)} >${quote(this.#sysctl(name))}`),
      'echo made >&4',
      'read -r go',
      ...(net && this.#address !== undefined
        ? [`ip -batch - <<'END'\n${network.inside(this.#address)}END`]
        : []),
      'echo ready >&4',
      'exec 2>/dev/null 4>&-',
      'read -r end || :',
      '',
    ].join('\n');
  }
}

/** In the pod's mount namespace only: what containers bind from there. */
function mountMemory({ path, sizeLimit, gid }: MemoryDirectory): string {
  const options = [
    ...['nosuid', 'nodev', gid === undefined ? 'mode=0777' : 'mode=2777'],
    ...(sizeLimit === undefined ? [] : [`size=${sizeLimit}`]),
    ...(gid === undefined ? [] : [`gid=${gid}`]),
  ];
  return `mount -t tmpfs -o ${options.join(',')} tmpfs ${quote(path)}`;
}

function resolvConf(dns: NonNullable<PodSandboxConfig['dns']>): string {
  return [
    ...(dns.searches.length > 0 ? [`search ${dns.searches.join(' ')}`] : []),
    ...dns.servers.map((server) => `nameserver ${server}`),
    ...(dns.options.length > 0 ? [`options ${dns.options.join(' ')}`] : []),
    '',
  ].join('\n');
}

function noFile(error: NodeJS.ErrnoException): string {
  if (error.code !== 'ENOENT') throw error;
  return '';
}
