/**
 * One segment of one attempt, as a ladder diagram shows it: plain, owned data. Made only for the attempt that was asked for.
 */
export interface TracedSegment {
  readonly frame: number;
  /** Index in `capture.sources` of the file that holds the frame. */
  readonly file: number;
  /** Epoch seconds with all the digits that the capture has. */
  readonly time: string;
  readonly from: 'client' | 'server' | 'icmp';
  /** Wireshark's words: "SYN", "SYN, ACK", "ACK", "PSH, ACK", "RST"; for an ICMP error its meaning. */
  readonly flags: string;
  /** Unsigned 32-bit; null when the capture cut it off, or for an ICMP error. */
  readonly sequence: number | null;
  readonly acknowledgment: number | null;
  readonly payloadLength: number;
  readonly window: number | null;
  readonly ttl: number;
  /** Option names and values in tcpdump's notation ("mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7"); "" without options. */
  readonly options: string;
  /** What the segment was taken for: the event of the state machine ("syn", "syn-again", "copy", "third-leg", …). */
  readonly event: string;
}
