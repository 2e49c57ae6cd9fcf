/** The version that this trainer writes into models and metrics. */
import manifest from './package.json' with { type: 'json' };

export const trainerVersion: string = manifest.version;
