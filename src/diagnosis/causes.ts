/**
 * The causes of a missing leg, as data: what each is called, what it is, what the host says of it, and what to do next. The names are a contract with other programs
 * (docs/record.md). What the packets of each look like is in suspects.ts, the judges of host facts are in host-proofs.ts; docs/causes/ is made from all three.
 */
import type { LegName } from '../handshake/handshake.ts';

export interface Cause {
  /** The leg that it takes away; null where the handshake is complete, and of no use all the same. */
  readonly leg: LegName | null;
  /** One sentence: what happens. */
  readonly what: string;
  /** What whoever calls gets to see, in the words of telnet, curl and their like. */
  readonly symptom: string;
  /** What of the server's host proves or excludes it: counters by their names in nstat, sockets, rules. null where no fact of that host can tell. */
  readonly host: string | null;
  /** What to run or to do next, in plain words; the command settles whether it is this. */
  readonly advice: string;
  /** Where this is known from. */
  readonly source: string;
}

const TIMES_OUT = 'The connect hangs and ends with “Connection timed out”.';
const IS_REFUSED = 'The connect fails at once with “Connection refused”.';
const CONNECTS_AND_HANGS = '“Connected”, and then nothing: the client believes that it has a connection.';

export const CAUSES = {
  'upstream-drop': {
    leg: 'syn-ack',
    what: 'A firewall, security group or access list between client and server drops the SYN without a word.',
    symptom: TIMES_OUT,
    host: 'A capture at the server that has packets of others and none of this client.',
    advice:
      'Capture at the server at the same time (tcpdump -i any tcp port PORT): if the SYN is not there, look for the rule on the way; tcptraceroute names the last hop that answers.',
    source: 'measured: a drop in the middle and at the server look alike from the client',
  },
  'wrong-destination': {
    leg: 'syn-ack',
    what: 'The SYN goes to an address that the wanted server does not have: a stale name, a virtual address that nobody holds, a wrong route.',
    symptom: TIMES_OUT,
    host: 'IpInAddrErrors (Ip6InAddrErrors) moves with each SYN; the address is not in ip addr.',
    advice:
      'Compare the address with the server’s own (ip addr there); check the name (getent ahosts NAME) and the virtual address.',
    source: 'measured: Ip.InAddrErrors counts such SYNs at a host that forwards nothing',
  },
  'nat-exhausted': {
    leg: 'syn-ack',
    what: 'A NAT, load balancer or connection tracking on the way, or on the server itself, has no port or table entry left for new connections.',
    symptom: `${TIMES_OUT} Some attempts succeed, above all after a while.`,
    host: 'The count of tracked connections stands at nf_conntrack_max, and drop or insert_failed of conntrack -S moves.',
    advice:
      'On the NAT host: dmesg for "nf_conntrack: table full", conntrack -S for drop and insert_failed, and the count against nf_conntrack_max.',
    source: 'issue threads of kubernetes and nixpkgs on full conntrack tables',
  },
  'rejected-by-hop': {
    leg: 'syn-ack',
    what: 'A firewall answers with an ICMP error that says so: administratively prohibited, or a port that is rejected.',
    symptom:
      '“No route to host” (3/10, 3/13) or “Connection refused” (3/3) at once; over IPv6 “Permission denied” (1/1).',
    host: 'Sent by this host itself: IcmpOutDestUnreachs moves, and the counter of a reject rule.',
    advice:
      'The sender of the ICMP error is the machine with the rule: look there (nft list ruleset, iptables -nvL, firewall-cmd --list-all).',
    source: 'RFC 1812 §5.2.7.1, RFC 4443 §3.1; measured with nft reject',
  },
  'host-unreachable': {
    leg: 'syn-ack',
    what: 'A router has no route to the server, or the server does not answer ARP or neighbour discovery on its own network.',
    symptom: '“No route to host” or “Network is unreachable”, at once or after about three seconds.',
    host: null,
    advice:
      'On the router that sent the ICMP error: ip route get SERVER, ip neigh show SERVER. The server may be down, or its address moved.',
    source: 'RFC 1812 §5.2.7.1; measured: about 3 s after the SYN where ARP fails',
  },
  'syn-options-filtered': {
    leg: 'syn-ack',
    what: 'Something on the way drops SYNs that carry more than the usual: Fast Open data, ECN bits, Multipath TCP. A SYN without it gets through.',
    symptom: 'The connect takes one, three or more seconds, or times out; from other systems it works at once.',
    host: 'On the client: TcpExtTCPFastOpenActiveFail, TcpExtTCPFastOpenBlackhole.',
    advice:
      'On the client, switch it off for a test: sysctl net.ipv4.tcp_fastopen=0, net.ipv4.tcp_ecn=0, net.mptcp.enabled=0. If the first SYN is then answered, look for the middlebox.',
    source: 'RFC 7413 §7.1, RFC 3168 §6.1.1.1; measured: SYNs with data dropped by a router',
  },
  'tunnel-checksum': {
    leg: 'syn-ack',
    what: 'The packets of a tunnel (VXLAN, Geneve) arrive with a wrong outer UDP checksum, and the host drops them with the SYN inside.',
    symptom: `${TIMES_OUT} Between hosts alone, while it works inside of one.`,
    host: 'UdpInCsumErrors moves with each SYN.',
    advice:
      'On the sending host: ethtool -K IFACE tx-checksum-ip-generic off, for the tunnel and the interface under it. If it works then, it was the offload.',
    source: 'issue threads of calico and cilium on VXLAN offload',
  },
  'client-gave-up': {
    leg: 'ack',
    what: 'The client had given up before the answer came.',
    symptom: 'The application’s own connect timeout, long before the system’s.',
    host: null,
    advice: 'Raise the client’s connect timeout, or find what makes the answer late.',
    source: 'measured: an impatient client behind a slow path',
  },
  'local-firewall-drop': {
    leg: 'syn-ack',
    what: 'A rule on the server itself (nftables, iptables, firewalld, tc, a BPF programme) drops the SYN after the capture has seen it; one that XDP has drops it before.',
    symptom: TIMES_OUT,
    host: 'IpInReceives moves and IpInDelivers does not; the counter of the rule moves with each SYN; the kernel drops with NETFILTER_DROP, of BPF programmes with TC_INGRESS or SOCKET_FILTER, of XDP in a function with xdp in its name.',
    advice:
      'On the server: nft list ruleset, iptables -nvL: does a counter that can match this port move with each attempt?',
    source: 'measured: the SYN is in the capture, and Tcp.InSegs does not move',
  },
  'reverse-path-filter': {
    leg: 'syn-ack',
    what: 'The server drops the SYN because its own route to the client leaves by another interface (strict rp_filter).',
    symptom: TIMES_OUT,
    host: 'TcpExtIPReversePathFilter moves with each SYN; the kernel drops with IP_RPFILTER.',
    advice:
      'On the server: nstat -z TcpExtIPReversePathFilter before and after an attempt; sysctl net.ipv4.conf.all.rp_filter and that of the interface (the larger counts).',
    source: 'RFC 3704; measured: TcpExt.IPReversePathFilter counts each SYN',
  },
  'wrong-mac': {
    leg: 'syn-ack',
    what: 'The frame is addressed to another machine’s MAC, and the server sees it only because its capture is promiscuous: a stale ARP entry, a duplicate address, a failover that was not announced.',
    symptom: TIMES_OUT,
    host: 'No counter moves; the kernel drops with OTHERHOST. The MAC is not one of this host’s interfaces (ip link).',
    advice:
      'On the machine that sends the frames (the client or the last router): ip neigh show SERVER; compare with ip link on the server. tcpdump -p shows only what is addressed to the host.',
    source: 'linux/if_packet.h PACKET_OTHERHOST; measured: frames with a foreign MAC',
  },
  'bad-checksum': {
    leg: 'syn-ack',
    what: 'The segments arrive with a wrong TCP checksum, and the kernel drops them: a broken offload or a box that rewrites headers and not the checksum.',
    symptom: TIMES_OUT,
    host: 'TcpInCsumErrors and TcpInErrs move with each SYN; the kernel drops with TCP_CSUM.',
    advice:
      'On the sending side: ethtool -K IFACE tx off for a test. On the server: nstat -z TcpInCsumErrors before and after.',
    source: 'RFC 9293 §3.1; measured: SYNs with a wrong checksum on arrival',
  },
  'signature-rejected': {
    leg: 'syn-ack',
    what: 'The server wants TCP-MD5 or TCP-AO signatures (BGP does) and the SYN has none or a wrong one; or it has one that nobody expects.',
    symptom: TIMES_OUT,
    host: 'TcpExtTCPMD5NotFound, TCPMD5Unexpected, TCPMD5Failure, or TcpExtTCPAO…; the kernel drops with TCP_MD5NOTFOUND and its like.',
    advice: 'Give both sides the same key, or none: the neighbour’s password in the BGP configuration of either side.',
    source: 'RFC 2385, RFC 5925; measured: TCP-MD5 required and not sent',
  },
  'accept-queue-full': {
    leg: 'syn-ack',
    what: 'The application does not accept its connections fast enough: the queue behind listen() is full, and the kernel drops new SYNs or third legs.',
    symptom: `${TIMES_OUT} Or: ${CONNECTS_AND_HANGS}`,
    host: 'TcpExtListenOverflows moves with each SYN or third leg; ss -ltn shows Recv-Q above Send-Q.',
    advice:
      'On the server: ss -ltn sport = :PORT (Recv-Q above Send-Q), nstat -z TcpExtListenOverflows before and after. Look why the application does not accept; raise its backlog and net.core.somaxconn.',
    source: 'kernel Documentation/networking/snmp_counter.rst; measured: 13 SYNs, ListenOverflows 13',
  },
  'file-limit': {
    leg: 'syn-ack',
    what: 'The process has as many open files as it may have: accept() fails with EMFILE, its queue fills, and the kernel drops what comes then.',
    symptom: `At first ${CONNECTS_AND_HANGS} Then ${TIMES_OUT}`,
    host: 'The process has as many files open as its limit allows, and its accept queue is not emptied.',
    advice:
      'On the server: ls /proc/PID/fd | wc -l against “Max open files” in /proc/PID/limits. Raise it (LimitNOFILE= of the unit, ulimit -n), or find what is not closed.',
    source: 'accept(2) EMFILE; issue threads of libuv and redis-cerberus',
  },
  'syn-queue-full': {
    leg: 'syn-ack',
    what: 'Too many half-open connections wait, and SYN cookies are off: new SYNs are dropped.',
    symptom: `${TIMES_OUT} Some attempts succeed.`,
    host: 'TcpExtTCPReqQFullDrop moves with each SYN; ss shows many SYN-RECV. Or, with more of them than three quarters of net.ipv4.tcp_max_syn_backlog: TcpExtListenDrops moves, and ListenOverflows does not.',
    advice:
      'On the server: ss -tn state syn-recv | wc -l, nstat -z TcpExtTCPReqQFullDrop; sysctl net.ipv4.tcp_syncookies=1 is the remedy.',
    source: 'net/ipv4/tcp_input.c tcp_conn_request; measured: TCPReqQFullDrop',
  },
  'no-return-route': {
    leg: 'syn-ack',
    what: 'The server has no route back to the client.',
    symptom: TIMES_OUT,
    host: 'IpOutNoRoutes (Ip6OutNoRoutes) and TcpExtListenDrops move with each SYN; ListenOverflows stays.',
    advice: 'On the server: ip route get CLIENT; nstat -z IpOutNoRoutes before and after an attempt.',
    source: 'net/ipv4/inet_connection_sock.c inet_csk_route_req; measured: Ip.OutNoRoutes and ListenDrops',
  },
  'neighbour-unresolved': {
    leg: 'syn-ack',
    what: 'The server’s gateway, or the client on the same network, does not answer ARP or neighbour discovery: the SYN-ACK can’t be sent. Or nobody answers the client’s own request for the server, and its SYN never leaves.',
    symptom: `${TIMES_OUT} On the client’s own network “No route to host” after three seconds.`,
    host: 'A SYN-RECV socket for the client, TcpExtTCPSynRetrans moves, and ip neigh has the next hop INCOMPLETE or FAILED.',
    advice: 'On the server: ip neigh (INCOMPLETE or FAILED towards the client or its gateway), and tcpdump arp.',
    source: 'measured: a SYN-RECV socket, no SYN-ACK on the wire, who-has repeated',
  },
  'egress-drop': {
    leg: 'syn-ack',
    what: 'The server makes its SYN-ACK, and a rule on its way out (OUTPUT, tc, a container’s policy) drops it before the capture.',
    symptom: TIMES_OUT,
    host: 'A SYN-RECV socket for the client; TcpExtTCPTimeouts moves and TCPSynRetrans does not; IpOutRequests moves and IpOutTransmits does not.',
    advice:
      'On the server: ss -tn state syn-recv shows the client while it tries; then look at nft list chain OUTPUT rules, tc filter show dev IF egress.',
    source: 'measured: SYN-RECV present, TCPTimeouts count, no SYN-ACK captured',
  },
  'answers-by-another-interface': {
    leg: 'syn-ack',
    what: 'The SYN-ACK leaves by another interface than the one that was captured.',
    symptom: 'It may even work: then the capture has the first and third leg alone.',
    host: 'A SYN-RECV socket for the client, and ip route get CLIENT names another interface than the one where the SYN came in.',
    advice: 'On the server: ip route get CLIENT from SERVER; capture on all interfaces (-i any).',
    source: 'measured: asymmetric routes in the lab',
  },
  'timestamps-rejected': {
    leg: 'syn-ack',
    what: 'The timestamps are not what the server expects: older than others of the same address behind a NAT (tcp_tw_recycle), older than those of a connection in TIME-WAIT on the same ports, or rewritten on the way; it drops the SYN or the third leg.',
    symptom: `${TIMES_OUT} For some of the clients behind one address, and not for others.`,
    host: 'TcpExtPAWSPassive (SYNs, kernels before 4.12), TcpExtPAWSTimewait (SYNs to a connection in TIME-WAIT), TcpExtTSEcrRejected or TcpExtPAWSEstab (third legs) moves with each.',
    advice:
      'On the server: sysctl net.ipv4.tcp_tw_recycle must be 0 (or not exist). If it is TIME-WAIT, the NAT gives the ports of one client to another too soon: more addresses or ports for it, or longer pauses. Otherwise look for the box that rewrites timestamps; net.ipv4.tcp_timestamps=0 on one side shows whether it is that.',
    source: 'RFC 7323 §5; net/ipv4/tcp_minisocks.c tcp_check_req; measured: a middlebox that spoils echoed timestamps',
  },
  'old-connection': {
    leg: 'syn-ack',
    what: 'The server still holds an older connection on the same addresses and ports (open, half open, or in TIME-WAIT), and answers for that one.',
    symptom: 'The connect takes a second or more, or times out; from another port it works at once.',
    host: 'TcpExtTCPChallengeACK and TCPSYNChallenge, TcpExtPAWSTimewait, TcpExtTCPACKSkippedTimeWait or TCPACKSkippedSynRecv moves.',
    advice:
      'On the server: ss -tan | grep CLIENT. The client’s RST must get through; a wider port range or longer pauses before ports are used again avoid it.',
    source: 'RFC 5961 §4, RFC 9293 §3.6.1; measured',
  },
  'port-closed': {
    leg: 'syn-ack',
    what: 'Nothing listens on that port and address: the host refuses with a RST.',
    symptom: IS_REFUSED,
    host: 'TcpOutRsts moves with each; ss -ltn has no listener on the port.',
    advice: 'On the server: ss -ltn sport = :PORT. Start the service, or ask the right port.',
    source: 'RFC 9293 §3.10.7.1; measured: Tcp.OutRsts counts each',
  },
  'bound-to-another-address': {
    leg: 'syn-ack',
    what: 'The service listens, but on another address (127.0.0.1, one interface, the other family): to this address the port is closed.',
    symptom: IS_REFUSED,
    host: 'TcpOutRsts moves with each; ss -ltn shows a listener, on another address.',
    advice: 'On the server: ss -ltn sport = :PORT shows the local address; bind it to 0.0.0.0 or ::.',
    source: 'measured: no different from a closed port in the packets',
  },
  'firewall-reset': {
    leg: 'syn-ack',
    what: 'A firewall sends the RST, on the server (reject with tcp reset) or on the way, in the server’s name; of a connection that was open it may send one to the server, too, in the client’s name.',
    symptom: `${IS_REFUSED} Or “Connection reset by peer” with the first data.`,
    host: 'TcpOutRsts stays, although RSTs left; the counter of a reject rule moves.',
    advice:
      'On the server: nstat -z TcpOutRsts before and after an attempt: if it does not move, the kernel did not refuse. Compare the RST’s TTL with that of the server’s other packets.',
    source: 'net/ipv4/netfilter/nf_reject_ipv4.c; measured: nft reject leaves Tcp.OutRsts alone',
  },
  'return-path-loss': {
    leg: 'ack',
    what: 'The SYN-ACK gets lost on its way to the client, who goes on repeating its SYN: an asymmetric route, a stateful firewall that saw no SYN, a rule on ephemeral ports.',
    symptom: TIMES_OUT,
    host: 'Nothing of the host is wrong: TcpExtTCPSynRetrans moves, and a SYN-RECV socket waits.',
    advice:
      'Capture at the client at the same time; look at firewalls on the way back and at rules for the client’s port.',
    source: 'measured: SYN-ACK dropped in the middle',
  },
  'forward-path-loss': {
    leg: 'ack',
    what: 'The client’s ACK gets lost on its way to the server.',
    symptom: CONNECTS_AND_HANGS,
    host: 'Nothing of the host is wrong: TcpExtTCPSynRetrans moves, and a SYN-RECV socket waits.',
    advice:
      'Capture at both ends at the same time: the ACK leaves the client and does not come. Look for the hop that lets SYNs through and not ACKs.',
    source: 'measured: the third leg dropped in the middle',
  },
  'syn-flood': {
    leg: 'ack',
    what: 'Many sources send one SYN each and never answer: a flood with spoofed addresses, or a scan.',
    symptom: 'None of these sources complains; others may find the port slow or silent.',
    host: 'TcpExtSyncookiesSent or TCPReqQFullDoCookies moves; dmesg has “Possible SYN flooding”.',
    advice:
      'No outage of one client: look at those that matter with --client. On the server: nstat -z TcpExtSyncookiesSent; keep tcp_syncookies at 1.',
    source: 'RFC 4987; measured',
  },
  'defer-accept': {
    leg: 'ack',
    what: 'The service uses TCP_DEFER_ACCEPT: the kernel drops a bare ACK on purpose and waits for data.',
    symptom: '“Connected”, and no banner ever: by design, until the client says something.',
    host: 'TcpExtTCPDeferAcceptDrop moves with each.',
    advice:
      'On the server: nstat -z TcpExtTCPDeferAcceptDrop before and after. Clients and health checks that send nothing hang by design.',
    source: 'tcp(7) TCP_DEFER_ACCEPT; measured: one late SYN-ACK, about 7 s after the ACK for a setting of 5 s',
  },
  'ack-firewalled': {
    leg: 'ack',
    what: 'A rule on the server (often conntrack’s state INVALID) drops the third leg after the capture has seen it.',
    symptom: CONNECTS_AND_HANGS,
    host: 'TcpExtListenOverflows stays; IpInDelivers moves less than IpInReceives; the counter of a rule moves with each.',
    advice:
      'On the server: conntrack -S (invalid), nft list ruleset: a counter on invalid packets that moves; ListenOverflows stays.',
    source: 'measured: third leg dropped on input',
  },
  'sequence-rewritten': {
    leg: 'ack',
    what: 'A middlebox rewrites sequence numbers in one direction only, or somebody else answers beside the server or for it (a second host with its address, a SYN proxy): the numbers of the third leg do not fit.',
    symptom: `“Connection reset by peer” at once, or ${CONNECTS_AND_HANGS}`,
    host: 'TcpOutRsts moves with each third leg; the kernel drops with TCP_INVALID_ACK_SEQUENCE or TCP_OVERWINDOW.',
    advice: 'Capture at both ends and compare the ISNs; turn off sequence randomisation or SYN proxying on the way.',
    source: 'measured: sequence numbers rewritten one way',
  },
  'half-open-scan': {
    leg: 'ack',
    what: 'The client resets each SYN-ACK at once: a port scan, or a check (of a load balancer, a monitor) that wants to know no more.',
    symptom: 'None: the client wanted no connection.',
    host: null,
    advice: 'No fault of the server: look who the client is.',
    source: 'nmap’s SYN scan; measured',
  },
  'asymmetric-nat': {
    leg: 'ack',
    what: 'The SYN-ACK comes from another address than the SYN went to: a NAT or load balancer that is undone on one way only.',
    symptom: TIMES_OUT,
    host: null,
    advice: 'On the host that translates: conntrack -L | grep CLIENT; both directions must pass it (no direct return).',
    source: 'measured: destination NAT whose answers bypass it',
  },
  'closed-at-once': {
    leg: null,
    what: 'The server takes the connection and closes it at once without a word: at its limit of connections, a client that is not allowed (tcp wrappers, an access list of the application), a worker that dies.',
    symptom: '“Connected”, then “Connection closed by foreign host” or “Connection reset by peer”.',
    host: 'TcpPassiveOpens moves with each; no counter of the kernel is to blame.',
    advice:
      'On the server: the log of the application; /etc/hosts.deny; its limit of connections against ss -tn state established sport = :PORT | wc -l.',
    source: 'measured: a server that accepts and closes, or resets',
  },
  'not-accepted-yet': {
    leg: null,
    what: 'The kernel has completed the handshake and takes the client’s data, and the application never answers: it hangs, or never calls accept(). When its queue is full, further attempts fail.',
    symptom: CONNECTS_AND_HANGS,
    host: 'ss -ltn shows a Recv-Q above 0 that does not go down; ESTAB sockets without a process.',
    advice:
      'On the server: ss -ltn sport = :PORT twice: if Recv-Q stays, the application does not accept. Look at the process: cat /proc/PID/status, /proc/PID/stack, its log.',
    source: 'measured: an application that was stopped',
  },
  'path-mtu': {
    leg: null,
    what: 'Small packets get through and full-sized ones do not: some link is narrower, and the ICMP errors that would say so are filtered.',
    symptom:
      '“Connected”, even a banner, and then it hangs: with the first page, the first key exchange, the first long line.',
    host: 'ss -tino on the side that sends: backoff and lastsnd grow, bytes_acked does not; unacked with sacked: smaller segments come there. ip route get shows no learned mtu.',
    advice:
      'From the side that repeats its data: tracepath -n PEER, ping -M do -s 1472 PEER. Let ICMP 3/4 (ICMPv6 2) through, or clamp the MSS on the narrow link.',
    source: 'RFC 2923 §2.1, RFC 1191; measured: a link of 1300 octets whose ICMP errors are filtered',
  },
  'capture-one-sided': {
    leg: 'syn',
    what: 'The capture has one direction only, or began after the SYN.',
    symptom: 'None: the connection may be well.',
    host: null,
    advice: 'Capture both directions: the whole mirror port, or -i any on the host.',
    source: 'measured: one direction of a link',
  },
} as const satisfies Readonly<Record<string, Cause>>;

export type CauseName = keyof typeof CAUSES;
