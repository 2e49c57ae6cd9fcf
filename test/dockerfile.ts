/**
 * Reads a Dockerfile, as far as this repository's one goes: stages, instructions, arguments. For
 * tests, which have no Docker to ask.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Instruction {
  /** In capitals: COPY, RUN, ENV … */
  readonly name: string;
  /** `--from=build` and the like, by name. */
  readonly flags: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface Stage {
  readonly name: string;
  /** An image, or the name of an earlier stage. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  readonly arguments: Readonly<Record<string, string>>;
  readonly stages: readonly Stage[];
}

export const repository = join(import.meta.dirname, '..');

/** The Dockerfile of the repository; `arguments_` as by `--build-arg`. */
export function readDockerfile(arguments_: Readonly<Record<string, string>> = {}): Dockerfile {
  const text = readFileSync(join(repository, 'Dockerfile'), 'utf8');
  const lines = text.replaceAll(/^\s*#.*\n/gm, '').replaceAll(/\\\n\s*/g, '');
  const given: Record<string, string> = {};
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const line of lines.split('\n').filter((one) => one.trim() !== '')) {
    const { name, flags, text: rest } = parseInstruction(expand(line, given));
    if (name === 'ARG') {
      const [key = '', value = ''] = cut(rest, '=');
      given[key] = arguments_[key] ?? value;
    } else if (name === 'FROM') {
      const [, base = '', stage = ''] = /^(\S+) AS (\S+)$/.exec(rest) ?? [];
      stages.push({ name: stage, base, instructions: [] });
    } else {
      stages.at(-1)?.instructions.push({ name, flags, text: rest });
    }
  }
  return { arguments: given, stages };
}

function parseInstruction(line: string): Instruction {
  const [name, rest] = cut(line, ' ');
  const flags: Record<string, string> = {};
  let text = rest;
  for (;;) {
    const [match, key = '', value = ''] = /^--(\w+)=(\S+)\s+/.exec(text) ?? [];
    if (match === undefined) return { name, flags, text };
    flags[key] = value;
    text = text.slice(match.length);
  }
}

function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function expand(line: string, values: Readonly<Record<string, string>>): string {
  return line.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
}

/** The instructions of a stage and of those that it is built on, the first one first. */
export function instructionsOf(dockerfile: Dockerfile, name: string): readonly Instruction[] {
  const stage = dockerfile.stages.find((candidate) => candidate.name === name);
  if (stage === undefined) return [];
  return [...instructionsOf(dockerfile, stage.base), ...stage.instructions];
}

/** What `ENV` sets in a stage. */
export function environmentOf(
  dockerfile: Dockerfile,
  name: string,
): Readonly<Record<string, string>> {
  const settings = instructionsOf(dockerfile, name).filter((one) => one.name === 'ENV');
  return Object.fromEntries(settings.map(({ text }) => cut(text, '=')));
}
