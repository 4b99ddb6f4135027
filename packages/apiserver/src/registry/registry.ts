import type { Logger } from 'pino';
import type { AdmissionChain } from '../admission/admission-chain.js';
import type { Storage } from '../storage/storage.js';
import type { ResourceTable } from './resource-table.js';

/** What every write needs of the server that it is made on. */
export interface Registry {
  readonly storage: Storage;
  readonly resources: ResourceTable;
  readonly admission: AdmissionChain;
  readonly logger: Logger;
}
