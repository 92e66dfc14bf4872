import { type Db, type MongoClient, MongoServerError } from 'mongodb';
import { mongoServices, mongoUser } from '#libs/mongo/rights.ts';
import { homeOf, type MongoPasswords } from './mongod.ts';

const USER_NOT_FOUND = 11;
const ROLE_NOT_FOUND = 31;

const MECHANISMS = ['SCRAM-SHA-256'];

/** Makes the services' users, or gives those that are there the passwords and rights of today. */
export const keepServiceUsers = async (
  client: MongoClient,
  database: string,
  passwords: MongoPasswords,
): Promise<void> => {
  const db = client.db(homeOf(database));
  await Promise.all(
    mongoServices.map(async (service) => {
      const { name, privileges } = mongoUser(service, database);
      await updateOrCreate(db, 'Role', name, { privileges, roles: [] }, ROLE_NOT_FOUND);
      const user = { pwd: passwords[service], roles: [name], mechanisms: MECHANISMS };
      await updateOrCreate(db, 'User', name, user, USER_NOT_FOUND);
    }),
  );
};

const updateOrCreate = async (
  db: Db,
  what: 'Role' | 'User',
  name: string,
  fields: Record<string, unknown>,
  missing: number,
): Promise<void> => {
  try {
    await db.command({ [`update${what}`]: name, ...fields });
  } catch (thrown) {
    if (!(thrown instanceof MongoServerError) || thrown.code !== missing) {
      throw thrown;
    }
    await db.command({ [`create${what}`]: name, ...fields });
  }
};
