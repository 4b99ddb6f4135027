import { type ChildProcess, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { ContainerRuntimeError } from '../container-runtime.js';

/**
 * Makes TCP connections inside another network namespace and hands the open sockets to this process: a Node of its
 * own, started there at the first connection and ended when idle, sends their file descriptors over its channel. The
 * bytes then flow without it.
 */
export class PortRelay {
  readonly #enter: readonly string[];
  readonly #hosts: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  #next = 0;
  readonly #pending = new Map<number, { resolve(socket: Socket): void; reject(error: Error): void }>();

  /**
   * `enter` are the words that lead into the namespace, before a program and its arguments; `address` is the
   * namespace's own, for servers that listen on nothing else.
   */
  constructor(enter: readonly string[], env: NodeJS.ProcessEnv, address: string | undefined) {
    this.#enter = enter;
    this.#hosts = ['127.0.0.1', '::1', ...(address === undefined ? [] : [address])];
    this.#env = env;
  }

  connect(port: number): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const child = this.#child ?? this.#start();
      const id = this.#next++;
      this.#pending.set(id, { resolve, reject });
      this.#keep();
      child.send({ id, port, hosts: this.#hosts });
    });
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#child?.kill('SIGKILL');
  }

  #start(): ChildProcess {
    const [file = '', ...args] = [...this.#enter, process.execPath, '-e', program];
    const child = spawn(file, args, {
      cwd: '/',
      env: this.#env,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child = child;
    const end = (error: Error) => {
      if (this.#child === child) this.#child = undefined;
      for (const { reject } of this.#pending.values()) reject(error);
      this.#pending.clear();
    };
    child.on('error', end);
    child.on('exit', () => end(new ContainerRuntimeError('Unavailable', 'the pod has gone')));
    child.on('message', ({ id, error }: { id: number; error?: string }, socket) => {
      const waiting = this.#pending.get(id);
      this.#pending.delete(id);
      if (waiting === undefined) (socket as Socket | undefined)?.destroy();
      else if (socket === undefined)
        waiting.reject(new ContainerRuntimeError('ConnectionRefused', error ?? 'refused'));
      else {
        (socket as Socket).allowHalfOpen = true;
        waiting.resolve(socket as Socket);
      }
    });
    return child;
  }

  #keep(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#pending.size > 0) return this.#keep();
      this.#child?.kill('SIGKILL');
    }, idleMs);
    this.#idle.unref();
  }
}

const idleMs = 30_000;

/** Localhost as upstream's runtimes mean it, IPv4 first, then IPv6; then the pod's address. */
const program = `
const { connect } = require('node:net');
process.on('disconnect', () => process.exit());
process.on('message', ({ id, port, hosts }) => attempt(id, port, hosts));
function attempt(id, port, [host, ...others], first) {
  const socket = connect({ host, port });
  socket.pause();
  socket.once('error', (error) => {
    if (others.length > 0) attempt(id, port, others, error);
    else process.send({ id, error: (first ?? error).message });
  });
  socket.once('connect', () => process.send({ id }, socket));
}
`;

/** A connection from this process' own network. Rejects with `ConnectionRefused`. */
export function connectTo(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    socket.once('error', (error) => {
      reject(new ContainerRuntimeError('ConnectionRefused', error.message, { cause: error }));
    });
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
