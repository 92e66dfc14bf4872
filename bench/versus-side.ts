/**
 * One side of bench/versus.ts: a mesh out of the checkout in which this process runs, with its own agents. It works when its parent says
 * so, and answers how long it took and how much processor time all of its processes used.
 */
import { readdir, readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { noopSpec, renderSpec } from '#libs/testing/index.ts';
import type { Clients } from '../test/harness/clients.ts';

/** What a side does: an animation of short frames, by two machines of one owner or of two; or many tasks of no time. */
type Work = 'frames' | 'frames-of-two' | 'noop';

/** A round's figures. `parts` are the processor seconds of `cpu` by program. */
export interface Figures {
  seconds: number;
  cpu: number;
  parts: Record<string, number>;
}

const TASKS = 20_000;
const STREAMS = 8;
/** Of the processor times in /proc, per second. */
const TICKS = 100;
/** How often processes are looked at while a round runs; what a program uses after its last look is lost. */
const LOOK_MS = 200;

const imported = async <T>(file: string): Promise<T> =>
  (await import(pathToFileURL(`${process.cwd()}/${file}`).href)) as T;

/** What a process is, by its command line. */
const nameOf = (command: string): string =>
  /services\/([\w-]+)\/src/.exec(command)?.[1] ??
  /libs\/(pictures)\//.exec(command)?.[1] ??
  /^(?:[^\0]*\/)?([\w.-]+)\0/.exec(command)?.[1] ??
  'other';

interface Seen {
  seconds: number;
  name: string;
}

/** Every process that descended from this one, as it was seen last. Its time is its own, because those that are killed leave theirs to nobody. */
const seen = new Map<string, Seen>();

const look = async (): Promise<void> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS;
        return { pid, parent: fields[1] ?? '', seconds, id: `${pid} ${fields[19]}` };
      } catch {
        return undefined;
      }
    }),
  );
  const parents = new Map(found.flatMap((each) => (each ? [[each.pid, each.parent]] : [])));
  const own = String(process.pid);
  const isOurs = (pid: string): boolean => {
    const parent = parents.get(pid);
    return pid === own || (parent !== undefined && isOurs(parent));
  };
  for (const each of found) {
    if (each === undefined || each.pid === own || !isOurs(each.pid)) {
      continue;
    }
    const { pid, id, seconds } = each;
    // A process becomes another one when it executes a program.
    const command = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
    const name = nameOf(command);
    seen.set(id, { seconds, name: command === '' ? (seen.get(id)?.name ?? name) : name });
  }
};

/** Processor seconds of all processes of this mesh, by program; without this one, which does the looking. */
const usedByParts = async (): Promise<Map<string, number>> => {
  await look();
  const parts = new Map<string, number>();
  for (const { name, seconds } of seen.values()) {
    parts.set(name, (parts.get(name) ?? 0) + seconds);
  }
  return parts;
};

const { startMesh } =
  await imported<typeof import('../test/harness/mesh.ts')>('test/harness/mesh.ts');
const { download, uploadObject } =
  await imported<typeof import('../test/harness/uploads.ts')>('test/harness/uploads.ts');
const { usersUntil } =
  await imported<typeof import('../test/harness/users.ts')>('test/harness/users.ts');
const { ended, resultsOf, start } =
  await imported<typeof import('../test/harness/work.ts')>('test/harness/work.ts');

const render = async (customer: Clients, scene: string): Promise<void> => {
  const objectId = await uploadObject(customer, 'bench.blend', await readFile(scene));
  const id = await start(customer, { render: renderSpec({}) }, { objectId });
  const { state } = await ended(customer, id);
  if (state !== 'WORKLOAD_STATE_COMPLETED') {
    throw new Error(`the workload ended as ${state}`);
  }
  for (const result of await resultsOf(customer, id)) {
    await download(customer, result);
  }
};

const doNothing = async (customer: Clients): Promise<void> => {
  const id = await start(customer, { noop: noopSpec({ tasks: TASKS }) });
  const { completed } = await ended(customer, id);
  if (completed !== TASKS) {
    throw new Error(`only ${completed} of ${TASKS} tasks are done`);
  }
};

const work = process.argv[2] as Work;
await using mesh = await startMesh();
if (work === 'noop') {
  await mesh.agent('bench', { streams: STREAMS });
} else {
  await Promise.all(
    ['alpha', 'beta'].map((name) =>
      mesh.agent(name, {
        engines: 'CYCLES',
        ...(work === 'frames-of-two' && { owner: name }),
      }),
    ),
  );
}
const wanted = work === 'noop' ? STREAMS : 2;
await usersUntil(mesh.operator, (users) => users.length === wanted);
const customer = await mesh.customer('bench');

const round = async (scene: string): Promise<Figures> => {
  const looking = setInterval(() => void look(), LOOK_MS);
  const before = await usedByParts();
  const began = performance.now();
  await (work === 'noop' ? doNothing(customer) : render(customer, scene));
  const seconds = (performance.now() - began) / 1_000;
  clearInterval(looking);
  const after = await usedByParts();
  const parts = Object.fromEntries(
    [...after].map(([name, used]) => [name, used - (before.get(name) ?? 0)]),
  );
  return { seconds, cpu: Object.values(parts).reduce((sum, each) => sum + each, 0), parts };
};

const isOver = Promise.withResolvers<void>();
process.on('message', (scene: string) => {
  round(scene).then(
    (figures) => process.send?.(figures),
    (error: unknown) => isOver.reject(error as Error),
  );
});
process.on('disconnect', () => isOver.resolve());
process.send?.('ready');
await isOver.promise;
