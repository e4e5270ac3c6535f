/** `tripod live`: each verdict as soon as it is known. */
import type { Command } from '../command.ts';
import {
  CHECK_OPTIONS,
  CLOCK_OPTION,
  END_OPTIONS,
  ENDPOINT_OPTIONS,
  FORMAT_OPTION,
  HOST_OPTIONS,
  JUDGING_OPTIONS,
  LIVE_LIST_OPTIONS,
  LIVE_OPTIONS,
  NAMESPACE_OPTIONS,
  OUTPUT_OPTIONS,
  WRITE_OPTIONS,
} from '../options.ts';

const { port, server, client } = ENDPOINT_OPTIONS;
const { out, color, width, progress } = OUTPUT_OPTIONS;

export const LIVE: Command = {
  name: 'live',
  usage: 'live [source]',
  describe: 'Say it as it happens: which leg of which handshake with this host is missing',
  positionals: {
    source: { describe: '- for a capture on standard input, as it comes; without it, interfaces of this host' },
  },
  options: {
    ...LIVE_OPTIONS,
    ...NAMESPACE_OPTIONS,
    port,
    server,
    client,
    ...LIVE_LIST_OPTIONS,
    ...JUDGING_OPTIONS,
    ...CLOCK_OPTION,
    ...HOST_OPTIONS,
    ...WRITE_OPTIONS,
    ...END_OPTIONS,
    ...FORMAT_OPTION,
    out,
    color,
    width,
    progress: { ...progress, describe: 'A line on standard error that says how matters stand; --no-progress for none' },
    ...CHECK_OPTIONS,
  },
  examples: [
    ['sudo tripod live --port 443', 'all interfaces; a line for each handshake that lacks a leg'],
    ['sudo tripod live -i eth0 --port 443 --all', 'one interface; complete handshakes, too'],
    ['sudo tripod live --port 443 --until-missing', 'wait for the fault'],
    ["ssh host 'tcpdump -U --immediate-mode -w - tcp port 443 or icmp' | tripod live -", 'packets of another host'],
    ['sudo tripod live --port 443 --write ring.pcapng --rotate-size 100 --rotate-files 10', 'keep the last 1 GB'],
    ['tripod live --follow growing.pcap --format ndjson', 'a growing file; one JSON record a line'],
  ],
  async run(given, context) {
    const [{ resolveLive }, { runLive }] = await Promise.all([import('../resolve-live.ts'), import('../run-live.ts')]);
    return runLive(resolveLive(given, context), context);
  },
};
