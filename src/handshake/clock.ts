/**
 * The capture's clock: how long the capture has been running, as far as its timestamps can be believed.
 *
 * Timestamps jump: back, when NTP steps or files were merged; forward, when a packet's time is damaged, or when nothing came for a night. Expiry and
 * patience must not follow a damaged packet a year ahead and call every open handshake dead. So this clock only goes forward, by the differences of
 * successive timestamps; a jump of more than `JUMP_NANOS` counts only when the next packet confirms it.
 */
import { AT_BASE } from '../bytes/time.ts';

/** Longer than any pause in which a handshake goes on (a SYN is repeated after 64 s at the most), short enough that a night is no exception. */
const JUMP_NANOS = 600e9;

/** Interfaces and queues deliver out of order by less than this; only more is a step of the clock. */
const JITTER_NANOS = 1e9;

/** A forward jump that is worth a word to the reader. */
const FORWARD_STEP_NANOS = 86400e9;

export class CaptureClock {
  /** Nanoseconds that the capture has run. */
  now = AT_BASE;
  backwardSteps = 0;
  forwardSteps = 0;
  largestBackwardNanos = 0;
  private reference = AT_BASE;
  private previous = AT_BASE;
  private unconfirmed = AT_BASE;
  private started = false;

  /** The time to which the clock has come: that of the latest packet that it believed. Nanoseconds since the base. */
  get latest(): number {
    return this.reference;
  }

  /** The capture has run since `time`, and its first packet comes at `first`. As much of that counts as can matter to a handshake. */
  startAt(time: number, first: number): void {
    if (time < first) this.tick(Math.max(time, first - JUMP_NANOS));
  }

  /** @param time of the next packet, nanoseconds since the base. Answers `now`. */
  tick(time: number): number {
    if (!this.started) {
      this.started = true;
      this.reference = time;
      this.previous = time;
      return this.now;
    }
    if (time < this.previous) this.stepBack(this.previous - time);
    this.previous = time;
    const ahead = time - this.reference;
    if (ahead > JUMP_NANOS || ahead < -JITTER_NANOS) return this.jump(time, ahead);
    this.unconfirmed = 0;
    if (ahead > 0) {
      this.now += ahead;
      this.reference = time;
    }
    return this.now;
  }

  /**
   * Time went on without a packet. A packet may still come that is a little older; a jump of the system's clock is left to the packets to confirm.
   * @param time nanoseconds since the base. Answers `now`.
   */
  advance(time: number): number {
    const ahead = time - this.reference;
    if (this.started && ahead > 0 && ahead <= JUMP_NANOS) {
      this.now += ahead;
      this.reference = time;
    }
    return this.now;
  }

  /**
   * The capture is at its end, and is known to have held every packet until then. As much time goes on as can matter to a handshake: a damaged end is no reason to
   * go on for years.
   * @param time nanoseconds since the base. Answers `now`.
   */
  end(time: number): number {
    return this.advance(Math.min(time, this.reference + JUMP_NANOS));
  }

  private stepBack(nanos: number): void {
    this.backwardSteps += 1;
    if (nanos > this.largestBackwardNanos) this.largestBackwardNanos = nanos;
  }

  /** A packet far from where the clock stood. The second one near the same place confirms it. */
  private jump(time: number, ahead: number): number {
    if (this.unconfirmed === 0 || Math.abs(time - this.unconfirmed) > JUMP_NANOS) {
      this.unconfirmed = time;
      return this.now;
    }
    if (ahead > FORWARD_STEP_NANOS) this.forwardSteps += 1;
    if (ahead > 0) this.now += ahead;
    this.reference = time;
    this.unconfirmed = 0;
    return this.now;
  }
}
