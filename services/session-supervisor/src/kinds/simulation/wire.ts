import { signGrant } from '#libs/auth/index.ts';
import {
  Approval,
  type SimulationCase as ProtoCase,
  type SimulationSpec as ProtoSimulationSpec,
  type SimulationStep as ProtoStep,
} from '#libs/contracts/common.ts';
import { durationToProto, isProjectPath, type Violations } from '#libs/mesh/index.ts';
import { taskIndex, type Gate } from '../../domain/graph/task-graph.ts';
import type { KindWire } from '../kind-wire.ts';
import { specFields } from '../spec-fields.ts';
import { prepareSimulation } from './prepare.ts';
import {
  STEPS,
  type SimulationCase,
  type SimulationSpec,
  type SimulationStep,
} from './simulation.ts';

type Check = Violations['require'];

const ENGINES = ['', 'OPENFOAM_COM', 'OPENFOAM_ORG'];
const MAX_RANKS = 1_024;
const MAX_CASES = 100_000;
const MAX_COMMANDS = 100;
const MAX_ARGUMENTS = 100;
const MAX_SETTINGS = 100;
const MAX_FILES = 1_000_000;
const DEFAULT_FILES = 100_000;
const DEFAULT_CHECKPOINT_MS = 5 * 60_000;
const DEFAULT_STEP_MS = 24 * 3_600_000;
const STEP_BOUNDS = { minMs: 1_000, maxMs: 30 * 86_400_000, rule: 'must be 1 s to 30 days' };
const CHECKPOINT_BOUNDS = { minMs: 10_000, maxMs: 86_400_000, rule: 'must be 10 s to 24 h' };
/** All settings together. They stand in the workload's document. */
const MAX_SETTINGS_BYTES = 4 * 1_024 ** 2;

