import { z } from 'zod';
import { boolean, integer, oneOf, text } from '#libs/config/index.ts';
import { logLevels } from '#libs/telemetry/index.ts';

/** The variables that every process of the mesh takes beside its own. */
export const processSchema = z.object({
  MUSTER_LOG_LEVEL: oneOf(logLevels).prefault('info'),
  /** Lines for people instead of JSON. */
  MUSTER_LOG_PRETTY: boolean().prefault('0'),
  /** Drain when this process is gone: an agent ends with the `muster agent` that started it. */
  MUSTER_PARENT_PID: integer({ min: 1, max: 2 ** 31 - 1 }).optional(),
  /** Written once the service can be reached: `{"pid": 1, "address": "ipv4:127.0.0.1:7401"}`. */
  MUSTER_READY_FILE: text('/run/muster/ready.json').optional(),
});
