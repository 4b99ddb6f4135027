import { RE2JS, RE2JSSyntaxException } from 're2js';

/** A compiled regular expression. */
export interface Pattern {
  /** True where it matches anywhere in the text. */
  matches(text: string): boolean;
}

const kept = new Map<string, Pattern>();
const mostKept = 1_000;

/**
 * A regular expression in Go's syntax, which matches in time linear to the text whatever it is.
 * @throws SyntaxError for what is no expression, in Go's words
 */
export function linearPattern(source: string): Pattern {
  const known = kept.get(source);
  if (known !== undefined) return known;
  const compiled = compile(source);
  const pattern = { matches: (text: string) => compiled.matcher(text).find() };
  if (kept.size >= mostKept) kept.clear();
  kept.set(source, pattern);
  return pattern;
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    const part = error.getPattern() === null ? '' : `: \`${error.getPattern()}\``;
    throw new SyntaxError(`error parsing regexp: ${error.getDescription()}${part}`);
  }
}