const PROGRAM = /^[A-Za-z][A-Za-z0-9_+-]{0,63}$/;
const CASE_NAME = /^[A-Za-z0-9._=+-]{0,64}$/;
const ENTRY = /^[^\s;{}"]{1,256}$/;
const VERSION = /^[0-9A-Za-z.]{0,16}$/;

const GATES: Partial<Record<Approval, Gate>> = {
  [Approval.ASK]: 'ask',
  [Approval.IF_FAILED]: 'if-failed',
};

const parseSimulation = (spec: ProtoSimulationSpec, wrong: Violations): SimulationSpec => {
  const { check, span, budgets } = specFields('simulation', wrong);
  check(ENGINES.includes(spec.engine), 'engine', 'must be OPENFOAM_COM or OPENFOAM_ORG, or empty');
  check(VERSION.test(spec.version), 'version', 'must be as a machine names it, or empty');
  check(spec.solver === '' || PROGRAM.test(spec.solver), 'solver', 'must be the name of a program');
  check(spec.approval !== Approval.UNRECOGNIZED, 'approval', 'is unknown');
  check(spec.parallel <= MAX_RANKS, 'parallel', 'must be at most 1,024');
  check(spec.maxFiles <= MAX_FILES, 'max_files', 'must be at most 1,000,000');
  check(spec.cases.length <= MAX_CASES, 'cases', 'must be at most 100,000');
  const gate = GATES[spec.approval];
  return {
    kind: 'simulation',
    steps: parseSteps(check, spec.steps),
    solver: spec.solver,
    ...(gate && { gate }),
    parallel: Math.max(1, spec.parallel),
    cases: parseCases(check, spec.cases),
    engine: spec.engine,
    version: spec.version,
    checkpointEveryMs: span(
      'checkpoint_every',
      spec.checkpointEvery,
      DEFAULT_CHECKPOINT_MS,
      CHECKPOINT_BOUNDS,
    ),
    stepTimeoutMs: span('step_timeout', spec.stepTimeout, DEFAULT_STEP_MS, STEP_BOUNDS),
    allowCode: spec.allowCode,
    memoryBytes: spec.memoryBytes,
    diskBytes: spec.diskBytes,
    maxFiles: spec.maxFiles || DEFAULT_FILES,
    ...budgets(spec),
  };
};

const parseSteps = (check: Check, steps: readonly ProtoStep[]): SimulationStep[] => {
  check(steps.length <= STEPS.length, 'steps', `must be at most ${STEPS.length}`);
  return steps.slice(0, STEPS.length).map(({ step, commands }, i) => {
    const at = `steps[${i}]`;
    check(STEPS.includes(step), `${at}.step`, `must be one of ${STEPS.join(', ')}`);
    check(steps.findIndex((each) => each.step === step) === i, `${at}.step`, 'is there twice');
    const isCount = commands.length >= 1 && commands.length <= MAX_COMMANDS;
    check(isCount, `${at}.commands`, `must be 1 to ${MAX_COMMANDS}`);
    for (const [j, command] of commands.slice(0, MAX_COMMANDS).entries()) {
      const where = `${at}.commands[${j}]`;
      const isName = PROGRAM.test(command.program);
      check(isName, `${where}.program`, 'must be the name of a program, without a path');
      check(command.arguments.length <= MAX_ARGUMENTS, `${where}.arguments`, 'must be at most 100');
    }
    return { step, commands };
  });
};

const parseCases = (check: Check, cases: readonly ProtoCase[]): SimulationCase[] => {
  let bytes = 0;
  const names = new Set<string>();
  for (const [i, { name, settings }] of cases.slice(0, MAX_CASES).entries()) {
    const at = `cases[${i}]`;
    check(CASE_NAME.test(name), `${at}.name`, 'must be at most 64 of A-Z, a-z, 0-9, . _ = + -');
    check(name === '' || !names.has(name), `${at}.name`, 'is the name of an earlier case');
    names.add(name);
    check(settings.length <= MAX_SETTINGS, `${at}.settings`, 'must be at most 100');
    for (const [j, { file, entry, value }] of settings.slice(0, MAX_SETTINGS).entries()) {
      const where = `${at}.settings[${j}]`;
      check(isProjectPath(file), `${where}.file`, 'must be a relative path within the case');
      check(ENTRY.test(entry), `${where}.entry`, 'must be an entry as foamDictionary takes it');
      check(value !== '', `${where}.value`, 'must not be empty');
      bytes += file.length + entry.length + value.length;
    }
  }
  check(bytes <= MAX_SETTINGS_BYTES, 'cases', 'have settings of more than 4 MiB together');
  const plain = cases.map(({ name, settings }) => ({ name, settings }));
  return plain.length === 0 ? [{ name: '', settings: [] }] : plain;
};

const APPROVALS: Readonly<Record<Gate, Approval>> = {
  ask: Approval.ASK,
  'if-failed': Approval.IF_FAILED,
};

const toProto = (spec: SimulationSpec): ProtoSimulationSpec => {
  const { kind: _, gate, steps, cases, checkpointEveryMs, stepTimeoutMs, ...same } = spec;
  return {
    ...same,
    steps: steps.map(({ step, commands }) => ({
      step,
      commands: commands.map((each) => ({ program: each.program, arguments: [...each.arguments] })),
    })),
    cases: cases.map(({ name, settings }) => ({ name, settings: [...settings] })),
    approval: gate === undefined ? Approval.AUTO : APPROVALS[gate],
    checkpointEvery: durationToProto(checkpointEveryMs),
    stepTimeout: durationToProto(stepTimeoutMs),
  };
};

export const simulationWire: KindWire<ProtoSimulationSpec, SimulationSpec> = {
  hasInput: true,
  parse: parseSimulation,
  prepare: prepareSimulation,
  toProto: (spec) => ({ $case: 'simulation', value: toProto(spec) }),
  shortened: (spec) => ({ ...spec, cases: spec.cases.slice(0, 1), steps: [] }),
  workOf: ({ spec, file, graph }, meshSecret) => {
    if (file === undefined) {
      throw new Error('a simulation has a file');
    }
    const { blob, sha256, sizeBytes, fileName } = file;
    const common = toProto({ ...spec, cases: [] });
    return ({ machine, ordinals, learnt: { version } }) => {
      const grant = Buffer.from(signGrant(meshSecret, { blob, machine }));
      const caseIndices = [...new Set(ordinals.map((ordinal) => taskIndex(graph, ordinal)))];
      const cases = toProto({
        ...spec,
        cases: caseIndices.flatMap((i) => spec.cases[i] ?? []),
      }).cases;
      const value = {
        spec: { ...common, cases },
        caseIndices,
        folder: { blobName: blob, sha256, sizeBytes, grant, fileName },
        version: spec.version || version,
      };
      return { kind: { $case: 'simulation', value } };
    };
  },
};
