import { type AuthorizationOptions, authorizationModes } from '@kubewright/apiserver';
import { CommandError } from '../command-error.js';

/** Options of the command line, named as kube-apiserver's. */
export interface AuthorizationFlags {
  readonly authorizationMode: readonly string[];
}

/** @throws CommandError for a mode that there is not */
export function authorizationOptions({ authorizationMode }: AuthorizationFlags): AuthorizationOptions {
  return {
    modes: authorizationMode.map((name) => {
      const mode = authorizationModes.find((one) => one === name);
      if (mode === undefined)
        throw new CommandError(
          `--authorization-mode ${name}: the modes are ${authorizationModes.join(', ')}`,
        );
      return mode;
    }),
  };
}
