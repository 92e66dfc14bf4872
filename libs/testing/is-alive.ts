import { statOf } from '#libs/programs/index.ts';

/** Whether a process runs. One that has ended and waits to be reaped does not. */
export const isAlive = (pid: number): boolean => statOf(pid)?.isDead === false;
