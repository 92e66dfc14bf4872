/** Callers that wait for the result of their input. */
export interface Tickets<T> {
  /** Returns a number for the input, and the promise of its answer. */
  open(): { ticket: number; answer: Promise<T> };
  /** Does nothing if the caller was answered before. */
  resolve(ticket: number, answer: T): void;
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
    resolve: (ticket, answer) => take(ticket)?.resolve(answer),
    fail: (ticket, error) => take(ticket)?.reject(error),
  };
};
