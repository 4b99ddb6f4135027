/** Who makes a request, known to every stage after authentication. */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  /** What there is to say of the credential that named the user. */
  readonly credential?: CredentialNotes;
}

/** What those should know who look after a cluster, or its clients: that a token should have been renewed. */
export interface CredentialNotes {
  /** For the audit event of each request with it. */
  readonly annotations: Readonly<Record<string, string>>;
  /** For the client. */
  readonly warning?: string;
}

/** The group of all who are somebody, and that of those who are nobody. */
export const allAuthenticated = 'system:authenticated';
export const allUnauthenticated = 'system:unauthenticated';

/** Who asks without saying who it is. */
export const anonymousUser: User = { name: 'system:anonymous', groups: [allUnauthenticated] };

/** The user with the group that everybody has who is known. */
export function asAuthenticated(user: User): User {
  const { groups } = user;
  if (groups.includes(allAuthenticated) || groups.includes(allUnauthenticated)) return user;
  return { ...user, groups: [...groups, allAuthenticated] };
}
