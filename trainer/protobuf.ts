/**
 * The few bytes of protobuf that the trainer needs: a writer, and a reader that yields fields. Used
 * by the wire formats of the gang and by the graphs handed to TensorFlow. It never interprets a
 * message: its users do. Encoding: protobuf.dev/programming-guides/encoding.
 */

const varintType = 0;
const fixed64Type = 1;
const bytesType = 2;
const fixed32Type = 5;

/** One field: `value` of a varint or fixed32, `low`/`high` halves of a fixed64, `bytes` otherwise. */
export interface ProtoField {
  readonly number: number;
  readonly value: number;
  readonly high: number;
  readonly bytes: Buffer;
}

const noBytes: Buffer = Buffer.alloc(0);

/** Collects fields of one message. */
export class ProtoWriter {
  readonly #parts: Buffer[] = [];

  uint32(field: number, value: number): this {
    this.#parts.push(Buffer.from([...varint((field << 3) | varintType), ...varint(value)]));
    return this;
  }

  /** A field of type int32, int64 or enum: negative numbers take ten bytes. */
  int64(field: number, value: number): this {
    this.#parts.push(Buffer.from([...varint((field << 3) | varintType), ...varint64(value)]));
    return this;
  }

  float(field: number, value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    this.#parts.push(Buffer.from(varint((field << 3) | fixed32Type)), bytes);
    return this;
  }

  fixed32(field: number, value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value >>> 0);
    this.#parts.push(Buffer.from(varint((field << 3) | fixed32Type)), bytes);
    return this;
  }

  fixed64(field: number, low: number, high: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(low >>> 0);
    bytes.writeUInt32LE(high >>> 0, 4);
    this.#parts.push(Buffer.from(varint((field << 3) | fixed64Type)), bytes);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    const head = [...varint((field << 3) | bytesType), ...varint(value.byteLength)];
    this.#parts.push(Buffer.from(head), Buffer.from(value));
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'));
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/**
 * The fields of a message in the order of the wire; `bytes` are views, not copies.
 * @throws RangeError where the message is cut short or uses a group.
 */
export function* readFields(message: Buffer): Generator<ProtoField> {
  let at = 0;
  const next = (): number => {
    const [value, end] = readVarint(message, at);
    at = end;
    return value;
  };
  while (at < message.length) {
    const tag = next();
    const number = tag >>> 3;
    let value = 0;
    let high = 0;
    let bytes = noBytes;
    switch (tag & 7) {
      case varintType:
        value = next();
        break;
      case fixed32Type:
        value = message.readUInt32LE(at);
        at += 4;
        break;
      case fixed64Type:
        value = message.readUInt32LE(at);
        high = message.readUInt32LE(at + 4);
        at += 8;
        break;
      case bytesType: {
        const length = next();
        if (at + length > message.length) throw new RangeError('a protobuf field is cut short');
        bytes = message.subarray(at, at + length);
        at += length;
        break;
      }
      default:
        throw new RangeError(`protobuf wire type ${tag & 7} is not supported`);
    }
    yield { number, value, high, bytes };
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}

/** Two's complement in 64 bits. */
function varint64(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

/** Reads up to 64 bits and keeps the lower 32: no field of ours is wider. */
function readVarint(message: Buffer, start: number): [value: number, end: number] {
  let value = 0;
  for (let index = 0; index < 10; index += 1) {
    const byte = message[start + index];
    if (byte === undefined) throw new RangeError('a protobuf number is cut short');
    if (index < 5) value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return [value >>> 0, start + index + 1];
  }
  throw new RangeError('a protobuf number is longer than ten bytes');
}
