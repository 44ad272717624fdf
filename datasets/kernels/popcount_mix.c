/* Bit manipulation: Hamming distances by popcount, population counts by masks,
 * byte swaps, bit reversal and rotates. Exercises ctpop, bswap and funnel-shift
 * intrinsics on 32- and 64-bit lanes, and sums across lanes. */
#include "kernel.h"

enum { WORDS = 256 };

static inline uint32_t rotate(uint32_t v, unsigned by)
{
    return v << (by & 31) | v >> ((32 - by) & 31);
}

NOINLINE int hamming4(const uint64_t a[4], const uint64_t b[4])
{
    int sum = 0;
    for (int i = 0; i < 4; i++)
        sum += __builtin_popcountll(a[i] ^ b[i]);
    return sum;
}

NOINLINE void popcount8(uint32_t out[restrict 8], const uint32_t in[restrict 8])
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint32_t)__builtin_popcount(in[i]);
}

NOINLINE void popcount_masks4(uint32_t *out, const uint32_t *in)
{
    for (int i = 0; i < 4; i++) {
        uint32_t v = in[i];
        v -= v >> 1 & 0x55555555;
        v = (v & 0x33333333) + (v >> 2 & 0x33333333);
        v = (v + (v >> 4)) & 0x0f0f0f0f;
        out[i] = (v * 0x01010101) >> 24;
    }
}

NOINLINE void swap_bytes(uint32_t words[restrict 4], uint64_t longs[restrict 2])
{
    for (int i = 0; i < 4; i++)
        words[i] = __builtin_bswap32(words[i]);
    for (int i = 0; i < 2; i++)
        longs[i] = __builtin_bswap64(longs[i]);
}

NOINLINE void reverse_bits4(uint32_t v[4])
{
    for (int i = 0; i < 4; i++) {
        uint32_t x = v[i];
        x = (x >> 1 & 0x55555555) | (x & 0x55555555) << 1;
        x = (x >> 2 & 0x33333333) | (x & 0x33333333) << 2;
        x = (x >> 4 & 0x0f0f0f0f) | (x & 0x0f0f0f0f) << 4;
        v[i] = __builtin_bswap32(x);
    }
}

/* Each lane turns by an amount of its own. */
NOINLINE void rotate4(uint32_t v[4], const uint32_t by[4])
{
    v[0] = rotate(v[0], by[0]) + 1;
    v[1] = rotate(v[1], by[1]) + 3;
    v[2] = rotate(v[2], by[2]) + 5;
    v[3] = rotate(v[3], by[3]) + 7;
}

int main(int argc, char **argv)
{
    static uint64_t a[WORDS], b[WORDS];
    static uint32_t c[WORDS], d[WORDS], counts[WORDS];
    static int distances[WORDS / 4];
    uint64_t seed = 28;

    fill_bytes(&seed, a, sizeof a);
    fill_bytes(&seed, b, sizeof b);
    fill_bytes(&seed, c, sizeof c);
    fill_bytes(&seed, d, sizeof d);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < WORDS; i += 8) {
            distances[i / 4] = hamming4(a + i, b + i);
            distances[i / 4 + 1] = hamming4(a + i + 4, b + i);
            popcount8(counts + i, c + i);
            popcount_masks4(counts + i, d + i);
            swap_bytes(c + i, a + i);
            reverse_bits4(d + i);
            rotate4(c + i, counts + i);
        }

    uint64_t hash = checksum(CHECKSUM_START, a, sizeof a);
    hash = checksum(hash, c, sizeof c);
    hash = checksum(hash, d, sizeof d);
    hash = checksum(hash, counts, sizeof counts);
    hash = checksum(hash, distances, sizeof distances);
    return report("popcount_mix", hash);
}
