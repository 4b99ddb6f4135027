/** A profile of V8's as `Profiler.stop` gives it, as far as it is read here. */
export interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

/**
 * The shares of time that the folders of the server take, the largest first: time belongs to the innermost of the
 * server's functions that were running, whatever they call; where none was, it is Node's own (sockets, TLS, HTTP).
 */
export function stagesOf({ nodes, samples, timeDeltas }: Profile): { stage: string; share: number }[] {
  const stageOf = stageByNode(nodes);
  const times = new Map<string, number>();
  let whole = 0;
  for (const [index, id] of samples.entries()) {
    const stage = stageOf.get(id) ?? 'Node';
    const time = timeDeltas[index] ?? 0;
    if (stage === idle) continue;
    times.set(stage, (times.get(stage) ?? 0) + time);
    whole += time;
  }
  return [...times]
    .map(([stage, time]) => ({ stage, share: time / whole }))
    .filter(({ share }) => share >= 0.005)
    .sort((a, b) => b.share - a.share);
}

const idle = '(idle)';
const ownCode = /packages\/(?:apiserver\/dist\/([^/]+)\/|(api)\/bundle\/)/;

function stageByNode(nodes: readonly ProfileNode[]): Map<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const stages = new Map<number, string>();
  const visit = (node: ProfileNode, inherited: string) => {
    const { functionName, url } = node.callFrame;
    const [, folder, api] = ownCode.exec(url) ?? [];
    const stage = functionName.startsWith('(garbage') || functionName === idle ? functionName : undefined;
    const own = stage ?? folder ?? (api === undefined ? inherited : 'JSON');
    stages.set(node.id, own);
    for (const child of node.children ?? []) {
      const found = byId.get(child);
      if (found !== undefined) visit(found, own);
    }
  };
  const [root] = nodes;
  if (root !== undefined) visit(root, 'Node');
  return stages;
}
