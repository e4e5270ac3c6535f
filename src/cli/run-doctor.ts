/** What `tripod doctor` does, with everything resolved. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { StepName, Verdict } from '../doctor/checkup.ts';
import { stepText, verdictText } from '../doctor/text.ts';
import { jsonText } from '../report/escape.ts';
import { VERSION } from '../version.ts';
import { checkHere } from './checkup-here.ts';
import type { Context } from './context.ts';
import { withDestination } from './destination.ts';
import { EXIT } from './errors.ts';
import type { ResolvedDoctor } from './resolve-doctor.ts';
import { tell } from './tell.ts';
import type { Output } from './write.ts';

export async function runDoctor(options: ResolvedDoctor, context: Context): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tripod-doctor-'));
  try {
    return await withDestination(options.out, [], context, (output) => checkOnce(options, folder, context, output));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function checkOnce(options: ResolvedDoctor, folder: string, context: Context, output: Output): Promise<number> {
  const isText = options.format === 'table';
  const numbers = new Map<StepName, number>();
  let stop = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const forgetInterrupt = context.onInterrupt(stop);
  try {
    const result = await checkHere(
      { ...options, folder },
      {
        stopped,
        hint: (sentence) => tell(context, sentence),
        step(step) {
          if (!isText) return;
          if (!numbers.has(step.name)) numbers.set(step.name, numbers.size + 1);
          output.write(stepText(step, numbers.get(step.name) ?? 0, options));
          output.flush();
        },
      },
    );
    if (isText) output.write(verdictText(result.verdict, options));
    else output.write(`${jsonText({ tool: { name: 'tripod', version: VERSION }, ...result }, 2)}\n`);
    return exitCode(result.verdict);
  } finally {
    forgetInterrupt();
  }
}

function exitCode({ status }: Verdict): number {
  return status === 'fault' ? EXIT.FAULT_FOUND : status === 'healthy' ? EXIT.DONE : EXIT.COULD_NOT;
}
