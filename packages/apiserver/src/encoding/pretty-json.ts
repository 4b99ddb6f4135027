/** A string, a structural sign, or a number or word of a JSON text. */
const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;

/**
 * A JSON text with a line for each member, two spaces a level, as Go indents it. Works on the text, so that integers
 * of any size stay as they are. `indent` stands before every line but the first.
 */
export function prettyJson(json: string, indent = ''): string {
  const parts: string[] = [];
  let line = `\n${indent}`;
  let isOpening = false;
  for (const [text] of json.matchAll(token)) {
    const isClosing = text === '}' || text === ']';
    if (isClosing) line = line.slice(0, -2);
    // What is empty stays on its line.
    if (isClosing ? !isOpening : isOpening) parts.push(line);
    parts.push(text);
    isOpening = text === '{' || text === '[';
    if (isOpening) line += '  ';
    else if (text === ',') parts.push(line);
    else if (text === ':') parts.push(' ');
  }
  return parts.join('');
}
