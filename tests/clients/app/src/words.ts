// What people read, by the server's codes and parameters alone: no message of the server is shown. A translation replaces
// this file.
import type { CreatePatientRegisterMutation } from '../../generated/app-gql/graphql';
import type { ServerError } from './session';

/** A broken rule of an input. */
export type Problem = NonNullable<CreatePatientRegisterMutation['createPatientRegister']>['userErrors'][number];

/** A value that is not of its type, such as a date that is none: the whole request is refused, with the value's place. */
export interface Malformed {
  readonly code: 'MALFORMED';
  readonly path: readonly string[];
}

/** Why signing in was refused, or why a session is over. */
export function refusal({ code, details }: Pick<ServerError, 'code' | 'details'>): string {
  switch (code) {
    case 'INVALID_CREDENTIALS':
      return 'User name or password is wrong.';
    case 'LOCKED_OUT':
      return `Too many attempts: locked until ${details['lockedUntil']}.`;
    case 'SECOND_FACTOR_REQUIRED':
      return 'Enter the code of your second factor.';
    case 'SECOND_FACTOR_INVALID':
      return 'The code of the second factor is wrong.';
    case 'SESSION_EXPIRED':
      return 'Your session has expired.';
    case 'SESSION_ENDED':
      return 'Your session was ended.';
    default:
      return `Refused: ${code}.`;
  }
}

/** A broken rule, in words made of its parameters. */
export function rule(problem: Problem | Malformed): string {
  if (problem.code === 'MALFORMED') return 'Cannot be read.';
  const { min, max, earliest, latest, pattern } = problem.params;
  switch (problem.code) {
    case 'TOO_SHORT':
      return `At least ${min} characters.`;
    case 'TOO_LONG':
      return `At most ${max} characters.`;
    case 'TOO_MANY':
      return `At most ${max} entries.`;
    case 'OUT_OF_RANGE':
      return earliest || latest ? `Between ${earliest ?? 'any day'} and ${latest ?? 'any day'}.` : `Between ${min} and ${max}.`;
    case 'INVALID_FORMAT':
      return pattern ? `Must match ${pattern}.` : 'Has the wrong form.';
    default:
      return problem.code;
  }
}
