/** Where a file of facts of this package is. Source and what is built of it both lie one folder deep. */
export function dataFile(name: string): URL {
  return new URL(`../data/${name}`, import.meta.url);
}
