import { kubernetesVersion, versionDetails } from '../http/version.js';
import { type ExposedMetric, exposed } from './series.js';

/** Which version this is. */
export function buildInfo(): ExposedMetric[] {
  const { major, minor, gitVersion } = kubernetesVersion;
  const { gitCommit, gitTreeState, buildDate, goVersion, compiler, platform } = versionDetails;
  const { emulationMajor, emulationMinor, minCompatibilityMajor, minCompatibilityMinor } = versionDetails;
  const build = {
    ...{ build_date: buildDate, compiler, git_commit: gitCommit, git_tree_state: gitTreeState },
    ...{ git_version: gitVersion, go_version: goVersion, major, minor, platform },
  };
  const versions = {
    binary: gitVersion.replace(/^v/, '').replace(/\+.*$/, ''),
    component: 'kube',
    emulation: `${emulationMajor}.${emulationMinor}`,
    min_compat: `${minCompatibilityMajor}.${minCompatibilityMinor}`,
  };
  return [
    exposed(
      'kubernetes_build_info',
      'gauge',
      '[BETA] The version that is served, and how it was built.',
      () => [{ labels: build, value: 1 }],
    ),
    exposed('version_info', 'gauge', '[ALPHA] The versions that clients can count on.', () => [
      { labels: versions, value: 1 },
    ]),
  ];
}
