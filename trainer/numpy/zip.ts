/**
 * Reads one entry of a zip archive (PKWARE APPNOTE 6.3: stored and deflated, zip64), as numpy's npz
 * are. Sizes are bounded by the archive before anything is allocated, and each entry's CRC-32 is
 * checked: npz has no other guard against a flipped bit. Never writes archives.
 */
import { crc32, inflateRawSync } from 'node:zlib';
import { Failure } from '@tfjs-operator/api/failure.ts';

const END_OF_DIRECTORY = 0x06054b50;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_END = 0x06064b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;

/** The end record is 22 bytes and a comment of at most 65,535. */
const END_BYTES = 22;
const COMMENT_BYTES = 65535;

/** In a 32-bit field: the true value stands in the zip64 extra field. */
const IN_ZIP64 = 0xffffffff;

/** deflate cannot shrink more than 1032 : 1 (zlib's technical notes). */
const DEFLATE_LIMIT = 1032;

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  readonly headerOffset: number;
}

/** The archive's directory. @throws Failure DataError where it is no intact zip archive. */
export function readZipDirectory(archive: Uint8Array, name: string): ZipEntry[] {
  return guarded(name, () => {
    const view = viewOf(archive);
    let { at, count } = directoryOf(view);
    const entries: ZipEntry[] = [];
    for (; count > 0; count--) {
      if (view.getUint32(at, true) !== DIRECTORY_ENTRY) throw new RangeError(`byte ${at}`);
      const nameLength = view.getUint16(at + 28, true);
      const extraLength = view.getUint16(at + 30, true);
      entries.push(entryAt(view, at));
      at += 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    }
    return entries;
  });
}

/** The bytes of an entry. @throws Failure DataError where it is damaged. */
export function readZipEntry(archive: Uint8Array, entry: ZipEntry, name: string): Uint8Array {
  const start = guarded(name, () => {
    const view = viewOf(archive);
    const at = entry.headerOffset;
    if (view.getUint32(at, true) !== LOCAL_HEADER) throw new RangeError(`byte ${at}`);
    return at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  });
  const packed = archive.subarray(start, start + entry.compressedBytes);
  const limit = entry.method === 0 ? 1 : DEFLATE_LIMIT;
  if (packed.length < entry.compressedBytes || entry.bytes > packed.length * limit) {
    throw damaged(name, `the entry ${entry.name} is longer than the archive`);
  }
  const bytes = unpack(packed, entry, name);
  if (bytes.length !== entry.bytes || crc32(bytes) !== entry.crc) {
    throw damaged(name, `the entry ${entry.name} does not match its checksum`);
  }
  return bytes;
}

function unpack(packed: Uint8Array, entry: ZipEntry, name: string): Uint8Array {
  if (entry.method === 0) return packed;
  if (entry.method !== 8) {
    throw damaged(name, `the entry ${entry.name} uses compression method ${entry.method}`);
  }
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, entry.bytes) });
  } catch (cause) {
    throw damaged(name, `the entry ${entry.name} does not inflate`, cause);
  }
}

/** The end record reaches, with its comment, to the last byte; a comment may look like one. */
function isEnd(view: DataView, at: number): boolean {
  const isSigned = view.getUint32(at, true) === END_OF_DIRECTORY;
  return isSigned && at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength;
}

function directoryOf(view: DataView): { at: number; count: number } {
  const last = view.byteLength - END_BYTES;
  const first = Math.max(0, last - COMMENT_BYTES);
  let end = last;
  while (end >= first && !isEnd(view, end)) end--;
  if (end < first) throw new RangeError('its end');
  const locator = end - 20;
  if (locator >= 0 && view.getUint32(locator, true) === ZIP64_LOCATOR) {
    const at = Number(view.getBigUint64(locator + 8, true));
    if (view.getUint32(at, true) !== ZIP64_END) throw new RangeError(`byte ${at}`);
    return {
      at: Number(view.getBigUint64(at + 48, true)),
      count: Number(view.getBigUint64(at + 32, true)),
    };
  }
  return { at: view.getUint32(end + 16, true), count: view.getUint16(end + 10, true) };
}

function entryAt(view: DataView, at: number): ZipEntry {
  const nameLength = view.getUint16(at + 28, true);
  const nameBytes = new Uint8Array(view.buffer, view.byteOffset + at + 46, nameLength);
  const wide = zip64Values(view, at + 46 + nameLength, view.getUint16(at + 30, true));
  // The extra field holds, in this order, only those values that do not fit.
  const field = (offset: number): number => {
    const value = view.getUint32(at + offset, true);
    return value === IN_ZIP64 ? (wide.shift() ?? value) : value;
  };
  const bytes = field(24);
  const compressedBytes = field(20);
  return {
    name: new TextDecoder().decode(nameBytes),
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    compressedBytes,
    bytes,
    headerOffset: field(42),
  };
}

function zip64Values(view: DataView, start: number, length: number): number[] {
  for (let at = start; at + 4 <= start + length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    const count = Math.floor(view.getUint16(at + 2, true) / 8);
    return Array.from({ length: count }, (_, i) => Number(view.getBigUint64(at + 4 + 8 * i, true)));
  }
  return [];
}

function viewOf(archive: Uint8Array): DataView {
  return new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
}

/** A read beyond the archive (RangeError of DataView) means that the structure is damaged. */
function guarded<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw damaged(name, 'its directory is cut off or damaged', cause);
  }
}

function damaged(name: string, what: string, cause?: unknown): Failure {
  return new Failure(
    'DataError',
    `${name} is no intact zip archive: ${what}; fetch or write it again.`,
    {
      cause,
    },
  );
}
