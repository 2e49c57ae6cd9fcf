/**
 * What each path answers, as plain data: no sockets here. Sentences end in a newline, since they
 * are read with curl.
 */
import type { Progress } from '@tfjs-operator/api/progress.ts';

/** The part of a prom-client Registry that is used. */
export interface MetricsSource {
  readonly contentType: string;
  metrics(): Promise<string>;
}

export interface EndpointSources {
  readonly metrics: MetricsSource;
  readonly progress: () => Progress;
  /** True when the worker has joined its gang. */
  readonly isReady: () => boolean;
  /** False when no step came within the limit (heartbeat.ts). */
  readonly isHealthy: () => boolean;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const plain = 'text/plain; charset=utf-8';

/** @param path without the query; undefined where nothing is. */
export async function answerTo(path: string, sources: EndpointSources): Promise<Answer> {
  switch (path) {
    case '/metrics':
      return answer(200, sources.metrics.contentType, await sources.metrics.metrics());
    case '/progress':
      return answer(200, 'application/json', `${JSON.stringify(sources.progress())}\n`);
    case '/healthz':
      return sources.isHealthy()
        ? answer(200, plain, 'The worker makes progress.\n')
        : answer(503, plain, 'No step came within the limit: the worker hangs.\n');
    case '/readyz':
      return sources.isReady()
        ? answer(200, plain, 'The worker has joined its gang.\n')
        : answer(503, plain, 'The worker has not joined its gang.\n');
    default:
      return answer(
        404,
        plain,
        'Nothing is here; ask for /metrics, /healthz, /readyz or /progress.\n',
      );
  }
}

export const methodNotAllowed = answer(
  405,
  plain,
  'These addresses are read only: use GET or HEAD.\n',
);

export const internalFault = answer(
  500,
  plain,
  'The worker could not make this answer; its log says why.\n',
);

function answer(status: number, type: string, body: string): Answer {
  return { status, type, body };
}
