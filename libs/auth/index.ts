/** Who is calling, what they may call, and the small proofs that parts of the mesh give each other. */
export { accessTable, type AccessTable, type MethodAccess } from './access-table.ts';
export {
  attemptToken,
  ATTEMPT_TOKEN_BYTES,
  verifyAttemptToken,
  workloadKey,
  type AttemptFields,
} from './attempt-token.ts';
export { CUSTOMER_ID_RULE, isCustomerId, isRole, roles, type Caller, type Role } from './caller.ts';
export { signGrant, verifyGrant, type GrantFields } from './grant.ts';
export {
  createSigningKey,
  parseJwks,
  signToken,
  type MeshJwk,
  type MeshJwks,
  type TokenRequest,
} from './keys.ts';
export { signReceipt, verifyReceipt, type ReceiptFields } from './receipt.ts';
export { parseMeshSecret, type Secret } from './secret.ts';
export { createVerifier, type Verifier, type VerifierOptions } from './verifier.ts';
