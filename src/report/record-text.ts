/**
 * The JSON text of a record, as `jsonText` gives it, in half the time: the shape is fixed and nearly all of it is made by tripod itself, so that only sentences have to be
 * searched for what must be escaped. test/report/record-text.test.ts holds the two against each other.
 */
import type { Endpoint, Handshake, Leg } from '../handshake/handshake.ts';
import { jsonText } from './escape.ts';

export function recordText(record: Handshake): string {
  const { id, revision, client, server, isn, verdict, missingLeg, reason, legs, latency, vlan, vlans, notes } = record;
  const text =
    `{"id":${id},"revision":${revision},"client":${endText(client)},"server":${endText(server)},` +
    `"isn":{"client":${isn.client},"server":${isn.server}},"verdict":"${verdict}","missingLeg":${missingLeg === null ? 'null' : `"${missingLeg}"`},` +
    `"reason":${sentenceText(reason)},"legs":{"syn":${legText(legs.syn)},"synAck":${legText(legs.synAck)},"ack":${legText(legs.ack)}},` +
    `"latency":{"synToSynAck":${latency.synToSynAck},"synAckToAck":${latency.synAckToAck}},` +
    `"reset":${resetText(record.reset)},"icmp":${jsonOrNull(record.icmp)},"tunnel":${jsonOrNull(record.tunnel)},"vlan":${vlan},` +
    `${vlans === undefined ? '' : `"vlans":[${vlans.join()}],`}${changesText(record.optionChanges)}"notes":${quotedList(notes)},"diagnoses":${diagnosesText(record.diagnoses)}}`;
  return flat(text);
}

/** Of tripod's own making, like names of notes and times: nothing in it needs an escape. */
function endText({ address, port }: Endpoint): string {
  return `{"address":"${address}","port":${port}}`;
}

function legText({ grade, count, first, last, frames, times, files }: Leg): string {
  const more = times === undefined ? '' : `,"times":${quotedList(times)}`;
  const from = files === undefined ? '' : `,"files":[${files.join()}]`;
  return `{"grade":"${grade}","count":${count},"first":${quotedOrNull(first)},"last":${quotedOrNull(last)},"frames":${numberList(frames)}${more}${from}}`;
}

function resetText(reset: Handshake['reset']): string {
  if (reset === null) return 'null';
  const { from, time, frame, ttl, suspect } = reset;
  return `{"from":"${from}","time":"${time}","frame":${frame},"ttl":${ttl},"suspect":${quotedOrNull(suspect)}}`;
}

function changesText(changes: Handshake['optionChanges']): string {
  return changes === undefined ? '' : `"optionChanges":${jsonText(changes)},`;
}

function diagnosesText(diagnoses: Handshake['diagnoses']): string {
  if (diagnoses.length === 0) return '[]';
  let text = '[';
  for (const { cause, confidence, evidence, advice } of diagnoses) {
    if (text.length > 1) text += ',';
    text += `{"cause":"${cause}","confidence":"${confidence}","evidence":[${evidence.map(sentenceText).join()}],"advice":${sentenceText(advice)}}`;
  }
  return `${text}]`;
}

/** Characters that stand for themselves in JSON, and are safe everywhere: escape.ts. What is not among them may be so too. */
const PLAIN = /^[ !#-[\]-~µ…’]*$/;

function sentenceText(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : jsonText(text);
}

function quotedOrNull(text: string | null): string {
  return text === null ? 'null' : `"${text}"`;
}

function jsonOrNull(value: object | null): string {
  return value === null ? 'null' : jsonText(value);
}

function quotedList(texts: readonly string[]): string {
  if (texts.length === 0) return '[]';
  return texts.length === 1 ? `["${texts[0]}"]` : `["${texts.join('","')}"]`;
}

function numberList(numbers: readonly number[]): string {
  return numbers.length === 1 ? `[${numbers[0]}]` : `[${numbers.join()}]`;
}

/** Put together, the text is a tree of its parts; reading a character of it makes it one piece, which is smaller and is not walked again. */
function flat(text: string): string {
  text.charCodeAt(0);
  return text;
}
