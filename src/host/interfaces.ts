/** The interfaces of this namespace: addresses, state, reverse path filter, drops, and the programmes and filters that see packets before IP does. By `ip`, `tc` and `ethtool`. */
import type { InterfaceAddress, InterfaceFacts, PacketProgram, TrafficFilter } from '../diagnosis/network-facts.ts';
import { type Fact, isKnown, known, unknown } from '../diagnosis/port-facts.ts';
import { tcxPrograms } from './bpf/attached.ts';
import type { CommandRunner } from './command.ts';
import { type Json, jsonList, listIn, numberIn, objectIn, textIn } from './json-answer.ts';
import { type HostRoot, readNumber } from './proc.ts';

/** Interfaces whose filters and driver counters are asked for, one command each: a host of containers has hundreds. */
const MOST_ASKED = 16;
/** Names of driver counters that tell of lost packets. */
const LOSS_NAME = /drop|discard|miss|err|fail|no_buf|nobuf|overflow|overrun/i;
/** Actions of tc that end a packet (man tc-actions). */
const DROPPING_ACTION = /^(drop|shot|steal|trap|reclassify)$/;

/** One look; two make the facts. */
export interface InterfacesLook {
  readonly interfaces: readonly InterfaceLook[];
}

interface InterfaceLook {
  readonly facts: Omit<InterfaceFacts, 'moved' | 'driver' | 'filters'>;
  /** Totals since the interface came up, by the names of /sys/class/net/NAME/statistics. */
  readonly totals: ReadonlyMap<string, number>;
  readonly driver: Fact<ReadonlyMap<string, number>>;
  readonly filters: Fact<readonly FilterLook[]>;
}

interface FilterLook extends TrafficFilter {
  readonly key: string;
}

export async function lookAtInterfaces(root: HostRoot): Promise<Fact<InterfacesLook>> {
  const [links, qdiscs] = await Promise.all([
    jsonList(root.run, 'ip', '-j', '-s', '-s', '-d', 'addr'),
    jsonList(root.run, 'tc', '-j', '-s', 'qdisc', 'show'),
  ]);
  if (!isKnown(links)) return links;
  const interfaces = links.map((link, place) => {
    const own = isKnown(qdiscs) ? qdiscs.filter((qdisc) => textIn(qdisc, 'dev') === textIn(link, 'ifname')) : qdiscs;
    return lookAtInterface(root, link, own, place < MOST_ASKED);
  });
  return { interfaces: await Promise.all(interfaces) };
}

async function lookAtInterface(
  root: HostRoot,
  link: Json,
  qdiscs: Fact<readonly Json[]>,
  isAsked: boolean,
): Promise<InterfaceLook> {
  const name = textIn(link, 'ifname') ?? '?';
  const totals = totalsOf(link);
  for (const qdisc of known(qdiscs) ?? []) {
    totals.set('qdisc_drops', (totals.get('qdisc_drops') ?? 0) + (numberIn(qdisc, 'drops') ?? 0));
  }
  const hasFilters = !isKnown(qdiscs) || qdiscs.some((qdisc) => /^(clsact|ingress)$/.test(textIn(qdisc, 'kind') ?? ''));
  const few = unknown(`only the first ${MOST_ASKED} interfaces are asked`);
  const facts = factsOf(root, link, name);
  const [tcx, driver, filters] = await Promise.all([
    tcxPrograms(root, facts.index),
    isAsked ? driverCounters(root.run, link, name) : few,
    !isKnown(qdiscs) ? qdiscs : !hasFilters ? [] : isAsked ? filtersOf(root.run, name) : few,
  ]);
  return { facts: { ...facts, programs: joined(known(facts.programs) ?? [], tcx) }, totals, driver, filters };
}

/** XDP is told to everybody, tcx to root alone. */
function joined(xdp: readonly PacketProgram[], tcx: Fact<readonly PacketProgram[]>): InterfaceFacts['programs'] {
  if (isKnown(tcx)) return [...xdp, ...tcx];
  return xdp.length > 0 ? xdp : tcx;
}

