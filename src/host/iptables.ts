/** iptables and ip6tables, by `iptables-save -c` (of either kind: legacy, or on top of nf_tables). */
import type {
  Condition,
  FirewallChain,
  FirewallHook,
  FirewallRule,
  PacketField,
  RuleVerdict,
  ValueRange,
} from '../diagnosis/firewall-facts.ts';
import { prefixRange } from './nft-condition.ts';

export type IptablesTool = Exclude<FirewallChain['tool'], 'nft'>;

/** Chains that the kernel itself calls. */
const HOOKS: ReadonlyMap<string, FirewallHook> = new Map([
  ['PREROUTING', 'prerouting'],
  ['INPUT', 'input'],
  ['FORWARD', 'forward'],
  ['OUTPUT', 'output'],
  ['POSTROUTING', 'postrouting'],
]);
/** enum nf_ip_hook_priorities (include/uapi/linux/netfilter_ipv4.h). */
const PRIORITIES = new Map(Object.entries({ raw: -300, mangle: -150, nat: -100, filter: 0, security: 50 }));
const NAT_SOURCE_PRIORITY = 100;
const FLAGS = new Map(Object.entries({ FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ALL: 63, NONE: 0 }));
/** Modules whose answer depends on more than the packet. */
const LIMITS = new Set(['limit', 'connlimit', 'hashlimit', 'recent', 'quota', 'quota2', 'statistic', 'connbytes']);
/** Targets after which the packet goes on to the next rule. */
const PASSING = new Set([
  'LOG',
  'NFLOG',
  'ULOG',
  'MARK',
  'CONNMARK',
  'CONNSECMARK',
  'SECMARK',
  'TCPMSS',
  'TCPOPTSTRIP',
  'CHECKSUM',
  'TRACE',
  'CLASSIFY',
  'SET',
  'AUDIT',
  'TTL',
  'HL',
  'DSCP',
  'TOS',
  'TEE',
]);
const TRANSLATIONS = new Set(['DNAT', 'REDIRECT', 'SNAT', 'MASQUERADE', 'NETMAP', 'TPROXY', 'SYNPROXY']);
const PORT_LAST = 0xffff;

interface Growing {
  readonly chain: FirewallChain;
  readonly rules: FirewallRule[];
}

/** Chains of all tables that the text holds. Lines that are no rules are passed over. */
export function parseIptablesSave(text: string, tool: IptablesTool): readonly FirewallChain[] {
  const chains = new Map<string, Growing>();
  let table = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim();
    const declared = /^:(\S+) (\S+)(?: \[(\d+):\d+\])?/.exec(line);
    if (declared !== null) {
      const [, name = '', policy = '-', packets] = declared;
      chains.set(`${table} ${name}`, { chain: chainOf(tool, table, name, policy, packets), rules: [] });
    }
    const rule = /^(?:\[(\d+):\d+\] )?-A (\S+) ?(.*)$/.exec(line);
    if (rule === null) continue;
    const [, packets, name = '', words = ''] = rule;
    const into = chains.get(`${table} ${name}`);
    const isChain = (target: string): boolean => chains.has(`${table} ${target}`);
    into?.rules.push(ruleOf(words, into.rules.length + 1, packets, tool, isChain));
  }
  return [...chains.values()].map(({ chain, rules }) => ({ ...chain, rules }));
}

function chainOf(
  tool: IptablesTool,
  table: string,
  name: string,
  policy: string,
  packets: string | undefined,
): FirewallChain {
  const hook = HOOKS.get(name) ?? null;
  const isSourceNat = table === 'nat' && (name === 'POSTROUTING' || name === 'INPUT');
  return {
    tool,
    family: tool.startsWith('ip6') ? 'ip6' : 'ip',
    table,
    name,
    type: table === 'nat' ? 'nat' : 'filter',
    hook,
    priority: hook === null ? null : isSourceNat ? NAT_SOURCE_PRIORITY : (PRIORITIES.get(table) ?? 0),
    policy: policy === 'ACCEPT' ? 'accept' : policy === 'DROP' ? 'drop' : null,
    policyCounter: hook === null || packets === undefined ? null : { moved: 0, total: Number(packets) },
    devices: [],
    rules: [],
  };
}

