/**
 * Keyed random numbers: the same words give the same stream on any machine and in any thread.
 * Everything random in the data path (permutation, split, augmentation) is keyed by what it is for
 * instead of drawn from one running stream, so that no result depends on the order of the work or
 * on the number of workers. Not for secrets.
 */

/** 2^32: turns an unsigned 32-bit integer into a fraction below 1. */
const WORD = 4294967296;

/** Rounds that sfc32 needs after seeding before its output is good (its author's figure). */
const WARM_UP_ROUNDS = 12;

/** Finaliser of MurmurHash3 (Appleby, public domain): every input bit changes half of the output. */
export function mixWord(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * A stream of unsigned 32-bit integers (generator sfc32 of PractRand) for a key of whole numbers;
 * numbers above 32 bits count with all their 53 bits.
 */
export function createWords(key: readonly number[]): () => number {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let counter = 1;
  for (const number of key) {
    a = mixWord(a ^ number);
    b = mixWord((b + a) ^ Math.floor(number / WORD));
    c = mixWord(c + b);
  }
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < WARM_UP_ROUNDS; round++) next();
  return next;
}

/** Uniform fractions in [0, 1) for a key. */
export function createRandom(key: readonly number[]): () => number {
  const next = createWords(key);
  return () => next() / WORD;
}
