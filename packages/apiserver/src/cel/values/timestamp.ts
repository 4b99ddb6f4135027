import { type CelType, TIMESTAMP } from '../types.js';
import { CelValue } from './cel-value.js';
import { Duration } from './duration.js';
import { EvaluationError } from './evaluation-error.js';

const firstSecond = Date.parse('0001-01-01T00:00:00Z') / 1000;
const lastSecond = Date.parse('9999-12-31T23:59:59Z') / 1000;
const second = 1_000_000_000n;
const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** A moment from year 1 to 9999, to the nanosecond. */
export class Timestamp extends CelValue {
  /** Since the epoch. */
  readonly seconds: number;
  /** Of the second, 0 to 999,999,999. */
  readonly nanos: number;

  /** @throws EvaluationError timestamp overflow */
  constructor(seconds: number, nanos = 0) {
    super();
    if (seconds < firstSecond || seconds > lastSecond) throw new EvaluationError('timestamp overflow');
    this.seconds = seconds;
    this.nanos = nanos;
  }

  get type(): CelType {
    return TIMESTAMP;
  }

  equals(other: unknown): boolean {
    return other instanceof Timestamp && other.seconds === this.seconds && other.nanos === this.nanos;
  }

  compare(other: Timestamp): number {
    return Math.sign(this.seconds - other.seconds || this.nanos - other.nanos);
  }

  plus({ nanos }: Duration): Timestamp {
    return timestampOfNanos(this.#total() + nanos);
  }

  minus(other: Duration): Timestamp {
    return timestampOfNanos(this.#total() - other.nanos);
  }

  since(other: Timestamp): Duration {
    return new Duration(this.#total() - other.#total());
  }

  #total(): bigint {
    return BigInt(this.seconds) * second + BigInt(this.nanos);
  }

  /** RFC 3339 in UTC, with as many digits of the second as it takes. */
  override toString(): string {
    const text = new Date(this.seconds * 1000).toISOString().slice(0, 19);
    const fraction = this.nanos === 0 ? '' : `.${String(this.nanos).padStart(9, '0').replace(/0+$/, '')}`;
    return `${text}${fraction}Z`;
  }
}

function timestampOfNanos(total: bigint): Timestamp {
  const nanos = ((total % second) + second) % second;
  return new Timestamp(Number((total - nanos) / second), Number(nanos));
}

/** Reads RFC 3339; undefined for anything else and for moments outside of the range. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const parts = rfc3339.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, sec, fraction = '', sign, offsetHour = '0', offsetMinute = '0'] =
    parts;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const sameDay = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  if (!sameDay || Number(hour) > 23 || Number(minute) > 59 || Number(sec) > 59) return undefined;
  if (Number(offsetHour) > 24 || Number(offsetMinute) > 59) return undefined;
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === '-' ? -60 : 60);
  const time = Number(hour) * 3600 + Number(minute) * 60 + Number(sec);
  const seconds = date.getTime() / 1000 + time - offset;
  if (seconds < firstSecond || seconds > lastSecond) return undefined;
  return new Timestamp(seconds, Number(fraction.slice(0, 9).padEnd(9, '0')));
}
