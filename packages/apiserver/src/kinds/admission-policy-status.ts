import type { ExpressionWarning, ValidatingAdmissionPolicy } from '@kubewright/api/admissionregistration/v1';
import { validateConditions } from '../validation/conditions.js';
import { type FieldError, type FieldPath, invalid, path, required } from '../validation/field-error.js';

/** What a write may say of how a policy is doing. */
export function validatePolicyStatus({ status }: ValidatingAdmissionPolicy): FieldError[] {
  const field = path('status');
  const warnings = field.child('typeChecking', 'expressionWarnings');
  return [
    ...(status?.typeChecking?.expressionWarnings ?? []).flatMap((warning, index) =>
      validateWarning(warning, warnings.index(index)),
    ),
    ...validateConditions(status?.conditions, field.child('conditions')),
  ];
}

function validateWarning({ warning, fieldRef = '' }: ExpressionWarning, field: FieldPath): FieldError[] {
  const errors = warning ? [] : [required(field.child('warning'))];
  const at = field.child('fieldRef');
  const reference = fieldRef.trim();
  if (reference === '') return [...errors, required(at)];
  const problem = referenceProblem(reference);
  return problem === undefined ? errors : [...errors, invalid(at, reference, `invalid JSONPath: ${problem}`)];
}

/** What a path consists of, piece by piece; what is none of them is wrong. */
const pieces: readonly { readonly starts: RegExp; problem(piece: string): string | undefined }[] = [
  {
    starts: /^\[\?\((?:[^)]*\)\])?/,
    problem: (piece) => (piece === '[?(' ? 'unterminated filter' : undefined),
  },
  { starts: /^\[(?:[^\]\n]*\])?/, problem: indexProblem },
  {
    starts: /^(?:"(?:[^"]*")?|'(?:[^']*')?)/,
    problem: (piece) => (piece.length === 1 ? 'unterminated quoted string' : undefined),
  },
  {
    starts: /^[-+\d][\d.]*/,
    problem: (piece) => (Number.isNaN(Number(piece)) ? `cannot parse number ${piece}` : undefined),
  },
  { starts: /^(?:[\s$@]|\.[^\s.,[\]$@{}]*|[\p{L}_][^\s.,[\]$@{}]*)/u, problem: () => undefined },
];

/** Why a reference is no JSONPath as kubectl has it; what follows a closing brace is not looked at. */
function referenceProblem(text: string): string | undefined {
  let rest = text;
  while (rest !== '' && !rest.startsWith('}')) {
    const found = pieces
      .map((piece) => ({ piece, match: piece.starts.exec(rest) }))
      .find(({ match }) => match);
    if (found?.match == null) return unrecognised(rest);
    const [taken] = found.match;
    const problem = found.piece.problem(taken);
    if (problem !== undefined) return problem;
    rest = rest.slice(taken.length);
  }
  return undefined;
}

function indexProblem(piece: string): string | undefined {
  if (piece === '[') return 'unterminated array';
  const index = piece.slice(1, -1);
  const known = /^(?:\s*'[^']*'\s*|\*|-?\d*(?::-?\d*){0,2})(?:,(?:\s*'[^']*'\s*|-?\d+))*$/.test(index);
  return known ? undefined : `invalid array index ${index}`;
}

function unrecognised(text: string): string {
  const character = String.fromCodePoint(text.codePointAt(0) ?? 0);
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `unrecognized character in action: U+${code} '${character}'`;
}
