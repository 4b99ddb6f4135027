import { encodeJson } from '@kubewright/api';
import { prettyJson } from '../encoding/pretty-json.js';

/** The version of Kubernetes whose API is served. */
export const kubernetesVersion = { major: '1', minor: '36', gitVersion: 'v1.36.0+kubewright' };

/** The document at `/version`, written for people as upstream's is. */
export const versionDocument = prettyJson(
  encodeJson({
    ...kubernetesVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: 'node',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  }),
);
