import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { experimental } from '@grpc/grpc-js';
import type { Clock } from '#libs/clock/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';

type Provider = experimental.CertificateProvider;
type Listener = Parameters<Provider['addIdentityCertificateListener']>[0];
type Pair = NonNullable<Parameters<Listener>[0]>;

/** How often the files are read: a certificate that was renewed serves new connections soon after. */
const REREAD_MS = 10_000;

/** Reads a certificate and its key. Throws if a file cannot be read, or they do not belong together. */
const readPair = async (files: CertificateFiles): Promise<Pair> => {
  const [certificate, privateKey] = await Promise.all([readFile(files.cert), readFile(files.key)]);
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey))) {
    throw new Error(`${files.key} is not the key of ${files.cert}`);
  }
  return { certificate, privateKey };
};

interface CertificateFiles {
  cert: string;
  key: string;
}

/**
 * A server's certificate, which is read again when its files change. Files that cannot be used, as in the middle of a
 * replacement, change nothing and are logged once: unlike grpc-js's own watcher, which then serves nobody.
 */
export const watchCertificate = async (
  files: CertificateFiles,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<Provider> => {
  let pair = await readPair(files);
  let problem: string | undefined;
  const listeners = new Set<Listener>();
  const reread = async (): Promise<void> => {
    try {
      const next = await readPair(files);
      problem = undefined;
      if (next.certificate.equals(pair.certificate) && next.privateKey.equals(pair.privateKey)) {
        return;
      }
      pair = next;
      listeners.forEach((listener) => listener(pair));
      logger.info({ file: files.cert }, 'serves a new certificate');
    } catch (err) {
      if (problem !== String(err)) {
        problem = String(err);
        logger.warn({ err, file: files.cert }, 'keeps the old certificate');
      }
    }
  };
  let timer: { cancel: () => void } | undefined;
  const watch = (): void => {
    timer = clock.setTimer(REREAD_MS, () => {
      void reread().finally(() => timer && watch());
    });
  };
  return {
    addIdentityCertificateListener: (listener) => {
      listeners.add(listener);
      // Only after this call does grpc-js pass on what a listener hears.
      process.nextTick(listener, pair);
      if (timer === undefined) {
        watch();
      }
    },
    removeIdentityCertificateListener: (listener) => {
      listeners.delete(listener);
      if (listeners.size === 0) {
        timer?.cancel();
        timer = undefined;
      }
    },
    // Callers prove who they are with a token, so no authority for their certificates is needed.
    addCaCertificateListener: () => {},
    removeCaCertificateListener: () => {},
  };
};
