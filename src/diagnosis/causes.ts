/** The causes of a missing leg, as data: what each is called, what it is, and what to do next. The names are a contract with other programs (docs/record.md). */
import type { LegName } from '../handshake/handshake.ts';

export interface Cause {
  /** The leg that it takes away. */
  readonly leg: LegName;
  /** One sentence: what happens. */
  readonly what: string;
  /** What to run or to do next, in plain words; the command settles whether it is this. */
  readonly advice: string;
  /** Where this is known from. */
  readonly source: string;
}

export const CAUSES = {
  'upstream-drop': {
    leg: 'syn-ack',
    what: 'A firewall, security group or access list between client and server drops the SYN without a word.',
    advice:
      'Capture at the server at the same time (tcpdump -i any tcp port PORT): if the SYN is not there, look for the rule on the way; tcptraceroute names the last hop that answers.',
    source: 'measured: a drop in the middle and at the server look alike from the client',
  },
  'wrong-destination': {
    leg: 'syn-ack',
    what: 'The SYN goes to an address that the wanted server does not have: a stale name, a virtual address that nobody holds, a wrong route.',
    advice:
      'Compare the address with the server’s own (ip addr there); check the name (getent ahosts NAME) and the virtual address.',
    source: 'measured: Ip.InAddrErrors counts such SYNs at a host that forwards nothing',
  },
  'nat-exhausted': {
    leg: 'syn-ack',
    what: 'A NAT or load balancer on the way has no port or table entry left for new connections.',
    advice:
      'On the NAT host: dmesg for "nf_conntrack: table full", conntrack -S for drop and insert_failed, and the count against nf_conntrack_max.',
    source: 'issue threads of kubernetes and nixpkgs on full conntrack tables',
  },
  'rejected-by-hop': {
    leg: 'syn-ack',
    what: 'A firewall answers the SYN with an ICMP error that says so: administratively prohibited, or a port that is rejected.',
    advice:
      'The sender of the ICMP error is the machine with the rule: look there (nft list ruleset, iptables -nvL, firewall-cmd --list-all).',
    source: 'RFC 1812 §5.2.7.1, RFC 4443 §3.1; measured with nft reject',
  },
  'host-unreachable': {
    leg: 'syn-ack',
    what: 'A router has no route to the server, or the server does not answer ARP or neighbour discovery on its own network.',
    advice:
      'On the router that sent the ICMP error: ip route get SERVER, ip neigh show SERVER. The server may be down, or its address moved.',
    source: 'RFC 1812 §5.2.7.1; measured: about 3 s after the SYN where ARP fails',
  },
  'local-firewall-drop': {
    leg: 'syn-ack',
    what: 'A rule on the server itself (nftables, iptables, firewalld) drops the SYN after the capture has seen it.',
    advice:
      'On the server: nft list ruleset, iptables -nvL: does a counter that can match this port move with each attempt?',
    source: 'measured: the SYN is in the capture, and Tcp.InSegs does not move',
  },
  'reverse-path-filter': {
    leg: 'syn-ack',
    what: 'The server drops the SYN because its own route to the client leaves by another interface (strict rp_filter).',
    advice:
      'On the server: nstat -z TcpExtIPReversePathFilter before and after an attempt; sysctl net.ipv4.conf.all.rp_filter and that of the interface (the larger counts).',
    source: 'RFC 3704; measured: TcpExt.IPReversePathFilter counts each SYN',
  },
  'accept-queue-full': {
    leg: 'syn-ack',
    what: 'The application does not accept its connections fast enough: the queue behind listen() is full, and the kernel drops new SYNs or third legs.',
    advice:
      'On the server: ss -ltn sport = :PORT (Recv-Q above Send-Q), nstat -z TcpExtListenOverflows before and after. Look why the application does not accept; raise its backlog and net.core.somaxconn.',
    source: 'kernel Documentation/networking/snmp_counter.rst; measured: 13 SYNs, ListenOverflows 13',
  },
  'syn-queue-full': {
    leg: 'syn-ack',
    what: 'Too many half-open connections wait, and SYN cookies are off: new SYNs are dropped.',
    advice:
      'On the server: ss -tn state syn-recv | wc -l, nstat -z TcpExtTCPReqQFullDrop; sysctl net.ipv4.tcp_syncookies=1 is the remedy.',
    source: 'net/ipv4/tcp_input.c tcp_conn_request; measured: TCPReqQFullDrop',
  },
  'no-return-route': {
    leg: 'syn-ack',
    what: 'The server has no route back to the client.',
    advice: 'On the server: ip route get CLIENT; nstat -z IpOutNoRoutes before and after an attempt.',
    source: 'net/ipv4/inet_connection_sock.c inet_csk_route_req; measured: Ip.OutNoRoutes and ListenDrops',
  },
  'neighbour-unresolved': {
    leg: 'syn-ack',
    what: 'The server’s gateway, or the client on the same network, does not answer ARP or neighbour discovery: the SYN-ACK can’t be sent.',
    advice: 'On the server: ip neigh (INCOMPLETE or FAILED towards the client or its gateway), and tcpdump arp.',
    source: 'measured: a SYN-RECV socket, no SYN-ACK on the wire, who-has repeated',
  },
  'egress-drop': {
    leg: 'syn-ack',
    what: 'The server makes its SYN-ACK, and a rule on its way out (OUTPUT, tc, a container’s policy) drops it before the capture.',
    advice:
      'On the server: ss -tn state syn-recv shows the client while it tries; then look at nft list chain OUTPUT rules, tc filter show dev IF egress.',
    source: 'measured: SYN-RECV present, TCPTimeouts count, no SYN-ACK captured',
  },
  'answers-by-another-interface': {
    leg: 'syn-ack',
    what: 'The SYN-ACK leaves by another interface than the one that was captured.',
    advice: 'On the server: ip route get CLIENT from SERVER; capture on all interfaces (-i any).',
    source: 'measured: asymmetric routes in the lab',
  },
  'old-connection': {
    leg: 'syn-ack',
    what: 'The server still holds an older connection on the same addresses and ports (open, or in TIME-WAIT), and answers for that one.',
    advice:
      'On the server: ss -tan | grep CLIENT:PORT. The client’s RST must get through; a wider port range or longer pauses before ports are used again avoid it.',
    source: 'RFC 5961 §4, RFC 9293 §3.6.1; measured',
  },
  'port-closed': {
    leg: 'syn-ack',
    what: 'Nothing listens on that port and address: the host refuses with a RST.',
    advice: 'On the server: ss -ltn sport = :PORT. Start the service, or ask the right port.',
    source: 'RFC 9293 §3.10.7.1; measured: Tcp.OutRsts counts each',
  },
  'bound-to-another-address': {
    leg: 'syn-ack',
    what: 'The service listens, but on another address (127.0.0.1, one interface, the other family): to this address the port is closed.',
    advice: 'On the server: ss -ltn sport = :PORT shows the local address; bind it to 0.0.0.0 or ::.',
    source: 'measured: no different from a closed port in the packets',
  },
  'firewall-reset': {
    leg: 'syn-ack',
    what: 'A firewall sends the RST, on the server (reject with tcp reset) or on the way, in the server’s name.',
    advice:
      'On the server: nstat -z TcpOutRsts before and after an attempt: if it does not move, the kernel did not refuse. Compare the RST’s TTL with that of the server’s other packets.',
    source: 'measured: nft reject leaves Tcp.OutRsts alone; RFC 9293 says nothing of it',
  },
  'return-path-loss': {
    leg: 'ack',
    what: 'The SYN-ACK gets lost on its way to the client, who goes on repeating its SYN: an asymmetric route, a stateful firewall that saw no SYN, a rule on ephemeral ports.',
    advice:
      'Capture at the client at the same time; look at firewalls on the way back and at rules for the client’s port.',
    source: 'measured: SYN-ACK dropped in the middle',
  },
  'forward-path-loss': {
    leg: 'ack',
    what: 'The client’s ACK gets lost on its way to the server.',
    advice:
      'Capture at both ends at the same time: the ACK leaves the client and does not come. Look for the hop that lets SYNs through and not ACKs.',
    source: 'measured: the third leg dropped in the middle',
  },
  'syn-flood': {
    leg: 'ack',
    what: 'Many sources send one SYN each and never answer: a flood with spoofed addresses, or a scan.',
    advice:
      'No outage of one client: look at those that matter with --client. On the server: nstat -z TcpExtSyncookiesSent; keep tcp_syncookies at 1.',
    source: 'RFC 4987; measured',
  },
  'defer-accept': {
    leg: 'ack',
    what: 'The service uses TCP_DEFER_ACCEPT: the kernel drops a bare ACK on purpose and waits for data.',
    advice:
      'On the server: nstat -z TcpExtTCPDeferAcceptDrop before and after. Clients and health checks that send nothing hang by design.',
    source: 'tcp(7) TCP_DEFER_ACCEPT; measured: one late SYN-ACK, about 7 s after the ACK for a setting of 5 s',
  },
  'ack-firewalled': {
    leg: 'ack',
    what: 'A rule on the server (often conntrack’s state INVALID) drops the third leg after the capture has seen it.',
    advice:
      'On the server: conntrack -S (invalid), nft list ruleset: a counter on invalid packets that moves; ListenOverflows stays.',
    source: 'measured: third leg dropped on input',
  },
  'sequence-rewritten': {
    leg: 'ack',
    what: 'A middlebox rewrites sequence numbers in one direction only, or a SYN proxy answers for the server: the numbers of the third leg do not fit.',
    advice: 'Capture at both ends and compare the ISNs; turn off sequence randomisation or SYN proxying on the way.',
    source: 'measured: sequence numbers rewritten one way',
  },
  'half-open-scan': {
    leg: 'ack',
    what: 'The client resets each SYN-ACK at once: a port scan, or a check that wants to know no more.',
    advice: 'No fault of the server: look who the client is.',
    source: 'nmap’s SYN scan; measured',
  },
  'client-gave-up': {
    leg: 'ack',
    what: 'The client had given up before the answer came.',
    advice: 'Raise the client’s connect timeout, or find what makes the answer late.',
    source: 'measured: an impatient client behind a slow path',
  },
  'asymmetric-nat': {
    leg: 'ack',
    what: 'The SYN-ACK comes from another address than the SYN went to: a NAT or load balancer that is undone on one way only.',
    advice: 'On the host that translates: conntrack -L | grep CLIENT; both directions must pass it (no direct return).',
    source: 'measured: destination NAT whose answers bypass it',
  },
  'capture-one-sided': {
    leg: 'syn',
    what: 'The capture has one direction only, or began after the SYN.',
    advice: 'Capture both directions: the whole mirror port, or -i any on the host.',
    source: 'measured: one direction of a link',
  },
} as const satisfies Readonly<Record<string, Cause>>;

export type CauseName = keyof typeof CAUSES;
