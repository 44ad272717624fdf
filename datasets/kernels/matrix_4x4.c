/* 4x4 matrices: float product with and without restrict, double product with
 * a vector by rows and by columns. Exercises rows of four with splatted
 * factors, and dot products across a row against updates along a column. */
#include "kernel.h"

enum { COUNT = 48 };

NOINLINE void multiply(float out[restrict 16], const float a[restrict 16],
                       const float b[restrict 16])
{
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            out[4 * i + j] = a[4 * i] * b[j] + a[4 * i + 1] * b[4 + j]
                           + a[4 * i + 2] * b[8 + j] + a[4 * i + 3] * b[12 + j];
}

/* The product may be written over either factor. */
NOINLINE void multiply_in_place(float out[16], const float a[16], const float b[16])
{
    float t[16];
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            t[4 * i + j] = a[4 * i] * b[j] + a[4 * i + 1] * b[4 + j]
                         + a[4 * i + 2] * b[8 + j] + a[4 * i + 3] * b[12 + j];
    for (int k = 0; k < 16; k++)
        out[k] = t[k];
}

NOINLINE void transform_rows(double out[restrict 4], const double m[restrict 16],
                             const double v[restrict 4])
{
    out[0] = m[0] * v[0] + m[1] * v[1] + m[2] * v[2] + m[3] * v[3];
    out[1] = m[4] * v[0] + m[5] * v[1] + m[6] * v[2] + m[7] * v[3];
    out[2] = m[8] * v[0] + m[9] * v[1] + m[10] * v[2] + m[11] * v[3];
    out[3] = m[12] * v[0] + m[13] * v[1] + m[14] * v[2] + m[15] * v[3];
}

NOINLINE void transform_columns(double out[restrict 4], const double m[restrict 16],
                                const double v[restrict 4])
{
    for (int i = 0; i < 4; i++)
        out[i] = m[i] * v[0] + m[4 + i] * v[1] + m[8 + i] * v[2] + m[12 + i] * v[3];
}

int main(int argc, char **argv)
{
    static float a[COUNT][16], b[COUNT][16], products[COUNT][16], powers[COUNT][16];
    static double m[COUNT][16], v[COUNT][4], rows[COUNT][4], columns[COUNT][4];
    uint64_t seed = 5;

    fill_float(&seed, a, sizeof a, -1.0, 1.0);
    fill_float(&seed, b, sizeof b, -1.0, 1.0);
    fill_double(&seed, m, sizeof m, -1.0, 1.0);
    fill_double(&seed, v, sizeof v, -1.0, 1.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i++) {
            multiply(products[i], a[i], b[i]);
            memcpy(powers[i], a[i], sizeof powers[i]);
            multiply_in_place(powers[i], powers[i], powers[i]);
            transform_rows(rows[i], m[i], v[i]);
            transform_columns(columns[i], m[i], rows[i]);
        }

    uint64_t hash = checksum(CHECKSUM_START, products, sizeof products);
    hash = checksum(hash, powers, sizeof powers);
    hash = checksum(hash, rows, sizeof rows);
    hash = checksum(hash, columns, sizeof columns);
    return report("matrix_4x4", hash);
}
