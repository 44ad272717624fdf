/* The triangular solves on plane k, point by point; the planes and points
 * that come first have been done. All blocks are stored by columns. */
#include "lu.h"

void blts(int k, double v[PROBLEM_SIZE][PADDED][PADDED][5], double ldz[PADDED][PADDED][5][5],
          double ldy[PADDED][PADDED][5][5], double ldx[PADDED][PADDED][5][5], double d[PADDED][PADDED][5][5])
{
    double a[5][5], tv[5];
    double inverse, factor;

    for (int j = 1; j < ny - 1; j++)
        for (int i = 1; i < nx - 1; i++)
            for (int m = 0; m < 5; m++)
                v[k][j][i][m] -= omega
                    * (ldz[j][i][0][m] * v[k - 1][j][i][0]
                       + ldz[j][i][1][m] * v[k - 1][j][i][1]
                       + ldz[j][i][2][m] * v[k - 1][j][i][2]
                       + ldz[j][i][3][m] * v[k - 1][j][i][3]
                       + ldz[j][i][4][m] * v[k - 1][j][i][4]);

    for (int j = 1; j < ny - 1; j++)
        for (int i = 1; i < nx - 1; i++) {
            for (int m = 0; m < 5; m++)
                tv[m] = v[k][j][i][m]
                    - omega
                        * (ldy[j][i][0][m] * v[k][j - 1][i][0] + ldx[j][i][0][m] * v[k][j][i - 1][0]
                           + ldy[j][i][1][m] * v[k][j - 1][i][1] + ldx[j][i][1][m] * v[k][j][i - 1][1]
                           + ldy[j][i][2][m] * v[k][j - 1][i][2] + ldx[j][i][2][m] * v[k][j][i - 1][2]
                           + ldy[j][i][3][m] * v[k][j - 1][i][3] + ldx[j][i][3][m] * v[k][j][i - 1][3]
                           + ldy[j][i][4][m] * v[k][j - 1][i][4] + ldx[j][i][4][m] * v[k][j][i - 1][4]);

            for (int n = 0; n < 5; n++)
                for (int m = 0; m < 5; m++)
                    a[n][m] = d[j][i][n][m];

            inverse = 1.0 / a[0][0];
            factor = inverse * a[0][1];
            a[1][1] -= factor * a[1][0];
            a[2][1] -= factor * a[2][0];
            a[3][1] -= factor * a[3][0];
            a[4][1] -= factor * a[4][0];
            tv[1] -= factor * tv[0];
            factor = inverse * a[0][2];
            a[1][2] -= factor * a[1][0];
            a[2][2] -= factor * a[2][0];
            a[3][2] -= factor * a[3][0];
            a[4][2] -= factor * a[4][0];
            tv[2] -= factor * tv[0];
            factor = inverse * a[0][3];
            a[1][3] -= factor * a[1][0];
            a[2][3] -= factor * a[2][0];
            a[3][3] -= factor * a[3][0];
            a[4][3] -= factor * a[4][0];
            tv[3] -= factor * tv[0];
            factor = inverse * a[0][4];
            a[1][4] -= factor * a[1][0];
            a[2][4] -= factor * a[2][0];
            a[3][4] -= factor * a[3][0];
            a[4][4] -= factor * a[4][0];
            tv[4] -= factor * tv[0];

            inverse = 1.0 / a[1][1];
            factor = inverse * a[1][2];
            a[2][2] -= factor * a[2][1];
            a[3][2] -= factor * a[3][1];
            a[4][2] -= factor * a[4][1];
            tv[2] -= factor * tv[1];
            factor = inverse * a[1][3];
            a[2][3] -= factor * a[2][1];
            a[3][3] -= factor * a[3][1];
            a[4][3] -= factor * a[4][1];
            tv[3] -= factor * tv[1];
            factor = inverse * a[1][4];
            a[2][4] -= factor * a[2][1];
            a[3][4] -= factor * a[3][1];
            a[4][4] -= factor * a[4][1];
            tv[4] -= factor * tv[1];

            inverse = 1.0 / a[2][2];
            factor = inverse * a[2][3];
            a[3][3] -= factor * a[3][2];
            a[4][3] -= factor * a[4][2];
            tv[3] -= factor * tv[2];
            factor = inverse * a[2][4];
            a[3][4] -= factor * a[3][2];
            a[4][4] -= factor * a[4][2];
            tv[4] -= factor * tv[2];

            inverse = 1.0 / a[3][3];
            factor = inverse * a[3][4];
            a[4][4] -= factor * a[4][3];
            tv[4] -= factor * tv[3];

            v[k][j][i][4] = tv[4] / a[4][4];
            v[k][j][i][3] = (tv[3] - a[4][3] * v[k][j][i][4]) / a[3][3];
            v[k][j][i][2] = (tv[2] - a[3][2] * v[k][j][i][3] - a[4][2] * v[k][j][i][4]) / a[2][2];
            v[k][j][i][1] = (tv[1] - a[2][1] * v[k][j][i][2] - a[3][1] * v[k][j][i][3]
                               - a[4][1] * v[k][j][i][4])
                / a[1][1];
            v[k][j][i][0] = (tv[0] - a[1][0] * v[k][j][i][1] - a[2][0] * v[k][j][i][2]
                               - a[3][0] * v[k][j][i][3] - a[4][0] * v[k][j][i][4])
                / a[0][0];
        }
}

