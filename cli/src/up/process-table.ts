import { writePrivateJson } from './files.ts';

/** `processes.json`: name → pid of everything that runs, replaced as a whole at each change. */
export interface ProcessTable {
  set(name: string, pid: number): Promise<void>;
  /** Only if the name still has this pid. */
  remove(name: string, pid: number): Promise<void>;
}

export const createProcessTable = async (file: string): Promise<ProcessTable> => {
  const pids = new Map<string, number>();
  let last = Promise.resolve();
  // One write after the other, because the last one must win.
  const write = (): Promise<void> => {
    last = last.catch(() => {}).then(() => writePrivateJson(file, Object.fromEntries(pids)));
    return last;
  };
  await write();
  return {
    set(name, pid) {
      pids.set(name, pid);
      return write();
    },
    remove(name, pid) {
      if (pids.get(name) === pid) {
        pids.delete(name);
      }
      return write();
    },
  };
};
