/** Fills the disk of a directory with a store, makes room, goes on writing, and prints what came of it as JSON. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { LmdbStorage } from './lmdb.js';

const [directory = ''] = process.argv.slice(2);
const ballast = join(directory, 'ballast');
writeFileSync(ballast, Buffer.alloc(8 << 20));
const said: string[] = [];
const logger = pino({}, { write: (line: string) => void said.push(JSON.parse(line).msg) });
const storage = await LmdbStorage.open(join(directory, 'data'), { logger });
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

const writeMany = (round: number) =>
  Promise.all(Array.from({ length: 32 }, (_, i) => write(`/${round}/${i}`)));

let round = 0;
while (failure === '' && round < 500) await writeMany(round++);
await writeMany(round);
const visible = (await storage.list('/')).entries.length;
rmSync(ballast);
await write('/after');
await storage.close();
const reopened = await LmdbStorage.open(join(directory, 'data'));
const kept = (await reopened.list('/')).entries.map((entry) => entry.key);
await reopened.close();
const lost = acknowledged.filter((key) => !kept.includes(key));
process.stdout.write(
  JSON.stringify({ failure, said, visible, acknowledged: acknowledged.length, kept: kept.length, lost }),
);
