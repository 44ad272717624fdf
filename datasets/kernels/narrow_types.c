/* Arithmetic on narrow and on wide integers: i8, u16 and i64 elements, high
 * halves of products, halving sums, shifts by lane, negation and minimum.
 * Exercises promotions to int that a vectorizer may undo, and 64-bit lanes. */
#include "kernel.h"

enum { COUNT = 256 };

NOINLINE void add_wrap16(uint8_t *restrict out, const uint8_t *restrict a,
                         const uint8_t *restrict b)
{
    for (int i = 0; i < 16; i++)
        out[i] = (uint8_t)(a[i] * 5 + b[i]);
}

NOINLINE void high_products8(uint16_t *restrict out, const uint16_t *restrict a,
                             const uint16_t *restrict b)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint16_t)(((uint32_t)a[i] * b[i]) >> 16);
}

/* Q15 products with rounding. */
NOINLINE void scale_q15_4(int16_t v[4], int16_t by)
{
    v[0] = (int16_t)((v[0] * by + 0x4000) >> 15);
    v[1] = (int16_t)((v[1] * by + 0x4000) >> 15);
    v[2] = (int16_t)((v[2] * by + 0x4000) >> 15);
    v[3] = (int16_t)((v[3] * by + 0x4000) >> 15);
}

NOINLINE void halve_sums8(int8_t out[restrict 8], const int8_t a[restrict 8],
                          const int8_t b[restrict 8])
{
    for (int i = 0; i < 8; i++)
        out[i] = (int8_t)((a[i] + b[i]) >> 1);
}

NOINLINE void shift_lanes4(uint16_t *restrict out, const uint16_t *restrict v,
                           const uint8_t *restrict by)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint16_t)(v[i] << (by[i] & 7));
}

NOINLINE void mix_long4(int64_t out[restrict 4], const int64_t a[restrict 4],
                        const int64_t b[restrict 4])
{
    for (int i = 0; i < 4; i++) {
        int64_t d = a[i] - b[i];
        out[i] = (d < 0 ? -d : d) + (a[i] >> 7);
    }
}

NOINLINE void least_long2(int64_t v[2], const int64_t w[2])
{
    int64_t a = v[0] < w[0] ? v[0] : w[0];
    int64_t b = v[1] < w[1] ? v[1] : w[1];
    v[0] = a;
    v[1] = b;
}

/* Quotient and remainder by constants. */
NOINLINE void digits4(uint32_t tens[restrict 4], uint32_t ones[restrict 4],
                      const uint32_t v[restrict 4])
{
    for (int i = 0; i < 4; i++) {
        tens[i] = v[i] / 10;
        ones[i] = v[i] % 10;
    }
}

int main(int argc, char **argv)
{
    static uint8_t a[COUNT], b[COUNT], sums[COUNT];
    static int8_t c[COUNT], halves[COUNT];
    static uint16_t d[COUNT], e[COUNT], high[COUNT], shifted[COUNT];
    static int16_t q15[COUNT];
    static int64_t x[COUNT], y[COUNT], mixed[COUNT];
    static uint32_t tens[COUNT], ones[COUNT], words[COUNT];
    uint64_t seed = 47;

    fill_bytes(&seed, a, sizeof a);
    fill_bytes(&seed, b, sizeof b);
    fill_bytes(&seed, c, sizeof c);
    fill_bytes(&seed, d, sizeof d);
    fill_bytes(&seed, e, sizeof e);
    fill_bytes(&seed, words, sizeof words);
    for (int i = 0; i < COUNT; i++) {
        x[i] = (int64_t)next_u32(&seed) * 1000 - INT64_C(2000000000000);
        y[i] = (int64_t)next_u32(&seed) * 1000 - INT64_C(2000000000000);
    }

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        memcpy(q15, d, sizeof q15);
        for (int i = 0; i < COUNT; i += 16)
            add_wrap16(sums + i, a + i, b + i);
        for (int i = 0; i < COUNT; i += 8) {
            high_products8(high + i, d + i, e + i);
            halve_sums8(halves + i, c + i, (const int8_t *)sums + i);
        }
        for (int i = 0; i < COUNT; i += 4) {
            scale_q15_4(q15 + i, 23170);
            shift_lanes4(shifted + i, high + i, b + i);
            mix_long4(mixed + i, x + i, y + i);
            least_long2(mixed + i, y + i);
            digits4(tens + i, ones + i, words + i);
        }
    }

    uint64_t hash = checksum(CHECKSUM_START, halves, sizeof halves);
    hash = checksum(hash, shifted, sizeof shifted);
    hash = checksum(hash, q15, sizeof q15);
    hash = checksum(hash, mixed, sizeof mixed);
    hash = checksum(hash, tens, sizeof tens);
    hash = checksum(hash, ones, sizeof ones);
    return report("narrow_types", hash);
}
