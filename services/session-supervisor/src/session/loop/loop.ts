import type { Clock } from '#libs/clock/index.ts';
import { append, type JournalDocument, type JournalStore } from '#libs/journal/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Workers } from '../../domain/scheduling/workers.ts';
import { decide } from '../../domain/decisions/decide.ts';
import type { Effect } from '../../domain/decisions/decision.ts';
import { acceptedKey, type Entry } from '../../domain/state/entries.ts';
import { foldDocument } from '../../domain/state/fold.ts';
import type { Input } from '../../domain/decisions/inputs.ts';
import type { WorkloadState } from '../../domain/state/workload.ts';
import { entryBytes, inputBytes, mostEntries } from './entry-bytes.ts';

/** Bounds of one journal document. What comes of one input is not parted: only that may be more, where it is alone. */
const GROUP_ENTRIES = 500;
const GROUP_BYTES = 4 * 1024 * 1024;
/** Inputs that may wait for something to be written, decided or not. */
const MAX_WAITING = 10_000;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export interface LoopOptions {
  /** The folded journal, including the entry that made this replica the owner. */
  state: WorkloadState;
  workers: Workers;
  store: JournalStore<Entry>;
  /** This replica's instance id. */
  by: string;
  clock: Clock;
  random: Random;
  /** How many users the customer's plan allows one workload, as known now. */
  planUsers: () => number;
  /** Acts on effects, in order; what they were decided on is durable. */
  perform: (effects: readonly Effect[]) => void;
  /** Sends their work to users whose set changed. Called at once: hand-outs are not journaled. */
  send: () => void;
  /** Told of each durable document and the state after it, before its effects are performed. */
  onWritten: (document: JournalDocument<Entry>, state: WorkloadState) => void;
  /** Told when an append's outcome is unknown and it is tried again. */
  onUnknown: (cause: unknown) => void;
  /**
   * The workload is no longer this replica's, or may not be written to: `taken-over` by another owner, or `conflict` (the store
   * refuses as accepted what the fold holds for open: a defect, to be alarmed). Nothing is performed after it.
   */
  onEnd: (end: LoopEnd, unanswered: readonly Input[]) => void;
}

export type LoopEnd = { kind: 'taken-over'; by: string } | { kind: 'conflict'; accepted: readonly string[] };

/** The one writer of a workload's journal on this replica. */
export interface SessionLoop {
  /** Takes an input. Answers false when too many wait already; nothing has happened then. */
  submit(input: Input): boolean;
  /** The durable state. */
  durable(): WorkloadState;
  /** Stops without a word: inputs that were not decided are dropped. */
  abandon(): readonly Input[];
}

/** What was decided on one input, to be decided again if its append is refused. */
interface Decided {
  input: Input;
  effects: readonly Effect[];
}

/** What becomes one journal document. */
interface Group {
  entries: Entry[];
  bytes: number;
  decided: Decided[];
  /** Of the inputs that were decided. */
  inputBytes: number;
}

const emptyGroup = (): Group => ({ entries: [], bytes: 0, decided: [], inputBytes: 0 });

/**
 * Decides inputs one at a time on the tip, and writes what was decided: one append in flight, everything that is decided
 * meanwhile in the next. The effects of an input wait until all that it was decided on is durable.
 */
