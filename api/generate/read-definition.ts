/**
 * Reads a CustomResourceDefinition of crds/ and gives the parts that generated files are made from.
 * Used at generation time only; at run time the generated schema is imported.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { StructuralSchema } from '../crd/structural-schema.ts';

export interface Definition {
  readonly apiVersion: string;
  readonly kind: string;
  readonly schema: StructuralSchema;
}

interface CustomResourceDefinition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: StructuralSchema };
    }[];
  };
}

/** @throws where the file has no version. */
export function readDefinition(file: URL): Definition {
  const { spec } = parse(readFileSync(file, 'utf8')) as CustomResourceDefinition;
  const version = spec.versions[0];
  if (!version) throw new Error(`${file.pathname} has no version`);
  return {
    apiVersion: `${spec.group}/${version.name}`,
    kind: spec.names.kind,
    schema: version.schema.openAPIV3Schema,
  };
}
