/** One variable that is wrong. */
export interface ConfigProblem {
  /** The variable, `MUSTER_LISTEN`, or the flag, `--listen`. */
  name: string;
  /** What is wrong with it. The value is not repeated: it may be a secret. */
  problem: string;
  /** A value that would do. */
  example?: string | undefined;
}

/** The configuration cannot be used. The message has one line for each problem, for a person to read at start. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(
      problems
        .map(
          ({ name, problem, example }) => `${name} ${problem}${example === undefined ? '' : ` (example: ${example})`}`,
        )
        .join('\n'),
    );
    this.problems = problems;
  }
}
