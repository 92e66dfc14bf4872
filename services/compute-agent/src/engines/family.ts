import type { Clock } from '#libs/clock/index.ts';
import type { Scene } from '#libs/contracts/agent.ts';
import type { EngineFamily, OfferedEngine } from '#libs/engines/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { z } from 'zod';
import type { Sandbox } from '../sandbox/index.ts';
import type { Engine, Failed } from './engine.ts';

/** The machine and the agent that a family of engines is to work in. */
export interface Surroundings<Settings = unknown> {
  /** The values of the family's variables. */
  settings: Settings;
  /** How programs are kept from the machine. */
  sandbox: Sandbox;
  /** A folder for this agent alone. */
  folder: string;
  /** A folder for findings; agents may share it. */
  findingsDir: string;
  /** PATH. */
  searchPath: string;
  /** How many tasks run at a time on this machine, and what the machine has for all of them together. */
  slots: number;
  cpus: number;
  memoryBytes: number;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** What `detect` found: engines that work and the way to use them, or why there is none, for people. */
export type Detected<Job> =
  { kind: 'works'; offers: readonly OfferedEngine[]; engine: Engine<Job> } | { kind: 'missing'; why: string };

/** Work that the family can do. */
export interface Understood<Job> {
  kind: 'understood';
  /** The engine that the work asks for, or what stands for any of the family. */
  engine: string;
  /** The file that has to be fetched first. */
  scene: Scene | undefined;
  /** The job, given the path of that file; an empty path where there is no scene. */
  job(sceneFile: string): Job;
}

/** Engines that do the same kind of work. `Work` is how the mesh states it. */
export interface Family<Work, Job, Settings> {
  readonly name: EngineFamily;
  /** The engines, as agent_service.proto names them. */
  readonly engines: readonly string[];
  /** Whether `auto` stands for them too. If not, they are offered only where somebody names them. */
  readonly isAuto: boolean;
  /** Whether the family runs programs that have to be kept from the machine. */
  readonly isConfined: boolean;
  /** The environment variables that are the family's own. */
  readonly variables: Readonly<z.ZodRawShape>;
  /** Finds out which of the wanted engines work on this machine. Rejects with the signal's reason. */
  detect(
    wanted: 'auto' | readonly string[],
    around: Surroundings<Settings>,
    signal: AbortSignal,
  ): Promise<Detected<Job>>;
  /** Reads what the mesh says about the work. A failure says what about it this agent cannot do. */
  jobOf(workloadId: string, work: Work): Understood<Job> | Failed;
}
