import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Event, Service } from '@kubewright/api/core/v1';
import { EndpointSlice } from '@kubewright/api/discovery/v1';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi } from '../testing/fake-api.js';
import { type ServiceProxy, startProxy } from './proxy.js';

/** Addresses of the loopback network that no other test takes. */
const clusterIP = '127.77.3.1';
const backendIPs = ['127.77.4.1', '127.77.4.2', '127.77.4.3'];

describe('the proxy', () => {
  let api: FakeApi;
  let proxy: ServiceProxy;
  let port: number;
  const closing: (() => void)[] = [];

  beforeEach(async () => {
    api = new FakeApi();
    proxy = await startProxy(api.client(), {
      logger: pino({ level: 'silent' }),
      nodeName: 'n1',
      nodeIPs: ['127.77.5.1'],
      serviceRange: '127.77.3.0/24',
    });
    port = await freePort();
  });
  afterEach(async () => {
    await proxy.close();
    for (const close of closing.splice(0)) close();
  });

  /** A port that is free on the cluster IP. */
  async function freePort(): Promise<number> {
    const server = createServer().listen(0, clusterIP);
    await once(server, 'listening');
    const { port: free } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return free;
  }

  /** Answers each connection with the server's address, and then with what it hears. */
  async function serve(ip: string): Promise<Server> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => socket.destroy());
      socket.write(`${ip} `);
      socket.pipe(socket);
    }).listen(port, ip);
    closing.push(() => server.close());
    await once(server, 'listening');
    return server;
  }
  function put(
    ips: readonly string[],
    more: Partial<NonNullable<Service['spec']>> = {},
    protocol = 'TCP',
  ): void {
    api.put(Service, {
      metadata: { name: 's', namespace: 'default' },
      spec: { clusterIP, clusterIPs: [clusterIP], ports: [{ port, protocol }], ...more },
    });
    api.put(EndpointSlice, {
      metadata: { name: 's-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 's' } },
      addressType: 'IPv4',
      ports: [{ name: '', port, protocol }],
      endpoints: ips.map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
    });
  }
  async function dial(ip = clusterIP): Promise<Socket> {
    const socket = connect({ host: ip, port, allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  }
  /** What a connection answers in the end to this text. */
  async function ask(text = '', ip = clusterIP): Promise<string> {
    const socket = await dial(ip);
    socket.end(text);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    return answer;
  }
  /** Asks until the answer fits: what the proxy learns, it learns a moment later. */
  async function eventually<T>(attempt: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
    for (;;) {
      const value = await attempt().catch(() => undefined);
      if (value !== undefined && fits(value)) return value;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('spreads connections over the endpoints, and carries both directions to their ends', async () => {
    await Promise.all(backendIPs.map(serve));
    put(backendIPs);
    await eventually(ask, () => true);
    const answers = await Promise.all([ask('hello'), ask('hello'), ask('hello')]);
    expect(answers.sort()).toEqual(backendIPs.map((ip) => `${ip} hello`));
  });

  it('passes over an endpoint that does not answer', async () => {
    await serve('127.77.4.2');
    put(['127.77.4.1', '127.77.4.2']);
    await eventually(ask, () => true);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(Array(3).fill('127.77.4.2 '));
  });

  it('refuses connections where there is no endpoint, and lets those go on that there are', async () => {
    await serve('127.77.4.1');
    put(['127.77.4.1']);
    await eventually(ask, () => true);
    const old = await dial();
    await once(old, 'data');
    put([]);
    await eventually(
      () =>
        dial().then(
          () => 'open',
          (error: NodeJS.ErrnoException) => error.code ?? '',
        ),
      (code) => code === 'ECONNREFUSED',
    );
    old.end('still there');
    const [chunk] = (await once(old, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('still there');
  });

  it('keeps a client with its endpoint where the Service asks for that', async () => {
    await Promise.all(backendIPs.map(serve));
    put(backendIPs, { sessionAffinity: 'ClientIP' });
    const first = await eventually(ask, () => true);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([first, first, first]);
  });

  it('does not go round in circles', async () => {
    put([clusterIP]);
    const answer = await eventually(
      () => ask().catch((error: NodeJS.ErrnoException) => error.code ?? ''),
      (code) => code !== 'ECONNREFUSED',
    );
    expect(['', 'ECONNRESET']).toContain(answer);
  });

  it('serves node ports', async () => {
    await serve('127.77.4.1');
    put(['127.77.4.1'], { type: 'NodePort', ports: [{ port: 1, nodePort: port }] });
    api.put(EndpointSlice, {
      metadata: { name: 's-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 's' } },
      addressType: 'IPv4',
      ports: [{ name: '', port }],
      endpoints: [{ addresses: ['127.77.4.1'] }],
    });
    expect(
      await eventually(
        () => ask('x', '127.77.5.1'),
        () => true,
      ),
    ).toBe('127.77.4.1 x');
  });

  it('tells of a port that it cannot have', async () => {
    const taken = createServer().listen(port, clusterIP);
    closing.push(() => taken.close());
    await once(taken, 'listening');
    put(['127.77.4.1']);
    await api.until(() => api.list(Event).length > 0);
    const [event] = api.list(Event);
    expect(event).toMatchObject({ type: 'Warning', reason: 'FailedToListen', involvedObject: { name: 's' } });
    expect(event?.message).toContain('the port is in use; stop the process');
  });

  it('forwards UDP, each client to one endpoint', async () => {
    for (const ip of backendIPs) {
      const server = createSocket('udp4');
      server.on('message', (packet, from) => server.send(`${ip} ${packet}`, from.port, from.address));
      server.bind(port, ip);
      closing.push(() => server.close());
      await once(server, 'listening');
    }
    put(backendIPs, {}, 'UDP');
    await eventually(
      () => Promise.resolve(proxy.frontends),
      (frontends) => frontends.length === 1,
    );
    const client: UdpSocket = createSocket('udp4');
    closing.push(() => client.close());
    const exchange = async (text: string) => {
      client.send(text, port, clusterIP);
      const [packet] = (await once(client, 'message')) as [Buffer];
      return packet.toString();
    };
    const first = (await exchange('a')).split(' ')[0];
    expect([await exchange('b'), await exchange('c')]).toEqual([`${first} b`, `${first} c`]);
  });

  it('stops serving what is gone', async () => {
    await serve('127.77.4.1');
    put(['127.77.4.1']);
    await eventually(ask, () => true);
    api.remove(Service, 's', 'default');
    await eventually(
      () => Promise.resolve(proxy.frontends),
      (frontends) => frontends.length === 0,
    );
    await expect(dial()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
