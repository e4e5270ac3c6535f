/** The step of a checkup from the client that tells what came of connections of other programmes. */
import { type Fact, isKnown, type SendingFacts } from '../diagnosis/port-facts.ts';
import { counted, duration, endpoint } from '../report/render/text.ts';
import { VERDICT_WORDS } from '../report/render/words.ts';
import { judgeAfterSilence } from './after-silence.ts';
import { type Finding, fail, makeStep, NOT_TRIED, pass, type Step, unseen, warn } from './checkup.ts';
import { areAllInTrouble, type OthersFacts, type OthersTrouble, tellingTroubles } from './others.ts';

/** Troubles that are told one by one. */
const MOST_TOLD = 8;

/**
 * @param sending what the kernel says of the data of this host's connections there
 * @param reached addresses to which the checkup's own connects succeed
 */
export function judgeOthers(
  port: number,
  others: Fact<OthersFacts>,
  sending: Fact<SendingFacts>,
  reached: ReadonlySet<string>,
): Step {
  const commands = [`tripod live -i any --port ${port}`, `ss -tino 'dport = :${port}'`];
  const afterSilence = judgeAfterSilence(sending, reached, 'of this host to');
  if (!isKnown(others)) {
    const notSeen = unseen(NOT_TRIED, `what comes after the handshake: ${others.unknown}`);
    return makeStep('others', [...afterSilence, notSeen], commands);
  }
  const { attempts, seconds, well, further } = others;
  const findings: Finding[] = [...afterSilence];
  const isFault = areAllInTrouble(others);
  for (const trouble of tellingTroubles(others).slice(0, MOST_TOLD)) {
    findings.push(troubleFinding(trouble, others, isFault));
  }
  if (attempts === 0) {
    const evidence = `tripod sends nothing behind the handshake, and no other programme of this host connected to port ${port} there in ${duration(seconds)}: what comes after the handshake was not tried`;
    findings.push(unseen(NOT_TRIED, evidence));
  } else {
    const evidence = `${counted(attempts, 'attempt')} of other programmes of this host in ${duration(seconds)}: the beginning of ${well} is well; of what comes later nothing is known`;
    findings.push(pass('others-seen', evidence));
  }
  if (further > 0) findings.push(unseen('others-further', `${counted(further, 'further attempt')} were not looked at`));
  return makeStep('others', findings, commands);
}

function troubleFinding(trouble: OthersTrouble, { attempts: all }: OthersFacts, isFault: boolean): Finding {
  const { verdict, cause, attempts, example, diagnoses } = trouble;
  const [first] = diagnoses;
  const where = `${attempts} of ${counted(all, 'attempt')} of other programmes of this host to ${endpoint(example.server)}`;
  const told = verdict === 'complete' ? first?.evidence[0] : `${VERDICT_WORDS[verdict].phrase}. ${example.reason}`;
  const evidence = `${where}: ${verdict}; attempt #${example.id} from port ${example.client.port}: ${told}`;
  const advice = first?.advice ?? 'look at the packets: tripod live --all';
  const id = verdict === 'complete' ? `others-${cause}` : `others-${verdict}`;
  const isPossible = verdict === 'complete' && first?.confidence === 'possible';
  return (isFault && !isPossible ? fail : warn)(id, evidence, advice);
}
