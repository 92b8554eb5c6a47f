/* Writes deterministic captures for scripts/bench: voice, trunk, crowd, web or flows, up to a number of bytes.
 *
 * Usage: bench-generate KIND BYTES FILE
 *        bench-generate calls COUNT FILE PACKETS MAP STEP [PARAMETERS]
 *
 * voice   SIP calls over UDP of 10 s to 3 min with two G.711 streams each, 100 calls at a time, many hosts
 * trunk   the same, all between two hosts
 * crowd   10,000 such calls at a time, among many hosts; all begin within the first seconds and last to the end
 * web     HTTP/1.1 over TCP: objects of 1 kB to 2 MB, several requests a connection, some segments swapped or sent twice
 * objects the same with objects of up to 128 kB: many artefacts
 * flows   many small conversations: a DNS question with its answer, and TCP connections with one short transfer
 *
 * calls   COUNT calls of ten minutes at a time, whose payloads are those of the RTP packets in PACKETS (framed as in RFC 4571), over
 *         and over; MAP is the payload type's meaning in the session description and STEP a packet's length by its clock
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *out;
static uint64_t written, limit;
static uint64_t now_us = 1767225600ull * 1000000;
static uint64_t state = 0x9e3779b97f4a7c15ull;

static uint64_t draw(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static void be16(uint8_t *p, uint16_t v) { p[0] = v >> 8; p[1] = v; }
static void be32(uint8_t *p, uint32_t v) { be16(p, v >> 16); be16(p + 2, v); }

static uint32_t sum16(const uint8_t *p, size_t n, uint32_t sum) {
  for (size_t i = 0; i + 1 < n; i += 2) sum += (uint32_t)p[i] << 8 | p[i + 1];
  if (n & 1) sum += (uint32_t)p[n - 1] << 8;
  return sum;
}
static uint16_t fold(uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

static void packet(const uint8_t *frame, size_t n) {
  uint32_t head[4] = {now_us / 1000000, now_us % 1000000, n, n};
  fwrite(head, 16, 1, out);
  fwrite(frame, 1, n, out);
  written += 16 + n;
}

/* Ethernet, IPv4 and the transport's checksum around what stands behind `at` = 14 + 20. */
static void ip(uint8_t *f, size_t transport, uint32_t src, uint32_t dst, uint8_t protocol, size_t checksum) {
  static uint16_t id;
  memcpy(f, "\x02\0\0\0\0\2\x02\0\0\0\0\1\x08\0", 14);
  uint8_t *h = f + 14;
  memset(h, 0, 20);
  h[0] = 0x45;
  be16(h + 2, 20 + transport);
  be16(h + 4, id++);
  h[6] = 0x40;
  h[8] = 64;
  h[9] = protocol;
  be32(h + 12, src);
  be32(h + 16, dst);
  be16(h + 10, fold(sum16(h, 20, 0)));
  uint8_t *t = h + 20;
  be16(t + checksum, 0);
  uint32_t sum = sum16(h + 12, 8, protocol + (uint32_t)transport);
  be16(t + checksum, fold(sum16(t, transport, sum)));
  packet(f, 34 + transport);
}

static void udp(uint32_t src, uint16_t sp, uint32_t dst, uint16_t dp, const void *data, size_t n) {
  static uint8_t f[2048];
  uint8_t *t = f + 34;
  be16(t, sp);
  be16(t + 2, dp);
  be16(t + 4, 8 + n);
  memcpy(t + 8, data, n);
  ip(f, 8 + n, src, dst, 17, 6);
}

static void tcp(uint32_t src, uint16_t sp, uint32_t dst, uint16_t dp, uint32_t seq, uint32_t ack, uint8_t flags,
                const void *data, size_t n) {
  static uint8_t f[2048];
  uint8_t *t = f + 34;
  memset(t, 0, 20);
  be16(t, sp);
  be16(t + 2, dp);
  be32(t + 4, seq);
  be32(t + 8, ack);
  t[12] = 0x50;
  t[13] = flags;
  be16(t + 14, 64240);
  if (n) memcpy(t + 20, data, n);
  ip(f, 20 + n, src, dst, 6, 16);
}

/* ---- voice ---- */
typedef struct {
  int id, left;
  uint32_t a, b;
  uint16_t pa, pb, seq[2];
  uint32_t ts[2], ssrc[2];
} Call;

