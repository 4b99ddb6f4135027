import {
  FlowSchema,
  PriorityLevelConfiguration,
  type QueuingConfiguration,
} from '@kubewright/api/flowcontrol/v1';
import { ageColumn, count, nameColumn, text } from './columns.js';
import { validateConditionTypes, validateFlowSchema } from './flow-schema-validation.js';
import { type Column, defineRules } from './kind-rules.js';
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
    count('MatchingPrecedence', 'The lowest that matches wins.', precedenceOf),
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
  compareRows: (a, b) => precedenceOf(a) - precedenceOf(b),
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
    numberOrNone(
      'NominalConcurrencyShares',
      'Share of the server.',
      ({ spec }) => spec?.limited?.nominalConcurrencyShares,
    ),
    numberOrNone('Queues', 'How many queues there are.', (level) => queuingOf(level)?.queues),
    numberOrNone('HandSize', 'Queues that one flow may use.', (level) => queuingOf(level)?.handSize),
    numberOrNone(
      'QueueLengthLimit',
      'Requests that one queue may hold.',
      (level) => queuingOf(level)?.queueLengthLimit,
    ),
    ageColumn,
  ],
});

function precedenceOf({ spec }: FlowSchema): number {
  return spec?.matchingPrecedence ?? 0;
}

function queuingOf({ spec }: PriorityLevelConfiguration): QueuingConfiguration | undefined {
  return spec?.limited?.limitResponse?.queuing;
}

/** Declared as text, although the cell is a number where there is one. */
function numberOrNone(
  name: string,
  description: string,
  value: (level: PriorityLevelConfiguration) => number | undefined,
): Column<PriorityLevelConfiguration> {
  return { ...text(name, description, () => ''), cell: (level) => value(level) ?? '<none>' };
}
