import { readFile } from 'node:fs/promises';
import {
  Encryption,
  type EncryptionConfiguration,
  parseEncryptionConfiguration,
} from '@kubewright/apiserver';
import type { Logger } from 'pino';
import { unusableFile } from '../command-error.js';
import { follow } from './certificates.js';
import type { ClusterMaterial } from './cluster-material.js';

/** Options of the command line, named as kube-apiserver's. */
export interface EncryptionFlags {
  readonly encryptionProviderConfig?: string;
  readonly encryptionProviderConfigAutomaticReload?: boolean;
}

const nothingEncrypted: EncryptionConfiguration = { resources: [] };

/**
 * How objects are encrypted that are stored; undefined where they are stored as they are. A file that is named is the
 * cluster's from then on; without one it is what another server of the cluster was given, and what that becomes.
 */
export async function openEncryption(
  flags: EncryptionFlags,
  { cluster, logger }: { readonly cluster: ClusterMaterial | undefined; readonly logger: Logger },
): Promise<{ readonly encryption: Encryption; close(): void } | undefined> {
  const { encryptionProviderConfig: file, encryptionProviderConfigAutomaticReload: reload = false } = flags;
  const what = file ?? "the cluster's EncryptionConfiguration";
  const read = async () => (file === undefined ? cluster?.encryptionConfiguration() : readFile(file, 'utf8'));
  try {
    const content = await read();
    // What is a cluster's may come later.
    if (content === undefined && cluster === undefined) return undefined;
    const encryption = await Encryption.open(
      content === undefined ? nothingEncrypted : await parseEncryptionConfiguration(content, what),
      logger,
    );
    const share = async (text: string) => {
      if (file !== undefined && (await cluster?.encryptionConfiguration()) !== text)
        await cluster?.setEncryptionConfiguration(text);
    };
    const { metrics } = encryption;
    if (content !== undefined) {
      metrics.configured(content);
      await share(content);
    }
    const stop =
      reload || file === undefined
        ? follow(read, {
            current: content,
            apply: async (text) => {
              try {
                if (text === undefined) throw new Error('it is gone');
                await encryption.replace(await parseEncryptionConfiguration(text, what));
                await share(text);
                metrics.configured(text);
                metrics.reloaded('success', Date.now());
              } catch (error) {
                metrics.reloaded('failure', Date.now());
                throw error;
              }
            },
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
    throw unusableFile(what, cause, '--encryption-provider-config');
  }
}
