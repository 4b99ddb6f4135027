import { Pod } from '@kubewright/api/core/v1';
import { describe, expect, it } from 'vitest';
import { Client } from '../client.js';
import { inProcessTransport } from '../transport/in-process.js';
import type { ConnectRequest, TransportConnection } from '../transport/transport.js';
import { VirtualClock } from '../virtual-clock.js';
import { BoundedQueue } from './bounded-queue.js';

const frame = (channel: number, data: string | Uint8Array) =>
  Uint8Array.of(channel, ...(typeof data === 'string' ? new TextEncoder().encode(data) : data));

/** A server whose connections take one protocol, echo to the test, and send what it pushes. */
function server(protocol: string) {
  const clock = new VirtualClock();
  const requests: ConnectRequest[] = [];
  const sent: Uint8Array[] = [];
  const messages = new BoundedQueue<Uint8Array>(Number.POSITIVE_INFINITY);
  let isClosed = false;
  let end: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    end = resolve;
  });
  const connection: TransportConnection = {
    protocol,
    messages,
    closed,
    send: async (message) => {
      if (isClosed) throw new Error('WebSocket is not open');
      sent.push(message.slice());
    },
    close() {
      isClosed = true;
      messages.end();
      end();
    },
  };
  const client = new Client(
    inProcessTransport({
      handle: async () => {
        throw new Error('there are streams only');
      },
      connect: async (request) => {
        requests.push(request);
        return connection;
      },
    }),
    { clock },
  );
  return {
    clock,
    requests,
    sent,
    push: (message: Uint8Array) => messages.push(message),
    hangUp: () => messages.end(),
    closed: () => isClosed,
    pods: client.resource(Pod).namespace('web'),
  };
}

describe('a remote process', () => {
  it('speaks version 4 with an older server, which can not be told the end of the input', async () => {
    const { pods, requests, sent, push, hangUp } = server('v4.channel.k8s.io');
    const process = await pods.exec('a', { command: ['cat'], stdin: true });
    expect(requests[0]?.protocols).toEqual(['v5.channel.k8s.io', 'v4.channel.k8s.io']);
    expect(process.canEnd).toBe(false);
    await expect(process.end()).rejects.toThrow('v4.channel.k8s.io can not end the standard input');
    await process.write('in');
    expect(sent).toEqual([frame(0, 'in')]);
    push(frame(1, 'out'));
    push(frame(2, 'err'));
    push(
      frame(
        3,
        '{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}',
      ),
    );
    hangUp();
    expect(await process.result()).toMatchObject({ stdout: 'out', stderr: 'err', code: 3 });
  });

  it('ends with its deadline, whether or not its output is read', async () => {
    const { pods, clock, closed } = server('v5.channel.k8s.io');
    const process = await pods.exec('a', { command: ['sleep', 'inf'], timeoutMs: 1000 });
    const exit = expect(process.exit).rejects.toMatchObject({ name: 'TimeoutError' });
    await clock.advance(1000);
    await exit;
    await expect(process.result()).rejects.toThrow('did not end within 1000 ms');
    expect(closed()).toBe(true);
  });

  it('says with a write that comes too late why it did', async () => {
    for (const [status, fault] of [
      ['{"status":"Failure","reason":"InternalError","code":500,"message":"no such host"}', 'no such host'],
      ['{"status":"Success"}', 'the process has ended with code 0'],
    ] as const) {
      const { pods, push, hangUp } = server('v5.channel.k8s.io');
      const process = await pods.exec('a', { command: ['cat'], stdin: true });
      push(frame(3, status));
      hangUp();
      await process.exit.catch(() => undefined);
      await expect(process.write('late')).rejects.toThrow(fault);
    }
  });

  it('ends with its signal', async () => {
    const { pods, closed } = server('v5.channel.k8s.io');
    const ending = new AbortController();
    const process = await pods.attach('a', { signal: ending.signal });
    ending.abort(new Error('over'));
    await expect(process.exit).rejects.toThrow('over');
    expect(closed()).toBe(true);
  });
});

describe('forwarded ports', () => {
  it('share one connection, and fail one by one', async () => {
    const { pods, requests, sent, push, hangUp } = server('v4.channel.k8s.io');
    const [web, debug] = await pods.portForwards('a', [80, 9229]);
    if (web === undefined || debug === undefined) throw new Error('a port is missing');
    expect(requests[0]?.query?.getAll('ports')).toEqual(['80', '9229']);
    for (const [channel, port] of [80, 80, 9229, 9229].entries())
      push(frame(channel, Uint8Array.of(port & 255, port >> 8)));
    await web.write(Buffer.from('to web'));
    await debug.write(Buffer.from('to debug'));
    expect(sent).toEqual([frame(0, 'to web'), frame(2, 'to debug')]);
    push(frame(3, 'refused'));
    push(frame(0, 'from web'));
    await expect(debug.output[Symbol.asyncIterator]().next()).rejects.toThrow('port 9229: refused');
    const output = web.output[Symbol.asyncIterator]();
    expect(Buffer.from((await output.next()).value ?? []).toString()).toBe('from web');
    hangUp();
    expect((await output.next()).done).toBe(true);
    await expect(pods.portForward('a', 0)).rejects.toThrow(TypeError);
  });
});
