/* SHA-2-like hashing of 64-byte blocks: big-endian loads, message schedule by
 * four words and rounds on eight words. Exercises bswap, rotates as funnel
 * shifts, xor trees, overlapping loads and a serial chain to leave alone. */
#include "kernel.h"

enum { BLOCKS = 16 };

static inline uint32_t rotate(uint32_t v, int by)
{
    return v >> by | v << (32 - by);
}

NOINLINE void load_words(uint32_t out[restrict 16], const uint8_t bytes[restrict 64])
{
    for (int i = 0; i < 16; i++) {
        uint32_t word;
        memcpy(&word, bytes + 4 * i, sizeof word);
        out[i] = __builtin_bswap32(word);
    }
}

/* Words 16 to 19 of the schedule from the sixteen before them. */
NOINLINE void extend4(uint32_t *w)
{
    for (int i = 0; i < 4; i++) {
        uint32_t a = w[i + 1], b = w[i + 14];
        uint32_t s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >> 3);
        uint32_t s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >> 10);
        w[i + 16] = w[i] + s0 + w[i + 9] + s1;
    }
}

NOINLINE void rounds4(uint32_t s[restrict 8], const uint32_t w[restrict 4],
                      const uint32_t k[restrict 4])
{
    uint32_t a = s[0], b = s[1], c = s[2], d = s[3];
    uint32_t e = s[4], f = s[5], g = s[6], h = s[7];

    for (int i = 0; i < 4; i++) {
        uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25))
                    + ((e & f) ^ (~e & g)) + k[i] + w[i];
        uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22))
                    + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    s[0] = a;
    s[1] = b;
    s[2] = c;
    s[3] = d;
    s[4] = e;
    s[5] = f;
    s[6] = g;
    s[7] = h;
}

NOINLINE void add_state(uint32_t total[8], const uint32_t s[8])
{
    for (int i = 0; i < 8; i++)
        total[i] += s[i];
}

int main(int argc, char **argv)
{
    static uint8_t message[BLOCKS][64];
    uint32_t k[64], w[64], s[8], total[8];
    uint64_t seed = 22;

    fill_bytes(&seed, message, sizeof message);
    fill_bytes(&seed, k, sizeof k);
    fill_bytes(&seed, total, sizeof total);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int b = 0; b < BLOCKS; b++) {
            load_words(w, message[b]);
            for (int i = 0; i < 48; i += 4)
                extend4(w + i);
            memcpy(s, total, sizeof s);
            for (int i = 0; i < 64; i += 4)
                rounds4(s, w + i, k + i);
            add_state(total, s);
        }

    return report("sha_rounds", checksum(CHECKSUM_START, total, sizeof total));
}
