import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { parseDuration } from './duration.js';

/** In seconds. */
export function duration(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw new InvalidArgumentError('It must be a duration such as 1h0m0s.');
  return seconds;
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

export function port(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('It must be from 0 to 65535.');
  return Number(text);
}

export function address(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError('It must be an IP address.');
  return text;
}

export function several(text: string, previous: readonly string[] = []): string[] {
  return [...previous, text];
}

export function list(text: string): string[] {
  return text.split(',');
}

export function boolean(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('It must be true or false.');
  return text === 'true';
}
