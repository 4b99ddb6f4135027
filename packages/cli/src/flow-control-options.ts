import { type Command, Option } from 'commander';
import { wholeNumber } from './option-values.js';

/** Options of a server about how many requests it works on at once, named as kube-apiserver's. */
export function flowControlFlags(command: Command): Command {
  return command
    .option('--no-enable-priority-and-fairness', 'let nobody wait for his turn')
    .addOption(
      new Option('--max-requests-inflight <requests>', 'how many reads at once')
        .default(400)
        .argParser(wholeNumber),
    )
    .addOption(
      new Option('--max-mutating-requests-inflight <requests>', 'how many writes at once')
        .default(200)
        .argParser(wholeNumber),
    );
}
