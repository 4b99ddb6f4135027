/** Fills the disk of a directory with a store, makes room, goes on writing, and prints what came of it as JSON. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LmdbStorage } from './lmdb.js';

const [directory = ''] = process.argv.slice(2);
const ballast = join(directory, 'ballast');
writeFileSync(ballast, Buffer.alloc(8 << 20));
const storage = await LmdbStorage.open(join(directory, 'data'));
const acknowledged: string[] = [];
let failure = '';

async function write(key: string): Promise<void> {
  try {
    await storage.write(key, () => ({ put: Buffer.alloc(4000, 'x') }));
    acknowledged.push(key);
  } catch (error) {
    failure = (error as Error).message;
  }
}

for (let round = 0; failure === '' && round < 500; round++) {
  await Promise.all(Array.from({ length: 32 }, (_, i) => write(`/${round}/${i}`)));
}
const visible = (await storage.list('/')).entries.length;
rmSync(ballast);
await write('/after');
await storage.close();
const reopened = await LmdbStorage.open(join(directory, 'data'));
const kept = (await reopened.list('/')).entries.map((entry) => entry.key);
await reopened.close();
const lost = acknowledged.filter((key) => !kept.includes(key));
process.stdout.write(
  JSON.stringify({ failure, visible, acknowledged: acknowledged.length, kept: kept.length, lost }),
);
