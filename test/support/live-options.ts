/** Of an analysis that is told of each verdict at once. */
export const LIVE_OPTIONS = {
  patienceSeconds: 3,
  maxOpen: 1 << 12,
  seed: 1,
  ports: [],
  servers: [],
  clients: [],
  since: null,
  until: null,
  list: { verdicts: [], missing: null, limit: null, sort: null },
  early: true,
  trace: null,
  version: 'test',
};
