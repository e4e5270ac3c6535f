/**
 * Finished attempts folded into the report's figures, one endpoint at a time; nothing of an attempt is kept. Memory follows the number of endpoints,
 * and is bounded.
 */

import { AddressFigures } from '../diagnosis/address-figures.ts';
import { diagnosesOfEndpoint } from '../diagnosis/diagnose.ts';
import { EndpointShapes } from '../diagnosis/endpoint-shapes.ts';
import { SHAPE, type Shape, shapeOf } from '../diagnosis/shape.ts';
import { MARK } from '../handshake/attempts.ts';
import type { Evidence } from '../handshake/evidence.ts';
import { LEGS, type LegName, type VerdictName } from '../handshake/handshake.ts';
import { addressText, synAckToAckNanos, synToSynAckNanos } from '../handshake/record.ts';
import type { VantageSide } from '../handshake/vantage.ts';
import { MISSING_LEGS, VERDICT, VERDICT_NAMES, type Verdict } from '../handshake/verdict.ts';
import type { AlikeRun } from './alike-run.ts';
import { ChangedOptions } from './changed-options.ts';
import { ClientCount } from './client-count.ts';
import { EndpointTable } from './endpoint-table.ts';
import { LatencySketch } from './latency-sketch.ts';
import type { ServerSummary, Summary } from './report.ts';

/** Endpoints that get a line of their own; a scan over whole networks has millions. */
const ENDPOINTS_LISTED = 50_000;

/** What a client that looks for open ports gets, or makes of what it gets. */
const TURNED_AWAY: ReadonlySet<number> = new Set([
  SHAPE.REFUSED,
  SHAPE.REFUSED_WITH_WINDOW,
  SHAPE.CLIENT_RESET_AT_ONCE,
]);

class EndpointFigures {
  readonly address: string;
  readonly port: number;
  /** Shared by all ports of the address. */
  host: AddressFigures;
  /** Its number in the ClientCount. */
  readonly clients: number;
  attempts = 0;
  synReceived = 0;
  synAckSent = 0;
  ackReceived = 0;
  byVerdict = new Float64Array(VERDICT_NAMES.length);
  shapes = new EndpointShapes();
  changes = new ChangedOptions();
  synToSynAck = new LatencySketch();
  synAckToAck = new LatencySketch();

  constructor(address: string, port: number, host: AddressFigures, clients: number) {
    this.address = address;
    this.port = port;
    this.host = host;
    this.clients = clients;
  }

  copy(host: AddressFigures): EndpointFigures {
    const copy = new EndpointFigures(this.address, this.port, host, this.clients);
    Object.assign(copy, this);
    copy.host = host;
    copy.byVerdict = this.byVerdict.slice();
    copy.shapes = this.shapes.copy();
    copy.changes = this.changes.copy();
    copy.synToSynAck = this.synToSynAck.copy();
    copy.synAckToAck = this.synAckToAck.copy();
    return copy;
  }
}

export class SummaryFold {
  private table: EndpointTable;
  private endpoints: EndpointFigures[] = [];
  /** By address. */
  private hosts = new Map<string, AddressFigures>();
  private clients: ClientCount;
  private byVerdict = new Float64Array(VERDICT_NAMES.length);
  private readonly seed: number;
  private readonly patienceNanos: number;
  private attempts = 0;
  /** Attempts to endpoints beyond `ENDPOINTS_LISTED`: said in the report's warnings. */
  unlistedAttempts = 0;

  constructor(seed: number, patienceNanos: number) {
    this.seed = seed | 0;
    this.patienceNanos = patienceNanos;
    this.table = new EndpointTable(this.seed);
    this.clients = new ClientCount(this.seed);
  }

