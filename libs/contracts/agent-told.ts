import { z } from 'zod';

const told = z.object({
  /** Whether there is a connection to the mesh. */
  connected: z.boolean(),
  /** What runs. */
  doing: z.array(
    z.object({
      /** The name of the file, or the workload's id. */
      what: z.string(),
      task: z.string(),
      /** Empty if it is not known. */
      customer: z.string(),
      /** From 0 to 1; null where nobody can tell. */
      fraction: z.number().nullable(),
      remainingSeconds: z.number().nullable(),
    }),
  ),
  /** Tasks since the start. */
  done: z.number(),
  failed: z.number(),
  /** Their seconds of work. */
  seconds: z.number(),
  /** Results that wait on this machine, because blob could not take them so far. */
  waiting: z.number(),
  /** For whom they were; a few at most. */
  customers: z.array(z.string()),
});

/** What an agent tells the person who lends the machine, as a line of JSON `{"tell":…}` between the lines of its log. */
export type Told = z.infer<typeof told>;

const line = z.object({ tell: told });

/** Whether a line, once parsed, is what an agent tells, and none of its log. */
export const isTold = (said: unknown): said is { tell: Told } => line.safeParse(said).success;
