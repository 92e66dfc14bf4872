/** An agent that was asked what it holds answers within this. A live machine whose agent hangs still answers pings. */
const ANSWER_WITHIN_MS = 10_000;

/** Knows whether an agent leaves unanswered what it holds. */
export interface Silence {
  /** The agent was asked. */
  ask(): void;
  /** This side waits for the next message: what an agent says meanwhile is heard at once. */
  listen(): void;
  /** A message came. */
  hear(isAnswer: boolean): void;
  /** The agent was asked, has answered nothing, and nothing on this side was in its way. */
  isTooLong(): boolean;
}

/** @param monotonic milliseconds */
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
      if (isAnswer) askedAt = undefined;
    },
    isTooLong: () =>
      askedAt !== undefined &&
      listeningSince !== undefined &&
      monotonic() - Math.max(askedAt, listeningSince) > ANSWER_WITHIN_MS,
  };
};
