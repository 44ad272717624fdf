/* 2x2 matrices of double: product, inverse, determinant and product with a
 * vector. Exercises splatted and interleaved operands, a permuted store with
 * alternating signs, and structures returned through memory. */
#include "kernel.h"

enum { COUNT = 96 };

typedef struct { double a, b, c, d; } mat2;

NOINLINE void multiply(mat2 *restrict out, const mat2 *restrict x, const mat2 *restrict y)
{
    out->a = x->a * y->a + x->b * y->c;
    out->b = x->a * y->b + x->b * y->d;
    out->c = x->c * y->a + x->d * y->c;
    out->d = x->c * y->b + x->d * y->d;
}

NOINLINE double determinant(const mat2 *m)
{
    return m->a * m->d - m->b * m->c;
}

NOINLINE mat2 inverse(mat2 m)
{
    double scale = 1.0 / (m.a * m.d - m.b * m.c);
    return (mat2){m.d * scale, -m.b * scale, -m.c * scale, m.a * scale};
}

NOINLINE void transform(const mat2 *m, const double in[2], double out[2])
{
    double x = in[0], y = in[1];
    out[0] = m->a * x + m->b * y;
    out[1] = m->c * x + m->d * y;
}

int main(int argc, char **argv)
{
    static mat2 x[COUNT], y[COUNT], products[COUNT], inverses[COUNT];
    static double points[COUNT][2], images[COUNT][2], determinants[COUNT];
    uint64_t seed = 3;

    fill_double(&seed, x, sizeof x, -0.5, 0.5);
    fill_double(&seed, y, sizeof y, -0.5, 0.5);
    fill_double(&seed, points, sizeof points, -4.0, 4.0);
    for (int i = 0; i < COUNT; i++) {
        x[i].a += 2.0;
        x[i].d += 2.0;
    }

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i++) {
            multiply(&products[i], &x[i], &y[i]);
            determinants[i] = determinant(&products[i]);
            inverses[i] = inverse(x[i]);
            transform(&inverses[i], points[i], images[i]);
        }

    uint64_t hash = checksum(CHECKSUM_START, products, sizeof products);
    hash = checksum(hash, determinants, sizeof determinants);
    hash = checksum(hash, inverses, sizeof inverses);
    hash = checksum(hash, images, sizeof images);
    return report("matrix_2x2", hash);
}
