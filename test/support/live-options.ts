import { ANALYSIS_OPTIONS } from './analyze-with.ts';

/** Of an analysis that is told of each verdict at once. */
export const LIVE_OPTIONS = { ...ANALYSIS_OPTIONS, maxOpen: 1 << 12, early: true };
