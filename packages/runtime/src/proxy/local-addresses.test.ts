import { execFileSync } from 'node:child_process';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { takeMachineLock } from '../machine-lock.js';
import { LocalAddresses } from './local-addresses.js';

const logger = pino({ level: 'silent' });
/** Of TEST-NET-2, which nobody has. */
const [mine, dead, alive] = ['198.51.100.0/28', '198.51.100.16/28', '198.51.100.32/28'];

function routes(): string[] {
  const text = execFileSync('ip', ['route', 'show', 'table', 'local', 'proto', '107'], { encoding: 'utf8' });
  return [...text.matchAll(/^local (198\.51\.100\.\S+)/gm)].map(([, range = '']) => range);
}

function addRoute(range: string): void {
  execFileSync('ip', ['route', 'add', 'local', range, 'dev', 'lo', 'table', 'local', 'proto', '107']);
}

describe.skipIf(process.getuid?.() !== 0)('addresses of services', () => {
  it('are local while the proxy is there; an address outside of the range has a route of its own', async () => {
    const addresses = new LocalAddresses(mine, logger);
    await addresses.open();
    await addresses.add('198.51.100.3');
    expect(routes()).toEqual([mine]);
    await addresses.add('198.51.100.77');
    expect(routes().sort()).toEqual([mine, '198.51.100.77'].sort());
    await addresses.close();
    expect(routes()).toEqual([]);
  });

  it('lose the routes of proxies that were killed, and no others', async () => {
    addRoute(dead);
    const lock = await takeMachineLock(`kubewright-route-${alive}`);
    addRoute(alive);
    // Of an earlier life over the same range.
    addRoute(mine);
    const addresses = new LocalAddresses(mine, logger);
    await addresses.open();
    expect(routes().sort()).toEqual([mine, alive].sort());
    await addresses.close();
    expect(routes()).toEqual([alive]);
    execFileSync('ip', ['route', 'del', 'local', alive, 'dev', 'lo', 'table', 'local']);
    await lock?.release();
  });
});
