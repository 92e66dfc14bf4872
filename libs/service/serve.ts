import { accessTable, createVerifier } from '#libs/auth/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { descriptorImage } from '#libs/contracts/image.ts';
import { startServer, type RunningServer, type ServerOptions } from '#libs/grpc/index.ts';
import type { ServerConfig } from './variables.ts';

interface ServeOptions extends Pick<
  ServerOptions,
  | 'services'
  | 'logger'
  | 'stands'
  | 'maxStreamsPerConnection'
  | 'maxReceiveBytes'
  | 'unaryDeadlineMs'
> {
  config: ServerConfig;
  clock: Clock;
  /** Closes the server at the end. */
  stack: AsyncDisposableStack;
}

/** Serves rpcs of the mesh: its tokens, its access table, its reflection. */
export const serve = async ({
  config,
  stack,
  clock,
  ...options
}: ServeOptions): Promise<RunningServer> => {
  const { tokens, ...listening } = config;
  const image = descriptorImage();
  const server = await startServer({
    ...listening,
    ...options,
    clock,
    verify: createVerifier({ ...tokens, clock }),
    access: accessTable(image),
    image,
  });
  return stack.use(server);
};
