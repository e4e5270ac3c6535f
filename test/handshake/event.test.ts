/** What one segment means, in the order of RFC 9293 §3.10.7: the same segment after different beginnings. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventsOf } from '../support/script-events.ts';

const SYN = '0.000 c > s S 1000:1000(0)\n';
const SYN_ACK = '0.100 s > c S. 9000:9000(0) ack 1001\n';
const ACK = '0.200 c > s . 1001:1001(0) ack 9001\n';
const TOOK = '0.300 s > c P. 9001:9011(10) ack 1001\n';

/** The event of the last line, which comes after `before`. */
function last(name: string, before: string, line: string, event: string | undefined): void {
  test(name, async () => {
    assert.equal((await eventsOf(`${before}${line}\n`))[before.split('\n').length - 1], event);
  });
}

describe('after the SYN', () => {
  last('a SYN with the same ISN is the same SYN', SYN, '1.0 c > s S 1000:1000(0)', 'syn');
  last('a SYN with another ISN is of another attempt', SYN, '1.0 c > s S 1001:1001(0)', undefined);
  last('a SYN of the other side crosses', SYN, '1.0 s > c S 9000:9000(0)', 'syn-crossing');
  last('a SYN-ACK of ISN + 1', SYN, '1.0 s > c S. 9000:9000(0) ack 1001', 'syn-ack');
  last('a SYN-ACK of ISN is stray', SYN, '1.0 s > c S. 9000:9000(0) ack 1000', 'syn-ack-stray');
  last(
    'a SYN-ACK of ISN + 2 is stray: the SYN carried nothing',
    SYN,
    '1.0 s > c S. 9000:9000(0) ack 1002',
    'syn-ack-stray',
  );
  last('a RST with ACK of ISN + 1 is the answer', SYN, '1.0 s > c R. 0:0(0) ack 1001', 'server-rst-answer');
  last('a RST with ACK of another number is stray', SYN, '1.0 s > c R. 0:0(0) ack 1000', 'server-rst-stray');
  last('a RST without ACK is an answer', SYN, '1.0 s > c R 0:0(0)', 'server-rst-answer');
  last('an ACK of another number is a challenge', SYN, '1.0 s > c . 5:5(0) ack 777', 'challenge');
  last('an ACK of ISN + 1 proves no more', SYN, '1.0 s > c . 9001:9001(0) ack 1001', 'server-ack');
  last(
    'data that acknowledges ISN + 1 needs a third leg',
    SYN,
    '1.0 s > c P. 9001:9011(10) ack 1001',
    'server-took-early',
  );
  last(
    'an ACK of the client is the third leg: the SYN-ACK was not captured',
    SYN,
    '1.0 c > s . 1001:1001(0) ack 9001',
    'third-leg',
  );
  last('an ACK of the client from before the SYN is nothing', SYN, '1.0 c > s . 999:999(0) ack 9001', 'other');
  last('a keep-alive probe shows the third leg', SYN, '1.0 c > s . 1000:1000(0) ack 9001', 'third-leg');
  last('a RST of the client in its window', SYN, '1.0 c > s R 1001:1001(0)', 'client-rst');
  last('a RST of the client from elsewhere is nothing', SYN, '1.0 c > s R 500000:500000(0)', 'other');
  last('a segment of the client without ACK is nothing', SYN, '1.0 c > s P 1001:1011(10)', 'other');
});

describe('after a SYN with data', () => {
  const WITH_DATA = '0.000 c > s S 1000:1010(10) <FO 01020304>\n';
  last('a SYN-ACK may take the SYN alone', WITH_DATA, '1.0 s > c S. 9000:9000(0) ack 1001', 'syn-ack');
  last('a SYN-ACK may take the data', WITH_DATA, '1.0 s > c S. 9000:9000(0) ack 1011', 'syn-ack');
  last('a SYN-ACK can take no more than that', WITH_DATA, '1.0 s > c S. 9000:9000(0) ack 1012', 'syn-ack-stray');
  const TAKEN = `${WITH_DATA}0.1 s > c S. 9000:9000(0) ack 1011\n`;
  last('data of the server needs no third leg then', TAKEN, '1.0 s > c P. 9001:9011(10) ack 1011', 'server-ack');
  last('a RST may acknowledge the data', WITH_DATA, '1.0 s > c R. 0:0(0) ack 1011', 'server-rst-answer');
});

