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

/** Bounds of one journal document. The entries of one input always stand in one document, so an input alone may exceed them. */
const MAX_GROUP_ENTRIES = 500;
const MAX_GROUP_BYTES = 4 * 1024 * 1024;
/** Most inputs that wait for a write, whether they are decided yet or not. */
const MAX_WAITING = 10_000;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

interface LoopOptions {
  /** The folded journal, including the entry that made this replica the owner. */
  state: WorkloadState;
  workers: Workers;
  store: JournalStore<Entry>;
  by: string;
  clock: Clock;
  random: Random;
  /** The number of users that the customer's plan now allows one workload. */
  planUsers: () => number;
  /** Performs effects, in order, after everything that they were decided on is durable. */
  perform: (effects: readonly Effect[]) => void;
  /** Sends users their work. Called at once after a decision, because hand-outs are not journaled. */
  send: () => void;
  /** Called with each durable document and the state after it, before its effects are performed. */
  onWritten: (document: JournalDocument<Entry>, state: WorkloadState) => void;
  /** Called when an append is tried again because its outcome is unknown. */
  onUnknown: (cause: unknown) => void;
  /** Called if this replica must not write any more. No effect is performed afterwards. */
  onEnd: (end: LoopEnd, unanswered: readonly Input[]) => void;
}

/** `conflict`: a defect, because a task is open in the fold but the store has an accepted result for it. */
export type LoopEnd =
  { kind: 'taken-over'; by: string } | { kind: 'conflict'; accepted: readonly string[] };

/** The one writer of a workload's journal on this replica. */
export interface SessionLoop {
  /** Takes an input. Returns false and does nothing if too many inputs wait already. */
  submit(input: Input): boolean;
  /** The durable state. */
  durable(): WorkloadState;
  /** Stops the loop and returns the inputs whose effects were not performed. */
  abandon(): readonly Input[];
}

/** The effects of one input, with the input, which is decided again if the append is refused. */
interface Decided {
  input: Input;
  effects: readonly Effect[];
}

/** The decisions that go into one journal document. */
interface Group {
  entries: Entry[];
  bytes: number;
  decided: Decided[];
  /** Size of the decided inputs. */
  inputBytes: number;
}

const emptyGroup = (): Group => ({ entries: [], bytes: 0, decided: [], inputBytes: 0 });

/**
 * Decides inputs one at a time on the tip and writes the decisions. One append is in flight at a time; everything that is
 * decided meanwhile goes into the next. The effects of an input wait until everything that it was decided on is durable.
 */
export const startLoop = (options: LoopOptions): SessionLoop => {
  const { workers, store, clock, by } = options;
  const ended = new AbortController();
  let durable = options.state;
  let tip = durable;
  let pending = emptyGroup();
  let inFlight: Group | undefined;
  let queue: Input[] = [];
  let queuedBytes = 0;

  /** Whether all entries that this input can lead to fit into the next document. */
  const hasRoom = (input: Input): boolean =>
    pending.entries.length === 0 ||
    (pending.entries.length + mostEntries(input, workers, tip) <= MAX_GROUP_ENTRIES &&
      pending.bytes + inputBytes(input) <= MAX_GROUP_BYTES);

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
    for (const entry of entries) {
      pending.bytes += entryBytes(entry);
    }
    const group = pending.entries.length > 0 ? pending : inFlight;
    if (group === undefined) {
      options.perform(effects);
    } else if (entries.length > 0 || effects.length > 0) {
      group.decided.push({ input, effects });
      group.inputBytes += inputBytes(input);
    }
    options.send();
  };

  const drainQueue = (): void => {
    for (;;) {
      const [input] = queue;
      if (ended.signal.aborted || input === undefined || !hasRoom(input)) {
        return;
      }
      queue.shift();
      queuedBytes -= inputBytes(input);
      take(input);
    }
  };

  const flush = (): void => {
    if (inFlight !== undefined || pending.entries.length === 0 || ended.signal.aborted) {
      return;
    }
    const group = pending;
    inFlight = group;
    pending = emptyGroup();
    void write(group);
  };

  const write = async (group: Group): Promise<void> => {
    const accepted = group.entries.flatMap((entry) =>
      entry.kind === 'accepted' ? [acceptedKey(entry)] : [],
    );
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
      signal: ended.signal,
      onUnknown: options.onUnknown,
    }).catch((thrown: unknown) => {
      if (!ended.signal.aborted) {
        throw thrown;
      }
    });
    if (outcome === undefined || ended.signal.aborted) {
      return;
    }
    inFlight = undefined;
    if (outcome.kind === 'written') {
      durable = foldDocument(durable, document);
      if (pending.entries.length === 0) {
        tip = durable;
      }
      options.onWritten(document, durable);
      for (const { effects } of group.decided) {
        options.perform(effects);
      }
    } else if (outcome.kind === 'conflict') {
      end({ kind: 'conflict', accepted: outcome.accepted }, group);
      return;
    } else if (!decideAgain(outcome.by, group)) {
      return;
    }
    drainQueue();
    flush();
  };

  /** Folds what another writer put at our position, and queues our inputs to be decided again. False after a take-over. */
  const decideAgain = (document: JournalDocument<Entry>, group: Group): boolean => {
    durable = foldDocument(durable, document);
    const isTakenOver = document.entries.some(({ kind }) => kind === 'taken-over');
    if (isTakenOver) {
      end({ kind: 'taken-over', by: document.by }, group);
      return false;
    }
    tip = durable;
    queue = unanswered(group);
    queuedBytes = queue.reduce((sum, input) => sum + inputBytes(input), 0);
    pending = emptyGroup();
    return true;
  };

  const unanswered = (group: Group | undefined): Input[] =>
    [...(group?.decided ?? []), ...pending.decided].map(({ input }) => input).concat(queue);

  const end = (reason: LoopEnd, group: Group): void => {
    ended.abort();
    options.onEnd(reason, unanswered(group));
  };

  return {
    submit: (input) => {
      if (ended.signal.aborted || isOverrun(input)) {
        return false;
      }
      if (queue.length > 0 || !hasRoom(input)) {
        queue.push(input);
        queuedBytes += inputBytes(input);
      } else {
        take(input);
      }
      flush();
      return true;
    },
    durable: () => durable,
    abandon: () => {
      ended.abort();
      return unanswered(inFlight);
    },
  };
};
