/**
 * The seam between checkpoints and the place where they lie. It is as small as an object store
 * allows: put, get, list, delete, and one atomic act, `publish`. The file implementation is
 * `file-storage.ts`; an S3 one puts the objects at once and the published file last.
 *
 * A storage never knows what a manifest is, and it never retries: that is its user's business.
 */

/** A place for folders of files, each folder written once, then published as a whole. */
export interface CheckpointStorage {
  /** Names of the published folders, in no order; empty where there are none. */
  list(): Promise<readonly string[]>;
  /** The whole file. Rejects with `MissingFile` where it is not there. */
  get(folder: string, file: string): Promise<Uint8Array>;
  /** Adds a file to a folder that is not published yet; no reader sees it. */
  put(folder: string, file: string, bytes: Uint8Array): Promise<void>;
  /** Adds the last file and shows the folder: afterwards it survives a power cut, whole. */
  publish(folder: string, file: string, bytes: Uint8Array): Promise<void>;
  /** Deletes a folder that was put but not published. */
  discard(folder: string): Promise<void>;
  /** Deletes a published folder; a half deleted one is never listed. */
  delete(folder: string): Promise<void>;
  /** Deletes what killed processes left half written or half deleted; says what. */
  clean(): Promise<readonly string[]>;
}

/** Where a storage lies, in a form that can be sent to a thread. */
export interface StorageLocation {
  readonly kind: 'file';
  readonly directory: string;
}

/** A file that should be in a published folder is not there, or cannot be read off its medium. */
export class MissingFile extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'MissingFile';
  }
}
