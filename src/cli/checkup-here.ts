/** The checklist on the host that has the port. Gathers the facts, lets the judges of doctor/ speak, tells each step as it goes. */
import { setTimeout as wait } from 'node:timers/promises';
import { isKnown, type Listener, type PortFacts } from '../diagnosis/port-facts.ts';
import { concludeCheckup, type Step, type StepName, type Target, type Verdict } from '../doctor/checkup.ts';
import { type ConnectAttempt, judgeConnects } from '../doctor/connects.ts';
import { judgeListener } from '../doctor/listener-step.ts';
import { judgeProcess } from '../doctor/process-step.ts';
import { judgeSockets } from '../doctor/sockets-step.ts';
import { ownAddresses, tryConnect } from '../host/connect.ts';
import { watchPort } from '../host/watch-port.ts';

/** Seconds that a connect from the host to itself may take: the second retransmission of its SYN is then over. */
const CONNECT_SECONDS = 3;
/** Seconds of the first look: enough for processor times and for the accept queue. */
const FIRST_LOOK_SECONDS = 2;
/** Own addresses that are tried; a host of containers may have hundreds. */
const MOST_ADDRESSES = 8;

export interface CheckupResult {
  readonly target: Target;
  readonly steps: readonly Step[];
  readonly verdict: Verdict;
  /** What the judges saw, for whoever wants to judge anew. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface CheckupSink {
  /** A step, when it is judged; again when later facts make it worse. */
  step(step: Step): void;
}

/** @param target its host is null, or an address of this host, which is then the only one that is tried */
export async function checkHere(target: Target, sink: CheckupSink): Promise<CheckupResult> {
  const { port } = target;
  const steps = new Map<StepName, Step>();
  const say = (step: Step): void => {
    steps.set(step.name, step);
    sink.step(step);
  };
  const watch = await watchPort(port);
  try {
    const [connects] = await Promise.all([connectHere(target), wait(FIRST_LOOK_SECONDS * 1000)]);
    const facts = await watch.facts();
    const judged = judgeHere(target, facts, connects);
    for (const step of judged) say(step);
    const all = [...steps.values()];
    return { target, steps: all, verdict: concludeCheckup(target, all, []), facts: { port: facts, connects } };
  } finally {
    watch.stop();
  }
}

/** Steps 1 to 4. */
function judgeHere({ host }: Target, facts: PortFacts, connects: readonly ConnectAttempt[]): Step[] {
  const listeners = isKnown(facts.sockets) ? facts.sockets.listeners : [];
  const reachable = connects.some(({ outcome }) => outcome === 'connected');
  return [
    judgeProcess(facts),
    judgeListener(facts, reachable, host),
    judgeConnects(facts.port, connects, (address) => listeners.length === 0 || listeners.some(takes(address))),
    judgeSockets(facts),
  ];
}

/** Whether a listener takes connections to the address. */
function takes(address: string): (listener: Listener) => boolean {
  const family = address.includes(':') ? 6 : 4;
  return (listener) => {
    if (isKnown(listener.interfaceIndex) && listener.interfaceIndex !== 0) return false;
    if (listener.address === address) return true;
    if (listener.address === '0.0.0.0') return family === 4;
    return listener.address === '::' && (family === 6 || !isKnown(listener.dualStack) || listener.dualStack);
  };
}

async function connectHere({ host, port }: Target): Promise<ConnectAttempt[]> {
  const own = ownAddresses();
  const chosen = host === null ? own.slice(0, MOST_ADDRESSES) : own.filter(({ address }) => address === host);
  return Promise.all(
    chosen.map(async ({ address, loopback }) => {
      const { outcome, seconds, afterwards } = await tryConnect(address, port, CONNECT_SECONDS);
      return { address, port, via: loopback ? 'loopback' : 'own-address', outcome, seconds, afterwards };
    }),
  );
}
