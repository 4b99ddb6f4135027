/** Runs the built rules of pods on parsed ones, and gives the microseconds of processor time that one takes. */
import { podRules } from '../packages/apiserver/dist/kinds/pod.js';
import { testContext } from '../packages/apiserver/dist/kinds/test-context.js';

const batch = 200;

process.once('disconnect', () => process.exit(0));
process.on('message', ({ json, durationMs }) => {
  let spent = 0;
  let count = 0;
  // Pods are parsed beside the clock, few at a time, as a server has them.
  while (spent < durationMs * 1_000) {
    const pods = Array.from({ length: batch }, () => JSON.parse(json));
    const start = process.cpuUsage();
    for (const pod of pods) check(pod);
    spent += process.cpuUsage(start).user;
    count += batch;
  }
  process.send(spent / count);
});

function check(pod) {
  podRules.default(pod);
  podRules.prepareForCreate(pod, testContext);
  const errors = [
    ...(podRules.validate?.(pod, testContext) ?? []),
    ...(podRules.validateCreate?.(pod, testContext) ?? []),
  ];
  if (errors.length > 0) throw new Error(`the pod is not valid: ${errors[0].field} ${errors[0].message}`);
}
