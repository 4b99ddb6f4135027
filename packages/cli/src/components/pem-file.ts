import { readFile } from 'node:fs/promises';
import { CommandError, unusableFile } from '../command-error.js';

/**
 * Reads a file that an option names and that has to be what `parse` makes of it.
 * @throws CommandError naming option and file, which OpenSSL's words do not
 */
export async function readPem<T>(
  option: string,
  file: string,
  what: string,
  parse: (pem: string) => T,
): Promise<{ readonly pem: string; readonly parsed: T }> {
  const pem = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw unusableFile(file, cause, option);
  });
  try {
    return { pem, parsed: parse(pem) };
  } catch (cause) {
    throw new CommandError(`${option} ${file}: has no ${what} in PEM`, { cause });
  }
}
