import { Command } from 'commander';
import type { Client, ServiceDefinition } from '#libs/grpc/index.ts';
import type { Cli } from './cli.ts';
import type { MeshContext } from './context.ts';
import type { ClientOptions, Mesh, Persona } from './mesh.ts';
import { createOutput, type Output } from './output.ts';

/** The options that every command takes, before or after its name. */
export interface CommonOptions {
  context?: string;
  json?: boolean;
  as?: 'customer' | 'operator';
  tlsCert?: string;
  tlsKey?: string;
  tlsCa?: string;
}

/** One run of one command: its way to the reader and to the mesh. */
export interface Invocation {
  cli: Cli;
  output: Output;
  common: CommonOptions;
  /** The whole command line, without interpreter and script. */
  argv: readonly string[];
  /** The context that applies; read once. */
  context: () => Promise<MeshContext>;
  /** The mesh of the context; what is opened ends with the command. */
  mesh: () => Promise<Mesh>;
  /** {@link Mesh.client} of that mesh. */
  client: <S extends ServiceDefinition>(
    definition: S,
    persona: Persona,
    options?: ClientOptions,
  ) => Promise<Client<S>>;
}

/** What a command does: arguments in their order, its own options; answers the exit code, 0 when it answers none. */
type Action<Arguments extends readonly unknown[], Options> = (
  invocation: Invocation,
  args: Arguments,
  options: Options,
) => Promise<number | void>;

/** Turns actions into what commander calls, and keeps the exit code. */
export interface Actions {
  readonly exitCode: number;
  readonly does: <Arguments extends readonly unknown[], Options = unknown>(
    action: Action<Arguments, Options>,
  ) => (...values: unknown[]) => Promise<void>;
}

/** Gives a command, which has its name and its description, arguments, options and an action. */
export type Define = (command: Command, actions: Actions) => Command;

export const createActions = (cli: Cli, argv: readonly string[]): Actions => {
  let exitCode = 0;
  return {
    get exitCode() {
      return exitCode;
    },
    does:
      (action) =>
      async (...values) => {
        const command = values.at(-1);
        if (!(command instanceof Command)) {
          throw new TypeError('commander calls actions with the command last');
        }
        await using stack = new AsyncDisposableStack();
        const invocation = createInvocation(cli, command.optsWithGlobals(), argv, stack);
        // Commander has checked arguments and options against what the command declares.
        const args = command.processedArgs as unknown as Parameters<typeof action>[1];
        const options = command.opts() as Parameters<typeof action>[2];
        exitCode = (await action(invocation, args, options)) ?? 0;
      },
  };
};

const createInvocation = (
  cli: Cli,
  common: CommonOptions,
  argv: readonly string[],
  stack: AsyncDisposableStack,
): Invocation => {
  let context: Promise<MeshContext> | undefined;
  let mesh: Promise<Mesh> | undefined;
  const loadContext = async () =>
    (await import('./context.ts')).loadContext(common.context, cli.cwd, cli.env);
  const connect = async () => {
    const [{ openMesh }, found] = await Promise.all([import('./mesh.ts'), invocation.context()]);
    return stack.use(openMesh(cli, common, found));
  };
  const invocation: Invocation = {
    cli,
    output: createOutput(cli, common.json === true),
    common,
    argv,
    context: () => (context ??= loadContext()),
    mesh: () => (mesh ??= connect()),
    client: async (...of) => (await invocation.mesh()).client(...of),
  };
  return invocation;
};
