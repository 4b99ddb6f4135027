import { EvaluationStopped } from './evaluation-error.js';

/** Longer texts than any budget allows to make. Some functions of upstream's cost little however long their result. */
const longestText = 10_000_000;

/** @throws EvaluationStopped */
export function checkTextLength(length: number): void {
  if (length > longestText) throw new EvaluationStopped('operation cancelled: a text is too long');
}

/** The number of characters (code points) of a string, as CEL counts them. */
export function characterCount(text: string): number {
  const { length } = text;
  let count = length;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit < 0xdc00 && index + 1 < length) {
      const next = text.charCodeAt(index + 1);
      if (next >= 0xdc00 && next < 0xe000) {
        count--;
        index++;
      }
    }
  }
  return count;
}

/** A double as CEL's `string()` writes it (Go's `%g`): the shortest digits that give it back. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [digits = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return String(value);
  const sign = exponent < 0 ? '-' : '+';
  return `${digits}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
