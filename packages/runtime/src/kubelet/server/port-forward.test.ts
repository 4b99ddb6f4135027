import { Duplex, PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { SpdyConnection } from '@kubewright/client/spdy';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forwardOverSpdy } from './port-forward.js';

describe('port-forward over SPDY', () => {
  let client: SpdyConnection;
  let server: SpdyConnection;

  beforeEach(() => {
    const [up, down] = [new PassThrough(), new PassThrough()];
    client = new SpdyConnection(Duplex.from({ readable: down, writable: up }));
    server = forwardOverSpdy(Duplex.from({ readable: up, writable: down }), async (port) => {
      if (port !== 8080) throw new Error('connection refused');
      const echo = new PassThrough();
      return Duplex.from({ readable: echo, writable: echo });
    });
  });
  afterEach(() => {
    client.close();
    server.close();
  });

  async function forward(port: string) {
    const errors = await client.open({ streamtype: 'error', port, requestid: port });
    errors.end();
    return { errors, data: await client.open({ streamtype: 'data', port, requestid: port }) };
  }

  it('carries bytes both ways, to both ends', async () => {
    const { errors, data } = await forward('8080');
    data.write('hello ');
    data.end('world');
    expect(await text(data)).toBe('hello world');
    expect(await text(errors)).toBe('');
  });

  it('tells on the error stream why a port cannot be reached, before the data ends', async () => {
    const { errors, data } = await forward('9');
    let told = '';
    errors.on('data', (chunk: Buffer) => {
      told += chunk.toString();
    });
    expect(await text(data)).toBe('');
    expect(told).toBe('error forwarding port 9 to pod: connection refused');
  });
});
