/** What `tripod doctor` does, with everything resolved. */

import type { Verdict } from '../doctor/checkup.ts';
import { stepText, verdictText } from '../doctor/text.ts';
import { jsonText } from '../report/escape.ts';
import { VERSION } from '../version.ts';
import { checkHere } from './checkup-here.ts';
import type { Context } from './context.ts';
import { withDestination } from './destination.ts';
import { EXIT } from './errors.ts';
import type { ResolvedDoctor } from './resolve-doctor.ts';

export async function runDoctor(options: ResolvedDoctor, context: Context): Promise<number> {
  const { target, format } = options;
  return withDestination(options.out, [], context, async (output) => {
    let number = 0;
    const isText = format === 'table';
    const result = await checkHere(target, {
      step(step) {
        if (!isText) return;
        number += 1;
        output.write(stepText(step, number, options));
        output.flush();
      },
    });
    if (isText) output.write(verdictText(result.verdict, options));
    else output.write(`${jsonText({ tool: { name: 'tripod', version: VERSION }, ...result }, 2)}\n`);
    return exitCode(result.verdict);
  });
}

function exitCode({ status }: Verdict): number {
  return status === 'fault' ? EXIT.FAULT_FOUND : status === 'healthy' ? EXIT.DONE : EXIT.COULD_NOT;
}
