import { Child } from './child.js';
import { type Comparison, compare } from './compare.js';
import { scratchDirectory } from './scratch.js';

const count = 1_000_000;
const budgetMs = 5_000;

/** From the opening of a million objects of half a kilobyte in LMDB until one of them is there, against five seconds. */
export async function benchMillion(): Promise<Comparison[]> {
  const directory = scratchDirectory();
  const ask = async (command: string) => {
    const child = new Child('./million.child.mjs', { asServer: true });
    try {
      return await child.ask<{ readonly ms: number }>({ command, directory: directory.path, count });
    } finally {
      child.close();
    }
  };
  const until = (what: string, command: string, rounds: number) =>
    compare(
      `${count.toLocaleString('en')} objects in LMDB, from ${what} until one of them is read`,
      async () => (await ask(command)).ms,
      budgetMs,
      { unit: 'ms', limit: 'at most 1', rounds },
    );
  try {
    await ask('fill');
    return [
      await until('opening the store', 'open', 3),
      await until('starting an API server over it', 'serve', 1),
    ];
  } finally {
    directory.remove();
  }
}
