/** What is due when: the clock of a simulated world. Times are whole microseconds. */
export class Agenda {
  now = 0;
  private readonly due: { readonly at: number; readonly what: () => void }[] = [];

  /** @param at not before `now` */
  add(at: number, what: () => void): void {
    let place = this.due.length;
    while (place > 0 && (this.due[place - 1] as { at: number }).at > at) place -= 1;
    this.due.splice(place, 0, { at: Math.max(at, this.now), what });
  }

  /** Does what is due, in the order of time, up to a moment. */
  run(until: number): void {
    for (let next = this.due[0]; next !== undefined && next.at <= until; next = this.due[0]) {
      this.due.shift();
      this.now = next.at;
      next.what();
    }
    this.now = until;
  }
}

/** Microseconds. */
export const MILLISECOND = 1000;
export const SECOND = 1_000_000;
