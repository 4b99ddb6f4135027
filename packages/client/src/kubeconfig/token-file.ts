import { readFile } from 'node:fs/promises';
import { type Clock, systemClock } from '../clock.js';

/** For how long a token is taken without another look at its file: the kubelet renews one long before its end. */
const freshMs = 10_000;

/** A token that is read anew when its file may have changed. @throws the file system's Error, an Error when empty */
export function tokenFromFile(path: string, clock: Clock = systemClock): () => Promise<string> {
  let cached: { readonly token: Promise<string>; readonly at: number } | undefined;
  return () => {
    if (cached === undefined || clock.now() - cached.at >= freshMs) {
      const reading = { token: readToken(path), at: clock.now() };
      cached = reading;
      reading.token.catch(() => {
        // The caller has the error; the next one shall look again.
        if (cached === reading) cached = undefined;
      });
    }
    return cached.token;
  };
}

async function readToken(path: string): Promise<string> {
  const token = (await readFile(path, 'utf8')).trim();
  if (token === '') throw new Error(`${path} holds no token`);
  return token;
}
