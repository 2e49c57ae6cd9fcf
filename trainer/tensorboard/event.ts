/**
 * TensorFlow's Event message (tensorflow/core/util/event.proto, summary.proto), the few fields that
 * scalars need, encoded by hand: a protobuf library would be larger than all of this.
 */

/** Field numbers of event.proto and summary.proto. */
const eventField = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const;
const summaryValue = 1;
const valueField = { tag: 1, simpleValue: 2 } as const;
const sessionLogStatus = 1;
/** SessionLog.START. */
const sessionStart = 1;

/** Wire types of protobuf. */
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** TensorBoard knows this version; it is the first record of each file. */
const fileVersion = 'brain.Event:2';

export function encodeFileVersion(wallTime: number): Uint8Array {
  return Buffer.concat([
    fixed64(eventField.wallTime, wallTime),
    text(eventField.fileVersion, fileVersion),
  ]);
}

/**
 * A (re)start before a step: TensorBoard drops what an earlier process wrote for this step and
 * later, so that a resumed run does not draw a zigzag.
 */
export function encodeSessionStart(wallTime: number, step: number): Uint8Array {
  const log = varintField(sessionLogStatus, sessionStart);
  return Buffer.concat([
    fixed64(eventField.wallTime, wallTime),
    varintField(eventField.step, step),
    message(eventField.sessionLog, log),
  ]);
}

/** @param wallTime Unix time in seconds. Values become float32, as the format has it. */
export function encodeScalars(
  wallTime: number,
  step: number,
  scalars: Readonly<Record<string, number>>,
): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) =>
    message(
      summaryValue,
      Buffer.concat([text(valueField.tag, tag), fixed32(valueField.simpleValue, value)]),
    ),
  );
  return Buffer.concat([
    fixed64(eventField.wallTime, wallTime),
    varintField(eventField.step, step),
    message(eventField.summary, Buffer.concat(values)),
  ]);
}

function key(field: number, type: number): Uint8Array {
  return varint((field << 3) | type);
}

/** @param value a whole number from 0 to 2^53 - 1. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function varintField(field: number, value: number): Uint8Array {
  return Buffer.concat([key(field, wire.varint), varint(value)]);
}

function fixed64(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(field, wire.fixed64), bytes]);
}

function fixed32(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([key(field, wire.fixed32), bytes]);
}

function message(field: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([key(field, wire.bytes), varint(bytes.length), bytes]);
}

function text(field: number, value: string): Uint8Array {
  return message(field, Buffer.from(value));
}
