/** Of one endpoint: attempts whose SYN or SYN-ACK offered something else where it passed a second time, as sentences. */
import type { Evidence } from '../handshake/evidence.ts';
import { differencesBetween, isMoreThanMss, type OfferChange } from '../handshake/offer-changes.ts';
import { differenceWords } from './option-words.ts';
import { counted } from './render/text.ts';

interface Group {
  attempts: number;
  /** Of the first of them: its id and its first change. */
  readonly id: number;
  readonly change: OfferChange;
}

export class ChangedOptions {
  private ofMss: Group | null = null;
  private ofMore: Group | null = null;

  copy(): ChangedOptions {
    const copy = new ChangedOptions();
    copy.ofMss = this.ofMss === null ? null : { ...this.ofMss };
    copy.ofMore = this.ofMore === null ? null : { ...this.ofMore };
    return copy;
  }

  add({ id, offerChanges }: Evidence): void {
    const [first] = offerChanges;
    if (first === undefined) return;
    const more = offerChanges.find(isMoreThanMss);
    if (more !== undefined) this.ofMore = oneMore(this.ofMore, id, more);
    else this.ofMss = oneMore(this.ofMss, id, first);
  }

  get findings(): readonly string[] {
    const findings: string[] = [];
    const { ofMore, ofMss } = this;
    if (ofMore !== null) {
      findings.push(
        `In ${counted(ofMore.attempts, 'attempt')} something between two points of the capture changed what ${example(ofMore)}.`,
      );
    }
    if (ofMss !== null) {
      findings.push(
        `In ${counted(ofMss.attempts, 'attempt')} something between two points of the capture, as routers do before a narrower link, changed what ${example(ofMss)}.`,
      );
    }
    return findings;
  }
}

function example({ id, change }: Group): string {
  const leg = change.isSynAck ? 'the SYN-ACK offers' : 'the SYN offers';
  return `${leg} (attempt #${id}: ${differenceWords({ options: differencesBetween(change.before, change.after) })})`;
}

function oneMore(group: Group | null, id: number, change: OfferChange): Group {
  return group === null ? { attempts: 1, id, change } : { ...group, attempts: group.attempts + 1 };
}
