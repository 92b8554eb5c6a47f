/* A fax machine on a UDP port: spandsp's T.38 terminal, and UDPTL around its packets (ITU-T T.38, 9.1).
 *
 *   fax-terminal send|receive FILE.tif LOCAL-IP REMOTE-IP IDENTITY CODING ECM VERSION COPIES PARITY LOSS
 *
 * CODING is mh, mr or mmr; ECM 0 or 1; VERSION that of T.38; COPIES how many earlier packets each datagram repeats; with PARITY above 0
 * each datagram holds that many parities, each over three packets, and no copies. The receiver
 * throws away every LOSSth datagram of image data; 0 is none. Both sides use port 4000. It ends when the fax is over.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <spandsp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HISTORY = 64, SPAN = 3 };

static int line;
static struct sockaddr_in remote;
static uint8_t sent[HISTORY][512];
static int sent_length[HISTORY];
static unsigned next_number, expected;
static int copies, parities, loss, is_over;

static int put(uint8_t *to, const uint8_t *from, int length) {
    int head = 0;
    if (length >= 128) to[head++] = 0x80 | (length >> 8);
    to[head++] = length & 0xff;
    memcpy(to + head, from, length);
    return head + length;
}

static int transmit(t38_core_state_t *core, void *user, const uint8_t *packet, int length, int count) {
    (void)core, (void)user;
    uint8_t datagram[4096];
    unsigned number = next_number++;
    memcpy(sent[number % HISTORY], packet, length);
    sent_length[number % HISTORY] = length;
    int end = 0;
    datagram[end++] = number >> 8 & 0xff;
    datagram[end++] = number & 0xff;
    end += put(datagram + end, packet, length);
    if (parities > 0 && number >= (unsigned)(parities * SPAN)) {
        datagram[end++] = 0x80;
        datagram[end++] = 1;
        datagram[end++] = SPAN;
        datagram[end++] = parities;
        for (int place = 0; place < parities; place++) {
            uint8_t sum[512] = {0};
            int longest = 0;
            for (int step = 1; step <= SPAN; step++) {
                unsigned other = (number + place - parities * step) % HISTORY;
                for (int index = 0; index < sent_length[other]; index++) sum[index] ^= sent[other][index];
                if (sent_length[other] > longest) longest = sent_length[other];
            }
            end += put(datagram + end, sum, longest);
        }
    } else {
        int repeats = (int)number < copies ? (int)number : copies;
        if (parities > 0) repeats = 0;
        datagram[end++] = 0;
        datagram[end++] = repeats;
        for (int distance = 1; distance <= repeats; distance++)
            end += put(datagram + end, sent[(number - distance) % HISTORY], sent_length[(number - distance) % HISTORY]);
    }
    for (int time = 0; time < count; time++)
        sendto(line, datagram, end, 0, (struct sockaddr *)&remote, sizeof remote);
    return 0;
}

static void receive(t38_core_state_t *core) {
    uint8_t datagram[4096];
    ssize_t size = recv(line, datagram, sizeof datagram, MSG_DONTWAIT);
    if (size < 4) return;
    unsigned number = datagram[0] << 8 | datagram[1];
    int head = datagram[2] & 0x80 ? 2 : 1;
    int length = head == 2 ? (datagram[2] & 0x3f) << 8 | datagram[3] : datagram[2];
    if (number == expected && 2 + head + length <= size) {
        expected++;
        if (loss > 0 && length > 30 && number % loss == 0 && number < 300) return;
        t38_core_rx_ifp_packet(core, datagram + 2 + head, length, number);
    }
}

static void over(t30_state_t *machine, void *user, int result) {
    (void)machine, (void)user;
    fprintf(stderr, "%s\n", t30_completion_code_to_str(result));
    is_over = 1;
}

int main(int count, char **words) {
    if (count != 12) return 2;
    int is_sender = strcmp(words[1], "send") == 0;
    int coding = strcmp(words[6], "mmr") == 0  ? T30_SUPPORT_T6_COMPRESSION
                 : strcmp(words[6], "mr") == 0 ? T30_SUPPORT_T4_2D_COMPRESSION
                                               : T30_SUPPORT_T4_1D_COMPRESSION;
    copies = atoi(words[9]);
    parities = atoi(words[10]);
    loss = atoi(words[11]);
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(4000)};
    remote = local;
    inet_pton(AF_INET, words[3], &local.sin_addr);
    inet_pton(AF_INET, words[4], &remote.sin_addr);
    line = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(line, (struct sockaddr *)&local, sizeof local) != 0) return 1;

    t38_terminal_state_t *terminal = t38_terminal_init(NULL, is_sender, transmit, NULL);
    t38_core_state_t *core = t38_terminal_get_t38_core_state(terminal);
    t30_state_t *machine = t38_terminal_get_t30_state(terminal);
    t38_set_t38_version(core, atoi(words[8]));
    t30_set_tx_ident(machine, words[5]);
    if (is_sender) t30_set_tx_sub_address(machine, "4711");
    if (is_sender)
        t30_set_tx_file(machine, words[2], -1, -1);
    else
        t30_set_rx_file(machine, words[2], -1);
    t30_set_ecm_capability(machine, atoi(words[7]));
    t30_set_supported_compressions(machine, coding | T30_SUPPORT_T4_1D_COMPRESSION);
    t30_set_supported_t30_features(machine, T30_SUPPORT_IDENTIFICATION | T30_SUPPORT_SUB_ADDRESSING);
    t30_set_phase_e_handler(machine, over, NULL);

    struct timespec now, start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    long done = 0;
    int rest = 100;
    while (rest > 0) {
        struct pollfd wait = {.fd = line, .events = POLLIN};
        poll(&wait, 1, 5);
        receive(core);
        clock_gettime(CLOCK_MONOTONIC, &now);
        long samples = (now.tv_sec - start.tv_sec) * 8000 + (now.tv_nsec - start.tv_nsec) / 125000;
        while (done < samples) {
            t38_terminal_send_timeout(terminal, 80);
            done += 80;
            if (is_over) rest--;
        }
    }
    t38_terminal_release(terminal);
    return 0;
}
