/**
 * Random numbers that are a function of a seed and a name alone: the same on every rank, backend
 * and run. Used for initial weights; never for data order or augmentation.
 */
import { createHash } from 'node:crypto';

export interface RandomStream {
  /** Uniform in [0, 1), 32 bits. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
}

/** Stream of `name` under `seed`; other names give independent streams. */
export function randomStream(seed: number, name: string): RandomStream {
  const uniform = sfc32(createHash('sha256').update(`${seed}\0${name}`).digest());
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    // Box-Muller; 1 - u keeps the logarithm finite.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { uniform, normal };
}

/** A 32-bit integer other than 0 (which TensorFlow.js takes as "no seed") for the given parts. */
export function seedOf(...parts: readonly (string | number)[]): number {
  const digest = createHash('sha256').update(parts.join('\0')).digest();
  return digest.readUInt32LE(0) | 0 || 1;
}

/** Chris Doty-Humphrey's small fast counting generator (PractRand), 128 bits of state. */
function sfc32(state: Buffer): () => number {
  let a = state.readInt32LE(0);
  let b = state.readInt32LE(4);
  let c = state.readInt32LE(8);
  let counter = 1;
  return () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 0x1_0000_0000;
  };
}
