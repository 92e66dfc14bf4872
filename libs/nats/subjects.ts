import { DomainError, status } from '#libs/errors/index.ts';

const SUBJECT = /^[\w-]+(?:\.[\w-]+)*$/;
const PATTERN = /^(?:[\w-]+|\*)(?:\.(?:[\w-]+|\*))*(?:\.>)?$/;
const FACT = /^muster\.[\w-]+\.v1\.[\w-]+\.[\w-]+\.[\w-]+$/;

const invalidSubject = (subject: string, form: string): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'INVALID_SUBJECT',
    `'${subject}' is not a subject; use ${form}`,
    { subject },
  );

/** Throws INVALID_ARGUMENT `INVALID_SUBJECT`. The server would read white space in a subject as the end of it. */
export const checkSubject = (subject: string): void => {
  if (!SUBJECT.test(subject)) {
    throw invalidSubject(subject, 'letters, digits, - and _, with dots between the parts');
  }
};

/** As {@link checkSubject} for patterns, in which `*` and a last `>` are allowed. */
export const checkPattern = (pattern: string): void => {
  if (!PATTERN.test(pattern)) {
    throw invalidSubject(
      pattern,
      'letters, digits, -, _ or a * for each part, and > only as the last',
    );
  }
};

/** As {@link checkSubject}, for facts. */
export const checkFactSubject = (subject: string): void => {
  if (!FACT.test(subject)) {
    throw invalidSubject(subject, 'muster.<area>.v1.<resource>.<id>.<past-tense>');
  }
};
