import type { RenderSpec } from '#libs/contracts/common.ts';
import type { NodeProgress, Workload } from '#libs/contracts/session.ts';
import { formatEnum, formatInstant, formatSeconds, plural, printable } from '../formats.ts';
import type { Output } from '../output.ts';
import { hasSeveralSteps, taskNoun } from './file-names.ts';

type Fact = [name: string, value: string];

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

/** Everything about one workload for people, as `name  value` lines; with its steps where it has several. */
export const printWorkload = (
  output: Output,
  workload: Workload,
  steps: readonly NodeProgress[],
): void => {
  const { spec } = workload;
  const facts: Fact[] = [
    ['workload', workload.workloadId],
    ['customer', workload.customerId],
    ['what', specOf(workload)],
    ...(spec?.$case === 'render' ? renderFacts(spec.value) : []),
    ['state', stateOf(workload)],
    ...(workload.reason === ''
      ? []
      : ([
          ['reason', `${workload.reason}: ${printable(workload.reasonMessage)}`],
        ] satisfies Fact[])),
    [
      `${taskNoun(workload)}s`,
      `${workload.completed} of ${workload.total} done, ${workload.failed} failed, ${workload.remaining} to do (${workload.percentage.toFixed(1)} %)`,
    ],
    ['users wanted', String(workload.wantedUsers)],
    ['handed in', formatInstant(workload.createTime)],
    ['started', formatInstant(workload.startTime)],
    ['ended', formatInstant(workload.endTime)],
    ...(workload.blenderVersion === ''
      ? []
      : ([
          ['blender', workload.renderVersion || `${workload.blenderVersion} or later`],
        ] satisfies Fact[])),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  for (const [name, value] of facts) {
    output.text(`${name.padEnd(width)}  ${value}`);
  }
  if (steps.length > 1) {
    output.text('');
    output.table(steps, [
      ['STEP', ({ node }) => node],
      ['DONE', ({ completed, total }) => `${completed}/${total}`, 'right'],
      ['FAILED', ({ failed }) => failed, 'right'],
      ['TO DO', ({ remaining }) => remaining, 'right'],
    ]);
  }
  if (workload.shares.length === 0) {
    return;
  }
  output.text('');
  output.table(workload.shares, [
    ['USER', ({ userName, userId }) => userName || userId],
    ['DONE', ({ completed }) => completed, 'right'],
    ['WORK', ({ seconds }) => formatSeconds(seconds), 'right'],
  ]);
};

const renderFacts = (spec: RenderSpec): Fact[] => [
  ['engine', spec.engine || 'as in the file'],
  ['format', formatEnum(spec.format, 'RENDER_FORMAT_')],
  ['order', formatEnum(spec.order, 'RENDER_ORDER_')],
  ...(spec.samples === 0 ? [] : ([['samples', String(spec.samples)]] satisfies Fact[])),
  ...(spec.scalePercent === 0 ? [] : ([['scale', `${spec.scalePercent} %`]] satisfies Fact[])),
];
