/** When the capture itself lost packets: stretches of its timestamps, nanoseconds since the base. */

/** Stretches kept apart; further ones are joined to the last. A live capture reports one for each second in which it lost packets. */
const WINDOWS = 4096;

export class LossWindows {
  private readonly from: number[] = [];
  private readonly until: number[] = [];

  /** Stretches come in the order of time, as statistics do. */
  add(from: number, until: number): void {
    const last = this.from.length - 1;
    if (last < 0 || (last + 1 < WINDOWS && from > (this.until[last] as number))) {
      this.from.push(from);
      this.until.push(until);
      return;
    }
    this.from[last] = Math.min(this.from[last] as number, from);
    this.until[last] = Math.max(this.until[last] as number, until);
  }

  /** True when some stretch has a moment in common with [from, until]. */
  touch(from: number, until: number): boolean {
    for (let i = this.from.length - 1; i >= 0; i--) {
      if ((this.until[i] as number) < from) return false;
      if ((this.from[i] as number) <= until) return true;
    }
    return false;
  }
}
