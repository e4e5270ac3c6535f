/** Records held against the `expect` lines of a script. */
import assert from 'node:assert/strict';
import type { Handshake, Report } from '../../src/index.ts';
import type { AttemptExpectation, End, Script } from './script.ts';

/** @throws AssertionError that shows expected and found as lines of the script's notation. */
export function assertExpected(script: Script, report: Report, handshakes: readonly Handshake[]): void {
  if (script.summary === null) {
    const sorted = [...handshakes].sort((a, b) => a.id - b.id);
    const wanted = script.attempts.map(lineOf);
    const found = sorted.map((handshake, i) => foundLine(handshake, script.attempts[i]));
    assert.deepEqual(found, wanted);
  } else {
    for (const wanted of script.attempts) assertSome(wanted, handshakes);
    const counts = { attempts: report.summary.attempts, ...report.summary.byVerdict };
    assert.deepEqual(asText(counts), Object.fromEntries([...script.summary].sort()));
  }
  const capture = captureFigures(report);
  for (const [name, value] of script.capture) assert.equal(`${name} ${capture[name]}`, `${name} ${value}`);
}

function captureFigures({ capture }: Report): Record<string, unknown> {
  return {
    duplicates: capture.duplicates,
    midstream: capture.midstream,
    segments: capture.tcpSegments,
    lost: (capture.lost.kernel ?? 0) + (capture.lost.interface ?? 0),
    backward: capture.clock.backwardSteps,
    forward: capture.clock.forwardSteps,
    vantage: capture.vantage.side,
    'icmp-joined': capture.icmpErrors.joined,
  };
}

function assertSome(wanted: AttemptExpectation, handshakes: readonly Handshake[]): void {
  const own = handshakes.filter(
    (h) => endText(h.client) === endText(wanted.client) && endText(h.server) === endText(wanted.server),
  );
  assert.deepEqual(
    own.map((handshake) => foundLine(handshake, wanted)),
    [lineOf(wanted)],
  );
}

function lineOf({ client, server, verdict, missing, words }: AttemptExpectation): string {
  const head = `${endText(client)} > ${endText(server)} ${verdict} missing ${missing}`;
  return [head, ...[...words].map(([name, value]) => `${name} ${value}`)].join(' ');
}

/** The same line as it was found: of the words only those that are asked for. */
function foundLine(handshake: Handshake, wanted: AttemptExpectation | undefined): string {
  const { client, server, verdict, missingLeg } = handshake;
  const head = `${endText(client)} > ${endText(server)} ${verdict} missing ${missingLeg}`;
  const words = [...(wanted?.words ?? [])].map(([name, value]) => `${name} ${foundValue(handshake, name, value)}`);
  return [head, ...words].join(' ');
}

function foundValue(handshake: Handshake, name: string, wanted: string): string {
  const { legs, notes, isn, reset, icmp, vlan, latency } = handshake;
  switch (name) {
    case 'syn':
      return String(legs.syn.count);
    case 'syn-ack':
      return String(legs.synAck.count);
    case 'ack':
      return String(legs.ack.count);
    case 'grades':
      return [legs.syn.grade, legs.synAck.grade, legs.ack.grade].join(',');
    case 'frames':
      return [legs.syn, legs.synAck, legs.ack].map(({ frames }) => frames.join(',')).join('/');
    case 'client-isn':
      return String(isn.client);
    case 'server-isn':
      return String(isn.server);
    case 'reset':
      return reset === null ? 'none' : `${reset.from}${reset.suspect === null ? '' : `:${reset.suspect}`}`;
    case 'icmp':
      return icmp === null ? 'none' : `${icmp.type}/${icmp.code}:${icmp.quotes}`;
    case 'vlan':
      return String(vlan);
    case 'answered-in':
      return String(latency.synToSynAck);
    case 'acked-in':
      return String(latency.synAckToAck);
    case 'notes':
      return notesFound(notes, wanted);
    case 'all-notes':
      return notes.length === 0 ? 'none' : [...notes].sort().join(',');
    case 'without':
      return wanted
        .split(',')
        .filter((note) => !notes.includes(note))
        .join(',');
    default:
      return `(nothing is called ${name})`;
  }
}

/** The wanted ones that are there; when one is not, all that are. */
function notesFound(notes: readonly string[], wanted: string): string {
  return wanted.split(',').every((note) => notes.includes(note)) ? wanted : `only ${notes.join(',')}`;
}

function endText({ address, port }: Pick<End, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function asText(counts: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(counts)
      .map(([name, count]) => [name, String(count)])
      .sort(),
  );
}
