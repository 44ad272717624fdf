/* The 5x5 block operations of the line solvers. Blocks are stored by columns:
 * block[n][m] is row m of column n. None of the arguments overlap, but that is
 * known to the callers only. */
#include "bt.h"

/* result -= block vector */
void matvec_sub(double block[5][5], double vector[5], double result[5])
{
    for (int m = 0; m < 5; m++)
        result[m] = result[m] - block[0][m] * vector[0] - block[1][m] * vector[1] - block[2][m] * vector[2]
            - block[3][m] * vector[3] - block[4][m] * vector[4];
}

/* result -= left right, a column at a time */
void matmul_sub(double left[5][5], double right[5][5], double result[5][5])
{
    result[0][0] = result[0][0] - left[0][0] * right[0][0] - left[1][0] * right[0][1]
        - left[2][0] * right[0][2] - left[3][0] * right[0][3] - left[4][0] * right[0][4];
    result[0][1] = result[0][1] - left[0][1] * right[0][0] - left[1][1] * right[0][1]
        - left[2][1] * right[0][2] - left[3][1] * right[0][3] - left[4][1] * right[0][4];
    result[0][2] = result[0][2] - left[0][2] * right[0][0] - left[1][2] * right[0][1]
        - left[2][2] * right[0][2] - left[3][2] * right[0][3] - left[4][2] * right[0][4];
    result[0][3] = result[0][3] - left[0][3] * right[0][0] - left[1][3] * right[0][1]
        - left[2][3] * right[0][2] - left[3][3] * right[0][3] - left[4][3] * right[0][4];
    result[0][4] = result[0][4] - left[0][4] * right[0][0] - left[1][4] * right[0][1]
        - left[2][4] * right[0][2] - left[3][4] * right[0][3] - left[4][4] * right[0][4];

    result[1][0] = result[1][0] - left[0][0] * right[1][0] - left[1][0] * right[1][1]
        - left[2][0] * right[1][2] - left[3][0] * right[1][3] - left[4][0] * right[1][4];
    result[1][1] = result[1][1] - left[0][1] * right[1][0] - left[1][1] * right[1][1]
        - left[2][1] * right[1][2] - left[3][1] * right[1][3] - left[4][1] * right[1][4];
    result[1][2] = result[1][2] - left[0][2] * right[1][0] - left[1][2] * right[1][1]
        - left[2][2] * right[1][2] - left[3][2] * right[1][3] - left[4][2] * right[1][4];
    result[1][3] = result[1][3] - left[0][3] * right[1][0] - left[1][3] * right[1][1]
        - left[2][3] * right[1][2] - left[3][3] * right[1][3] - left[4][3] * right[1][4];
    result[1][4] = result[1][4] - left[0][4] * right[1][0] - left[1][4] * right[1][1]
        - left[2][4] * right[1][2] - left[3][4] * right[1][3] - left[4][4] * right[1][4];

    result[2][0] = result[2][0] - left[0][0] * right[2][0] - left[1][0] * right[2][1]
        - left[2][0] * right[2][2] - left[3][0] * right[2][3] - left[4][0] * right[2][4];
    result[2][1] = result[2][1] - left[0][1] * right[2][0] - left[1][1] * right[2][1]
        - left[2][1] * right[2][2] - left[3][1] * right[2][3] - left[4][1] * right[2][4];
    result[2][2] = result[2][2] - left[0][2] * right[2][0] - left[1][2] * right[2][1]
        - left[2][2] * right[2][2] - left[3][2] * right[2][3] - left[4][2] * right[2][4];
    result[2][3] = result[2][3] - left[0][3] * right[2][0] - left[1][3] * right[2][1]
        - left[2][3] * right[2][2] - left[3][3] * right[2][3] - left[4][3] * right[2][4];
    result[2][4] = result[2][4] - left[0][4] * right[2][0] - left[1][4] * right[2][1]
        - left[2][4] * right[2][2] - left[3][4] * right[2][3] - left[4][4] * right[2][4];

    result[3][0] = result[3][0] - left[0][0] * right[3][0] - left[1][0] * right[3][1]
        - left[2][0] * right[3][2] - left[3][0] * right[3][3] - left[4][0] * right[3][4];
    result[3][1] = result[3][1] - left[0][1] * right[3][0] - left[1][1] * right[3][1]
        - left[2][1] * right[3][2] - left[3][1] * right[3][3] - left[4][1] * right[3][4];
    result[3][2] = result[3][2] - left[0][2] * right[3][0] - left[1][2] * right[3][1]
        - left[2][2] * right[3][2] - left[3][2] * right[3][3] - left[4][2] * right[3][4];
    result[3][3] = result[3][3] - left[0][3] * right[3][0] - left[1][3] * right[3][1]
        - left[2][3] * right[3][2] - left[3][3] * right[3][3] - left[4][3] * right[3][4];
    result[3][4] = result[3][4] - left[0][4] * right[3][0] - left[1][4] * right[3][1]
        - left[2][4] * right[3][2] - left[3][4] * right[3][3] - left[4][4] * right[3][4];

    result[4][0] = result[4][0] - left[0][0] * right[4][0] - left[1][0] * right[4][1]
        - left[2][0] * right[4][2] - left[3][0] * right[4][3] - left[4][0] * right[4][4];
    result[4][1] = result[4][1] - left[0][1] * right[4][0] - left[1][1] * right[4][1]
        - left[2][1] * right[4][2] - left[3][1] * right[4][3] - left[4][1] * right[4][4];
    result[4][2] = result[4][2] - left[0][2] * right[4][0] - left[1][2] * right[4][1]
        - left[2][2] * right[4][2] - left[3][2] * right[4][3] - left[4][2] * right[4][4];
    result[4][3] = result[4][3] - left[0][3] * right[4][0] - left[1][3] * right[4][1]
        - left[2][3] * right[4][2] - left[3][3] * right[4][3] - left[4][3] * right[4][4];
    result[4][4] = result[4][4] - left[0][4] * right[4][0] - left[1][4] * right[4][1]
        - left[2][4] * right[4][2] - left[3][4] * right[4][3] - left[4][4] * right[4][4];
}

