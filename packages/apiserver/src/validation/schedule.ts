/**
 * Says what is wrong with a schedule of five fields or a descriptor (`@daily`, `@every 1h`); nothing when it is right.
 * Source: the parser of robfig/cron v3, which kube-apiserver and its users know.
 */
export function scheduleError(schedule: string): string | undefined {
  if (schedule === '') return 'empty spec string';
  if (schedule.startsWith('@')) return descriptorError(schedule);
  const fields = schedule.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== bounds.length)
    return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
  for (const [index, bound] of bounds.entries()) {
    for (const part of (fields[index] ?? '').split(',').filter((one) => one !== '')) {
      const error = partError(part, bound);
      if (error !== undefined) return error;
    }
  }
  return undefined;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const bounds: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  {
    min: 1,
    max: 12,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  { min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

const descriptors = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];

function descriptorError(schedule: string): string | undefined {
  if (descriptors.includes(schedule)) return undefined;
  if (!schedule.startsWith('@every ')) return `unrecognized descriptor: ${schedule}`;
  const duration = schedule.slice('@every '.length);
  return /^([0-9]*\.?[0-9]+(ns|us|µs|ms|s|m|h))+$/.test(duration)
    ? undefined
    : `failed to parse duration ${schedule}: time: invalid duration ${JSON.stringify(duration)}`;
}

/** One part of a field: `*`, `5`, `1-5`, with or without a step behind a slash. */
function partError(part: string, { min, max, names }: Bounds): string | undefined {
  const [range = '', step, ...moreSlashes] = part.split('/');
  const [low = '', high, ...moreHyphens] = range.split('-');
  const isAll = low === '*' || low === '?';
  const start = isAll ? min : numberOf(low, min, names);
  if (start === undefined) return notANumber(low);
  let end = isAll ? max : start;
  if (!isAll) {
    if (moreHyphens.length > 0) return `too many hyphens: ${part}`;
    if (high !== undefined) {
      const value = numberOf(high, min, names);
      if (value === undefined) return notANumber(high);
      end = value;
    }
  }
  if (moreSlashes.length > 0) return `too many slashes: ${part}`;
  if (step !== undefined) {
    const by = numberOf(step, 0, undefined);
    if (by === undefined) return notANumber(step);
    if (high === undefined) end = max;
    if (by === 0) return `step of range should be a positive number: ${part}`;
  }
  if (start < min) return `beginning of range (${start}) below minimum (${min}): ${part}`;
  if (end > max) return `end of range (${end}) above maximum (${max}): ${part}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${part}`;
  return undefined;
}

function numberOf(text: string, first: number, names: readonly string[] | undefined): number | undefined {
  const index = names?.indexOf(text.toLowerCase()) ?? -1;
  if (index >= 0) return first + index;
  return /^[0-9]+$/.test(text) ? Number(text) : undefined;
}

function notANumber(text: string): string {
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
}
