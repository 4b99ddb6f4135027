import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { PkiDirectory } from '../auth/pki-directory.js';
import { messageCodec } from '../encoding/message-layout.js';
import { type CallError, status } from './call-error.js';
import { GrpcChannel, type GrpcChannelOptions, type GrpcTls } from './grpc-channel.js';

const text = messageCodec({ text: [1, 'string'] });
const echo = { path: '/test.Echo/Echo', request: text, response: text };
const chat = { path: '/test.Echo/Chat', request: text, response: text };
type Text = ReturnType<typeof text.decode>;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

function channel(port: number, options: GrpcChannelOptions & { tls?: GrpcTls } = {}): GrpcChannel {
  const { tls, ...rest } = options;
  const made = new GrpcChannel({ host: '127.0.0.1', port, ...(tls && { tls }) }, rest);
  closing.push(() => made.close());
  return made;
}

/** A server of another implementation: answers with what it is told, in one message or, for a chat, in each. */
async function echoServer(
  {
    onEcho = (call, answer) => answer(null, call.request),
    onChat = (call) => void call.on('data', (message) => call.write(message)).on('end', () => call.end()),
  }: {
    onEcho?(call: ServerUnaryCall<Text, Text>, answer: sendUnaryData<Text>): void;
    onChat?(call: ServerDuplexStream<Text, Text>): void;
  } = {},
  { port = 0, options = {}, credentials = ServerCredentials.createInsecure() } = {},
): Promise<{ readonly port: number; readonly server: Server }> {
  const server = new Server({ 'grpc.max_receive_message_length': -1, ...options });
  const codec = {
    ...{ requestSerialize: text.encode, requestDeserialize: text.decode },
    ...{ responseSerialize: text.encode, responseDeserialize: text.decode },
  };
  server.addService(
    {
      echo: { path: echo.path, requestStream: false, responseStream: false, ...codec },
      chat: { path: chat.path, requestStream: true, responseStream: true, ...codec },
    },
    { echo: onEcho, chat: onChat },
  );
  closing.push(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => {
      if (error === null) resolve({ port: bound, server });
      else reject(error);
    });
  });
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
const ask = (of: GrpcChannel, word = 'a', timeoutMs = 10_000) =>
  of.unary(echo, { text: word }, { timeoutMs });

test('a call is answered, and many at once, each with its own', async () => {
  const { port } = await echoServer();
  const client = channel(port);
  const words = Array.from({ length: 500 }, (_, index) => `word ${index}`);
  const answers = await Promise.all(words.map((word) => ask(client, word)));
  expect(answers.map((answer) => answer.text)).toEqual(words);
});

test('messages that are larger than any window go through, both ways', async () => {
  const { port } = await echoServer();
  const client = channel(port);
  const large = 'é'.repeat(3_000_000);
  const answers = await Promise.all([ask(client, large), ask(client, 'small'), ask(client, large)]);
  expect(answers.map((answer) => answer.text?.length)).toEqual([3_000_000, 5, 3_000_000]);
});

test('no more calls run at a time than the server takes; the others wait', async () => {
  let running = 0;
  let most = 0;
  const onEcho = (call: ServerUnaryCall<Text, Text>, answer: sendUnaryData<Text>) => {
    most = Math.max(most, ++running);
    setImmediate(() => {
      running--;
      answer(null, call.request);
    });
  };
  const { port } = await echoServer({ onEcho }, { options: { 'grpc.max_concurrent_streams': 3 } });
  const client = channel(port);
  await Promise.all(Array.from({ length: 50 }, () => ask(client)));
  expect(most).toBe(3);
});

test('a refusal has the code and the words of the server', async () => {
  const details = 'etcdserver: 100 % full, señor\n';
  const { port } = await echoServer({ onEcho: (_, answer) => answer({ code: 8, details }) });
  expect(await failure(ask(channel(port)))).toMatchObject({ code: 8, details, unsent: false });
});

test('metadata and the time that is left reach the server', async () => {
  let seen: unknown;
  const onEcho = (call: ServerUnaryCall<Text, Text>, answer: sendUnaryData<Text>) => {
    seen = { ...call.metadata.getMap(), left: Number(call.getDeadline()) - Date.now() };
    answer(null, call.request);
  };
  const { port } = await echoServer({ onEcho });
  await channel(port).unary(echo, {}, { timeoutMs: 5_000, metadata: { token: 'secret.1' } });
  expect(seen).toMatchObject({ token: 'secret.1' });
  expect((seen as { left: number }).left).toBeLessThanOrEqual(5_000);
});