/* Gauss-Jordan elimination without pivoting, all rows of a pivot at a time:
 * next becomes block^-1 next, and r becomes block^-1 r. */
void solve_block(double block[5][5], double next[5][5], double r[5])
{
    double pivot, factor;

    pivot = 1.0 / block[0][0];
    block[1][0] *= pivot;
    block[2][0] *= pivot;
    block[3][0] *= pivot;
    block[4][0] *= pivot;
    next[0][0] *= pivot;
    next[1][0] *= pivot;
    next[2][0] *= pivot;
    next[3][0] *= pivot;
    next[4][0] *= pivot;
    r[0] *= pivot;

    factor = block[0][1];
    block[1][1] -= factor * block[1][0];
    block[2][1] -= factor * block[2][0];
    block[3][1] -= factor * block[3][0];
    block[4][1] -= factor * block[4][0];
    next[0][1] -= factor * next[0][0];
    next[1][1] -= factor * next[1][0];
    next[2][1] -= factor * next[2][0];
    next[3][1] -= factor * next[3][0];
    next[4][1] -= factor * next[4][0];
    r[1] -= factor * r[0];

    factor = block[0][2];
    block[1][2] -= factor * block[1][0];
    block[2][2] -= factor * block[2][0];
    block[3][2] -= factor * block[3][0];
    block[4][2] -= factor * block[4][0];
    next[0][2] -= factor * next[0][0];
    next[1][2] -= factor * next[1][0];
    next[2][2] -= factor * next[2][0];
    next[3][2] -= factor * next[3][0];
    next[4][2] -= factor * next[4][0];
    r[2] -= factor * r[0];

    factor = block[0][3];
    block[1][3] -= factor * block[1][0];
    block[2][3] -= factor * block[2][0];
    block[3][3] -= factor * block[3][0];
    block[4][3] -= factor * block[4][0];
    next[0][3] -= factor * next[0][0];
    next[1][3] -= factor * next[1][0];
    next[2][3] -= factor * next[2][0];
    next[3][3] -= factor * next[3][0];
    next[4][3] -= factor * next[4][0];
    r[3] -= factor * r[0];

    factor = block[0][4];
    block[1][4] -= factor * block[1][0];
    block[2][4] -= factor * block[2][0];
    block[3][4] -= factor * block[3][0];
    block[4][4] -= factor * block[4][0];
    next[0][4] -= factor * next[0][0];
    next[1][4] -= factor * next[1][0];
    next[2][4] -= factor * next[2][0];
    next[3][4] -= factor * next[3][0];
    next[4][4] -= factor * next[4][0];
    r[4] -= factor * r[0];

    pivot = 1.0 / block[1][1];
    block[2][1] *= pivot;
    block[3][1] *= pivot;
    block[4][1] *= pivot;
    next[0][1] *= pivot;
    next[1][1] *= pivot;
    next[2][1] *= pivot;
    next[3][1] *= pivot;
    next[4][1] *= pivot;
    r[1] *= pivot;

    factor = block[1][0];
    block[2][0] -= factor * block[2][1];
    block[3][0] -= factor * block[3][1];
    block[4][0] -= factor * block[4][1];
    next[0][0] -= factor * next[0][1];
    next[1][0] -= factor * next[1][1];
    next[2][0] -= factor * next[2][1];
    next[3][0] -= factor * next[3][1];
    next[4][0] -= factor * next[4][1];
    r[0] -= factor * r[1];

    factor = block[1][2];
    block[2][2] -= factor * block[2][1];
    block[3][2] -= factor * block[3][1];
    block[4][2] -= factor * block[4][1];
    next[0][2] -= factor * next[0][1];
    next[1][2] -= factor * next[1][1];
    next[2][2] -= factor * next[2][1];
    next[3][2] -= factor * next[3][1];
    next[4][2] -= factor * next[4][1];
    r[2] -= factor * r[1];

    factor = block[1][3];
    block[2][3] -= factor * block[2][1];
    block[3][3] -= factor * block[3][1];
    block[4][3] -= factor * block[4][1];
    next[0][3] -= factor * next[0][1];
    next[1][3] -= factor * next[1][1];
    next[2][3] -= factor * next[2][1];
    next[3][3] -= factor * next[3][1];
    next[4][3] -= factor * next[4][1];
    r[3] -= factor * r[1];

    factor = block[1][4];
    block[2][4] -= factor * block[2][1];
    block[3][4] -= factor * block[3][1];
    block[4][4] -= factor * block[4][1];
    next[0][4] -= factor * next[0][1];
    next[1][4] -= factor * next[1][1];
    next[2][4] -= factor * next[2][1];
    next[3][4] -= factor * next[3][1];
    next[4][4] -= factor * next[4][1];
    r[4] -= factor * r[1];

    pivot = 1.0 / block[2][2];
    block[3][2] *= pivot;
    block[4][2] *= pivot;
    next[0][2] *= pivot;
    next[1][2] *= pivot;
    next[2][2] *= pivot;
    next[3][2] *= pivot;
    next[4][2] *= pivot;
    r[2] *= pivot;

    factor = block[2][0];
    block[3][0] -= factor * block[3][2];
    block[4][0] -= factor * block[4][2];
    next[0][0] -= factor * next[0][2];
    next[1][0] -= factor * next[1][2];
    next[2][0] -= factor * next[2][2];
    next[3][0] -= factor * next[3][2];
    next[4][0] -= factor * next[4][2];
    r[0] -= factor * r[2];

    factor = block[2][1];
    block[3][1] -= factor * block[3][2];
    block[4][1] -= factor * block[4][2];
    next[0][1] -= factor * next[0][2];
    next[1][1] -= factor * next[1][2];
    next[2][1] -= factor * next[2][2];
    next[3][1] -= factor * next[3][2];
    next[4][1] -= factor * next[4][2];
    r[1] -= factor * r[2];

    factor = block[2][3];
    block[3][3] -= factor * block[3][2];
    block[4][3] -= factor * block[4][2];
    next[0][3] -= factor * next[0][2];
    next[1][3] -= factor * next[1][2];
    next[2][3] -= factor * next[2][2];
    next[3][3] -= factor * next[3][2];
    next[4][3] -= factor * next[4][2];
    r[3] -= factor * r[2];

    factor = block[2][4];
    block[3][4] -= factor * block[3][2];
    block[4][4] -= factor * block[4][2];
    next[0][4] -= factor * next[0][2];
    next[1][4] -= factor * next[1][2];
    next[2][4] -= factor * next[2][2];
    next[3][4] -= factor * next[3][2];
    next[4][4] -= factor * next[4][2];
    r[4] -= factor * r[2];

    pivot = 1.0 / block[3][3];
    block[4][3] *= pivot;
    next[0][3] *= pivot;
    next[1][3] *= pivot;
    next[2][3] *= pivot;
    next[3][3] *= pivot;
    next[4][3] *= pivot;
    r[3] *= pivot;

    factor = block[3][0];
    block[4][0] -= factor * block[4][3];
    next[0][0] -= factor * next[0][3];
    next[1][0] -= factor * next[1][3];
    next[2][0] -= factor * next[2][3];
    next[3][0] -= factor * next[3][3];
    next[4][0] -= factor * next[4][3];
    r[0] -= factor * r[3];

    factor = block[3][1];
    block[4][1] -= factor * block[4][3];
    next[0][1] -= factor * next[0][3];
    next[1][1] -= factor * next[1][3];
    next[2][1] -= factor * next[2][3];
    next[3][1] -= factor * next[3][3];
    next[4][1] -= factor * next[4][3];
    r[1] -= factor * r[3];

    factor = block[3][2];
    block[4][2] -= factor * block[4][3];
    next[0][2] -= factor * next[0][3];
    next[1][2] -= factor * next[1][3];
    next[2][2] -= factor * next[2][3];
    next[3][2] -= factor * next[3][3];
    next[4][2] -= factor * next[4][3];
    r[2] -= factor * r[3];

    factor = block[3][4];
    block[4][4] -= factor * block[4][3];
    next[0][4] -= factor * next[0][3];
    next[1][4] -= factor * next[1][3];
    next[2][4] -= factor * next[2][3];
    next[3][4] -= factor * next[3][3];
    next[4][4] -= factor * next[4][3];
    r[4] -= factor * r[3];

    pivot = 1.0 / block[4][4];
    next[0][4] *= pivot;
    next[1][4] *= pivot;
    next[2][4] *= pivot;
    next[3][4] *= pivot;
    next[4][4] *= pivot;
    r[4] *= pivot;

    factor = block[4][0];
    next[0][0] -= factor * next[0][4];
    next[1][0] -= factor * next[1][4];
    next[2][0] -= factor * next[2][4];
    next[3][0] -= factor * next[3][4];
    next[4][0] -= factor * next[4][4];
    r[0] -= factor * r[4];

    factor = block[4][1];
    next[0][1] -= factor * next[0][4];
    next[1][1] -= factor * next[1][4];
    next[2][1] -= factor * next[2][4];
    next[3][1] -= factor * next[3][4];
    next[4][1] -= factor * next[4][4];
    r[1] -= factor * r[4];

    factor = block[4][2];
    next[0][2] -= factor * next[0][4];
    next[1][2] -= factor * next[1][4];
    next[2][2] -= factor * next[2][4];
    next[3][2] -= factor * next[3][4];
    next[4][2] -= factor * next[4][4];
    r[2] -= factor * r[4];

    factor = block[4][3];
    next[0][3] -= factor * next[0][4];
    next[1][3] -= factor * next[1][4];
    next[2][3] -= factor * next[2][4];
    next[3][3] -= factor * next[3][4];
    next[4][3] -= factor * next[4][4];
    r[3] -= factor * r[4];
}

