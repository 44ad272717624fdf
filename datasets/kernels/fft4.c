/* Radix-2 and radix-4 FFT butterflies with twiddle factors on interleaved
 * complex floats and doubles, composed into a 16-point transform. Exercises
 * alternating add/sub, swapped real and imaginary lanes, constant lanes. */
#include "kernel.h"

enum { COUNT = 16 };

typedef struct { float re, im; } complex_f;
typedef struct { double re, im; } complex_d;

/* Twiddle factors exp(-2 pi i m k / 16) for m = 1, 2, 3. */
static const complex_f twiddle[4][3] = {
    {{1.0f, 0.0f}, {1.0f, 0.0f}, {1.0f, 0.0f}},
    {{0.923879533f, -0.382683432f}, {0.707106781f, -0.707106781f}, {0.382683432f, -0.923879533f}},
    {{0.707106781f, -0.707106781f}, {0.0f, -1.0f}, {-0.707106781f, -0.707106781f}},
    {{0.382683432f, -0.923879533f}, {-0.707106781f, -0.707106781f}, {-0.923879533f, 0.382683432f}},
};

NOINLINE void butterfly2(complex_d *a, complex_d *b, const complex_d *w)
{
    double re = b->re * w->re - b->im * w->im;
    double im = b->re * w->im + b->im * w->re;
    complex_d x = *a;
    a->re = x.re + re;
    a->im = x.im + im;
    b->re = x.re - re;
    b->im = x.im - im;
}

NOINLINE void fft4(complex_f out[restrict 4], const complex_f *restrict in, int stride)
{
    complex_f a = in[0], b = in[stride], c = in[2 * stride], d = in[3 * stride];
    float sr = a.re + c.re, si = a.im + c.im, tr = a.re - c.re, ti = a.im - c.im;
    float ur = b.re + d.re, ui = b.im + d.im, vr = b.re - d.re, vi = b.im - d.im;

    out[0] = (complex_f){sr + ur, si + ui};
    out[1] = (complex_f){tr + vi, ti - vr};
    out[2] = (complex_f){sr - ur, si - ui};
    out[3] = (complex_f){tr - vi, ti + vr};
}

/* The four values stand `stride` apart; three of them are turned first. */
NOINLINE void butterfly4(complex_f *x, int stride, const complex_f w[3])
{
    complex_f in[4] = {x[0]};
    for (int m = 1; m < 4; m++) {
        complex_f v = x[m * stride];
        in[m].re = v.re * w[m - 1].re - v.im * w[m - 1].im;
        in[m].im = v.re * w[m - 1].im + v.im * w[m - 1].re;
    }
    float sr = in[0].re + in[2].re, si = in[0].im + in[2].im;
    float tr = in[0].re - in[2].re, ti = in[0].im - in[2].im;
    float ur = in[1].re + in[3].re, ui = in[1].im + in[3].im;
    float vr = in[1].re - in[3].re, vi = in[1].im - in[3].im;
    x[0] = (complex_f){sr + ur, si + ui};
    x[stride] = (complex_f){tr + vi, ti - vr};
    x[2 * stride] = (complex_f){sr - ur, si - ui};
    x[3 * stride] = (complex_f){tr - vi, ti + vr};
}

int main(int argc, char **argv)
{
    static complex_f in[COUNT][16], out[COUNT][16];
    static complex_d a[COUNT], b[COUNT];
    static const complex_d turn = {0.3, -0.4};
    uint64_t seed = 11;

    fill_float(&seed, in, sizeof in, -1.0, 1.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i++) {
            for (int k = 0; k < 4; k++)
                fft4(out[i] + 4 * k, in[i] + k, 4);
            for (int k = 0; k < 4; k++)
                butterfly4(out[i] + k, 4, twiddle[k]);
            a[i] = (complex_d){out[i][1].re, out[i][1].im};
            b[i] = (complex_d){out[i][2].re, out[i][2].im};
            butterfly2(&a[i], &b[i], &turn);
        }

    uint64_t hash = checksum(CHECKSUM_START, out, sizeof out);
    hash = checksum(hash, a, sizeof a);
    hash = checksum(hash, b, sizeof b);
    return report("fft4", hash);
}
