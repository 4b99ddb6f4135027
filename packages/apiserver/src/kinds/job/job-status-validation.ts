import { isConditionTrue } from '@kubewright/api';
import type { Job } from '@kubewright/api/batch/v1';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalid,
  invalidWithoutValue,
  path,
  required,
} from '../../validation/field-error.js';
import { sameValue } from '../../validation/immutable.js';
import { validateNonNegative } from '../../validation/numbers.js';
import { firstSharedIndex, parseIndexRanges } from './index-ranges.js';

/**
 * The status of a job as a controller writes it. What was wrong before may stay: most rules look only at what changes.
 * Source: `ValidateJobStatusUpdate` of batch, KEP-4368.
 */
export function validateJobStatus(job: Job, old: Job): FieldError[] {
  const field = path('status');
  return [
    ...validateCounts(job, field),
    ...validateEnding(job, old, field),
    ...validateIndexes(job, old, field),
    ...validateCriteria(job, field),
    ...validateTransition(job, old, field),
  ];
}

const holds = ({ status }: Job, type: string) => isConditionTrue(status?.conditions, type);
const isFalse = ({ status }: Job, type: string) =>
  status?.conditions?.some((condition) => condition.type === type && condition.status === 'False') === true;
const orNull = (list: readonly string[]) => (list.length === 0 ? null : list);
const isFinished = (job: Job) => holds(job, 'Complete') || holds(job, 'Failed');

function validateCounts({ status = {} }: Job, field: FieldPath): FieldError[] {
  const errors = (['active', 'succeeded', 'failed', 'ready', 'terminating'] as const).flatMap((name) =>
    validateNonNegative(status[name], field.child(name)),
  );
  const seen = new Set<string>();
  for (const name of ['succeeded', 'failed'] as const) {
    (status.uncountedTerminatedPods?.[name] ?? []).forEach((uid, index) => {
      const at = field.child('uncountedTerminatedPods', name).index(index);
      if (uid === '') errors.push(invalid(at, uid, 'must not be empty'));
      else if (seen.has(uid)) errors.push(duplicate(at, uid));
      seen.add(uid);
    });
  }
  return errors;
}

