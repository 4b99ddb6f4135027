import { kubernetesVersion, versionDetails } from '../http/version.js';
import type { ZPage } from './z-page.js';

/** Since when which version runs, and where more is to be had. */
export function statusz(of: {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly now: () => number;
  readonly paths: () => readonly string[];
}): ZPage {
  const upSeconds = () => Math.floor((of.now() - of.startedAt) / 1000);
  const binaryVersion = kubernetesVersion.gitVersion.replace(/^v/, '');
  const emulationVersion = `${versionDetails.emulationMajor}.${versionDetails.emulationMinor}`;
  const { goVersion } = versionDetails;
  const paths = () => of.paths().filter(isPage).sort();
  return {
    kind: 'Statusz',
    text: () => {
      const lines = [
        `Started: ${unixDate(of.startedAt)}`,
        `Up: ${upTime(upSeconds())}`,
        `Node version: ${process.version}`,
        `Binary version: ${binaryVersion}`,
        `Emulation version: ${emulationVersion}`,
        `Paths: ${paths().join(' ')}`,
      ];
      return `\n${lines.join('\n')}\n`;
    },
    fields: () => ({
      startTime: new Date(of.startedAt).toISOString().replace(/\.\d+Z$/, 'Z'),
      uptimeSeconds: upSeconds(),
      goVersion,
      binaryVersion,
      emulationVersion,
      paths: paths(),
    }),
  };
}

/** Pages are at the top, and are no roots of the API. */
function isPage(path: string): boolean {
  return /^\/[a-z]+$/.test(path) && path !== '/api' && path !== '/apis';
}

/** `Sun Nov 29 01:49:49 UTC 2026`, as `date` writes it. */
export function unixDate(milliseconds: number): string {
  const [weekday, day = '', month, year, time] = new Date(milliseconds).toUTCString().split(/,? /);
  return `${weekday} ${month} ${day.replace(/^0/, ' ')} ${time} UTC ${year}`;
}

/** `0 hr 43 min 18 sec` */
export function upTime(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(seconds / 3600)} hr ${two(Math.floor(seconds / 60) % 60)} min ${two(seconds % 60)} sec`;
}
