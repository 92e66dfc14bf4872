import { z } from 'zod';
import { isId } from '#libs/mesh/index.ts';

/** The commands of phoebe-server's worker. Source: https://github.com/aprsa/phoebe-server, phoebe_server/worker. */
const COMMANDS =
  `ping set_morphology get_parameter get_value set_value add_dataset remove_dataset run_compute run_solver
get_bundle load_bundle save_bundle get_datasets get_uniqueid is_parameter_constrained attach_parameters`.split(
    /\s/,
  );

/** Without this, phoebe would look for passbands on the network, but the sandbox has none. */
const ENV = { PHOEBE_ENABLE_ONLINE_PASSBANDS: 'FALSE' };

const MIN_MEMORY_BYTES = 64 * 1024 ** 2;

const described = z.strictObject({
  /** The program's absolute path and its arguments; `{port}` stands for the port on which it must listen. */
  argv: z.array(z.string().min(1)).min(1),
  env: z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.string()).default({}),
  /** Files and folders of the host that it may read, beside the system's and the program's own. */
  readOnly: z.array(z.string().startsWith('/')).default([]),
  /** The most address space of each of its processes, and the most memory of all; undefined: 8 GiB of memory. */
  memoryBytes: z.int().min(MIN_MEMORY_BYTES).optional(),
  /** The most CPU time that it may use; undefined: no bound. */
  cpuSeconds: z.int().min(1).optional(),
  /** The protocol: ZeroMQ, one JSON object each way. */
  wire: z.literal('zmq-json').default('zmq-json'),
  commands: z.array(z.string().min(1)).min(1).default(COMMANDS),
});

export type WorkerKind = z.infer<typeof described> & { name: string };

/**
 * Reads kinds of compute workers: lines `name=/path/program argument {port}`, or a JSON object that maps names to the
 * fields of WorkerKind. The value of a line may also be such fields as JSON. Throws SyntaxError that says what is
 * wrong.
 */
export const parseWorkerKinds = (text: string): WorkerKind[] => {
  const trimmed = text.trim();
  const entries = trimmed.startsWith('{')
    ? Object.entries(jsonOf(trimmed) as object)
    : trimmed.split('\n').flatMap(lineOf);
  const names = entries.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new SyntaxError(`${twice} is there twice`);
  }
  return entries.map(([name, value]) => kindOf(name, value));
};

const lineOf = (line: string): [string, unknown][] => {
  if (line.trim() === '') {
    return [];
  }
  const at = line.indexOf('=');
  if (at === -1) {
    throw new SyntaxError(
      `${JSON.stringify(line.slice(0, 80))} is not name=/path/program argument {port}`,
    );
  }
  const [name, value] = [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  return [[name, value.startsWith('{') ? jsonOf(value) : { argv: value.split(/\s+/) }]];
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new SyntaxError(`it is no JSON: ${(thrown as Error).message.slice(0, 100)}`, {
      cause: thrown,
    });
  }
};

const kindOf = (name: string, value: unknown): WorkerKind => {
  if (!isId(name)) {
    throw new SyntaxError(
      `a kind's name has 1 to 40 characters of a-z, 0-9 and -; ${JSON.stringify(name)} has not`,
    );
  }
  const { success, data, error } = described.safeParse(value);
  if (!success) {
    throw new SyntaxError(`${name}: ${z.prettifyError(error).replaceAll('\n', ' ')}`);
  }
  const [program = ''] = data.argv;
  if (!program.startsWith('/')) {
    throw new SyntaxError(`${name}: give the program's absolute path, not ${program}`);
  }
  if (!data.argv.some((argument) => argument.includes('{port}'))) {
    throw new SyntaxError(`${name}: its command line has to have {port} in it`);
  }
  return { name, ...data, env: { ...ENV, ...data.env } };
};
