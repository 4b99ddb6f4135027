type Library = typeof import('js-yaml');

/**
 * Booleans and numbers as Go's reader of YAML takes them, which has the words of YAML 1.1 (`yes`, `off`), octal numbers
 * with a leading zero (`0644`), and underscores between digits.
 */
export function goScalarTags(library: Library) {
  const { boolYaml11Tag, defineScalarTag, floatCoreTag, intCoreTag, NOT_RESOLVED } = library;
  const integer = defineScalarTag(intCoreTag.tagName, {
    implicit: true,
    implicitFirstChars: intCoreTag.implicitFirstChars,
    resolve: (text) => integerOf(text) ?? NOT_RESOLVED,
    identify: intCoreTag.identify,
  });
  const float = defineScalarTag(floatCoreTag.tagName, {
    implicit: true,
    implicitFirstChars: floatCoreTag.implicitFirstChars,
    resolve: (text, isExplicit, tagName) => floatOf(text) ?? floatCoreTag.resolve(text, isExplicit, tagName),
    identify: floatCoreTag.identify,
  });
  return [boolYaml11Tag, integer, float];
}

/** Beyond 2^53 a bigint; undefined for what is no integer of 64 bits. Source: Go's `strconv.ParseInt` with base 0. */
export function integerOf(text: string): number | bigint | undefined {
  const plain = text.replaceAll('_', '');
  const [, sign = '', zeros, digits = ''] =
    /^([-+]?)(0(?=[0-7]))?(0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+|\d+)$/.exec(plain) ?? [];
  if (digits === '') return undefined;
  // Only octal digits follow a leading zero; others make a float of it.
  if (zeros !== undefined && !/^[0-7]+$/.test(digits)) return undefined;
  if (zeros === undefined && /^0\d/.test(digits)) return undefined;
  const size = BigInt(zeros === undefined ? digits : `0o${digits}`);
  const value = sign === '-' ? -size : size;
  if (BigInt.asIntN(64, value) !== value && BigInt.asUintN(64, value) !== value) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function floatOf(text: string): number | undefined {
  const plain = text.replaceAll('_', '');
  return /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(plain) ? Number(plain) : undefined;
}
