/**
 * The attempts that the table report shows: collected in bounded memory while they come, printed when the report is there. Attempts with the same server,
 * verdict and network make one group, of which the count, the span, and the first few attempts are kept.
 */
import { utcMoment } from '../../bytes/time.ts';
import type { Handshake, Leg, LegName, OptionChange, VerdictName } from '../../handshake/handshake.ts';
import { VERDICTS } from '../../handshake/handshake.ts';
import type { Together } from '../crowd.ts';
import { printable } from '../escape.ts';
import { differenceWords } from '../option-words.ts';
import type { Page } from './page.ts';
import { count, counted, duration, endpoint, listed, padEnd, secondsBetween } from './text.ts';
import { GRADE_WORDS, LEG_ROWS, LEG_WORDS, VERDICT_WORDS } from './words.ts';

/** Groups that are kept; beyond them attempts are counted by verdict. */
const MOST_GROUPS = 1000;
/** Attempts of a group that are kept whole. */
const EXAMPLES = 3;
/** Attempts of a group that are named by number. */
const IDS = 8;
/** Client addresses of a group that are told apart. */
const MOST_CLIENTS = 1000;
/** Groups that are printed when no limit was given. */
const GROUPS_SHOWN = 10;
/** More ports of one address than this, with one verdict, are one line: somebody scanned them. */
const PORTS_APART = 3;

interface Group {
  readonly address: string;
  readonly verdict: VerdictName;
  readonly ports: Set<number>;
  readonly clients: Set<string>;
  readonly examples: Handshake[];
  readonly ids: number[];
  attempts: number;
  /** Some of its attempts were counted alone: not all of its clients are known. */
  isCrowd: boolean;
  first: string | null;
  last: string | null;
}

export class Attempts {
  private readonly groups = new Map<string, Group>();
  /** Attempts beyond the last group that has room, by verdict. */
  private readonly overflow = new Map<VerdictName, number>();

  add(handshake: Handshake): void {
    const group = this.groupOf(handshake);
    if (group === null) this.overflow.set(handshake.verdict, (this.overflow.get(handshake.verdict) ?? 0) + 1);
    else admit(group, handshake);
  }

  /** Attempts like one that was added. */
  addTogether({ sample, attempts, first, last }: Together): void {
    const group = this.groupOf(sample);
    if (group === null) {
      this.overflow.set(sample.verdict, (this.overflow.get(sample.verdict) ?? 0) + attempts);
      return;
    }
    group.attempts += attempts;
    group.isCrowd = true;
    stretch(group, first);
    stretch(group, last);
  }

  private groupOf(handshake: Handshake): Group | null {
    const key = `${handshake.server.address} ${handshake.server.port} ${handshake.verdict} ${network(handshake)}`;
    let group = this.groups.get(key);
    if (group === undefined) {
      if (this.groups.size >= MOST_GROUPS) return null;
      group = emptyGroup(handshake);
      this.groups.set(key, group);
    }
    return group;
  }

  copy(): Attempts {
    const copy = new Attempts();
    for (const [key, group] of this.groups) {
      copy.groups.set(key, {
        ...group,
        ports: new Set(group.ports),
        clients: new Set(group.clients),
        examples: [...group.examples],
        ids: [...group.ids],
      });
    }
    for (const [verdict, attempts] of this.overflow) copy.overflow.set(verdict, attempts);
    return copy;
  }

  print(page: Page, limit: number | null): void {
    const groups = [...merged(this.groups.values())].sort((a, b) => b.attempts - a.attempts);
    const overflow = [...this.overflow].map(([verdict, attempts]) => ({ verdict, attempts }));
    let room = limit ?? GROUPS_SHOWN;
    for (const section of SECTIONS) {
      const wanted = groups.filter((group) => section.holds(group.verdict));
      const shown = wanted.slice(0, Math.max(1, room));
      const hidden = [...wanted.slice(shown.length), ...overflow.filter((rest) => section.holds(rest.verdict))];
      if (shown.length === 0 && hidden.length === 0) continue;
      room -= shown.length;
      page.heading(section.title);
      page.add(
        page.colours.dim(
          `times in UTC${page.today === '' ? '' : `, ${page.today}`}; tripod show FILE NUMBER draws one as a ladder`,
        ),
      );
      for (const group of shown) printGroup(page, group);
      if (hidden.length > 0) {
        page.blank();
        const attempts = hidden.reduce((sum, group) => sum + group.attempts, 0);
        page.add(
          `... and ${counted(attempts, 'more attempt')} like these at other endpoints (--limit, --port and --server choose; --format ndjson lists every one).`,
        );
      }
    }
  }
}

