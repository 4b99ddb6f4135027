/** Writes until it is killed, and says what was acknowledged: `key revision value`, or `-` for a deletion. */
import { LmdbStorage } from './lmdb.js';

const [directory = '', seed = '0'] = process.argv.slice(2);
const storage = await LmdbStorage.open(directory);
let state = Number(seed);

/** xorshift, so that a seed repeats the writes. */
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

async function write(): Promise<void> {
  for (;;) {
    const key = `/key/${random(40)}`;
    const value = random(5) === 0 ? undefined : `${random(1_000_000)}`.padEnd(1 + random(4000), '.');
    const revision = await storage.write(key, () =>
      value === undefined ? { delete: true } : { put: Buffer.from(value) },
    );
    // A pipe takes this synchronously.
    if (revision > 0) process.stdout.write(`${key} ${revision} ${value ?? '-'}\n`);
  }
}

await Promise.all(Array.from({ length: 16 }, write));
