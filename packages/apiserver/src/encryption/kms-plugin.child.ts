/**
 * A KMS plugin of its own: holds a key, encrypts with it over gRPC on a socket, and takes another key when it is told
 * to. It counts what it is asked for.
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { messageCodec } from '../encoding/message-layout.js';

const [socket = ''] = process.argv.slice(2);
const keys = new Map<string, Buffer>();
let current = newKey();
const calls = { Status: 0, Encrypt: 0, Decrypt: 0 };

function newKey(): string {
  const id = `kms-key-${keys.size + 1}`;
  keys.set(id, randomBytes(32));
  return id;
}

function seal(plain: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keys.get(current) ?? Buffer.alloc(0), nonce);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(id: string, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', keys.get(id) ?? Buffer.alloc(0), sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
}

const annotations = { key: [1, 'string'], value: [2, 'bytes'] } as const;
const messages = {
  Status: [
    messageCodec({}),
    messageCodec({ version: [1, 'string'], healthz: [2, 'string'], keyId: [3, 'string'] }),
  ],
  Encrypt: [
    messageCodec({ plaintext: [1, 'bytes'], uid: [2, 'string'] }),
    messageCodec({
      ciphertext: [1, 'bytes'],
      keyId: [2, 'string'],
      annotations: [3, annotations, 'repeated'],
    }),
  ],
  Decrypt: [
    messageCodec({
      ciphertext: [1, 'bytes'],
      uid: [2, 'string'],
      keyId: [3, 'string'],
      annotations: [4, annotations, 'repeated'],
    }),
    messageCodec({ plaintext: [1, 'bytes'] }),
  ],
} as const;

interface Message {
  readonly plaintext?: Buffer;
  readonly ciphertext?: Buffer;
  readonly keyId?: string;
  readonly annotations?: readonly { readonly key?: string; readonly value?: Buffer }[];
}

const mark = [{ key: 'test.kubewright/mark', value: Buffer.from('here') }];
const answers: Record<keyof typeof messages, (request: Message) => object> = {
  Status: () => ({ version: 'v2', healthz: 'ok', keyId: current }),
  Encrypt: ({ plaintext = Buffer.alloc(0) }) => ({
    ciphertext: seal(plaintext),
    keyId: current,
    annotations: mark,
  }),
  Decrypt: ({ ciphertext = Buffer.alloc(0), keyId = '', annotations: given }) => {
    if (given?.[0]?.value?.toString() !== 'here') throw new Error('the annotations are not those of the key');
    return { plaintext: open(keyId, ciphertext) };
  },
};

const server = new Server();
const names = ['Status', 'Encrypt', 'Decrypt'] as const;
server.addService(
  Object.fromEntries(
    names.map((name) => {
      const [request, response] = messages[name];
      return [
        name,
        {
          path: `/v2.KeyManagementService/${name}`,
          requestStream: false,
          responseStream: false,
          requestSerialize: request.encode as (message: object) => Buffer,
          requestDeserialize: request.decode,
          responseSerialize: response.encode as (message: object) => Buffer,
          responseDeserialize: response.decode,
        },
      ];
    }),
  ),
  Object.fromEntries(
    names.map((name) => [
      name,
      (call: ServerUnaryCall<Message, object>, answer: sendUnaryData<object>) => {
        calls[name]++;
        try {
          answer(null, answers[name](call.request));
        } catch (error) {
          answer({ code: 3, details: String(error) });
        }
      },
    ]),
  ),
);
server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
  process.send?.({ ready: true });
});
process.on('message', (message: { readonly rotate?: true }) => {
  if (message.rotate === true) current = newKey();
  process.send?.({ calls });
});
process.on('disconnect', () => process.exit(0));
