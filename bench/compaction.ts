import { join } from 'node:path';
import { Child } from './child.js';
import { type Comparison, compare, summarise } from './compare.js';
import { podJson } from './pod.js';
import { scratchDirectory } from './scratch.js';

const revisions = 60_000;

/** The longest stop of the event loop while LMDB forgets history and sixteen clients write, against ten milliseconds. */
export async function benchCompaction(): Promise<Comparison> {
  const directory = scratchDirectory();
  const alone: number[] = [];
  let round = 0;
  const longest = async () => {
    const child = new Child('./compaction.child.mjs', { asServer: true });
    try {
      const options = { directory: join(directory.path, String(round++)), revisions, keys: 20_000 };
      const result = await child.ask<{ longestMs: number; alone: number }>({ ...options, value: podJson() });
      alone.push(result.alone);
      return result.longestMs * 1000;
    } finally {
      child.close();
    }
  };
  try {
    const name = `longest stop of the event loop while ${revisions.toLocaleString('en')} revisions of LMDB are compacted under writes`;
    const options = { unit: 'µs', limit: 'at most 1', rounds: 3 };
    const comparison = await compare(name, longest, 10_000, options);
    const { median, most } = summarise(alone);
    const note = `of the same writes without compaction: ${median.toFixed(1)} ms, at most ${most.toFixed(1)} ms`;
    return { ...comparison, notes: [note] };
  } finally {
    directory.remove();
  }
}
