import { rename, writeFile } from 'node:fs/promises';

/** Says where the service is; whoever watches for the file never sees half of it. */
export const writeReadyFile = async (path: string, address: string): Promise<void> => {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify({ pid: process.pid, address })}\n`);
  await rename(draft, path);
};
