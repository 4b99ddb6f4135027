import { readFile } from 'node:fs/promises';
import {
  type AuditOptions,
  auditLog,
  auditWebhook,
  type OpenAuditBackend,
  parseAuditPolicy,
} from '@kubewright/apiserver';
import { httpsTransport, loadConnection } from '@kubewright/client';
import { unusableFile } from '../command-error.js';

/** Options of the command line, named as kube-apiserver's. */
export interface AuditFlags {
  readonly auditPolicyFile?: string;
  readonly auditLogPath?: string;
  readonly auditLogMaxage?: number;
  readonly auditLogMaxbackup?: number;
  readonly auditLogMaxsize?: number;
  readonly auditLogCompress?: boolean;
  readonly auditWebhookConfigFile?: string;
  readonly auditWebhookBatchBufferSize?: number;
  readonly auditWebhookBatchMaxSize?: number;
  /** In milliseconds. */
  readonly auditWebhookBatchMaxWait?: number;
  readonly auditWebhookTruncateEnabled?: boolean;
  readonly auditWebhookTruncateMaxEventSize?: number;
}

/** What a server writes down, and where to; nothing without a policy. @throws CommandError for a policy that is none */
export async function auditOptions(flags: AuditFlags): Promise<AuditOptions | undefined> {
  const { auditPolicyFile: file } = flags;
  if (file === undefined) return undefined;
  const backends: OpenAuditBackend[] = [];
  if (flags.auditLogPath !== undefined) backends.push(logOf(flags, flags.auditLogPath));
  if (flags.auditWebhookConfigFile !== undefined)
    backends.push(await webhookOf(flags, flags.auditWebhookConfigFile));
  try {
    return { policy: parseAuditPolicy(await readFile(file, 'utf8')), backends };
  } catch (cause) {
    throw unusableFile(file, cause, '--audit-policy-file');
  }
}

function logOf(flags: AuditFlags, path: string): OpenAuditBackend {
  const { auditLogMaxage: maxAge, auditLogMaxbackup: maxBackups, auditLogMaxsize: maxSize } = flags;
  return auditLog({
    path,
    compress: flags.auditLogCompress ?? false,
    ...(maxAge === undefined ? {} : { maxAge }),
    ...(maxBackups === undefined ? {} : { maxBackups }),
    ...(maxSize === undefined ? {} : { maxSize }),
  });
}

async function webhookOf(flags: AuditFlags, path: string): Promise<OpenAuditBackend> {
  const { auditWebhookBatchBufferSize: bufferSize, auditWebhookBatchMaxSize: maxSize } = flags;
  const { auditWebhookBatchMaxWait: maxWaitMs, auditWebhookTruncateEnabled: truncates } = flags;
  return auditWebhook({
    transport: await httpsTransport(await loadConnection({ path })),
    batch: {
      ...(bufferSize === undefined ? {} : { bufferSize }),
      ...(maxSize === undefined ? {} : { maxSize }),
      ...(maxWaitMs === undefined ? {} : { maxWaitMs }),
    },
    maxEventBytes: truncates === true ? flags.auditWebhookTruncateMaxEventSize : undefined,
  });
}
