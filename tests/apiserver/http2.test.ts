import { once } from 'node:events';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { PkiDirectory } from '@kubewright/apiserver';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Credentials, startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
let admin: Credentials;
let session: ClientHttp2Session;
const sessions: ClientHttp2Session[] = [];

beforeEach(async () => {
  server = await startTlsServer();
  const pki = await PkiDirectory.open(join(server.directory, 'pki'));
  admin = await pki.client('h2', { user: 'somebody', groups: ['system:masters'] });
  session = open(admin);
});
afterEach(async () => {
  for (const one of sessions.splice(0)) one.destroy();
  await server.close();
});

function open(credentials: Credentials | undefined): ClientHttp2Session {
  const pair = credentials === undefined ? {} : { cert: credentials.certificate, key: credentials.key };
  const one = connect(`https://127.0.0.1:${server.port}`, { ca: server.ca, ...pair });
  one.on('error', () => one.destroy());
  sessions.push(one);
  return one;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function ask(headers: Record<string, string>, body?: string, over = session): Promise<Answer> {
  const stream = over.request(headers);
  const answered = once(stream, 'response');
  stream.end(body);
  const [received] = (await answered) as [IncomingHttpHeaders & { ':status'?: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: received[':status'], headers: received, body: Buffer.concat(chunks) };
}

const text = ({ body }: Answer) => JSON.parse(body.toString('utf8'));
const maps = '/api/v1/namespaces/default/configmaps';
const create = (name: string) =>
  ask(
    { ':method': 'POST', ':path': maps, 'content-type': 'application/json' },
    JSON.stringify({ metadata: { name } }),
  );

describe('HTTP/2 on the port of HTTP/1.1', () => {
  it('creates, reads and lists as the subject of the certificate', async () => {
    expect((await create('a')).status).toBe(201);
    const read = await ask({ ':path': `${maps}/a` });
    expect(read.headers['content-type']).toBe('application/json');
    expect(text(read).metadata.name).toBe('a');
    const overHttp1 = await server.send({ path: maps });
    expect(text(await ask({ ':path': maps }))).toEqual(overHttp1.json());
    expect((await ask({ ':path': maps }, undefined, open(undefined))).status).toBe(401);
  });

  it('answers a HEAD without a body, and says how long that would be', async () => {
    const head = await ask({ ':method': 'HEAD', ':path': '/openapi/v3' });
    expect(head.status).toBe(200);
    expect(head.body.length).toBe(0);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(0);
  });

  it('refuses a body that is too large, and goes on', async () => {
    const headers = { ':method': 'POST', ':path': maps, 'content-type': 'application/json' };
    const refused = await ask(headers, JSON.stringify({ data: { a: 'x'.repeat(3_200_000) } }));
    expect([refused.status, text(refused).reason]).toEqual([413, 'RequestEntityTooLarge']);
    expect((await create('after')).status).toBe(201);
  });

  it('refuses too many bytes of headers, and goes on', async () => {
    const stream = session.request({ ':path': '/version', 'x-long': 'x'.repeat(1_200_000) });
    await expect(once(stream, 'response')).rejects.toThrow('NGHTTP2_REFUSED_STREAM');
    expect((await ask({ ':path': '/version' }, undefined, open(admin))).status).toBe(200);
  });

  it('takes many requests at a time on one connection', async () => {
    const answers = await Promise.all(Array.from({ length: 300 }, () => ask({ ':path': '/version' })));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  });

  it('compresses what is large', async () => {
    const answer = await ask({ ':path': '/openapi/v3/api/v1', 'accept-encoding': 'gzip' });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(answer.body).toString()).openapi).toBe('3.0.0');
  });

  it('ends a watch that its client cancels, and no other', async () => {
    const watch = () => session.request({ ':path': `${maps}?watch=true&resourceVersion=0` });
    const [left, stays] = [watch(), watch()];
    await Promise.all([once(left, 'response'), once(stays, 'response')]);
    left.close();
    await once(left, 'close');
    const event = once(stays, 'data');
    await create('seen');
    const [line] = (await event) as [Buffer];
    expect(JSON.parse(line.toString())).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap' } });
    stays.close();
  });

  it('ends watches and tells clients to go elsewhere when the server closes', async () => {
    const watch = session.request({ ':path': `${maps}?watch=true` });
    await once(watch, 'response');
    watch.resume();
    const goaway = once(session, 'goaway');
    const ended = once(watch, 'end');
    const closed = server.server.close(5000);
    await Promise.all([goaway, ended, closed]);
    expect(watch.rstCode).toBe(0);
  });
});
