/** The words that all backends share: what one is, and how it reports that it does not work. */

export type BackendName = 'tensorflow' | 'webgpu' | 'wasm' | 'cpu';
export type RequestedBackend = 'auto' | BackendName;

export interface BackendInfo {
  readonly name: BackendName;
  readonly version: string;
}

export interface Backend {
  readonly name: BackendName;
  /** Half a sentence that explains its place in the order, for the choice's reason. */
  readonly strength: string;
  /**
   * Loads it and makes it tfjs's current backend.
   * @throws BackendError where it does not work on this node
   */
  open(): Promise<BackendInfo>;
}

/** `message` is half a sentence without a full stop: "… is not installed". */
export class BackendError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'BackendError';
  }
}
