/**
 * IDX, the format of the original MNIST files (yann.lecun.com/exdb/mnist): two zero bytes, a type,
 * the number of dimensions, big-endian sizes, big-endian elements; plain or as one gzip member.
 * A header is believed only as far as the file's bytes go.
 */
import { promisify } from 'node:util';
import { constants, gunzip } from 'node:zlib';
import { Failure } from '@tfjs-operator/api/failure.ts';
import {
  elementBytes,
  elements,
  type ElementType,
  type NumericArray,
} from '../numpy/numeric-array.ts';

const gunzipAsync = promisify(gunzip);

const TYPES: Readonly<Record<number, ElementType>> = {
  0x08: 'u1',
  0x09: 'i1',
  0x0b: 'i2',
  0x0c: 'i4',
  0x0d: 'f4',
  0x0e: 'f8',
};

/** Compressed bytes that surely hold the header (at most 4 + 4 * 255 bytes). */
const HEADER_PREFIX = 4096;

/** deflate cannot shrink more than 1032 : 1 (zlib's technical notes). */
const DEFLATE_LIMIT = 1032;

/** @param name names the file in messages. @throws Failure DataError for any malformed file. */
export async function readIdx(file: Uint8Array, name: string): Promise<NumericArray> {
  const isGzip = file[0] === 0x1f && file[1] === 0x8b;
  if (!isGzip) return arrayOf(file, headerOf(file, name), name);
  const header = headerOf(await gunzipStart(file, name), name);
  const size = header.bytes + elements(header.shape) * elementBytes(header.type);
  if (size > file.length * DEFLATE_LIMIT) throw truncated(name, size, 'the gzip data cannot hold');
  return arrayOf(await gunzipWhole(file, size, name), header, name);
}

interface IdxHeader {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Bytes of the header itself. */
  readonly bytes: number;
}

function headerOf(file: Uint8Array, name: string): IdxHeader {
  const type = TYPES[file[2] ?? 0];
  const dimensions = file[3] ?? 0;
  if (file[0] !== 0 || file[1] !== 0 || type === undefined || dimensions === 0) {
    const magic = Buffer.from(file.subarray(0, 4)).toString('hex') || 'nothing';
    throw new Failure(
      'DataError',
      `${name} is no IDX file: byte 0 starts with ${magic} where 0000, a type (08, 09, 0b to 0e) and the number of dimensions belong; check the file and dataset.format.`,
    );
  }
  const bytes = 4 + 4 * dimensions;
  if (file.length < bytes) throw truncated(name, bytes, `the file ends at byte ${file.length} of`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const shape = Array.from({ length: dimensions }, (_, axis) => view.getUint32(4 + 4 * axis));
  return { type, shape, bytes };
}

function arrayOf(file: Uint8Array, header: IdxHeader, name: string): NumericArray {
  const { type, shape, bytes } = header;
  const size = bytes + elements(shape) * elementBytes(type);
  if (file.length < size) throw truncated(name, size, `the file ends at byte ${file.length} of`);
  if (file.length > size) {
    throw new Failure(
      'DataError',
      `${name} goes on after byte ${size}, where its header (${shape.join(' x ')} of ${type}) says that it ends; fetch the file again.`,
    );
  }
  return { type, isLittleEndian: false, isFortranOrder: false, shape, body: file.subarray(bytes) };
}

function truncated(name: string, size: number, what: string): Failure {
  return new Failure(
    'DataError',
    `${name} is truncated: ${what} the ${size} bytes that its header announces; fetch the file again.`,
  );
}

async function gunzipStart(file: Uint8Array, name: string): Promise<Uint8Array> {
  try {
    return await gunzipAsync(file.subarray(0, HEADER_PREFIX), {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: HEADER_PREFIX * DEFLATE_LIMIT,
    });
  } catch (cause) {
    throw corrupt(name, cause);
  }
}

/** @param size what the header announces; more than one byte beyond it is never held. */
async function gunzipWhole(file: Uint8Array, size: number, name: string): Promise<Uint8Array> {
  try {
    return await gunzipAsync(file, { maxOutputLength: size + 1 });
  } catch (cause) {
    throw corrupt(name, cause);
  }
}

function corrupt(name: string, cause: unknown): Failure {
  const code = (cause as NodeJS.ErrnoException).code;
  const what =
    code === 'ERR_BUFFER_TOO_LARGE'
      ? 'it holds more bytes than its IDX header announces'
      : code === 'Z_BUF_ERROR'
        ? `it is cut off`
        : (cause as Error).message;
  return new Failure('DataError', `${name} is no intact gzip file: ${what}; fetch it again.`, {
    cause,
  });
}
