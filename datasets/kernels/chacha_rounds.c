/* ChaCha-like stream cipher: column and diagonal quarter rounds on sixteen
 * 32-bit words, a keystream block and its exclusive or with the text.
 * Exercises add, xor and rotate chains of four lanes and rotated lane orders. */
#include "kernel.h"

enum { BLOCKS = 24 };

static inline uint32_t rotate(uint32_t v, int by)
{
    return v << by | v >> (32 - by);
}

static inline void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b;
    *d = rotate(*d ^ *a, 16);
    *c += *d;
    *b = rotate(*b ^ *c, 12);
    *a += *b;
    *d = rotate(*d ^ *a, 8);
    *c += *d;
    *b = rotate(*b ^ *c, 7);
}

NOINLINE void double_round(uint32_t x[16])
{
    quarter(&x[0], &x[4], &x[8], &x[12]);
    quarter(&x[1], &x[5], &x[9], &x[13]);
    quarter(&x[2], &x[6], &x[10], &x[14]);
    quarter(&x[3], &x[7], &x[11], &x[15]);
    quarter(&x[0], &x[5], &x[10], &x[15]);
    quarter(&x[1], &x[6], &x[11], &x[12]);
    quarter(&x[2], &x[7], &x[8], &x[13]);
    quarter(&x[3], &x[4], &x[9], &x[14]);
}

/* Four double rounds with the words in a local array, as a cipher writes it. */
NOINLINE void keystream(uint32_t out[restrict 16], const uint32_t in[restrict 16])
{
    uint32_t x[16];

    memcpy(x, in, sizeof x);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 4; i++)
            quarter(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
        for (int i = 0; i < 4; i++)
            quarter(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4], &x[12 + (i + 3) % 4]);
    }
    for (int i = 0; i < 16; i++)
        out[i] = x[i] + in[i];
}

NOINLINE void exclusive_or16(uint32_t text[16], const uint32_t stream[16])
{
    for (int i = 0; i < 16; i++)
        text[i] ^= stream[i];
}

int main(int argc, char **argv)
{
    static uint32_t text[BLOCKS][16];
    uint32_t state[16], stream[16];
    uint64_t seed = 24;

    fill_bytes(&seed, state, sizeof state);
    fill_bytes(&seed, text, sizeof text);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int b = 0; b < BLOCKS; b++) {
            keystream(stream, state);
            exclusive_or16(text[b], stream);
            state[12] += 1;
            if (b == BLOCKS - 1)
                double_round(state);
        }

    uint64_t hash = checksum(CHECKSUM_START, text, sizeof text);
    hash = checksum(hash, state, sizeof state);
    return report("chacha_rounds", hash);
}
