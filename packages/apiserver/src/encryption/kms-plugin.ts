import { Client, credentials } from '@grpc/grpc-js';
import {
  type Layout,
  type MessageCodec,
  type MessageOf,
  messageCodec,
} from '../storage/etcd/message-layout.js';

/** A `map<string, bytes>`, which is on the wire what a list of pairs is. */
const annotations = { key: [1, 'string'], value: [2, 'bytes'] } as const satisfies Layout;

// Messages of `v2.KeyManagementService`, as the Kubernetes project publishes them (k8s.io/kms).
const statusResponse = { version: [1, 'string'], healthz: [2, 'string'], keyId: [3, 'string'] } as const;
const encryptRequest = { plaintext: [1, 'bytes'], uid: [2, 'string'] } as const satisfies Layout;
const encryptResponse = {
  ciphertext: [1, 'bytes'],
  keyId: [2, 'string'],
  annotations: [3, annotations, 'repeated'],
} as const satisfies Layout;
const decryptRequest = {
  ciphertext: [1, 'bytes'],
  uid: [2, 'string'],
  keyId: [3, 'string'],
  annotations: [4, annotations, 'repeated'],
} as const satisfies Layout;
const decryptResponse = { plaintext: [1, 'bytes'] } as const satisfies Layout;

export type KmsAnnotations = MessageOf<typeof encryptResponse>['annotations'];

/** Another process that holds the key with which keys are encrypted; it is spoken to over a socket of this machine. */
export class KmsPlugin {
  readonly #client: Client;
  readonly #timeoutMs: number;

  /** @param endpoint `unix:///run/kms.sock` */
  constructor(endpoint: string, timeoutMs: number) {
    this.#client = new Client(endpoint, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_reconnect_backoff_ms': 2_000,
    });
    this.#timeoutMs = timeoutMs;
  }

  /** @throws Error where the plugin does not answer, or is not well */
  async status(): Promise<{ readonly keyId: string }> {
    const {
      version = '',
      healthz = '',
      keyId = '',
    } = await this.#call('Status', {}, emptyMessage, statusCodec);
    if (version !== 'v2' && version !== 'v2beta1')
      throw new Error(`the KMS plugin speaks version ${JSON.stringify(version)}, not v2`);
    if (healthz !== 'ok') throw new Error(`the KMS plugin is not well: ${healthz}`);
    if (keyId === '') throw new Error('the KMS plugin names no key');
    return { keyId };
  }

  encrypt(plaintext: Buffer, uid: string): Promise<MessageOf<typeof encryptResponse>> {
    return this.#call('Encrypt', { plaintext, uid }, encryptRequestCodec, encryptResponseCodec);
  }

  async decrypt(request: MessageOf<typeof decryptRequest>): Promise<Buffer> {
    const { plaintext } = await this.#call('Decrypt', request, decryptRequestCodec, decryptResponseCodec);
    return Buffer.from(plaintext ?? []);
  }

  close(): void {
    this.#client.close();
  }

  #call<Q, R>(name: string, request: Q, sent: MessageCodec<Q>, received: MessageCodec<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        `/v2.KeyManagementService/${name}`,
        sent.encode,
        received.decode,
        request,
        { deadline: Date.now() + this.#timeoutMs },
        (error, response) => {
          if (response === undefined) reject(error ?? new Error('the KMS plugin did not answer'));
          else resolve(response);
        },
      );
    });
  }
}

const emptyMessage = messageCodec({});
const statusCodec = messageCodec(statusResponse);
const encryptRequestCodec = messageCodec(encryptRequest);
const encryptResponseCodec = messageCodec(encryptResponse);
const decryptRequestCodec = messageCodec(decryptRequest);
const decryptResponseCodec = messageCodec(decryptResponse);
