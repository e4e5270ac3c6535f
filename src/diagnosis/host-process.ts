/** What the process behind the port has to do with a full queue, or with silence after the handshake. */
import { counted, HostCase, type Ruling } from './host-case.ts';
import { known, type PortFacts, type ProcessFacts } from './port-facts.ts';
import { seenIn } from './seen.ts';

/** Files short of the limit that a process may be and still fail: it closes one and opens another while it is looked at. */
const FILES_TO_SPARE = 1;

/** A process that can open no further file accepts nobody: then its queue fills, or has filled. */
export function rulingOnFiles(host: HostCase): Ruling | null {
  const processes = known(host.facts.processes) ?? [];
  const poor = processes.find(isAtFileLimit);
  if (poor === undefined || !(host.queueStood || host.queueWasFull)) return null;
  const { most = 0 } = host.queue ?? {};
  return {
    cause: 'file-limit',
    confidence: 'proven',
    evidence: [
      `${poor.name} (process ${poor.pid}) has ${known(poor.openFiles)} of ${known(poor.openFileLimit)} files open`,
      `${counted(most, 'connection')} waited for accept(), and none was taken`,
    ],
    explains: host.seen.unanswered.packets + host.seen.ignored.attempts,
  };
}

function isAtFileLimit({ openFiles, openFileLimit }: ProcessFacts): boolean {
  const open = known(openFiles);
  const limit = known(openFileLimit);
  return open !== null && limit !== null && open + FILES_TO_SPARE >= limit;
}

/**
 * Seconds that some connection has to have waited. One that was taken and ended between two looks is seen in neither: an application that closes at once looks like one that
 * takes nothing, but that nobody waits for long.
 */
const WAITS_LONG_SECONDS = 2;

/** Connections that completed and that the application never took, in any look. */
export function rulingOnStanding(host: HostCase): Ruling | null {
  const waiting = host.sockets?.waitingForAccept ?? 0;
  if (host.seen.complete.attempts === 0 || waiting === 0 || !host.queueStood) return null;
  const wait = known(host.sockets?.longestWaitSeconds ?? null);
  if (wait !== null && wait < WAITS_LONG_SECONDS) return null;
  return {
    cause: 'not-accepted-yet',
    confidence: wait === null ? 'likely' : 'proven',
    evidence: [
      `${counted(waiting, 'connection')} completed and ${waiting === 1 ? 'has' : 'have'} no owner (Recv-Q of the listener in ss), and none was taken of late${wait === null ? '' : `; one has waited for ${wait.toFixed(1)} s`}`,
    ],
    explains: host.seen.complete.attempts,
  };
}

/** What `rulingOnStanding` says where handshakes complete of which no records are at hand. */
export function rulingOnStandingQueue(facts: PortFacts): Ruling | null {
  const seen = seenIn([]);
  return rulingOnStanding(new HostCase({ ...seen, complete: { ...seen.complete, attempts: 1 } }, facts));
}
