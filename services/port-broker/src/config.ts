import { z } from 'zod';
import { loadConfig, type Environment } from '#libs/config/index.ts';
import { serverConfig, serverVariables, type ServerConfig } from '#libs/service/index.ts';

/** What this service reads from the environment; `README.md` explains each. */
export const variables = z.object(serverVariables('127.0.0.1:7403'));

/** Reads the configuration; throws ConfigError that names everything wrong. */
export const readConfig = (env: Environment): ServerConfig => serverConfig(loadConfig(variables, env));
