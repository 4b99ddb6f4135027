import type { Exchange } from '../exchange.js';
import { writeBackup } from '../storage/backup.js';
import type { Storage } from '../storage/storage.js';

/** Where a backup is asked for. Only who may do everything may read everything at once: no built-in role has it. */
export const backupPath = '/backup';

/** A snapshot of the whole store, as `kubewright backup` asks for it. An answer that breaks off has no checksum. */
export async function answerBackup(exchange: Exchange, storage: Storage): Promise<void> {
  const stream = exchange.openLong(200, 'application/octet-stream');
  const { signal } = exchange.request;
  try {
    for await (const chunk of writeBackup(storage, new Date(exchange.server.now()))) {
      if (!stream.write(chunk)) await stream.drained();
      if (signal.aborted) return;
    }
  } catch (error) {
    exchange.server.logger.warn({ err: error }, 'a backup broke off');
    stream.destroy();
    return;
  }
  stream.end();
}
