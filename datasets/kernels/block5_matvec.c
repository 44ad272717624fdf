/* 5x5 blocks of double as implicit CFD solvers use them: vector and matrix
 * updates by subtraction, column-major, with and without restrict. Exercises
 * groups of 5 (4 + 1 or 2 + 2 + 1) with splatted factors and read-update-write. */
#include "kernel.h"

enum { COUNT = 24 };

typedef double block[5][5]; /* [column][row] */

/* out -= a * v */
NOINLINE void matvec_subtract(const double a[5][5], const double v[5], double out[5])
{
    for (int i = 0; i < 5; i++)
        out[i] = out[i] - a[0][i] * v[0] - a[1][i] * v[1] - a[2][i] * v[2]
               - a[3][i] * v[3] - a[4][i] * v[4];
}

/* c -= a * b, one column of c after the other. */
NOINLINE void matmul_subtract(const double a[5][5], const double b[5][5], double c[5][5])
{
    for (int j = 0; j < 5; j++) {
        c[j][0] = c[j][0] - a[0][0] * b[j][0] - a[1][0] * b[j][1] - a[2][0] * b[j][2]
                - a[3][0] * b[j][3] - a[4][0] * b[j][4];
        c[j][1] = c[j][1] - a[0][1] * b[j][0] - a[1][1] * b[j][1] - a[2][1] * b[j][2]
                - a[3][1] * b[j][3] - a[4][1] * b[j][4];
        c[j][2] = c[j][2] - a[0][2] * b[j][0] - a[1][2] * b[j][1] - a[2][2] * b[j][2]
                - a[3][2] * b[j][3] - a[4][2] * b[j][4];
        c[j][3] = c[j][3] - a[0][3] * b[j][0] - a[1][3] * b[j][1] - a[2][3] * b[j][2]
                - a[3][3] * b[j][3] - a[4][3] * b[j][4];
        c[j][4] = c[j][4] - a[0][4] * b[j][0] - a[1][4] * b[j][1] - a[2][4] * b[j][2]
                - a[3][4] * b[j][3] - a[4][4] * b[j][4];
    }
}

NOINLINE void matvec_restrict(double *restrict out, const double *restrict a,
                              const double *restrict v)
{
    for (int i = 0; i < 5; i++)
        out[i] = a[i] * v[0] + a[5 + i] * v[1] + a[10 + i] * v[2] + a[15 + i] * v[3]
               + a[20 + i] * v[4];
}

/* One row of the block times a vector: five dot products. */
NOINLINE void transposed_matvec(double *restrict out, const double *restrict a,
                                const double *restrict v)
{
    for (int i = 0; i < 5; i++)
        out[i] = a[5 * i] * v[0] + a[5 * i + 1] * v[1] + a[5 * i + 2] * v[2]
               + a[5 * i + 3] * v[3] + a[5 * i + 4] * v[4];
}

int main(int argc, char **argv)
{
    static block a[COUNT], b[COUNT], start[COUNT], c[COUNT];
    static double v[COUNT][5], right[COUNT][5], forward[COUNT][5], backward[COUNT][5];
    uint64_t seed = 36;

    fill_double(&seed, a, sizeof a, -1.0, 1.0);
    fill_double(&seed, b, sizeof b, -1.0, 1.0);
    fill_double(&seed, start, sizeof start, -1.0, 1.0);
    fill_double(&seed, v, sizeof v, -1.0, 1.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        memcpy(c, start, sizeof c);
        memcpy(right, v, sizeof right);
        for (int i = 0; i < COUNT; i++) {
            matvec_subtract((const double (*)[5])a[i], v[COUNT - 1 - i], right[i]);
            matmul_subtract((const double (*)[5])a[i], (const double (*)[5])b[i], c[i]);
            matvec_restrict(forward[i], c[i][0], right[i]);
            transposed_matvec(backward[i], c[i][0], forward[i]);
        }
    }

    uint64_t hash = checksum(CHECKSUM_START, c, sizeof c);
    hash = checksum(hash, right, sizeof right);
    hash = checksum(hash, forward, sizeof forward);
    hash = checksum(hash, backward, sizeof backward);
    return report("block5_matvec", hash);
}
