import type { Clock } from '#libs/clock/index.ts';
import { formatBytes, plural } from '../formats.ts';
import type { Output } from '../output.ts';
import type { Sent } from './send.ts';

const LIVE_EVERY_MS = 100;
/** In a log. */
const LINE_EVERY_MS = 10_000;

/** The files of a project that go to the mesh, in words: `12 files, 3.2 MiB: sending 2 (20.0 KiB), 10 are there already`. */
export const sendingLine = (sent: Omit<Sent, 'objectId'>): string => {
  const { files, bytes, sentFiles, sentBytes, thereFiles } = sent;
  const there =
    thereFiles > 0 ? `, ${thereFiles} ${thereFiles === 1 ? 'is' : 'are'} there already` : '';
  const sending =
    sentFiles > 0 ? `sending ${sentFiles} (${formatBytes(sentBytes)})` : 'sending none';
  return `${plural(files, 'file')}, ${formatBytes(bytes)}: ${sending}${there}`;
};

/** Shows how far the sending is: a line that redraws itself, or one now and then on standard error. */
export const createSendingDisplay = (output: Output, clock: Clock) => {
  let shownAtMs = -Infinity;
  let isOpen = false;
  let isFirst = true;
  return {
    show(progress: Sent & { doneBytes: number }): void {
      const isDue =
        clock.monotonic() - shownAtMs >= (output.isLive ? LIVE_EVERY_MS : LINE_EVERY_MS);
      if (!isFirst && !isDue) {
        return;
      }
      shownAtMs = clock.monotonic();
      const { doneBytes, sentBytes } = progress;
      const percent = sentBytes === 0 ? 100 : Math.floor((100 * doneBytes) / sentBytes);
      if (output.isLive) {
        output.raw(`\r\u001B[K${sendingLine(progress)}, ${percent} %`);
        isOpen = true;
      } else if (isFirst) {
        output.text(sendingLine(progress));
      } else {
        output.text(`sent ${formatBytes(doneBytes)} of ${formatBytes(sentBytes)}, ${percent} %`);
      }
      isFirst = false;
    },
    /** A file of which the mesh has the first bytes. */
    resumed(name: string, bytes: number): void {
      const text = `${name} goes on after ${formatBytes(bytes)}, where it was cut off`;
      if (isOpen) {
        output.raw('\r\u001B[K');
      }
      output.text(text);
    },
    finish(): void {
      if (isOpen) {
        output.raw('\n');
      }
      isOpen = false;
    },
  };
};
