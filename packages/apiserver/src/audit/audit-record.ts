import { ApiError, type KubernetesObject, type Status } from '@kubewright/api';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import type { User } from '../auth/user.js';
import { decodeProtobuf } from '../encoding/protobuf.js';
import { isEnvelope } from '../encoding/protobuf-forms.js';
import { fromYaml } from '../encoding/yaml.js';
import type { Exchange } from '../exchange.js';
import { maxBodyBytes } from '../http/api-request.js';
import { allowedMs } from '../http/deadline.js';
import type { AuditEvent, AuditedUser, AuditStage } from './audit-event.js';
import { isConfidential } from './confidential.js';
import type { AuditRuling } from './match-rule.js';
import { sourceIPs } from './source-ips.js';
import { withoutManagedFields } from './without-managed-fields.js';

const longestUserAgent = 1024;

/** What is written down of one request, from its arrival to the end of its answer. */
export class AuditRecord {
  readonly #exchange: Exchange;
  readonly #ruling: AuditRuling;
  readonly #write: (event: AuditEvent) => void;
  readonly #received: string;
  #user: User;
  /** Whether what is asked is written down, not only who asks for what. */
  readonly keepsRequest: boolean;
  /** Whether {@link response} is wanted. */
  readonly keepsResponse: boolean;
  #meta: ObjectMeta | undefined;
  #body: Buffer | undefined;
  /** In JSON. */
  #object: string | undefined;
  #response: string | undefined;
  readonly #pieces: Uint8Array[] = [];
  #piecesBytes = 0;
  /** The Status that was answered, where it was one. */
  #answered: Status | undefined;

  constructor(exchange: Exchange, ruling: AuditRuling, write: (event: AuditEvent) => void) {
    const { user } = exchange;
    this.#exchange = exchange;
    this.#ruling = ruling;
    this.#write = write;
    this.#user = user;
    this.#received = timestamp(exchange.startedAt);
    // Nobody finds passwords in a log, whatever its policy says.
    const open = ruling.level !== 'Metadata' && !isConfidential(exchange);
    this.keepsRequest = open;
    this.keepsResponse = open && ruling.level === 'RequestResponse';
  }

  received(): void {
    this.#emit('RequestReceived');
  }

  /** The body of the request, as it came. */
  body(bytes: Buffer): void {
    if (this.keepsRequest) this.#body = bytes;
  }

  /** The object that the body is; called again once it has its defaults. */
  requested(object: KubernetesObject): void {
    this.#meta = object.metadata;
    // Admission and what comes after it change it.
    if (this.keepsRequest) this.#object = JSON.stringify(object);
  }

  /** The answer in JSON. */
  response(json: Uint8Array | string): void {
    if (!this.keepsResponse && !isStatus(json)) return;
    const text = typeof json === 'string' ? json : Buffer.from(json).toString();
    if (isStatus(json)) this.#answered = JSON.parse(text) as Status;
    if (this.keepsResponse) this.#response = text;
  }

  /** A part of a long answer, in whatever form the client gets it. An answer that is longer than a body may be is left out. */
  responsePiece(bytes: Uint8Array): void {
    this.#piecesBytes += bytes.length;
    if (this.#piecesBytes <= maxBodyBytes) {
      // The room of a piece may be used again.
      this.#pieces.push(bytes.slice());
      return;
    }
    this.#pieces.length = 0;
    this.#exchange.annotate('audit.k8s.io/truncated', 'true');
  }

  /** The Status that the request failed with. */
  failed(status: Status): void {
    this.#answered = status;
    if (this.keepsResponse) this.#response = JSON.stringify(status);
  }