static void sip(Call *c, int from_a, const char *first, const char *cseq, const char *body) {
  char text[1600], via[80];
  uint32_t a = c->a, b = c->b;
  snprintf(via, sizeof via, "%u.%u.%u.%u:5060;branch=z9hG4bK%d%s", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255, c->id, cseq + 2);
  int n = snprintf(text, sizeof text,
                   "%s\r\nVia: SIP/2.0/UDP %s\r\nFrom: \"Caller %d\" <sip:caller%d@bench.example>;tag=a%d\r\n"
                   "To: <sip:called%d@bench.example>%s%d\r\nCall-ID: call-%d@bench.example\r\nCSeq: %s\r\n"
                   "%sContent-Length: %zu\r\n\r\n%s",
                   first, via, c->id, c->id, c->id, c->id, ";tag=b", c->id, c->id, cseq,
                   *body ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);
  if (from_a) udp(a, 5060, b, 5060, text, n);
  else udp(b, 5060, a, 5060, text, n);
}

/* The payload type of all media, its meaning and parameters, and the length of a packet in units of its clock. */
static unsigned media_type = 8, media_step = 160;
static const char *media_map = "PCMA/8000", *media_parameters = "";

static void sdp(char *body, size_t size, uint32_t host, uint16_t port) {
  int n = snprintf(body, size,
                   "v=0\r\no=- 1 1 IN IP4 %u.%u.%u.%u\r\ns=-\r\nc=IN IP4 %u.%u.%u.%u\r\nt=0 0\r\n"
                   "m=audio %u RTP/AVP %u\r\na=rtpmap:%u %s\r\n",
                   host >> 24, host >> 16 & 255, host >> 8 & 255, host & 255, host >> 24, host >> 16 & 255,
                   host >> 8 & 255, host & 255, port, media_type, media_type, media_map);
  if (*media_parameters) snprintf(body + n, size - n, "a=fmtp:%u %s\r\n", media_type, media_parameters);
}

/* The payload stands at p + 12 already. */
static void media(Call *c, int side, uint8_t *p, size_t n) {
  p[0] = 0x80;
  p[1] = media_type;
  be16(p + 2, c->seq[side]++);
  be32(p + 4, c->ts[side]);
  c->ts[side] += media_step;
  be32(p + 8, c->ssrc[side]);
  if (side == 0) udp(c->a, c->pa, c->b, c->pb, p, 12 + n);
  else udp(c->b, c->pb, c->a, c->pa, p, 12 + n);
}

static void rtp(Call *c, int side) {
  uint8_t p[172];
  uint64_t r = draw();
  for (int i = 0; i < 160; i++) p[12 + i] = 0xd5 ^ (uint8_t)((r >> (i & 31)) & 0x1f) ^ (uint8_t)(i & 0x80);
  media(c, side, p, 160);
}

static void begin(Call *c, int id, int trunk) {
  char body[400], line[100];
  c->id = id;
  /* 10 to 180 seconds of 20 ms each */
  c->left = 500 + draw() % 8500;
  c->a = 0x0a000000 + (trunk ? 1 : 1 + id % 60000);
  c->b = 0x0a800000 + (trunk ? 1 : 1 + (id * 7) % 60000);
  c->pa = 16384 + (id * 2) % 40000;
  c->pb = 16384 + (id * 2 + 10000) % 40000;
  for (int s = 0; s < 2; s++) {
    c->seq[s] = draw();
    c->ts[s] = draw();
    c->ssrc[s] = draw() | 1;
  }
  snprintf(line, sizeof line, "INVITE sip:called%d@bench.example SIP/2.0", id);
  sdp(body, sizeof body, c->a, c->pa);
  sip(c, 1, line, "1 INVITE", body);
  sip(c, 0, "SIP/2.0 180 Ringing", "1 INVITE", "");
  sdp(body, sizeof body, c->b, c->pb);
  sip(c, 0, "SIP/2.0 200 OK", "1 INVITE", body);
  snprintf(line, sizeof line, "ACK sip:called%d@bench.example SIP/2.0", id);
  sip(c, 1, line, "1 ACK", "");
}

static void finish(Call *c) {
  char line[100];
  snprintf(line, sizeof line, "BYE sip:called%d@bench.example SIP/2.0", c->id);
  sip(c, 1, line, "2 BYE", "");
  sip(c, 0, "SIP/2.0 200 OK", "2 BYE", "");
}

static void voice(int trunk) {
  static Call calls[100];
  int id = 0;
  for (int i = 0; i < 100; i++) {
    begin(&calls[i], id++, trunk);
    calls[i].left = 100 + i * 90;
  }
  while (written < limit) {
    for (int i = 0; i < 100; i++) {
      rtp(&calls[i], 0);
      now_us += 90;
      rtp(&calls[i], 1);
      now_us += 90;
      if (--calls[i].left == 0) {
        finish(&calls[i]);
        begin(&calls[i], id++, trunk);
      }
    }
    now_us += 2000;
  }
  for (int i = 0; i < 100; i++) finish(&calls[i]);
}

