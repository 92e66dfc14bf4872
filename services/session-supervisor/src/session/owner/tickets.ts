/** Callers that wait for what their input leads to. */
export interface Tickets<T> {
  /** A number to put into the input, and the promise that is settled by it. */
  open(): { ticket: number; answer: Promise<T> };
  /** Answers a caller. Harmless when it was answered before. */
  settle(ticket: number, answer: T): void;
  fail(ticket: number, error: Error): void;
}

export const createTickets = <T>(): Tickets<T> => {
  const waiting = new Map<number, PromiseWithResolvers<T>>();
  let last = 0;
  const take = (ticket: number): PromiseWithResolvers<T> | undefined => {
    const resolvers = waiting.get(ticket);
    waiting.delete(ticket);
    return resolvers;
  };
  return {
    open: () => {
      last += 1;
      const resolvers = Promise.withResolvers<T>();
      waiting.set(last, resolvers);
      return { ticket: last, answer: resolvers.promise };
    },
    settle: (ticket, answer) => take(ticket)?.resolve(answer),
    fail: (ticket, error) => take(ticket)?.reject(error),
  };
};
