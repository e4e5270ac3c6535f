import type { Diagnosis } from '../handshake/handshake.ts';

/** What the capitals in an advice stand for, as far as it is known. */
export interface AdviceNames {
  readonly client?: string;
  readonly server?: string;
  /** Of the server. */
  readonly port?: number;
}

/** Advice whose commands can be typed as they stand: CLIENT, SERVER and PORT are replaced by what is known of them. */
export function namedAdvice(advice: string, { client, server, port }: AdviceNames): string {
  const known: Readonly<Record<string, string | undefined>> = {
    CLIENT: client,
    SERVER: server,
    PORT: port?.toString(),
  };
  return advice.replace(/\b(?:CLIENT|SERVER|PORT)\b/g, (word) => known[word] ?? word);
}

/** The same diagnoses with such advice. */
export function withNamedAdvice(diagnoses: readonly Diagnosis[], names: AdviceNames): readonly Diagnosis[] {
  return diagnoses.map((diagnosis) => ({ ...diagnosis, advice: namedAdvice(diagnosis.advice, names) }));
}
