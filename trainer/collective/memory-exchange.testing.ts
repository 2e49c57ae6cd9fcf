/**
 * For tests: engines joined in memory instead of by gRPC. Each direction between two workers keeps
 * its order, as a stream does, but which direction delivers next is drawn from a seeded generator.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Failure } from '@tfjs-operator/api/failure.ts';
import { readChunk } from './chunk-message.ts';
import type { GangOfRunners, RunnerSettings } from './collective-cases.testing.ts';
import { Engine } from './engine.ts';
import { createRandom } from './seeded-random.testing.ts';
import { decodePullRequest, encodePullRequest } from './pull-request.ts';
import { fenceOf } from './wire-words.ts';

export interface MemoryGang extends GangOfRunners {
  readonly engines: readonly Engine[];
  readonly failures: (Failure | undefined)[];
  readonly culprits: (number | undefined)[];
  /** Directions `from>to` that deliver nothing. */
  readonly blocked: Set<string>;
}

export function openMemoryGang(
  worldSize: number,
  settings: RunnerSettings,
  seed: number,
): MemoryGang {
  const random = createRandom(seed);
  const lines = new Map<string, (() => void)[]>();
  const blocked = new Set<string>();
  const failures: (Failure | undefined)[] = [];
  const culprits: (number | undefined)[] = [];
  let isOpen = true;
  let isPumping = false;

  const pump = async (): Promise<void> => {
    if (isPumping) return;
    isPumping = true;
    for (;;) {
      const ready = [...lines].filter(([name, line]) => line.length > 0 && !isBlocked(name));
      if (ready.length === 0 || !isOpen) break;
      const [, line] = ready[Math.floor(random() * ready.length)]!;
      line.shift()!();
      if (random() < 0.2) await turn();
    }
    isPumping = false;
  };
  const isBlocked = (name: string): boolean => blocked.has(name.slice(1));
  const deliver = (name: string, action: () => void): void => {
    lines.set(name, [...(lines.get(name) ?? []), action]);
    setImmediate(() => void pump());
  };

  const arenas = Array.from(
    { length: worldSize },
    () => new SharedArrayBuffer(settings.arenaBytes),
  );
  const engines: Engine[] = arenas.map(
    (arena, rank) =>
      new Engine({
        rank,
        worldSize,
        fence: fenceOf('job', 1),
        arena,
        algorithm: settings.algorithm,
        wireType: settings.wireType,
        timeoutSeconds: 1,
        chunkBytes: settings.chunkBytes,
        pullWindowBytes: 2 * settings.chunkBytes,
        hasChecksums: true,
        port: (peer) => ({
          pull: (request) => {
            const bytes = encodePullRequest(request);
            deliver(`?${rank}>${peer}`, () =>
              engines[peer]!.pulled(rank, decodePullRequest(bytes)),
            );
          },
          // Encoded at delivery, as a stream does when it can take a message.
          send: (message) => {
            deliver(`=${rank}>${peer}`, () => {
              const bytes = Buffer.from(message.encode());
              engines[peer]!.received(rank, readChunk(bytes));
            });
          },
        }),
        onFailure: (failure, culprit) => {
          failures[rank] = failure;
          culprits[rank] = culprit;
        },
      }),
  );
  return {
    engines,
    failures,
    culprits,
    blocked,
    runners: engines.map((engine, rank) => ({
      values: new Float32Array(arenas[rank]!),
      run: (work) => engine.run(work),
    })),
    close: async () => {
      isOpen = false;
    },
  };
}
