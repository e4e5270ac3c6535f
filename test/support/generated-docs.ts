/** The pages of docs/ that are made from data in src/: a test fails when one is stale, `npm run docs` writes them. */
import { CAUSES, type CauseName } from '../../src/diagnosis/causes.ts';
import { SHAPE } from '../../src/diagnosis/shape.ts';
import { suspectsOf } from '../../src/diagnosis/suspects.ts';
import { EVENT, EVENT_NAMES } from '../../src/handshake/event.ts';
import { NOTES } from '../../src/handshake/notes.ts';
import { ACTION, ACTION_NAMES, ROWS, type Row, STATE, STATE_NAMES } from '../../src/handshake/transitions.ts';

/** File name under docs/ -> text. */
export function generatedDocs(): ReadonlyMap<string, string> {
  return new Map([
    ['states.md', statesPage()],
    ['notes.md', notesPage()],
    ['causes.md', causesIndex()],
    ...Object.keys(CAUSES).map((name): [string, string] => [`causes/${name}.md`, causePage(name as CauseName)]),
  ]);
}

const GENERATED = '<!-- Made by `npm run docs`: do not edit. -->';

function statesPage(): string {
  return `# The states of an attempt

${GENERATED}

A state says what was seen of one attempt to open a connection. An event is what one segment means to it; both, and the rows below, are in
\`src/handshake/transitions.ts\` and \`event.ts\`. A pair of state and event that no row names changes nothing. The verdict is no state: it is a
function of the finished record.

\`\`\`mermaid
stateDiagram-v2
    direction TB
${[...diagramLines()].map((line) => `    ${line}`).join('\n')}
\`\`\`

Left out of the diagram: what leads from a state to itself, and \`${eventName(EVENT.SYN_NEW)}\`, after which another attempt begins and this one is judged as it stands.

| from | event | action | to | why |
| --- | --- | --- | --- | --- |
${ROWS.map(rowLine).join('\n')}
`;
}

function* diagramLines(): Generator<string> {
  yield `[*] --> ${nodeOf(STATE.SYN_SEEN)}: SYN`;
  yield `[*] --> ${nodeOf(STATE.SYN_ACK_ALONE)}: SYN-ACK`;
  const arrows = new Map<string, Set<string>>();
  for (const [from, event, action, to] of ROWS) {
    if (to === 'same' || action === ACTION.BEGIN_ANOTHER) continue;
    for (const state of from) {
      if (state === to) continue;
      const arrow = `${nodeOf(state)} --> ${nodeOf(to)}`;
      const events = arrows.get(arrow) ?? new Set<string>();
      arrows.set(arrow, events.add(eventName(event)));
    }
  }
  for (const [arrow, events] of arrows) yield `${arrow}: ${[...events].join(', ')}`;
}

/** Mermaid takes "-" in a name for an arrow. */
function nodeOf(state: number): string {
  return stateName(state).replaceAll('-', '_');
}

function rowLine([from, event, action, to, because]: Row): string {
  const states = from.map((state) => `\`${stateName(state)}\``).join(', ');
  const next = to === 'same' ? 'the same' : `\`${stateName(to)}\``;
  return `| ${states} | \`${eventName(event)}\` | ${ACTION_NAMES[action]?.replaceAll('-', ' ')} | ${next} | ${because} |`;
}

function stateName(state: number): string {
  return STATE_NAMES[state] ?? '';
}

function eventName(event: number): string {
  return EVENT_NAMES[event] ?? '';
}

function notesPage(): string {
  const rows = NOTES.map(({ id, sentence, reference }) => `| \`${id}\` | ${sentence} | ${reference} |`);
  return `# Notes

${GENERATED}

Named oddities of an attempt, in \`notes\` of its record. The names are stable. They change no verdict on their own.

| note | what it says | reference |
| --- | --- | --- |
${rows.join('\n')}
`;
}

const LEG_WORDS = { syn: 'the SYN', 'syn-ack': 'the SYN-ACK', ack: 'the third leg' } as const;

function causesIndex(): string {
  const rows = Object.entries(CAUSES).map(
    ([name, { leg, what }]) =>
      `| [\`${name}\`](causes/${name}.md) | ${leg === null ? 'none: the handshake is complete' : LEG_WORDS[leg]} | ${what} |`,
  );
  return `# Causes of a missing leg

${GENERATED}

The names in \`diagnoses[].cause\`. Many causes leave the same packets behind: then each of them is \`possible\`, and its page has the command that settles it.

| cause | takes away | what happens |
| --- | --- | --- |
${rows.join('\n')}
`;
}

function causePage(name: CauseName): string {
  const { leg, what, symptom, host, advice, source } = CAUSES[name];
  const takes = leg === null ? 'The handshake is complete all the same.' : `It takes away ${LEG_WORDS[leg]}.`;
  return `# ${name}

${GENERATED}

${what} ${takes}

## What one sees

${symptom}

## What the packets show

${signature(name)}

## What proves or excludes it

${host ?? 'No fact of the server’s host: the packets have to tell, or another capture.'}

## What to do

${advice}

Known from: ${source}.
`;
}

function signature(name: CauseName): string {
  const rows = Object.entries(SHAPE).flatMap(([shape, number]) =>
    (['server', 'client', 'middle'] as const).flatMap((side) =>
      suspectsOf(number, side)
        .filter(({ cause }) => cause === name)
        .map(
          ({ confidence, because }) =>
            `| ${shape.toLowerCase().replaceAll('_', ' ')} | ${side === 'middle' ? 'elsewhere' : `at the ${side}`} | ${confidence} | ${because} |`,
        ),
    ),
  );
  if (rows.length === 0)
    return 'Nothing of its own: the packets look like those of other causes, and the host’s facts name it.';
  return `| the attempt | captured | it is | because |
| --- | --- | --- | --- |
${rows.join('\n')}`;
}