describe('after the SYN-ACK', () => {
  const BOTH = SYN + SYN_ACK;
  last('the ACK of ISN + 1 is the third leg', BOTH, '1.0 c > s . 1001:1001(0) ack 9001', 'third-leg');
  last('so is data that acknowledges it', BOTH, '1.0 c > s P. 1001:1011(10) ack 9001', 'third-leg');
  last('so is an ACK of later data: the first one was lost', BOTH, '1.0 c > s . 1001:1001(0) ack 9501', 'third-leg');
  last('so is the last octet of the first window', BOTH, '1.0 c > s . 66536:66536(0) ack 9001', 'third-leg');
  last('one octet further is out of the window', BOTH, '1.0 c > s . 66537:66537(0) ack 9001', 'third-leg-wrong');
  last('an ACK of the ISN itself is wrong', BOTH, '1.0 c > s . 1001:1001(0) ack 9000', 'third-leg-wrong');
  last('both numbers far off: another connection', BOTH, '1.0 c > s . 500000:500000(0) ack 8000', 'other');
  last('a keep-alive probe shows the third leg', BOTH, '1.0 c > s . 1000:1000(0) ack 9001', 'third-leg');
  last('an octet before the window is wrong', BOTH, '1.0 c > s . 999:999(0) ack 9001', 'third-leg-wrong');
  last('a RST is never the third leg', BOTH, '1.0 c > s R. 1001:1001(0) ack 9001', 'client-rst');
  last('the server’s ACK is never the third leg', BOTH, '1.0 s > c . 9001:9001(0) ack 1001', 'server-ack');
  last('the same SYN-ACK again', BOTH, '1.0 s > c S. 9000:9000(0) ack 1001', 'syn-ack');
  last(
    'an acknowledgment of client data shows that a third leg was there',
    BOTH,
    '1.0 s > c . 9001:9001(0) ack 1011',
    'server-took',
  );
  last('a RST of the server', BOTH, '1.0 s > c R. 9001:9001(0) ack 1001', 'server-rst');
});

describe('after the third leg', () => {
  const THREE = SYN + SYN_ACK + ACK;
  last('a SYN-ACK is late', THREE, '1.0 s > c S. 9000:9000(0) ack 1001', 'syn-ack-late');
  last('new data would serve as well', THREE, '1.0 c > s P. 1001:1011(10) ack 9001', 'third-leg');
  last('data of the server shows that it took it', THREE, '1.0 s > c P. 9001:9011(10) ack 1001', 'server-took');
  last('an ACK of the SYN alone does not', THREE, '1.0 s > c . 9001:9001(0) ack 1001', 'server-ack');
  last('a RST without ACK, of what was acknowledged', THREE, '1.0 s > c R 9001:9001(0)', 'server-rst-bare');
  last('the same with ACK is of a connection', THREE, '1.0 s > c R. 9001:9001(0) ack 1001', 'server-rst');
  last('a RST without ACK, of another number', THREE, '1.0 s > c R 123456:123456(0)', 'server-rst-stray');
  last('a keep-alive probe is nothing', THREE, '1.0 c > s . 1000:1000(0) ack 9001', 'other');
  const DATA = `${THREE}0.3 c > s P. 1001:1011(10) ack 9001\n`;
  last('the same data again', DATA, '1.0 c > s P. 1001:1011(10) ack 9001', 'client-again');
  last('the next data is not', DATA, '1.0 c > s P. 1011:1021(10) ack 9001', 'third-leg');
  last('an acknowledgment of the data', DATA, '1.0 s > c . 9001:9001(0) ack 1011', 'server-took');
});

describe('when the server took the third leg', () => {
  const OPEN = SYN + SYN_ACK + ACK + TOOK;
  last('the first FIN', OPEN, '1.0 c > s F. 1001:1001(0) ack 9011', 'fin');
  const CLIENT_DONE = `${SYN}${SYN_ACK}${ACK}0.25 c > s F. 1001:1001(0) ack 9001\n`;
  last('the other side’s FIN takes and ends it', CLIENT_DONE, '1.0 s > c F. 9001:9001(0) ack 1002', 'server-took-last');
  const HALF_CLOSED = `${CLIENT_DONE}0.3 s > c P. 9001:9011(10) ack 1002\n`;
  last('the other side’s FIN after data ends it', HALF_CLOSED, '1.0 s > c F. 9011:9011(0) ack 1002', 'fin-last');
  last('a RST', OPEN, '1.0 s > c R 9011:9011(0)', 'server-rst');
  last('a repeated SYN', OPEN, '1.0 c > s S 1000:1000(0)', 'syn');
});

describe('copies', () => {
  last('the same frame at once', SYN, '0.001 c > s S 1000:1000(0) id 4097', 'copy');
  last('the same numbers in a frame of its own are no copy', SYN, '0.001 c > s S 1000:1000(0) id 4098', 'syn');
  last('without identification the limit is 50 ms', SYN + SYN_ACK, '0.150 s > c S. 9000:9000(0) ack 1001', 'copy');
  last('after that it is a transmission', SYN + SYN_ACK, '0.152 s > c S. 9000:9000(0) ack 1001', 'syn-ack');
});
