/** Makes a registered backend tfjs's current one; tfjs itself only returns false where it cannot. */
import * as tf from '@tensorflow/tfjs-core';
import { BackendError, type BackendName } from './backend.ts';

/** @throws BackendError where the backend is not registered or does not start */
export async function activate(name: BackendName): Promise<void> {
  if (tf.findBackendFactory(name) === null) {
    throw new BackendError(
      `no ${name} backend is registered with this copy of @tensorflow/tfjs-core`,
    );
  }
  const isActive = await tf.setBackend(name);
  if (!isActive) throw new BackendError(`tfjs could not start its ${name} backend`);
}
