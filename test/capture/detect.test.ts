import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CaptureOpener } from '../../src/capture/detect.ts';
import { readPieces, words } from '../support/capture-bytes.ts';

const PAGE = '<!DOCTYPE html><html><head><title>Sign in to continue</title></head><body></body></html>';

const OTHERS: readonly (readonly [what: string, bytes: Uint8Array, found: string])[] = [
  ['nothing', new Uint8Array(0), 'nothing: it is empty'],
  ['one byte', Uint8Array.of(0xd4), 'only 1 byte'],
  ['less than a magic number', Uint8Array.of(0xd4, 0xc3, 0xb2), 'only 3 bytes'],
  ['the beginning of a pcapng', Uint8Array.of(0x0a, 0x0d, 0x0d, 0x0a, 1, 2), 'the first 6 bytes of a pcapng file'],
  ['an HTML page', Buffer.from(`\n${PAGE}`), 'an HTML page'],
  ['XML', Buffer.from('<?xml version="1.0"?><pdml></pdml>'), 'an XML file'],
  ['JSON', Buffer.from('[{"_index": "packets"}]'), 'a JSON file'],
  [
    'tcpdump’s text',
    Buffer.from('12:00:00.1 IP a > b: Flags [S]\n12:00:00.2 IP b > a: Flags [S.]\n'),
    'a text file that begins with "12:00:00.1 IP a > b: Flags [S]"',
  ],
  [
    'snoop',
    Buffer.from(`snoop\0\0\0\0\0\0\x02${'\0'.repeat(60)}`),
    'a snoop file (editcap -F pcapng FILE NEW makes a pcapng of it)',
  ],
  ['xz', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0), 'an xz stream (unpack it: xz -dc FILE | tripod analyze -)'],
  ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0), 'a gzip stream'],
  [
    'a Git LFS pointer',
    Buffer.from('version https://git-lfs.github.com/spec/v1\n'),
    'a Git LFS pointer in place of the file',
  ],
  [
    'a pcapng after a text-mode transfer',
    Buffer.from('\n\r\n\x1c\0\0\0M<+\x1a\x01\0\0\0'),
    'a pcapng file that a text-mode transfer has damaged',
  ],
  [
    'a pcap variant nobody reads',
    words(false, 0xa1b234cd, 0, 0, 0),
    'a pcap file in a variant that no reader is known for',
  ],
  [
    'other bytes',
    Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8),
    'a file that begins with the bytes 00 01 02 03 04 05 06 07',
  ],
  [
    'a section header without byte order',
    words(false, 0x0a0d0d0a, 28, 0x11111111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    'a file that begins with the bytes 0a 0d 0d 0a 00 00 00 1c',
  ],
];

describe('CaptureOpener: what is no capture is named', () => {
  for (const [what, bytes, found] of OTHERS) {
    it(what, () => {
      const message = `not a capture: expected a pcap or pcapng file, found ${found}`;
      for (const size of [1, 7, 1000]) {
        const pieces: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
        assert.equal(readPieces(pieces).error, message);
      }
    });
  }

  it('a compressed stream that is cut before it gives a capture is no empty file', () => {
    const opener = new CaptureOpener();
    assert.throws(
      () => opener.end('zstd'),
      /found only the beginning of a zstd stream, which is cut: it gives nothing of/,
    );
    opener.push(Uint8Array.of(0xd4));
    assert.throws(
      () => opener.end('gzip'),
      /beginning of a gzip stream, which is cut: it gives the first byte of the cap/,
    );
  });

  it('the first bytes of a short Buffer are copied', () => {
    const opener = new CaptureOpener();
    const chunk = Buffer.from('<html><bo');
    assert.equal(opener.push(chunk), null);
    chunk.fill(0);
    assert.throws(() => opener.end(null), /found an HTML page$/);
  });
});
