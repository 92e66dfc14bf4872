export interface ConfigProblem {
  /** The variable, `MUSTER_LISTEN`, or the flag, `--listen`. */
  name: string;
  /** What is wrong with it, without its value, which may be a secret. */
  problem: string;
  example?: string | undefined;
}

/** The configuration cannot be used. The message has one line per problem, for the person who starts the process. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(
      problems
        .map(
          ({ name, problem, example }) =>
            `${name} ${problem}${example === undefined ? '' : ` (example: ${example})`}`,
        )
        .join('\n'),
    );
    this.problems = problems;
  }
}
