import { FlowSchema, PriorityLevelConfiguration } from '@kubewright/api/flowcontrol/v1';
import { validateRequiredChoice } from '../validation/choices.js';
import { type FieldError, invalid, path, required } from '../validation/field-error.js';
import { ageColumn, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';

const defaultPrecedence = 1000;
const largestPrecedence = 10_000;

export const flowSchemaRules = defineRules<FlowSchema>({
  kind: FlowSchema,
  storageKey: 'flowschemas',
  generation: true,
  default({ spec }) {
    if (spec !== undefined) spec.matchingPrecedence ||= defaultPrecedence;
  },
  prepareForCreate(schema) {
    schema.status = {};
  },
  validate({ spec }) {
    const field = path('spec');
    const precedence = spec?.matchingPrecedence ?? 0;
    const errors: FieldError[] = [];
    if (precedence <= 0)
      errors.push(invalid(field.child('matchingPrecedence'), precedence, 'must be a positive value'));
    if (precedence > largestPrecedence)
      errors.push(
        invalid(
          field.child('matchingPrecedence'),
          precedence,
          `must not be greater than ${largestPrecedence}`,
        ),
      );
    if (!spec?.priorityLevelConfiguration?.name)
      errors.push(
        required(field.child('priorityLevelConfiguration', 'name'), 'must reference a priority level'),
      );
    return errors;
  },
  columns: [
    nameColumn,
    text(
      'PriorityLevel',
      'Level that requests get.',
      ({ spec }) => spec?.priorityLevelConfiguration?.name ?? '',
    ),
    text('MatchingPrecedence', 'The lowest that matches wins.', ({ spec }) =>
      String(spec?.matchingPrecedence ?? 0),
    ),
    text(
      'DistinguisherMethod',
      'What tells flows apart.',
      ({ spec }) => spec?.distinguisherMethod?.type ?? '<none>',
    ),
    ageColumn,
    text(
      'MissingPL',
      'Whether the level does not exist.',
      ({ status }) => status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
    ),
  ],
});

export const priorityLevelConfigurationRules = defineRules<PriorityLevelConfiguration>({
  kind: PriorityLevelConfiguration,
  storageKey: 'prioritylevelconfigurations',
  generation: true,
  default({ spec }) {
    if (spec?.exempt !== undefined) {
      spec.exempt.nominalConcurrencyShares ??= 0;
      spec.exempt.lendablePercent ??= 0;
    }
    if (spec?.limited === undefined) return;
    spec.limited.nominalConcurrencyShares ??= 30;
    spec.limited.lendablePercent ??= 0;
    const queuing = spec.limited.limitResponse?.queuing;
    if (queuing === undefined) return;
    queuing.queues ||= 64;
    queuing.handSize ||= 8;
    queuing.queueLengthLimit ||= 50;
  },
  prepareForCreate(level) {
    level.status = {};
  },
  validate: ({ spec }) => validateRequiredChoice(spec?.type, ['Exempt', 'Limited'], path('spec', 'type')),
  columns: [
    nameColumn,
    text('Type', 'Whether the level is limited.', ({ spec }) => spec?.type ?? ''),
    text('NominalConcurrencyShares', 'Share of the server.', ({ spec }) =>
      count(spec?.limited?.nominalConcurrencyShares),
    ),
    text('Queues', 'How many queues there are.', ({ spec }) =>
      count(spec?.limited?.limitResponse?.queuing?.queues),
    ),
    text('HandSize', 'Queues that one flow may use.', ({ spec }) =>
      count(spec?.limited?.limitResponse?.queuing?.handSize),
    ),
    text('QueueLengthLimit', 'Requests that one queue may hold.', ({ spec }) =>
      count(spec?.limited?.limitResponse?.queuing?.queueLengthLimit),
    ),
    ageColumn,
  ],
});

function count(value: number | undefined): string {
  return value === undefined ? '<none>' : String(value);
}
