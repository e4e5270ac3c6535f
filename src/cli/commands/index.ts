/** All commands, in the order of the help. The first one is what `tripod capture.pcap` means. */
import type { Command } from '../command.ts';
import { ANALYZE } from './analyze.ts';
import { completionCommand } from './completion.ts';
import { DEVICES } from './devices.ts';
import { DOCTOR } from './doctor.ts';
import { LIVE } from './live.ts';
import { SHOW } from './show.ts';

const WORKING: readonly Command[] = [ANALYZE, SHOW, LIVE, DOCTOR, DEVICES];

export const COMMANDS: readonly Command[] = [...WORKING, completionCommand(WORKING)];