function factsOf(root: HostRoot, link: Json, name: string): InterfaceLook['facts'] {
  const conf = (where: string, setting: string): Fact<number> =>
    readNumber(root.proc, 'sys/net/ipv4/conf', where, setting);
  const greater = (setting: string): Fact<number> => {
    const [all, own] = [conf('all', setting), conf(name, setting)];
    if (!isKnown(all)) return all;
    return isKnown(own) ? Math.max(all, own) : own;
  };
  const flags = link['flags'];
  return {
    name,
    index: numberIn(link, 'ifindex') ?? 0,
    linkType: textIn(link, 'link_type') ?? '?',
    kind: textIn(objectIn(link, 'linkinfo'), 'info_kind'),
    mac: textIn(link, 'link_type') === 'ether' ? textIn(link, 'address') : null,
    mtu: numberIn(link, 'mtu') ?? 0,
    operState: (textIn(link, 'operstate') ?? 'unknown').toLowerCase(),
    isPromiscuous: (Array.isArray(flags) && flags.includes('PROMISC')) || (numberIn(link, 'promiscuity') ?? 0) > 0,
    master: textIn(link, 'master'),
    addresses: listIn(link, 'addr_info').map(addressOf),
    reversePathFilter: greater('rp_filter'),
    acceptLocal: conf(name, 'accept_local'),
    logMartians: greater('log_martians'),
    programs: programsOf(objectIn(link, 'xdp')),
  };
}

function addressOf(info: Json): InterfaceAddress {
  const flag = ['dadfailed', 'tentative', 'deprecated'].find((name) => info[name] === true);
  return {
    address: textIn(info, 'local') ?? '?',
    prefixLength: numberIn(info, 'prefixlen') ?? 0,
    state: flag ?? (info['dynamic'] === true ? 'dynamic' : 'permanent'),
  };
}

/** `mode`: 1 native, 2 generic, 3 offloaded, 4 several (include/uapi/linux/if_link.h). */
const XDP_MODES: Readonly<Record<number, string>> = { 1: 'xdp', 2: 'xdpgeneric', 3: 'xdpoffload' };

function programsOf(xdp: Json): readonly PacketProgram[] {
  const programOf = (mode: number | null, program: Json): PacketProgram[] => {
    const id = numberIn(program, 'id');
    return id === null ? [] : [{ where: XDP_MODES[mode ?? 0] ?? 'xdp', id, name: textIn(program, 'name') }];
  };
  const attached = listIn(xdp, 'attached').flatMap((one) => programOf(numberIn(one, 'mode'), objectIn(one, 'prog')));
  return attached.length > 0 ? attached : programOf(numberIn(xdp, 'mode'), objectIn(xdp, 'prog'));
}

function totalsOf(link: Json): Map<string, number> {
  const totals = new Map<string, number>();
  const statistics = objectIn(link, 'stats64');
  for (const side of ['rx', 'tx']) {
    for (const [name, value] of Object.entries(objectIn(statistics, side))) {
      if (typeof value === 'number' && LOSS_NAME.test(name)) totals.set(`${side}_${name}`, value);
    }
  }
  return totals;
}

/** "     rx_queue_0_drops: 0" */
async function driverCounters(
  run: CommandRunner,
  link: Json,
  name: string,
): Promise<Fact<ReadonlyMap<string, number>>> {
  const counters = new Map<string, number>();
  // Loopback and the like have no driver of which one could ask.
  if (textIn(link, 'link_type') !== 'ether') return counters;
  const text = await run('ethtool', '-S', name);
  if (!isKnown(text)) return /no stats available|not supported/i.test(text.unknown) ? counters : text;
  for (const line of text.split('\n')) {
    const [, counter, value] = /^\s*(.+): (\d+)$/.exec(line) ?? [];
    if (counter !== undefined && LOSS_NAME.test(counter)) counters.set(counter, Number(value));
  }
  return counters;
}

