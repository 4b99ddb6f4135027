import { FlowSchema, PriorityLevelConfiguration } from '@kubewright/api/flowcontrol/v1';
import { ageColumn, nameColumn, text } from './columns.js';
import { validateConditionTypes, validateFlowSchema } from './flow-schema-validation.js';
import { defineRules } from './kind-rules.js';
import { validatePriorityLevel } from './priority-level-validation.js';

const defaultPrecedence = 1000;

export const flowSchemaRules = defineRules<FlowSchema>({
  kind: FlowSchema,
  statusKeeps: 'all',
  storageKey: 'flowschemas',
  generation: true,
  default({ spec }) {
    if (spec !== undefined) spec.matchingPrecedence ||= defaultPrecedence;
  },
  prepareForCreate(schema) {
    schema.status = {};
  },
  validate: validateFlowSchema,
  subresources: { status: { validateUpdate: ({ status }) => validateConditionTypes(status?.conditions) } },
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
  statusKeeps: 'all',
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
  validate: validatePriorityLevel,
  subresources: { status: { validateUpdate: ({ status }) => validateConditionTypes(status?.conditions) } },
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
