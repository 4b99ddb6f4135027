import { type CelType, DURATION } from '../types.js';
import { CelValue } from './cel-value.js';
import { EvaluationError } from './evaluation-error.js';
import { maxInt, minInt } from './integers.js';

const unitNanos: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const second = 1_000_000_000n;
const longestDuration = 256;

/** A span of time in nanoseconds, of 64 bits. */
export class Duration extends CelValue {
  readonly nanos: bigint;

  /** @throws EvaluationError duration overflow */
  constructor(nanos: bigint) {
    super();
    if (nanos > maxInt || nanos < minInt) throw new EvaluationError('duration overflow');
    this.nanos = nanos;
  }

  get type(): CelType {
    return DURATION;
  }

  equals(other: unknown): boolean {
    return other instanceof Duration && other.nanos === this.nanos;
  }

  /** As CEL writes it: in seconds. */
  override toString(): string {
    return `${decimal(this.nanos)}s`;
  }
}

/** Reads what Go's `time.ParseDuration` reads: `1h30m`, `-1.5s`, `0`. Undefined for anything else. */
export function parseDuration(text: string): Duration | undefined {
  if (text.length > longestDuration) return undefined;
  const sign = /^[+-]/.exec(text)?.[0];
  let rest = sign === undefined ? text : text.slice(1);
  if (rest === '0') return new Duration(0n);
  if (rest === '') return undefined;
  let nanos = 0n;
  while (rest !== '') {
    const part = /^(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/.exec(rest);
    if (part === null) return undefined;
    const [all, whole = '', fraction = '', unit = ''] = part;
    if (whole === '' && fraction === '') return undefined;
    const scale = unitNanos[unit]!;
    nanos += BigInt(whole || '0') * scale;
    if (fraction !== '') nanos += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
    rest = rest.slice(all.length);
  }
  if (sign === '-') nanos = -nanos;
  return nanos > maxInt || nanos < minInt ? undefined : new Duration(nanos);
}

function decimal(nanos: bigint): string {
  const sign = nanos < 0n ? '-' : '';
  const absolute = nanos < 0n ? -nanos : nanos;
  const fraction = (absolute % second).toString().padStart(9, '0').replace(/0+$/, '');
  return `${sign}${absolute / second}${fraction === '' ? '' : `.${fraction}`}`;
}
