// Completes package-lock.json. `npm ci` refuses a lock that lacks an optional package, even one for another operating
// system, but npm leaves such packages out if its registry does not carry them. Run this after `npm install` has changed
// the lock. It needs only Node.
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));

const OS = [
  'darwin',
  'win32',
  'linux',
  'freebsd',
  'openbsd',
  'netbsd',
  'android',
  'openharmony',
  'aix',
  'sunos',
];
const CPU = {
  aarch64: 'arm64',
  armv7: 'arm',
  arm: 'arm',
  ia32: 'ia32',
  x64: 'x64',
  arm64: 'arm64',
};

const isInstalledFor = (from, name) => {
  for (
    let at = from;
    ;
    at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/'))).replace(/\/$/, '')
  ) {
    if (lock.packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`] !== undefined) {
      return true;
    }
    if (at === '') {
      return false;
    }
  }
};

/** Platform limits read from a name such as `@oxlint/binding-linux-x64-musl`; undefined if it names none. */
const platformOf = (name) => {
  const parts = name.split(/[/-]/);
  const os = parts.find((part) => OS.includes(part));
  if (os === undefined) {
    return undefined;
  }
  const cpu = parts[parts.indexOf(os) + 1];
  const libc = os === 'linux' && parts.at(-1)?.startsWith('musl') ? { libc: ['musl'] } : {};
  return { os: [os], cpu: [CPU[cpu] ?? cpu], ...libc };
};

const added = [];
for (const [key, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isInstalledFor(key, name)) {
      continue;
    }
    const platform = platformOf(name);
    if (platform === undefined || !/^\d+\.\d+\.\d+/.test(version)) {
      throw new Error(`cannot place ${name}@${version}`);
    }
    const dev = entry.dev === true ? { dev: true } : {};
    const { libc, os, cpu } = platform;
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu,
      ...dev,
      ...(libc && { libc }),
      optional: true,
      os,
    };
    added.push(`${name}@${version}`);
  }
}
if (added.length > 0) {
  const sorted = Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries(sorted);
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(
  added.length === 0
    ? 'package-lock.json is complete'
    : `added ${added.length}: ${added.join(', ')}`,
);
