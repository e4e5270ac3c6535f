/**
 * Endpoints that were asked for with `--port` or `--server` are marked, and one that saw no SYN at all is itself a finding: it gets a line, with
 * what shows that the capture was alive.
 */
import { formatAddress } from '../bytes/address.ts';
import type { ServerFilter } from './attempt-filter.ts';
import type { CaptureSummary, ServerSummary } from './report.ts';

/**
 * @param servers the endpoints that had attempts and pass the filter.
 * @param isNarrowed whether clients or a time were asked for as well: other SYNs may have come
 */
export function askedEndpoints(
  servers: readonly ServerSummary[],
  capture: CaptureSummary,
  ports: readonly number[],
  filters: readonly ServerFilter[],
  isNarrowed: boolean,
): ServerSummary[] {
  if (ports.length === 0 && filters.length === 0) return [...servers];
  const seen = servers.map((server) => ({ ...server, asked: true }));
  const unseen = unseenTargets(servers, ports, filters).map(([address, port]) =>
    withoutSyn(address, port, proofOfLife(capture, servers, isNarrowed)),
  );
  return [...unseen, ...seen];
}

/** Address and port of what was asked for and has no attempt. "*" stands for any address, port 0 for any port. */
function unseenTargets(
  servers: readonly ServerSummary[],
  ports: readonly number[],
  filters: readonly ServerFilter[],
): [string, number][] {
  if (filters.length === 0) {
    return ports.filter((port) => !servers.some((server) => server.port === port)).map((port) => ['*', port]);
  }
  const targets: [string, number][] = [];
  for (const filter of filters) {
    const wanted = filter.port !== null ? [filter.port] : ports.length > 0 ? ports : [0];
    for (const port of wanted) {
      const address = rangeText(filter);
      const isSeen = servers.some((server) => covers(filter, address, server) && (port === 0 || server.port === port));
      if (!isSeen) targets.push([address, port]);
    }
  }
  return targets;
}

/** Every listed server passed some filter; with a single address it is the one that has this address. */
function covers(filter: ServerFilter, address: string, server: ServerSummary): boolean {
  return filter.range.prefixLength < 128 || server.address === address;
}

function rangeText({ range }: ServerFilter): string {
  const [w0, w1, w2, w3] = range.words;
  const address = formatAddress(w0, w1, w2, w3, range.family);
  const prefix = range.family === 4 ? range.prefixLength - 96 : range.prefixLength;
  return range.prefixLength === 128 ? address : `${address}/${prefix}`;
}

function withoutSyn(address: string, port: number, findings: readonly string[]): ServerSummary {
  return {
    address,
    port,
    clients: 0,
    attempts: 0,
    synReceived: 0,
    synAckSent: 0,
    ackReceived: 0,
    missingLeg: 'syn',
    byVerdict: {},
    latency: { synToSynAck: {}, synAckToAck: {} },
    asked: true,
    findings,
    diagnoses: [],
  };
}

function proofOfLife(capture: CaptureSummary, servers: readonly ServerSummary[], isNarrowed: boolean): string[] {
  const packets = capture.sources.reduce((total, source) => total + source.packets, 0);
  if (packets === 0) return ['No SYN, and nothing shows that the capture was alive: it holds no packet at all.'];
  const others = servers.reduce((total, server) => total + server.attempts, 0);
  const what = isNarrowed ? 'No SYN of the clients and the time that were asked for,' : 'No SYN';
  const alive = `${what} in a capture that was alive: it holds ${packets} packets, ${capture.tcpSegments} of them TCP${others > 0 ? `, and ${others} attempts to other servers that were asked for` : ''}.`;
  const leftOut = capture.leftOut ?? 0;
  const besides =
    leftOut === 0
      ? []
      : [
          `It has ${leftOut} ${leftOut === 1 ? 'attempt' : 'attempts'} that ${leftOut === 1 ? 'was' : 'were'} not asked for.`,
        ];
  const lost = (capture.lost.kernel ?? 0) + (capture.lost.interface ?? 0);
  if (lost > 0) return [alive, ...besides, `But the capture lost ${lost} packets: the SYN can be among them.`];
  const said = capture.lost.kernel !== null || capture.lost.interface !== null;
  return [alive, ...besides, said ? 'It reports no lost packets.' : 'It does not say whether it lost packets.'];
}
