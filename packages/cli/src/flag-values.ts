import type { Command } from 'commander';

/** The options of a command by name, as texts, those too that nobody gave; for `/flagz`. */
export function flagValues(command: Command): Record<string, string> {
  return Object.fromEntries(
    command.options.map((option) => [
      option.attributeName().replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
      textOf(command.getOptionValue(option.attributeName())),
    ]),
  );
}

/** Lists are written as Go writes them. */
function textOf(value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`;
  if (value instanceof RegExp) return value.source;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
