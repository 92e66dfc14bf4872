import { RenderFormat, RenderPhysics, type RenderSpec } from '#libs/contracts/common.ts';
import type { Workload } from '#libs/contracts/session.ts';
import { indicesBetween, parseIndices, type NodeTasks } from '#libs/indices/index.ts';
import { deviceWords } from './device.ts';
import { formatEnum, plural } from '../formats.ts';

type Spec = NonNullable<Workload['spec']>;
type SpecOf<K extends Spec['$case']> = Extract<Spec, { $case: K }>['value'];

/** What a kind of work looks like to people. */
interface KindView<S> {
  /** What its tasks are called. */
  noun: 'frame' | 'task' | 'case';
  /** How many steps it has; tasks of several steps are named with their step. */
  steps(spec: S): number;
  extension(spec: S): string;
  /** The tasks whose results are the customer's. Not of a workload from a list, which may carry less. */
  tasks(spec: S): NodeTasks[];
  /** What it is in few words: `render scene.blend, frames 1-24`. */
  summary(spec: S, workload: Workload): string;
  /** Its own lines of `show`. Empty ones are left out. */
  facts(spec: S): Record<string, string>;
}

const EXTENSIONS: Record<RenderFormat, string> = {
  [RenderFormat.UNSPECIFIED]: 'png',
  [RenderFormat.PNG]: 'png',
  [RenderFormat.JPEG]: 'jpg',
  [RenderFormat.OPEN_EXR]: 'exr',
  // Results say what they are.
  [RenderFormat.AS_IN_FILE]: 'bin',
  [RenderFormat.UNRECOGNIZED]: 'bin',
};

const PHYSICS: Partial<Record<RenderPhysics, string>> = {
  [RenderPhysics.BAKE]: 'baked on one machine before the first frame',
  [RenderPhysics.IN_ORDER]: 'played from the first frame on by each machine',
  [RenderPhysics.ALLOW_UNBAKED]: 'as each machine computes it',
};

const renderFacts = ({
  engine,
  format,
  order,
  samples,
  scalePercent,
  scene,
  camera,
  viewLayer,
  physics,
  ...spec
}: RenderSpec) => ({
  scene,
  camera,
  'view layer': viewLayer,
  engine: engine || 'as in the file',
  format: formatEnum(format, 'RENDER_FORMAT_'),
  order: formatEnum(order, 'RENDER_ORDER_'),
  samples: samples === 0 ? '' : String(samples),
  scale: scalePercent === 0 ? '' : `${scalePercent} %`,
  physics: PHYSICS[physics] ?? '',
  device: deviceWords(spec),
});

const kinds: { readonly [K in Spec['$case']]: KindView<SpecOf<K>> } = {
  render: {
    noun: 'frame',
    steps: () => 1,
    extension: ({ format }) => EXTENSIONS[format],
    tasks: ({ frames }) => [{ node: 'frames', indices: parseIndices(frames) }],
    summary: ({ frames }, { fileName }) => `render ${fileName}, frames ${frames}`,
    facts: renderFacts,
  },
  simulation: {
    noun: 'case',
    steps: () => 1,
    extension: () => 'parts',
    tasks: ({ cases }) => [
      { node: 'collect', indices: indicesBetween(0, Math.max(1, cases.length) - 1) },
    ],
    summary: ({ cases, solver }, { fileName }) =>
      `simulate ${fileName.replace(/\.tar\.zst$/, '')}${solver && ` with ${solver}`}${cases.length > 1 ? `, ${plural(cases.length, 'case')}` : ''}`,
    facts: ({ solver, approval, parallel, engine, version }) => ({
      solver: solver || 'as in the case',
      approval: formatEnum(approval, 'APPROVAL_'),
      processes: parallel > 1 ? String(parallel) : '',
      engine: [engine || 'as in the case', version].join(' ').trim(),
    }),
  },
  noop: {
    noun: 'task',
    steps: ({ nodes }) => nodes.length,
    extension: () => 'bin',
    tasks: ({ nodes, tasks }) =>
      (nodes.length === 0 ? [{ id: 'noop', tasks }] : nodes).map((node) => ({
        node: node.id,
        indices: indicesBetween(0, node.tasks - 1),
      })),
    // Each of several steps has a duration of its own.
    summary: ({ nodes, durationMs }, { total }) =>
      `noop, ${plural(total, 'task')} ${nodes.length > 1 ? `in ${nodes.length} steps` : `of ${durationMs} ms`}`,
    facts: () => ({}),
  },
};

const UNKNOWN = {
  noun: 'task' as const,
  hasSeveralSteps: false,
  extension: 'bin',
  tasks: (): NodeTasks[] => [],
  summary: 'unknown to this version',
  facts: {},
};

/** How people see a workload, by its kind. */
export const viewOf = (workload: Workload) => {
  const { spec } = workload;
  if (spec === undefined) {
    return UNKNOWN;
  }
  const view = kinds[spec.$case] as KindView<Spec['value']>;
  return {
    noun: view.noun,
    hasSeveralSteps: view.steps(spec.value) > 1,
    extension: view.extension(spec.value),
    tasks: () => view.tasks(spec.value),
    summary: view.summary(spec.value, workload),
    facts: view.facts(spec.value),
  };
};
