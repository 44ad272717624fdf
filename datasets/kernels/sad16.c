/* Block matching of video coding: sums of absolute and of squared differences
 * over 8 and 16 bytes, absolute difference images, motion averages. Exercises
 * u8 widening, abs of differences and add reductions of 8 and 16 elements. */
#include "kernel.h"

enum { WIDTH = 80, ROWS = 24 };

NOINLINE unsigned sad_row16(const uint8_t *a, const uint8_t *b)
{
    unsigned sum = 0;
    for (int i = 0; i < 16; i++)
        sum += (unsigned)abs(a[i] - b[i]);
    return sum;
}

/* Four rows of eight bytes, `stride` apart. */
NOINLINE unsigned sad_8x4(const uint8_t *restrict a, const uint8_t *restrict b, size_t stride)
{
    unsigned sum = 0;
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 8; x++)
            sum += (unsigned)abs(a[y * stride + x] - b[y * stride + x]);
    return sum;
}

NOINLINE int squared8(const uint8_t a[8], const uint8_t b[8])
{
    int d0 = a[0] - b[0], d1 = a[1] - b[1], d2 = a[2] - b[2], d3 = a[3] - b[3];
    int d4 = a[4] - b[4], d5 = a[5] - b[5], d6 = a[6] - b[6], d7 = a[7] - b[7];
    return d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3 + d4 * d4 + d5 * d5 + d6 * d6 + d7 * d7;
}

NOINLINE void absolute_difference16(uint8_t *restrict out, const uint8_t *restrict a,
                                    const uint8_t *restrict b)
{
    for (int i = 0; i < 16; i++)
        out[i] = (uint8_t)(a[i] > b[i] ? a[i] - b[i] : b[i] - a[i]);
}

NOINLINE void average8(uint8_t *out, const uint8_t *a, const uint8_t *b)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)((a[i] + b[i] + 1) >> 1);
}

int main(int argc, char **argv)
{
    static uint8_t a[ROWS * WIDTH], b[ROWS * WIDTH], difference[ROWS * WIDTH], mean[ROWS * WIDTH];
    unsigned best = ~0u, total = 0;
    uint64_t energy = 0, seed = 39;

    fill_bytes(&seed, a, sizeof a);
    fill_bytes(&seed, b, sizeof b);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        for (int i = 0; i + 16 <= ROWS * WIDTH; i += 16) {
            absolute_difference16(difference + i, a + i, b + i);
            average8(mean + i, a + i, b + i);
            average8(mean + i + 8, mean + i, b + i + 8);
            total += sad_row16(a + i, mean + i);
        }
        for (int x = 0; x + 8 <= WIDTH; x++) {
            unsigned sad = sad_8x4(a + x, b + WIDTH * (r % 16), WIDTH);
            best = sad < best ? sad : best;
            energy += (uint64_t)squared8(mean + x, b + x);
        }
    }

    uint64_t hash = checksum(CHECKSUM_START, difference, sizeof difference);
    hash = checksum(hash, mean, sizeof mean);
    hash = checksum(hash, &best, sizeof best);
    hash = checksum(hash, &total, sizeof total);
    hash = checksum(hash, &energy, sizeof energy);
    return report("sad16", hash);
}
