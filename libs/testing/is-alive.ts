import { statOf } from '#libs/programs/index.ts';

/** Whether a process runs; one that has ended and only waits to be reaped does not. */
export const isAlive = (pid: number): boolean => statOf(pid)?.isDead === false;
