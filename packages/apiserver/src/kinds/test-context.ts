import { pino } from 'pino';
import { Authentication } from '../auth/authentication.js';
import { alwaysAllow } from '../auth/authorization/fixed-authorizers.js';
import { RbacAuthorizer } from '../auth/authorization/rbac/rbac-authorizer.js';
import { Metrics } from '../metrics/metrics.js';
import type { ObjectStore, WriteContext } from '../registry/write-context.js';

const objects: ObjectStore = {
  get: async () => undefined,
  list: async () => [],
  lister: () => ({ get: () => undefined, list: () => [], revision: 0 }),
  create: async (_kind, object) => object,
  replace: async (_kind, object) => object,
  changeStatus: async () => {
    throw new Error('nothing exists');
  },
  change: async () => {
    throw new Error('nothing exists');
  },
  delete: async () => undefined,
};
const now = () => Date.UTC(2026, 0, 1);

/** The context of a write without a server, for tests of rules: nothing else exists. */
export const testContext: WriteContext = {
  user: { name: 'test', groups: [] },
  dryRun: false,
  now,
  authorizer: alwaysAllow,
  roles: new RbacAuthorizer(),
  serviceRanges: { clusterIPs: ['10.96.0.0/12'], nodePorts: { from: 30_000, to: 32_767 } },
  objects,
  kinds: { at: () => undefined, find: () => undefined },
  authentication: new Authentication(
    {},
    { objects, logger: pino({ level: 'silent' }), metrics: new Metrics(), now },
  ),
};
