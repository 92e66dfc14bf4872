import type { Clock } from '#libs/clock/index.ts';
import { every } from '#libs/async/index.ts';
import { precondition } from '../failures.ts';

/** Why a workload waits, as the mesh explains it. */
export interface WaitReason {
  code: string;
  message: string;
}

interface WaitingOptions {
  clock: Clock;
  workloadId: string;
  /** Asks the mesh. A failure is as good as no answer. */
  explain: () => Promise<readonly WaitReason[]>;
  /** Whether somebody works on it now; then nothing is asked. */
  isActive: () => boolean;
  /** Called with each new reason. */
  tell: (reason: WaitReason) => void;
  /** The longest wait without work, in milliseconds; undefined: without end. */
  atMostMs: number | undefined;
  onTooLong: (error: Error) => void;
}

/** A reason is told within twice this time. */
const LOOK_MS = 5_000;

const SILENT: ReadonlySet<string> = new Set([
  'NOT_WAITING',
  'ENDED',
  'TASKS_FAILING',
  'USERS_BARRED',
]);

/** While nobody works on a workload, tells why, and again whenever the reason changes. */
export const watchWaiting = ({
  clock,
  workloadId,
  explain,
  isActive,
  tell,
  atMostMs,
  onTooLong,
}: WaitingOptions) => {
  let told = '';
  let since = clock.monotonic();
  return every({ clock, everyMs: LOOK_MS, isPauseFirst: true }, async () => {
    if (isActive()) {
      since = clock.monotonic();
      told = '';
      return;
    }
    const [reason] = (await explain().catch((): WaitReason[] => [])).filter(
      ({ code }) => !SILENT.has(code),
    );
    if (reason !== undefined && reason.message !== told) {
      told = reason.message;
      tell(reason);
    }
    if (atMostMs !== undefined && clock.monotonic() - since >= atMostMs) {
      const why = reason?.message ?? 'nobody works on it';
      onTooLong(
        precondition(
          'WAITED_TOO_LONG',
          `nobody worked on it for too long: ${why}; it goes on waiting; to end it: muster stop ${workloadId}`,
        ),
      );
    }
  });
};
