/** The process that reads facts (facts-helper.ts), from the side of the capture. */
import { type ChildProcess, fork } from 'node:child_process';
import { getPriority, setPriority } from 'node:os';
import type { PortFacts } from '../diagnosis/port-facts.ts';
import type { Answer, Question } from './facts-messages.ts';
import type { ClientSeen } from './return-ways.ts';

const HELPER = new URL('./facts-helper.js', import.meta.url);
/** Milliseconds until it must have had its first look; a list of a hundred thousand rules takes a second. */
const START_MILLIS = 15_000;
/** Milliseconds after which a question is given up. */
const ANSWER_MILLIS = 15_000;
/** Of 19: packets that the capture does not take in time are lost, facts only come later. */
const NICENESS = 5;

export interface FactsOfTime {
  readonly facts: PortFacts;
  /** Epoch milliseconds from which on they count. */
  readonly fromMillis: number;
  /** Epoch milliseconds up to which their counters count: a packet that came while the answer was under way is not in them. */
  readonly untilMillis: number;
}

export interface FactsProcess {
  /**
   * null when there is no answer: the process has gone, or too many ports are watched.
   * @param isQuick without what takes commands of the host
   */
  ask(port: number, clients: readonly ClientSeen[], isQuick: boolean): Promise<FactsOfTime | null>;
  stop(): void;
}

/**
 * Starts it, with the rights that this process has now, and waits for its first look.
 * @param ports that are watched from the beginning; none: each from the first question on
 * @param trace whether the kernel is asked for its drop reasons
 * @returns null when it could not be started
 */
export async function startFactsProcess(ports: readonly number[], trace: boolean): Promise<FactsProcess | null> {
  // A session of its own: Ctrl-C at the terminal is not for it.
  const child = fork(HELPER, [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], detached: true, execArgv: [] });
  // Who is nicer already may not become less so.
  if (child.pid !== undefined) setPriority(child.pid, Math.max(NICENESS, getPriority()));
  const facts = new Connection(child);
  const isWatching = await facts.begin({ kind: 'watch', ports, trace });
  if (isWatching) return facts;
  facts.stop();
  return null;
}

class Connection implements FactsProcess {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (answer: FactsOfTime | null) => void>();
  private started: (isWatching: boolean) => void = () => undefined;
  private nextId = 1;

  constructor(child: ChildProcess) {
    this.child = child;
    child.on('message', (message) => this.take(message as Answer));
    child.on('error', () => this.end());
    child.on('exit', () => this.end());
    child.unref();
    child.channel?.unref();
  }

  begin(question: Question): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), START_MILLIS);
      this.started = (isWatching) => {
        clearTimeout(timer);
        resolve(isWatching);
      };
      this.send(question);
    });
  }

  ask(port: number, clients: readonly ClientSeen[], isQuick: boolean): Promise<FactsOfTime | null> {
    if (!this.child.connected) return Promise.resolve(null);
    const id = this.nextId;
    this.nextId += 1;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.answer(id, null), ANSWER_MILLIS);
      this.waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.send({ kind: 'facts', id, port, clients, isQuick });
    });
  }

  stop(): void {
    if (this.child.connected) this.child.disconnect();
  }

  private send(question: Question): void {
    // It may end between two looks at it.
    this.child.send(question, (error) => {
      if (error !== null) this.end();
    });
  }

  private take(answer: Answer): void {
    if (answer.kind === 'watching') this.started(true);
    else {
      const { id, facts, fromMillis, untilMillis } = answer;
      this.answer(id, facts === null ? null : { facts, fromMillis, untilMillis });
    }
  }

  private answer(id: number, answer: FactsOfTime | null): void {
    this.waiting.get(id)?.(answer);
    this.waiting.delete(id);
  }

  private end(): void {
    this.started(false);
    for (const id of [...this.waiting.keys()]) this.answer(id, null);
  }
}
