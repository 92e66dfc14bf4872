import type { Part } from '../context.ts';

/** What `up` tells while it goes on. */
type UpEvent =
  | ({ event: 'endpoints'; context: string } & Record<Part, string>)
  | { event: 'ready'; pid: number }
  | { event: 'ended' | 'restarted'; name: string; pid: number };

/** Tells an event to programs, if there is one, and its text to people. */
export type Tell = (event: UpEvent | undefined, text: string) => void;

/** The endpoints and the context, a line each. */
export const endpointLines = (endpoints: Record<Part, string>, context: string): string =>
  Object.entries({ ...endpoints, context })
    .map(([name, value]) => `${name.padEnd(8)} ${value}`)
    .join('\n');
