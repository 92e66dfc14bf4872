import type { Worker } from '../scheduling/workers.ts';
import type { Draft } from './decision.ts';
import type { InputOf, Report } from './inputs.ts';

type Ended = Exclude<Report['body'], { kind: 'started' | 'checkpointed' }>;

/** A user's clock need not go as fast as the owner's. */
const SLACK_SECONDS = 1;

/**
 * What a user reports, with no more seconds than passed since it got the task. Its notes and an effect say what it claimed. Of a task
 * that it got from a former owner nobody knows since when.
 */
export const withPossibleSeconds = <Body extends Ended>(
  draft: Draft,
  worker: Worker | undefined,
  { user }: InputOf<'reports'>,
  { task, attempt }: Report,
  body: Body,
): Body => {
  const held = worker?.attempts.get(attempt);
  if (held === undefined || held.isFromBefore === true) {
    return body;
  }
  const possible = (draft.now - held.since) / 1_000 + SLACK_SECONDS;
  const claimed = body.seconds;
  if (claimed <= possible) {
    return body;
  }
  draft.effects.push({ kind: 'impossible', userId: user, task, claimed, possible });
  const [said, had] = [claimed, possible].map((seconds) => Math.round(seconds));
  const note = `its machine said that it took ${said} s, and had it for ${had} s at most`;
  return {
    ...body,
    seconds: possible,
    ...(body.kind === 'completed' && { notes: [...body.notes, note] }),
  };
};
