/**
 * Fetches a file of a Maven repository by its address, which is all that the format of Maven asks:
 * no Maven and no Java are needed.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InstallFailure } from './install-failure.ts';
import type { Progress } from './progress.ts';
import type { Jar } from './releases.ts';
import { withoutLogin } from './source.ts';

/**
 * @param repository address of the repository; credentials may stand in it.
 * @returns path of the jar, not yet verified.
 * @throws InstallFailure DownloadFailed.
 */
export async function downloadJar(
  jar: Jar,
  folder: string,
  repository: string,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<string> {
  const url = `${repository.replace(/\/+$/, '')}/${jar.path}/${jar.file}`;
  const file = join(folder, jar.file);
  await mkdir(folder, { recursive: true });
  await progress.step(
    `download ${jar.file}`,
    async (report) => {
      const body = await openBody(url, signal);
      let done = 0;
      const count = async function* (parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
        for await (const part of parts) {
          report((done += part.length));
          yield part;
        }
      };
      try {
        await pipeline(body, count, createWriteStream(file), { signal });
      } catch (error) {
        // A disk that is full is not the network's fault.
        if (isFileError(error) || signal.aborted) throw error;
        throw failed(withoutLogin(url), reasonOf(error), error);
      }
    },
    jar.bytes,
  );
  return file;
}

async function openBody(url: string, signal: AbortSignal): Promise<Readable> {
  const { username, password } = new URL(url);
  // fetch refuses an address with a password in it; an error must not show it.
  const shown = withoutLogin(url);
  const headers = new Headers();
  if (username !== '') {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
  }
  let response: Response;
  try {
    response = await fetch(shown, { signal, headers });
  } catch (error) {
    if (signal.aborted) throw error;
    throw failed(shown, reasonOf(error), error);
  }
  if (!response.ok || response.body === null) {
    throw failed(shown, `the server says ${response.status} ${response.statusText}`.trim());
  }
  return Readable.fromWeb(response.body);
}

function failed(url: string, why: string, cause?: unknown): InstallFailure {
  return new InstallFailure(
    'DownloadFailed',
    `${url} cannot be downloaded (${why}); check the network and the address given with --mirror.`,
    { cause },
  );
}

/** fetch says "fetch failed", and why in its cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  const { code, message: inner } = (cause ?? {}) as { code?: string; message?: string };
  return code ?? inner ?? message;
}

function isFileError(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '');
}
