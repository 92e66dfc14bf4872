import type { RenderSpec } from '#libs/contracts/common.ts';
import type { NodeProgress, Workload } from '#libs/contracts/session.ts';
import { formatEnum, formatInstant, formatSeconds, plural, printable } from '../formats.ts';
import type { Output } from '../output.ts';
import { hasSeveralSteps, taskNoun } from './file-names.ts';

export const stateOf = ({ state }: Pick<Workload, 'state'>): string =>
  formatEnum(state, 'WORKLOAD_STATE_');

/** What it is in few words: `render scene.blend, frames 1-24`. */
export const specOf = (workload: Workload): string => {
  const { spec, fileName, total } = workload;
  if (spec === undefined) {
    return 'unknown to this version';
  }
  if (spec.$case === 'render') {
    return `render ${printable(fileName)}, frames ${spec.value.frames}`;
  }
  // Each of several steps has a duration of its own.
  const how = hasSeveralSteps(workload)
    ? `in ${spec.value.nodes.length} steps`
    : `of ${spec.value.durationMs} ms`;
  return `noop, ${plural(total, 'task')} ${how}`;
};

/** What people call the user of a share, a result or an attempt. */
export const nameOf = ({ userName, userId }: { userName: string; userId: string }): string =>
  userName || userId;

/** Everything about one workload for people, as `name  value` lines; with its steps where it has several. */
export const printWorkload = (
  output: Output,
  workload: Workload,
  steps: readonly NodeProgress[],
): void => {
  const { spec, completed, total, failed, remaining, percentage } = workload;
  const facts = Object.entries({
    workload: workload.workloadId,
    customer: workload.customerId,
    what: specOf(workload),
    ...(spec?.$case === 'render' && renderFacts(spec.value)),
    state: stateOf(workload),
    reason: workload.reason && `${workload.reason}: ${printable(workload.reasonMessage)}`,
    [`${taskNoun(workload)}s`]: `${completed} of ${total} done, ${failed} failed, ${remaining} to do (${percentage.toFixed(1)} %)`,
    'users wanted': String(workload.wantedUsers),
    'handed in': formatInstant(workload.createTime),
    started: formatInstant(workload.startTime),
    ended: formatInstant(workload.endTime),
    blender:
      workload.blenderVersion && (workload.renderVersion || `${workload.blenderVersion} or later`),
  }).filter(([, value]) => value !== '');
  const width = Math.max(...facts.map(([name]) => name.length));
  output.text(facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n'));
  if (steps.length > 1) {
    output.text('');
    output.table(steps, [
      ['STEP', ({ node }) => node],
      ['DONE', (step) => `${step.completed}/${step.total}`, 'right'],
      ['FAILED', (step) => step.failed, 'right'],
      ['TO DO', (step) => step.remaining, 'right'],
    ]);
  }
  if (workload.shares.length > 0) {
    output.text('');
    output.table(workload.shares, [
      ['USER', nameOf],
      ['DONE', (share) => share.completed, 'right'],
      ['WORK', ({ seconds }) => formatSeconds(seconds), 'right'],
    ]);
  }
};

const renderFacts = ({ engine, format, order, samples, scalePercent }: RenderSpec) => ({
  engine: engine || 'as in the file',
  format: formatEnum(format, 'RENDER_FORMAT_'),
  order: formatEnum(order, 'RENDER_ORDER_'),
  samples: samples === 0 ? '' : String(samples),
  scale: scalePercent === 0 ? '' : `${scalePercent} %`,
});
