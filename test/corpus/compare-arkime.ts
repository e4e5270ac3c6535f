/** Arkime's expected sessions, which count SYNs and SYN-ACKs packet by packet. A session may be written in several pieces. */
import type { Ledger } from './finding.ts';
import type { ArkimeSession, ArkimeTest } from './oracles.ts';
import type { SentResult } from './reading.ts';
import { attemptPair, endpointText, pairText, total } from './tuples.ts';

const REPOSITORY = 'arkime+arkime/';

export function compareArkime(
  ledger: Ledger,
  tests: readonly ArkimeTest[],
  readings: ReadonlyMap<string, SentResult>,
): void {
  for (const { test, pcap, sessions } of tests) {
    const capture = REPOSITORY + pcap;
    const ours = readings.get(capture);
    if (ours === undefined) throw new Error(`Arkime's ${test} reads ${capture}, which is not in the corpus`);
    for (const [pair, pieces] of groupByPair(sessions)) {
      const attempts = ours.handshakes.filter((attempt) => attemptPair(attempt) === pair);
      const syns = pieces.reduce((sum, { tcpflags }) => sum + tcpflags.syn, 0);
      const synAcks = pieces.reduce((sum, { tcpflags }) => sum + tcpflags['syn-ack'], 0);
      ledger.compare(
        'arkime',
        'SYNs',
        capture,
        pair,
        syns,
        total(attempts, ({ legs }) => legs.syn.count),
      );
      ledger.compare(
        'arkime',
        'SYN-ACKs',
        capture,
        pair,
        synAcks,
        total(attempts, ({ legs }) => legs.synAck.count),
      );
    }
  }
}

function groupByPair(sessions: readonly ArkimeSession[]): Map<string, ArkimeSession[]> {
  const groups = new Map<string, ArkimeSession[]>();
  for (const session of sessions) {
    const pair = pairText(endpointText(session.src, session.sport), endpointText(session.dst, session.dport));
    groups.set(pair, [...(groups.get(pair) ?? []), session]);
  }
  return groups;
}