const SECTIONS: readonly { readonly title: string; readonly holds: (verdict: VerdictName) => boolean }[] = [
  { title: 'Attempts with a missing leg', holds: (verdict) => VERDICT_WORDS[verdict].missing !== null },
  { title: "Undecided attempts: the capture can't tell", holds: (verdict) => verdict === 'undecided' },
  { title: 'Complete attempts', holds: (verdict) => verdict === 'complete' },
];

function emptyGroup(handshake: Handshake): Group {
  return {
    address: handshake.server.address,
    verdict: handshake.verdict,
    ports: new Set(),
    clients: new Set(),
    examples: [],
    ids: [],
    attempts: 0,
    isCrowd: false,
    first: null,
    last: null,
  };
}

function admit(group: Group, handshake: Handshake): void {
  group.attempts += 1;
  group.ports.add(handshake.server.port);
  if (group.clients.size < MOST_CLIENTS) group.clients.add(handshake.client.address);
  if (group.examples.length < EXAMPLES) group.examples.push(handshake);
  if (group.ids.length < IDS) group.ids.push(handshake.id);
  const began = beginning(handshake);
  if (began !== null) stretch(group, began);
}

/** One of the group began at this time. */
function stretch(group: Group, began: string): void {
  if (group.first === null || secondsBetween(began, group.first) > 0) group.first = began;
  if (group.last === null || secondsBetween(group.last, began) > 0) group.last = began;
}

/** Ports of one address that share a verdict become one group when they are many. */
function merged(groups: Iterable<Group>): Group[] {
  const byAddress = new Map<string, Group[]>();
  for (const group of groups) {
    const key = `${group.address} ${group.verdict}`;
    const others = byAddress.get(key);
    if (others === undefined) byAddress.set(key, [group]);
    else others.push(group);
  }
  return [...byAddress.values()].flatMap((same) => (same.length > PORTS_APART ? [union(same)] : same));
}

function union(groups: readonly Group[]): Group {
  const clients = new Set(groups.flatMap((group) => [...group.clients]).slice(0, MOST_CLIENTS));
  const firsts = groups.flatMap((group) => group.first ?? []);
  const lasts = groups.flatMap((group) => group.last ?? []);
  return {
    address: groups[0]?.address ?? '',
    verdict: groups[0]?.verdict ?? VERDICTS[0],
    ports: new Set(groups.flatMap((group) => [...group.ports])),
    clients,
    examples: groups.slice(0, EXAMPLES).flatMap((group) => group.examples[0] ?? []),
    ids: groups
      .flatMap((group) => group.ids)
      .sort((a, b) => a - b)
      .slice(0, IDS),
    attempts: groups.reduce((sum, group) => sum + group.attempts, 0),
    isCrowd: groups.some(({ isCrowd }) => isCrowd),
    first: firsts.reduce<string | null>(
      (best, time) => (best !== null && secondsBetween(best, time) > 0 ? best : time),
      null,
    ),
    last: lasts.reduce<string | null>(
      (best, time) => (best !== null && secondsBetween(time, best) > 0 ? best : time),
      null,
    ),
  };
}

/** The time of the first segment of an attempt that the capture has. */
function beginning(handshake: Handshake): string | null {
  const { syn, synAck, ack } = handshake.legs;
  return syn.first ?? synAck.first ?? ack.first;
}

