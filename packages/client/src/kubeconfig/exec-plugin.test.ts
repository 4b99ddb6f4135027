import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../virtual-clock.js';
import { execPlugin } from './exec-plugin.js';
import type { ClusterEntry, ExecEntry } from './kubeconfig.js';

const cluster: ClusterEntry = { file: 'f', field: 'clusters[0].cluster', name: 'k', server: 'https://host' };

/** A plugin that is a small program of this Node. */
function plugin(program: string, more: Partial<ExecEntry> = {}): ExecEntry {
  return {
    file: 'f',
    field: 'users[0].user.exec',
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'node',
    args: ['-e', program],
    env: {},
    interactiveMode: 'Never',
    provideClusterInfo: false,
    ...more,
  };
}

const printing = (status: string) =>
  `console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: ${status} }))`;

describe('execPlugin', () => {
  it('gives the plugin its environment and what it has to know', async () => {
    const program = printing(`{ token: process.env.MINE + ' ' + process.env.KUBERNETES_EXEC_INFO }`);
    const { token = '' } = await execPlugin(
      plugin(program, { env: { MINE: 'own' }, provideClusterInfo: true }),
      cluster,
    ).get();
    expect(token.startsWith('own ')).toBe(true);
    expect(JSON.parse(token.slice(4))).toEqual({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: 'https://host' } },
    });
  });

  it('runs it again only when the credentials are about to end, and once for all who wait', async () => {
    const clock = new VirtualClock(Date.parse('2026-01-01T00:00:00Z'));
    const { get, renew } = execPlugin(
      plugin(printing(`{ token: String(process.pid), expirationTimestamp: '2026-01-01T01:00:00Z' }`)),
      cluster,
      clock,
    );
    const [first, second] = await Promise.all([get(), get()]);
    expect(second).toEqual(first);
    await clock.advance(3_589_000);
    expect(await get()).toEqual(first);
    await clock.advance(1000);
    const later = await get();
    expect(later).not.toEqual(first);
    renew();
    expect(await get()).not.toEqual(later);
  });

  it.each([
    [
      'console.error("log in first"); process.exit(3)',
      {},
      'node failed with exit code 3; it said: log in first',
    ],
    [
      '',
      { command: 'no-such-plugin', installHint: 'Install it.' },
      'there is no command no-such-plugin. Install it.',
    ],
    ['console.log("hello")', {}, 'node printed no JSON'],
    ['console.log("{}")', {}, 'must print an ExecCredential of client.authentication.k8s.io/v1'],
    [printing('{}'), {}, 'neither a token nor a client certificate'],
    ['', { apiVersion: 'v1' }, 'users[0].user.exec.apiVersion: must be one of'],
  ])('says why there are no credentials after %j', async (program, more, message) => {
    await expect(execPlugin(plugin(program, more), cluster).get()).rejects.toMatchObject({
      name: 'KubeconfigError',
      file: 'f',
      message: expect.stringContaining(message),
    });
  });
});
