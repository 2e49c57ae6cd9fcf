/**
 * Writing and reading of manifest.json (api/checkpoint.ts says what is in it). The manifest carries
 * a digest of itself, so a reader needs to trust nothing but it. Never touches a file.
 */
import { createHash } from 'node:crypto';
import { checkpointSchemaVersion, type CheckpointManifest } from '@tfjs-operator/api/checkpoint.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { DamagedCheckpoint } from './damaged-checkpoint.ts';

/** Everything but the version and the digest, which are added here. */
export type ManifestBody = Omit<CheckpointManifest, 'schemaVersion' | 'digest'>;

/** @returns the bytes of the file and the digest inside. */
export function encodeManifest(body: ManifestBody): { bytes: Uint8Array; digest: string } {
  const undigested = { schemaVersion: checkpointSchemaVersion, ...body };
  const digest = digestOf(undigested);
  return { bytes: Buffer.from(`${JSON.stringify({ ...undigested, digest })}\n`), digest };
}

/**
 * @throws DamagedCheckpoint where the text is not what was written; Failure(CheckpointError) where
 * it is whole but of a format that this version does not know.
 */
export function decodeManifest(bytes: Uint8Array, folder: string): CheckpointManifest {
  const { digest, ...undigested } = parseObject(bytes);
  if (digest !== digestOf(undigested)) {
    throw new DamagedCheckpoint('its manifest does not have the digest that it states');
  }
  if (undigested['schemaVersion'] !== checkpointSchemaVersion) {
    throw new Failure(
      'CheckpointError',
      `Checkpoint ${folder} has format version ${String(undigested['schemaVersion'])}, and this trainer reads version ${checkpointSchemaVersion}: resume with the version that wrote it, or set checkpoint.uri to an empty folder to start anew.`,
    );
  }
  // Whole and of our version: written by encodeManifest, so its shape is known.
  return { ...undigested, digest } as unknown as CheckpointManifest;
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw new DamagedCheckpoint('its manifest is not JSON', { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DamagedCheckpoint('its manifest is not a JSON object');
  }
  return value as Record<string, unknown>;
}

/** JSON text survives a round trip through parse and stringify, key order included. */
function digestOf(undigested: object): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(undigested)).digest('hex')}`;
}
