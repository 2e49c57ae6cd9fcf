/**
 * The PersistentVolumeClaims that a run config names by `pvc://CLAIM/path`, and which of them the
 * workers write to. Volumes of pods and folders of the local world both follow from it.
 */
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';

export interface Claim {
  readonly name: string;
  /** False where the workers only read: a data set, a model, weights. */
  readonly isWritten: boolean;
  /** The fields that name it, for messages: `spec.dataset.uri`. */
  readonly fields: readonly string[];
}

const claimPattern = /^pvc:\/\/([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?:\/(.*))?$/;

/** Splits `pvc://CLAIM/path`; undefined for any other URI. */
export function parseClaimUri(uri: string): { claim: string; path: string } | undefined {
  const match = claimPattern.exec(uri);
  return match?.[1] === undefined ? undefined : { claim: match[1], path: match[2] ?? '' };
}

/** The claims of a run in the order of their first mention. */
export function claimsOf(config: RunConfig): readonly Claim[] {
  const mentions: readonly (readonly [string, string | undefined, boolean])[] = [
    ['spec.model.uri', config.model.uri, false],
    ['spec.model.weights.uri', config.model.weights?.uri, false],
    ['spec.dataset.uri', config.dataset.uri, false],
    ['spec.checkpoint.uri', config.checkpoint.uri, true],
    ['spec.output.uri', config.output.uri, true],
  ];
  const claims = new Map<string, Claim>();
  for (const [field, uri, isWritten] of mentions) {
    const name = uri === undefined ? undefined : parseClaimUri(uri)?.claim;
    if (name === undefined) continue;
    const known = claims.get(name);
    claims.set(name, {
      name,
      isWritten: isWritten || (known?.isWritten ?? false),
      fields: [...(known?.fields ?? []), field],
    });
  }
  return [...claims.values()];
}
