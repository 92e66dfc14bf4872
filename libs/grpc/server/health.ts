import { abortable } from '#libs/async/index.ts';
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthService,
} from '#libs/contracts/health.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import type { CallContext } from '../call-context.ts';
import { implement } from './binding.ts';

export type Health = Pick<ReturnType<typeof createHealth>, 'set'>;

/** grpc.health.v1 for `''` and the given services, which all serve from the start. */
export const createHealth = (services: readonly string[]) => {
  const serving = new Map<string, boolean>(['', ...services].map((name) => [name, true]));
  let isDown = false;
  let changed = Promise.withResolvers<void>();
  const tell = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const statusOf = (service: string): ServingStatus => {
    const isServing = serving.get(service);
    if (isServing === undefined) {
      return ServingStatus.SERVICE_UNKNOWN;
    }
    return isServing && !isDown ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  };

  const check = async ({ service }: HealthCheckRequest): Promise<HealthCheckResponse> => {
    if (!serving.has(service)) {
      throw new DomainError(
        status.NOT_FOUND,
        'SERVICE_UNKNOWN',
        `this server does not know the service ${service}`,
      );
    }
    return { status: statusOf(service) };
  };
  async function* watch(
    { service }: HealthCheckRequest,
    call: CallContext,
  ): AsyncGenerator<HealthCheckResponse, void> {
    let told: ServingStatus | undefined;
    for (;;) {
      const change = changed.promise;
      const present = statusOf(service);
      if (present !== told) {
        told = present;
        yield { status: present };
      }
      if (isDown) {
        return;
      }
      await abortable(change, call.signal);
    }
  }
  const list = async () => ({
    statuses: Object.fromEntries(
      [...serving.keys()].map((name) => [name, { status: statusOf(name) }]),
    ),
  });

  return {
    binding: implement(HealthService, { check, watch, list }),
    /** `''` means the whole server. A service that was never set is unknown. */
    set: (service: string, isServing: boolean): void => {
      serving.set(service, isServing);
      tell();
    },
    /** Reports NOT_SERVING for everything, for ever. */
    shutDown: (): void => {
      isDown = true;
      tell();
    },
  };
};
