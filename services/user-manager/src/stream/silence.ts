/** HTTP/2 pings do not notice an agent that hangs on a live machine. */
const ANSWER_WITHIN_MS = 10_000;

/** Notices an agent that does not answer what it holds. */
export type Silence = ReturnType<typeof createSilence>;

export const createSilence = (monotonic: () => number) => {
  let askedAt: number | undefined;
  let listeningSince: number | undefined;
  return {
    ask(): void {
      askedAt ??= monotonic();
    },
    /** This side waits for the next message, so it hears the agent at once. */
    listen(): void {
      listeningSince = monotonic();
    },
    hear(isAnswer: boolean): void {
      listeningSince = undefined;
      if (isAnswer) {
        askedAt = undefined;
      }
    },
    /** Whether the agent was asked, has not answered in time, and this side was listening. */
    isTooLong: (): boolean =>
      askedAt !== undefined &&
      listeningSince !== undefined &&
      monotonic() - Math.max(askedAt, listeningSince) > ANSWER_WITHIN_MS,
  };
};
