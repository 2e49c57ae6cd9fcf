/** Holds a file to its published checksum, whoever delivered it. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { formatCount } from '../../cli/terminal/format.ts';
import { InstallFailure } from './install-failure.ts';
import type { Archive } from './releases.ts';

/** @throws InstallFailure DamagedArchive. */
export async function verifyArchive(
  path: string,
  { file, bytes, sha256 }: Archive,
  signal: AbortSignal,
): Promise<void> {
  const { size } = await stat(path);
  if (size !== bytes) {
    throw damaged(file, `it has ${formatCount(size)} bytes instead of ${formatCount(bytes)}`);
  }
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal });
  const actual = hash.digest('hex');
  if (actual !== sha256) throw damaged(file, `its SHA-256 is ${actual} instead of ${sha256}`);
}

function damaged(file: string, why: string): InstallFailure {
  return new InstallFailure(
    'DamagedArchive',
    `${file} is not the published file: ${why}; download it again, or correct the mirror that has it.`,
  );
}