export const startLoop = (options: LoopOptions): SessionLoop => {
  const { workers, store, clock, by } = options;
  const letGo = new AbortController();
  let durable = options.state;
  let tip = durable;
  let pending = emptyGroup();
  let inFlight: Group | undefined;
  let queue: Input[] = [];
  let queuedBytes = 0;
  let hasEnded = false;

  /** Whether all that this input can lead to fits into the next document. */
  const hasRoom = (input: Input): boolean =>
    pending.entries.length === 0 ||
    (pending.entries.length + mostEntries(input, workers, durable.graph.nodes.length) <= GROUP_ENTRIES &&
      pending.bytes + inputBytes(input) <= GROUP_BYTES);

  const isOverrun = (input: Input): boolean => {
    const waiting = queue.length + pending.decided.length + (inFlight?.decided.length ?? 0);
    const bytes = queuedBytes + pending.inputBytes + (inFlight?.inputBytes ?? 0);
    return waiting >= MAX_WAITING || bytes + inputBytes(input) > MAX_WAITING_BYTES;
  };

  const take = (input: Input): void => {
    const n = durable.position + (inFlight === undefined ? 1 : 2);
    const session = { state: tip, workers, planUsers: options.planUsers() };
    const decision = decide(session, input, { n, at: clock.now() }, clock.monotonic());
    tip = decision.state;
    const { entries, effects } = decision;
    pending.entries.push(...entries);
    for (const entry of entries) pending.bytes += entryBytes(entry);
    const group = pending.entries.length > 0 ? pending : inFlight;
    if (group === undefined) options.perform(effects);
    else if (entries.length > 0 || effects.length > 0) {
      group.decided.push({ input, effects });
      group.inputBytes += inputBytes(input);
    }
    options.send();
  };

  const drainQueue = (): void => {
    for (;;) {
      const input = hasEnded ? undefined : queue[0];
      if (input === undefined || !hasRoom(input)) return;
      queue.shift();
      queuedBytes -= inputBytes(input);
      take(input);
    }
  };

  const flush = (): void => {
    if (inFlight !== undefined || pending.entries.length === 0 || hasEnded) return;
    const group = pending;
    inFlight = group;
    pending = emptyGroup();
    void write(group);
  };

  const write = async (group: Group): Promise<void> => {
    const accepted = group.entries.flatMap((entry) => (entry.kind === 'accepted' ? [acceptedKey(entry)] : []));
    const document: JournalDocument<Entry> = {
      workload: durable.header.id,
      n: durable.position + 1,
      appendId: options.random.id('a'),
      by,
      at: new Date(clock.now()),
      entries: group.entries,
      ...(accepted.length > 0 ? { accepted } : {}),
    };
    const outcome = await append(store, document, {
      clock,
      random: options.random,
      signal: letGo.signal,
      onUnknown: options.onUnknown,
    }).catch((thrown: unknown) => {
      if (letGo.signal.aborted) return undefined;
      throw thrown;
    });
    if (outcome === undefined || hasEnded) return;
    inFlight = undefined;
    if (outcome.kind === 'written') {
      durable = foldDocument(durable, document);
      if (pending.entries.length === 0) tip = durable;
      options.onWritten(document, durable);
      for (const { effects } of group.decided) options.perform(effects);
    } else if (outcome.kind === 'conflict') {
      end({ kind: 'conflict', accepted: outcome.accepted }, group);
      return;
    } else if (!decideAgain(outcome.by, group)) return;
    drainQueue();
    flush();
  };

  /** Folds what somebody else wrote in our place and decides our inputs anew; false if the workload is not ours any more. */
  const decideAgain = (document: JournalDocument<Entry>, group: Group): boolean => {
    durable = foldDocument(durable, document);
    const isTakenOver = document.entries.some(({ kind }) => kind === 'taken-over');
    if (isTakenOver) {
      end({ kind: 'taken-over', by: document.by }, group);
      return false;
    }
    tip = durable;
    queue = [...group.decided, ...pending.decided].map(({ input }) => input).concat(queue);
    queuedBytes = queue.reduce((sum, input) => sum + inputBytes(input), 0);
    pending = emptyGroup();
    return true;
  };

  const unanswered = (group: Group | undefined): Input[] =>
    [...(group?.decided ?? []), ...pending.decided].map(({ input }) => input).concat(queue);

  const end = (reason: LoopEnd, group: Group): void => {
    hasEnded = true;
    letGo.abort();
    options.onEnd(reason, unanswered(group));
  };

  return {
    submit: (input) => {
      if (hasEnded || isOverrun(input)) return false;
      if (queue.length > 0 || !hasRoom(input)) {
        queue.push(input);
        queuedBytes += inputBytes(input);
      } else take(input);
      flush();
      return true;
    },
    durable: () => durable,
    abandon: () => {
      hasEnded = true;
      letGo.abort();
      return unanswered(inFlight);
    },
  };
};
