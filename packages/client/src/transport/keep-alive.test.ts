import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { keepAlive } from './keep-alive.js';
import { webSocketConnection } from './web-socket-connection.js';

/** Answers pings unless asked not to. */
let answering: WebSocketServer;
let silent: WebSocketServer;
beforeAll(async () => {
  answering = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  silent = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false });
  await Promise.all([once(answering, 'listening'), once(silent, 'listening')]);
});
afterAll(() => {
  answering.close();
  silent.close();
});

async function connectTo(server: WebSocketServer): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await once(socket, 'open');
  return socket;
}

describe('keepAlive', () => {
  it('breaks a connection off whose other side no longer answers', async () => {
    const socket = await connectTo(silent);
    const { messages } = webSocketConnection(socket);
    keepAlive(socket, 5);
    await expect(messages[Symbol.asyncIterator]().next()).rejects.toThrow('the connection broke off');
  });

  it('leaves one alone that answers', async () => {
    const socket = await connectTo(answering);
    keepAlive(socket, 20);
    for (let pongs = 0; pongs < 5; pongs++) await once(socket, 'pong');
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.close();
    await once(socket, 'close');
  });

  it('does not take the answers that our own reader keeps waiting for missing ones', async () => {
    const socket = await connectTo(silent);
    socket.pause();
    keepAlive(socket, 5);
    const other = await connectTo(silent);
    keepAlive(other, 10);
    await once(other, 'close');
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.resume();
    await once(socket, 'close');
  });
});