/* The same at the end of a line, where no block follows. */
void solve_last_block(double block[5][5], double r[5])
{
    double pivot, factor;

    pivot = 1.0 / block[0][0];
    block[1][0] *= pivot;
    block[2][0] *= pivot;
    block[3][0] *= pivot;
    block[4][0] *= pivot;
    r[0] *= pivot;

    factor = block[0][1];
    block[1][1] -= factor * block[1][0];
    block[2][1] -= factor * block[2][0];
    block[3][1] -= factor * block[3][0];
    block[4][1] -= factor * block[4][0];
    r[1] -= factor * r[0];

    factor = block[0][2];
    block[1][2] -= factor * block[1][0];
    block[2][2] -= factor * block[2][0];
    block[3][2] -= factor * block[3][0];
    block[4][2] -= factor * block[4][0];
    r[2] -= factor * r[0];

    factor = block[0][3];
    block[1][3] -= factor * block[1][0];
    block[2][3] -= factor * block[2][0];
    block[3][3] -= factor * block[3][0];
    block[4][3] -= factor * block[4][0];
    r[3] -= factor * r[0];

    factor = block[0][4];
    block[1][4] -= factor * block[1][0];
    block[2][4] -= factor * block[2][0];
    block[3][4] -= factor * block[3][0];
    block[4][4] -= factor * block[4][0];
    r[4] -= factor * r[0];

    pivot = 1.0 / block[1][1];
    block[2][1] *= pivot;
    block[3][1] *= pivot;
    block[4][1] *= pivot;
    r[1] *= pivot;

    factor = block[1][0];
    block[2][0] -= factor * block[2][1];
    block[3][0] -= factor * block[3][1];
    block[4][0] -= factor * block[4][1];
    r[0] -= factor * r[1];

    factor = block[1][2];
    block[2][2] -= factor * block[2][1];
    block[3][2] -= factor * block[3][1];
    block[4][2] -= factor * block[4][1];
    r[2] -= factor * r[1];

    factor = block[1][3];
    block[2][3] -= factor * block[2][1];
    block[3][3] -= factor * block[3][1];
    block[4][3] -= factor * block[4][1];
    r[3] -= factor * r[1];

    factor = block[1][4];
    block[2][4] -= factor * block[2][1];
    block[3][4] -= factor * block[3][1];
    block[4][4] -= factor * block[4][1];
    r[4] -= factor * r[1];

    pivot = 1.0 / block[2][2];
    block[3][2] *= pivot;
    block[4][2] *= pivot;
    r[2] *= pivot;

    factor = block[2][0];
    block[3][0] -= factor * block[3][2];
    block[4][0] -= factor * block[4][2];
    r[0] -= factor * r[2];

    factor = block[2][1];
    block[3][1] -= factor * block[3][2];
    block[4][1] -= factor * block[4][2];
    r[1] -= factor * r[2];

    factor = block[2][3];
    block[3][3] -= factor * block[3][2];
    block[4][3] -= factor * block[4][2];
    r[3] -= factor * r[2];

    factor = block[2][4];
    block[3][4] -= factor * block[3][2];
    block[4][4] -= factor * block[4][2];
    r[4] -= factor * r[2];

    pivot = 1.0 / block[3][3];
    block[4][3] *= pivot;
    r[3] *= pivot;

    factor = block[3][0];
    block[4][0] -= factor * block[4][3];
    r[0] -= factor * r[3];

    factor = block[3][1];
    block[4][1] -= factor * block[4][3];
    r[1] -= factor * r[3];

    factor = block[3][2];
    block[4][2] -= factor * block[4][3];
    r[2] -= factor * r[3];

    factor = block[3][4];
    block[4][4] -= factor * block[4][3];
    r[4] -= factor * r[3];

    pivot = 1.0 / block[4][4];
    r[4] *= pivot;

    factor = block[4][0];
    r[0] -= factor * r[4];

    factor = block[4][1];
    r[1] -= factor * r[4];

    factor = block[4][2];
    r[2] -= factor * r[4];

    factor = block[4][3];
    r[3] -= factor * r[4];
}
