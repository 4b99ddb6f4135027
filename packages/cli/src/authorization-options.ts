import { type Command, Option } from 'commander';
import { duration, list } from './option-values.js';

/** Options of a server about who may do what, named as kube-apiserver's. */
export function authorizationFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--authorization-mode <modes>', 'who decides what users may do, in this order')
        .default(['Node', 'RBAC'], 'Node,RBAC')
        .argParser(list),
    )
    .option('--authorization-config <file>', 'an AuthorizationConfiguration, in place of the modes')
    .option('--authorization-webhook-config-file <file>', 'kubeconfig of the server that mode Webhook asks')
    .addOption(ttl('--authorization-webhook-cache-authorized-ttl <duration>', 'how long its yes holds', 300))
    .addOption(ttl('--authorization-webhook-cache-unauthorized-ttl <duration>', 'how long its no holds', 30));
}

function ttl(flags: string, description: string, seconds: number): Option {
  return new Option(flags, description).default(seconds, `${seconds}s`).argParser(duration);
}
