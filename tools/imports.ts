/** Checks who imports whom; part of `npm run ok`. */
import { importFaults } from './import-rules.js';
import { sourceFiles } from './source-files.js';

const faults = importFaults(sourceFiles());
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
