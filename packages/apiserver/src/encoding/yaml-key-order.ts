const letter = /^\p{L}/u;
const digit = /^\p{Nd}/u;

/**
 * The order in which Go's YAML library writes the keys of a map: letters behind all other signs, and numbers by their
 * value. Source: `keyList.Less` of go-yaml 2.
 */
export function yamlKeyOrder(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at === a.length || at === b.length) return a.length - b.length;
  const aIsLetter = isLetter(a, at);
  const bIsLetter = isLetter(b, at);
  if (aIsLetter && bIsLetter) return byCode(a, b, at);
  if (aIsLetter || bIsLetter) return bIsLetter ? -1 : 1;
  return byNumber(a, b, at) || byCode(a, b, at);
}

/** Of digits from there on; where one has a zero within a number that is the same so far, the other's digits count too. */
function byNumber(a: string, b: string, at: number): number {
  const isWithin = (a[at] === '0' || b[at] === '0') && /[1-9]\d*$/.test(a.slice(0, at));
  const first = digits(a, at);
  const second = digits(b, at);
  const lead = isWithin ? '1' : '';
  return numberOf(lead + first) - numberOf(lead + second) || first.length - second.length;
}

function digits(text: string, at: number): string {
  let end = at;
  while (end < text.length && isDigit(text, end)) end++;
  return text.slice(at, end);
}

/** Go's 64 bits overflow. */
function numberOf(text: string): number {
  return text.length < 16 ? Number(text) : Number(BigInt.asIntN(64, BigInt(text)));
}

function byCode(a: string, b: string, at: number): number {
  return (a.codePointAt(at) ?? 0) - (b.codePointAt(at) ?? 0);
}

function isLetter(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 0x80) return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
  return letter.test(text.slice(at));
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 0x80) return code >= 0x30 && code <= 0x39;
  return digit.test(text.slice(at));
}
