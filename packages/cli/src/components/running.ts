/** Something that runs until it is closed. */
export interface Running {
  close(options?: CloseOptions): Promise<void>;
}

export interface CloseOptions {
  /** Whoever it worked for has gone: nothing is waited for that somebody else could need. @default false */
  readonly hurry?: boolean;
}
