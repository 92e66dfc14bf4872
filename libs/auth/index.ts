/** Who is calling, what they may call, and the small proofs that parts of the mesh give each other. */
export { accessTable, type AccessTable, type MethodAccess } from './access-table.ts';
export { CUSTOMER_ID_RULE, isCustomerId, isRole, roles, type Caller, type Role } from './caller.ts';
export { createSigningKey, parseJwks, parseSigningKey, signToken, type MeshJwk } from './keys.ts';
export {
  attemptToken,
  type AttemptFields,
  ATTEMPT_TOKEN_BYTES,
  blobTag,
  parseMeshSecret,
  signGrant,
  signReceipt,
  verifyAttemptToken,
  verifyGrant,
  verifyReceipt,
  webhookKey,
  workloadKey,
  type Secret,
} from './proofs.ts';
export { createVerifier, type Verifier } from './verifier.ts';
