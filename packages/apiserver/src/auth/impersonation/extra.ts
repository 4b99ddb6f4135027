import { dns1123SubdomainErrors } from '@kubewright/api';

/** What is wrong with the extra that somebody wants to have; undefined for nothing. Source: KEP-5284. */
export function invalidExtra(extra: Readonly<Record<string, readonly string[]>>): string | undefined {
  for (const [key, values] of Object.entries(extra)) {
    if (key === '') return 'impersonating the empty string key in extra is not allowed';
    const wrong = wrongKey(key);
    if (wrong !== undefined) return `impersonating an invalid key in extra is not allowed: ${wrong}`;
    if (key !== key.toLowerCase())
      return `impersonating a non-lowercase key in extra is not allowed: ${JSON.stringify(key)}`;
    if (values.length === 0) return 'impersonating empty values in extra is not allowed';
    if (values.includes('')) return 'impersonating the empty string value in extra is not allowed';
  }
  return undefined;
}

/** Keys are paths behind a domain: `example.com/scopes`. */
function wrongKey(key: string): string | undefined {
  const say = (why: string) => `extra.key: Invalid value: ${JSON.stringify(key)}: ${why}`;
  const slash = key.indexOf('/');
  if (slash < 0 || slash === key.length - 1)
    return say('must be a domain-prefixed path (such as "acme.io/foo")');
  const [wrong] = dns1123SubdomainErrors(key.slice(0, slash));
  if (wrong !== undefined) return say(wrong);
  return /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(key.slice(slash + 1))
    ? undefined
    : say("Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
}
