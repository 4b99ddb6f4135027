import { execFileSync } from 'node:child_process';

/** A network of a few hosts, each a namespace of its own behind a bridge of this machine, that can be cut. Needs root. */
export interface MemberNetwork {
  readonly hosts: readonly MemberHost[];
  close(): void;
}

export interface MemberHost {
  readonly address: string;
  /** Goes before a command that shall run there. */
  readonly prefix: readonly string[];
  /** Takes it off the network, for other hosts and for this machine; @returns what puts it back. */
  isolate(): () => void;
  /** Takes it away from the other hosts only; @returns what puts it back. */
  cutFromOthers(): () => void;
}

/** True where such networks can be made. */
export const canMakeNetworks = process.geteuid?.() === 0;

/** In the range for benchmarks of RFC 2544, which nobody else uses; the process's id keeps two runs apart. */
export function makeMemberNetwork(count: number): MemberNetwork {
  const id = process.pid.toString(36);
  const bridge = `kwb${id}`;
  const net = `198.18.${process.pid % 256}`;
  const names = Array.from({ length: count }, (_, i) => `kwm${id}-${i}`);
  const address = (i: number) => `${net}.${i + 10}`;
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  ip('link', 'add', bridge, 'type', 'bridge');
  ip('address', 'add', `${net}.1/24`, 'dev', bridge);
  ip('link', 'set', bridge, 'up');
  const hosts = names.map((name, i): MemberHost => {
    const link = `kwv${id}-${i}`;
    ip('netns', 'add', name);
    ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('link', 'set', link, 'master', bridge, 'up');
    ip('-n', name, 'address', 'add', `${address(i)}/24`, 'dev', 'eth0');
    for (const device of ['eth0', 'lo']) ip('-n', name, 'link', 'set', device, 'up');
    const routes = (verb: 'add' | 'del') => {
      for (const [j, other] of names.entries()) {
        if (j === i) continue;
        ip('-n', name, 'route', verb, 'blackhole', address(j));
        ip('-n', other, 'route', verb, 'blackhole', address(i));
      }
    };
    return {
      address: address(i),
      prefix: ['nsenter', `--net=/run/netns/${name}`],
      isolate: () => {
        ip('link', 'set', link, 'down');
        return () => ip('link', 'set', link, 'up');
      },
      cutFromOthers: () => {
        routes('add');
        return () => routes('del');
      },
    };
  });
  return {
    hosts,
    close: () => {
      for (const name of names) ip('netns', 'del', name);
      ip('link', 'del', bridge);
    },
  };
}
