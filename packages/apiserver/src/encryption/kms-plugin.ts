import { type Layout, type MessageOf, messageCodec } from '../encoding/message-layout.js';
import { GrpcChannel, type Method } from '../grpc/grpc-channel.js';

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

function method<Request extends Layout, Response extends Layout>(
  name: string,
  request: Request,
  response: Response,
): Method<MessageOf<Request>, MessageOf<Response>> {
  return {
    path: `/v2.KeyManagementService/${name}`,
    request: messageCodec(request),
    response: messageCodec(response),
  };
}

const methods = {
  status: method('Status', {}, statusResponse),
  encrypt: method('Encrypt', encryptRequest, encryptResponse),
  decrypt: method('Decrypt', decryptRequest, decryptResponse),
};

/** Another process that holds the key with which keys are encrypted; it is spoken to over a socket of this machine. */
export class KmsPlugin {
  readonly #channel: GrpcChannel;
  readonly #timeoutMs: number;

  /** @param endpoint `unix:///run/kms.sock` */
  constructor(endpoint: string, timeoutMs: number) {
    this.#channel = new GrpcChannel({ path: endpoint.slice('unix://'.length) });
    this.#timeoutMs = timeoutMs;
  }

  /** @throws Error where the plugin does not answer, or is not well */
  async status(): Promise<{ readonly keyId: string }> {
    const { version = '', healthz = '', keyId = '' } = await this.#call(methods.status, {});
    if (version !== 'v2' && version !== 'v2beta1')
      throw new Error(`the KMS plugin speaks version ${JSON.stringify(version)}, not v2`);
    if (healthz !== 'ok') throw new Error(`the KMS plugin is not well: ${healthz}`);
    if (keyId === '') throw new Error('the KMS plugin names no key');
    return { keyId };
  }

  encrypt(plaintext: Buffer, uid: string): Promise<MessageOf<typeof encryptResponse>> {
    return this.#call(methods.encrypt, { plaintext, uid });
  }

  async decrypt(request: MessageOf<typeof decryptRequest>): Promise<Buffer> {
    const { plaintext } = await this.#call(methods.decrypt, request);
    return Buffer.from(plaintext ?? []);
  }

  close(): void {
    this.#channel.close();
  }

  #call<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response> {
    return this.#channel.unary(method, request, { timeoutMs: this.#timeoutMs });
  }
}
