/** One thing that must be well. Throws, or returns, quickly. */
export interface HealthCheck {
  readonly name: string;
  check(): void | Promise<void>;
}

/** Why a check fails; undefined where it does not. */
export async function failureOf({ check }: HealthCheck): Promise<Error | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
