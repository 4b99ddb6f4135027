/** Where a text begins, and how far in its further lines are. */
interface Position {
  readonly indent: number;
  readonly column: number;
}

/** Lines are broken at the first space behind this column. */
const width = 80;
/** A longer key stands behind a question mark, on a line of its own. */
const simpleKeyBytes = 128;

export function isSimpleKey(key: string): boolean {
  return Buffer.byteLength(key) <= simpleKeyBytes && !/[\n\r\x85\u2028\u2029]/.test(key);
}

/** A text of several lines as a block; undefined where it has one line, or can't be written so. */
export function blockScalar(text: string, indent: number): string | undefined {
  // Spaces before a break, or at the end, would be lost.
  if (!text.includes('\n') || unprintable.test(text) || / (?:\n|$)/.test(text)) return undefined;
  const start = /^[ \n]/.test(text) ? '2' : '';
  const end = text.endsWith('\n') ? (/(?:^|\n)\n$/.test(text) ? '+' : '') : '-';
  const lines = text.replace(/^(?=[^\n])/gm, ' '.repeat(indent));
  // Whoever writes the next line, or the end, ends the last one.
  return `|${start}${end}\n${lines.replace(/\n$/, '')}`;
}

/** Nothing that has to be quoted, folded or looked at, but for a few words. */
const plainWord = /^[A-Za-z/][-A-Za-z0-9_./]*$/;

/** A text on a line: plain where it means itself and nothing else, or quoted. */
export function keyScalar(text: string): string {
  return flowScalar(text, undefined);
}

/** The same for a value, which is folded where it is long. */
export function valueScalar(text: string, place: Position): string {
  return flowScalar(text, place);
}

function flowScalar(text: string, place: Position | undefined): string {
  if (text.length <= width && plainWord.test(text)) return words.has(text) ? `"${text}"` : text;
  if (unprintable.test(text) || text.includes('\n') || meansOther(text)) return doubleQuoted(text, place);
  const isPlain = !indicators.test(text);
  const written = isPlain ? text : `'${text.replaceAll("'", "''")}'`;
  if (place === undefined || place.column + written.length <= width) return written;
  return folded(written, place, isPlain ? 0 : 1);
}

/** What would not be read as a plain text: signs of YAML's own, spaces at the ends. */
const indicators = /^(?:---|\.\.\.|[ #,[\]{}&*!|>'"%@`]|[-?](?: |$))|:(?: |$)| #| $/;
/** All but what is printed as it is: the rest is written as escapes. Breaks of other alphabets are, too. */
const unprintable = /[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;

/** Texts that stand for a value of another type in YAML 1.1, also where Go's reader would not take them for one. */
function meansOther(text: string): boolean {
  if (words.has(text)) return true;
  if (!/^[-+.\d]/.test(text)) return false;
  // What begins with a point has underscores between digits alone.
  if (text.startsWith('.'))
    return /^\.\d+(?:_\d+)*(?:[eE][-+]?\d+)?$/.test(text) && isInRange(text.replaceAll('_', ''));
  const digits = text.replaceAll('_', '');
  if (/^[-+]?(?:0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9]\d*|0)$/.test(digits)) return true;
  if (/^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(digits)) return isInRange(digits);
  return base60.test(text) || isTimestamp(text);
}

const words = new Set(
  ['~ null Null NULL y Y yes Yes YES true True TRUE on On ON n N no No NO false False FALSE off Off OFF']
    .concat('.nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf -.INF')
    .flatMap((list) => list.split(' '))
    .concat(''),
);
const base60 = /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/;
/** A date, and perhaps a time with a zone, or without one behind a space. */
const timestamp =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt](\d\d?):(\d\d?):(\d\d?)(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)| (\d\d?):(\d\d?):(\d\d?)(?:\.\d+)?)?$/;

function isTimestamp(text: string): boolean {
  const found = timestamp.exec(text);
  if (found === null) return false;
  const [, year, month, day, ...time] = found;
  const [hour = 0, minute = 0, second = 0] = time.filter((part) => part !== undefined).map(Number);
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  const isDate = Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= days;
  return isDate && hour < 24 && minute < 60 && second < 60;
}

function isInRange(text: string): boolean {
  return Number.isFinite(Number(text));
}

/** Breaks lines at single spaces, which the reader puts back; `quotes` stand at either end. */
function folded(written: string, { indent, column: start }: Position, quotes: number): string {
  let column = start;
  let line = 0;
  let text = '';
  for (let at = 0; at < written.length; at++) {
    const isBreak =
      written[at] === ' ' &&
      column > width &&
      at > quotes &&
      at < written.length - 1 - quotes &&
      written[at - 1] !== ' ' &&
      written[at + 1] !== ' ';
    if (isBreak) {
      text += `${written.slice(line, at)}\n${' '.repeat(indent)}`;
      line = at + 1;
      column = indent;
    } else column++;
  }
  return text + written.slice(line);
}

/** Folded behind the same column; a line that would begin with a space begins with a backslash. */
function doubleQuoted(text: string, place: Position | undefined): string {
  let written = '"';
  let column = (place?.column ?? 0) + 1;
  let wasSpace = false;
  const signs = [...text];
  for (const [at, sign] of signs.entries()) {
    let next = sign;
    if (sign === ' ') {
      const breaks = !wasSpace && column > width && at > 0 && at < signs.length - 1;
      if (place !== undefined && breaks) {
        written += `\n${' '.repeat(place.indent)}`;
        column = place.indent;
        next = signs[at + 1] === ' ' ? '\\' : '';
      }
    } else if (sign === '"' || sign === '\\' || sign === '\n' || unprintable.test(sign)) next = escaped(sign);
    wasSpace = sign === ' ';
    written += next;
    column += next.length;
  }
  return `${written}"`;
}

const escapes: Readonly<Record<string, string>> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\x85': 'N',
  '\u2028': 'L',
  '\u2029': 'P',
};

function escaped(sign: string): string {
  const known = escapes[sign];
  if (known !== undefined) return `\\${known}`;
  const code = sign.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
