import { spawn } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import { type ClusterEntry, type ExecEntry, KubeconfigError } from './kubeconfig.js';

/** What a plugin printed: a token, a client certificate with its key, or both. */
export interface ExecCredential {
  readonly token?: string | undefined;
  /** PEM. */
  readonly clientCertificateData?: string | undefined;
  /** PEM. */
  readonly clientKeyData?: string | undefined;
  /** RFC 3339. */
  readonly expirationTimestamp?: string | undefined;
}

/** Credentials that a command makes. */
export interface ExecPlugin {
  readonly get: () => Promise<ExecCredential>;
  /** The next `get` runs the command, whatever the last one said of its end: the server has refused it. */
  readonly renew: () => void;
}

/** What a plugin may be told of the cluster. */
export type ExecCluster = Pick<
  ClusterEntry,
  'server' | 'tlsServerName' | 'insecureSkipTlsVerify' | 'proxyUrl' | 'execConfig'
> & {
  /** PEM. */
  readonly ca?: string | undefined;
};

/** A plugin that hangs must not hang its caller; one that asks the user takes its time. */
const timeoutMs = 60_000;
const interactiveTimeoutMs = 600_000;
/** More than any credential has. */
const outputLimit = 1 << 20;
/** A credential that is about to end would be refused on arrival. */
const leewayMs = 10_000;

const apiVersions: ReadonlySet<string> = new Set([
  'client.authentication.k8s.io/v1',
  'client.authentication.k8s.io/v1beta1',
]);

/**
 * The credentials of a command, which is run again when the last ones have ended; those without an end are kept.
 * Source: "client-go credential plugins" in the Kubernetes documentation.
 * @throws KubeconfigError from `get`, with what the command said
 */
export function execPlugin(exec: ExecEntry, cluster: ExecCluster, clock: Clock = systemClock): ExecPlugin {
  let last: { readonly credential: ExecCredential; readonly endsAt: number } | undefined;
  let running: Promise<ExecCredential> | undefined;
  const run = async () => {
    try {
      const credential = await runPlugin(exec, cluster);
      const end = credential.expirationTimestamp;
      last = {
        credential,
        endsAt: end === undefined ? Number.POSITIVE_INFINITY : Date.parse(end) - leewayMs,
      };
      return credential;
    } finally {
      running = undefined;
    }
  };
  return {
    async get() {
      if (last !== undefined && clock.now() < last.endsAt) return last.credential;
      running ??= run();
      return running;
    },
    renew() {
      last = undefined;
    },
  };
}

async function runPlugin(exec: ExecEntry, cluster: ExecCluster): Promise<ExecCredential> {
  if (!apiVersions.has(exec.apiVersion))
    throw fault(exec, 'apiVersion', `must be one of ${[...apiVersions].join(', ')}, not ${exec.apiVersion}`);
  const terminal = process.stdin.isTTY === true;
  if (exec.interactiveMode === 'Always' && !terminal)
    throw fault(
      exec,
      'interactiveMode',
      'the plugin wants to ask its user, but standard input is no terminal',
    );
  const interactive = terminal && exec.interactiveMode !== 'Never';
  const info = {
    apiVersion: exec.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive, ...(exec.provideClusterInfo ? { cluster: clusterInfo(cluster) } : {}) },
  };
  const output = await runCommand(exec, JSON.stringify(info), interactive);
  return checked(exec, output);
}

/** What the command prints. One that may ask has the terminal of this process. */
function runCommand(exec: ExecEntry, info: string, interactive: boolean): Promise<string> {
  // A path is relative to the kubeconfig; a bare name is looked up in PATH.
  const command = exec.command.includes('/') ? resolve(dirname(exec.file), exec.command) : exec.command;
  const allowedMs = interactive ? interactiveTimeoutMs : timeoutMs;
  return new Promise((fulfil, reject) => {
    const child = spawn(command, exec.args, {
      env: { ...process.env, ...exec.env, KUBERNETES_EXEC_INFO: info },
      stdio: interactive ? ['inherit', 'pipe', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      timeout: allowedMs,
    });
    let printed = '';
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (printed.length > outputLimit) child.kill();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(0, 500);
    });
    const fail = (how: string, cause?: unknown) => reject(fault(exec, 'command', how, cause));
    child.once('error', (error) => {
      const missing = 'code' in error && error.code === 'ENOENT';
      const hint = exec.installHint ? `. ${exec.installHint.trim()}` : '';
      fail(
        missing ? `there is no command ${exec.command}${hint}` : `${exec.command}: ${error.message}`,
        error,
      );
    });
    child.once('close', (code, signal) => {
      const its = said.trim() === '' ? '' : `; it said: ${said.trim()}`;
      if (code === 0) fulfil(printed);
      else if (printed.length > outputLimit)
        fail(`${exec.command} printed more than ${outputLimit} characters`);
      else if (child.killed) fail(`${exec.command} did not end within ${allowedMs} ms${its}`);
      else fail(`${exec.command} failed with ${code === null ? signal : `exit code ${code}`}${its}`);
    });
  });
}

function checked(exec: ExecEntry, output: string): ExecCredential {
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch (cause) {
    throw fault(exec, 'command', `${exec.command} printed no JSON`, cause);
  }
  const { apiVersion, kind, status } = (answer ?? {}) as {
    readonly apiVersion?: unknown;
    readonly kind?: unknown;
    readonly status?: ExecCredential;
  };
  if (kind !== 'ExecCredential' || apiVersion !== exec.apiVersion)
    throw fault(exec, 'command', `${exec.command} must print an ExecCredential of ${exec.apiVersion}`);
  const { token, clientCertificateData, clientKeyData } = status ?? {};
  if (!token && !(clientCertificateData && clientKeyData))
    throw fault(
      exec,
      'command',
      `${exec.command} printed neither a token nor a client certificate with its key`,
    );
  return { ...status };
}

function clusterInfo(cluster: ExecCluster): object {
  return {
    server: cluster.server,
    'certificate-authority-data':
      cluster.ca === undefined ? undefined : Buffer.from(cluster.ca).toString('base64'),
    'tls-server-name': cluster.tlsServerName,
    'insecure-skip-tls-verify': cluster.insecureSkipTlsVerify,
    'proxy-url': cluster.proxyUrl,
    config: cluster.execConfig,
  };
}

function fault(exec: ExecEntry, field: string, message: string, cause?: unknown): KubeconfigError {
  return new KubeconfigError(message, { file: exec.file, field: `${exec.field}.${field}` }, cause);
}
