/*
 * Sends TCP segments from made-up addresses through a packet socket, 64 at a call, at a given rate: for `npm run bench:live`, inside a network namespace.
 *
 *   sender INTERFACE syns RATE COUNT         SYNs, each of another client, to port 80
 *   sender INTERFACE refusals RATE COUNT     a SYN and the RST that refuses it, to port 81
 *   sender INTERFACE handshakes RATE COUNT   handshakes, of which four in a hundred lack a leg: the server's port says what becomes of each (see handshake())
 *
 * RATE is of SYNs, refusals or handshakes a second; 0 is as fast as it goes. It says on standard output how many segments were sent, in how many seconds, and how many of each kind.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH 64
#define LENGTH 74 /* Ethernet 14, IPv4 20, TCP 20 and the options of Linux 20 */
#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10
#define KINDS 5

static int descriptor;
static unsigned char frames[BATCH][LENGTH];
static struct mmsghdr messages[BATCH];
static struct iovec vectors[BATCH];
static unsigned pending;
static uint64_t sent;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void put16(unsigned char *at, unsigned value) { at[0] = value >> 8; at[1] = value & 0xff; }
static void put32(unsigned char *at, uint32_t value) { put16(at, value >> 16); put16(at + 2, value & 0xffff); }

static void flush(void) {
    unsigned done = 0;
    while (done < pending) {
        int n = sendmmsg(descriptor, messages + done, pending - done, 0);
        if (n < 0) {
            if (errno == EINTR || errno == ENOBUFS || errno == EAGAIN) continue;
            perror("sendmmsg");
            exit(1);
        }
        done += n;
    }
    sent += pending;
    pending = 0;
}

static uint32_t client_address(uint64_t i) { return 0x0a000001u + (uint32_t)(i / 40000) % 0x00f00000u; }
static unsigned client_port(uint64_t i) { return 20000 + i % 40000; }

/* One segment between client number i and the server 192.0.2.1. */
static void segment(uint64_t i, unsigned server_port, int from_client, unsigned flags, uint32_t sequence, uint32_t acknowledgment) {
    unsigned char *ip = frames[pending] + 14, *tcp = ip + 20;
    uint32_t client = client_address(i), server = 0xc0000201u, sum = 0;
    unsigned total = LENGTH - 14;
    put16(ip + 2, total);
    put16(ip + 4, (unsigned)(sent + pending) & 0xffff);
    put16(ip + 10, 0);
    put32(ip + 12, from_client ? client : server);
    put32(ip + 16, from_client ? server : client);
    for (int at = 0; at < 20; at += 2) sum += ip[at] << 8 | ip[at + 1];
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    put16(ip + 10, ~sum & 0xffff);
    put16(tcp, from_client ? client_port(i) : server_port);
    put16(tcp + 2, from_client ? server_port : client_port(i));
    put32(tcp + 4, sequence);
    put32(tcp + 8, acknowledgment);
    tcp[13] = flags;
    put16(tcp + 16, 0);
    uint32_t check = 6 + total - 20;
    for (int at = 12; at < (int)total; at += 2) check += ip[at] << 8 | ip[at + 1];
    while (check >> 16) check = (check & 0xffff) + (check >> 16);
    put16(tcp + 16, ~check & 0xffff);
    if (++pending == BATCH) flush();
}

/* Kind 0, port 1000: complete, closed by the server. 1: the SYN is not answered. 2: refused. 3: the SYN-ACK is not answered. 4: the client resets it. Answers the kind. */
static int handshake(uint64_t i) {
    int kind = i % 100 < 4 ? 1 + (int)(i % 100) : 0;
    unsigned port = 1000 + kind;
    uint32_t a = (uint32_t)(i * 2654435761u), b = (uint32_t)(i * 40503u + 12345);
    segment(i, port, 1, SYN, a, 0);
    if (kind == 1) return kind;
    if (kind == 2) { segment(i, port, 0, RST | ACK, 0, a + 1); return kind; }
    segment(i, port, 0, SYN | ACK, b, a + 1);
    if (kind == 3) return kind;
    if (kind == 4) { segment(i, port, 1, RST, a + 1, 0); return kind; }
    segment(i, port, 1, ACK, a + 1, b + 1);
    segment(i, port, 0, FIN | ACK, b + 1, a + 1);
    return kind;
}

static void prepare(unsigned index) {
    static const unsigned char options[20] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7};
    for (unsigned n = 0; n < BATCH; n++) {
        unsigned char *frame = frames[n];
        /* To a station that is not there: the taps see it, and no host answers. */
        memcpy(frame, "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x08\x00", 14);
        frame[14] = 0x45;
        frame[22] = 64;
        frame[23] = 6;
        frame[46] = (LENGTH - 34) / 4 << 4;
        put16(frame + 48, 64240);
        memcpy(frame + 54, options, sizeof options);
        vectors[n].iov_base = frame;
        vectors[n].iov_len = LENGTH;
        messages[n].msg_hdr.msg_iov = &vectors[n];
        messages[n].msg_hdr.msg_iovlen = 1;
    }
    struct sockaddr_ll link = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = (int)index};
    if (bind(descriptor, (struct sockaddr *)&link, sizeof link) < 0) { perror("bind"); exit(1); }
}

int main(int count, char **words) {
    if (count != 5) { fputs("sender INTERFACE syns|refusals|handshakes RATE COUNT\n", stderr); return 2; }
    unsigned index = if_nametoindex(words[1]);
    char mode = words[2][0];
    double rate = atof(words[3]);
    uint64_t total = strtoull(words[4], NULL, 10), kinds[KINDS] = {0};
    /* Protocol 0: what passes on the interface is not copied to this socket. */
    descriptor = socket(AF_PACKET, SOCK_RAW, 0);
    if (descriptor < 0 || index == 0) { perror("socket"); return 1; }
    prepare(index);
    double began = now();
    for (uint64_t i = 0; i < total; i++) {
        if (mode == 's') segment(i, 80, 1, SYN, (uint32_t)(i * 2654435761u), 0);
        else if (mode == 'h') kinds[handshake(i)]++;
        else {
            segment(i, 81, 1, SYN, (uint32_t)i, 0);
            segment(i, 81, 0, RST | ACK, 0, (uint32_t)i + 1);
        }
        /* A pause is due when a millisecond's worth is ahead of the clock. */
        if (rate > 0 && (rate < 1000 || i % 16 == 15)) {
            double ahead = (double)(i + 1) / rate - (now() - began);
            if (ahead > 0.001 || rate < 1000) {
                flush();
                if (ahead > 0) {
                    struct timespec t = {(time_t)ahead, (long)((ahead - (double)(time_t)ahead) * 1e9)};
                    nanosleep(&t, NULL);
                }
            }
        }
    }
    flush();
    printf("{\"segments\": %llu, \"seconds\": %.6f, \"kinds\": [", (unsigned long long)sent, now() - began);
    for (int k = 0; k < KINDS; k++) printf("%s%llu", k ? ", " : "", (unsigned long long)kinds[k]);
    puts("]}");
    return 0;
}