void buts(int k, double v[PROBLEM_SIZE][PADDED][PADDED][5], double d[PADDED][PADDED][5][5],
          double udx[PADDED][PADDED][5][5], double udy[PADDED][PADDED][5][5],
          double udz[PADDED][PADDED][5][5])
{
    static double rest[PADDED][PADDED][5];
    double a[5][5], tv[5];
    double inverse, factor;

    for (int j = ny - 2; j > 0; j--)
        for (int i = nx - 2; i > 0; i--)
            for (int m = 0; m < 5; m++)
                rest[j][i][m] = omega
                    * (udz[j][i][0][m] * v[k + 1][j][i][0]
                       + udz[j][i][1][m] * v[k + 1][j][i][1]
                       + udz[j][i][2][m] * v[k + 1][j][i][2]
                       + udz[j][i][3][m] * v[k + 1][j][i][3]
                       + udz[j][i][4][m] * v[k + 1][j][i][4]);

    for (int j = ny - 2; j > 0; j--)
        for (int i = nx - 2; i > 0; i--) {
            for (int m = 0; m < 5; m++)
                tv[m] = rest[j][i][m]
                    + omega
                        * (udy[j][i][0][m] * v[k][j + 1][i][0] + udx[j][i][0][m] * v[k][j][i + 1][0]
                           + udy[j][i][1][m] * v[k][j + 1][i][1] + udx[j][i][1][m] * v[k][j][i + 1][1]
                           + udy[j][i][2][m] * v[k][j + 1][i][2] + udx[j][i][2][m] * v[k][j][i + 1][2]
                           + udy[j][i][3][m] * v[k][j + 1][i][3] + udx[j][i][3][m] * v[k][j][i + 1][3]
                           + udy[j][i][4][m] * v[k][j + 1][i][4] + udx[j][i][4][m] * v[k][j][i + 1][4]);

            for (int n = 0; n < 5; n++)
                for (int m = 0; m < 5; m++)
                    a[n][m] = d[j][i][n][m];

            inverse = 1.0 / a[0][0];
            factor = inverse * a[0][1];
            a[1][1] -= factor * a[1][0];
            a[2][1] -= factor * a[2][0];
            a[3][1] -= factor * a[3][0];
            a[4][1] -= factor * a[4][0];
            tv[1] -= factor * tv[0];
            factor = inverse * a[0][2];
            a[1][2] -= factor * a[1][0];
            a[2][2] -= factor * a[2][0];
            a[3][2] -= factor * a[3][0];
            a[4][2] -= factor * a[4][0];
            tv[2] -= factor * tv[0];
            factor = inverse * a[0][3];
            a[1][3] -= factor * a[1][0];
            a[2][3] -= factor * a[2][0];
            a[3][3] -= factor * a[3][0];
            a[4][3] -= factor * a[4][0];
            tv[3] -= factor * tv[0];
            factor = inverse * a[0][4];
            a[1][4] -= factor * a[1][0];
            a[2][4] -= factor * a[2][0];
            a[3][4] -= factor * a[3][0];
            a[4][4] -= factor * a[4][0];
            tv[4] -= factor * tv[0];

            inverse = 1.0 / a[1][1];
            factor = inverse * a[1][2];
            a[2][2] -= factor * a[2][1];
            a[3][2] -= factor * a[3][1];
            a[4][2] -= factor * a[4][1];
            tv[2] -= factor * tv[1];
            factor = inverse * a[1][3];
            a[2][3] -= factor * a[2][1];
            a[3][3] -= factor * a[3][1];
            a[4][3] -= factor * a[4][1];
            tv[3] -= factor * tv[1];
            factor = inverse * a[1][4];
            a[2][4] -= factor * a[2][1];
            a[3][4] -= factor * a[3][1];
            a[4][4] -= factor * a[4][1];
            tv[4] -= factor * tv[1];

            inverse = 1.0 / a[2][2];
            factor = inverse * a[2][3];
            a[3][3] -= factor * a[3][2];
            a[4][3] -= factor * a[4][2];
            tv[3] -= factor * tv[2];
            factor = inverse * a[2][4];
            a[3][4] -= factor * a[3][2];
            a[4][4] -= factor * a[4][2];
            tv[4] -= factor * tv[2];

            inverse = 1.0 / a[3][3];
            factor = inverse * a[3][4];
            a[4][4] -= factor * a[4][3];
            tv[4] -= factor * tv[3];

            tv[4] = tv[4] / a[4][4];
            tv[3] = (tv[3] - a[4][3] * tv[4]) / a[3][3];
            tv[2] = (tv[2] - a[3][2] * tv[3] - a[4][2] * tv[4]) / a[2][2];
            tv[1] = (tv[1] - a[2][1] * tv[2] - a[3][1] * tv[3] - a[4][1] * tv[4]) / a[1][1];
            tv[0] = (tv[0] - a[1][0] * tv[1] - a[2][0] * tv[2] - a[3][0] * tv[3] - a[4][0] * tv[4]) / a[0][0];

            for (int m = 0; m < 5; m++)
                v[k][j][i][m] -= tv[m];
        }
}
