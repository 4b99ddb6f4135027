/** How the users of one issuer are found in its tokens: `jwt[]` of the AuthenticationConfiguration. */
export interface JwtConfiguration {
  readonly issuer: {
    readonly url: string;
    readonly discoveryURL?: string;
    /** PEM. */
    readonly certificateAuthority?: string;
    readonly audiences: readonly string[];
  };
  readonly claimValidationRules: readonly ClaimRule[];
  readonly claimMappings: {
    readonly username: ClaimMapping;
    readonly groups?: ClaimMapping;
    readonly uid?: Omit<ClaimMapping, 'prefix'>;
    readonly extra: readonly { readonly key: string; readonly valueExpression: string }[];
  };
  readonly userValidationRules: readonly { readonly expression: string; readonly message?: string }[];
}

/** A value out of the claims: one claim with a prefix before it, or an expression over all of them. */
export interface ClaimMapping {
  readonly claim?: string;
  readonly prefix?: string;
  readonly expression?: string;
}

/** What must hold of the claims: a claim's value, or an expression. */
export interface ClaimRule {
  readonly claim?: string;
  readonly requiredValue?: string;
  readonly expression?: string;
  readonly message?: string;
}
