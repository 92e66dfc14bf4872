import type { Duration } from '#libs/contracts/rpc.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { durationFromProto, type Violations } from '#libs/mesh/index.ts';
import type { Budgets } from './kind.ts';

const SPAN = { minMs: 1_000, maxMs: 86_400_000, rule: 'must be 1 s to 24 h' };
const DEFAULT_FAILURES = 3;
const DEFAULT_LOSSES = 5;

/** Checks of the fields of one kind's specification. Each notes a wrong field, by the proto's name without the kind. */
export const specFields = (kind: string, wrong: Violations) => {
  const { require: check } = wrong.within(kind);
  return {
    check,
    /** Reads a text with `read`. Returns '' if the text is empty, or if `read` throws a typed error, which is noted. */
    text: (field: string, text: string, read: (text: string) => string): string => {
      try {
        return text === '' ? '' : read(text);
      } catch (thrown) {
        if (!isDomainError(thrown)) {
          throw thrown;
        }
        check(false, field, thrown.message);
        return '';
      }
    },
    /** Reads a span within its bounds, in milliseconds; without them of 1 s to 24 h. */
    span: (
      field: string,
      duration: Duration | undefined,
      defaultMs: number,
      { minMs, maxMs, rule } = SPAN,
    ): number => {
      const ms = duration === undefined ? defaultMs : durationFromProto(duration);
      check(ms >= minMs && ms <= maxMs, field, rule);
      return ms;
    },
    /** Reads the budgets of a task and fills in defaults. */
    budgets: ({ maxFailures, maxLosses }: Budgets): Budgets => {
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
