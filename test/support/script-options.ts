/** TCP options in packetdrill's notation: "mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7" -> their octets. */
import { concat, hex, opt, option } from './packet-bytes.ts';
import { ScriptError } from './script.ts';

export function parseOptionList(text: string, line: number): Uint8Array {
  const parts = text.split(',').map((part) => part.trim());
  return concat(...parts.filter((part) => part !== '').map((part) => parseOption(part, line)));
}

function parseOption(text: string, line: number): Uint8Array {
  const [name = '', ...values] = text.split(/\s+/);
  const value = (index: number): number => {
    const found = Number(values[index]);
    if (!(found >= 0 && found < 2 ** 32)) throw new ScriptError(line, `the option ${text} lacks a number`);
    return found;
  };
  switch (name) {
    case 'nop':
      return opt.nop();
    case 'eol':
      return opt.end();
    case 'mss':
      return opt.mss(value(0));
    case 'wscale':
      return opt.windowScale(value(0));
    case 'sackOK':
      return opt.sackPermitted();
    case 'TS':
      return opt.timestamps(value(1), value(3));
    case 'sack':
      return opt.sack(...values.map((_, index) => value(index)));
    case 'FO':
      return opt.fastOpen(hex(values[0] ?? ''));
    case 'mptcp':
      return opt.multipath(hex(values[0] ?? ''));
    case 'md5':
      return opt.md5();
    case 'kind':
      return option(value(0), hex(values[1] ?? ''));
    default:
      throw new ScriptError(line, `no option is called ${name}`);
  }
}
