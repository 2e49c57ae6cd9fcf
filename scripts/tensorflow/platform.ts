/**
 * Whether TensorFlow's library can run here at all, asked before anything is downloaded. Plain data
 * in, a sentence out: the facts are gathered by `thisPlatform`.
 */
import { InstallFailure } from './install-failure.ts';
import { releaseFor, tensorflowVersion, type Release, type Variant } from './releases.ts';

export interface Platform {
  /** As Node names it: linux, darwin, win32. */
  readonly system: string;
  /** As Node names it: x64, arm64. */
  readonly architecture: string;
  /** Absent with another C library, such as musl. */
  readonly glibc: string | undefined;
}

/** The wheels are `manylinux_2_27`: they are linked against this glibc, or a later one. */
const leastGlibc = [2, 27] as const;

const wasm = 'train with the backend wasm, which needs no native library';

/** @throws InstallFailure PlatformUnsupported. */
export function releaseOn(platform: Platform, variant: Variant): Release {
  const { system, architecture, glibc } = platform;
  if (system !== 'linux') {
    throw unsupported(`this system is ${system}, and only its library for Linux is known to work`);
  }
  if (glibc === undefined) {
    throw unsupported('this system has no glibc (Alpine and others use musl)', debian);
  }
  if (!isAtLeast(glibc, leastGlibc)) {
    throw unsupported(
      `this system has glibc ${glibc}, and it needs ${leastGlibc.join('.')}`,
      debian,
    );
  }
  const release = releaseFor(variant, architecture);
  if (release !== undefined) return release;
  if (variant === 'cuda' && releaseFor('cpu', architecture) !== undefined) {
    throw unsupported(
      `its CUDA library is published for x64, and this processor is ${architecture}`,
      'leave out --cuda',
    );
  }
  throw unsupported(`this processor is ${architecture}, and it is published for x64 and arm64`);
}

const debian = `use an image with a later glibc, such as Debian 12, or ${wasm}`;

function unsupported(why: string, wayOut = wasm): InstallFailure {
  return new InstallFailure(
    'PlatformUnsupported',
    `TensorFlow ${tensorflowVersion} cannot be installed here: ${why}; ${wayOut}.`,
  );
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** What the running Node says. */
export function thisPlatform(): Platform {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return {
    system: process.platform,
    architecture: process.arch,
    glibc: report.header?.glibcVersionRuntime,
  };
}
