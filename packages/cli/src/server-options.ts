import { type Command, InvalidArgumentError } from 'commander';
import { boolean, duration, list, several } from './option-values.js';

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
      '--service-account-extend-token-expiration [boolean]',
      'whether pods get a token for a year where they ask for an hour (default: true)',
      boolean,
    )
    .option('--api-audiences <names>', 'audiences of this server (default: the issuer)', list)
    .option(
      '--authentication-config <file>',
      'AuthenticationConfiguration: OpenID Connect issuers, anonymous',
    )
    .option('--authentication-token-webhook-config-file <file>', 'kubeconfig of a server that reviews tokens')
    .option(
      '--enable-bootstrap-token-auth [boolean]',
      'whether bootstrap tokens are taken (default: true)',
      boolean,
    )
    .option('--anonymous-auth [boolean]', 'whether requests without credentials are let in at all', boolean)
    .option(
      '--requestheader-client-ca-file <file>',
      'CA of the proxies that may say on whose behalf they ask',
    )
    .option('--requestheader-allowed-names <names>', 'their common names (default: any)', list)
    .option(
      '--requestheader-username-headers <names>',
      'headers that have the user (default: X-Remote-User)',
      list,
    )
    .option('--requestheader-uid-headers <names>', '… his uid (default: X-Remote-Uid)', list)
    .option('--requestheader-group-headers <names>', '… his groups (default: X-Remote-Group)', list)
    .option(
      '--requestheader-extra-headers-prefix <names>',
      'what headers of anything else begin with (default: X-Remote-Extra-)',
      list,
    );
}

/** Options of a server about certificates, pages and what is stored, named as kube-apiserver's where it has them. */
export function transportFlags(command: Command): Command {
  return command
    .option(
      '--tls-cert-file <file>',
      'serving certificate (default: one of the own CA); read again when it changes',
    )
    .option('--tls-private-key-file <file>', 'its key')
    .option(
      '--client-ca-file <file>',
      'CAs of client certificates, besides the own one; read again when it changes',
    )
    .option(
      '--allowed-hosts <names>',
      'names that clients may use besides those of the serving certificate',
      list,
    )
    .option(
      '--cors-allowed-origins <expressions>',
      'origins whose pages may read answers (default: none)',
      expressions,
    )
    .option(
      '--encryption-provider-config <file>',
      'EncryptionConfiguration: what is stored encrypted, and how',
    )
    .option(
      '--encryption-provider-config-automatic-reload [boolean]',
      'whether that file is read again when it changes (default: false)',
      boolean,
    );
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

function expressions(value: string): RegExp[] {
  return value.split(',').map((text) => {
    // As upstream: an expression must say where the origin begins and ends.
    if (!/^(\^|\/\/)/.test(text) || !text.endsWith('$'))
      throw new InvalidArgumentError(
        `${text}: must begin with ^ or // and end with $, so that it matches a whole origin.`,
      );
    return new RegExp(text);
  });
}
