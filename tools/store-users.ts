/**
 * Prints what gives each service a user of its own in a MongoDB or NATS from outside, with the rights that `muster up` gives to
 * them in its own: `node tools/store-users.ts mongodb [DATABASE] | mongosh URL`, `node tools/store-users.ts nats`.
 */
import { busRights, busServices } from '../libs/mesh/index.ts';
import { mongoServices, mongoUser } from '../libs/mongo/rights.ts';

const json = (value: unknown): string => JSON.stringify(value, null, 2);

const variableOf = (service: string): string =>
  `MUSTER_PASSWORD_${service.toUpperCase().replaceAll('-', '_')}`;

/** For mongosh, which reads the passwords from its environment. Repeated, it gives the rights and passwords of today. */
const mongodb = (database: string): string => {
  const lines = mongoServices.map((service) => {
    const { name, privileges } = mongoUser(service, database);
    return `keep(${json(name)}, process.env.${variableOf(service)}, ${json(privileges)});`;
  });
  return `const mesh = db.getSiblingDB(${json(database)});
const keep = (name, pwd, privileges) => {
  const role = { privileges, roles: [] };
  const user = { pwd, roles: [name] };
  mesh.getRole(name) ? mesh.updateRole(name, role) : mesh.createRole({ role: name, ...role });
  mesh.getUser(name) ? mesh.updateUser(name, user) : mesh.createUser({ user: name, ...user });
};
${lines.join('\n')}
`;
};

/** For the configuration of nats-server, which reads the passwords from its environment, and digits alone as a number. */
const nats = (): string => {
  const users = busServices.map(
    (service) =>
      `  { user: ${service}, password: $${variableOf(service)}, permissions: ${json(busRights(service))} }`,
  );
  return `authorization { users: [\n${users.join('\n')}\n] }\n`;
};

const [store, database = 'muster'] = process.argv.slice(2);
if (store === 'mongodb') {
  process.stdout.write(mongodb(database));
} else if (store === 'nats') {
  process.stdout.write(nats());
} else {
  console.error('node tools/store-users.ts mongodb [DATABASE], or node tools/store-users.ts nats');
  process.exitCode = 2;
}
