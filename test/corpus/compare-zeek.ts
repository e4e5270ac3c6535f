/**
 * Zeek's expected conn.log lines: `history` has a letter for each kind of segment that each side sent, and so says which legs there were. Zeek splits a four-tuple
 * at its own timers and resets, so all its lines of one four-tuple in one log are put together, as are tripod's attempts.
 */
import type { Handshake } from '../../src/index.ts';
import type { Ledger } from './finding.ts';
import type { ZeekConnection } from './oracles.ts';
import type { SentResult } from './reading.ts';
import { attemptPair, endpointText, hasLeg, legsText, pairText } from './tuples.ts';

const REPOSITORY = 'zeek+zeek/';

export function compareZeek(
  ledger: Ledger,
  connections: readonly ZeekConnection[],
  readings: ReadonlyMap<string, SentResult>,
): void {
  const done = new Set<string>();
  for (const together of groupByLogAndPair(connections)) {
    const first = together[0] as ZeekConnection;
    const capture = REPOSITORY + first.trace_paths[0];
    const ours = readings.get(capture);
    if (ours === undefined) throw new Error(`Zeek's test ${first.test} reads ${capture}, which is not in the corpus`);
    const subject = pairOf(first);
    const theirs = legsOf(together);
    // Many of Zeek's tests read the same capture: what they say alike is compared once.
    const key = `${capture} ${subject} ${theirs} ${refusals(together)}`;
    if (done.has(key)) continue;
    done.add(key);
    const attempts = ours.handshakes.filter((attempt) => attemptPair(attempt) === subject);
    ledger.compare('zeek', 'legs', capture, subject, theirs, ourLegs(attempts));
    if (refusals(together) > 0) {
      const refused = attempts.filter(({ verdict }) => verdict === 'refused').length;
      ledger.compare('zeek', 'REJ', capture, subject, refusals(together), refused);
    }
  }
}

function groupByLogAndPair(connections: readonly ZeekConnection[]): ZeekConnection[][] {
  const groups = new Map<string, ZeekConnection[]>();
  for (const connection of connections) {
    const key = `${connection.baseline} ${connection.trace_paths[0]} ${pairOf(connection)}`;
    groups.set(key, [...(groups.get(key) ?? []), connection]);
  }
  return [...groups.values()];
}

function pairOf({ orig_h, orig_p, resp_h, resp_p }: ZeekConnection): string {
  return pairText(endpointText(orig_h, orig_p), endpointText(resp_h, resp_p));
}

function legsOf(connections: readonly ZeekConnection[]): string {
  const all = connections.map(({ history }) => legsInHistory(history));
  return legsText(
    all.some(({ syn }) => syn),
    all.some(({ synAck }) => synAck),
    all.some(({ ack }) => ack),
  );
}

/** Capital letters are the originator's. It is the client, unless it sent the SYN-ACK. */
function legsInHistory(history: string): { syn: boolean; synAck: boolean; ack: boolean } {
  const serverIsOriginator = history.includes('H');
  const ofClient = serverIsOriginator ? history.replace(/[A-Z]/g, '') : history.replace(/[a-z]/g, '');
  const syn = /s/i.test(ofClient);
  const synAck = /h/i.test(history);
  return { syn, synAck, ack: (syn || synAck) && /[ad]/i.test(ofClient) };
}

function refusals(connections: readonly ZeekConnection[]): number {
  return connections.filter(({ conn_state }) => conn_state === 'REJ').length;
}

function ourLegs(attempts: readonly Handshake[]): string {
  return legsText(hasLeg(attempts, 'syn'), hasLeg(attempts, 'synAck'), hasLeg(attempts, 'ack'));
}
