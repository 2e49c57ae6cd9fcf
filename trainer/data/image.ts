/**
 * Decodes one PNG or JPEG into 8-bit interleaved channels. The header is read first, so that a
 * picture of a wrong or absurd size is refused before its pixels take memory. Never resizes.
 */
import { convertIndexedToRgb, decode as decodePng, type DecodedPng } from 'fast-png';
import { decode as decodeJpeg } from 'jpeg-js';

export interface ImageHeader {
  readonly kind: 'png' | 'jpeg';
  readonly width: number;
  readonly height: number;
}

export interface Image {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  readonly channels: number;
  /** [height, width, channels]. */
  readonly pixels: Uint8Array;
}

/** Larger pictures are refused: four channels of this are 400 MB. */
const MAX_PIXELS = 100e6;

const MAX_JPEG_MEMORY_MIB = 1024;

/** A picture that cannot be read; the message is the end of a sentence "file …: message". */
export class ImageError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'ImageError';
  }
}

/** @throws ImageError where the bytes are no PNG or JPEG of a reasonable size. */
export function imageHeader(bytes: Uint8Array): ImageHeader {
  const header = pngHeader(bytes) ?? jpegHeader(bytes);
  if (header === undefined) throw new ImageError('it is no intact PNG or JPEG file');
  const { width, height } = header;
  if (width < 1 || height < 1 || width * height > MAX_PIXELS) {
    throw new ImageError(`its header announces ${width} x ${height} pixels`);
  }
  return header;
}

/** @throws ImageError where the file is damaged. */
export function decodeImage(bytes: Uint8Array, header: ImageHeader): Image {
  try {
    return header.kind === 'png' ? fromPng(bytes) : fromJpeg(bytes, header);
  } catch (cause) {
    if (cause instanceof ImageError) throw cause;
    throw new ImageError(`it is damaged (${(cause as Error).message})`, { cause });
  }
}

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

function pngHeader(bytes: Uint8Array): ImageHeader | undefined {
  if (bytes.length < 26 || !PNG_SIGNATURE.every((byte, at) => bytes[at] === byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { kind: 'png', width: view.getUint32(16), height: view.getUint32(20) };
}

function fromPng(bytes: Uint8Array): Image {
  const png = decodePng(bytes, { checkCrc: true });
  const { width, height } = png;
  const indexed = png.palette !== undefined;
  const pixels = indexed ? convertIndexedToRgb(png) : eightBit(png);
  const channels = pixels.length / (width * height);
  if (!Number.isInteger(channels)) throw new ImageError('its pixels do not fill its size');
  return { width, height, channels, pixels };
}

/** 16 bits are rounded to 8; 1, 2 and 4 bits (grey only) are unpacked and spread over 0..255. */
function eightBit(png: DecodedPng): Uint8Array {
  const { data, depth, width, height } = png;
  if (data instanceof Uint16Array) return Uint8Array.from(data, (value) => Math.round(value / 257));
  if (depth === 8) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  const rowBytes = Math.ceil((width * depth) / 8);
  const top = 2 ** depth - 1;
  return Uint8Array.from({ length: width * height }, (_, at) => {
    const bit = (at % width) * depth;
    const byte = data[Math.floor(at / width) * rowBytes + (bit >> 3)] ?? 0;
    return (((byte >> (8 - depth - (bit & 7))) & top) * 255) / top;
  });
}

/** Start-of-frame markers SOF0..SOF15 without DHT (C4), JPG (C8) and DAC (CC). */
function isFrameMarker(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function jpegHeader(bytes: Uint8Array): ImageHeader | undefined {
  const at = frameOffset(bytes);
  if (at === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { kind: 'jpeg', height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
}

/** Offset of the frame header's marker: FF Cn, length, precision, height, width, components. */
function frameOffset(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  let at = 2;
  while (at + 10 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    if (isFrameMarker(marker)) return at;
    // A marker may be preceded by any number of fill bytes FF.
    at += marker === 0xff ? 1 : 2 + bytes[at + 2]! * 256 + bytes[at + 3]!;
  }
  return undefined;
}

const END_MARKER = Buffer.from([0xff, 0xd9]);

function fromJpeg(bytes: Uint8Array, header: ImageHeader): Image {
  const { width, height } = header;
  const frame = frameOffset(bytes) ?? 0;
  // jpeg-js fills what is missing at the end of a truncated file with grey and says nothing. The
  // end marker of an embedded thumbnail stands before the frame.
  if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).lastIndexOf(END_MARKER) < frame) {
    throw new ImageError('it is cut off: the end marker FF D9 is missing');
  }
  const components = bytes[frame + 9];
  const { data } = decodeJpeg(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxMemoryUsageInMB: MAX_JPEG_MEMORY_MIB,
  });
  if (components !== 1) return { width, height, channels: 3, pixels: data };
  const pixels = new Uint8Array(width * height);
  for (let at = 0; at < pixels.length; at++) pixels[at] = data[3 * at]!;
  return { width, height, channels: 1, pixels };
}
