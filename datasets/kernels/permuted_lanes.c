/* Lanes that are not in memory order: reversed loads, swapped pairs,
 * interleaved and separated channels, splats, constants that differ by lane,
 * loads with a stride. Exercises what a shuffle costs against what it saves. */
#include "kernel.h"

enum { COUNT = 128 };

NOINLINE void add_reversed4(float out[restrict 4], const float a[restrict 4],
                            const float b[restrict 4])
{
    out[0] = a[0] + b[3];
    out[1] = a[1] + b[2];
    out[2] = a[2] + b[1];
    out[3] = a[3] + b[0];
}

NOINLINE void reverse8(int32_t v[8])
{
    for (int i = 0; i < 4; i++) {
        int32_t t = v[i];
        v[i] = v[7 - i];
        v[7 - i] = t;
    }
}

NOINLINE void swap_pairs4(double *restrict out, const double *restrict in)
{
    out[0] = in[1] * 2.0;
    out[1] = in[0] * 3.0;
    out[2] = in[3] * 5.0;
    out[3] = in[2] * 7.0;
}

NOINLINE void interleave4(float out[restrict 8], const float left[restrict 4],
                          const float right[restrict 4], float gain)
{
    for (int i = 0; i < 4; i++) {
        out[2 * i] = left[i] * gain;
        out[2 * i + 1] = right[i] * gain;
    }
}

NOINLINE void separate4(float *restrict middle, float *restrict side, const float *restrict in)
{
    for (int i = 0; i < 4; i++) {
        middle[i] = (in[2 * i] + in[2 * i + 1]) * 0.5f;
        side[i] = (in[2 * i] - in[2 * i + 1]) * 0.5f;
    }
}

/* Element i of every third, offset by constants 1, 2, 4, 8. */
NOINLINE void strided4(int32_t out[4], const int32_t *in)
{
    int32_t a = in[0] + 1, b = in[3] + 2, c = in[6] + 4, d = in[9] + 8;
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
}

/* The operands of a commutative operation stand in either order. */
NOINLINE void mixed_order4(double out[restrict 4], const double a[restrict 4],
                           const double b[restrict 4])
{
    out[0] = a[0] * b[0] + 1.0;
    out[1] = b[1] * a[1] + 1.0;
    out[2] = 1.0 + a[2] * b[2];
    out[3] = 1.0 + b[3] * a[3];
}

int main(int argc, char **argv)
{
    static float a[COUNT], b[COUNT], sums[COUNT], pairs[2 * COUNT], middle[COUNT], side[COUNT];
    static int32_t v[COUNT], picked[COUNT];
    static double c[COUNT], swapped[COUNT], mixed[COUNT];
    uint64_t seed = 44;

    fill_float(&seed, a, sizeof a, -1.0, 1.0);
    fill_float(&seed, b, sizeof b, -1.0, 1.0);
    fill_double(&seed, c, sizeof c, -1.0, 1.0);
    for (int i = 0; i < COUNT; i++)
        v[i] = (int32_t)(next_u32(&seed) >> 4);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        for (int i = 0; i < COUNT; i += 4) {
            add_reversed4(sums + i, a + i, b + i);
            interleave4(pairs + 2 * i, sums + i, b + i, 0.7f);
            separate4(middle + i, side + i, pairs + 2 * i);
            swap_pairs4(swapped + i, c + i);
            mixed_order4(mixed + i, swapped + i, c + i);
        }
        for (int i = 0; i + 12 <= COUNT; i += 4)
            strided4(picked + i, v + i);
        for (int i = 0; i < COUNT; i += 8)
            reverse8(v + i);
    }

    uint64_t hash = checksum(CHECKSUM_START, middle, sizeof middle);
    hash = checksum(hash, side, sizeof side);
    hash = checksum(hash, mixed, sizeof mixed);
    hash = checksum(hash, picked, sizeof picked);
    hash = checksum(hash, v, sizeof v);
    return report("permuted_lanes", hash);
}
