import { Command, Option } from 'commander';
import { auditFlags } from './audit-options.js';
import { authorizationFlags } from './authorization-options.js';
import type { BackupCommandOptions } from './backup.js';
import type {
  ControllerManagerCommandOptions,
  ElectedCommandOptions,
  KubeletCommandOptions,
  ProxyCommandOptions,
} from './component-commands.js';
import { flagValues } from './flag-values.js';
import { flowControlFlags } from './flow-control-options.js';
import type { GenerateClientOptions } from './generate-client.js';
import type { InitOptions } from './init-project.js';
import { address, port } from './option-values.js';
import { admissionFlags, authenticationFlags, transportFlags } from './server-options.js';
import { etcdFlags, storageFlags } from './storage-options.js';
import type { ServerCommandOptions, UpOptions } from './up.js';

/** The command line. What a command needs is loaded when it runs: `--help` loads nothing. */
export function createProgram(version: string, exit: (status: number) => void): Command {
  const program = new Command('kubewright')
    .description('A Kubernetes control plane and node on this machine.')
    .version(version)
    .showSuggestionAfterError(false);

  serverOptions(program.command('up'))
    .description('run a control plane and a node in the foreground')
    .option('--no-node', 'control plane only')
    .action(async (options: UpOptions, command: Command) =>
      exit(await (await import('./up.js')).up({ ...options, flags: flagValues(command) })),
    );

  serverOptions(program.command('apiserver'))
    .description('run the API server alone')
    .action(async (options: ServerCommandOptions, command: Command) =>
      exit(await (await import('./up.js')).serveApi({ ...options, flags: flagValues(command) })),
    );

  elected(componentOptions(program.command('controller-manager')))
    .description('run the built-in controllers against a cluster')
    .option('--cluster-signing-cert-file <file>', 'CA that signs certificates; without it none are signed')
    .option('--cluster-signing-key-file <file>', 'its key')
    .option('--service-account-private-key-file <file>', 'key that signs tokens of Secrets')
    .option(
      '--no-use-service-account-credentials',
      'let all controllers act as the user of the kubeconfig, not each as its service account',
    )
    .action(async (options: ControllerManagerCommandOptions) =>
      exit(await (await commands()).controllerManager(options)),
    );

  elected(componentOptions(program.command('scheduler')))
    .description('run the scheduler against a cluster')
    .action(async (options: ElectedCommandOptions) => exit(await (await commands()).scheduler(options)));

  componentOptions(program.command('kubelet'))
    .description('run pods of a cluster as processes of this machine')
    .option('--node-name <name>', "the node's name (default: the machine's)")
    .option('--data-dir <dir>', 'volumes, logs and runtime state', '.kubewright-node')
    .requiredOption('--pod-cidr <cidr>', 'range of pod addresses on this node, such as 10.244.1.0/24')
    .option(
      '--node-ip <address>',
      'where the API server finds this node (default: the first of the pod range)',
    )
    .addOption(portOption(10_250))
    .option(
      '--bootstrap-kubeconfig <file>',
      'whose rights get this node its client certificate, where --kubeconfig (default: kubelet.kubeconfig in the data directory) has none yet',
    )
    .option(
      '--rotate-server-certificates',
      'get the serving certificate from the cluster, once it is approved there, and renew it',
    )
    .option('--tls-cert-file <file>', 'serving certificate; without it no logs, exec or port-forward')
    .option('--tls-private-key-file <file>', 'its key')
    .option('--client-ca-file <file>', 'CA of the certificates that may ask this kubelet')
    .action(async (options: KubeletCommandOptions) => exit(await (await commands()).kubelet(options)));

  componentOptions(program.command('proxy'))
    .description('forward connections to services of a cluster on this machine')
    .option('--node-name <name>', "the node's name (default: the machine's)")
    .option('--node-ip <address>', 'where node ports listen', '127.0.0.1')
    .requiredOption('--service-cidr <cidr>', 'range of cluster IPs, such as 10.96.0.0/12')
    .action(async (options: ProxyCommandOptions) => exit(await (await commands()).proxy(options)));

  etcdFlags(verbosity(program.command('backup')))
    .description('write all objects of a cluster, as of one moment, into a file')
    .argument('<file>', 'made anew; it has everything, secrets too')
    .option('--kubeconfig <file>', 'of a cluster that runs (default: $KUBECONFIG, then ~/.kube/config)')
    .option('--data-dir <dir>', 'of one that is stopped')
    .action(async (file: string, options: BackupCommandOptions) =>
      exit(await (await import('./backup.js')).backup(file, options)),
    );

  etcdFlags(verbosity(program.command('restore')))
    .description('put the objects of a backup into an empty store')
    .argument('<file>', 'what `kubewright backup` wrote')
    .option('--data-dir <dir>', 'a new data directory, or one whose store is gone')
    .action(async (file: string, options: BackupCommandOptions) =>
      exit(await (await import('./backup.js')).restore(file, options)),
    );

  const generate = program.command('generate').description('write code and definitions');
  generate
    .command('client')
    .description('types and kinds for a typed client, one module a group and version')
    .requiredOption(
      '--from <source>',
      '`cluster`, or a file: CustomResourceDefinitions or an OpenAPI document',
    )
    .requiredOption('--out <dir>', 'where the modules go; what was generated there before is replaced')
    .option('--group <group...>', 'only these groups (default: all that are not built in)')
    .option('--kubeconfig <file>', 'of `--from cluster` (default: $KUBECONFIG, then ~/.kube/config)')
    .option('--context <name>', 'of `--from cluster` (default: the current one)')
    .action(async (options: GenerateClientOptions) => {
      const { generateClient, summary } = await import('./generate-client.js');
      process.stdout.write(`${summary(await generateClient(options))}\n`);
      exit(0);
    });
  generate
    .command('crd')
    .description('CustomResourceDefinitions of the kinds that modules export, which defineKind made')
    .argument('<modules...>', 'files that Node can import; several versions of a kind make one definition')
    .option('--out <dir>', 'a directory that gets a file for each definition; without it they are printed')
    .action(async (modules: string[], options: { readonly out?: string }) => {
      const { generateCrd } = await import('./generate-crd.js');
      const generated = await generateCrd({ modules, ...options });
      process.stdout.write(
        options.out === undefined
          ? generated.map(({ yaml }) => yaml).join('---\n')
          : `${options.out}: ${generated.map(({ file }) => file).join(', ')}\n`,
      );
      exit(0);
    });

  program
    .command('init')
    .description('write a project: a kind, its controller, a webhook, tests, manifests')
    .argument('[dir]', 'where it goes; it has to be empty', '.')
    .option('--kind <Kind>', "the kind's name", 'Greeting')
    .option('--group <domain>', "the kind's group", 'example.dev')
    .option('--name <name>', "the project's name (default: the directory's)")
    .action(async (directory: string, options: InitOptions) => {
      const { initProject } = await import('./init-project.js');
      const written = await initProject(directory, options);
      process.stdout.write(
        `${directory}: ${written.length} files written. Next: npm install && npm test; its README says more.\n`,
      );
      exit(0);
    });

  return program;
}

