import type { Duration } from '#libs/contracts/rpc.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { durationFromProto, type Violations } from '#libs/mesh/index.ts';
import type { Budgets } from './kind.ts';

/** Checks the fields of one kind's specification and notes each wrong one. */
export interface SpecFields {
  /** Notes a field as wrong unless the condition holds. The field is the proto's name without the kind. */
  check: Violations['require'];
  /** Reads a text with `read`. Returns '' if the text is empty, or if `read` throws a typed error, which is noted. */
  text: (field: string, text: string, read: (text: string) => string) => string;
  /** Reads a span of 1 s to 24 h, in milliseconds. */
  span: (field: string, duration: Duration | undefined, defaultMs: number) => number;
  /** Reads the budgets of a task and fills in defaults. */
  budgets: (spec: Budgets) => Budgets;
}

const DAY_MS = 86_400_000;
const DEFAULT_FAILURES = 3;
const DEFAULT_LOSSES = 5;

export const specFields = (kind: string, wrong: Violations): SpecFields => {
  const { require: check } = wrong.within(kind);
  return {
    check,
    text: (field, text, read) => {
      if (text === '') {
        return '';
      }
      try {
        return read(text);
      } catch (thrown) {
        if (!isDomainError(thrown)) {
          throw thrown;
        }
        check(false, field, thrown.message);
        return '';
      }
    },
    span: (field, duration, defaultMs) => {
      if (duration === undefined) {
        return defaultMs;
      }
      const ms = durationFromProto(duration);
      check(ms >= 1_000 && ms <= DAY_MS, field, 'must be 1 s to 24 h');
      return ms;
    },
    budgets: ({ maxFailures, maxLosses }) => {
      check(maxFailures <= 100, 'max_failures', 'must be 1 to 100, or 0 for 3');
      check(maxLosses <= 100, 'max_losses', 'must be 1 to 100, or 0 for 5');
      return {
        maxFailures: maxFailures || DEFAULT_FAILURES,
        maxLosses: maxLosses || DEFAULT_LOSSES,
      };
    },
  };
};

/** Longest text in a list, in characters. With longer ones a page could exceed the bound of a message. */
const LISTED_CHARS = 200;

/** The text for a list, cut to its bound. */
export const clipped = (text: string): string =>
  text.length > LISTED_CHARS ? `${text.slice(0, LISTED_CHARS - 1)}…` : text;
