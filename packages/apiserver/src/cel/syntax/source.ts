/** A place in an expression's text: the line from 1, the column in characters from 0. */
export interface Location {
  readonly line: number;
  readonly column: number;
}

/** What is wrong with an expression, and where. */
export interface Problem {
  readonly location: Location;
  readonly message: string;
}

/** Where a problem has no place of its own. */
export const nowhere: Location = { line: -1, column: -1 };

const longestSnippet = 16_384;

/** The text of an expression, by characters (code points). */
export class Source {
  readonly text: string;
  readonly characters: readonly string[];
  #lineStarts: readonly number[] | undefined;

  constructor(text: string) {
    this.text = text;
    this.characters = Array.from(text);
  }

  location(offset: number): Location {
    this.#lineStarts ??= lineStarts(this.characters);
    let line = 1;
    while (line < this.#lineStarts.length && this.#lineStarts[line]! <= offset) line++;
    return { line, column: offset - this.#lineStarts[line - 1]! };
  }

  /** The problems in the order of their places, as a person is shown them: each with its line and a caret. */
  display(problems: readonly Problem[]): string {
    return [...problems]
      .sort((a, b) => a.location.line - b.location.line || a.location.column - b.location.column)
      .map((problem) => this.#displayOne(problem))
      .join('\n');
  }

  #displayOne({ location: { line, column }, message }: Problem): string {
    const head = `ERROR: <input>:${line}:${column + 1}: ${message}`;
    const text = this.text.split('\n')[line - 1];
    if (text === undefined || text.length > longestSnippet) return head;
    const snippet = Array.from(text.replaceAll('\t', ' '));
    const dots = snippet.slice(0, Math.max(0, column)).map((character) => (isWide(character) ? '．' : '.'));
    const caret = isWide(snippet[column] ?? '') ? '＾' : '^';
    return `${head}\n | ${snippet.join('')}\n | ${dots.join('')}${caret}`;
  }
}

/** Beyond ASCII: such characters are drawn wide, and so is what points at them. */
function isWide(character: string): boolean {
  return (character.codePointAt(0) ?? 0) > 0x7f;
}

function lineStarts(characters: readonly string[]): number[] {
  const starts = [0];
  characters.forEach((character, index) => {
    if (character === '\n') starts.push(index + 1);
  });
  return starts;
}
