/* 5x5 block solve without pivoting: one elimination step per pivot written out
 * over rows, carrying a right-hand side and a second block, then back
 * substitution. Exercises groups of 5 that shrink to 4, 3, 2 and 1. */
#include "kernel.h"

enum { COUNT = 24 };

/* Scales row p of a, c and r by its pivot and takes it from row q. */
static inline void eliminate_row(double a[5][5], double c[5][5], double r[5], int p, int q)
{
    double factor = a[q][p];
    for (int j = p + 1; j < 5; j++)
        a[q][j] -= factor * a[p][j];
    for (int j = 0; j < 5; j++)
        c[q][j] -= factor * c[p][j];
    r[q] -= factor * r[p];
}

static inline void scale_row(double a[5][5], double c[5][5], double r[5], int p)
{
    double pivot = 1.0 / a[p][p];
    for (int j = p + 1; j < 5; j++)
        a[p][j] *= pivot;
    for (int j = 0; j < 5; j++)
        c[p][j] *= pivot;
    r[p] *= pivot;
}

/* Gauss-Jordan: c becomes a^-1 c and r becomes a^-1 r. */
NOINLINE void solve_block(double a[5][5], double c[5][5], double r[5])
{
    scale_row(a, c, r, 0);
    eliminate_row(a, c, r, 0, 1);
    eliminate_row(a, c, r, 0, 2);
    eliminate_row(a, c, r, 0, 3);
    eliminate_row(a, c, r, 0, 4);

    scale_row(a, c, r, 1);
    eliminate_row(a, c, r, 1, 0);
    eliminate_row(a, c, r, 1, 2);
    eliminate_row(a, c, r, 1, 3);
    eliminate_row(a, c, r, 1, 4);

    scale_row(a, c, r, 2);
    eliminate_row(a, c, r, 2, 0);
    eliminate_row(a, c, r, 2, 1);
    eliminate_row(a, c, r, 2, 3);
    eliminate_row(a, c, r, 2, 4);

    scale_row(a, c, r, 3);
    eliminate_row(a, c, r, 3, 0);
    eliminate_row(a, c, r, 3, 1);
    eliminate_row(a, c, r, 3, 2);
    eliminate_row(a, c, r, 3, 4);

    scale_row(a, c, r, 4);
    eliminate_row(a, c, r, 4, 0);
    eliminate_row(a, c, r, 4, 1);
    eliminate_row(a, c, r, 4, 2);
    eliminate_row(a, c, r, 4, 3);
}

/* Only a right-hand side, by elimination and back substitution. */
NOINLINE void solve_vector(double a[restrict 5][5], double r[restrict 5])
{
    for (int p = 0; p < 4; p++) {
        double pivot = 1.0 / a[p][p];
        for (int q = p + 1; q < 5; q++) {
            double factor = a[q][p] * pivot;
            for (int j = p + 1; j < 5; j++)
                a[q][j] -= factor * a[p][j];
            r[q] -= factor * r[p];
        }
    }
    r[4] /= a[4][4];
    r[3] = (r[3] - a[3][4] * r[4]) / a[3][3];
    r[2] = (r[2] - a[2][4] * r[4] - a[2][3] * r[3]) / a[2][2];
    r[1] = (r[1] - a[1][4] * r[4] - a[1][3] * r[3] - a[1][2] * r[2]) / a[1][1];
    r[0] = (r[0] - a[0][4] * r[4] - a[0][3] * r[3] - a[0][2] * r[2] - a[0][1] * r[1]) / a[0][0];
}

int main(int argc, char **argv)
{
    static double start[COUNT][5][5], coupling[COUNT][5][5], right[COUNT][5];
    static double a[5][5], c[COUNT][5][5], r1[COUNT][5], r2[COUNT][5];
    uint64_t seed = 37;

    fill_double(&seed, start, sizeof start, -0.5, 0.5);
    fill_double(&seed, coupling, sizeof coupling, -0.5, 0.5);
    fill_double(&seed, right, sizeof right, -1.0, 1.0);
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < 5; k++)
            start[i][k][k] += 3.0;

    for (unsigned long repeat = repeat_count(argc, argv); repeat > 0; repeat--) {
        memcpy(c, coupling, sizeof c);
        memcpy(r1, right, sizeof r1);
        memcpy(r2, right, sizeof r2);
        for (int i = 0; i < COUNT; i++) {
            memcpy(a, start[i], sizeof a);
            solve_block(a, c[i], r1[i]);
            memcpy(a, start[i], sizeof a);
            solve_vector(a, r2[i]);
        }
    }

    uint64_t hash = checksum(CHECKSUM_START, c, sizeof c);
    hash = checksum(hash, r1, sizeof r1);
    hash = checksum(hash, r2, sizeof r2);
    return report("block5_solve", hash);
}
