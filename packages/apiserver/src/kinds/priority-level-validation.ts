import type {
  LimitedPriorityLevelConfiguration,
  PriorityLevelConfiguration,
  QueuingConfiguration,
} from '@kubewright/api/flowcontrol/v1';
import { validateRequiredChoice } from '../validation/choices.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  path,
  required,
} from '../validation/field-error.js';

const maxQueues = 10_000_000;
const maxPercent = 100;
/** Bits of the hash that deals the hands. */
const hashBits = 60;

/** A level but for its metadata. Source: `ValidatePriorityLevelConfigurationSpec` of flowcontrol. */
export function validatePriorityLevel({ metadata, spec }: PriorityLevelConfiguration): FieldError[] {
  const field = path('spec');
  const type = spec?.type ?? '';
  const errors: FieldError[] = [];
  if ((metadata.name === 'exempt') !== (type === 'Exempt'))
    errors.push(invalid(field.child('type'), type, "must be 'Exempt' if and only if `name` is 'exempt'"));
  const only = (name: 'limited' | 'exempt', detail: string) => {
    if (spec?.[name] !== undefined) errors.push(forbiddenField(field.child(name), detail));
  };
  switch (type) {
    case 'Exempt':
      only('limited', 'must be nil if the type is not Limited');
      if (spec?.exempt !== undefined) errors.push(...validateShares(spec.exempt, field.child('exempt')));
      break;
    case 'Limited':
      only('exempt', 'must be nil if the type is Limited');
      errors.push(
        ...(spec?.limited === undefined
          ? [required(field.child('limited'), 'must not be empty when type is Limited')]
          : validateLimited(spec.limited, field.child('limited'))),
      );
      break;
    default:
      errors.push(...validateRequiredChoice(type, ['Exempt', 'Limited'], field.child('type')));
  }
  return errors;
}

function validateShares(
  level: { nominalConcurrencyShares?: number | undefined; lendablePercent?: number | undefined },
  field: FieldPath,
): FieldError[] {
  const { lendablePercent: lendable = 0 } = level;
  return [
    ...(level.nominalConcurrencyShares !== undefined && level.nominalConcurrencyShares < 0
      ? [
          invalid(
            field.child('nominalConcurrencyShares'),
            level.nominalConcurrencyShares,
            'must be a non-negative integer',
          ),
        ]
      : []),
    ...(lendable < 0 || lendable > maxPercent
      ? [invalid(field.child('lendablePercent'), lendable, 'must be between 0 and 100, inclusive')]
      : []),
  ];
}

function validateLimited(level: LimitedPriorityLevelConfiguration, field: FieldPath): FieldError[] {
  const errors = validateShares(level, field);
  if (level.borrowingLimitPercent !== undefined && level.borrowingLimitPercent < 0)
    errors.push(
      invalid(
        field.child('borrowingLimitPercent'),
        level.borrowingLimitPercent,
        'if specified, must be a non-negative integer',
      ),
    );
  const at = field.child('limitResponse');
  const { type = '', queuing } = level.limitResponse ?? {};
  switch (type) {
    case 'Reject':
      if (queuing !== undefined)
        errors.push(
          forbiddenField(at.child('queuing'), 'must be nil if limited.limitResponse.type is not Limited'),
        );
      break;
    case 'Queue':
      errors.push(
        ...(queuing === undefined
          ? [required(at.child('queuing'), 'must not be empty if limited.limitResponse.type is Limited')]
          : validateQueuing(queuing, at.child('queuing'))),
      );
      break;
    default:
      errors.push(...validateRequiredChoice(type, ['Queue', 'Reject'], at.child('type')));
  }
  return errors;
}

function validateQueuing(queuing: QueuingConfiguration, field: FieldPath): FieldError[] {
  const { queueLengthLimit = 0, queues = 0, handSize = 0 } = queuing;
  const errors: FieldError[] = [];
  const wrong = (name: string, value: number, detail: string) =>
    errors.push(invalid(field.child(name), value, detail));
  if (queueLengthLimit <= 0) wrong('queueLengthLimit', queueLengthLimit, 'must be positive');
  if (queues <= 0) wrong('queues', queues, 'must be positive');
  else if (queues > maxQueues) wrong('queues', queues, `must not be greater than ${maxQueues}`);
  const bits = entropyBits(queues, handSize);
  if (handSize <= 0) wrong('handSize', handSize, 'must be positive');
  else if (handSize > queues) wrong('handSize', handSize, `should not be greater than queues (${queues})`);
  else if (bits > hashBits)
    wrong(
      'handSize',
      handSize,
      `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${hashBits}`,
    );
  return errors;
}

/** Bits that a hand out of that many queues takes. */
function entropyBits(queues: number, handSize: number): number {
  return Math.ceil(Math.log2(queues) * handSize);
}
