// Reads vitest's JSON report: names what failed or was skipped, then counts. A skipped test needed something real
// that was not there, so it did not show what it is for.
import { readFileSync } from 'node:fs';

let report;
try {
  report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
} catch (error) {
  console.log(`no report of the tests: ${error.message}`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
const tests = report.testResults.flatMap(({ name, status, message, assertionResults }) =>
  assertionResults.length > 0 || status === 'passed'
    ? assertionResults.map((test) => ({ file: name, ...test }))
    : [{ file: name, fullName: message, status: 'failed' }],
);
const passed = tests.filter(({ status }) => status === 'passed');
const failed = tests.filter(({ status }) => status !== 'passed');
for (const { file, fullName, status } of failed) {
  const what = status === 'failed' ? 'failed' : 'skipped, which counts as failed here';
  console.log(`${file}: ${fullName}: ${what}`);
}
console.log(`${passed.length} passed, ${failed.length} failed`);
process.exit(failed.length === 0 && passed.length > 0 ? 0 : 1);
