/**
 * Where `npm run backend:tensorflow` leaves TensorFlow for the trainer of this checkout: a link to a
 * folder of the cache, which git does not know. An image and a person name a folder of their own
 * with TFJS_TENSORFLOW_HOME instead.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The link; the installer makes it. */
export const stagedTensorflow = join(import.meta.dirname, 'tensorflow');

/**
 * The folder whose node_modules may hold tfjs-node.
 * @param named value of TFJS_TENSORFLOW_HOME; empty for "not even the link".
 * @returns undefined for the trainer's own node_modules.
 */
export function tensorflowHome(named: string | undefined): string | undefined {
  if (named !== undefined) return named === '' ? undefined : named;
  return existsSync(stagedTensorflow) ? stagedTensorflow : undefined;
}
