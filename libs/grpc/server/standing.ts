import { addAbortListener } from 'node:events';
import { every } from '#libs/async/index.ts';
import type { Caller } from '#libs/auth/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { isDomainError, status } from '#libs/errors/index.ts';
import type { IncomingCall } from './incoming-call.ts';

/** How often the server looks whether the caller of an open stream may still call. */
const LOOK_MS = 5_000;

/** What says that a caller may call no longer. Anything else may pass by itself, such as keys that cannot be read right now. */
const FINAL: ReadonlySet<status> = new Set([status.UNAUTHENTICATED, status.PERMISSION_DENIED]);

export interface Standing {
  verify: (token: string) => Promise<Caller>;
  /** Rejects if the caller may call no longer, whatever the token says. */
  stands?: ((caller: Caller) => Promise<void>) | undefined;
  clock: Clock;
}

/**
 * Ends an open stream when its token expires, when the key of that is withdrawn, and when its caller no longer stands: at the end of
 * the token, and within some seconds otherwise. Dispose it at the end of the call.
 */
export const watchStanding = (
  call: Pick<IncomingCall, 'abort' | 'signal'>,
  token: string,
  caller: Caller,
  { verify, stands, clock }: Standing,
): Disposable => {
  const look = async (): Promise<void> => {
    try {
      await verify(token);
      await stands?.(caller);
    } catch (thrown) {
      if (isDomainError(thrown) && FINAL.has(thrown.code)) {
        call.abort(thrown);
      }
    }
  };
  const looking = every({ clock, everyMs: LOOK_MS, isPauseFirst: true }, look);
  const { expireTimeMs } = caller;
  const expiry =
    expireTimeMs === undefined
      ? undefined
      : clock.setTimer(expireTimeMs - clock.now() + 1, () => void look());
  const end = (): void => {
    expiry?.cancel();
    void looking.stop();
  };
  // A handler may go on for a while after the end of its call.
  const listener = addAbortListener(call.signal, end);
  return {
    [Symbol.dispose]: () => {
      listener[Symbol.dispose]();
      end();
    },
  };
};
