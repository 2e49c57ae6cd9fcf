/**
 * Takes out of a wheel or jar what a worker needs at run time: TensorFlow's two libraries, those of
 * CUDA with its assembler, and the licences. Headers, Python and tests stay behind.
 */
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InstallFailure } from './install-failure.ts';
import { libraries } from './releases.ts';
import { extractEntry, zipEntries, ZipError, type ZipEntry } from './zip-archive.ts';

interface Placed {
  readonly entry: ZipEntry;
  readonly target: string;
}

/**
 * Where an entry belongs below the folder that the addon looks in, or undefined for what is not
 * taken. `nvidia/` lies beside `lib/`, as beside `tensorflow/` in Python: TensorFlow's library looks
 * for CUDA in `../nvidia`, seen from itself.
 */
export function placeOf(path: string): string | undefined {
  if (path.endsWith('/') || path.split('/').includes('..')) return undefined;
  const name = basename(path);
  if ((libraries as readonly string[]).includes(name)) return `lib/${name}`;
  // XLA compiles with ptxas and libdevice of this wheel.
  if (/^nvidia\/cuda_nvcc\/(bin|nvvm)\//.test(path)) return path;
  if (/^nvidia\/\w+\/lib\/[^/]+$/.test(path)) return name.endsWith('.py') ? undefined : path;
  const [, distribution] =
    /^(?:.*\/)?([^/]+)\.dist-info\/(?:.*\/)?[^/]*licen[cs]e[^/]*$/i.exec(path) ?? [];
  if (distribution !== undefined) return `licenses/${distribution}-${name}`;
  return name === 'THIRD_PARTY_NOTICES.txt' ? `licenses/tensorflow-${name}` : undefined;
}

/**
 * @param file wheel or jar.
 * @param folder gets `lib/`, `nvidia/` and `licenses/`.
 * @returns bytes written.
 * @throws InstallFailure DamagedArchive, also where the archive has nothing of all that.
 */
export async function unpackArchive(
  file: string,
  folder: string,
  { report, signal }: { readonly report: (bytes: number) => void; readonly signal: AbortSignal },
): Promise<number> {
  let bytes = 0;
  try {
    const placed = (await zipEntries(file)).flatMap((entry): Placed[] => {
      const place = placeOf(entry.path);
      return place === undefined ? [] : [{ entry, target: join(folder, place) }];
    });
    if (placed.length === 0) throw new ZipError('it holds no library of TensorFlow or CUDA');
    for (const { entry, target } of placed) {
      await mkdir(dirname(target), { recursive: true });
      await extractEntry(file, entry, target, {
        signal,
        onBytes: (part) => report((bytes += part)),
      });
    }
    return bytes;
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    const sentence = `${file} cannot be unpacked: ${error.message}; download it again.`;
    throw new InstallFailure('DamagedArchive', sentence, { cause: error });
  }
}