  add(e: Evidence, verdict: Verdict): void {
    this.attempts += 1;
    this.byVerdict[verdict] = (this.byVerdict[verdict] as number) + 1;
    const number = this.endpointOf(e);
    if (number < 0) {
      this.unlistedAttempts += 1;
      return;
    }
    const endpoint = this.endpoints[number] as EndpointFigures;
    endpoint.attempts += 1;
    endpoint.byVerdict[verdict] = (endpoint.byVerdict[verdict] as number) + 1;
    endpoint.host.add(e);
    endpoint.shapes.add(shapeOf(e, verdict, this.patienceNanos), e, endpoint.host);
    endpoint.changes.add(e);
    countLegs(endpoint, e, verdict, 1);
    endpoint.synToSynAck.add(synToSynAckNanos(e));
    endpoint.synAckToAck.add(synAckToAckNanos(e));
    if (!e.isClientMet) this.clients.meet(endpoint.clients, e);
  }

  /** Attempts that followed one which was added, and are like it. */
  addAlike(run: AlikeRun): void {
    const { like, verdict, attempts } = run;
    this.attempts += attempts;
    this.byVerdict[verdict] = (this.byVerdict[verdict] as number) + attempts;
    const number = this.endpointOf(like);
    if (number < 0) {
      this.unlistedAttempts += attempts;
      return;
    }
    const endpoint = this.endpoints[number] as EndpointFigures;
    endpoint.attempts += attempts;
    endpoint.byVerdict[verdict] = (endpoint.byVerdict[verdict] as number) + attempts;
    endpoint.shapes.addAlike(shapeOf(like, verdict, this.patienceNanos), run);
    countLegs(endpoint, like, verdict, attempts);
  }

  /** An attempt begins that will be added when it is finished. Its client is counted now, and not when somebody waits for the report. Answers whether it is: `isClientMet` then. */
  meetClient(e: Evidence): boolean {
    const { clients } = this;
    const number = clients.endpoints < ENDPOINTS_LISTED ? clients.numberOf(e) : clients.find(e);
    if (number >= 0) clients.meet(number, e);
    return number >= 0;
  }

  /** So many attempts are about to be added whose clients were not met. */
  expect(attempts: number): void {
    this.clients.expect(attempts);
  }

  /** Clients came in such numbers that those of endpoints are lower bounds: said in the report's warnings. */
  get uncountedClients(): boolean {
    return this.clients.isShort;
  }

  /** The shape of an attempt, as what was added so far of its endpoint and address lets it appear. */
  shapeOf(e: Evidence, verdict: Verdict): Shape {
    const shape = shapeOf(e, verdict, this.patienceNanos);
    if (shape === SHAPE.NONE) return shape;
    const number = this.table.find(e.server0, e.server1, e.server2, e.server3, e.serverPort);
    const endpoint = this.endpoints[number];
    return endpoint === undefined ? shape : endpoint.shapes.inContext(shape, e, endpoint.host);
  }

  /** A handshake is complete whose attempt is not finished, and will be added then: what it tells of others is known from now on. */
  noteComplete(e: Evidence): void {
    const number = this.endpointOf(e);
    if (number >= 0) (this.endpoints[number] as EndpointFigures).shapes.noteTaken(e);
  }

  /** For a look at the figures while more attempts come: what is added to the copy is not in the original, but for its clients, which will be added to that as well. */
  copy(): SummaryFold {
    const copy = new SummaryFold(this.seed, this.patienceNanos);
    Object.assign(copy, this);
    copy.table = this.table.copy();
    copy.hosts = new Map([...this.hosts].map(([address, host]) => [address, host.copy()]));
    copy.endpoints = this.endpoints.map((endpoint) =>
      endpoint.copy(copy.hosts.get(endpoint.address) ?? endpoint.host.copy()),
    );
    copy.byVerdict = this.byVerdict.slice();
    return copy;
  }

  summary(): Summary {
    return {
      attempts: this.attempts,
      complete: this.byVerdict[VERDICT.COMPLETE] as number,
      byVerdict: verdictCounts(this.byVerdict),
      byMissingLeg: { syn: 0, 'syn-ack': 0, ack: 0, ...legCounts(this.byVerdict) },
    };
  }

