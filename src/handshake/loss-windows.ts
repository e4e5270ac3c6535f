/** When the capture itself lost packets: stretches of its timestamps, nanoseconds since the base. */

/** Stretches kept apart; further ones are joined to the last. A live capture reports one for each second in which it lost packets. */
const WINDOWS = 4096;

/**
 * Lost packets a second from which a stretch is one in which several packets of one attempt can be lost. A ring overflows under many thousand packets a second: fewer drops
 * than this are a small share of them, or one short burst (dumpcap tells of them once, for the whole capture), and that just they were two answers in a row, a second
 * and more apart, is out of the question.
 */
const MANY_PER_SECOND = 100;

export class LossWindows {
  private readonly from: number[] = [];
  private readonly until: number[] = [];
  private readonly packets: number[] = [];

  /** Stretches come in the order of time, as statistics do. @param packets that were lost in it */
  add(from: number, until: number, packets: number): void {
    const last = this.from.length - 1;
    if (last < 0 || (last + 1 < WINDOWS && from > (this.until[last] as number))) {
      this.from.push(from);
      this.until.push(until);
      this.packets.push(packets);
      return;
    }
    this.from[last] = Math.min(this.from[last] as number, from);
    this.until[last] = Math.max(this.until[last] as number, until);
    this.packets[last] = (this.packets[last] as number) + packets;
  }

  /** True when some stretch has a moment in common with [from, until]. */
  touch(from: number, until: number): boolean {
    return this.find(from, until, 0);
  }

  /** The same for stretches in which packets were lost by the hundred a second. */
  touchMany(from: number, until: number): boolean {
    return this.find(from, until, MANY_PER_SECOND);
  }

  private find(from: number, until: number, leastPerSecond: number): boolean {
    for (let i = this.from.length - 1; i >= 0; i--) {
      const [began, ended] = [this.from[i] as number, this.until[i] as number];
      if (ended < from) return false;
      if (began <= until && (this.packets[i] as number) * 1e9 >= leastPerSecond * (ended - began)) return true;
    }
    return false;
  }
}
