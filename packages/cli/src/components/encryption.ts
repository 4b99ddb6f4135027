import { readFile } from 'node:fs/promises';
import { Encryption, parseEncryptionConfiguration } from '@kubewright/apiserver';
import type { Logger } from 'pino';
import { CommandError } from '../command-error.js';
import { follow } from './certificates.js';

/** Options of the command line, named as kube-apiserver's. */
export interface EncryptionFlags {
  readonly encryptionProviderConfig?: string;
  readonly encryptionProviderConfigAutomaticReload?: boolean;
}

/** How objects are encrypted that are stored; undefined where they are stored as they are. */
export async function openEncryption(
  flags: EncryptionFlags,
  logger: Logger,
): Promise<{ readonly encryption: Encryption; close(): void } | undefined> {
  const { encryptionProviderConfig: file, encryptionProviderConfigAutomaticReload: reload = false } = flags;
  if (file === undefined) return undefined;
  const read = () => readFile(file, 'utf8');
  try {
    const content = await read();
    const encryption = await Encryption.open(await parseEncryptionConfiguration(content, file), logger);
    const stop = reload
      ? follow(read, {
          current: content,
          apply: async (text) => encryption.replace(await parseEncryptionConfiguration(text, file)),
          what: 'providers of encryption',
          logger,
        })
      : undefined;
    return {
      encryption,
      close: () => {
        stop?.();
        encryption.close();
      },
    };
  } catch (cause) {
    throw new CommandError(`--encryption-provider-config ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}
