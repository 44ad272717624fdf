/* Library functions that are vector instructions: sqrt, fma, fabs, floor,
 * ceil, trunc, rint, copysign, fmin and fmax on float and double lanes.
 * Exercises intrinsic packs; sqrt is one only under -fno-math-errno. */
#include <math.h>

#include "kernel.h"

enum { COUNT = 128 };

NOINLINE void lengths4(float out[restrict 4], const float x[restrict 4], const float y[restrict 4])
{
    for (int i = 0; i < 4; i++)
        out[i] = sqrtf(x[i] * x[i] + y[i] * y[i]);
}

NOINLINE void roots2(double out[2], const double in[2])
{
    double a = sqrt(fabs(in[0])), b = sqrt(fabs(in[1]));
    out[0] = copysign(a, in[0]);
    out[1] = copysign(b, in[1]);
}

NOINLINE void fused4(double out[restrict 4], const double a[restrict 4],
                     const double b[restrict 4], double scale)
{
    for (int i = 0; i < 4; i++)
        out[i] = fma(a[i], scale, b[i]);
}

/* Fractional parts in [0, 1) and the floors they belong to. */
NOINLINE void fractions4(float *restrict fraction, int32_t *restrict whole,
                         const float *restrict in)
{
    for (int i = 0; i < 4; i++) {
        float below = floorf(in[i]);
        fraction[i] = in[i] - below;
        whole[i] = (int32_t)below;
    }
}

NOINLINE void rounded4(float out[4], const float in[4])
{
    float a = ceilf(in[0]), b = ceilf(in[1]), c = ceilf(in[2]), d = ceilf(in[3]);
    out[0] = a - truncf(in[0]);
    out[1] = b - truncf(in[1]);
    out[2] = c - truncf(in[2]);
    out[3] = d - truncf(in[3]);
}

/* Rounding to quarters, whatever the current rounding mode. */
NOINLINE void quarters2(double v[2])
{
    v[0] = rint(v[0] * 4.0) * 0.25;
    v[1] = rint(v[1] * 4.0) * 0.25;
}

NOINLINE void bounded4(float out[restrict 4], const float a[restrict 4], const float b[restrict 4])
{
    for (int i = 0; i < 4; i++)
        out[i] = fminf(fmaxf(fabsf(a[i]), 0.5f), fabsf(b[i]) + 0.75f);
}

/* One step of Newton's method for 1 / sqrt, four at a time. */
NOINLINE void refine4(float y[restrict 4], const float x[restrict 4])
{
    for (int i = 0; i < 4; i++)
        y[i] = y[i] * fmaf(-0.5f * x[i] * y[i], y[i], 1.5f);
}

int main(int argc, char **argv)
{
    static float x[COUNT], y[COUNT], length[COUNT], fraction[COUNT], steps[COUNT], bounds[COUNT];
    static double a[COUNT], b[COUNT], root[COUNT], fused[COUNT];
    static int32_t whole[COUNT];
    uint64_t seed = 43;

    fill_float(&seed, x, sizeof x, -8.0, 8.0);
    fill_float(&seed, y, sizeof y, 0.25, 8.25);
    fill_double(&seed, a, sizeof a, -8.0, 8.0);
    fill_double(&seed, b, sizeof b, -8.0, 8.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i += 4) {
            lengths4(length + i, x + i, y + i);
            fused4(fused + i, a + i, b + i, 0.1);
            fractions4(fraction + i, whole + i, x + i);
            rounded4(steps + i, x + i);
            bounded4(bounds + i, x + i, y + i);
            refine4(bounds + i, length + i);
            for (int k = i; k < i + 4; k += 2) {
                roots2(root + k, fused + k);
                quarters2(root + k);
            }
        }

    uint64_t hash = checksum(CHECKSUM_START, length, sizeof length);
    hash = checksum(hash, root, sizeof root);
    hash = checksum(hash, fused, sizeof fused);
    hash = checksum(hash, fraction, sizeof fraction);
    hash = checksum(hash, whole, sizeof whole);
    hash = checksum(hash, steps, sizeof steps);
    hash = checksum(hash, bounds, sizeof bounds);
    return report("math_intrinsics", hash);
}