  /** An answer without an end of its own has begun. */
  responding(): void {
    if (allowedMs(this.#exchange) === undefined) this.#emit('ResponseStarted');
  }

  completed(): void {
    this.#emit('ResponseComplete');
  }

  /** Nobody knows who it was. Source: `WithFailedAuthenticationAudit` of the API server. */
  unauthenticated(): void {
    this.#user = { name: '', groups: [] };
    this.failed(new ApiError('Unauthorized', 'Unauthorized').toStatus());
    this.#emit('ResponseStarted');
  }

  #emit(stage: AuditStage): void {
    const { level, omitStages } = this.#ruling;
    if (omitStages.includes(stage)) return;
    const { request, info, impersonation, user, auditAnnotations } = this.#exchange;
    const agent = request.headers['user-agent'];
    const isOver = stage !== 'RequestReceived';
    this.#write({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level,
      auditID: this.#exchange.auditId,
      stage,
      requestURI: withoutTokens(request.url),
      verb: info.verb,
      user: audited(this.#user),
      authenticationMetadata:
        impersonation === undefined || impersonation.constraint === ''
          ? undefined
          : { impersonationConstraint: impersonation.constraint },
      impersonatedUser: impersonation === undefined ? undefined : audited(user),
      sourceIPs: sourceIPs(request),
      userAgent:
        agent !== undefined && agent.length > longestUserAgent
          ? `${agent.slice(0, longestUserAgent)}...TRUNCATED`
          : agent,
      objectRef: info.isResource ? this.#objectRef() : undefined,
      responseStatus: isOver ? this.#status() : undefined,
      requestObject: isOver ? this.#requestObject() : undefined,
      responseObject:
        stage === 'ResponseComplete' || this.#answered?.code === 401 ? this.#responseObject() : undefined,
      requestReceivedTimestamp: this.#received,
      stageTimestamp: timestamp(this.#exchange.server.now()),
      annotations: auditAnnotations === undefined ? undefined : Object.fromEntries(auditAnnotations),
    });
  }

  #objectRef(): Record<string, string> {
    const { resource, namespace, name, group, version, subresource } = this.#exchange.info;
    const meta = this.#meta;
    const fields = {
      resource,
      namespace: namespace || meta?.namespace,
      name: name || meta?.name,
      uid: meta?.uid,
      apiGroup: group,
      apiVersion: version,
      resourceVersion: meta?.resourceVersion,
      subresource,
    };
    return Object.fromEntries(
      Object.entries(fields).filter((entry): entry is [string, string] => (entry[1] ?? '') !== ''),
    );
  }

  #status(): object {
    const { status } = this.#exchange;
    if (this.#answered !== undefined) {
      const { kind: _kind, apiVersion: _version, ...answered } = this.#answered;
      return { ...answered, metadata: {}, code: status };
    }
    return status === 0
      ? { metadata: {}, status: 'Success', message: 'Connection closed early', code: 200 }
      : { metadata: {}, code: status };
  }

  #requestObject(): unknown {
    if (this.#object !== undefined) return this.#shown(parseJson(this.#object));
    const bytes = this.#body;
    if (bytes === undefined || bytes.length === 0) return undefined;
    return this.#shown(parseBody(bytes));
  }

  #responseObject(): unknown {
    if (this.#response !== undefined) return this.#shown(parseJson(this.#response));
    return this.#pieces.length === 0 ? undefined : this.#shown(parseBody(Buffer.concat(this.#pieces)));
  }

  #shown(value: unknown): unknown {
    return this.#ruling.omitManagedFields ? withoutManagedFields(value) : value;
  }
}

/** A Status says of itself first that it is one. */
function isStatus(json: Uint8Array | string): boolean {
  const beginning = typeof json === 'string' ? json : Buffer.from(json.subarray(0, statusBeginning.length));
  return beginning.toString().startsWith(statusBeginning);
}

const statusBeginning = '{"kind":"Status","apiVersion":"v1"';

/** A body in JSON, YAML or protobuf; undefined for what is none. */
function parseBody(bytes: Buffer): unknown {
  if (!isEnvelope(bytes)) {
    const text = bytes.toString('utf8');
    return parseJson(text) ?? attempt(() => fromYaml(text).value);
  }
  return attempt(() => decodeProtobuf(bytes).object);
}

function parseJson(text: string): unknown {
  return attempt(() => JSON.parse(text) as unknown);
}

/** A client may send anything; what can't be read was refused, and the event says so. */
function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function audited({ name, uid, groups, extra }: User): AuditedUser {
  return {
    ...(name === '' ? {} : { username: name }),
    ...(uid === undefined ? {} : { uid }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(extra === undefined ? {} : { extra }),
  };
}

/** A token in the query stays out of the log. */
function withoutTokens(url: string): string {
  return url.includes('access_token=') ? url.replace(/(access_token=)[^&]*/g, '$1<hidden>') : url;
}

function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
