/* Networks of compare and exchange: sorting 4 and 8 values, the median of nine
 * pixels, four columns sorted at once. Exercises min and max of signed,
 * unsigned and float lanes, in stages whose lanes are permuted in between. */
#include "kernel.h"

enum { COUNT = 96 };

static inline void order_i32(int32_t *a, int32_t *b)
{
    int32_t low = *a < *b ? *a : *b, high = *a < *b ? *b : *a;
    *a = low;
    *b = high;
}

static inline void order_f32(float *a, float *b)
{
    float low = *a < *b ? *a : *b, high = *a < *b ? *b : *a;
    *a = low;
    *b = high;
}

static inline void order_u8(uint8_t *a, uint8_t *b)
{
    uint8_t low = *a < *b ? *a : *b, high = *a < *b ? *b : *a;
    *a = low;
    *b = high;
}

/* Merge of two sorted halves by bitonic stages: distances 4, 2, 1. */
NOINLINE void bitonic8(int32_t v[8])
{
    int32_t t[8] = {v[0], v[1], v[2], v[3], v[7], v[6], v[5], v[4]};
    for (int i = 0; i < 4; i++)
        order_i32(&t[i], &t[i + 4]);
    for (int i = 0; i < 8; i += 4) {
        order_i32(&t[i], &t[i + 2]);
        order_i32(&t[i + 1], &t[i + 3]);
    }
    for (int i = 0; i < 8; i += 2)
        order_i32(&t[i], &t[i + 1]);
    memcpy(v, t, sizeof t);
}

NOINLINE void sort4(int32_t v[4])
{
    order_i32(&v[0], &v[2]);
    order_i32(&v[1], &v[3]);
    order_i32(&v[0], &v[1]);
    order_i32(&v[2], &v[3]);
    order_i32(&v[1], &v[2]);
}

/* The columns of a 4x4 array, each by the network above. */
NOINLINE void sort_columns(float m[restrict 16])
{
    for (int i = 0; i < 4; i++)
        order_f32(&m[i], &m[8 + i]);
    for (int i = 0; i < 4; i++)
        order_f32(&m[4 + i], &m[12 + i]);
    for (int i = 0; i < 4; i++)
        order_f32(&m[i], &m[4 + i]);
    for (int i = 0; i < 4; i++)
        order_f32(&m[8 + i], &m[12 + i]);
    for (int i = 0; i < 4; i++)
        order_f32(&m[4 + i], &m[8 + i]);
}

/* Rows in order, then the largest first, median second, smallest third. */
NOINLINE uint8_t median9(const uint8_t in[9])
{
    uint8_t v[9];
    memcpy(v, in, sizeof v);
    for (int i = 0; i < 9; i += 3) {
        order_u8(&v[i], &v[i + 1]);
        order_u8(&v[i + 1], &v[i + 2]);
        order_u8(&v[i], &v[i + 1]);
    }
    order_u8(&v[0], &v[3]);
    order_u8(&v[3], &v[6]);
    order_u8(&v[1], &v[4]);
    order_u8(&v[4], &v[7]);
    order_u8(&v[1], &v[4]);
    order_u8(&v[5], &v[8]);
    order_u8(&v[2], &v[5]);
    order_u8(&v[4], &v[2]);
    order_u8(&v[6], &v[4]);
    order_u8(&v[4], &v[2]);
    return v[4];
}

int main(int argc, char **argv)
{
    static int32_t values[COUNT][8];
    static float matrices[COUNT][16], columns[COUNT][16];
    static uint8_t windows[COUNT + 8], medians[COUNT];
    uint64_t seed = 40;

    fill_bytes(&seed, values, sizeof values);
    fill_float(&seed, matrices, sizeof matrices, 1.0, 9.0);
    fill_bytes(&seed, windows, sizeof windows);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i++) {
            values[i][r % 8] ^= 0x55555555;
            sort4(values[i]);
            sort4(values[i] + 4);
            bitonic8(values[i]);
            memcpy(columns[i], matrices[i], sizeof columns[i]);
            sort_columns(columns[i]);
            medians[i] = median9(windows + i);
        }

    uint64_t hash = checksum(CHECKSUM_START, values, sizeof values);
    hash = checksum(hash, columns, sizeof columns);
    hash = checksum(hash, medians, sizeof medians);
    return report("sorting_network", hash);
}
