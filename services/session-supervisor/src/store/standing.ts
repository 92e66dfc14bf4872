import type { Projection, WorkloadDocument } from './workload-document.ts';

/** What a customer's standing needs of a workload. */
export interface Placed extends Pick<WorkloadDocument, '_id' | 'createdAt' | 'slot' | 'ticket'> {
  projection: Pick<Projection, 'phase'>;
}

/** The fields of the same, as a projection of MongoDB. */
export const STANDING_FIELDS = { createdAt: 1, slot: 1, ticket: 1, 'projection.phase': 1 } as const;

/** The workloads of one customer that hold a slot, oldest first, and those that wait for one, in the order of the queue. */
export interface Standing {
  running: readonly Placed[];
  waiting: readonly Placed[];
}

/** Sorts the documents that hold a slot or a ticket. */
export const standingOf = (documents: readonly Placed[]): Standing => ({
  running: documents
    .filter(({ slot }) => slot !== undefined)
    .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime()),
  waiting: documents
    .filter(({ slot, ticket }) => slot === undefined && ticket !== undefined)
    .sort((a, b) => (a.ticket ?? 0) - (b.ticket ?? 0)),
});

/** Slots of the plan that nobody holds. */
const untaken = ({ running }: Standing, slots: number): number[] => {
  const taken = new Set(running.map(({ slot }) => slot));
  return Array.from({ length: slots }, (_, slot) => slot).filter((slot) => !taken.has(slot));
};

/** Who waits and may begin. A paused workload keeps its place, and those behind it pass. */
const ready = ({ waiting }: Standing): Placed[] =>
  waiting.filter(({ projection }) => projection.phase !== 'paused');

/** The slots that a newcomer may take: those that nobody holds, and nobody who came earlier waits for. */
export const slotsForNewcomer = (standing: Standing, slots: number): number[] =>
  untaken(standing, slots).slice(ready(standing).length);

/** Who begins next, and with which slot; undefined if no slot is free or nobody waits. */
export const nextInQueue = (
  standing: Standing,
  slots: number,
): { next: Placed; slot: number } | undefined => {
  const [slot] = untaken(standing, slots);
  const [next] = ready(standing);
  return slot === undefined || next === undefined ? undefined : { next, slot };
};

/** The ticket of whoever joins the queue now. It is greater than all present ones. */
export const nextTicket = ({ waiting }: Standing): number => 1 + (waiting.at(-1)?.ticket ?? 0);