/* Calls take turns, so that their packets are spread over the 20 ms that each has one. */
static void crowd(void) {
  enum { count = 10000 };
  static Call calls[count];
  for (int i = 0; i < count; i++) {
    begin(&calls[i], i, 0);
    now_us += 100;
  }
  while (written < limit) {
    for (int i = 0; i < count; i++) {
      rtp(&calls[i], 0);
      now_us++;
      rtp(&calls[i], 1);
      now_us++;
    }
  }
  for (int i = 0; i < count; i++) finish(&calls[i]);
}

/* The calls' packets follow each other within the 20 ms. */
static int coded(int count, const char *path) {
  enum { most = 20000, packets = 30000 };
  static struct { uint8_t bytes[1024]; size_t count; } payloads[most];
  FILE *in = fopen(path, "rb");
  if (!in) return 0;
  int known = 0;
  for (uint8_t head[14]; known < most && fread(head, 1, 14, in) == 14;) {
    size_t n = (size_t)head[0] << 8 | head[1];
    if (n < 12 || n > 1024 || fread(payloads[known].bytes, 1, n - 12, in) != n - 12) return 0;
    payloads[known++].count = n - 12;
  }
  fclose(in);
  Call *calls = calloc(count, sizeof *calls);
  if (!known || !calls) return 0;
  for (int i = 0; i < count; i++) begin(&calls[i], i, 0);
  for (int k = 0; k < packets; k++) {
    uint64_t begun = now_us;
    for (int i = 0; i < count; i++) {
      for (int side = 0; side < 2; side++) {
        uint8_t p[12 + 1024];
        int place = (k + (2 * i + side) * 97) % known;
        memcpy(p + 12, payloads[place].bytes, payloads[place].count);
        media(&calls[i], side, p, payloads[place].count);
        now_us += 3;
      }
    }
    now_us = begun + 20000;
  }
  for (int i = 0; i < count; i++) finish(&calls[i]);
  free(calls);
  return 1;
}

/* ---- web ---- */
static uint8_t object[2 << 20];

/* Doublings between the smallest and the largest object. */
static unsigned doublings = 12;

static size_t fill(int kind) {
  size_t n = 1024u << (draw() % doublings);
  n = n / 2 + draw() % n;
  if (n > sizeof object) n = sizeof object;
  if (kind == 0) {
    for (size_t i = 0; i < n;) i += snprintf((char *)object + i, n - i + 1 < 64 ? 1 : 64, "<p>line %llu of a page</p>\n", (unsigned long long)(draw() % 100000)) ?: n;
    if (n > 15) memcpy(object, "<!DOCTYPE html>", 15);
  } else {
    for (size_t i = 0; i + 8 <= n; i += 8) {
      uint64_t r = draw();
      memcpy(object + i, &r, 8);
    }
    if (kind == 1) memcpy(object, "\xff\xd8\xff\xe0\0\x10JFIF", 10);
    if (kind == 2) memcpy(object, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
    if (kind == 3) memcpy(object, "PK\3\4\x14", 5);
  }
  return n;
}

static void web(void) {
  static const char *types[] = {"text/html", "image/jpeg", "image/png", "application/zip"};
  int id = 0;
  while (written < limit) {
    uint32_t c = 0x0a010000 + draw() % 4000, s = 0xc6336400 + draw() % 200;
    uint16_t cp = 20000 + id % 40000;
    uint32_t cs = draw(), ss = draw();
    tcp(c, cp, s, 80, cs++, 0, 2, 0, 0);
    now_us += 100;
    tcp(s, 80, c, cp, ss++, cs, 18, 0, 0);
    now_us += 100;
    tcp(c, cp, s, 80, cs, ss, 16, 0, 0);
    int requests = 1 + draw() % 3;
    for (int r = 0; r < requests; r++, id++) {
      char head[400];
      int kind = draw() % 4;
      int h = snprintf(head, sizeof head,
                       "GET /object/%d HTTP/1.1\r\nHost: www%u.bench.example\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n\r\n",
                       id, s & 255);
      tcp(c, cp, s, 80, cs, ss, 24, head, h);
      cs += h;
      now_us += 300;
      size_t n = fill(kind);
      h = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                   types[kind], n);
      tcp(s, 80, c, cp, ss, cs, 16, head, h);
      ss += h;
      for (size_t o = 0; o < n;) {
        size_t step = n - o < 1448 ? n - o : 1448;
        if (n - o > 4000 && draw() % 200 == 0) {
          tcp(s, 80, c, cp, ss + 1448, cs, 16, object + o + 1448, 1448);
          tcp(s, 80, c, cp, ss, cs, 16, object + o, 1448);
          o += 2896;
          ss += 2896;
        } else {
          tcp(s, 80, c, cp, ss, cs, 16, object + o, step);
          if (draw() % 500 == 0) tcp(s, 80, c, cp, ss, cs, 16, object + o, step);
          o += step;
          ss += step;
        }
        now_us += 20;
        if (draw() % 2 == 0) tcp(c, cp, s, 80, cs, ss, 16, 0, 0);
      }
      tcp(c, cp, s, 80, cs, ss, 16, 0, 0);
    }
    tcp(c, cp, s, 80, cs++, ss, 17, 0, 0);
    tcp(s, 80, c, cp, ss++, cs, 17, 0, 0);
    tcp(c, cp, s, 80, cs, ss, 16, 0, 0);
    now_us += 500;
  }
}

