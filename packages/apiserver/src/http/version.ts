import { encodeJson } from '@kubewright/api';
import { matchRoute } from '../encoding/negotiate.js';
import { prettyJson } from '../encoding/pretty-json.js';
import type { Exchange } from '../exchange.js';

/** The version of Kubernetes whose API is served. */
export const kubernetesVersion = { major: '1', minor: '36', gitVersion: 'v1.36.0+kubewright' };

/** Which version's behaviour is shown, and which the oldest that could be. */
const emulated = {
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
};

/** The document at `/version`, written for people as upstream's is. */
const versionDocument = prettyJson(
  encodeJson({
    major: kubernetesVersion.major,
    minor: kubernetesVersion.minor,
    ...emulated,
    gitVersion: kubernetesVersion.gitVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: 'node',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  }),
);

export function answerVersion(exchange: Exchange): void {
  matchRoute(exchange.request.headers.accept, ['application/json']);
  exchange.send(200, 'application/json', versionDocument);
}
