/**
 * Those checks of suricata-verify that say something of packets or handshakes: packets decoded, alerts of a rule on the SYN flag alone, flags of a flow in either direction,
 * and alerts of rules that need an established flow.
 */
import type { Handshake } from '../../src/index.ts';
import type { Ledger } from './finding.ts';
import type { SuricataCheck, SuricataTest } from './oracles.ts';
import type { SentResult } from './reading.ts';
import { attemptPair, endpointText, hasLeg, legsText, pairText, total } from './tuples.ts';

const REPOSITORY = 'OISF+suricata-verify/';
const SYN = 0x02;
const SYN_ACK = 0x12;

/** Rules that fire on each SYN, and on nothing else. */
const SYN_RULES: readonly string[] = ['flags:S', 'flags:S,12', 'tcp.flags:S'];

export function compareSuricata(
  ledger: Ledger,
  tests: readonly SuricataTest[],
  readings: ReadonlyMap<string, SentResult>,
): void {
  for (const { test, pcap, checks } of tests) {
    const capture = REPOSITORY + pcap;
    const ours = readings.get(capture);
    if (ours === undefined) throw new Error(`Suricata's ${test} reads ${capture}, which is not in the corpus`);
    checks.forEach((check, index) => {
      compareCheck(ledger, capture, `${test} check ${index + 1}`, check, ours);
    });
  }
}

function compareCheck(ledger: Ledger, capture: string, subject: string, check: SuricataCheck, ours: SentResult): void {
  const compare = (aspect: string, theirs: string | number, mine: string | number): void =>
    ledger.compare('suricata', aspect, capture, subject, theirs, mine);
  const { handshakes } = ours;
  const packets = check.stats?.['decoder.pkts'] ?? check.stats?.['stats.decoder.pkts'];
  if (typeof packets === 'number') compare('packets', packets, ours.report.capture.sources[0]?.packets ?? 0);
  const rule = check.rule?.replaceAll(' ', '') ?? '';
  if (SYN_RULES.includes(rule))
    compare(
      'SYNs',
      check.count ?? 0,
      total(handshakes, ({ legs }) => legs.syn.count),
    );
  if (rule.startsWith('flow:established') && (check.count ?? 0) > 0 && handshakes.length > 0) {
    compare('established', 'yes', handshakes.some(({ verdict }) => verdict === 'complete') ? 'yes' : 'no');
  }
  const toServer = check.match?.['tcp.tcp_flags_ts'];
  const toClient = check.match?.['tcp.tcp_flags_tc'];
  if (typeof toServer !== 'string' || typeof toClient !== 'string') return;
  const attempts = handshakes.filter(isMeant(check.match ?? {}));
  const syn = (Number.parseInt(toServer, 16) & SYN) !== 0;
  const synAck = (Number.parseInt(toClient, 16) & SYN_ACK) === SYN_ACK;
  compare('flags', legsText(syn, synAck, false), legsText(hasLeg(attempts, 'syn'), hasLeg(attempts, 'synAck'), false));
}

/** The flow by its addresses, where the check names them. */
function isMeant(match: Readonly<Record<string, unknown>>): (attempt: Handshake) => boolean {
  const { src_ip, src_port, dest_ip, dest_port } = match;
  if (typeof src_ip !== 'string' || typeof dest_ip !== 'string') return () => true;
  const pair = pairText(endpointText(src_ip, Number(src_port)), endpointText(dest_ip, Number(dest_port)));
  return (attempt) => attemptPair(attempt) === pair;
}