async function filtersOf(run: CommandRunner, name: string): Promise<Fact<readonly FilterLook[]>> {
  const of = async (direction: TrafficFilter['direction']): Promise<Fact<readonly FilterLook[]>> => {
    const filters = await jsonList(run, 'tc', '-j', '-s', 'filter', 'show', 'dev', name, direction);
    return isKnown(filters) ? filters.flatMap((filter) => filterOf(filter, direction)) : filters;
  };
  const [ingress, egress] = await Promise.all([of('ingress'), of('egress')]);
  // A qdisc of the old kind has no egress.
  return isKnown(ingress) ? [...ingress, ...(known(egress) ?? [])] : ingress;
}

/** Entries without options tell of the list, not of a filter. */
function filterOf(filter: Json, direction: TrafficFilter['direction']): FilterLook[] {
  const options = objectIn(filter, 'options');
  if (Object.keys(options).length === 0) return [];
  const kind = textIn(filter, 'kind') ?? '?';
  const actions = listIn(options, 'actions');
  const drops = actions.filter(isDropping);
  const isProgram = kind === 'bpf' || actions.some((action) => textIn(action, 'kind') === 'bpf');
  const counted = drops.map((action) => numberIn(objectIn(action, 'stats'), 'drops') ?? 0);
  const text = `${kind} pref ${filter['pref'] ?? '?'} protocol ${filter['protocol'] ?? '?'} ${JSON.stringify(options)}`;
  return [
    {
      key: `${direction} ${kind} ${filter['pref']} ${JSON.stringify(options['fh'] ?? options['handle'] ?? '')}`,
      direction,
      kind,
      text: text.slice(0, LONGEST_TEXT),
      canDrop: drops.length > 0 || isProgram,
      dropped: drops.length === 0 ? null : counted.reduce((sum, count) => sum + count, 0),
    },
  ];
}

const LONGEST_TEXT = 300;

function isDropping(action: Json): boolean {
  const control = textIn(objectIn(action, 'control_action'), 'type') ?? textIn(action, 'control_action');
  return DROPPING_ACTION.test(control ?? '');
}

export function interfaceFacts(
  before: Fact<InterfacesLook>,
  after: Fact<InterfacesLook>,
): Fact<readonly InterfaceFacts[]> {
  if (!isKnown(after)) return after;
  const earlier = new Map((known(before)?.interfaces ?? []).map((look) => [look.facts.name, look]));
  return after.interfaces.map((look) => {
    const first = earlier.get(look.facts.name);
    return {
      ...look.facts,
      moved: isKnown(before) ? movedOf(first?.totals, look.totals) : before,
      driver: driverMoved(first?.driver, look.driver),
      filters: isKnown(look.filters) ? look.filters.map((filter) => filterMoved(first?.filters, filter)) : look.filters,
    };
  });
}

function movedOf(
  before: ReadonlyMap<string, number> | undefined,
  after: ReadonlyMap<string, number>,
): Record<string, number> {
  const moved: Record<string, number> = {};
  for (const [name, value] of after) {
    const difference = value - (before?.get(name) ?? 0);
    if (difference > 0) moved[name] = difference;
  }
  return moved;
}

function driverMoved(
  before: InterfaceLook['driver'] | undefined,
  after: InterfaceLook['driver'],
): InterfaceFacts['driver'] {
  if (!isKnown(after)) return after;
  if (before !== undefined && !isKnown(before)) return before;
  return movedOf(before, after);
}

function filterMoved(before: InterfaceLook['filters'] | undefined, { key, ...filter }: FilterLook): TrafficFilter {
  const earlier = before === undefined || !isKnown(before) ? undefined : before.find((other) => other.key === key);
  const { dropped } = filter;
  if (dropped === null) return filter;
  return { ...filter, dropped: Math.max(0, dropped - (earlier?.dropped ?? 0)) };
}
