/* 15-point complex FFT by the prime factor algorithm: five transforms of 3,
 * then three of 5, without twiddle factors. Exercises long trees of mixed add,
 * sub and mul with shared subexpressions, of widths that are no power of two. */
#include "kernel.h"

enum { COUNT = 24 };

typedef struct { float re, im; } complex_f;

#define SIN_3 0.866025404f   /* sin(2 pi / 3) */
#define COS_5 0.309016994f   /* cos(2 pi / 5) */
#define COS_10 -0.809016994f /* cos(4 pi / 5) */
#define SIN_5 0.951056516f   /* sin(2 pi / 5) */
#define SIN_10 0.587785252f  /* sin(4 pi / 5) */

static inline void dft3(complex_f *a, complex_f *b, complex_f *c)
{
    complex_f x = *a;
    float sr = b->re + c->re, si = b->im + c->im;
    float dr = (b->re - c->re) * SIN_3, di = (b->im - c->im) * SIN_3;
    float mr = x.re - 0.5f * sr, mi = x.im - 0.5f * si;

    *a = (complex_f){x.re + sr, x.im + si};
    *b = (complex_f){mr + di, mi - dr};
    *c = (complex_f){mr - di, mi + dr};
}

static inline void dft5(complex_f out[15], const int place[5], const complex_f in[5])
{
    complex_f x = in[0];
    float ar = in[1].re + in[4].re, ai = in[1].im + in[4].im;
    float br = in[2].re + in[3].re, bi = in[2].im + in[3].im;
    float cr = in[1].re - in[4].re, ci = in[1].im - in[4].im;
    float dr = in[2].re - in[3].re, di = in[2].im - in[3].im;

    float mr = x.re + COS_5 * ar + COS_10 * br, mi = x.im + COS_5 * ai + COS_10 * bi;
    float nr = x.re + COS_10 * ar + COS_5 * br, ni = x.im + COS_10 * ai + COS_5 * bi;
    float pr = SIN_5 * cr + SIN_10 * dr, pi = SIN_5 * ci + SIN_10 * di;
    float qr = SIN_10 * cr - SIN_5 * dr, qi = SIN_10 * ci - SIN_5 * di;

    out[place[0]] = (complex_f){x.re + ar + br, x.im + ai + bi};
    out[place[1]] = (complex_f){mr + pi, mi - pr};
    out[place[2]] = (complex_f){nr + qi, ni - qr};
    out[place[3]] = (complex_f){nr - qi, ni + qr};
    out[place[4]] = (complex_f){mr - pi, mi + pr};
}

NOINLINE void fft15(complex_f out[restrict 15], const complex_f in[restrict 15])
{
    complex_f t[3][5];

    for (int j = 0; j < 5; j++) {
        for (int i = 0; i < 3; i++)
            t[i][j] = in[(5 * i + 3 * j) % 15];
        dft3(&t[0][j], &t[1][j], &t[2][j]);
    }
    for (int i = 0; i < 3; i++) {
        int place[5];
        for (int j = 0; j < 5; j++)
            place[j] = (10 * i + 6 * j) % 15;
        dft5(out, place, t[i]);
    }
}

NOINLINE void power15(float out[restrict 15], const complex_f in[restrict 15])
{
    for (int i = 0; i < 15; i++)
        out[i] = in[i].re * in[i].re + in[i].im * in[i].im;
}

int main(int argc, char **argv)
{
    static complex_f in[COUNT][15], spectra[COUNT][15];
    static float power[COUNT][15];
    uint64_t seed = 13;

    fill_float(&seed, in, sizeof in, -1.0, 1.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i++) {
            fft15(spectra[i], in[i]);
            power15(power[i], spectra[i]);
        }

    uint64_t hash = checksum(CHECKSUM_START, spectra, sizeof spectra);
    hash = checksum(hash, power, sizeof power);
    return report("fft15", hash);
}
