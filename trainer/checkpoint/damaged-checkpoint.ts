/**
 * Says that a checkpoint is not what was once written: torn, cut short or changed. Caught where an
 * older one is tried; it never reaches a person as it is.
 */
export class DamagedCheckpoint extends Error {
  /** @param message the rest of a sentence that begins with the checkpoint's name. */
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'DamagedCheckpoint';
  }
}
