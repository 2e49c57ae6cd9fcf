/**
 * numpy's npy format, versions 1.0 to 3.0 (numpy.lib.format): magic, version, header length and a
 * Python literal with descr, fortran_order and shape, then the raw elements.
 * Nothing is evaluated or unpickled: a header of any other form, and object arrays, are refused.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';
import { elementBytes, elements, type ElementType, type NumericArray } from './numeric-array.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

const TYPES: readonly ElementType[] = [
  'u1',
  'i1',
  'u2',
  'i2',
  'u4',
  'i4',
  'u8',
  'i8',
  'f2',
  'f4',
  'f8',
];

const DESCR = /'descr'\s*:\s*(?:'([^']*)'|(\[))/;
const ORDER = /'fortran_order'\s*:\s*(True|False)/;
const SHAPE = /'shape'\s*:\s*\(([\d\s,L]*)\)/;

/** @param name names the file in messages. @throws Failure DataError for any malformed file. */
export function readNpy(file: Uint8Array, name: string): NumericArray {
  const { text, end } = headerOf(file, name);
  const order = ORDER.exec(text);
  const sizes = SHAPE.exec(text);
  const descr = DESCR.exec(text);
  if (order === null || sizes === null || descr === null) {
    throw failed(
      name,
      'its header lacks descr, fortran_order or shape',
      'fetch or write the file again',
    );
  }
  const { type, isLittleEndian } = elementTypeOf(descr[1] ?? 'structured', name);
  const shape = [...(sizes[1] ?? '').matchAll(/\d+/g)].map((digits) => Number(digits[0]));
  const size = end + elements(shape) * elementBytes(type);
  if (file.length !== size) {
    throw failed(
      name,
      `its header announces shape (${shape.join(', ')}) of ${type}, which ends at byte ${size}, but the file ends at byte ${file.length}`,
      'fetch or write the file again',
    );
  }
  return {
    type,
    isLittleEndian,
    isFortranOrder: order[1] === 'True',
    shape,
    body: file.subarray(end),
  };
}

function headerOf(file: Uint8Array, name: string): { text: string; end: number } {
  if (!MAGIC.every((byte, at) => file[at] === byte)) {
    throw failed(
      name,
      'byte 0 does not start the magic \\x93NUMPY',
      'check the file and dataset.format',
    );
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const version = file[6] ?? 0;
  if (version < 1 || version > 3) {
    throw failed(
      name,
      `byte 6 names format version ${version}`,
      'save it with version 1.0, 2.0 or 3.0',
    );
  }
  const start = version === 1 ? 10 : 12;
  const length =
    file.length < start
      ? Infinity
      : version === 1
        ? view.getUint16(8, true)
        : view.getUint32(8, true);
  if (start + length > file.length) {
    throw failed(
      name,
      `its header goes beyond the file's ${file.length} bytes`,
      'fetch the file again',
    );
  }
  const text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(
    file.subarray(start, start + length),
  );
  return { text, end: start + length };
}

function elementTypeOf(
  descr: string,
  name: string,
): { type: ElementType; isLittleEndian: boolean } {
  if (descr === '|b1' || descr === '?') return { type: 'u1', isLittleEndian: true };
  const type = TYPES.find((known) => known === descr.slice(1));
  if (type !== undefined && '<>|='.includes(descr.charAt(0))) {
    return { type, isLittleEndian: descr.charAt(0) !== '>' };
  }
  if (descr === '|O') {
    throw failed(
      name,
      'it holds Python objects (dtype object), which are never unpickled',
      'save a numeric array, for example array.astype("float32")',
    );
  }
  throw failed(
    name,
    `its dtype "${descr}" is not supported`,
    `save it as bool or one of ${TYPES.join(', ')}`,
  );
}

function failed(name: string, what: string, wayOut: string): Failure {
  return new Failure('DataError', `${name} is no npy file that can be read: ${what}; ${wayOut}.`);
}
