/* BLAKE2-like compression: sixteen 64-bit words mixed in columns and diagonals
 * with message words taken in a permuted order. Exercises i64 add, xor, rotate
 * chains, gathered operands and the feed-forward of two halves. */
#include "kernel.h"

enum { BLOCKS = 16, ROUNDS = 2 };

static const uint64_t initial[8] = {
    UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707344), UINT64_C(0xa4093822299f31d0),
    UINT64_C(0x082efa98ec4e6c89), UINT64_C(0x452821e638d01377), UINT64_C(0xbe5466cf34e90c6c),
    UINT64_C(0xc0ac29b7c97c50dd), UINT64_C(0x3f84d5b5b5470917),
};

static const uint8_t order[ROUNDS][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {11, 6, 13, 0, 9, 2, 4, 15, 3, 14, 1, 10, 5, 8, 7, 12},
};

static inline uint64_t rotate(uint64_t v, int by)
{
    return v >> by | v << (64 - by);
}

static inline void mix(uint64_t v[16], int a, int b, int c, int d, uint64_t x, uint64_t y)
{
    v[a] += v[b] + x;
    v[d] = rotate(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = rotate(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = rotate(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotate(v[b] ^ v[c], 63);
}

/* One round on a state in memory, without knowledge of the message order. */
NOINLINE void half_round(uint64_t v[restrict 16], const uint64_t x[restrict 8])
{
    mix(v, 0, 4, 8, 12, x[0], x[1]);
    mix(v, 1, 5, 9, 13, x[2], x[3]);
    mix(v, 2, 6, 10, 14, x[4], x[5]);
    mix(v, 3, 7, 11, 15, x[6], x[7]);
}

NOINLINE void compress(uint64_t h[restrict 8], const uint64_t m[restrict 16], uint64_t counter)
{
    uint64_t v[16];

    for (int i = 0; i < 8; i++) {
        v[i] = h[i];
        v[8 + i] = initial[i];
    }
    v[12] ^= counter;
    for (int r = 0; r < ROUNDS; r++) {
        const uint8_t *s = order[r];
        mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
        mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
        mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
        mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
        mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
        mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
        mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
        mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
    }
    for (int i = 0; i < 8; i++)
        h[i] ^= v[i] ^ v[8 + i];
}

int main(int argc, char **argv)
{
    static uint64_t message[BLOCKS][16];
    uint64_t h[8], state[16], counter = 0;
    uint64_t seed = 25;

    fill_bytes(&seed, message, sizeof message);
    fill_bytes(&seed, state, sizeof state);
    memcpy(h, initial, sizeof h);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int b = 0; b < BLOCKS; b++) {
            compress(h, message[b], counter += 128);
            half_round(state, h);
        }

    uint64_t hash = checksum(CHECKSUM_START, h, sizeof h);
    hash = checksum(hash, state, sizeof state);
    return report("blake_mix", hash);
}
