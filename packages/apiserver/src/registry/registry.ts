import type { Logger } from 'pino';
import type { AdmissionPlugin } from '../admission/admission-plugin.js';
import type { Storage } from '../storage/storage.js';
import type { ResourceTable } from './resource-table.js';

/** What every write needs of the server that it is made on. */
export interface Registry {
  readonly storage: Storage;
  readonly resources: ResourceTable;
  readonly admission: readonly AdmissionPlugin[];
  readonly logger: Logger;
}
