import { dirname, resolve } from 'node:path';
import type { ChannelOptions } from '@grpc/grpc-js';
import { SYSTEM_CA, type TlsFiles } from '#libs/config/tls-files.ts';
import { createClient } from '#libs/grpc/client/create-client.ts';
import type { DomainError } from '#libs/errors/index.ts';
import type { Client, ServiceDefinition } from '#libs/grpc/index.ts';
import type { Cli } from './cli.ts';
import { parts, type MeshContext, type Part } from './context.ts';
import { noContext } from './failures.ts';
import type { CommonOptions } from './invocation.ts';
import { inCommands } from './api-words.ts';
import { explained } from './unanswered.ts';

/** Whose token of the context a call carries; the other's where the context holds only that. */
export type Persona = 'customer' | 'operator';

export interface ClientOptions {
  /** Whose endpoint; default: the part that the service's package names. */
  part?: Part | undefined;
  channelOptions?: ChannelOptions;
  /** The reader calls rpcs, so errors name rpcs and fields as services do. */
  speaksRpcs?: boolean;
}

/** Clients of the mesh, each made at its first use and closed with the mesh. */
export interface Mesh extends Disposable {
  /** The client of a service; the same one each time. */
  client<S extends ServiceDefinition>(
    definition: S,
    persona: Persona,
    options?: ClientOptions,
  ): Client<S>;
}

export const openMesh = (cli: Cli, common: CommonOptions, context: MeshContext): Mesh => {
  const opened = new Map<ServiceDefinition, Disposable>();
  const tls = tlsFor(cli, common, context);
  return {
    client<S extends ServiceDefinition>(
      definition: S,
      persona: Persona,
      { part = partOf(definition), channelOptions = {}, speaksRpcs = false }: ClientOptions = {},
    ): Client<S> {
      const before = opened.get(definition);
      // Only this function writes to the map, each client under its own definition.
      if (before !== undefined) {
        return before as Client<S>;
      }
      const target = context.endpoints[part];
      if (target === undefined) {
        throw noContext(`${context.file} names no endpoint '${part}'`);
      }
      const token = tokenFor(cli, context, common.as ?? persona);
      const explain = (error: DomainError): DomainError => {
        const told = explained(error, target);
        return speaksRpcs ? told : inCommands(told);
      };
      const client = createClient(definition, {
        target,
        channelOptions,
        token,
        tls,
        insecure: cli.env.insecure,
        explain,
      });
      opened.set(definition, client);
      return client;
    },
    [Symbol.dispose]: () => {
      for (const client of opened.values()) {
        client[Symbol.dispose]();
      }
    },
  };
};

/** Agents talk to user-manager. Health and reflection, which every service has, are asked of the session supervisor. */
const partOf = (definition: ServiceDefinition): Part => {
  const [, area] = /^\/muster\.(\w+)\./.exec(Object.values(definition)[0]?.path ?? '') ?? [];
  return area === 'agent' ? 'user' : (parts.find((part) => part === area) ?? 'session');
};

const tokenFor = (cli: Cli, context: MeshContext, persona: Persona): string => {
  const { customer, operator } = context.tokens;
  const token =
    cli.env.token || (persona === 'customer' ? (customer ?? operator) : (operator ?? customer));
  if (token === undefined) {
    throw noContext(`${context.file} holds no token; set MUSTER_TOKEN`);
  }
  return token;
};

/** Paths in the context count from its own directory, those of options from where the user is. */
export const tlsFor = (
  cli: Cli,
  common: CommonOptions,
  context: MeshContext,
): TlsFiles | undefined => {
  const fromUser = common.tlsCa ?? cli.env.tlsCa;
  if (fromUser !== undefined && fromUser !== '') {
    return { ca: caFrom(cli.cwd, fromUser) };
  }
  return context.ca ? { ca: caFrom(dirname(context.file), context.ca) } : undefined;
};

const caFrom = (folder: string, ca: string): string =>
  ca === SYSTEM_CA ? ca : resolve(folder, ca);
