/** HTTP/2 pings do not notice an agent that hangs on a live machine. */
const ANSWER_WITHIN_MS = 10_000;

/** Notices an agent that does not answer what it holds. */
export interface Silence {
  ask(): void;
  /** This side waits for the next message, so it hears the agent at once. */
  listen(): void;
  hear(isAnswer: boolean): void;
  /** Whether the agent was asked, has not answered in time, and this side was listening. */
  isTooLong(): boolean;
}

export const createSilence = (monotonic: () => number): Silence => {
  let askedAt: number | undefined;
  let listeningSince: number | undefined;
  return {
    ask() {
      askedAt ??= monotonic();
    },
    listen() {
      listeningSince = monotonic();
    },
    hear(isAnswer) {
      listeningSince = undefined;
      if (isAnswer) {
        askedAt = undefined;
      }
    },
    isTooLong: () =>
      askedAt !== undefined &&
      listeningSince !== undefined &&
      monotonic() - Math.max(askedAt, listeningSince) > ANSWER_WITHIN_MS,
  };
};
