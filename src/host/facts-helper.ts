/**
 * A process of its own that reads this host's facts while another one captures: reading them never holds up a packet, and the rights that it needs need not be those of
 * whoever parses packets. It lives as long as the channel to that process, and no longer, however either of them ends.
 */
import { type Fact, isKnown, unknown } from '../diagnosis/port-facts.ts';
import { type DropWatch, watchDrops } from './drops.ts';
import { type Answer, type Question, questionOf } from './facts-messages.ts';
import { type HostLook, lookAtHost } from './host-look.ts';
import { HOST_ROOT } from './proc.ts';
import { type PortWatch, watchPort } from './watch-port.ts';

/** Milliseconds after which facts are counted anew: what is asked about then began later than the look before. */
const RENEW_MILLIS = 60_000;
/** Seconds that facts cover at the most. */
const KEPT_SECONDS = (2 * RENEW_MILLIS) / 1000;
/** Ports whose sockets and processes are watched at a time. */
const MOST_PORTS = 32;

class FactsService {
  private readonly watches = new Map<number, Promise<PortWatch>>();
  private drops: Fact<DropWatch> = unknown('nobody asked for them');
  /** The one that facts are counted from, and the one that takes its place. */
  private looks: readonly [HostLook, HostLook] | null = null;

  async answer(question: Question): Promise<Answer> {
    if (question.kind === 'watch') {
      await this.begin(question.ports, question.trace);
      return { kind: 'watching' };
    }
    const { id, port, clients, isQuick } = question;
    const watch = await this.watch(port);
    const facts = watch === null ? null : await watch.facts(clients, isQuick);
    const { fromMillis = 0, countersMillis: untilMillis = 0 } = watch ?? {};
    return { kind: 'facts', id, facts, fromMillis, untilMillis };
  }

  private async begin(ports: readonly number[], trace: boolean): Promise<void> {
    this.drops = trace
      ? await watchDrops(ports)
      : unknown('the kernel was not asked for its drop reasons (--no-trace)');
    const look = await lookAtHost(HOST_ROOT);
    this.looks = [look, look];
    for (const port of ports.slice(0, MOST_PORTS)) await this.watch(port);
    setInterval(() => this.renew(), RENEW_MILLIS).unref();
  }

  /** Facts are of the last one to two minutes: of a capture that runs for a week, the counters of the week say nothing of the attempt that fails now. */
  private async renew(): Promise<void> {
    const look = await lookAtHost(HOST_ROOT);
    if (this.looks !== null) this.looks = [this.looks[1], look];
  }

  private async watch(port: number): Promise<PortWatch | null> {
    const watched = this.watches.get(port);
    if (watched !== undefined) return watched;
    if (this.watches.size >= MOST_PORTS) return null;
    const { drops } = this;
    const look = await lookAtHost(HOST_ROOT);
    const watch = watchPort(port, { drops, before: () => this.looks?.[0] ?? look, keptSeconds: KEPT_SECONDS });
    this.watches.set(port, watch);
    return watch;
  }

  stop(): void {
    if (isKnown(this.drops)) this.drops.stop();
  }
}

const service = new FactsService();
// One after the other: what one question begins, the next one finds.
let before: Promise<void> = Promise.resolve();

process.on('message', (message) => {
  const question = questionOf(message);
  if (question === null) return;
  before = before.then(async () => {
    const answer = await service.answer(question);
    if (process.connected) process.send?.(answer);
  });
});
process.on('disconnect', () => {
  service.stop();
  process.exit(0);
});
// Ctrl-C is for the process that captures, which ends this one.
process.on('SIGINT', () => undefined);
