import { type Logger, pino } from 'pino';

/**
 * A logger for people: one line an entry on standard error.
 * @param verbosity 0 warnings, 1 what happens, 2 everything
 */
export function createLogger(component: string, verbosity: number): Logger {
  const level = ['warn', 'info', 'debug'][Math.min(verbosity, 2)] ?? 'warn';
  return pino(
    { level, base: { component }, timestamp: false },
    { write: (line: string) => void process.stderr.write(readable(line, new Date())) },
  );
}

const levelNames: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warning',
  50: 'error',
  60: 'fatal',
};

/** `12:04:31 warning kubelet: what happened (pod=web-1)` for pino's JSON line. */
export function readable(line: string, now: Date): string {
  const { level, component, msg = '', err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const details = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const failure = (err as { message?: string } | undefined)?.message;
  const text = failure === undefined ? msg : `${msg === '' ? '' : `${msg}: `}${failure}`;
  const tail = details.length === 0 ? '' : ` (${details.join(' ')})`;
  return `${now.toTimeString().slice(0, 8)} ${levelNames[Number(level)] ?? level} ${component}: ${text}${tail}\n`;
}