test('a call that takes too long ends, and the server is told', async () => {
  const told = promised<void>();
  const { port } = await echoServer({ onEcho: (call) => void call.on('cancelled', () => told.resolve()) });
  const client = channel(port);
  expect(await failure(ask(client, 'a', 50))).toMatchObject({
    ...{ code: status.deadlineExceeded, details: 'no answer within 50 ms', unsent: false },
  });
  await told.promise;
});

test('a stream brings messages in order until the server is done', async () => {
  const got: (string | undefined)[] = [];
  const ended = promised<unknown>();
  const onChat = (call: ServerDuplexStream<Text, Text>) => {
    call.on('data', ({ text: count }) => {
      for (let i = 0; i < Number(count); i++) call.write({ text: `${i} ${'x'.repeat(5_000)}` });
      call.end();
    });
  };
  const { port } = await echoServer({ onChat });
  const stream = await channel(port).stream(chat, {
    onMessage: (message) => got.push(message.text?.split(' ')[0]),
    onEnd: ended.resolve,
  });
  stream.write({ text: '2000' });
  expect(await ended.promise).toBeUndefined();
  expect(got).toEqual(Array.from({ length: 2000 }, (_, i) => `${i}`));
});

test('a cancelled stream says nothing more, and the server is told', async () => {
  const told = promised<void>();
  const { port } = await echoServer({
    onChat: (call) => {
      call.on('cancelled', () => told.resolve());
      call.on('data', (message) => call.write(message));
    },
  });
  const first = promised<void>();
  let messages = 0;
  const stream = await channel(port).stream(chat, {
    onMessage: () => {
      messages++;
      first.resolve();
    },
    onEnd: () => expect.unreachable(),
  });
  stream.write({ text: 'a' });
  await first.promise;
  stream.cancel();
  await told.promise;
  expect(messages).toBe(1);
});

test('a server that shuts down answers what it has begun; later calls find the next one', async () => {
  const answers: (() => void)[] = [];
  const begun = promised<void>();
  const first = await echoServer({
    onEcho: (call, answer) => {
      answers.push(() => answer(null, call.request));
      begun.resolve();
    },
  });
  const client = channel(first.port);
  const early = ask(client, 'early');
  await begun.promise;
  const down = new Promise<void>((resolve) => first.server.tryShutdown(() => resolve()));
  // It takes no connection any more.
  await expect.poll(() => failure(ask(client, 'late', 1_000))).toMatchObject({ unsent: true });
  for (const answer of answers) answer();
  expect((await early).text).toBe('early');
  await down;
  await echoServer({}, { port: first.port });
  await expect.poll(() => ask(client, 'again').catch(() => undefined)).toEqual({ text: 'again' });
});

test('TLS asks for a certificate of the right authority, on both sides', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kubewright-grpc-'));
  closing.push(() => rmSync(directory, { recursive: true }));
  const [pki, other] = await Promise.all([
    PkiDirectory.open(join(directory, 'pki')),
    PkiDirectory.open(join(directory, 'other')),
  ]);
  const server = await pki.server('server', 'server', ['127.0.0.1']);
  const pem = (value: string) => Buffer.from(value);
  const { port } = await echoServer(
    {},
    {
      credentials: ServerCredentials.createSsl(
        pem(pki.authority.certificate),
        [{ cert_chain: pem(server.certificate), private_key: pem(server.key) }],
        true,
      ),
    },
  );
  const as = async (from: PkiDirectory, ca: PkiDirectory) => {
    const { certificate, key } = await from.client('client', { user: 'me', groups: [] });
    return channel(port, {
      tls: { ca: pem(ca.authority.certificate), certificate: pem(certificate), key: pem(key) },
    });
  };
  expect((await ask(await as(pki, pki), 'hello')).text).toBe('hello');
  const distrusted = await failure(ask(await as(pki, other)));
  expect(distrusted).toMatchObject({ code: status.unavailable, unsent: true });
  expect((distrusted as CallError).details).toMatch(/certificate/);
  const stranger = await failure(ask(await as(other, pki)));
  expect(stranger).toMatchObject({ code: status.unavailable, unsent: true });
  expect(() =>
    channel(port, { tls: { ca: undefined, certificate: pem('none'), key: pem('none') } }),
  ).toThrow();
});

function promised<T>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolved) => {
    resolve = resolved;
  });
  return { promise, resolve: (value) => resolve(value) };
}