  /**
   * Most failed attempts first, then most attempts, then by address.
   * @param side where the capture was taken
   * @param moment a time of the capture (nanoseconds since the base) as text
   */
  servers(side: VantageSide, moment: (nanos: number) => string): ServerSummary[] {
    const order = (a: EndpointFigures, b: EndpointFigures): number =>
      failed(b) - failed(a) || b.attempts - a.attempts || compareText(a.address, b.address) || a.port - b.port;
    const portsOf = this.turnedAway();
    return [...this.endpoints].sort(order).map(
      (endpoint): ServerSummary => ({
        address: endpoint.address,
        port: endpoint.port,
        clients: this.clients.at(endpoint.clients),
        attempts: endpoint.attempts,
        synReceived: endpoint.synReceived,
        synAckSent: endpoint.synAckSent,
        ackReceived: endpoint.ackReceived,
        missingLeg: mostMissing(endpoint.byVerdict),
        byVerdict: verdictCounts(endpoint.byVerdict),
        latency: {
          synToSynAck: endpoint.synToSynAck.distribution(),
          synAckToAck: endpoint.synAckToAck.distribution(),
        },
        asked: false,
        findings: endpoint.changes.findings,
        diagnoses: diagnosesOfEndpoint(
          endpoint.shapes,
          {
            complete: endpoint.byVerdict[VERDICT.COMPLETE] as number,
            clients: this.clients.at(endpoint.clients),
            host: endpoint.host,
            portsOf,
          },
          side,
          moment,
        ),
      }),
    );
  }

  /** On how many ports a client was turned away. */
  private turnedAway(): (client: number) => number {
    const ports = new Map<number, number>();
    for (const { shapes } of this.endpoints) {
      for (const { shape, client, several } of shapes.counts) {
        if (!several && TURNED_AWAY.has(shape)) ports.set(client, (ports.get(client) ?? 0) + 1);
      }
    }
    return (client) => ports.get(client) ?? 0;
  }

  private endpointOf(e: Evidence): number {
    const found = this.table.find(e.server0, e.server1, e.server2, e.server3, e.serverPort);
    if (found >= 0 || this.table.size >= ENDPOINTS_LISTED) return found;
    const address = addressText(e.server0, e.server1, e.server2, e.server3);
    const host = this.hosts.get(address) ?? new AddressFigures();
    this.hosts.set(address, host);
    this.endpoints.push(new EndpointFigures(address, e.serverPort, host, this.clients.numberOf(e)));
    return this.table.add(e.server0, e.server1, e.server2, e.server3, e.serverPort);
  }
}

function countLegs(endpoint: EndpointFigures, e: Evidence, verdict: Verdict, attempts: number): void {
  const took = (e.marks & MARK.TOOK) !== 0;
  const third = e.ackCount > 0 || took;
  if (e.synCount > 0 || verdict !== VERDICT.NO_SYN) endpoint.synReceived += attempts;
  // A client that refused a SYN-ACK of other numbers had that one.
  const answered = e.synAckCount > 0 || verdict === VERDICT.CLIENT_RESET;
  if (answered || third || (e.marks & MARK.SERVER_ACKED) !== 0) endpoint.synAckSent += attempts;
  if (third) endpoint.ackReceived += attempts;
}

function failed(endpoint: EndpointFigures): number {
  return (
    endpoint.attempts -
    (endpoint.byVerdict[VERDICT.COMPLETE] as number) -
    (endpoint.byVerdict[VERDICT.UNDECIDED] as number)
  );
}

function verdictCounts(counts: Float64Array): Partial<Record<VerdictName, number>> {
  const named: Partial<Record<VerdictName, number>> = {};
  for (const [verdict, name] of VERDICT_NAMES.entries()) {
    const count = counts[verdict] as number;
    if (count > 0) named[name] = count;
  }
  return named;
}

function legCounts(counts: Float64Array): Partial<Record<LegName, number>> {
  const named: Partial<Record<LegName, number>> = {};
  for (const [verdict, leg] of MISSING_LEGS.entries()) {
    const count = counts[verdict] as number;
    if (leg !== null && count > 0) named[leg] = (named[leg] ?? 0) + count;
  }
  return named;
}

/** The leg that most failed attempts lack; of two with equal counts the earlier one. */
function mostMissing(counts: Float64Array): LegName | null {
  const missing = legCounts(counts);
  let most: LegName | null = null;
  for (const leg of LEGS) if ((missing[leg] ?? 0) > (most === null ? 0 : (missing[most] ?? 0))) most = leg;
  return most;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
