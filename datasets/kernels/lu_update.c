/* Dense factorization on small blocks: the pivot update of LU, a 4x4 LU, a 3x3
 * Cholesky with sqrt, a rank-one update, a Givens rotation of two rows.
 * Exercises shrinking rows, splatted multipliers, and packs of updates. */
#include <math.h>

#include "kernel.h"

enum { COUNT = 48 };

/* Two rows below the pivot row, four columns each. */
NOINLINE void pivot_update(double *restrict row, double *restrict next,
                           const double *restrict pivot)
{
    double l0 = row[0] / pivot[0], l1 = next[0] / pivot[0];
    row[0] = l0;
    next[0] = l1;
    for (int j = 1; j < 5; j++)
        row[j] -= l0 * pivot[j];
    for (int j = 1; j < 5; j++)
        next[j] -= l1 * pivot[j];
}

NOINLINE void factor4(double a[16])
{
    for (int k = 0; k < 3; k++)
        for (int i = k + 1; i < 4; i++) {
            double l = a[4 * i + k] / a[4 * k + k];
            a[4 * i + k] = l;
            for (int j = k + 1; j < 4; j++)
                a[4 * i + j] -= l * a[4 * k + j];
        }
}

/* Lower triangle of a symmetric matrix: six numbers, by rows. */
NOINLINE void cholesky3(float l[restrict 6], const float a[restrict 6])
{
    float l00 = sqrtf(a[0]);
    float l10 = a[1] / l00, l20 = a[3] / l00;
    float l11 = sqrtf(a[2] - l10 * l10);
    float l21 = (a[4] - l20 * l10) / l11;
    l[0] = l00;
    l[1] = l10;
    l[2] = l11;
    l[3] = l20;
    l[4] = l21;
    l[5] = sqrtf(a[5] - l20 * l20 - l21 * l21);
}

NOINLINE void rank_one4(float a[restrict 16], const float x[restrict 4], const float y[restrict 4])
{
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            a[4 * i + j] -= x[i] * y[j];
}

NOINLINE void rotate_rows(double *p, double *q, double c, double s)
{
    for (int j = 0; j < 4; j++) {
        double u = p[j], v = q[j];
        p[j] = c * u + s * v;
        q[j] = c * v - s * u;
    }
}

int main(int argc, char **argv)
{
    static double start[COUNT][16], lu[COUNT][16], rows[3][5], rows_start[3][5];
    static float symmetric[COUNT][6], lower[COUNT][6], panel[COUNT][16], x[4], y[4];
    uint64_t seed = 52;

    fill_double(&seed, start, sizeof start, -0.5, 0.5);
    fill_double(&seed, rows_start, sizeof rows_start, 1.0, 2.0);
    fill_float(&seed, symmetric, sizeof symmetric, -0.5, 0.5);
    fill_float(&seed, x, sizeof x, -1.0, 1.0);
    fill_float(&seed, y, sizeof y, -1.0, 1.0);
    for (int i = 0; i < COUNT; i++) {
        for (int k = 0; k < 16; k += 5)
            start[i][k] += 3.0;
        symmetric[i][0] += 3.0f;
        symmetric[i][2] += 3.0f;
        symmetric[i][5] += 3.0f;
    }

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        memcpy(lu, start, sizeof lu);
        memcpy(rows, rows_start, sizeof rows);
        memset(panel, 0, sizeof panel);
        pivot_update(rows[1], rows[2], rows[0]);
        for (int i = 0; i < COUNT; i++) {
            rotate_rows(lu[i], lu[i] + 4, 0.8, 0.6);
            factor4(lu[i]);
            cholesky3(lower[i], symmetric[i]);
            rank_one4(panel[i], x, y);
        }
    }

    uint64_t hash = checksum(CHECKSUM_START, lu, sizeof lu);
    hash = checksum(hash, rows, sizeof rows);
    hash = checksum(hash, lower, sizeof lower);
    hash = checksum(hash, panel, sizeof panel);
    return report("lu_update", hash);
}
