/**
 * A keyed permutation of [0, size) in constant memory: a Feistel network on pairs (left, right)
 * with cycle walking (Black & Rogaway, "Ciphers with arbitrary finite domains", 2002). No shuffled
 * list exists anywhere, so any worker can ask for any position of any epoch at any time.
 */
import { createWords, mixWord } from './random.ts';

/** Two words of a pair are each changed four times; the paper's bound needs three. */
const ROUNDS = 8;

const WORD = 4294967296;

/** Keeps the epochs' permutations apart from other uses of the same seed. */
const EPOCH_STREAM = 1;

export interface PermutationKey {
  readonly seed: number;
  readonly epoch: number;
}

/**
 * The order of an epoch: position in the epoch -> index of the sample, a bijection of [0, size).
 * @throws RangeError where size is no whole number from 0 to 2^32 or a position lies outside.
 */
export function createPermutation(size: number, key: PermutationKey): (index: number) => number {
  return permutationOf(size, [EPOCH_STREAM, key.seed, key.epoch]);
}

/** As createPermutation, for a key of any whole numbers. */
export function permutationOf(size: number, key: readonly number[]): (index: number) => number {
  if (!Number.isInteger(size) || size < 0 || size > WORD) {
    throw new RangeError(`A permutation needs a whole size from 0 to 2^32, not ${size}.`);
  }
  // left * right covers size with less than one row to spare, so that few indices walk on.
  const left = Math.max(1, Math.ceil(Math.sqrt(size)));
  const right = Math.max(1, Math.ceil(size / left));
  const next = createWords([...key, size]);
  const keys = Uint32Array.from({ length: ROUNDS }, next);
  return (index) => {
    if (!(index >= 0 && index < size)) {
      throw new RangeError(`Position ${index} lies outside of [0, ${size}).`);
    }
    let at = index;
    do at = encrypt(at, left, right, keys);
    while (at >= size);
    return at;
  };
}

function encrypt(index: number, left: number, right: number, keys: Uint32Array): number {
  let l = Math.floor(index / right);
  let r = index - l * right;
  for (let round = 0; round < ROUNDS; round += 2) {
    l = (l + scaled(mixWord(mixWord(r ^ keys[round]!) + keys[round]!), left)) % left;
    r = (r + scaled(mixWord(mixWord(l ^ keys[round + 1]!) + keys[round + 1]!), right)) % right;
  }
  return l * right + r;
}

/** A 32-bit word to a whole number in [0, range). */
function scaled(word: number, range: number): number {
  return Math.floor((word / WORD) * range);
}
