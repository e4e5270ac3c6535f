/** What `tripod doctor` does, with everything resolved: one checkup, or one after the other until a fault shows itself. */
import { mkdtemp, rm } from 'node:fs/promises';
import { setPriority, tmpdir } from 'node:os';
import path from 'node:path';
import type { Step, StepName, Verdict } from '../doctor/checkup.ts';
import { stepText, verdictText } from '../doctor/text.ts';
import { ownAddresses } from '../host/connect.ts';
import { lookUpName } from '../host/name-lookup.ts';
import { asUserError } from '../source/system-error.ts';
import { type CheckupOptions, type CheckupResult, type CheckupSink, checkHere } from './checkup-here.ts';
import { checkRemote } from './checkup-remote.ts';
import type { Context } from './context.ts';
import { withDestination } from './destination.ts';
import { EXIT } from './errors.ts';
import { assertNewFolder, checkupJson, keepCheckup } from './kept-checkup.ts';
import type { ResolvedDoctor } from './resolve-doctor.ts';
import { tell } from './tell.ts';
import type { Output } from './write.ts';

/** Of -20 to 19: on a host that has no processor time left, which may be the very fault, a checkup that waits for some would take minutes. It needs one or two seconds of it. */
const NICENESS = -10;

export async function runDoctor(options: ResolvedDoctor, context: Context): Promise<number> {
  goFirst();
  if (options.keep !== null) await assertNewFolder(options.keep);
  return withDestination(options.out, [], context, async (output) => {
    for (let round = 1; ; round += 1) {
      const folder = await newFolder();
      let isNeeded = false;
      try {
        const { result, interrupted } = await checkOnce(options, folder, context, output);
        const { status } = result.verdict;
        if (options.watch && status === 'healthy' && !interrupted) {
          tell(context, `round ${round}: ${result.verdict.sentence}; looking again (Ctrl-C ends it)`);
          continue;
        }
        if (options.format === 'json') output.write(checkupJson(result));
        else {
          if (options.watch) output.write(new StepTexts(options).all(result.steps));
          output.write(verdictText(result.verdict, options));
        }
        output.flush();
        isNeeded = true;
        await keep(options, folder, result, context);
        isNeeded = false;
        return exitCode(result.verdict);
      } finally {
        // What a watch has waited for for days is not thrown away because the place where it was to be kept is full, or gone.
        if (isNeeded) tell(context, `the packets are left in ${folder}`);
        else await rm(folder, { recursive: true });
      }
    }
  });
}

/** For the packets of one checkup. @throws UserError when there is no room for it */
async function newFolder(): Promise<string> {
  const place = path.join(tmpdir(), 'tripod-doctor-');
  try {
    return await mkdtemp(place);
  } catch (error) {
    throw asUserError(error, place);
  }
}

/** Root alone may. */
function goFirst(): void {
  try {
    setPriority(NICENESS);
  } catch {
    // Then it waits like everybody else.
  }
}

async function checkOnce(
  options: ResolvedDoctor,
  folder: string,
  context: Context,
  output: Output,
): Promise<{ result: CheckupResult; interrupted: boolean }> {
  // A watch tells its steps when there is something to tell.
  const steps = options.format === 'table' && !options.watch ? new StepTexts(options) : null;
  let interrupted = false;
  let stop = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const interrupt = (): void => {
    interrupted = true;
    stop();
  };
  // Whoever ends it, or closes the terminal, gets the verdict on what came until then, and nothing stays behind.
  const forget = [
    context.onInterrupt(interrupt),
    context.onSignal('SIGTERM', interrupt),
    context.onSignal('SIGHUP', interrupt),
  ];
  try {
    const result = await check(
      { ...options, folder },
      {
        stopped,
        hint: (sentence) => {
          if (!options.watch) tell(context, sentence);
        },
        step(step) {
          if (steps === null) return;
          output.write(steps.text(step));
          output.flush();
        },
      },
    );
    return { result, interrupted };
  } finally {
    for (const each of forget) each();
  }
}

/** Of this host when it has the port; else from here to the host that has it. */
async function check(options: CheckupOptions, sink: CheckupSink): Promise<CheckupResult> {
  const { host, port } = options.target;
  if (host === null) return checkHere(options, sink);
  const name = await lookUpName(host);
  const own = new Set(ownAddresses().map(({ address }) => address));
  const [first] = name.addresses;
  if (first !== undefined && name.addresses.every((address) => own.has(address))) {
    return checkHere({ ...options, target: { host: first, port } }, sink);
  }
  return checkRemote(options, { host, ...name }, sink);
}

/** Steps as text, numbered in the order in which they were first told. */
class StepTexts {
  private readonly numbers = new Map<StepName, number>();
  private readonly options: ResolvedDoctor;

  constructor(options: ResolvedDoctor) {
    this.options = options;
  }

  text(step: Step): string {
    if (!this.numbers.has(step.name)) this.numbers.set(step.name, this.numbers.size + 1);
    return stepText(step, this.numbers.get(step.name) ?? 0, this.options);
  }

  all(steps: readonly Step[]): string {
    return steps.map((step) => this.text(step)).join('');
  }
}

async function keep(options: ResolvedDoctor, folder: string, result: CheckupResult, context: Context): Promise<void> {
  const { verdict } = result;
  if (options.keep === null && !(options.watch && verdict.status === 'fault')) return;
  const plain = { ...options, colour: false };
  const text = `${new StepTexts(plain).all(result.steps)}${verdictText(verdict, plain)}`;
  const kept = await keepCheckup(options.keep, folder, result, text);
  tell(context, `packets, facts and verdict are kept in ${kept}: tripod analyze ${kept}`);
}

function exitCode({ status }: Verdict): number {
  return status === 'fault' ? EXIT.FAULT_FOUND : status === 'healthy' ? EXIT.DONE : EXIT.COULD_NOT;
}
