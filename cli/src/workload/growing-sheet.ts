import { every } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { spread } from './spread.ts';

interface GrowingSheetOptions {
  clock: Clock;
  /** The file, written anew as a whole each time. */
  target: string;
  /** Brings the previews that came since the last time to `add`. */
  catchUp: (add: (frame: number, jpeg: Buffer) => void) => Promise<void>;
  /** Called once for each different reason. */
  onFailure: (error: unknown) => void;
}

const EVERY_MS = 10_000;
/** Previews above this count are thinned out, because a sheet holds far fewer. */
const MAX_KEPT = 480;

/** Draws a contact sheet of the previews that there are, again whenever more have come. */
export const startGrowingSheet = ({ clock, target, catchUp, onFailure }: GrowingSheetOptions) => {
  let previews = new Map<number, Buffer>();
  let isDue = false;
  const add = (frame: number, jpeg: Buffer): void => {
    previews.set(frame, jpeg);
    isDue = true;
    if (previews.size > MAX_KEPT) {
      previews = new Map(spread(inOrder(), MAX_KEPT / 2));
    }
  };
  const inOrder = (): [number, Buffer][] => [...previews].sort(([a], [b]) => a - b);
  return every({ clock, everyMs: EVERY_MS, isPauseFirst: true, onFailure }, async () => {
    await catchUp(add);
    if (isDue) {
      isDue = false;
      // Loads sharp, which nobody needs before the first preview.
      const { writeContactSheet } = await import('./contact-sheet.ts');
      await writeContactSheet(
        inOrder().map(([, jpeg]) => jpeg),
        target,
      );
    }
  });
};
