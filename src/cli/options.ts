/** Groups of options that commands share, as plain data to spread. */
import { DEFAULT_MAX_OPEN, DEFAULT_PATIENCE_SECONDS } from '../defaults.ts';
import { LEGS, VERDICTS } from '../handshake/handshake.ts';
import { SORT_KEYS } from '../report/record-list.ts';
import type { OptionSpecs } from './command.ts';

export const FORMATS = ['table', 'json', 'ndjson', 'csv'] as const;
/** "any" stands for every leg. */
export const MISSING_CHOICES = ['any', ...LEGS] as const;
export const SHELLS = ['bash', 'zsh'] as const;
export const DOCTOR_FORMATS = ['table', 'json'] as const;
export const DEVICES_FORMATS = ['table', 'json'] as const;
export const SHOW_FORMATS = ['ladder', 'json'] as const;

const ENDPOINTS = 'Which attempts are judged:';
const LIST = 'Which of them are listed:';
const JUDGING = 'How they are judged:';
const OUTPUT = 'Output:';

export const ENDPOINT_OPTIONS = {
  port: { kind: 'list', group: ENDPOINTS, describe: 'Server ports: 443, or 80,8000-8010' },
  server: { kind: 'list', group: ENDPOINTS, describe: 'Servers: ADDRESS[/PREFIX][:PORT], [IPV6]:PORT' },
  client: { kind: 'list', group: ENDPOINTS, describe: 'Clients: ADDRESS[/PREFIX]' },
  since: {
    kind: 'value',
    group: ENDPOINTS,
    describe: 'Begun at or after: ISO 8601 (UTC unless it names a zone), epoch seconds, or +10s after the first packet',
  },
  until: { kind: 'value', group: ENDPOINTS, describe: 'Begun before: like --since' },
} as const satisfies OptionSpecs;

export const LIST_OPTIONS = {
  verdict: { kind: 'list', group: LIST, describe: 'These verdicts', choices: VERDICTS },
  missing: {
    kind: 'list',
    group: LIST,
    describe: 'Those that lack a leg, or this one',
    choices: MISSING_CHOICES,
    implied: 'any',
  },
  limit: { kind: 'value', group: LIST, describe: 'At most this many (table: rows of each part)' },
  sort: {
    kind: 'value',
    group: LIST,
    describe: 'In this order (table: attempts one by one, the first 20 unless --limit)',
    choices: SORT_KEYS,
  },
  early: {
    kind: 'flag',
    group: LIST,
    describe: 'json, ndjson, csv: each as soon as it can be told, again with revision + 1 when later packets amend it',
  },
} as const satisfies OptionSpecs;

export const JUDGING_OPTIONS = {
  patience: {
    kind: 'value',
    group: JUDGING,
    describe: 'How long the capture must go on before an answer counts as missing: 3, 3s, 500ms',
    default: `${DEFAULT_PATIENCE_SECONDS}s`,
  },
  'max-open': {
    kind: 'value',
    group: JUDGING,
    describe:
      'Most attempts that are open at a time (600 octets each). Beyond it go first: those that are over, those silent for long, the oldest SYNs without answer; handshakes that go on go last',
    default: String(DEFAULT_MAX_OPEN),
  },
} as const satisfies OptionSpecs;

export const READING_OPTIONS = {
  jobs: {
    kind: 'value',
    group: OUTPUT,
    describe:
      'Threads that work on a large capture: one tracks, the others read and decode. As many as help unless told',
  },
} as const satisfies OptionSpecs;

export const CHECK_OPTIONS = {
  check: { kind: 'flag', group: OUTPUT, describe: 'Exit with 1 when a leg is missing' },
} as const satisfies OptionSpecs;

export const OUTPUT_OPTIONS = {
  out: { kind: 'value', group: OUTPUT, describe: 'Write to this file instead of standard output', path: true },
  color: {
    kind: 'flag',
    group: OUTPUT,
    describe: 'Colour, also into a pipe; --no-color for none (also: NO_COLOR, FORCE_COLOR)',
    aliases: ['colour'],
  },
  width: { kind: 'value', group: OUTPUT, describe: 'Columns of text output; the terminal’s, or 80, unless told' },
  progress: { kind: 'flag', group: OUTPUT, describe: 'A bar on standard error for long files; --no-progress for none' },
} as const satisfies OptionSpecs;

export const FORMAT_OPTION = {
  format: { kind: 'value', group: OUTPUT, describe: 'How results are written', choices: FORMATS, default: 'table' },
} as const satisfies OptionSpecs;

export const SHOW_FORMAT_OPTION = {
  format: {
    kind: 'value',
    group: OUTPUT,
    describe: 'How the attempt is written',
    choices: SHOW_FORMATS,
    default: 'ladder',
  },
} as const satisfies OptionSpecs;

const CAPTURE = 'What is captured:';
const END = 'When it ends:';

const KEEPING = 'What is kept:';

/** What time goes on with while a pipe brings nothing. */
export const CLOCKS = ['packets', 'system'] as const;

export const NAMESPACE_OPTIONS = {
  netns: {
    kind: 'value',
    group: CAPTURE,
    describe: 'In this network namespace of ip netns, or that of a file such as /run/docker/netns/ID',
  },
  pid: { kind: 'value', group: CAPTURE, describe: 'In the network namespace of this process: of a container' },
} as const satisfies OptionSpecs;

