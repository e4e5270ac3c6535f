/** A simulation from its scenario: what every host did, what became of every packet. */
import { Choice } from '../fuzz/choice.ts';
import { Agenda } from './agenda.ts';
import { Client } from './client.ts';
import type { Packet, Role, Sent } from './packet.ts';
import { type Pass, Path } from './path.ts';
import { END, type FlowPlan, type Scenario } from './scenario.ts';
import { ServerPort } from './server.ts';

/** What is true of one attempt to connect. */
export interface Attempt {
  readonly flow: number;
  readonly isn: number;
  readonly client: Client;
  readonly plan: FlowPlan;
  /** The application's patience is shorter than the first pause of its host's timer. */
  readonly givesUpEarly: boolean;
  /** Of its client and server alone: a firewall's too. */
  readonly packets: readonly Packet[];
}

export interface World {
  readonly scenario: Scenario;
  readonly attempts: readonly Attempt[];
  readonly passes: readonly Pass[];
}

export function simulate(scenario: Scenario): World {
  const choice = new Choice(scenario.seed ^ 0x2545f491);
  const agenda = new Agenda();
  const clients: { readonly flow: number; readonly client: Client }[] = [];
  const latest: Client[] = [];
  const ports: ServerPort[] = [];
  const flowOf = (attempt: number): number => (clients[attempt] as { flow: number }).flow;
  /** The attempt of the packet that is being delivered: a host's RST is of the attempt that it refuses, not of the latest one on the port. */
  let answered = 0;
  const path = new Path(scenario.path, agenda, choice, (packet) => {
    const flow = flowOf(packet.attempt);
    answered = packet.attempt;
    if (packet.from === 'client') ports[flow]?.receive(packet);
    else if (packet.icmp === null) latest[flow]?.receive(packet);
  });
  const isnOf = (): number => (choice.below(2 ** 30) * 4 + choice.below(4)) >>> 0;
  for (const [flow, plan] of scenario.flows.entries()) {
    ports.push(new ServerPort(plan.server, agenda, isnOf, (sent, role, attempt) => path.send(sent, role, attempt)));
    for (const { startsAt, client: clientPlan } of plan.attempts) {
      agenda.add(startsAt, () => {
        const attempt = clients.length;
        const send = (sent: Sent, role: Role): void => path.send(sent, role, sent.flags === 'R' ? answered : attempt);
        const client = new Client(isnOf(), clientPlan, agenda, send);
        clients.push({ flow, client });
        latest[flow]?.abandon();
        latest[flow] = client;
        client.connect();
      });
    }
  }
  agenda.run(END + 10_000_000);
  const attempts = clients.map(({ flow, client }, index) => ({
    flow,
    isn: client.isn,
    client,
    plan: scenario.flows[flow] as FlowPlan,
    givesUpEarly: client.givesUpEarly,
    packets: path.packets.filter((packet) => packet.attempt === index),
  }));
  return { scenario, attempts, passes: path.passes };
}
