import { NotRecordable } from './recorder.ts';

/**
 * The first run of a graph, in which TensorFlow takes it apart: what it does not like there is a
 * reason to do without, not the end of the run.
 * @throws NotRecordable in place of TensorFlow's error.
 */
export function firstCall<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [firstLine = ''] = message.split('\n', 1);
    throw new NotRecordable(`TensorFlow does not run its graph (${firstLine})`, { cause: error });
  }
}
