/**
 * A small language for captures, in packetdrill's notation: what passes on the wire, line by line, and what must be found in it.
 * `fixtures/README.md` describes the notation; `script-frames.ts` encodes what is read here, `script-expect.ts` holds records against it.
 *
 *     end c 10.0.0.1:40000
 *     end s 10.0.0.2:80
 *     0.000  c > s  S  1000:1000(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
 *     0.020  s > c  S. 9000:9000(0) ack 1001
 *     0.020  c > s  .  ack 9001
 *     expect c > s complete syn 1 syn-ack 1 ack 1
 */
import { TCP_FLAG_BITS } from './packet-bytes.ts';
import { parseOptionList } from './script-options.ts';

/** Nanoseconds since the script's `start`. Exact up to 2^53: a hundred days; later times are whole microseconds. */
type Nanos = number;

export interface End {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly ttl: number;
  /** IPv4 identification: `linux` counts, but for SYN-ACK and RST, which have 0; `zero` is always 0; `counting` never is. */
  readonly id: 'linux' | 'zero' | 'counting';
  readonly checksum: 'right' | 'wrong' | 'unfilled';
}

/** What a line may say of the frame that carries its packet. */
export interface FrameFields {
  readonly ttl?: number;
  readonly id?: number;
  readonly checksum?: 'right' | 'wrong' | 'unfilled';
  readonly vlans?: readonly number[];
  readonly vxlan?: number;
  /** Of the UDP datagram around a tunnelled packet. */
  readonly outerChecksum?: 'right' | 'wrong' | 'none';
  /** Octets captured. */
  readonly cut?: number;
  /** Capture interface (pcapng), from 0. */
  readonly on?: number;
  readonly direction?: 'in' | 'out' | 'other';
  /** Sent, but not captured. */
  readonly lost?: boolean;
}

export interface TcpLine extends FrameFields {
  readonly kind: 'tcp';
  readonly line: number;
  readonly at: Nanos;
  readonly from: End;
  readonly to: End;
  /** RFC 9293 §3.1; bit 8 is AccECN's AE. */
  readonly flags: number;
  readonly sequence: number;
  readonly length: number;
  readonly acknowledgment: number | null;
  readonly window: number;
  readonly options: Uint8Array;
}

export interface IcmpLine extends FrameFields {
  readonly kind: 'icmp';
  readonly line: number;
  readonly at: Nanos;
  readonly fromAddress: string;
  readonly to: End;
  readonly type: number;
  readonly code: number;
  /** The packet that is quoted: the n-th of the script, from 1, lost ones counted; and how many octets of it. */
  readonly quotes: number;
  readonly octets: number | null;
}

export interface CopyLine extends FrameFields {
  readonly kind: 'copy';
  readonly line: number;
  readonly at: Nanos;
  /** The n-th packet of the script. */
  readonly of: number;
}

/** A packet that is not TCP: it shows that the capture goes on. */
interface OtherLine extends FrameFields {
  readonly kind: 'other';
  readonly line: number;
  readonly at: Nanos;
}

interface StatisticsLine {
  readonly kind: 'statistics';
  readonly line: number;
  readonly at: Nanos;
  readonly on: number;
  readonly received: number;
  readonly dropped: number;
}

/** The file ends here; what follows is in the next one of the set. */
interface SeamLine {
  readonly kind: 'seam';
  readonly line: number;
}

type ScriptLine = TcpLine | IcmpLine | CopyLine | OtherLine | StatisticsLine | SeamLine;

export type LinkName = 'ethernet' | 'sll' | 'sll2' | 'raw' | 'null';

export interface ScriptHeader {
  readonly title: string;
  readonly format: 'pcap' | 'pcapng';
  readonly resolution: 'microseconds' | 'nanoseconds';
  readonly byteOrder: 'little' | 'big';
  readonly link: LinkName;
  readonly snapLength: number;
  /** Whole epoch seconds. */
  readonly start: number;
}

/** What one attempt must be found to be. Absent: not asked. */
export interface AttemptExpectation {
  readonly line: number;
  readonly client: End;
  readonly server: End;
  readonly verdict: string;
  readonly missing: string | null;
  readonly words: ReadonlyMap<string, string>;
}

export interface Script {
  readonly header: ScriptHeader;
  readonly lines: readonly ScriptLine[];
  readonly attempts: readonly AttemptExpectation[];
  /** `expect capture …` and `expect summary …`: names and numbers. */
  readonly capture: ReadonlyMap<string, string>;
  /** Present when the attempts are too many to name them all: then `attempts` are some of them. */
  readonly summary: ReadonlyMap<string, string> | null;
}

