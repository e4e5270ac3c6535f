import type { Handshake } from '../../src/index.ts';

/** The leg that each verdict says is missing, from the contract and not from the code that it checks. */
export const MISSING_LEGS: Readonly<Record<Handshake['verdict'], Handshake['missingLeg']>> = {
  complete: null,
  'no-syn': 'syn',
  'no-syn-ack': 'syn-ack',
  refused: 'syn-ack',
  rejected: 'syn-ack',
  challenged: 'syn-ack',
  'no-ack': 'ack',
  'ack-ignored': 'ack',
  'ack-rejected': 'ack',
  'client-reset': 'ack',
  undecided: null,
};
