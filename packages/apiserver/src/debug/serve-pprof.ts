import type { Exchange } from '../exchange.js';
import type { Paths } from '../http/paths.js';
import type { ProfileName } from './profiler.js';

const prefix = '/debug/pprof/';
const profiles: readonly ProfileName[] = ['heap', 'profile'];
const textType = 'text/plain; charset=utf-8';
const sniffless = { 'x-content-type-options': 'nosniff' };
/** Tells Go's tool that the text is for whoever runs it. */
const refusal = { ...sniffless, 'x-go-pprof': '1' };

/** As Go's server has it. */
const defaultSeconds = 30;
const mostSeconds = 600;

/** Profiles of the process, where and as Go's programs have them. One at a time: V8 has one profiler. */
export function servePprof(paths: Paths): void {
  let isBusy = false;
  paths.add(prefix.slice(0, -1), (exchange) =>
    exchange.send(302, 'text/html; charset=utf-8', `<a href="${prefix}">Found</a>.\n\n`, {
      location: prefix,
    }),
  );
  paths.add(prefix, (exchange) => exchange.send(200, 'text/html; charset=utf-8', index, sniffless));
  for (const name of profiles)
    paths.add(`${prefix}${name}`, async (exchange) => {
      if (isBusy) {
        exchange.send(500, textType, 'Could not enable profiling: another profile is being taken\n', refusal);
        return;
      }
      isBusy = true;
      try {
        await answerProfile(exchange, name);
      } finally {
        isBusy = false;
      }
    });
  paths.addBelow(prefix, (exchange) => exchange.send(404, textType, 'Unknown profile\n', refusal));
}

async function answerProfile(exchange: Exchange, name: ProfileName): Promise<void> {
  const asked = Number(exchange.info.query.get('seconds') ?? defaultSeconds);
  const seconds = asked > 0 ? Math.min(asked, mostSeconds) : defaultSeconds;
  // Loaded on first use: it is rarely needed, and opens V8's inspector.
  const { sample } = await import('./profiler.js');
  const { request, server } = exchange;
  const ends = AbortSignal.any([request.signal, server.stopping]);
  const profile = await sample(name, seconds * 1000, ends);
  exchange.send(200, 'application/octet-stream', profile, {
    ...sniffless,
    'content-disposition': `attachment; filename="${name}"`,
  });
}

const index = `<html><head><title>${prefix}</title></head><body>${prefix}<ul>
<li><a href="profile?seconds=30">profile</a>: what is computed in so many seconds</li>
<li><a href="heap?seconds=30">heap</a>: what is allocated in so many seconds and still held after them</li>
</ul>For <code>go tool pprof</code>.</body></html>
`;