/** What the author got wrong, and where. */
export class ScriptError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.name = 'ScriptError';
    this.line = line;
  }
}

const HEADER_CHOICES: Readonly<Record<string, readonly string[]>> = {
  format: ['pcap', 'pcapng'],
  resolution: ['microseconds', 'nanoseconds'],
  'byte-order': ['little', 'big'],
  link: ['ethernet', 'sll', 'sll2', 'raw', 'null'],
};

/** @throws ScriptError with the line's number. */
export function parseScript(text: string): Script {
  return new Parser().parse(text);
}

class Parser {
  private readonly header = new Map<string, string>();
  private readonly ends = new Map<string, End>();
  private readonly lines: ScriptLine[] = [];
  private readonly attempts: AttemptExpectation[] = [];
  private readonly capture = new Map<string, string>();
  private summary: Map<string, string> | null = null;
  /** Where each end stands towards each other: "c>s" -> next sequence number. */
  private readonly next = new Map<string, number>();
  private at: Nanos = 0;
  private packets = 0;
  private line = 0;

  parse(text: string): Script {
    for (const [index, raw] of text.split('\n').entries()) {
      this.line = index + 1;
      const words = wordsOf(raw.replace(/#.*$/, ''));
      if (words.length > 0) this.parseLine(new Words(words, this.line));
    }
    return {
      header: {
        title: this.header.get('title') ?? '',
        format: (this.header.get('format') ?? 'pcap') as ScriptHeader['format'],
        resolution: (this.header.get('resolution') ?? 'microseconds') as ScriptHeader['resolution'],
        byteOrder: (this.header.get('byte-order') ?? 'little') as ScriptHeader['byteOrder'],
        link: (this.header.get('link') ?? 'ethernet') as LinkName,
        snapLength: Number(this.header.get('snaplen') ?? 262_144),
        start: Number(this.header.get('start') ?? 1_700_000_000),
      },
      lines: this.lines,
      attempts: this.attempts,
      capture: this.capture,
      summary: this.summary,
    };
  }

  private parseLine(words: Words): void {
    const first = words.take('a line');
    if (/^[+]?\d+(\.\d+)?$/.test(first)) {
      this.at = first.startsWith('+') ? this.at + nanosOf(first.slice(1)) : nanosOf(first);
      this.parseTimed(words);
    } else if (first === 'end') this.parseEnd(words);
    else if (first === 'expect') this.parseExpectation(words);
    else if (first === 'seam') this.lines.push({ kind: 'seam', line: this.line });
    else this.parseHeader(first, words);
    words.finish();
  }

  private parseHeader(name: string, words: Words): void {
    if (name === 'title') {
      this.header.set(name, words.rest().join(' '));
      return;
    }
    const value = words.take(`a value of ${name}`);
    const choices = HEADER_CHOICES[name];
    if (choices !== undefined && !choices.includes(value)) {
      throw new ScriptError(this.line, `${name} is one of ${choices.join(', ')}, not ${value}`);
    }
    if (choices === undefined && name !== 'snaplen' && name !== 'start') {
      throw new ScriptError(this.line, `nothing is called ${name}`);
    }
    if (choices === undefined) number(value, this.line);
    this.header.set(name, value);
  }

  private parseEnd(words: Words): void {
    const name = words.take('the name of the end');
    const place = words.take('an address and port');
    const match = /^(?:\[([^\]]+)\]|([\d.]+)):(\d+)$/.exec(place);
    if (match === null) throw new ScriptError(this.line, `${place} is no address with a port`);
    const extra = words.pairs(['ttl', 'id', 'checksum']);
    this.ends.set(name, {
      name,
      address: match[1] ?? match[2] ?? '',
      port: Number(match[3]),
      ttl: number(extra.get('ttl') ?? '64', this.line),
      id: (extra.get('id') ?? 'linux') as End['id'],
      checksum: (extra.get('checksum') ?? 'right') as End['checksum'],
    });
  }

  private end(name: string): End {
    const end = this.ends.get(name);
    if (end === undefined) throw new ScriptError(this.line, `no end is called ${name}`);
    return end;
  }

  private parseTimed(words: Words): void {
    const first = words.take('what happens');
    if (first === 'copy') this.parseCopy(words);
    else if (first === 'other') this.add({ kind: 'other', line: this.line, at: this.at, ...this.frameFields(words) });
    else if (first === 'statistics') this.parseStatistics(words);
    else if (first === 'flood') this.parseFlood(words);
    else {
      words.literal('>');
      const to = this.end(words.take('the receiver'));
      if (words.peek() === 'icmp') this.parseIcmp(first, to, words);
      else this.parseTcp(this.end(first), to, words);
    }
  }

  private add(line: ScriptLine): void {
    this.lines.push(line);
    this.packets += 1;
  }

  private parseCopy(words: Words): void {
    const of = this.packetNumber(words.take('the number of a packet'));
    this.add({ kind: 'copy', line: this.line, at: this.at, of, ...this.frameFields(words) });
  }

  private packetNumber(text: string): number {
    const wanted = number(text, this.line);
    if (wanted < 1 || wanted > this.packets) throw new ScriptError(this.line, `there is no packet ${text} before this`);
    return wanted;
  }

  private parseStatistics(words: Words): void {
    const fields = words.pairs(['on', 'received', 'dropped']);
    const read = (name: string): number => number(fields.get(name) ?? '0', this.line);
    const counts = { on: read('on'), received: read('received'), dropped: read('dropped') };
    this.lines.push({ kind: 'statistics', line: this.line, at: this.at, ...counts });
  }

  private parseIcmp(fromAddress: string, to: End, words: Words): void {
    words.literal('icmp');
    const what = words.take('type/code');
    const [type, code] = what.split('/').map((part) => number(part, this.line));
    words.literal('quoting');
    const quotes = this.packetNumber(words.take('the number of the quoted packet'));
    const octets = words.peek() === 'octets' ? number(words.after('octets'), this.line) : null;
    if (type === undefined || code === undefined) throw new ScriptError(this.line, `${what} is no type/code`);
    const fields = this.frameFields(words);
    const address = this.ends.get(fromAddress)?.address ?? fromAddress;
    this.add({
      kind: 'icmp',
      line: this.line,
      at: this.at,
      fromAddress: address,
      to,
      type,
      code,
      quotes,
      octets,
      ...fields,
    });
  }

  private parseTcp(from: End, to: End, words: Words): void {
    const flags = this.flags(words.take('the flags'));
    const { sequence, length } = this.sequence(from, to, words);
    const acknowledgment = words.peek() === 'ack' ? number(words.after('ack'), this.line) : null;
    if ((flags & 0x10) !== 0 && acknowledgment === null)
      throw new ScriptError(this.line, 'ACK is set: say what it acks');
    const window = words.peek() === 'win' ? number(words.after('win'), this.line) : 64_240;
    const list = words.peek()?.startsWith('<') ? words.take('options') : '<>';
    const options = parseOptionList(list.slice(1, -1), this.line);
    const fields = this.frameFields(words);
    const occupied = length + ((flags & 0x02) !== 0 ? 1 : 0) + ((flags & 0x01) !== 0 ? 1 : 0);
    if ((flags & 0x04) === 0) this.next.set(`${from.name}>${to.name}`, (sequence + occupied) >>> 0);
    this.add({
      kind: 'tcp',
      line: this.line,
      at: this.at,
      from,
      to,
      flags,
      sequence,
      length,
      acknowledgment,
      window,
      options,
      ...fields,
    });
  }

  private flags(letters: string): number {
    if (letters === '-') return 0;
    let bits = 0;
    for (const letter of letters) {
      const bit = TCP_FLAG_BITS[letter];
      if (bit === undefined) throw new ScriptError(this.line, `${letter} is no TCP flag`);
      bits |= bit;
    }
    return bits;
  }

  /** "1000:1010(10)"; "(10)": as many octets from where the sender stands; nothing: none, from there. */
  private sequence(from: End, to: End, words: Words): { sequence: number; length: number } {
    const match = /^(?:(\d+):(\d+))?\((\d+)\)$/.exec(words.peek() ?? '');
    if (match !== null) words.take('');
    const length = Number(match?.[3] ?? 0);
    if (match?.[1] !== undefined) {
      const sequence = number(match[1], this.line);
      if ((sequence + length) % 2 ** 32 !== Number(match[2])) {
        throw new ScriptError(this.line, `${match[0]}: the numbers do not fit the length`);
      }
      return { sequence, length };
    }
    const sequence = this.next.get(`${from.name}>${to.name}`);
    if (sequence === undefined) throw new ScriptError(this.line, `${from.name} has sent nothing yet: say its sequence`);
    return { sequence, length };
  }

  /** "flood 200 every 0.001 from 10.1.0.0:1024 to s": SYNs of as many addresses. */
  private parseFlood(words: Words): void {
    const count = number(words.take('how many'), this.line);
    const every = nanosOf(words.after('every'));
    const [address = '', port = ''] = words.after('from').split(':');
    const to = this.end(words.after('to'));
    const base = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    for (let i = 0; i < count; i++) {
      const value = base + i;
      const text = [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
      const from: End = {
        name: `flood${i}`,
        address: text,
        port: number(port, this.line),
        ttl: 64,
        id: 'zero',
        checksum: 'right',
      };
      this.add({
        kind: 'tcp',
        line: this.line,
        at: this.at + i * every,
        from,
        to,
        flags: 0x02,
        sequence: (i * 2_654_435_761) % 2 ** 32,
        length: 0,
        acknowledgment: null,
        window: 1024,
        options: new Uint8Array(0),
      });
    }
    this.at += count * every;
  }

  private frameFields(words: Words): FrameFields {
    const fields: { -readonly [K in keyof FrameFields]: FrameFields[K] } = {};
    for (let word = words.peek(); word !== null; word = words.peek()) {
      words.take('');
      const value = (): number => number(words.take(`a value of ${word}`), this.line);
      if (word === 'ttl') fields.ttl = value();
      else if (word === 'id') fields.id = value();
      else if (word === 'cut') fields.cut = value();
      else if (word === 'on') fields.on = value();
      else if (word === 'vxlan') fields.vxlan = value();
      else if (word === 'lost') fields.lost = true;
      else if (word === 'vlan')
        fields.vlans = words
          .take('VLANs')
          .split(',')
          .map((part) => number(part, this.line));
      else if (word === 'direction') fields.direction = words.choice(['in', 'out', 'other']);
      else if (word === 'outer-checksum') fields.outerChecksum = words.choice(['right', 'wrong', 'none']);
      else if (word === 'checksum') fields.checksum = words.choice(['right', 'wrong', 'unfilled']);
      else throw new ScriptError(this.line, `nothing is called ${word}`);
    }
    return fields;
  }

  private parseExpectation(words: Words): void {
    const first = words.take('what is expected');
    if (first === 'capture') {
      for (const [name, value] of words.allPairs()) this.capture.set(name, value);
      return;
    }
    if (first === 'summary') {
      this.summary = words.allPairs();
      return;
    }
    if (first === 'nothing') return;
    words.literal('>');
    const server = this.end(words.take('the server'));
    const verdict = words.take('a verdict');
    const more = words.allPairs();
    const missing = more.get('missing') ?? null;
    more.delete('missing');
    this.attempts.push({ line: this.line, client: this.end(first), server, verdict, missing, words: more });
  }
}

/** The words of one line, taken one after the other. */
class Words {
  private readonly words: readonly string[];
  private readonly line: number;
  private index = 0;

  constructor(words: readonly string[], line: number) {
    this.words = words;
    this.line = line;
  }

  peek(): string | null {
    return this.words[this.index] ?? null;
  }

  take(what: string): string {
    const word = this.peek();
    if (word === null) throw new ScriptError(this.line, `${what} is missing`);
    this.index += 1;
    return word;
  }

  literal(word: string): void {
    const found = this.take(word);
    if (found !== word) throw new ScriptError(this.line, `${word} is due, not ${found}`);
  }

  after(word: string): string {
    this.literal(word);
    return this.take(`a value of ${word}`);
  }

  choice<const T extends string>(choices: readonly T[]): T {
    const word = this.take(`one of ${choices.join(', ')}`);
    const found = choices.find((choice) => choice === word);
    if (found === undefined) throw new ScriptError(this.line, `one of ${choices.join(', ')} is due, not ${word}`);
    return found;
  }

  rest(): string[] {
    const rest = this.words.slice(this.index);
    this.index = this.words.length;
    return rest;
  }

  pairs(allowed: readonly string[]): Map<string, string> {
    const pairs = this.allPairs();
    for (const name of pairs.keys()) {
      if (!allowed.includes(name)) throw new ScriptError(this.line, `nothing is called ${name}`);
    }
    return pairs;
  }

  allPairs(): Map<string, string> {
    const pairs = new Map<string, string>();
    while (this.peek() !== null) {
      const name = this.take('');
      pairs.set(name, this.take(`a value of ${name}`));
    }
    return pairs;
  }

  finish(): void {
    const word = this.peek();
    if (word !== null) throw new ScriptError(this.line, `nothing more is due here: ${word}`);
  }
}

/** White space parts words; what stands between < and > is one. */
function wordsOf(text: string): string[] {
  return text.match(/<[^>]*>|\S+/g) ?? [];
}

function number(text: string, line: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !(value < 2 ** 32)) throw new ScriptError(line, `${text} is no number of 32 bits`);
  return value;
}

/** Decimal seconds. */
function nanosOf(text: string): Nanos {
  const [whole = '0', fraction = ''] = text.split('.');
  return Number(whole) * 1e9 + Number(fraction.padEnd(9, '0').slice(0, 9));
}