function ruleOf(
  words: string,
  place: number,
  packets: string | undefined,
  tool: IptablesTool,
  isChain: (name: string) => boolean,
): FirewallRule {
  const reader = new RuleReader(tokensOf(words), tool.startsWith('ip6') ? 6 : 4, isChain);
  reader.read();
  return {
    handle: place,
    text: words.trim(),
    conditions: reader.conditions,
    verdict: reader.verdict,
    counter: packets === undefined ? null : { moved: 0, total: Number(packets) },
  };
}

/** Words, with those in quotes as one; `\"` inside stands for a quote. */
function tokensOf(words: string): string[] {
  const found = words.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g);
  return [...found].map(([, quoted, plain]) => quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
}

class RuleReader {
  readonly conditions: Condition[] = [];
  verdict: RuleVerdict = { kind: 'continue' };
  private readonly tokens: readonly string[];
  private readonly family: 4 | 6;
  private readonly isChain: (name: string) => boolean;
  private at = 0;
  private module = '';
  private negated = false;

  constructor(tokens: readonly string[], family: 4 | 6, isChain: (name: string) => boolean) {
    this.tokens = tokens;
    this.family = family;
    this.isChain = isChain;
  }

  read(): void {
    while (this.at < this.tokens.length) {
      const token = this.next();
      if (token === '!') {
        this.negated = true;
        continue;
      }
      this.take(token);
      this.negated = false;
    }
  }

  private next(): string {
    const token = this.tokens[this.at] ?? '';
    this.at += 1;
    return token;
  }

  private take(option: string): void {
    switch (option) {
      case '-p':
      case '--protocol':
        this.protocol(this.next());
        return;
      case '-s':
      case '--source':
        this.addresses('source-address', this.next());
        return;
      case '-d':
      case '--destination':
        this.addresses('destination-address', this.next());
        return;
      case '-i':
      case '--in-interface':
        this.field('in-interface', [single(this.next().replace(/\+$/, '*'))]);
        return;
      case '-o':
      case '--out-interface':
        this.field('out-interface', [single(this.next().replace(/\+$/, '*'))]);
        return;
      case '-m':
      case '--match':
        this.module = this.next();
        if (LIMITS.has(this.module)) this.rest('limit');
        return;
      case '-j':
      case '--jump':
        this.target(this.next());
        return;
      case '-g':
      case '--goto':
        this.verdict = { kind: 'goto', chain: this.next() };
        return;
      default:
        this.ofModule(option);
        return;
    }
  }

  /** Options of the modules tcp, multiport, state, conntrack, iprange, comment. */
  private ofModule(option: string): void {
    switch (option) {
      case '--sport':
      case '--source-port':
      case '--sports':
      case '--source-ports':
        this.field('source-port', portsOf(this.next()));
        return;
      case '--dport':
      case '--destination-port':
      case '--dports':
      case '--destination-ports':
        this.field('destination-port', portsOf(this.next()));
        return;
      case '--tcp-flags':
        this.flags(this.next(), this.next());
        return;
      case '--syn':
        this.flags('FIN,SYN,RST,ACK', 'SYN');
        return;
      case '--state':
      case '--ctstate':
        this.states(this.next());
        return;
      case '--src-range':
        this.range('source-address', this.next());
        return;
      case '--dst-range':
        this.range('destination-address', this.next());
        return;
      case '--comment':
        this.next();
        return;
      default:
        this.at -= 1;
        this.rest('other');
        return;
    }
  }

