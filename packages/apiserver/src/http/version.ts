import { encodeJson } from '@kubewright/api';
import { matchRoute } from '../encoding/negotiate.js';
import { prettyJson } from '../encoding/pretty-json.js';
import type { Exchange } from '../exchange.js';

/** The version of Kubernetes whose API is served. */
export const kubernetesVersion = { major: '1', minor: '36', gitVersion: 'v1.36.0+kubewright' };

/** How it was built, which version's behaviour is shown, and which the oldest that could be. */
export const versionDetails = {
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};

/** The document at `/version`, written for people as upstream's is. */
function versionDocument(): string {
  const { major, minor, gitVersion } = kubernetesVersion;
  const { gitCommit, gitTreeState, buildDate, goVersion, compiler, platform, ...emulated } = versionDetails;
  const build = { gitCommit, gitTreeState, buildDate, goVersion, compiler, platform };
  return prettyJson(encodeJson({ major, minor, ...emulated, gitVersion, ...build }));
}

export function answerVersion(exchange: Exchange): void {
  matchRoute(exchange.request.headers.accept, ['application/json']);
  exchange.send(200, 'application/json', versionDocument());
}
