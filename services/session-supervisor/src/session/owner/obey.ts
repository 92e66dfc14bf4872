import { SessionCommand } from '#libs/contracts/session.ts';
import { isDomainError, requestIdReused } from '#libs/errors/index.ts';
import { sessionSubject } from '#libs/mesh/index.ts';
import type { SessionDeps } from './deps.ts';
import type { Sessions } from './sessions.ts';
import { isStoppedSo } from '../../domain/decisions/decide-commands.ts';
import { isOpening } from '../../domain/decisions/reopen.ts';
import { hasEnded, isParked } from '../../domain/state/workload.ts';
import { commandFromProto } from '../../wire/commands.ts';
import { changingHands, refusalError } from './errors.ts';
import type { Reads, View } from '../reads/reads.ts';
import type { Scrubbed } from '../maintenance/scrub.ts';

/** A command as bus.proto defines it. */
export type CommandMessage = NonNullable<SessionCommand['command']>;

/** The dependencies of passing a command: the bus to the owner, and this replica if the workload has no owner. */
export interface ObeyDeps extends SessionDeps {
  reads: Reads;
  sessions: Pick<Sessions, 'reopen'>;
}

const AGAIN_MS = 200;
const ANSWER_MS = 5_000;

/** Passes a command to the workload's owner, or reopens a closed workload for it. Returns the workload once that is durable. */
export const obey = async (
  deps: ObeyDeps,
  id: string,
  ask: SessionCommand,
  until: number,
  signal: AbortSignal,
): Promise<View> => {
  const bytes = SessionCommand.encode(ask).finish();
  for (;;) {
    const view = await deps.reads.existing(id);
    const { closed } = view.state;
    if (closed && (await isDecided(deps, view, ask))) {
      return deps.reads.existing(id);
    }
    const left = until - deps.clock.monotonic();
    if (left <= 0) {
      throw changingHands(id);
    }
    const timeoutMs = Math.min(left, ANSWER_MS);
    if (!closed && (await isObeyed(deps, id, bytes, { timeoutMs, signal }))) {
      return deps.reads.existing(id);
    }
    await deps.clock.sleep(AGAIN_MS, signal);
  }
};

/** Passes a command to the owner. Returns false if there is none now. */
const isObeyed = async (
  { bus }: Pick<ObeyDeps, 'bus'>,
  id: string,
  bytes: Uint8Array,
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<boolean> => {
  try {
    await bus.request(sessionSubject(id, 'command'), bytes, options);
    return true;
  } catch (thrown) {
    if (isDomainError(thrown) && TRANSIENT.has(thrown.reason)) {
      return false;
    }
    throw thrown;
  }
};

/** Errors after which the command is passed again. That is safe, because a repetition changes nothing. */
const TRANSIENT = new Set([
  'NO_RESPONDER',
  'REPLY_TIMEOUT',
  'WORKLOAD_CHANGES_HANDS',
  'SESSION_BUSY',
]);

/** Commands new results for the findings of a scrub. Returns the workload once that is durable; undefined for no findings. */
export const repair = async (
  deps: ObeyDeps,
  id: string,
  { missing, damaged }: Pick<Scrubbed, 'missing' | 'damaged'>,
  until: number,
  signal: AbortSignal,
): Promise<View | undefined> => {
  const all = [...missing, ...damaged];
  if (all.length === 0) {
    return undefined;
  }
  const reason = `${missing.length} results missing, ${damaged.length} damaged`;
  const command: CommandMessage = { $case: 'repair', value: { damaged: all, reason } };
  return obey(deps, id, { requestId: '', command }, until, signal);
};

/**
 * Decides a command on a closed workload. A retry or a repair opens it, and so do a ruling and a stop if it waits for approval. A
 * repetition and a stop of a stopped workload change nothing; every other command is refused. False if the workload changed meanwhile and the caller must look again.
 */
const isDecided = async (
  deps: ObeyDeps,
  { state, document }: View,
  ask: SessionCommand,
): Promise<boolean> => {
  if (!hasEnded(state) && !isParked(state)) {
    throw new Error(`workload ${document._id} is closed, yet has not ended`);
  }
  const { command: wanted, request } = commandFromProto(ask);
  const known = request === undefined ? undefined : state.requests.get(request.requestId);
  if (known !== undefined && known !== request?.requestHash) {
    throw requestIdReused(ask.requestId);
  }
  if (known !== undefined || isStoppedSo(state, wanted)) {
    return true;
  }
  if (!isOpening(wanted)) {
    throw refusalError(
      document._id,
      isParked(state)
        ? { reason: 'AWAITING_APPROVAL' }
        : { reason: 'WORKLOAD_ENDED', state: state.phase },
    );
  }
  const isOpen = await deps.sessions.reopen({ document, state, command: wanted, request });
  if (isOpen) {
    deps.events.commandObeyed(document._id, wanted.kind);
  }
  return isOpen;
};
