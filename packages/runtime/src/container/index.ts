export * from './container-runtime.js';
export { choosePodRange } from './process/pod-range.js';
export { openProcessRuntime, type ProcessRuntimeOptions } from './process/process-runtime.js';
export {
  type SimulatedExec,
  SimulatedRuntime,
  type SimulatedRuntimeOptions,
} from './simulated/simulated-runtime.js';
