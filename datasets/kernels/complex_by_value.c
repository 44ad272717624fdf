/* Complex numbers passed and returned by value: product, quotient, square and
 * a Horner step. Exercises alternating add/sub whose leaves are arguments and
 * whose roots are returned aggregates, which have no stores to start from. */
#include "kernel.h"

enum { COUNT = 128 };

typedef struct { double re, im; } complex_d;
typedef struct { float re, im; } complex_f;

NOINLINE complex_d multiply(complex_d a, complex_d b)
{
    return (complex_d){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

NOINLINE complex_d divide(complex_d a, complex_d b)
{
    double norm = b.re * b.re + b.im * b.im;
    return (complex_d){(a.re * b.re + a.im * b.im) / norm,
                       (a.im * b.re - a.re * b.im) / norm};
}

NOINLINE complex_f multiply_f(complex_f a, complex_f b)
{
    return (complex_f){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

NOINLINE complex_f square_f(complex_f z)
{
    return (complex_f){(z.re + z.im) * (z.re - z.im), 2.0f * z.re * z.im};
}

/* A cubic with complex coefficients. */
NOINLINE complex_d cubic(complex_d z, const complex_d c[4])
{
    complex_d w = c[3];
    for (int k = 2; k >= 0; k--)
        w = (complex_d){w.re * z.re - w.im * z.im + c[k].re,
                        w.re * z.im + w.im * z.re + c[k].im};
    return w;
}

int main(int argc, char **argv)
{
    static complex_d a[COUNT], b[COUNT], p[COUNT], q[COUNT], v[COUNT];
    static complex_f c[COUNT], d[COUNT], s[COUNT];
    uint64_t seed = 2;

    fill_double(&seed, a, sizeof a, -1.0, 1.0);
    fill_double(&seed, b, sizeof b, 0.5, 1.5);
    fill_float(&seed, c, sizeof c, -1.0, 1.0);
    fill_float(&seed, d, sizeof d, -1.0, 1.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i++) {
            p[i] = multiply(a[i], b[i]);
            q[i] = divide(p[i], b[COUNT - 1 - i]);
            v[i] = cubic(q[i], &a[i & ~3]);
            s[i] = square_f(multiply_f(c[i], d[i]));
        }

    uint64_t hash = checksum(CHECKSUM_START, p, sizeof p);
    hash = checksum(hash, q, sizeof q);
    hash = checksum(hash, v, sizeof v);
    hash = checksum(hash, s, sizeof s);
    return report("complex_by_value", hash);
}