/* ---- flows ---- */
static void flows(void) {
  uint32_t id = 0;
  while (written < limit) {
    uint32_t c = 0x0a020000 + draw() % 60000, s = 0xc0000200 + draw() % 250;
    uint16_t cp = 1024 + draw() % 60000;
    if (id++ % 4) {
      uint8_t m[100];
      be16(m, id);
      memcpy(m + 2, "\1\0\0\1\0\0\0\0\0\0", 10);
      int n = 12;
      n += 1 + snprintf((char *)m + n + 1, 40, "host%08u", id);
      m[12] = n - 13;
      memcpy(m + n, "\5bench\7example\0\0\1\0\1", 19);
      n += 19;
      udp(c, cp, s, 53, m, n);
      now_us += 40;
      m[2] = 0x81;
      m[3] = 0x80;
      m[7] = 1;
      memcpy(m + n, "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4", 12);
      be32(m + n + 12, draw());
      udp(s, 53, c, cp, m, n + 16);
    } else {
      uint32_t cs = draw(), ss = draw();
      uint8_t data[300];
      for (int i = 0; i < 300; i += 4) be32(data + i, draw());
      data[0] = 0x16;
      data[1] = 3;
      tcp(c, cp, s, 443, cs++, 0, 2, 0, 0);
      tcp(s, 443, c, cp, ss++, cs, 18, 0, 0);
      tcp(c, cp, s, 443, cs, ss, 24, data, 200);
      tcp(s, 443, c, cp, ss, cs + 200, 24, data, 300);
      tcp(c, cp, s, 443, cs + 200, ss + 300, 17, 0, 0);
      tcp(s, 443, c, cp, ss + 300, cs + 201, 17, 0, 0);
    }
    now_us += 60;
  }
}

int main(int argc, char **argv) {
  int is_coded = argc >= 7 && argc <= 8 && !strcmp(argv[1], "calls");
  if ((argc != 4 && !is_coded) || !(out = fopen(argv[3], "wb"))) return fprintf(stderr, "usage: bench-generate KIND BYTES FILE\n"), 2;
  limit = strtoull(argv[2], 0, 10);
  static char buffer[1 << 20];
  setvbuf(out, buffer, _IOFBF, sizeof buffer);
  uint32_t head[6] = {0xa1b2c3d4, 0x00040002, 0, 0, 262144, 1};
  fwrite(head, 24, 1, out);
  written = 24;
  if (is_coded) {
    media_type = 96;
    media_map = argv[5];
    media_step = strtoul(argv[6], 0, 10);
    media_parameters = argc == 8 ? argv[7] : "";
    if (!coded(atoi(argv[2]), argv[4])) return fprintf(stderr, "bench-generate: %s cannot be used\n", argv[4]), 2;
  } else if (!strcmp(argv[1], "voice")) voice(0);
  else if (!strcmp(argv[1], "trunk")) voice(1);
  else if (!strcmp(argv[1], "crowd")) crowd();
  else if (!strcmp(argv[1], "web")) web();
  else if (!strcmp(argv[1], "objects")) doublings = 8, web();
  else if (!strcmp(argv[1], "flows")) flows();
  else return fprintf(stderr, "bench-generate: kinds are voice, trunk, crowd, web, objects, flows\n"), 2;
  return fclose(out) ? 1 : 0;
}
