import { readFileSync } from 'node:fs';
import { CommandError, errorLine } from './command-error.js';
import { createProgram } from './program.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

try {
  // What has run is closed by now; a timer that is left somewhere must not keep the process.
  await createProgram(version, (status) => process.exit(status)).parseAsync();
} catch (error) {
  process.stderr.write(`kubewright: ${errorLine(error)}\n`);
  process.exit(error instanceof CommandError ? error.exitCode : 1);
}
