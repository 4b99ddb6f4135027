export {
  type BuiltinController,
  builtinControllers,
  type ControllersOptions,
  startControllers,
} from './builtin-controllers.js';
export type { SigningAuthority } from './certificates/sign-certificate.js';
export {
  type ApplyChildrenOptions,
  type ApplyChildrenResult,
  applyChildren,
  type Child,
  child,
} from './framework/apply-children.js';
export { type ClaimOptions, type ClaimPlan, claim, planClaim } from './framework/claim.js';
export { Controller, type ControllerOptions } from './framework/controller.js';
export {
  ControllerBuilder,
  initialPriority,
  type MapToNames,
  type WatchedOptions,
} from './framework/controller-builder.js';
export {
  EventRecorder,
  type EventRecorderOptions,
  type EventType,
  referenceTo,
} from './framework/events/event-recorder.js';
export { addFinalizer, hasFinalizer, removeFinalizer } from './framework/finalizer.js';
export { hasLabels } from './framework/has-labels.js';
export { LeaderElection, type LeaderElectionOptions, LeaseLost } from './framework/leader-election.js';
export { Manager, type ManagerOptions, type Runnable } from './framework/manager.js';
export type { EndpointsOptions, HealthCheck, HealthChecks } from './framework/manager-endpoints.js';
export { createMetrics, type Metrics } from './framework/metrics.js';
export { keyOf, nameOf, type ObjectName, parseKey } from './framework/object-name.js';
export { OwnWrites } from './framework/own-writes.js';
export { refersTo, withOwner } from './framework/owner-reference.js';
export {
  annotationsChanged,
  anyOf,
  generationChanged,
  labelsChanged,
  type ObjectEvent,
  type Predicate,
} from './framework/predicate.js';
export {
  type ReconcileContext,
  type ReconcileResult,
  type Reconciler,
  TerminalError,
} from './framework/reconcile.js';
export { sameValue } from './framework/same-value.js';
export { applyStatus, retryOnConflict, updateStatus } from './framework/status.js';
export {
  type AdmissionNotes,
  type AdmissionRequest,
  type Mutator,
  refusal,
  type Validator,
} from './framework/webhook/admission-review.js';
export type { Converter } from './framework/webhook/conversion-review.js';
export type { CaConsumers } from './framework/webhook/inject-ca-bundle.js';
export { WebhookServer, type WebhookServerOptions } from './framework/webhook/webhook-server.js';
export { type Choice, chooseNode } from './scheduler/choose-node.js';
export { defaultPlugins } from './scheduler/default-plugins.js';
export { type NodeInfo, nodeInfoOf } from './scheduler/node-info.js';
export {
  maxNodeScore,
  normalized,
  type Refusal,
  type SchedulerPlugin,
  type SchedulingCycle,
} from './scheduler/plugin.js';
export { podRequests, type Resources } from './scheduler/resources.js';
export { addScheduler, type SchedulerOptions, startScheduler } from './scheduler/scheduler.js';
