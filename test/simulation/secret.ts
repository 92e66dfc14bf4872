import { createSecretKey } from 'node:crypto';

/** Of all simulated meshes. */
export const MESH_SECRET = createSecretKey(Buffer.alloc(32, 0x5a));
