/** How sure a cause is, as a place in an order: the surest first. */
import type { Ruling } from './host-case.ts';

export const BY_CONFIDENCE: Readonly<Record<Ruling['confidence'], number>> = {
  proven: 0,
  likely: 1,
  possible: 2,
  excluded: 3,
};