export const DEVICES_OPTIONS = {
  format: {
    kind: 'value',
    group: OUTPUT,
    describe: 'How results are written',
    choices: DEVICES_FORMATS,
    default: 'table',
  },
} as const satisfies OptionSpecs;

export const ENGINES = ['libpcap', 'cap'] as const;
export const DIRECTIONS = ['in', 'out', 'inout'] as const;

export const LIVE_OPTIONS = {
  interface: {
    kind: 'list',
    group: CAPTURE,
    describe: 'Interfaces of this host, or any; several are one capture',
    default: 'any',
    aliases: ['i'],
  },
  follow: { kind: 'value', group: CAPTURE, describe: 'Read this growing file instead, as tail -F does', path: true },
  filter: {
    kind: 'value',
    group: CAPTURE,
    describe: "Only packets that match, too: an expression of pcap-filter, 'host 10.0.0.1'",
  },
  engine: {
    kind: 'value',
    group: CAPTURE,
    describe: 'What captures; libpcap, and cap where libpcap can’t be called. cap loses packets without a word',
    choices: ENGINES,
  },
  snaplen: { kind: 'value', group: CAPTURE, describe: 'Octets of each packet that are kept', default: '256' },
  buffer: { kind: 'value', group: CAPTURE, describe: 'MiB of the kernel’s buffer', default: '32' },
  promiscuous: { kind: 'flag', group: CAPTURE, describe: 'Packets to other machines, too' },
  timeout: {
    kind: 'value',
    group: CAPTURE,
    describe: 'Milliseconds that the kernel gathers packets before it hands them over',
    default: '10',
  },
  direction: {
    kind: 'value',
    group: CAPTURE,
    describe: 'Only packets that come in, or go out',
    choices: DIRECTIONS,
    default: 'inout',
  },
  user: {
    kind: 'value',
    group: CAPTURE,
    describe: 'Who to become once the capture is open; the caller of sudo unless told',
  },
} as const satisfies OptionSpecs;

export const HOST_OPTIONS = {
  host: {
    kind: 'flag',
    group: JUDGING,
    describe: "What this host's own facts say of the cause; --no-host for the packets alone",
  },
  trace: {
    kind: 'flag',
    group: JUDGING,
    describe: 'Ask the kernel why it drops packets (as root); --no-trace leaves it',
  },
} as const satisfies OptionSpecs;

export const WRITE_OPTIONS = {
  write: {
    kind: 'value',
    group: KEEPING,
    describe: 'Keep the packets in this file, as pcapng, with each verdict as a comment and the drops of the kernel',
    path: true,
  },
  'write-missing': {
    kind: 'value',
    group: KEEPING,
    describe: 'Keep only the packets of handshakes that lack a leg',
    path: true,
  },
  'rotate-size': { kind: 'value', group: KEEPING, describe: 'Begin a new file after this size: 100MB, 1GB' },
  'rotate-seconds': { kind: 'value', group: KEEPING, describe: 'Begin a new file after this time: 600, 10m, 1h' },
  'rotate-files': { kind: 'value', group: KEEPING, describe: 'Keep so many files, and delete the oldest' },
} as const satisfies OptionSpecs;

export const CLOCK_OPTION = {
  clock: {
    kind: 'value',
    group: JUDGING,
    describe:
      'For - and --follow, while nothing comes: packets (time waits for the next one) or system (silence counts; only where every packet comes at once, as with tcpdump -U)',
    choices: CLOCKS,
    default: 'packets',
  },
} as const satisfies OptionSpecs;

export const LIVE_LIST_OPTIONS = {
  all: { kind: 'flag', group: LIST, describe: 'Complete handshakes, too; without it they are counted' },
  verdict: LIST_OPTIONS.verdict,
  missing: LIST_OPTIONS.missing,
} as const satisfies OptionSpecs;

export const END_OPTIONS = {
  duration: { kind: 'value', group: END, describe: 'After this time: 30, 30s, 10m, 2h' },
  count: { kind: 'value', group: END, describe: 'After this many packets' },
  'until-missing': { kind: 'flag', group: END, describe: 'At the first verdict with a missing leg' },
} as const satisfies OptionSpecs;

const CHECKUP = 'How the port is looked at:';

export const DOCTOR_OPTIONS = {
  duration: {
    kind: 'value',
    group: CHECKUP,
    describe: 'How long packets are watched while somebody tries to connect',
    default: '15s',
  },
  probe: {
    kind: 'flag',
    group: CHECKUP,
    describe: 'Connect to the port itself, again and again, while packets are watched',
  },
  trace: { ...HOST_OPTIONS.trace, group: CHECKUP },
  watch: {
    kind: 'flag',
    group: CHECKUP,
    describe: 'Begin anew until a fault shows itself, then keep packets, facts and verdict in a folder (see --keep)',
  },
  keep: {
    kind: 'value',
    group: CHECKUP,
    describe: 'Keep packets, facts and verdict in this new folder; --watch makes one named after port and time',
    path: true,
  },
  format: {
    kind: 'value',
    group: OUTPUT,
    describe: 'How results are written',
    choices: DOCTOR_FORMATS,
    default: 'table',
  },
} as const satisfies OptionSpecs;
