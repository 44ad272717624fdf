/* Complex products through pointers: plain, conjugated, accumulated and two at
 * a time. Exercises alternating add/sub, swapped lanes and duplicated lanes,
 * with and without restrict, on pairs of double and of float. */
#include "kernel.h"

enum { COUNT = 128 };

typedef struct { double re, im; } complex_d;
typedef struct { float re, im; } complex_f;

NOINLINE void product(complex_d *restrict out, const complex_d *restrict a,
                      const complex_d *restrict b)
{
    out->re = a->re * b->re - a->im * b->im;
    out->im = a->re * b->im + a->im * b->re;
}

NOINLINE void product_conjugate(complex_d *restrict out, const complex_d *restrict a,
                                const complex_d *restrict b)
{
    out->re = a->re * b->re + a->im * b->im;
    out->im = a->im * b->re - a->re * b->im;
}

/* The operands may overlap, so every load stands before the first store. */
NOINLINE void accumulate(complex_d *sum, const complex_d *a, const complex_d *b)
{
    double re = a->re * b->re - a->im * b->im;
    double im = a->re * b->im + a->im * b->re;
    sum->re += re;
    sum->im += im;
}

NOINLINE void product_two(complex_f out[restrict 2], const complex_f a[restrict 2],
                          const complex_f b[restrict 2])
{
    out[0].re = a[0].re * b[0].re - a[0].im * b[0].im;
    out[0].im = a[0].re * b[0].im + a[0].im * b[0].re;
    out[1].re = a[1].re * b[1].re - a[1].im * b[1].im;
    out[1].im = a[1].re * b[1].im + a[1].im * b[1].re;
}

int main(int argc, char **argv)
{
    static complex_d a[COUNT], b[COUNT], plain[COUNT], conjugate[COUNT];
    static complex_f c[COUNT], d[COUNT], pairs[COUNT];
    complex_d sum = {0.0, 0.0};
    uint64_t seed = 1;

    fill_double(&seed, a, sizeof a, -2.0, 2.0);
    fill_double(&seed, b, sizeof b, -2.0, 2.0);
    fill_float(&seed, c, sizeof c, -2.0, 2.0);
    fill_float(&seed, d, sizeof d, -2.0, 2.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        for (int i = 0; i < COUNT; i++) {
            product(&plain[i], &a[i], &b[i]);
            product_conjugate(&conjugate[i], &plain[i], &b[COUNT - 1 - i]);
            accumulate(&sum, &plain[i], &conjugate[i]);
        }
        for (int i = 0; i < COUNT; i += 2)
            product_two(&pairs[i], &c[i], &d[i]);
    }

    uint64_t hash = checksum(CHECKSUM_START, plain, sizeof plain);
    hash = checksum(hash, conjugate, sizeof conjugate);
    hash = checksum(hash, pairs, sizeof pairs);
    hash = checksum(hash, &sum, sizeof sum);
    return report("complex_product", hash);
}