  /** Words up to the next option that every rule may have. */
  private rest(kind: 'limit' | 'other'): void {
    const words = [this.module];
    while (this.at < this.tokens.length && !['-m', '-j', '-g'].includes(this.tokens[this.at] ?? '')) {
      words.push(this.next());
    }
    this.conditions.push({ kind, text: `${this.negated ? '! ' : ''}${words.join(' ').trim()}` });
  }

  private field(field: Exclude<PacketField, 'tcp-flags'>, values: readonly ValueRange[]): void {
    this.conditions.push({ kind: 'field', field, negated: this.negated, values, set: null, partial: false });
  }

  private protocol(name: string): void {
    if (name === 'all' || name === '0') return;
    this.field('protocol', [single(name === '6' ? 'tcp' : name)]);
  }

  private addresses(field: 'source-address' | 'destination-address', text: string): void {
    const ranges = text.split(',').map((part) => {
      const [address = '', mask] = part.split('/');
      return prefixRange(address, mask === undefined ? (this.family === 4 ? 32 : 128) : lengthOf(mask));
    });
    if (ranges.includes(null)) this.conditions.push({ kind: 'other', text });
    else this.field(field, ranges as ValueRange[]);
  }

  private range(field: 'source-address' | 'destination-address', text: string): void {
    const [first = '', last = first] = text.split('-');
    this.field(field, [[first, last]]);
  }

  private flags(mask: string, value: string): void {
    const bits = (names: string): number => names.split(',').reduce((sum, name) => sum | (FLAGS.get(name) ?? 0), 0);
    this.conditions.push({ kind: 'tcp-flags', mask: bits(mask), value: bits(value), negated: this.negated });
  }

  private states(names: string): void {
    const values = names.split(',').map((name) => single(name.toLowerCase()));
    // SNAT and DNAT are no states of a connection, and ask for more than the packet.
    if (values.some(([name]) => name === 'snat' || name === 'dnat')) {
      this.conditions.push({ kind: 'other', text: `--ctstate ${names}` });
    } else this.field('connection-state', values);
  }

  private target(name: string): void {
    const options = this.tokens.slice(this.at).join(' ');
    this.at = this.tokens.length;
    this.verdict = this.isChain(name) ? { kind: 'jump', chain: name } : verdictOf(name, options);
  }
}

function verdictOf(name: string, options: string): RuleVerdict {
  switch (name) {
    case 'ACCEPT':
      return { kind: 'accept' };
    case 'DROP':
      return { kind: 'drop' };
    case 'RETURN':
      return { kind: 'return' };
    case 'QUEUE':
    case 'NFQUEUE':
      return { kind: 'queue' };
    case 'NOTRACK':
      return { kind: 'notrack' };
    case 'CT':
      return { kind: options.includes('--notrack') ? 'notrack' : 'continue' };
    case 'REJECT': {
      const how = /--reject-with (\S+)/.exec(options)?.[1] ?? 'icmp-port-unreachable';
      return { kind: 'reject', with: how.replace('tcp-reset', 'tcp reset') };
    }
    default:
      if (PASSING.has(name)) return { kind: 'continue' };
      if (TRANSLATIONS.has(name)) return { kind: 'translate', how: name.toLowerCase(), to: options };
      return { kind: 'other', text: `${name} ${options}`.trim() };
  }
}

function single(value: string): ValueRange {
  return [value, value];
}

/** "80,443,8000:8080" */
function portsOf(text: string): ValueRange[] {
  return text.split(',').map((part): ValueRange => {
    const [first = '', last] = part.split(':');
    return [
      first === '' ? 0 : Number(first),
      last === undefined ? Number(first) : last === '' ? PORT_LAST : Number(last),
    ];
  });
}

/** A prefix length, or a mask in dotted form (255.255.0.0). */
function lengthOf(mask: string): number {
  if (!mask.includes('.')) return Number(mask);
  return mask.split('.').reduce((bits, byte) => bits + Number(byte).toString(2).replaceAll('0', '').length, 0);
}
