import { Command } from 'commander';
import { exitCodes } from './exit-codes.ts';
import type { Cli } from './cli.ts';
import type { CommonOptions } from './common-options.ts';
import { loadContext, type MeshContext } from './context.ts';
import { createMesh, type Mesh } from './mesh.ts';
import { createOutput, type Output } from './output.ts';

/** One run of one command: its way to the reader and to the mesh. */
export interface Invocation {
  cli: Cli;
  output: Output;
  common: CommonOptions;
  /** The context that applies; read once. */
  context(): Promise<MeshContext>;
  /** The mesh of the context; what is opened ends with the command. */
  mesh(): Promise<Mesh>;
}

/** What a command does: arguments in their order, its own options; answers the exit code, 0 when it answers none. */
export type Action<Arguments extends readonly unknown[], Options> = (
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

export const createActions = (cli: Cli): Actions => {
  let exitCode: number = exitCodes.done;
  return {
    get exitCode() {
      return exitCode;
    },
    does:
      (action) =>
      async (...values) => {
        const command = values.at(-1);
        if (!(command instanceof Command)) throw new TypeError('commander calls actions with the command last');
        const common = command.optsWithGlobals<CommonOptions>();
        await using stack = new AsyncDisposableStack();
        let context: Promise<MeshContext> | undefined;
        let mesh: Promise<Mesh> | undefined;
        const invocation: Invocation = {
          cli,
          output: createOutput(cli, common.json === true),
          common,
          context: () => (context ??= loadContext(common.context, cli.cwd, cli.env)),
          mesh: () => (mesh ??= invocation.context().then((found) => stack.use(createMesh(cli, common, found)))),
        };
        // Commander has checked arguments and options against what the command declares.
        const args = command.processedArgs as unknown as Parameters<typeof action>[1];
        const options = command.opts() as Parameters<typeof action>[2];
        exitCode = (await action(invocation, args, options)) ?? exitCodes.done;
      },
  };
};
