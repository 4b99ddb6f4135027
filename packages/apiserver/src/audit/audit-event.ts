export const auditLevels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type AuditLevel = (typeof auditLevels)[number];

export const auditStages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type AuditStage = (typeof auditStages)[number];

/** The user of an event. */
export interface AuditedUser {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** `audit.k8s.io/v1` Event: one request at one stage. Source: the "Auditing" page. */
export interface AuditEvent {
  readonly kind: 'Event';
  readonly apiVersion: 'audit.k8s.io/v1';
  readonly level: AuditLevel;
  readonly auditID: string;
  readonly stage: AuditStage;
  readonly requestURI: string;
  readonly verb: string;
  readonly user: AuditedUser;
  readonly authenticationMetadata?: { readonly impersonationConstraint: string } | undefined;
  readonly impersonatedUser?: AuditedUser | undefined;
  readonly sourceIPs?: readonly string[];
  readonly userAgent?: string | undefined;
  readonly objectRef?: Readonly<Record<string, string>> | undefined;
  readonly responseStatus?: object | undefined;
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  /** RFC 3339 with microseconds. */
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** Told of events that could not be kept, and why. */
export type OnLost = (error: Error, events: number) => void;

/** Takes events and keeps them. */
export interface AuditBackend {
  readonly name: string;
  write(event: AuditEvent): void;
  /** Resolves when all that was written is kept, or given up. */
  close(): Promise<void>;
}

/** Opens a backend, which never throws but tells what it loses. */
export type OpenAuditBackend = (onLost: OnLost) => AuditBackend;
