import { type Command, Option } from 'commander';

/** Options of a server about who may do what, named as kube-apiserver's. */
export function authorizationFlags(command: Command): Command {
  return command.addOption(
    new Option('--authorization-mode <modes>', 'who decides what users may do, in this order')
      .default(['Node', 'RBAC'], 'Node,RBAC')
      .argParser((text) => text.split(',')),
  );
}
