import type { Scene } from '#libs/contracts/agent.ts';
import type { Input } from '../engines/family.ts';
import { getProject, type ProjectOptions } from './project.ts';
import { getScene } from './scene.ts';

/** A job's input, which stays on this machine until it is released. */
export interface Provided {
  input: Input;
  release(this: void): Promise<void>;
}

/** Gets the file or the project from which a job works. Rejects with a DomainError, or with the signal's reason. */
export const getInput = async (
  { kind, scene }: { kind: 'file' | 'project'; scene: Scene },
  options: ProjectOptions,
  signal: AbortSignal,
): Promise<Provided> => {
  if (kind === 'project') {
    return getProject(scene, options, signal);
  }
  const borrowed = await getScene(scene, options, signal);
  return { input: { file: borrowed.file }, release: async () => borrowed.release() };
};
