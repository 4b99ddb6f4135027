import { type Command, InvalidArgumentError } from 'commander';
import { duration } from './storage-options.js';

/** Options of a server about who may ask it, named as kube-apiserver's. */
export function authenticationFlags(command: Command): Command {
  return command
    .option(
      '--service-account-issuer <url>',
      'issuer of service account tokens; given again, one whose tokens are still taken',
      several,
    )
    .option('--service-account-signing-key-file <file>', 'key that signs tokens (default: one of its own)')
    .option('--service-account-key-file <file>', 'keys that verify tokens, besides the signing one', several)
    .option('--service-account-jwks-uri <uri>', 'where relying parties find the keys')
    .option(
      '--service-account-max-token-expiration <duration>',
      'the longest life of a token, as 24h',
      duration,
    )
    .option(
      '--service-account-extend-token-expiration <boolean>',
      'whether pods get a token for a year where they ask for an hour (default: true)',
      boolean,
    )
    .option('--api-audiences <names>', 'audiences of this server (default: the issuer)', list);
}

/** Options of a server about admission, named as kube-apiserver's. */
export function admissionFlags(command: Command): Command {
  return command
    .option('--enable-admission-plugins <names>', 'built-in admission besides what is on by default', list)
    .option(
      '--disable-admission-plugins <names>',
      'built-in admission that is on by default, to be off',
      list,
    )
    .option('--admission-control-config-file <file>', 'an AdmissionConfiguration');
}

function several(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}

function list(value: string): string[] {
  return value.split(',');
}

function boolean(value: string): boolean {
  if (value !== 'true' && value !== 'false') throw new InvalidArgumentError('It must be true or false.');
  return value === 'true';
}