function commands() {
  return import('./component-commands.js');
}

/** What the servers' help has together, in this order. */
const serverFlags: readonly (readonly [heading: string, add: (command: Command) => Command])[] = [
  ['Options:', placeFlags],
  ['Storage:', storageFlags],
  ['Certificates, pages, encryption:', transportFlags],
  ['Authentication:', authenticationFlags],
  ['Authorization:', authorizationFlags],
  ['Admission:', admissionFlags],
  ['Audit:', auditFlags],
  ['Flow control:', flowControlFlags],
];

function serverOptions(command: Command): Command {
  for (const [heading, add] of serverFlags) add(command.optionsGroup(heading));
  return command.optionsGroup('Options:');
}

/** Where a server keeps things and listens. */
function placeFlags(command: Command): Command {
  return verbosity(command)
    .option('--data-dir <dir>', 'where everything is kept', '.kubewright')
    .addOption(
      new Option('--bind-address <address>', 'where the API server listens')
        .default('127.0.0.1')
        .argParser(address),
    )
    .addOption(portOption(6443))
    .option('--kubeconfig <file>', "where the admin's kubeconfig goes (default: in the data directory)")
    .option(
      '--user <user>',
      'whom the control plane becomes where root starts it; the node stays root (default: who called sudo, where the data directory is his)',
    )
    .option(
      '--join-token-file <file>',
      'what a server over etcd gets the CA and the keys of its cluster with (default: join-token in the data directory, where the first server leaves it)',
    )
    .option('--pki-dir <dir>', 'CA and token keys that several servers share as files, in place of the store')
    .option(
      '--service-cluster-ip-range <cidr>',
      'range of cluster IPs (default: that of the cluster over etcd, else one of its own)',
    );
}

function componentOptions(command: Command): Command {
  return verbosity(command).option(
    '--kubeconfig <file>',
    'how to reach the cluster (default: $KUBECONFIG, then ~/.kube/config)',
  );
}

function elected(command: Command): Command {
  return command.option('--leader-elect', 'work only while holding a lease that others may want, too');
}

function verbosity(command: Command): Command {
  return command.addOption(
    new Option('-v, --verbose', 'show more than warnings; twice for everything')
      .default(0)
      .argParser((_value: unknown, previous: number) => previous + 1),
  );
}

function portOption(standard: number): Option {
  return new Option('--port <port>', 'port to listen on; 0 takes a free one')
    .default(standard)
    .argParser(port);
}
