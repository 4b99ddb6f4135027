import { type Command, Option } from 'commander';
import { duration, wholeNumber } from './option-values.js';

/** Options of a server about what it writes down of requests, named as kube-apiserver's. */
export function auditFlags(command: Command): Command {
  return command
    .option('--audit-policy-file <file>', 'what of requests is written down (default: nothing)')
    .option('--audit-log-path <file>', 'where to; - is standard output')
    .addOption(number('--audit-log-maxage <days>', 'how long rotated files stay (default: for ever)'))
    .addOption(number('--audit-log-maxbackup <files>', 'how many rotated files stay (default: all)'))
    .addOption(number('--audit-log-maxsize <megabytes>', 'how large a file gets (default: 100)'))
    .option('--audit-log-compress', 'gzip rotated files')
    .option('--audit-webhook-config-file <file>', 'kubeconfig of a server that events are sent to')
    .addOption(
      number('--audit-webhook-batch-buffer-size <events>', 'how many events may wait (default: 10000)'),
    )
    .addOption(number('--audit-webhook-batch-max-size <events>', 'how many are sent at once (default: 400)'))
    .addOption(
      new Option(
        '--audit-webhook-batch-max-wait <duration>',
        'how long an event waits for others (default: 30s)',
      ).argParser((text) => duration(text) * 1000),
    )
    .option('--audit-webhook-truncate-enabled', 'take the objects out of events that are too large')
    .addOption(
      number('--audit-webhook-truncate-max-event-size <bytes>', 'how large an event may be').default(102_400),
    );
}

function number(flags: string, description: string): Option {
  return new Option(flags, description).argParser(wholeNumber);
}