/** "vlan 12, vxlan 5 10.0.0.1 - 10.0.0.2"; "" for plain traffic. */
export function network(handshake: Handshake): string {
  const vlans = handshake.vlans ?? (handshake.vlan === null ? [] : [handshake.vlan]);
  const { tunnel } = handshake;
  const inside =
    tunnel === null
      ? []
      : [`${tunnel.kind}${tunnel.id === null ? '' : ` ${tunnel.id}`} ${tunnel.outer.map(printable).join(' - ')}`];
  return [...vlans.map((vlan) => `vlan ${vlan}`), ...inside].join(', ');
}

function printGroup(page: Page, group: Group): void {
  const { colours } = page;
  const [port] = group.ports;
  const where =
    group.ports.size === 1 ? endpoint({ address: group.address, port: port ?? 0 }) : printable(group.address);
  page.blank();
  page.add(
    `${colours.bold(where)}  ${tint(page, group.verdict, group.verdict)}: ${VERDICT_WORDS[group.verdict].phrase}`,
  );
  const alone = group.attempts === 1 ? group.examples[0] : undefined;
  if (alone !== undefined) {
    printAttempt(page, alone);
    return;
  }
  page.add(facts(page, group), '  ');
  // Two are shown whole; of more the first is, and stands for the others.
  for (const example of group.examples.slice(0, group.attempts <= 2 ? 2 : 1)) printAttempt(page, example);
}

function facts(page: Page, group: Group): string {
  const more = group.isCrowd || group.clients.size >= MOST_CLIENTS ? ' or more' : '';
  const parts = [`${counted(group.attempts, 'attempt')} from ${counted(group.clients.size, 'client')}${more}`];
  if (group.ports.size > 1) parts.push(`to ${counted(group.ports.size, 'port')} (${portRanges(group.ports)})`);
  if (group.first !== null && group.last !== null) {
    const span = secondsBetween(group.first, group.last);
    parts.push(
      span > 0
        ? `first at ${utcMoment(group.first, page.today)}, last ${duration(span)} later`
        : `at ${utcMoment(group.first, page.today)}`,
    );
  }
  parts.push(`numbers ${listed(group.ids, group.attempts, IDS)}`);
  return parts.join(', ');
}

/** "1-1024, 8080 and more". */
function portRanges(ports: ReadonlySet<number>): string {
  const sorted = [...ports].sort((a, b) => a - b);
  const ranges: string[] = [];
  for (let at = 0; at < sorted.length; ) {
    let to = at;
    while (sorted[to + 1] === (sorted[to] ?? 0) + 1) to += 1;
    ranges.push(to === at ? `${sorted[at]}` : `${sorted[at]}-${sorted[to]}`);
    at = to + 1;
  }
  const shown = ranges.slice(0, 6);
  return `${shown.join(', ')}${ranges.length > shown.length ? ' and more' : ''}`;
}

export function tint(page: Page, verdict: VerdictName, text: string): string {
  if (verdict === 'complete') return page.colours.green(text);
  return verdict === 'undecided' ? page.colours.yellow(text) : page.colours.red(text);
}

const LABEL = '    SYN-ACK  ';

/** One attempt: who and when, each leg with its times as gaps from the first segment and its packet numbers, then the reason. */
function printAttempt(page: Page, handshake: Handshake): void {
  const began = beginning(handshake);
  const at = began === null ? '' : ` at ${utcMoment(began, page.today)}`;
  const around = network(handshake);
  page.add(
    `${page.colours.bold(`#${handshake.id}`)} ${endpoint(handshake.client)} > ${endpoint(handshake.server)}${at}${around === '' ? '' : ` (${around})`}`,
    '  ',
  );
  for (const row of LEG_ROWS) {
    const missing = handshake.missingLeg === row.name;
    const lead = padEnd(`    ${row.label}`, LABEL.length);
    page.add(legText(page, handshake.legs[row.key], row.name, began, missing), missing ? page.colours.red(lead) : lead);
  }
  const { reset, icmp } = handshake;
  if (reset !== null) {
    const gap = began === null ? '' : `+${duration(secondsBetween(began, reset.time))}`;
    const suspect =
      reset.suspect === null ? '' : `, its TTL ${reset.ttl} does not fit the ${reset.from}: a ${reset.suspect}?`;
    page.add(
      `${gap} from the ${reset.from}, ttl ${reset.ttl}, frame ${reset.frame}${suspect}`,
      padEnd('    RST', LABEL.length),
    );
  }
  if (icmp !== null) {
    page.add(
      `${printable(icmp.meaning)} (type ${icmp.type} code ${icmp.code}) from ${printable(icmp.from)}, frame ${icmp.frame}`,
      padEnd('    ICMP', LABEL.length),
    );
  }
  page.add(printable(handshake.reason), '    ');
  for (const change of handshake.optionChanges ?? []) {
    page.add(`${LEG_WORDS[change.leg]} ${changedText(change, page.files)}: ${differenceWords(change)}`, '    ');
  }
  if (handshake.notes.length > 0) page.add(`notes: ${handshake.notes.map(printable).join(', ')}`, '    ');
  if (handshake.diagnoses.length > 0) {
    const causes = handshake.diagnoses.map(({ cause, confidence }) => `${printable(cause)} (${confidence})`);
    const more = causes.length - CAUSES_NAMED;
    page.add(`${causes.slice(0, CAUSES_NAMED).join(', ')}${more > 0 ? `, or ${more} more` : ''}`, '    why: ');
  }
}

