import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PkiDirectory } from '@kubewright/apiserver';

/** A Kubewright server in a process of its own that lets a cluster say who asks. */
export interface AggregatedServer {
  readonly port: number;
  /** PEM. Its certificate is for the service `greetings` in `default`. */
  readonly ca: string;
  close(): Promise<void>;
}

/** @param kubeconfig of the cluster that it is to be part of */
export async function startAggregatedServer(kubeconfig: string): Promise<AggregatedServer> {
  const directory = await mkdtemp(join(tmpdir(), 'kubewright-aggregated-'));
  const pki = await PkiDirectory.open(directory);
  const names = ['greetings.default.svc', '127.0.0.1'];
  const { certificate, key } = await pki.server('greetings', 'greetings', names);
  const ca = pki.authority.certificate;
  const files = [join(directory, 'tls.crt'), join(directory, 'tls.key'), join(directory, 'served-by.crt')];
  await Promise.all([certificate, key, ca].map((pem, index) => writeFile(files[index] ?? '', pem)));
  const script = fileURLToPath(new URL('apiserver/aggregated-server.child.ts', import.meta.url));
  const args = ['--conditions', 'source', '--import', 'tsx', script, kubeconfig, ...files];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await portOf(child);
  const close = async () => {
    child.stdin?.end();
    if (child.exitCode === null) await once(child, 'exit');
    await rm(directory, { recursive: true, force: true });
  };
  return { port, ca, close };
}

async function portOf(child: ChildProcess): Promise<number> {
  const said = once(child.stdout as NodeJS.ReadableStream, 'data').then(([text]) =>
    Number(String(text).trim()),
  );
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the aggregated server ended with ${String(code)}`);
  });
  return Promise.race([said, ended]);
}
