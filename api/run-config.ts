/**
 * The trainer's single input: network structure and training configuration merged, defaulted and
 * validated. The operator writes it into an immutable ConfigMap, the local world into a file. The
 * types are generated from crds/trainingjobs.yaml, so that both always have the same fields.
 */
export type * from './generated/run-config.ts';
