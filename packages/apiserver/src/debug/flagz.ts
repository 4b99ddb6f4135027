import type { ZPage } from './z-page.js';

/** The options that the program was started with, by name; nothing of them is secret. */
export function flagz(flags: Readonly<Record<string, string>>): ZPage {
  const sorted = Object.entries(flags).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    kind: 'Flagz',
    text: () => sorted.map(([name, value]) => `${name}=${value}\n`).join(''),
    fields: () => ({ flags: Object.fromEntries(sorted) }),
  };
}