/** What a job that ends, or has ended, must say. */
function validateEnding(job: Job, old: Job, field: FieldPath): FieldError[] {
  const { status = {} } = job;
  const before = old.status ?? {};
  const changes = (test: (one: Job) => boolean) => test(job) !== test(old);
  const completes = changes((one) => holds(one, 'Complete'));
  const fails = changes((one) => holds(one, 'Failed'));
  const targets = changes((one) => holds(one, 'FailureTarget'));
  const meets = changes((one) => holds(one, 'SuccessCriteriaMet'));
  const finishes = changes(isFinished);
  const isComplete = holds(job, 'Complete');
  const isDone = isFinished(job);
  const moved = (name: keyof typeof status) => !sameValue(status[name], before[name]);
  const errors: FieldError[] = [];
  const conditions = (detail: string) => errors.push(invalidWithoutValue(field.child('conditions'), detail));
  if ((completes || fails) && isComplete && holds(job, 'Failed'))
    conditions('cannot set Complete=True and Failed=true conditions');
  if ((completes || targets) && isComplete && holds(job, 'FailureTarget'))
    conditions('cannot set Complete=True and FailureTarget=true conditions');
  const { completionTime, startTime } = status;
  if ((completes || moved('completionTime')) && completionTime !== undefined && !isComplete)
    errors.push(
      invalid(
        field.child('completionTime'),
        completionTime,
        'cannot set completionTime when there is no Complete=True condition',
      ),
    );
  if ((completes || moved('completionTime')) && completionTime === undefined && isComplete)
    errors.push(required(field.child('completionTime'), 'completionTime is required for Complete jobs'));
  if (
    (moved('startTime') || moved('completionTime')) &&
    startTime !== undefined &&
    completionTime !== undefined &&
    Date.parse(completionTime) < Date.parse(startTime)
  )
    errors.push(
      invalid(field.child('completionTime'), completionTime, 'must be equal to or after `startTime`'),
    );
  if ((fails || moved('failedIndexes')) && holds(job, 'Failed') && !holds(job, 'FailureTarget'))
    conditions('cannot set Failed=True condition without the FailureTarget=true condition');
  if ((completes || meets) && isComplete && !holds(job, 'SuccessCriteriaMet'))
    conditions('cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  if ((finishes || moved('active')) && (status.active ?? 0) > 0 && isDone)
    errors.push(invalid(field.child('active'), status.active, 'active>0 is invalid for finished job'));
  // A job that wants nothing and never ran is complete without a start.
  const neverRuns = job.spec?.suspend === true && job.spec.completions === 0;
  if ((finishes || moved('startTime')) && startTime === undefined && isDone && !neverRuns)
    errors.push(required(field.child('startTime'), 'startTime is required for finished job'));
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  if ((finishes || moved('uncountedTerminatedPods')) && isDone && succeeded.length + failed.length > 0)
    errors.push(
      invalid(
        field.child('uncountedTerminatedPods'),
        { Succeeded: orNull(succeeded), Failed: orNull(failed) },
        'must be empty for finished job',
      ),
    );
  return errors;
}

function validateIndexes(job: Job, old: Job, field: FieldPath): FieldError[] {
  const { spec, status = {} } = job;
  const { completedIndexes = '', failedIndexes } = status;
  const completedMoved = completedIndexes !== (old.status?.completedIndexes ?? '');
  const failedMoved = failedIndexes !== old.status?.failedIndexes;
  const completions = spec?.completions;
  const perIndex = spec?.backoffLimitPerIndex !== undefined;
  const [done, failed] = [field.child('completedIndexes'), field.child('failedIndexes')];
  const errors: FieldError[] = [];
  if (completedMoved && completions !== undefined) {
    const ranges = parseIndexRanges(completedIndexes, completions);
    if (typeof ranges === 'string')
      errors.push(invalid(done, completedIndexes, `error parsing completedIndexes: ${ranges}`));
  }
  if (failedMoved && completions !== undefined && perIndex && failedIndexes !== undefined) {
    const ranges = parseIndexRanges(failedIndexes, completions);
    if (typeof ranges === 'string')
      errors.push(invalid(failed, failedIndexes, `error parsing failedIndexes: ${ranges}`));
  }
  if (completedMoved && completedIndexes !== '' && spec?.completionMode !== 'Indexed')
    errors.push(
      invalid(
        done,
        completedIndexes,
        'cannot set non-empty completedIndexes when non-indexed completion mode',
      ),
    );
  if (failedMoved && !perIndex && failedIndexes !== undefined)
    errors.push(
      invalid(failed, failedIndexes, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'),
    );
  if ((completedMoved || failedMoved) && completions !== undefined && failedIndexes && completedIndexes) {
    const shared = firstSharedIndex(completedIndexes, failedIndexes, completions);
    if (shared !== undefined)
      errors.push(
        invalid(failed, failedIndexes, `failedIndexes and completedIndexes overlap at index: ${shared}`),
      );
  }
  const isDone = isFinished(job);
  if (
    (isDone !== isFinished(old) || status.terminating !== old.status?.terminating) &&
    (status.terminating ?? 0) > 0 &&
    isDone
  )
    errors.push(
      invalid(field.child('terminating'), status.terminating, 'terminating>0 is invalid for finished job'),
    );
  if (
    (status.ready !== old.status?.ready || status.active !== old.status?.active) &&
    (status.ready ?? 0) > (status.active ?? 0)
  )
    errors.push(invalid(field.child('ready'), status.ready, 'cannot set more ready pods than active'));
  return errors;
}

function validateCriteria(job: Job, field: FieldPath): FieldError[] {
  const met = holds(job, 'SuccessCriteriaMet');
  const errors: FieldError[] = [];
  const refuse = (detail: string) => errors.push(invalidWithoutValue(field.child('conditions'), detail));
  if (met && holds(job, 'Failed')) refuse('cannot set SuccessCriteriaMet=True and Failed=true conditions');
  if (met && holds(job, 'FailureTarget'))
    refuse('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  if (job.spec?.successPolicy !== undefined && !met && holds(job, 'Complete'))
    refuse('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True');
  return errors;
}

function validateTransition(job: Job, old: Job, field: FieldPath): FieldError[] {
  const { status = {}, spec } = job;
  const before = old.status ?? {};
  const errors: FieldError[] = [];
  const refuse = (detail: string) => errors.push(invalidWithoutValue(field.child('conditions'), detail));
  for (const type of ['Failed', 'Complete', 'FailureTarget'])
    if (holds(old, type) && !holds(job, type)) refuse(`cannot disable the terminal ${type}=True condition`);
  if ((status.failed ?? 0) < (before.failed ?? 0))
    errors.push(invalid(field.child('failed'), status.failed ?? 0, 'cannot decrease the failed counter'));
  // An Indexed job with a pod for each index can shrink, and forgets what lay beyond.
  const shrinks = spec?.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  if (!shrinks && (status.succeeded ?? 0) < (before.succeeded ?? 0))
    errors.push(
      invalid(field.child('succeeded'), status.succeeded ?? 0, 'cannot decrease the succeeded counter'),
    );
  const { completionTime, startTime } = status;
  if (
    completionTime !== undefined &&
    before.completionTime !== undefined &&
    completionTime !== before.completionTime
  )
    errors.push(invalid(field.child('completionTime'), completionTime, 'field is immutable'));
  // The controller lets a job go on after its user did, and starts its time anew.
  const resumes = holds(old, 'Suspended') && isFalse(job, 'Suspended');
  if (before.startTime !== undefined && before.startTime !== startTime && spec?.suspend !== true && !resumes)
    errors.push(
      invalid(field.child('startTime'), startTime, 'field is immutable for unsuspended job once set'),
    );
  if (holds(old, 'SuccessCriteriaMet') && !holds(job, 'SuccessCriteriaMet'))
    refuse('cannot disable the SuccessCriteriaMet=True condition');
  if (holds(old, 'Complete') && !holds(old, 'SuccessCriteriaMet') && holds(job, 'SuccessCriteriaMet'))
    refuse('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions');
  return errors;
}
