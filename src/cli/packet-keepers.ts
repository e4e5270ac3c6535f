/** `--write` and `--write-missing` of one run: none, one or both. */
import { OWN_APPLICATION } from '../capture/pcapng.ts';
import type { WrittenStatistics } from '../capture/pcapng-writer.ts';
import type { Handshake } from '../handshake/handshake.ts';
import type { PacketSink } from '../live.ts';
import { printable } from '../report/escape.ts';
import { UserError } from '../source/user-error.ts';
import type { Context } from './context.ts';
import { KeptPackets } from './kept-packets.ts';
import type { ResolvedLive } from './resolve-live.ts';

/** Octets of packets that wait for their verdict, of each of the two options. */
const HELD_OCTETS = 32 * 1024 * 1024;
const SECOND_MILLIS = 1000;
/** What passes between the moment at which a verdict is due and the one at which it is told, with room to spare. */
const TOLD_AFTER_MILLIS = 1000;
/** Repeated SYN-ACKs show within this time that a third leg was ignored (RFC 6298: 1, 2, 4 and 8 s). */
const LATE_VERDICT_MILLIS = 16_000;

export class PacketKeepers {
  /** null: nothing is kept. */
  readonly sink: PacketSink | null;
  private readonly keepers: readonly KeptPackets[];
  private readonly told = new Set<Error>();

  constructor(options: ResolvedLive, context: Context) {
    const { write, writeMissing, rotation, analysis } = options;
    const application = `${OWN_APPLICATION}${analysis.version}`;
    const dueMillis = analysis.patienceSeconds * SECOND_MILLIS + TOLD_AFTER_MILLIS;
    const common = {
      heldOctets: HELD_OCTETS,
      application,
      now: () => context.now(),
      wallClock: () => context.wallClock(),
    };
    const keepers: KeptPackets[] = [];
    if (write !== null) {
      const files = { file: write, option: '--write', ...rotation };
      keepers.push(new KeptPackets({ files, missingOnly: false, holdMillis: dueMillis, ...common }));
    }
    if (writeMissing !== null) {
      const files = { file: writeMissing, option: '--write-missing', ...rotation };
      const holdMillis = Math.max(LATE_VERDICT_MILLIS, dueMillis);
      keepers.push(new KeptPackets({ files, missingOnly: true, holdMillis, ...common }));
    }
    this.keepers = keepers;
    this.sink = keepers.length === 0 ? null : keepers.length === 1 ? (keepers[0] as KeptPackets) : both(keepers);
  }

  get failures(): readonly Error[] {
    return this.keepers.flatMap(({ failure }) => (failure === null ? [] : [failure]));
  }

  /** @param user who the process has become; null when it still is who it was. @throws UserError when a file can't be made */
  open(user: string | null): void {
    for (const keeper of this.keepers) {
      try {
        keeper.open();
      } catch (error) {
        if (!(error instanceof UserError) || user === null) throw error;
        throw new UserError(`${error.message} (files are written as ${printable(user)}: --user root keeps root)`);
      }
    }
  }

  verdict(handshake: Handshake): void {
    for (const keeper of this.keepers) keeper.verdict(handshake);
  }

  /** See KeptPackets. */
  statistics(name: string, fromSeconds: number, toSeconds: number, statistics: WrittenStatistics): void {
    for (const keeper of this.keepers) keeper.statistics(name, fromSeconds, toSeconds, statistics);
  }

  /** @param say a sentence for the user, once for each thing that went wrong */
  tick(say: (sentence: string) => void): void {
    for (const keeper of this.keepers) keeper.tick();
    this.tellFailures(say);
  }

  /** @param say as in `tick` */
  close(say: (sentence: string) => void): void {
    for (const keeper of this.keepers) keeper.close();
    this.tellFailures(say);
    for (const { incomplete } of this.keepers) {
      if (incomplete > 0)
        say(
          `--write-missing has ${incomplete === 1 ? '1 handshake' : `${incomplete} handshakes`} not from its beginning: its verdict came when its first packets had been let go of, to bound memory`,
        );
    }
  }

  private tellFailures(say: (sentence: string) => void): void {
    for (const failure of this.failures) {
      if (this.told.has(failure)) continue;
      this.told.add(failure);
      say(failure.message);
    }
  }
}

function both(keepers: readonly KeptPackets[]): PacketSink {
  return {
    packet: (frame, source, reader) => {
      for (const keeper of keepers) keeper.packet(frame, source, reader);
    },
    passTime: (seconds, nanos) => {
      for (const keeper of keepers) keeper.passTime(seconds, nanos);
    },
    belongs: (id) => {
      for (const keeper of keepers) keeper.belongs(id);
    },
    judged: () => {
      for (const keeper of keepers) keeper.judged();
    },
    left: (id) => {
      for (const keeper of keepers) keeper.left(id);
    },
    lost: (loss, source, reader) => {
      for (const keeper of keepers) keeper.lost(loss, source, reader);
    },
  };
}
