/* Reductions of 4, 8 and 16 adjacent integers: sum, xor, and, or, min and max,
 * dot products and a sum of products of differences. Exercises horizontal
 * packs of every kind over i8, u16, i32 and i64 elements. */
#include "kernel.h"

enum { COUNT = 512 };

typedef struct { uint32_t sum, parity, common, any, least, most; } summary;

NOINLINE void summarize8(summary *restrict out, const uint32_t v[restrict 8])
{
    uint32_t sum = v[0], parity = v[0], common = v[0], any = v[0], least = v[0], most = v[0];
    for (int i = 1; i < 8; i++) {
        sum += v[i];
        parity ^= v[i];
        common &= v[i];
        any |= v[i];
        least = v[i] < least ? v[i] : least;
        most = v[i] > most ? v[i] : most;
    }
    *out = (summary){sum, parity, common, any, least, most};
}

NOINLINE int sum_bytes16(const int8_t v[16])
{
    int sum = 0;
    for (int i = 0; i < 16; i++)
        sum += v[i];
    return sum;
}

NOINLINE uint16_t largest16(const uint16_t v[16])
{
    uint16_t most = v[0];
    for (int i = 1; i < 16; i++)
        most = v[i] > most ? v[i] : most;
    return most;
}

NOINLINE int32_t dot8(const int16_t a[8], const int16_t b[8])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]
         + a[4] * b[4] + a[5] * b[5] + a[6] * b[6] + a[7] * b[7];
}

NOINLINE int64_t sum_long8(const int64_t v[8])
{
    return v[0] + v[1] + v[2] + v[3] + v[4] + v[5] + v[6] + v[7];
}

NOINLINE uint64_t xor_long4(const uint64_t a[4], const uint64_t b[4])
{
    return (a[0] & b[0]) ^ (a[1] & b[1]) ^ (a[2] & b[2]) ^ (a[3] & b[3]);
}

/* A balanced tree, and a chain that starts with a value from elsewhere. */
NOINLINE uint32_t product_tree4(const uint32_t v[4], uint32_t start)
{
    uint32_t product = (v[0] * v[1]) * (v[2] * v[3]);
    return ((((start + v[0]) + v[1]) + v[2]) + v[3]) ^ product;
}

NOINLINE int32_t least_difference8(const int32_t a[8], const int32_t b[8])
{
    int32_t least = INT32_MAX;
    for (int i = 0; i < 8; i++) {
        int32_t d = a[i] - b[i];
        least = d < least ? d : least;
    }
    return least;
}

int main(int argc, char **argv)
{
    static uint32_t words[COUNT];
    static int32_t a[COUNT], b[COUNT];
    static int64_t longs[COUNT];
    static int16_t shorts[COUNT];
    static summary summaries[COUNT / 8];
    uint32_t total = 0;
    uint64_t mixed = 0, seed = 46;

    fill_bytes(&seed, words, sizeof words);
    for (int i = 0; i < COUNT; i++) {
        a[i] = (int32_t)(next_u32(&seed) >> 2);
        b[i] = (int32_t)(next_u32(&seed) >> 2);
        longs[i] = (int64_t)next_u32(&seed) * (a[i] >> 8);
        shorts[i] = (int16_t)((int)(next_u32(&seed) % 16384) - 8192);
    }

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i + 16 <= COUNT; i += 8) {
            summarize8(&summaries[i / 8], words + i);
            total = product_tree4(words + i, total);
            total += (uint32_t)sum_bytes16((const int8_t *)(words + i));
            total += largest16((const uint16_t *)shorts + i);
            total += (uint32_t)(dot8(shorts + i, shorts + (i + r) % 64) >> 3);
            total += (uint32_t)least_difference8(a + i, b + i);
            mixed += (uint64_t)sum_long8(longs + i);
            mixed ^= xor_long4((const uint64_t *)longs + i, (const uint64_t *)longs + i + 4);
        }

    uint64_t hash = checksum(CHECKSUM_START, summaries, sizeof summaries);
    hash = checksum(hash, &total, sizeof total);
    hash = checksum(hash, &mixed, sizeof mixed);
    return report("integer_reductions", hash);
}
