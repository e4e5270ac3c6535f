/** Whoever reads what a live capture says, as far as one can tell from what they have taken of it. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Context } from './context.ts';
import type { Patience } from './patience.ts';
import type { Output } from './write.ts';

/** Octets that wait for the reader before packets wait, too. */
const MOST_BEHIND = 32 * 1024 * 1024;
/** Milliseconds between two tries. */
const PAUSE_MILLIS = 10;
/** Milliseconds of being behind after which it is worth a word. */
const LONG_MILLIS = 2000;

export class OutputReader {
  private readonly output: Output;
  private readonly context: Context;
  private readonly patience: readonly Patience[];
  private behindSince: number | null = null;
  private wasBehindForLong = false;

  /** From now on neither the output nor standard error waits for a reader. */
  constructor(output: Output, context: Context) {
    this.output = output;
    this.context = context;
    this.patience = [output, context.stderr].flatMap((each) => each.becomePatient?.() ?? []);
  }

  get isBehind(): boolean {
    return this.waiting > MOST_BEHIND;
  }

  /** To be asked now and then; true once. */
  isBehindForLong(): boolean {
    const now = this.context.now();
    this.behindSince = this.isBehind ? (this.behindSince ?? now) : null;
    if (this.wasBehindForLong || this.behindSince === null || now - this.behindSince < LONG_MILLIS) return false;
    this.wasBehindForLong = true;
    return true;
  }

  /** Tries again to hand over what waits. Throws as `Output.write` */
  handOver(): void {
    this.output.flush();
    try {
      this.context.stderr.flush();
    } catch {
      // Nobody reads it any more: there is no one to tell.
    }
  }

  pause(): Promise<void> {
    return wait(PAUSE_MILLIS);
  }

  /** false when it has not after so many milliseconds: then the rest is let go of. Throws as `Output.write` */
  async hasTakenAll(millis: number): Promise<boolean> {
    const until = this.context.now() + millis;
    while (this.waiting > 0) {
      if (this.context.now() >= until) {
        for (const each of this.patience) each.abandon();
        return false;
      }
      await this.pause();
      this.handOver();
    }
    return true;
  }

  private get waiting(): number {
    return this.patience.reduce((sum, { waiting }) => sum + waiting, 0);
  }
}
