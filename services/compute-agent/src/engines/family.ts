import type { Clock } from '#libs/clock/index.ts';
import type { Capability, Scene } from '#libs/contracts/agent.ts';
import type { EngineFamily } from '#libs/engines/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { z } from 'zod';
import type { Layout } from '../project/layout.ts';
import type { Sandbox } from '#libs/sandbox/index.ts';
import type { Engine, Failed } from './engine.ts';

/** The machine and the agent in which a family of engines works. */
export interface Surroundings<Settings = unknown> {
  /** The values of the family's variables. */
  settings: Settings;
  /** How programs are kept from the machine. */
  sandbox: Sandbox;
  /** A folder for this agent only. */
  folder: string;
  /** A folder for findings about engines. Agents may share it. */
  findingsDir: string;
  /** PATH. */
  searchPath: string;
  /** How many tasks run at a time on this machine; `cpus` and `memoryBytes` are for all of them together. */
  slots: number;
  cpus: number;
  memoryBytes: number;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** What `detect` found: working engines and the way to use them, or why there are none, for people. */
export type Detected<Job> =
  | { kind: 'works'; offers: Capability['engines']; engine: Engine<Job> }
  | { kind: 'missing'; why: string };

/** A job's input on this machine. */
export interface Input {
  /** The file to open. */
  file: string;
  /** The files around it, if it is part of a project. */
  project?: Layout;
}

/** Work that the family can do. */
export interface Understood<Job> {
  kind: 'understood';
  /** The engine that the work asks for, or a name for any engine of the family. */
  engine: string;
  /** What to fetch before the job can begin: a file, or the manifest of a project. */
  input: { kind: 'file' | 'project'; scene: Scene } | undefined;
  /** Creates the job, given what was fetched; undefined if there is no input. */
  job(input: Input | undefined): Job;
}

/** Engines that do the same kind of work. `Work` is the mesh's description of it. */
export interface Family<Work, Job, Settings> {
  readonly name: EngineFamily;
  /** The engines, as agent_service.proto names them. */
  readonly engines: readonly string[];
  /** Whether `auto` includes these engines. If not, the agent offers them only if somebody names them. */
  readonly isAuto: boolean;
  /** Whether the family runs programs that need a sandbox. */
  readonly isConfined: boolean;
  /** The family's own environment variables. */
  readonly variables: Readonly<z.ZodRawShape>;
  /** Finds out which of the wanted engines work on this machine. Rejects with the signal's reason. */
  detect(
    wanted: 'auto' | readonly string[],
    around: Surroundings<Settings>,
    signal: AbortSignal,
  ): Promise<Detected<Job>>;
  /** Reads the mesh's description of the work. A failure says which part of it this agent cannot do. */
  jobOf(workloadId: string, work: Work): Understood<Job> | Failed;
}
