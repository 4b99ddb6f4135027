/**
 * Names the known vulnerabilities of the packages that are installed, as the registry knows them. Fails for high and
 * critical ones of what users install; where the registry can't be asked it says so, names what package-lock.json calls
 * deprecated, and fails nothing.
 */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** The part of `npm audit --json` that is read. Source: npm's audit report, version 2. */
interface AuditReport {
  readonly error?: { readonly code?: string; readonly summary?: string };
  readonly message?: string;
  readonly vulnerabilities?: Readonly<Record<string, Vulnerability>>;
}

interface Vulnerability {
  readonly name: string;
  readonly severity: string;
  readonly range: string;
  readonly nodes: readonly string[];
  /** Names of packages that it comes from, or what is known. */
  readonly via: readonly (string | { readonly title: string; readonly url: string })[];
}

const failing = new Set(['high', 'critical']);

/** What a report says: a line for each finding, and whether it fails; undefined where nobody answered. */
export function judge(
  report: AuditReport,
): { readonly lines: readonly string[]; readonly fails: boolean } | undefined {
  const { vulnerabilities } = report;
  if (vulnerabilities === undefined) return undefined;
  const all = Object.values(vulnerabilities);
  const lines = all.map(({ name, severity, range, nodes, via }) => {
    const known = via.map((one) =>
      typeof one === 'string' ? `through ${one}` : `${one.title} (${one.url})`,
    );
    return `${severity}: ${name} ${range}: ${known.join('; ')}: at ${nodes.join(', ')}`;
  });
  return { lines, fails: all.some(({ severity }) => failing.has(severity)) };
}

/** The part of `package-lock.json` that is read. Source: npm's lock file, version 3. */
interface PackageLock {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly deprecated?: string; readonly dev?: boolean }>
  >;
}

/** What those who make a package said against it when it was locked: all that is known without a registry. */
export function deprecatedIn({ packages }: PackageLock): {
  readonly packages: number;
  readonly named: readonly string[];
} {
  const installed = Object.entries(packages).filter(
    ([path, { dev = false }]) => path.includes('node_modules/') && !dev,
  );
  const named = installed.flatMap(([path, { version, deprecated }]) =>
    deprecated === undefined ? [] : [`deprecated: ${path} ${version}: ${deprecated}`],
  );
  return { packages: installed.length, named };
}

async function main(): Promise<number> {
  const report = await readReport();
  const judgement = judge(report);
  if (judgement === undefined) {
    const why = report.error?.summary || report.error?.code || report.message || 'npm gave no reason';
    console.warn(`SKIPPED: the registry could not be asked for vulnerabilities: ${why}`);
    const lock = JSON.parse(await readFile('package-lock.json', 'utf8')) as PackageLock;
    const { named, packages } = deprecatedIn(lock);
    console.warn(`What package-lock.json says by itself of ${packages} packages that users install:`);
    for (const line of named) console.warn(line);
    console.warn(
      `${named.length} were called deprecated when they were locked; vulnerabilities it does not know`,
    );
    return 0;
  }
  for (const line of judgement.lines) console.log(line);
  console.log(`${judgement.lines.length} packages of those that users install have known vulnerabilities`);
  return judgement.fails ? 1 : 0;
}

/** npm ends with 1 where it finds something, too. */
async function readReport(): Promise<AuditReport> {
  try {
    const run = promisify(execFile);
    const { stdout } = await run('npm', ['audit', '--json', '--omit=dev'], {
      timeout: 60_000,
      maxBuffer: 64 << 20,
    });
    return JSON.parse(stdout) as AuditReport;
  } catch (error) {
    const { stdout = '', message } = error as Error & { stdout?: string };
    try {
      return JSON.parse(stdout) as AuditReport;
    } catch {
      // Without a report there is only the reason why.
      return { message };
    }
  }
}

if (import.meta.url === `file://${process.argv[1]}`) process.exitCode = await main();
