import type { FlowControlOptions } from '@kubewright/apiserver';

/** Options of the command line, named as kube-apiserver's. */
export interface FlowControlFlags {
  /** False with `--no-enable-priority-and-fairness`. */
  readonly enablePriorityAndFairness: boolean;
  readonly maxRequestsInflight: number;
  readonly maxMutatingRequestsInflight: number;
}

/** The seats of all levels together are those of reads and writes. */
export function flowControlOptions(flags: FlowControlFlags): FlowControlOptions | undefined {
  if (!flags.enablePriorityAndFairness) return undefined;
  return { serverSeats: flags.maxRequestsInflight + flags.maxMutatingRequestsInflight };
}
