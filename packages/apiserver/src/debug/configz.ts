import { encodeJson } from '@kubewright/api';
import { maxBodyBytes } from '../http/api-request.js';
import { longestRequestMs } from '../http/deadline.js';
import type { HttpsListener } from '../http/https-listener.js';
import type { ServiceRanges } from '../registry/write-context.js';
import type { ApiServer } from '../server.js';

/** What of a server's configuration only the server itself knows. */
export interface ConfigurationSources {
  serviceRanges(): ServiceRanges;
  authorizationModes(): readonly string[];
  listeners(): readonly HttpsListener[];
}

/** What the server runs with, for who looks after it; no secrets. JSON. */
export function configz(server: ApiServer, sources: ConfigurationSources): string {
  const { advertised, kinds = [] } = server.options;
  return encodeJson({
    apiserverconfig: {
      advertised,
      serviceRanges: sources.serviceRanges(),
      admissionPlugins: server.admission.plugins.map(({ name }) => name),
      authorizationModes: sources.authorizationModes(),
      kinds: kinds.map(({ kind }) => `${kind.plural}.${kind.group}/${kind.version}`),
      requestTimeoutMs: longestRequestMs,
      maxBodyBytes,
      bookmarkIntervalMs: server.bookmarkIntervalMs,
      listeners: sources.listeners().map(({ host, port }) => ({ host, port })),
    },
  });
}
