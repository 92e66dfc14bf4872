import type { SimulationStep } from '#libs/contracts/common.ts';
import { usage } from '../failures.ts';

/** Reads `mesh=blockMesh,topoSet -constant`. Throws INVALID_ARGUMENT `USAGE`. */
export const parseSteps = (text: string): SimulationStep => {
  const equals = text.indexOf('=');
  const commands = text
    .slice(equals + 1)
    .split(',')
    .map((command) => command.trim().split(/\s+/));
  if (equals < 1 || commands.some(([program]) => program === '')) {
    throw usage(`'${text}' is no step; write STEP=PROGRAM,PROGRAM, such as mesh=blockMesh,topoSet`);
  }
  return {
    step: text.slice(0, equals).trim(),
    commands: commands.map(([program = '', ...rest]) => ({ program, arguments: rest })),
  };
};
