/* Polynomials: Horner at four points, one point by halves, two polynomials of
 * one argument, a rational approximation of exp and one of log by bits.
 * Exercises chains with splatted or per-lane constants, casts of bits. */
#include "kernel.h"

enum { COUNT = 256 };

NOINLINE void horner4(double out[restrict 4], const double x[restrict 4])
{
    for (int i = 0; i < 4; i++)
        out[i] = ((((x[i] * 0.0083 + 0.0416) * x[i] + 0.1666) * x[i] + 0.5) * x[i] + 1.0) * x[i]
               + 1.0;
}

/* Even and odd halves are independent; pairs of terms are too. */
NOINLINE double estrin(const double c[8], double x)
{
    double x2 = x * x, x4 = x2 * x2;
    double p0 = c[0] + c[1] * x, p1 = c[2] + c[3] * x;
    double p2 = c[4] + c[5] * x, p3 = c[6] + c[7] * x;
    return (p0 + p1 * x2) + (p2 + p3 * x2) * x4;
}

/* Sine and cosine of a small angle. */
NOINLINE void sine_cosine(float out[2], float x)
{
    float x2 = x * x;
    out[0] = x * (1.0f + x2 * (-0.16666667f + x2 * (0.0083333f + x2 * -0.000198f)));
    out[1] = 1.0f + x2 * (-0.5f + x2 * (0.0416666f + x2 * -0.0013888f));
}

NOINLINE void rational4(float *restrict out, const float *restrict x)
{
    for (int i = 0; i < 4; i++) {
        float x2 = x[i] * x[i];
        float p = x[i] * (60.0f + x2);
        float q = 120.0f + 12.0f * x2;
        out[i] = (q + p) / (q - p);
    }
}

/* log2 of four positive floats: exponent bits plus a quadratic of the rest. */
NOINLINE void log2_4(float out[restrict 4], const float x[restrict 4])
{
    for (int i = 0; i < 4; i++) {
        uint32_t bits;
        float m;
        memcpy(&bits, &x[i], sizeof bits);
        int exponent = (int)(bits >> 23) - 127;
        bits = (bits & 0x007fffff) | 0x3f800000;
        memcpy(&m, &bits, sizeof m);
        out[i] = (float)exponent + (-0.34f * m + 2.02f) * m - 1.68f;
    }
}

/* Legendre polynomials up to degree five by their recurrence. */
NOINLINE void legendre6(double out[6], double x)
{
    out[0] = 1.0;
    out[1] = x;
    for (int n = 1; n < 5; n++)
        out[n + 1] = ((2 * n + 1) * x * out[n] - n * out[n - 1]) / (n + 1);
}

int main(int argc, char **argv)
{
    static double x[COUNT], y[COUNT], halves[COUNT], legendre[COUNT][6];
    static float t[COUNT], ratio[COUNT], logarithm[COUNT], circle[COUNT][2];
    uint64_t seed = 51;

    fill_double(&seed, x, sizeof x, -1.0, 1.0);
    fill_float(&seed, t, sizeof t, 0.25, 1.25);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i += 4) {
            horner4(y + i, x + i);
            rational4(ratio + i, t + i);
            log2_4(logarithm + i, ratio + i);
            for (int k = i; k < i + 4; k++) {
                halves[k] = estrin(x + (i & ~7), x[k]);
                sine_cosine(circle[k], t[k]);
                legendre6(legendre[k], y[k]);
            }
        }

    uint64_t hash = checksum(CHECKSUM_START, y, sizeof y);
    hash = checksum(hash, halves, sizeof halves);
    hash = checksum(hash, circle, sizeof circle);
    hash = checksum(hash, logarithm, sizeof logarithm);
    hash = checksum(hash, legendre, sizeof legendre);
    return report("polynomial", hash);
}
