import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Where etcd is, or undefined where it is not: tests that need it say so and are skipped (`apt-get install etcd-server`). */
export const etcdPath = (process.env.PATH ?? '')
  .split(delimiter)
  .map((directory) => join(directory, 'etcd'))
  .find((file) => existsSync(file));

export interface EtcdOptions {
  /** @default 1 */
  readonly members?: number;
  /** More of etcd's own flags. */
  readonly flags?: readonly string[];
  /** Files of the client side of TLS, in PEM; the endpoints are https then. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
  /** Where each member runs, and what its command begins with there. @default all on loopback */
  readonly hosts?: readonly { readonly address: string; readonly prefix: readonly string[] }[];
}

/** One running member. */
export interface EtcdMember {
  readonly endpoint: string;
  readonly pid: number;
  readonly peerPort: number;
  /** Sends a signal: SIGSTOP, SIGCONT, SIGKILL. */
  signal(signal: NodeJS.Signals): void;
  /** Starts it again on its data, after a SIGKILL. */
  restart(): Promise<void>;
}

export interface Etcd {
  readonly endpoints: readonly string[];
  readonly members: readonly EtcdMember[];
  close(): Promise<void>;
}

/** Starts a cluster of etcd with a directory of its own. Resolves when it answers. */
export async function startEtcd({ members = 1, flags = [], tls, hosts }: EtcdOptions = {}): Promise<Etcd> {
  if (etcdPath === undefined) throw new Error('there is no etcd on the PATH');
  const etcd = etcdPath;
  const directory = mkdtempSync(join(tmpdir(), 'kubewright-etcd-'));
  const ports = await freePorts(members * 2);
  const scheme = tls === undefined ? 'http' : 'https';
  const host = (i: number) => hosts?.[i]?.address ?? '127.0.0.1';
  const cluster = Array.from({ length: members }, (_, i) => `m${i}=http://${host(i)}:${ports[members + i]}`);
  const processes: (ChildProcess | undefined)[] = [];
  const start = (i: number) => {
    const endpoint = `${scheme}://${host(i)}:${ports[i]}`;
    const peer = `http://${host(i)}:${ports[members + i]}`;
    const args = [
      ...['--name', `m${i}`, '--data-dir', join(directory, `m${i}`), '--initial-cluster', cluster.join(',')],
      ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...[
        '--logger',
        'zap',
        '--log-level',
        'fatal',
        '--heartbeat-interval',
        '50',
        '--election-timeout',
        '500',
      ],
      ...(tls === undefined
        ? []
        : [
            '--cert-file',
            tls.cert,
            '--key-file',
            tls.key,
            '--trusted-ca-file',
            tls.ca,
            '--client-cert-auth',
          ]),
      ...flags,
    ];
    const [program = etcd, ...rest] = [...(hosts?.[i]?.prefix ?? []), etcd, ...args];
    processes[i] = spawn(program, rest, { stdio: ['ignore', 'ignore', 'inherit'] });
  };
  const close = async () => {
    for (const process of processes) {
      if (process === undefined || process.exitCode !== null || process.signalCode !== null) continue;
      const exited = once(process, 'exit');
      process.kill('SIGKILL');
      process.kill('SIGCONT');
      await exited;
    }
    rmSync(directory, { recursive: true, force: true });
  };
  for (let i = 0; i < members; i++) start(i);
  const endpoints = Array.from({ length: members }, (_, i) => `${scheme}://${host(i)}:${ports[i]}`);
  try {
    await Promise.all(endpoints.map(listening));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    endpoints,
    close,
    members: endpoints.map((endpoint, i) => ({
      endpoint,
      peerPort: ports[members + i] ?? 0,
      get pid() {
        return processes[i]?.pid ?? 0;
      },
      signal: (signal) => void processes[i]?.kill(signal),
      restart: async () => {
        const process = processes[i];
        if (process?.exitCode === null && process.signalCode === null) await once(process, 'exit');
        start(i);
        await listening(endpoint);
      },
    })),
  };
}

/** etcdctl, against a cluster. */
export function etcdctl(etcd: Etcd, ...args: string[]): string {
  return execFileSync('etcdctl', ['--endpoints', etcd.endpoints.join(','), ...args], {
    env: { ...process.env, ETCDCTL_API: '3' },
    encoding: 'utf8',
  });
}

async function listening(endpoint: string): Promise<void> {
  const { host } = new URL(endpoint);
  const until = Date.now() + 20_000;
  for (;;) {
    const answer = await fetch(`http://${host}/health`).then(
      (response) => response.ok,
      // A server of TLS cuts a plain request off: it is there.
      (error) => /ECONNRESET|other side closed|Parse Error|parse error/i.test(String(error.cause)),
    );
    if (answer) return;
    if (Date.now() > until) throw new Error(`etcd at ${endpoint} does not answer`);
    await delay(20);
  }
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await once(server.listen(0, '127.0.0.1'), 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
