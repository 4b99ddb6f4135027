import { copyFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { authorityFiles, lockDirectory, makeDirectory, PkiDirectory } from '@kubewright/apiserver';

/** What the servers of one cluster have in common: the certificate authority, and the keys of tokens. */
const sharedFiles = [...authorityFiles, 'sa.key', 'sa.pub'];

/**
 * Opens a server's own certificates under the authority of a directory that several servers share (a copy of it does,
 * too). The first of them makes it.
 */
export async function openSharedPki(shared: string, own: string): Promise<PkiDirectory> {
  await copySharedPki(shared, own);
  return PkiDirectory.open(own);
}

/** Takes what the servers have in common into a directory of one, after the authority was renewed where it is time. */
export async function copySharedPki(shared: string, own: string): Promise<void> {
  const directory = resolve(shared);
  await makeDirectory(directory, 0o700);
  const lock = await waitForLock(directory);
  try {
    const pki = await PkiDirectory.open(directory);
    await pki.rotate();
    await pki.tokenKeys();
    await makeDirectory(own, 0o700);
    for (const file of sharedFiles) await copyOrRemove(join(directory, file), join(own, file));
  } finally {
    await lock.release();
  }
}

async function copyOrRemove(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await rm(to, { force: true });
  }
}

/** Another server has it for a moment. */
async function waitForLock(directory: string) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await lockDirectory(directory);
    } catch (error) {
      if (attempt === 100) throw error;
      await delay(50);
    }
  }
}
