import type { Result } from '#libs/contracts/session.ts';
import { inParallel } from '#libs/async/index.ts';
import type { Cli } from '../cli.ts';
import type { Mesh } from '../mesh.ts';
import { workloadsOf } from './client.ts';
import { downloadPreview } from './download.ts';

/** A small JPEG of a result. */
export interface Preview {
  result: Result;
  jpeg: Buffer;
}

interface PreviewOptions {
  cli: Pick<Cli, 'interrupt'>;
  mesh: Mesh;
  workloadId: string;
  /** Whether the preview of a result is wanted; all are without it. */
  isWanted?: ((result: Result) => boolean) | undefined;
  /** Makes a call, as often as the caller has patience. */
  persist: <T>(call: () => Promise<T>) => Promise<T>;
}

interface Taker {
  onPreview(preview: Preview): void | Promise<void>;
  /** Called with a result that has no preview. */
  onMissing?(result: Result): void;
}

const MAX_DOWNLOADS = 4;
const PAGE_SIZE = 200;

/** Brings previews of accepted results while others are still being made: each call those that were accepted since the last. */
export const createPreviews = (options: PreviewOptions) => {
  const { cli, mesh, workloadId, persist, isWanted = () => true } = options;
  let afterRevision = 0;

  const fetchOne = async (result: Result, taker: Taker): Promise<void> => {
    const jpeg = await persist(() => downloadPreview(cli, mesh, result));
    if (jpeg === undefined) {
      taker.onMissing?.(result);
    } else {
      await taker.onPreview({ result, jpeg });
    }
  };

  return {
    /** Call it again only after the last call has ended. */
    async catchUp(taker: Taker): Promise<void> {
      let pageToken = '';
      do {
        const page = await persist(() =>
          workloadsOf(mesh).listResults(
            { workloadId, customerId: '', afterRevision, pageSize: PAGE_SIZE, pageToken },
            { signal: cli.interrupt },
          ),
        );
        const wanted = page.results.filter(isWanted);
        await inParallel(MAX_DOWNLOADS, wanted, (result) => fetchOne(result, taker));
        pageToken = page.nextPageToken;
        // A replica that lags behind answers an older position.
        if (pageToken === '') {
          afterRevision = Math.max(afterRevision, page.revision);
        }
      } while (pageToken !== '');
    },
  };
};
