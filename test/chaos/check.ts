import type { Db } from 'mongodb';
import type { JournalDocument } from '#libs/journal/index.ts';
import { collection } from '#libs/mongo/index.ts';
import type { Entry } from '../../services/session-supervisor/src/domain/state/entries.ts';
import type { WorkloadDocument } from '../../services/session-supervisor/src/store/workload-document.ts';
import type { Clients } from '../harness/clients.ts';
import { emptyModel, take } from '../simulation/model.ts';
import { stepsOf } from '../simulation/steps.ts';
import type { History } from './history.ts';

/** Checks everything in the stores and in the history, and returns the violations. */
export const check = async (
  db: Db,
  operator: Clients,
  history: History,
  since: Date,
): Promise<string[]> => {
  const wrong: string[] = [];
  const workloads = await collection<WorkloadDocument>(db, 'workloads')
    .find({ createdAt: { $gte: since } })
    .toArray();
  const requests = new Set<string>();
  for (const { _id: id, owner, slot, projection, requestId, spec } of workloads) {
    const say = (what: string): void => void wrong.push(`${id}: ${what}`);
    if (requestId !== undefined) {
      requests.add(requestId);
    }
    const documents = await collection<JournalDocument<Entry>>(db, 'journal')
      .find({ workload: id }, { sort: { n: 1 } })
      .toArray();
    const model = emptyModel(stepsOf({ spec }));
    const counts = [{ completed: 0, failed: 0 }];
    for (const [i, { n, entries }] of documents.entries()) {
      if (n !== i + 1) {
        say(`position ${n} where ${i + 1} belongs`);
      }
      for (const entry of entries) {
        const violation = take(model, entry);
        if (violation !== undefined) {
          say(violation);
        }
        if ('request' in entry && entry.request !== undefined) {
          requests.add(entry.request.requestId);
        }
      }
      counts.push({ completed: model.done.size, failed: model.failed.size });
    }
    const shown = new Map<number, number>();
    for (const event of history.all) {
      if (event.event !== 'shown' || event.workload.workloadId !== id) {
        continue;
      }
      const { watch, workload } = event;
      const { revision, completed, failed: givenUp } = workload;
      const truth = counts[revision];
      if (revision < (shown.get(watch) ?? 0)) {
        say(`I10: a watch went back to revision ${revision}`);
      }
      if (truth?.completed !== completed || truth.failed !== givenUp) {
        say(
          `I10: shown at ${revision} as ${completed} and ${givenUp}, it is ${JSON.stringify(truth)}`,
        );
      }
      shown.set(watch, revision);
    }
    const { done, failed, isOver, phase } = model;
    if (!isOver) {
      say(`I12: has not ended: ${phase}, ${done.size} of ${projection.total} done`);
    }
    if (owner !== null && slot !== undefined) {
      say(`I13: holds slot ${slot} after its end`);
    }
    if (phase === 'completed' && done.size !== projection.total) {
      say(`I1: completed with ${done.size}`);
    }
    if (projection.completed !== done.size || projection.failed !== failed.size) {
      say('I10: its projection is another');
    }
    const { missing, damaged } = await operator.workloads.scrubWorkload(
      { workloadId: id, customerId: '', pageToken: '' },
      { deadlineMs: 20_000 },
    );
    if (missing !== '' || damaged !== '') {
      say(`I2: results missing: ${missing}, damaged: ${damaged}`);
    }
  }
  for (const event of history.all) {
    // A stop of a stopped workload leaves no entry.
    if (event.event !== 'ok' || event.what === 'stop' || requests.has(event.requestId)) {
      continue;
    }
    wrong.push(`I5: ${event.what} ${event.workload} was answered, and nothing has it`);
  }
  return wrong;
};
