/**
 * Which attempt sent the SYN with this ISN, whatever address it went to: a second, lossy index over the latest SYNs. A place is simply taken over by the
 * next SYN that falls on it, and a freed slot is not taken out: who asks must compare the row with what it looks for.
 */
import { mix } from '../flow/hash.ts';

/** Places: 256 KiB. Enough for the SYNs of one round trip at a million a minute. */
const PLACES = 1 << 16;

export class RecentSyns {
  private readonly slots = new Int32Array(PLACES).fill(-1);

  /** @param address the low word of the client's address. */
  remember(slot: number, address: number, port: number, isn: number): void {
    this.slots[placeOf(address, port, isn)] = slot;
  }

  /** The attempt of this SYN has another slot now, if it is remembered at all. */
  rename(before: number, slot: number, address: number, port: number, isn: number): void {
    const place = placeOf(address, port, isn);
    if (this.slots[place] === before) this.slots[place] = slot;
  }

  /** A slot that may be the one, or -1. */
  recall(address: number, port: number, isn: number): number {
    return this.slots[placeOf(address, port, isn)] as number;
  }
}

function placeOf(address: number, port: number, isn: number): number {
  return mix(mix(address ^ isn) + port) & (PLACES - 1);
}
