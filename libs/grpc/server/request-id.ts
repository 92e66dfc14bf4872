import { systemRandom } from '#libs/random/index.ts';
import { header } from './header.ts';
import type { Wrapper } from './incoming-call.ts';

/** The header and trailer that name a request in the logs of all processes that it reaches. */
export const REQUEST_ID = 'x-request-id';

// A caller's id is written into logs and into the headers of other calls.
const HARMLESS = /^[\w.:-]{1,64}$/;

/** Takes the caller's request id or makes one, and sends it back at the end of the call. */
export const requestId: Wrapper = (call, next) => {
  const given = header(call.metadata, REQUEST_ID);
  const id = given !== undefined && HARMLESS.test(given) ? given : systemRandom.id('r');
  call.trailers.set(REQUEST_ID, id);
  return next({ ...call, requestId: id });
};