/** Causes of one attempt that are named: those of its server are listed with what settles each. */
const CAUSES_NAMED = 3;

function legText(page: Page, leg: Leg, name: LegName, began: string | null, missing: boolean): string {
  if (leg.count === 0 || leg.first === null) {
    if (leg.grade === 'inferred') return page.colours.yellow(GRADE_WORDS.inferred);
    return missing ? page.colours.red('missing') : GRADE_WORDS['not-seen'];
  }
  const grade =
    leg.grade === 'ignored'
      ? ` - ${page.colours.red(`the ${name === 'syn-ack' ? 'client' : 'server'} took no notice`)}`
      : '';
  return `${gaps(leg, began ?? leg.first)}  ${framesText(leg, page.files, IDS)}${grade}`;
}

/** "in frame 1, and again in frame 2": of several files with their names. */
export function changedText({ frames, files }: OptionChange, names: readonly string[]): string {
  const of = (index: 0 | 1): string => {
    const file = files === undefined ? undefined : names[files[index]];
    return `frame ${frames[index]}${file === undefined ? '' : ` of ${baseName(file)}`}`;
  };
  return `in ${of(0)}, and again in ${of(1)}`;
}

function baseName(file: string): string {
  return printable(file.replace(/^.*[/\\]/, ''));
}

/** "+0, +1.02 s, +3.07 s"; where not every time is known, "+0 to +3.07 s (3 times)". */
function gaps(leg: Leg, began: string): string {
  const gap = (time: string): string => {
    const seconds = secondsBetween(began, time);
    return seconds < 0 ? duration(seconds) : `+${duration(seconds)}`;
  };
  if (leg.times !== undefined && leg.times.length === leg.count && leg.count <= IDS)
    return leg.times.map(gap).join(', ');
  if (leg.first === null) return '';
  if (leg.last === null || leg.count === 1) return gap(leg.first);
  return leg.count === 2
    ? `${gap(leg.first)}, ${gap(leg.last)}`
    : `${gap(leg.first)} to ${gap(leg.last)} (${count(leg.count)} times)`;
}

/** "frames 1, 2, 3"; of several files "frames 1, 2 of a.pcap, 1 of b.pcap". */
export function framesText(leg: Leg, files: readonly string[], most: number): string {
  const noun = leg.count === 1 ? 'frame' : 'frames';
  if (leg.files === undefined) return `${noun} ${listed(leg.frames, leg.count, most)}`;
  const parts: string[] = [];
  for (const [index, frame] of leg.frames.slice(0, most).entries()) {
    const file = leg.files[index] ?? 0;
    const isLastOfFile = index + 1 >= Math.min(most, leg.frames.length) || leg.files[index + 1] !== file;
    parts.push(isLastOfFile ? `${frame} of ${baseName(files[file] ?? '')}` : String(frame));
  }
  const rest = leg.count - parts.length;
  return `${noun} ${parts.join(', ')}${rest > 0 ? `, and ${count(rest)} more` : ''}`;
}
