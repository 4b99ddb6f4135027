import { serveIssuerDiscovery } from './auth/service-account/issuer-discovery.js';
import { type ConfigurationSources, configz } from './debug/configz.js';
import { flagz } from './debug/flagz.js';
import { servePprof } from './debug/serve-pprof.js';
import { statusz } from './debug/statusz.js';
import { answerZPage } from './debug/z-page.js';
import { dumps } from './flow-control/dump.js';
import type { ServerHealth } from './health/server-health.js';
import { answerBackup, backupPath } from './http/answer-backup.js';
import { answerVersion } from './http/version.js';
import { serveDocuments } from './serve-documents.js';
import type { ApiServer } from './server.js';

/** What the paths that are no resources tell of. */
export interface PathSources {
  readonly health: ServerHealth;
  readonly configuration: ConfigurationSources;
}

/** The paths that are no resources. */
export function servePaths(server: ApiServer, { health, configuration }: PathSources): void {
  const { paths, metrics, options } = server;
  health.serve(paths);
  servePages(server);
  servePprof(paths);
  paths.add('/version', answerVersion, { route: true });
  paths.add('/configz', (exchange) => exchange.send(200, 'application/json', configz(server, configuration)));
  paths.add('/metrics', async (exchange) => {
    const { contentType, text } = await metrics.expose(server);
    exchange.send(200, contentType, text, startTime);
  });
  paths.add('/metrics/slis', async (exchange) => {
    const { contentType, text } = await metrics.exposeSlis();
    exchange.send(200, contentType, text, startTime);
  });
  paths.add(backupPath, (exchange) => answerBackup(exchange, options.storage), { route: true });
  const { serviceAccounts } = options.authentication ?? {};
  if (serviceAccounts !== undefined) serveIssuerDiscovery(paths, serviceAccounts, server.advertised);
  const { flowControl } = server;
  for (const [name, dump] of flowControl === undefined ? [] : Object.entries(dumps))
    paths.add(`/debug/api_priority_and_fairness/${name}`, (exchange) =>
      exchange.send(
        200,
        'text/plain; charset=utf-8',
        flowControl === undefined ? '' : dump(flowControl, exchange.info.query),
      ),
    );
  serveDocuments(server);
}

/** Tells readers of metrics when counting began, in seconds since 1970. */
const startTime = { 'process-start-time-unix': String(Math.floor(performance.timeOrigin / 1000)) };

/** What the server says of itself to people. */
function servePages(server: ApiServer): void {
  const now = () => server.now();
  const status = statusz({ startedAt: now(), now, paths: () => server.paths.all() });
  const { flags } = server.options;
  for (const page of flags === undefined ? [status] : [status, flagz(flags)]) {
    const name = page.kind.toLowerCase();
    const counted = { resource: name, component: 'apiserver' };
    server.paths.add(`/${name}`, (exchange) => answerZPage(exchange, page), { counted });
  }
}
