import { type Command, InvalidArgumentError, Option } from 'commander';
import type { StorageChoice } from './components/storage.js';
import { duration } from './option-values.js';

/** Options of a server about where objects are kept, named as kube-apiserver's where it has them. */
export function storageFlags(command: Command): Command {
  return etcdFlags(command)
    .addOption(
      new Option(
        '--etcd-compaction-interval <duration>',
        'how long history stays in etcd at least; 0s: for ever',
      )
        .default(300, '5m0s')
        .argParser(duration),
    )
    .addOption(
      new Option('--event-ttl <duration>', 'how long Events stay')
        .default(3600, '1h0m0s')
        .argParser((text) => {
          const seconds = duration(text);
          if (seconds === 0) throw new InvalidArgumentError('It must be more than nothing.');
          return seconds;
        }),
    );
}

/** The engine, and how etcd is reached. */
export function etcdFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--storage <engine>', 'what objects are kept in: lmdb, memory, or etcd=URL[,URL…]')
        .default({ engine: 'lmdb' }, 'lmdb')
        .argParser(storageChoice),
    )
    .option('--etcd-cafile <file>', "CA of etcd's certificates")
    .option('--etcd-certfile <file>', 'client certificate for etcd')
    .option('--etcd-keyfile <file>', 'its key')
    .option('--etcd-user-file <file>', "`NAME:PASSWORD` of one of etcd's users")
    .option('--etcd-prefix <prefix>', 'what all keys in etcd begin with', '/registry');
}

function storageChoice(text: string): StorageChoice {
  if (text === 'lmdb' || text === 'memory') return { engine: text };
  const [engine, urls] = text.split('=', 2);
  const endpoints = (urls ?? '').split(',').filter((url) => url !== '');
  if (engine !== 'etcd' || endpoints.length === 0)
    throw new InvalidArgumentError('It must be lmdb, memory, or etcd=https://HOST:2379[,…].');
  return { engine, endpoints };
}
