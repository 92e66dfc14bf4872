import { dirname, resolve } from 'node:path';
import type { ChannelOptions } from '@grpc/grpc-js';
import type { TlsFiles } from '#libs/config/index.ts';
import { createClient, type Client, type ServiceDefinition } from '#libs/grpc/index.ts';
import { BlobServiceService, ObjectServiceService } from '#libs/contracts/blob.ts';
import { PortServiceService } from '#libs/contracts/port.ts';
import { CustomerServiceService, WorkloadServiceService } from '#libs/contracts/session.ts';
import { MachineServiceService, UserServiceService } from '#libs/contracts/user.ts';
import type { Cli } from './cli.ts';
import type { MeshContext, Part } from './context.ts';
import { noContext } from './failures.ts';
import type { CommonOptions } from './common-options.ts';

/** As whom a call is made: with the customer's token where there is one, or with the operator's. */
export type Persona = 'customer' | 'operator';

/** Clients of the mesh, each made at its first use and closed with the mesh. */
export interface Mesh extends Disposable {
  workloads(): Client<typeof WorkloadServiceService>;
  customers(): Client<typeof CustomerServiceService>;
  blobs(): Client<typeof BlobServiceService>;
  objects(): Client<typeof ObjectServiceService>;
  users(): Client<typeof UserServiceService>;
  machines(): Client<typeof MachineServiceService>;
  ports(): Client<typeof PortServiceService>;
  /** A client of anything, for calls by name. */
  client<S extends ServiceDefinition>(
    definition: S,
    part: Part,
    persona: Persona,
    channelOptions?: ChannelOptions,
  ): Client<S>;
}

export const createMesh = (cli: Cli, common: CommonOptions, context: MeshContext): Mesh => {
  const opened: { close(): void }[] = [];
  const tls = tlsFor(cli, common, context);

  const open = <S extends ServiceDefinition>(
    definition: S,
    part: Part,
    persona: Persona,
    channelOptions: ChannelOptions = {},
  ): Client<S> => {
    const target = context.endpoints[part];
    if (target === undefined) throw noContext(`${context.file} names no endpoint '${part}'`);
    const client = createClient(definition, {
      target,
      channelOptions,
      token: tokenFor(cli, context, common.as ?? persona),
      ...(tls === undefined ? {} : { tls }),
    });
    opened.push(client);
    return client;
  };
  const once = <S extends ServiceDefinition>(definition: S, part: Part, persona: Persona): (() => Client<S>) => {
    let client: Client<S> | undefined;
    return () => (client ??= open(definition, part, persona));
  };

  return {
    workloads: once(WorkloadServiceService, 'session', 'customer'),
    customers: once(CustomerServiceService, 'session', 'operator'),
    blobs: once(BlobServiceService, 'blob', 'customer'),
    objects: once(ObjectServiceService, 'blob', 'customer'),
    users: once(UserServiceService, 'user', 'operator'),
    machines: once(MachineServiceService, 'user', 'operator'),
    ports: once(PortServiceService, 'port', 'operator'),
    client: open,
    [Symbol.dispose]: () => {
      for (const client of opened) client.close();
    },
  };
};

const tokenFor = (cli: Cli, context: MeshContext, persona: Persona): string => {
  const { customer, operator } = context.tokens;
  const token = cli.env.token || (persona === 'customer' ? (customer ?? operator) : (operator ?? customer));
  if (token === undefined) throw noContext(`${context.file} holds no token; set MUSTER_TOKEN`);
  return token;
};

/** Paths in the context count from its own directory, those of options from where the user is. */
export const tlsFor = (cli: Cli, common: CommonOptions, context: MeshContext): TlsFiles | undefined => {
  const fromUser = common.tlsCa ?? cli.env.tlsCa;
  if (fromUser !== undefined && fromUser !== '') return { ca: resolve(cli.cwd, fromUser) };
  return context.ca ? { ca: resolve(dirname(context.file), context.ca) } : undefined;
};
