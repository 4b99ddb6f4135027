/**
 * Runs the built functions of patches on a pod, and gives the microseconds of processor time that one takes: from the
 * bytes of the patch and the live object to the object that it makes, managed fields included where it is an apply.
 */

import { Pod } from '../packages/api/dist/generated/core/v1.js';
import { decodeJson } from '../packages/api/dist/index.js';
import { applyConfiguration } from '../packages/apiserver/dist/patch/server-side-apply.js';
import { applyStrategicMergePatch } from '../packages/apiserver/dist/patch/strategic-merge.js';

const batch = 200;
const write = {
  ...{ manager: 'kubectl', subresource: '', apiVersion: 'v1', kind: 'Pod', schema: Pod.schema },
  ...{ now: Date.UTC(2026, 0, 1), force: false, resetFields: { 'f:status': {} } },
};

const patches = {
  apply: (live, bytes) => applyConfiguration(live, decodeJson(bytes).value, write),
  strategic: (live, bytes) => applyStrategicMergePatch(live, decodeJson(bytes).value, Pod.schema),
};

process.once('disconnect', () => process.exit(0));
process.on('message', ({ patch, json, changes, durationMs }) => {
  const live = JSON.stringify(applyConfiguration(undefined, JSON.parse(json), write));
  let spent = 0;
  let count = 0;
  // Objects are parsed beside the clock, few at a time, as a server has them.
  while (spent < durationMs * 1_000) {
    const runs = Array.from({ length: batch }, (_, index) => ({
      live: JSON.parse(live),
      bytes: Buffer.from(changes ? json.replace('"tier":"backend"', `"tier":"t${count + index}"`) : json),
    }));
    const start = process.cpuUsage();
    for (const run of runs) {
      const changed = patches[patch](run.live, run.bytes);
      if ((changed !== run.live) !== changes) throw new Error('the patch did not do what it is measured for');
    }
    spent += process.cpuUsage(start).user;
    count += batch;
  }
  process.send(spent / count);
});
