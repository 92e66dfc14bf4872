import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { describe } from '../meta.ts';

const holds =
  (parse: (pem: Buffer) => unknown) =>
  (path: string): boolean => {
    try {
      parse(readFileSync(path));
      return true;
    } catch {
      return false;
    }
  };

/** The path of a PEM file that begins with a certificate. */
export const certificateFile = () =>
  describe(
    z.string().refine(
      holds((pem) => new X509Certificate(pem)),
      'must name a PEM file with a certificate',
    ),
    { example: '/etc/muster/tls.crt' },
  );

/** The path of a PEM file with a private key that needs no passphrase. */
export const privateKeyFile = () =>
  describe(z.string().refine(holds(createPrivateKey), 'must name a PEM file with a private key'), {
    example: '/etc/muster/tls.key',
  });
