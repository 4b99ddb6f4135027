/** What one client's program found. */
export interface Outcome {
  readonly client: string;
  /** As the program says it, or `-`. */
  readonly version: string;
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** Checks, or the whole client, that could not run here, and why. */
  readonly skipped: readonly string[];
}

/**
 * Reads a program's lines `version V`, `ok NAME`, `not ok NAME: WHY` and `skip NAME: WHY`; others are its log.
 * A program that ends badly without a failed check, or checks nothing, has failed.
 */
export function readOutcome(client: string, output: string, ended: number | string): Outcome {
  const said = (word: string) =>
    output
      .split('\n')
      .filter((line) => line.startsWith(`${word} `))
      .map((line) => line.slice(word.length + 1).trim());
  const passed = said('ok');
  const failed = said('not ok');
  if (failed.length === 0 && ended !== 0) failed.push(`the program ended with ${ended}`);
  if (failed.length === 0 && passed.length === 0) failed.push('the program checked nothing');
  return { client, version: said('version')[0] ?? '-', passed, failed, skipped: said('skip') };
}

export function skipped(client: string, why: string): Outcome {
  return { client, version: '-', passed: [], failed: [], skipped: [why] };
}

/** A line a client with its counts, then each difference and what was skipped. */
export function renderOutcomes(outcomes: readonly Outcome[]): string {
  const rows = [
    ['client', 'version', 'passed', 'failed', 'skipped'],
    ...outcomes.map(({ client, version, passed, failed, skipped: left }) => [
      client,
      version,
      String(passed.length),
      String(failed.length),
      String(left.length),
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const details = outcomes.flatMap(({ client, failed, skipped: left }) => [
    ...failed.map((line) => `${client}: failed: ${line}`),
    ...left.map((line) => `${client}: skipped: ${line}`),
  ]);
  return `${[...table, ...details].join('\n')}\n`;
}
