/**
 * Reads zip files (wheels and jars are such) without loading them: the table at the end, and single
 * entries as streams, checked against their CRC. Knows nothing of TensorFlow.
 *
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.7 to 4.3.16
 */
import { createWriteStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';

export interface ZipEntry {
  readonly path: string;
  readonly size: number;
  readonly compressedSize: number;
  readonly crc: number;
  readonly method: number;
  /** Somebody may run it: the archives' other permissions belong to who packed them. */
  readonly isProgram: boolean;
  readonly offset: number;
}

/** The file is no zip, or not a whole one. The message is half a sentence. */
export class ZipError extends Error {
  override readonly name = 'ZipError';
}

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const entryBytes = 46;
const localBytes = 30;
/** An archive's comment, which comes last, has at most this many bytes. */
const maxCommentBytes = 0xffff;
/** Stands for "see the zip64 record"; a wheel or jar of less than 4 GiB has none. */
const inZip64 = 0xffffffff;
const stored = 0;
const deflated = 8;

/** @throws ZipError */
export async function zipEntries(file: string): Promise<readonly ZipEntry[]> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  const tail = await read(handle, Math.max(0, size - endBytes - maxCommentBytes), size);
  const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || tail.readUInt32LE(end) !== endSignature || end + endBytes > tail.length) {
    throw new ZipError('it has no table of contents');
  }
  const count = tail.readUInt16LE(end + 10);
  const tableBytes = tail.readUInt32LE(end + 12);
  const tableOffset = tail.readUInt32LE(end + 16);
  if (tableOffset === inZip64) throw new ZipError('it is larger than 4 GiB');
  const table = await read(handle, tableOffset, tableOffset + tableBytes);
  const entries: ZipEntry[] = [];
  for (let at = 0; entries.length < count;) {
    const { entry, next } = readEntry(table, at);
    entries.push(entry);
    at = next;
  }
  return entries;
}

function readEntry(table: Buffer, at: number): { entry: ZipEntry; next: number } {
  if (at + entryBytes > table.length || table.readUInt32LE(at) !== entrySignature) {
    throw new ZipError('its table of contents is damaged');
  }
  const nameEnd = at + entryBytes + table.readUInt16LE(at + 28);
  const entry = {
    method: table.readUInt16LE(at + 10),
    crc: table.readUInt32LE(at + 16),
    compressedSize: table.readUInt32LE(at + 20),
    size: table.readUInt32LE(at + 24),
    isProgram: (table.readUInt16LE(at + 40) & 0o111) !== 0,
    offset: table.readUInt32LE(at + 42),
    path: table.toString('utf8', at + entryBytes, nameEnd),
  };
  return { entry, next: nameEnd + table.readUInt16LE(at + 30) + table.readUInt16LE(at + 32) };
}

/**
 * Writes one entry to `target`, whose folder exists.
 * @param onBytes is told the size of each piece.
 * @throws ZipError where the entry is damaged.
 */
export async function extractEntry(
  file: string,
  entry: ZipEntry,
  target: string,
  {
    onBytes,
    signal,
  }: { readonly onBytes?: (bytes: number) => void; readonly signal?: AbortSignal },
): Promise<void> {
  if (entry.method !== stored && entry.method !== deflated) {
    throw new ZipError(`${entry.path} is compressed by method ${entry.method}`);
  }
  await using handle = await open(file);
  const local = await read(handle, entry.offset, entry.offset + localBytes);
  if (local.readUInt32LE(0) !== localSignature) throw new ZipError(`${entry.path} is not there`);
  const start = entry.offset + localBytes + local.readUInt16LE(26) + local.readUInt16LE(28);
  let crc = 0;
  let size = 0;
  const check = async function* (parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const part of parts) {
      crc = crc32(part, crc);
      size += part.length;
      onBytes?.(part.length);
      yield part;
    }
  };
  const inflate =
    entry.method === deflated ? createInflateRaw({ chunkSize: 1 << 18 }) : new PassThrough();
  const output = createWriteStream(target, { mode: entry.isProgram ? 0o755 : 0o644 });
  try {
    if (entry.compressedSize === 0) await pipeline(Readable.from([]), output);
    else {
      const input = handle.createReadStream({
        start,
        end: start + entry.compressedSize - 1,
        autoClose: false,
        highWaterMark: 1 << 18,
      });
      await pipeline(input, inflate, check, output, signal ? { signal } : {});
    }
  } catch (error) {
    throw isInflateError(error)
      ? new ZipError(`${entry.path} is damaged`, { cause: error })
      : error;
  }
  if (crc !== entry.crc || size !== entry.size) throw new ZipError(`${entry.path} is damaged`);
}

function isInflateError(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return code.startsWith('Z_');
}

async function read(handle: FileHandle, start: number, end: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.max(0, end - start));
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
  if (bytesRead < buffer.length) throw new ZipError('it is shorter than it says');
  return buffer;
}
