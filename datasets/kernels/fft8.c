/* 8-point FFT of complex floats, by decimation in frequency, forward and
 * unscaled inverse, and the 8-point transform of real doubles. Exercises a
 * wide tree of butterflies whose results are stored in bit-reversed order. */
#include "kernel.h"

enum { COUNT = 32 };

#define HALF_ROOT 0.70710678118654752

typedef struct { float re, im; } complex_f;

static inline complex_f plus(complex_f a, complex_f b)
{
    return (complex_f){a.re + b.re, a.im + b.im};
}

static inline complex_f minus(complex_f a, complex_f b)
{
    return (complex_f){a.re - b.re, a.im - b.im};
}

/* sign is 1 for the forward transform, -1 for the inverse. */
static inline void radix8(complex_f out[8], const complex_f in[8], float sign)
{
    const float h = (float)HALF_ROOT;
    complex_f s0 = plus(in[0], in[4]), s1 = plus(in[1], in[5]);
    complex_f s2 = plus(in[2], in[6]), s3 = plus(in[3], in[7]);
    complex_f d0 = minus(in[0], in[4]), d1 = minus(in[1], in[5]);
    complex_f d2 = minus(in[2], in[6]), d3 = minus(in[3], in[7]);

    complex_f t1 = {(d1.re + sign * d1.im) * h, (d1.im - sign * d1.re) * h};
    complex_f t2 = {sign * d2.im, -sign * d2.re};
    complex_f t3 = {(sign * d3.im - d3.re) * h, (-sign * d3.re - d3.im) * h};

    complex_f a0 = plus(s0, s2), a1 = plus(s1, s3), a2 = minus(s0, s2), a3 = minus(s1, s3);
    complex_f b0 = plus(d0, t2), b1 = plus(t1, t3), b2 = minus(d0, t2), b3 = minus(t1, t3);

    out[0] = plus(a0, a1);
    out[4] = minus(a0, a1);
    out[2] = (complex_f){a2.re + sign * a3.im, a2.im - sign * a3.re};
    out[6] = (complex_f){a2.re - sign * a3.im, a2.im + sign * a3.re};
    out[1] = plus(b0, b1);
    out[5] = minus(b0, b1);
    out[3] = (complex_f){b2.re + sign * b3.im, b2.im - sign * b3.re};
    out[7] = (complex_f){b2.re - sign * b3.im, b2.im + sign * b3.re};
}

NOINLINE void fft8(complex_f out[restrict 8], const complex_f in[restrict 8])
{
    radix8(out, in, 1.0f);
}

NOINLINE void inverse_fft8(complex_f x[8])
{
    complex_f in[8];
    memcpy(in, x, sizeof in);
    radix8(x, in, -1.0f);
}

/* Real input: five real parts, then three imaginary parts. */
NOINLINE void real_fft8(double out[8], const double in[8])
{
    double s0 = in[0] + in[4], s1 = in[1] + in[5], s2 = in[2] + in[6], s3 = in[3] + in[7];
    double d0 = in[0] - in[4], d1 = in[1] - in[5], d2 = in[2] - in[6], d3 = in[3] - in[7];
    double p = (d1 - d3) * HALF_ROOT, q = (d1 + d3) * HALF_ROOT;
    out[0] = s0 + s1 + s2 + s3;
    out[1] = d0 + p;
    out[2] = s0 - s2;
    out[3] = d0 - p;
    out[4] = s0 - s1 + s2 - s3;
    out[5] = -q - d2;
    out[6] = s3 - s1;
    out[7] = d2 - q;
}

int main(int argc, char **argv)
{
    static complex_f in[COUNT][8], spectra[COUNT][8], back[COUNT][8];
    static double samples[COUNT][8], real_spectra[COUNT][8];
    uint64_t seed = 12;

    fill_float(&seed, in, sizeof in, -1.0, 1.0);
    fill_double(&seed, samples, sizeof samples, -1.0, 1.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i++) {
            fft8(spectra[i], in[i]);
            memcpy(back[i], spectra[i], sizeof back[i]);
            inverse_fft8(back[i]);
            real_fft8(real_spectra[i], samples[i]);
        }

    uint64_t hash = checksum(CHECKSUM_START, spectra, sizeof spectra);
    hash = checksum(hash, back, sizeof back);
    hash = checksum(hash, real_spectra, sizeof real_spectra);
    return report("fft8", hash);
}
