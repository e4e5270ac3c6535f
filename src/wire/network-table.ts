/**
 * The networks of a capture, each made once and known by a small number. Packets of one network come in runs, and captures
 * have few networks, so a cache in front of the map answers without making a string.
 */
import { formatAddress } from '../bytes/address.ts';
import { type Network, TUNNEL_KINDS } from './network.ts';
import { IDENTIFIER_BITS } from './vlan.ts';
import { MAX_TAGS, NO_TUNNEL, type Walk } from './walk.ts';

const PLAIN: Network = Object.freeze({ vlan: Object.freeze([]), tunnel: null });
const VLAN_IDENTIFIERS = 1 << IDENTIFIER_BITS;

// A key: VLAN count 0, identifiers 1 to 8, tunnel kind 9, has identifier 10, identifier 11, family 12, the two outer
// addresses 13 to 20, the smaller first.
const TAGS = 1;
const KIND = TAGS + MAX_TAGS;
const HAS_IDENTIFIER = KIND + 1;
const IDENTIFIER = KIND + 2;
const FAMILY = KIND + 3;
const OUTER = KIND + 4;
const ADDRESS_WORDS = 4;
const KEY_WORDS = OUTER + 2 * ADDRESS_WORDS;

/** A power of two. */
const CACHE_ENTRIES = 256;

export class NetworkTable {
  readonly networks: Network[] = [PLAIN];
  /** Packets that were given the last network's number because there were too many networks. */
  shared = 0;
  readonly #limit: number;
  /** Network of a single tag; 0 when there is none yet. */
  readonly #byVlan = new Int32Array(VLAN_IDENTIFIERS);
  readonly #byKey = new Map<string, number>();
  readonly #key = new Int32Array(KEY_WORDS);
  readonly #cachedKeys = new Int32Array(CACHE_ENTRIES * KEY_WORDS);
  /** 0 for an empty entry: the plain network is never cached. */
  readonly #cachedIndex = new Int32Array(CACHE_ENTRIES);
  /** Of two tags; 0 for an empty entry, which no two tags are. */
  readonly #cachedTags = new Int32Array(CACHE_ENTRIES);
  readonly #cachedTagsIndex = new Int32Array(CACHE_ENTRIES);

  /** `limit` is the greatest number of networks. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The network of packets with one tag; identifier 0 is no VLAN. */
  ofVlan(identifier: number): number {
    if (identifier === 0) return 0;
    const known = this.#byVlan[identifier] ?? 0;
    if (known !== 0) return known;
    const index = this.#add({ vlan: Object.freeze([identifier]), tunnel: null });
    this.#byVlan[identifier] = index;
    return index;
  }

  /** The network of packets with at most two tags, which `tagsOf` gives (vlan.ts). */
  ofTags(tags: number): number {
    if (tags < VLAN_IDENTIFIERS) return this.ofVlan(tags);
    const place = (tags ^ (tags >>> IDENTIFIER_BITS)) & (CACHE_ENTRIES - 1);
    if (this.#cachedTags[place] === tags) return this.#cachedTagsIndex[place] ?? 0;
    this.#key.fill(0);
    this.#key[0] = 2;
    this.#key[TAGS] = tags >>> IDENTIFIER_BITS;
    this.#key[TAGS + 1] = tags & (VLAN_IDENTIFIERS - 1);
    this.#key[KIND] = NO_TUNNEL;
    const index = this.#ofKey();
    this.#cachedTags[place] = tags;
    this.#cachedTagsIndex[place] = index;
    return index;
  }

  /** The network that the walk has met. */
  of(walk: Walk): number {
    if (walk.tunnelKind === NO_TUNNEL && walk.vlanCount < 2)
      return walk.vlanCount === 0 ? 0 : this.ofVlan(walk.vlans[0] ?? 0);
    this.#writeKey(walk);
    return this.#ofKey();
  }

  #ofKey(): number {
    const entry = this.#hash() & (CACHE_ENTRIES - 1);
    if (this.#cachedIndex[entry] !== 0 && this.#isCached(entry)) return this.#cachedIndex[entry] ?? 0;
    const text = this.#key.join();
    let index = this.#byKey.get(text);
    if (index === undefined) {
      index = this.#add(describe(this.#key));
      if (this.#byKey.size < this.#limit) this.#byKey.set(text, index);
    }
    this.#cachedIndex[entry] = index;
    this.#cachedKeys.set(this.#key, entry * KEY_WORDS);
    return index;
  }

  #add(network: Network): number {
    if (this.networks.length >= this.#limit) {
      this.shared++;
      return this.networks.length - 1;
    }
    return this.networks.push(Object.freeze(network)) - 1;
  }

  #writeKey(walk: Walk): void {
    const key = this.#key;
    key.fill(0);
    key[0] = walk.vlanCount;
    for (let tag = 0; tag < walk.vlanCount; tag++) key[TAGS + tag] = walk.vlans[tag] ?? 0;
    key[KIND] = walk.tunnelKind;
    if (walk.tunnelKind === NO_TUNNEL) return;
    key[HAS_IDENTIFIER] = walk.hasTunnelId ? 1 : 0;
    key[IDENTIFIER] = walk.hasTunnelId ? walk.tunnelId : 0;
    key[FAMILY] = walk.outerFamily;
    const first = firstIsSmaller(walk.outer) ? 0 : ADDRESS_WORDS;
    for (let word = 0; word < ADDRESS_WORDS; word++) {
      key[OUTER + word] = walk.outer[first + word] ?? 0;
      key[OUTER + ADDRESS_WORDS + word] = walk.outer[ADDRESS_WORDS - first + word] ?? 0;
    }
  }

  #hash(): number {
    let hash = 0;
    for (let word = 0; word < KEY_WORDS; word++)
      hash = Math.imul(hash ^ (this.#key[word] ?? 0), 0x9e3779b1) ^ (hash >>> 15);
    return hash ^ (hash >>> 16);
  }

  #isCached(entry: number): boolean {
    for (let word = 0; word < KEY_WORDS; word++) {
      if (this.#cachedKeys[entry * KEY_WORDS + word] !== this.#key[word]) return false;
    }
    return true;
  }
}

function firstIsSmaller(outer: Int32Array): boolean {
  for (let word = 0; word < ADDRESS_WORDS; word++) {
    const first = (outer[word] ?? 0) >>> 0;
    const second = (outer[ADDRESS_WORDS + word] ?? 0) >>> 0;
    if (first !== second) return first < second;
  }
  return true;
}

function describe(key: Int32Array): Network {
  const vlan = Object.freeze(Array.from(key.subarray(TAGS, TAGS + (key[0] ?? 0))));
  const kind = TUNNEL_KINDS[key[KIND] ?? NO_TUNNEL];
  if (kind === undefined) return { vlan, tunnel: null };
  const outer = Object.freeze([addressAt(key, OUTER), addressAt(key, OUTER + ADDRESS_WORDS)] as const);
  const id = key[HAS_IDENTIFIER] === 1 ? (key[IDENTIFIER] ?? 0) >>> 0 : null;
  return { vlan, tunnel: Object.freeze({ kind, outer, id }) };
}

function addressAt(key: Int32Array, at: number): string {
  return formatAddress(key[at] ?? 0, key[at + 1] ?? 0, key[at + 2] ?? 0, key[at + 3] ?? 0, key[FAMILY] ?? 4);
}
