import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { ExecSession, TerminalSize } from '../../container/container-runtime.js';
import { joinStreams, streamRequest } from './command-streams.js';
import { commandProtocols, parseSize, websocketStreams } from './websocket-command.js';

describe('streamRequest', () => {
  it.each([
    ['stdin=true&stdout=true&stderr=true', { stdin: true, stdout: true, stderr: true, tty: false }],
    ['input=1&output=1&error=1', { stdin: true, stdout: true, stderr: true, tty: false }],
    ['stdout=true&stderr=true&tty=true', { stdin: false, stdout: true, stderr: false, tty: true }],
  ])('reads %s', (query, expected) => {
    expect(streamRequest(new URLSearchParams(query))).toEqual(expected);
  });
});

describe('parseSize', () => {
  it.each([
    ['{"Width":80,"Height":24}', { columns: 80, rows: 24 }],
    ['{"Width":0,"Height":24}', undefined],
    ['nonsense', undefined],
  ])('reads %s', (text, expected) => {
    expect(parseSize(Buffer.from(text))).toEqual(expected);
  });
});

describe('a command over a WebSocket', () => {
  let server: Server;
  let client: WebSocket;
  const sizes: TerminalSize[] = [];

  /** A command that answers what it reads in capitals, and exits with 3. */
  function shout(): ExecSession {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    stdin.on('data', (chunk: Buffer) => stdout.write(chunk.toString().toUpperCase()));
    const exitCode = once(stdin, 'end').then(() => {
      stderr.end('bye');
      stdout.end();
      return 3;
    });
    return {
      stdin,
      stdout,
      stderr,
      exitCode,
      resize: (size) => sizes.push(size),
      close: () => stdin.end(),
    };
  }

  beforeEach(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => {
      const request = { stdin: true, stdout: true, stderr: true, tty: false, protocol: commandProtocols[0] };
      void joinStreams(shout(), websocketStreams(socket, request));
    });
    client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, commandProtocols[0]);
  });
  afterEach(async () => {
    client.terminate();
    server.closeAllConnections();
    server.close();
  });

  it('carries each stream on its channel, and the exit code at the end', async () => {
    const channels = new Map<number, string>();
    client.on('message', (data: Buffer) => {
      channels.set(data[0]!, (channels.get(data[0]!) ?? '') + data.toString('utf8', 1));
    });
    await once(client, 'open');
    client.send(Buffer.from('\x04{"Width":100,"Height":30}'));
    client.send(Buffer.from('\x00hello'));
    client.send(Buffer.from([255, 0]));
    const [code] = (await once(client, 'close')) as [number];
    expect(code).toBe(1000);
    expect(channels.get(1)).toBe('HELLO');
    expect(channels.get(2)).toBe('bye');
    expect(JSON.parse(channels.get(3) ?? '')).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    });
    expect(sizes).toEqual([{ columns: 100, rows: 30 }]);
  });
});
