import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { MongoClient } from 'mongodb';
import { findProgram } from '#libs/programs/index.ts';
import { startMongod, tempDir } from '#libs/testing/index.ts';

const run = promisify(execFile);
const tool = new URL('store-users.ts', import.meta.url).pathname;
const printed = async (...args: string[]): Promise<string> =>
  (await run(process.execPath, [tool, ...args])).stdout;

const UNAUTHORIZED = 13;

const thrownBy = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

const names = ['SESSION_SUPERVISOR', 'USER_MANAGER', 'BLOB', 'PORT_BROKER'];
const passwords = Object.fromEntries(
  names.map((name) => [`MUSTER_PASSWORD_${name}`, `of-${name.toLowerCase()}`]),
);

/** The commands that mongosh sends for a script, on a server that has none of its roles and users. */
const commandsOf = (script: string): { database: string; commands: object[] } => {
  const commands: object[] = [];
  let database = '';
  const mesh = {
    getRole: () => null,
    getUser: () => null,
    createRole: ({ role, ...rest }: { role: string }) =>
      commands.push({ createRole: role, ...rest }),
    createUser: ({ user, ...rest }: { user: string }) =>
      commands.push({ createUser: user, ...rest }),
  };
  const db = { getSiblingDB: (name: string) => ((database = name), mesh) };
  runInNewContext(script, { db, process: { env: passwords } });
  return { database, commands };
};

describe('store-users', () => {
  it('prints a script that gives each service a user in MongoDB with its rights', async () => {
    await using mongod = await startMongod();
    await using root = new MongoClient(mongod.url);
    const { database, commands } = commandsOf(await printed('mongodb', 'farm'));
    for (const command of commands) {
      await root.db(database).command(command);
    }
    const url = `mongodb://blob:of-blob@127.0.0.1:${mongod.port}/?directConnection=true&authSource=farm`;
    await using blob = new MongoClient(url);
    await blob.db('farm').collection('objects').insertOne({});
    expect(await thrownBy(blob.db('farm').collection('journal').findOne({}))).to.include({
      code: UNAUTHORIZED,
    });
  });

  it('prints a configuration that nats-server takes', async () => {
    await using dir = await tempDir();
    const file = join(dir.path, 'nats.conf');
    await writeFile(file, await printed('nats'));
    const natsServer = await findProgram('nats-server', process.env['PATH']);
    const env = { ...process.env, ...passwords };
    const { stderr } = await run(natsServer, ['-t', '-c', file], { env });
    expect(stderr).to.include('is valid');
  });

  it('says how it is used', async () => {
    expect(await thrownBy(printed('mysql'))).to.include({
      code: 2,
      stderr: 'node tools/store-users.ts mongodb [DATABASE], or node tools/store-users.ts nats\n',
    });
  });
});
