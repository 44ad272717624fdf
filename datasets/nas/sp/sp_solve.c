/* The sweeps: in each direction, plane by plane, scalar pentadiagonal systems
 * for all lines of the plane. The first three components share a matrix. */
#include "sp.h"

double lhs[PADDED][PADDED][5];
double lhsp[PADDED][PADDED][5];
double lhsm[PADDED][PADDED][5];

double dttx1, dttx2, dtty1, dtty2, dttz1, dttz2;
double c2dttx1, c2dtty1, c2dttz1;
double comz1, comz4, comz5, comz6;
double dxmax, dymax, dzmax;

static double largest_of(double a, double b, double c, double d)
{
    return fmax(fmax(a, b), fmax(c, d));
}

/* The ends of a line stand for themselves. */
static void identity_row(double row[5], double row_p[5], double row_m[5])
{
    for (int n = 0; n < 5; n++) {
        row[n] = 0.0;
        row_p[n] = 0.0;
        row_m[n] = 0.0;
    }
    row[2] = 1.0;
    row_p[2] = 1.0;
    row_m[2] = 1.0;
}

void x_solve(void)
{
    double velocity[PROBLEM_SIZE], viscosity[PROBLEM_SIZE];

    for (int k = 1; k < nz - 1; k++) {
        for (int j = 1; j < ny - 1; j++) {
            identity_row(lhs[j][0], lhsp[j][0], lhsm[j][0]);
            identity_row(lhs[j][nx - 1], lhsp[j][nx - 1], lhsm[j][nx - 1]);
        }

        /* The three diagonals of the second-order terms. */
        for (int j = 1; j < ny - 1; j++) {
            for (int i = 0; i < nx; i++) {
                double ru = c3c4 * rho_i[k][j][i];
                velocity[i] = us[k][j][i];
                viscosity[i] = largest_of(dx2 + con43 * ru, dx5 + c1c5 * ru, dxmax + ru, dx1);
            }
            for (int i = 1; i < nx - 1; i++) {
                lhs[j][i][0] = 0.0;
                lhs[j][i][1] = -dttx2 * velocity[i - 1] - dttx1 * viscosity[i - 1];
                lhs[j][i][2] = 1.0 + c2dttx1 * viscosity[i];
                lhs[j][i][3] = dttx2 * velocity[i + 1] - dttx1 * viscosity[i + 1];
                lhs[j][i][4] = 0.0;
            }
        }

        /* Fourth-order dissipation. */
        for (int j = 1; j < ny - 1; j++) {
            lhs[j][1][2] += comz5;
            lhs[j][1][3] -= comz4;
            lhs[j][1][4] += comz1;
            lhs[j][2][1] -= comz4;
            lhs[j][2][2] += comz6;
            lhs[j][2][3] -= comz4;
            lhs[j][2][4] += comz1;
            for (int i = 3; i < nx - 3; i++) {
                lhs[j][i][0] += comz1;
                lhs[j][i][1] -= comz4;
                lhs[j][i][2] += comz6;
                lhs[j][i][3] -= comz4;
                lhs[j][i][4] += comz1;
            }
            lhs[j][nx - 3][0] += comz1;
            lhs[j][nx - 3][1] -= comz4;
            lhs[j][nx - 3][2] += comz6;
            lhs[j][nx - 3][3] -= comz4;
            lhs[j][nx - 2][0] += comz1;
            lhs[j][nx - 2][1] -= comz4;
            lhs[j][nx - 2][2] += comz5;
        }

        /* The systems of the two sound waves differ by the speed of sound. */
        for (int j = 1; j < ny - 1; j++)
            for (int i = 1; i < nx - 1; i++) {
                lhsp[j][i][0] = lhs[j][i][0];
                lhsp[j][i][1] = lhs[j][i][1] - dttx2 * speed[k][j][i - 1];
                lhsp[j][i][2] = lhs[j][i][2];
                lhsp[j][i][3] = lhs[j][i][3] + dttx2 * speed[k][j][i + 1];
                lhsp[j][i][4] = lhs[j][i][4];
                lhsm[j][i][0] = lhs[j][i][0];
                lhsm[j][i][1] = lhs[j][i][1] + dttx2 * speed[k][j][i - 1];
                lhsm[j][i][2] = lhs[j][i][2];
                lhsm[j][i][3] = lhs[j][i][3] - dttx2 * speed[k][j][i + 1];
                lhsm[j][i][4] = lhs[j][i][4];
            }

        /* Forward elimination of the shared system. */
        for (int j = 1; j < ny - 1; j++)
            for (int i = 0; i < nx - 2; i++) {
                double factor = 1.0 / lhs[j][i][2];
                lhs[j][i][3] *= factor;
                lhs[j][i][4] *= factor;
                for (int m = 0; m < 3; m++)
                    rhs[k][j][i][m] *= factor;
                lhs[j][i + 1][2] -= lhs[j][i + 1][1] * lhs[j][i][3];
                lhs[j][i + 1][3] -= lhs[j][i + 1][1] * lhs[j][i][4];
                for (int m = 0; m < 3; m++)
                    rhs[k][j][i + 1][m] -= lhs[j][i + 1][1] * rhs[k][j][i][m];
                lhs[j][i + 2][1] -= lhs[j][i + 2][0] * lhs[j][i][3];
                lhs[j][i + 2][2] -= lhs[j][i + 2][0] * lhs[j][i][4];
                for (int m = 0; m < 3; m++)
                    rhs[k][j][i + 2][m] -= lhs[j][i + 2][0] * rhs[k][j][i][m];
            }
        for (int j = 1; j < ny - 1; j++) {
            int i = nx - 2;
            double factor = 1.0 / lhs[j][i][2];
            lhs[j][i][3] *= factor;
            lhs[j][i][4] *= factor;
            for (int m = 0; m < 3; m++)
                rhs[k][j][i][m] *= factor;
            lhs[j][i + 1][2] -= lhs[j][i + 1][1] * lhs[j][i][3];
            lhs[j][i + 1][3] -= lhs[j][i + 1][1] * lhs[j][i][4];
            for (int m = 0; m < 3; m++)
                rhs[k][j][i + 1][m] -= lhs[j][i + 1][1] * rhs[k][j][i][m];
            factor = 1.0 / lhs[j][i + 1][2];
            for (int m = 0; m < 3; m++)
                rhs[k][j][i + 1][m] *= factor;
        }

        /* Forward elimination of the other two. */
        for (int j = 1; j < ny - 1; j++)
            for (int i = 0; i < nx - 2; i++) {
                double factor = 1.0 / lhsp[j][i][2];
                lhsp[j][i][3] *= factor;
                lhsp[j][i][4] *= factor;
                rhs[k][j][i][3] *= factor;
                lhsp[j][i + 1][2] -= lhsp[j][i + 1][1] * lhsp[j][i][3];
                lhsp[j][i + 1][3] -= lhsp[j][i + 1][1] * lhsp[j][i][4];
                rhs[k][j][i + 1][3] -= lhsp[j][i + 1][1] * rhs[k][j][i][3];
                lhsp[j][i + 2][1] -= lhsp[j][i + 2][0] * lhsp[j][i][3];
                lhsp[j][i + 2][2] -= lhsp[j][i + 2][0] * lhsp[j][i][4];
                rhs[k][j][i + 2][3] -= lhsp[j][i + 2][0] * rhs[k][j][i][3];
                factor = 1.0 / lhsm[j][i][2];
                lhsm[j][i][3] *= factor;
                lhsm[j][i][4] *= factor;
                rhs[k][j][i][4] *= factor;
                lhsm[j][i + 1][2] -= lhsm[j][i + 1][1] * lhsm[j][i][3];
                lhsm[j][i + 1][3] -= lhsm[j][i + 1][1] * lhsm[j][i][4];
                rhs[k][j][i + 1][4] -= lhsm[j][i + 1][1] * rhs[k][j][i][4];
                lhsm[j][i + 2][1] -= lhsm[j][i + 2][0] * lhsm[j][i][3];
                lhsm[j][i + 2][2] -= lhsm[j][i + 2][0] * lhsm[j][i][4];
                rhs[k][j][i + 2][4] -= lhsm[j][i + 2][0] * rhs[k][j][i][4];
            }
        for (int j = 1; j < ny - 1; j++) {
            int i = nx - 2;
            double factor = 1.0 / lhsp[j][i][2];
            lhsp[j][i][3] *= factor;
            lhsp[j][i][4] *= factor;
            rhs[k][j][i][3] *= factor;
            lhsp[j][i + 1][2] -= lhsp[j][i + 1][1] * lhsp[j][i][3];
            lhsp[j][i + 1][3] -= lhsp[j][i + 1][1] * lhsp[j][i][4];
            rhs[k][j][i + 1][3] -= lhsp[j][i + 1][1] * rhs[k][j][i][3];
            factor = 1.0 / lhsm[j][i][2];
            lhsm[j][i][3] *= factor;
            lhsm[j][i][4] *= factor;
            rhs[k][j][i][4] *= factor;
            lhsm[j][i + 1][2] -= lhsm[j][i + 1][1] * lhsm[j][i][3];
            lhsm[j][i + 1][3] -= lhsm[j][i + 1][1] * lhsm[j][i][4];
            rhs[k][j][i + 1][4] -= lhsm[j][i + 1][1] * rhs[k][j][i][4];
            rhs[k][j][i + 1][3] /= lhsp[j][i + 1][2];
            rhs[k][j][i + 1][4] /= lhsm[j][i + 1][2];
        }

        /* Back substitution. */
        for (int j = 1; j < ny - 1; j++) {
            int i = nx - 2;
            for (int m = 0; m < 3; m++)
                rhs[k][j][i][m] -= lhs[j][i][3] * rhs[k][j][i + 1][m];
            rhs[k][j][i][3] -= lhsp[j][i][3] * rhs[k][j][i + 1][3];
            rhs[k][j][i][4] -= lhsm[j][i][3] * rhs[k][j][i + 1][4];
        }
        for (int j = 1; j < ny - 1; j++)
            for (int i = nx - 3; i >= 0; i--) {
                for (int m = 0; m < 3; m++)
                    rhs[k][j][i][m] -= lhs[j][i][3] * rhs[k][j][i + 1][m] + lhs[j][i][4] * rhs[k][j][i + 2][m];
                rhs[k][j][i][3] -= lhsp[j][i][3] * rhs[k][j][i + 1][3] + lhsp[j][i][4] * rhs[k][j][i + 2][3];
                rhs[k][j][i][4] -= lhsm[j][i][3] * rhs[k][j][i + 1][4] + lhsm[j][i][4] * rhs[k][j][i + 2][4];
            }
    }

    ninvr();
}

void y_solve(void)
{
    double velocity[PROBLEM_SIZE], viscosity[PROBLEM_SIZE];

    for (int k = 1; k < nz - 1; k++) {
        for (int i = 1; i < nx - 1; i++) {
            identity_row(lhs[0][i], lhsp[0][i], lhsm[0][i]);
            identity_row(lhs[ny - 1][i], lhsp[ny - 1][i], lhsm[ny - 1][i]);
        }

        /* The three diagonals of the second-order terms. */
        for (int i = 1; i < nx - 1; i++) {
            for (int j = 0; j < ny; j++) {
                double ru = c3c4 * rho_i[k][j][i];
                velocity[j] = vs[k][j][i];
                viscosity[j] = largest_of(dy3 + con43 * ru, dy5 + c1c5 * ru, dymax + ru, dy1);
            }
            for (int j = 1; j < ny - 1; j++) {
                lhs[j][i][0] = 0.0;
                lhs[j][i][1] = -dtty2 * velocity[j - 1] - dtty1 * viscosity[j - 1];
                lhs[j][i][2] = 1.0 + c2dtty1 * viscosity[j];
                lhs[j][i][3] = dtty2 * velocity[j + 1] - dtty1 * viscosity[j + 1];
                lhs[j][i][4] = 0.0;
            }
        }

        /* Fourth-order dissipation. */
        for (int i = 1; i < nx - 1; i++) {
            lhs[1][i][2] += comz5;
            lhs[1][i][3] -= comz4;
            lhs[1][i][4] += comz1;
            lhs[2][i][1] -= comz4;
            lhs[2][i][2] += comz6;
            lhs[2][i][3] -= comz4;
            lhs[2][i][4] += comz1;
            lhs[ny - 3][i][0] += comz1;
            lhs[ny - 3][i][1] -= comz4;
            lhs[ny - 3][i][2] += comz6;
            lhs[ny - 3][i][3] -= comz4;
            lhs[ny - 2][i][0] += comz1;
            lhs[ny - 2][i][1] -= comz4;
            lhs[ny - 2][i][2] += comz5;
        }
        for (int j = 3; j < ny - 3; j++)
            for (int i = 1; i < nx - 1; i++) {
                lhs[j][i][0] += comz1;
                lhs[j][i][1] -= comz4;
                lhs[j][i][2] += comz6;
                lhs[j][i][3] -= comz4;
                lhs[j][i][4] += comz1;
            }

        /* The systems of the two sound waves differ by the speed of sound. */
        for (int j = 1; j < ny - 1; j++)
            for (int i = 1; i < nx - 1; i++) {
                lhsp[j][i][0] = lhs[j][i][0];
                lhsp[j][i][1] = lhs[j][i][1] - dtty2 * speed[k][j - 1][i];
                lhsp[j][i][2] = lhs[j][i][2];
                lhsp[j][i][3] = lhs[j][i][3] + dtty2 * speed[k][j + 1][i];
                lhsp[j][i][4] = lhs[j][i][4];
                lhsm[j][i][0] = lhs[j][i][0];
                lhsm[j][i][1] = lhs[j][i][1] + dtty2 * speed[k][j - 1][i];
                lhsm[j][i][2] = lhs[j][i][2];
                lhsm[j][i][3] = lhs[j][i][3] - dtty2 * speed[k][j + 1][i];
                lhsm[j][i][4] = lhs[j][i][4];
            }

        /* Forward elimination of the shared system. */
        for (int j = 0; j < ny - 2; j++)
            for (int i = 1; i < nx - 1; i++) {
                double factor = 1.0 / lhs[j][i][2];
                lhs[j][i][3] *= factor;
                lhs[j][i][4] *= factor;
                for (int m = 0; m < 3; m++)
                    rhs[k][j][i][m] *= factor;
                lhs[j + 1][i][2] -= lhs[j + 1][i][1] * lhs[j][i][3];
                lhs[j + 1][i][3] -= lhs[j + 1][i][1] * lhs[j][i][4];
                for (int m = 0; m < 3; m++)
                    rhs[k][j + 1][i][m] -= lhs[j + 1][i][1] * rhs[k][j][i][m];
                lhs[j + 2][i][1] -= lhs[j + 2][i][0] * lhs[j][i][3];
                lhs[j + 2][i][2] -= lhs[j + 2][i][0] * lhs[j][i][4];
                for (int m = 0; m < 3; m++)
                    rhs[k][j + 2][i][m] -= lhs[j + 2][i][0] * rhs[k][j][i][m];
            }
        for (int i = 1; i < nx - 1; i++) {
            int j = ny - 2;
            double factor = 1.0 / lhs[j][i][2];
            lhs[j][i][3] *= factor;
            lhs[j][i][4] *= factor;
            for (int m = 0; m < 3; m++)
                rhs[k][j][i][m] *= factor;
            lhs[j + 1][i][2] -= lhs[j + 1][i][1] * lhs[j][i][3];
            lhs[j + 1][i][3] -= lhs[j + 1][i][1] * lhs[j][i][4];
            for (int m = 0; m < 3; m++)
                rhs[k][j + 1][i][m] -= lhs[j + 1][i][1] * rhs[k][j][i][m];
            factor = 1.0 / lhs[j + 1][i][2];
            for (int m = 0; m < 3; m++)
                rhs[k][j + 1][i][m] *= factor;
        }

        /* Forward elimination of the other two. */
        for (int j = 0; j < ny - 2; j++)
            for (int i = 1; i < nx - 1; i++) {
                double factor = 1.0 / lhsp[j][i][2];
                lhsp[j][i][3] *= factor;
                lhsp[j][i][4] *= factor;
                rhs[k][j][i][3] *= factor;
                lhsp[j + 1][i][2] -= lhsp[j + 1][i][1] * lhsp[j][i][3];
                lhsp[j + 1][i][3] -= lhsp[j + 1][i][1] * lhsp[j][i][4];
                rhs[k][j + 1][i][3] -= lhsp[j + 1][i][1] * rhs[k][j][i][3];
                lhsp[j + 2][i][1] -= lhsp[j + 2][i][0] * lhsp[j][i][3];
                lhsp[j + 2][i][2] -= lhsp[j + 2][i][0] * lhsp[j][i][4];
                rhs[k][j + 2][i][3] -= lhsp[j + 2][i][0] * rhs[k][j][i][3];
                factor = 1.0 / lhsm[j][i][2];
                lhsm[j][i][3] *= factor;
                lhsm[j][i][4] *= factor;
                rhs[k][j][i][4] *= factor;
                lhsm[j + 1][i][2] -= lhsm[j + 1][i][1] * lhsm[j][i][3];
                lhsm[j + 1][i][3] -= lhsm[j + 1][i][1] * lhsm[j][i][4];
                rhs[k][j + 1][i][4] -= lhsm[j + 1][i][1] * rhs[k][j][i][4];
                lhsm[j + 2][i][1] -= lhsm[j + 2][i][0] * lhsm[j][i][3];
                lhsm[j + 2][i][2] -= lhsm[j + 2][i][0] * lhsm[j][i][4];
                rhs[k][j + 2][i][4] -= lhsm[j + 2][i][0] * rhs[k][j][i][4];
            }
        for (int i = 1; i < nx - 1; i++) {
            int j = ny - 2;
            double factor = 1.0 / lhsp[j][i][2];
            lhsp[j][i][3] *= factor;
            lhsp[j][i][4] *= factor;
            rhs[k][j][i][3] *= factor;
            lhsp[j + 1][i][2] -= lhsp[j + 1][i][1] * lhsp[j][i][3];
            lhsp[j + 1][i][3] -= lhsp[j + 1][i][1] * lhsp[j][i][4];
            rhs[k][j + 1][i][3] -= lhsp[j + 1][i][1] * rhs[k][j][i][3];
            factor = 1.0 / lhsm[j][i][2];
            lhsm[j][i][3] *= factor;
            lhsm[j][i][4] *= factor;
            rhs[k][j][i][4] *= factor;
            lhsm[j + 1][i][2] -= lhsm[j + 1][i][1] * lhsm[j][i][3];
            lhsm[j + 1][i][3] -= lhsm[j + 1][i][1] * lhsm[j][i][4];
            rhs[k][j + 1][i][4] -= lhsm[j + 1][i][1] * rhs[k][j][i][4];
            rhs[k][j + 1][i][3] /= lhsp[j + 1][i][2];
            rhs[k][j + 1][i][4] /= lhsm[j + 1][i][2];
        }

        /* Back substitution. */
        for (int i = 1; i < nx - 1; i++) {
            int j = ny - 2;
            for (int m = 0; m < 3; m++)
                rhs[k][j][i][m] -= lhs[j][i][3] * rhs[k][j + 1][i][m];
            rhs[k][j][i][3] -= lhsp[j][i][3] * rhs[k][j + 1][i][3];
            rhs[k][j][i][4] -= lhsm[j][i][3] * rhs[k][j + 1][i][4];
        }
        for (int j = ny - 3; j >= 0; j--)
            for (int i = 1; i < nx - 1; i++) {
                for (int m = 0; m < 3; m++)
                    rhs[k][j][i][m] -= lhs[j][i][3] * rhs[k][j + 1][i][m] + lhs[j][i][4] * rhs[k][j + 2][i][m];
                rhs[k][j][i][3] -= lhsp[j][i][3] * rhs[k][j + 1][i][3] + lhsp[j][i][4] * rhs[k][j + 2][i][3];
                rhs[k][j][i][4] -= lhsm[j][i][3] * rhs[k][j + 1][i][4] + lhsm[j][i][4] * rhs[k][j + 2][i][4];
            }
    }

    pinvr();
}

void z_solve(void)
{
    double velocity[PROBLEM_SIZE], viscosity[PROBLEM_SIZE];

    for (int j = 1; j < ny - 1; j++) {
        for (int i = 1; i < nx - 1; i++) {
            identity_row(lhs[0][i], lhsp[0][i], lhsm[0][i]);
            identity_row(lhs[nz - 1][i], lhsp[nz - 1][i], lhsm[nz - 1][i]);
        }

        /* The three diagonals of the second-order terms. */
        for (int i = 1; i < nx - 1; i++) {
            for (int k = 0; k < nz; k++) {
                double ru = c3c4 * rho_i[k][j][i];
                velocity[k] = ws[k][j][i];
                viscosity[k] = largest_of(dz4 + con43 * ru, dz5 + c1c5 * ru, dzmax + ru, dz1);
            }
            for (int k = 1; k < nz - 1; k++) {
                lhs[k][i][0] = 0.0;
                lhs[k][i][1] = -dttz2 * velocity[k - 1] - dttz1 * viscosity[k - 1];
                lhs[k][i][2] = 1.0 + c2dttz1 * viscosity[k];
                lhs[k][i][3] = dttz2 * velocity[k + 1] - dttz1 * viscosity[k + 1];
                lhs[k][i][4] = 0.0;
            }
        }

        /* Fourth-order dissipation. */
        for (int i = 1; i < nx - 1; i++) {
            lhs[1][i][2] += comz5;
            lhs[1][i][3] -= comz4;
            lhs[1][i][4] += comz1;
            lhs[2][i][1] -= comz4;
            lhs[2][i][2] += comz6;
            lhs[2][i][3] -= comz4;
            lhs[2][i][4] += comz1;
            lhs[nz - 3][i][0] += comz1;
            lhs[nz - 3][i][1] -= comz4;
            lhs[nz - 3][i][2] += comz6;
            lhs[nz - 3][i][3] -= comz4;
            lhs[nz - 2][i][0] += comz1;
            lhs[nz - 2][i][1] -= comz4;
            lhs[nz - 2][i][2] += comz5;
        }
        for (int k = 3; k < nz - 3; k++)
            for (int i = 1; i < nx - 1; i++) {
                lhs[k][i][0] += comz1;
                lhs[k][i][1] -= comz4;
                lhs[k][i][2] += comz6;
                lhs[k][i][3] -= comz4;
                lhs[k][i][4] += comz1;
            }

        /* The systems of the two sound waves differ by the speed of sound. */
        for (int k = 1; k < nz - 1; k++)
            for (int i = 1; i < nx - 1; i++) {
                lhsp[k][i][0] = lhs[k][i][0];
                lhsp[k][i][1] = lhs[k][i][1] - dttz2 * speed[k - 1][j][i];
                lhsp[k][i][2] = lhs[k][i][2];
                lhsp[k][i][3] = lhs[k][i][3] + dttz2 * speed[k + 1][j][i];
                lhsp[k][i][4] = lhs[k][i][4];
                lhsm[k][i][0] = lhs[k][i][0];
                lhsm[k][i][1] = lhs[k][i][1] + dttz2 * speed[k - 1][j][i];
                lhsm[k][i][2] = lhs[k][i][2];
                lhsm[k][i][3] = lhs[k][i][3] - dttz2 * speed[k + 1][j][i];
                lhsm[k][i][4] = lhs[k][i][4];
            }

        /* Forward elimination of the shared system. */
        for (int k = 0; k < nz - 2; k++)
            for (int i = 1; i < nx - 1; i++) {
                double factor = 1.0 / lhs[k][i][2];
                lhs[k][i][3] *= factor;
                lhs[k][i][4] *= factor;
                for (int m = 0; m < 3; m++)
                    rhs[k][j][i][m] *= factor;
                lhs[k + 1][i][2] -= lhs[k + 1][i][1] * lhs[k][i][3];
                lhs[k + 1][i][3] -= lhs[k + 1][i][1] * lhs[k][i][4];
                for (int m = 0; m < 3; m++)
                    rhs[k + 1][j][i][m] -= lhs[k + 1][i][1] * rhs[k][j][i][m];
                lhs[k + 2][i][1] -= lhs[k + 2][i][0] * lhs[k][i][3];
                lhs[k + 2][i][2] -= lhs[k + 2][i][0] * lhs[k][i][4];
                for (int m = 0; m < 3; m++)
                    rhs[k + 2][j][i][m] -= lhs[k + 2][i][0] * rhs[k][j][i][m];
            }
        for (int i = 1; i < nx - 1; i++) {
            int k = nz - 2;
            double factor = 1.0 / lhs[k][i][2];
            lhs[k][i][3] *= factor;
            lhs[k][i][4] *= factor;
            for (int m = 0; m < 3; m++)
                rhs[k][j][i][m] *= factor;
            lhs[k + 1][i][2] -= lhs[k + 1][i][1] * lhs[k][i][3];
            lhs[k + 1][i][3] -= lhs[k + 1][i][1] * lhs[k][i][4];
            for (int m = 0; m < 3; m++)
                rhs[k + 1][j][i][m] -= lhs[k + 1][i][1] * rhs[k][j][i][m];
            factor = 1.0 / lhs[k + 1][i][2];
            for (int m = 0; m < 3; m++)
                rhs[k + 1][j][i][m] *= factor;
        }

        /* Forward elimination of the other two. */
        for (int k = 0; k < nz - 2; k++)
            for (int i = 1; i < nx - 1; i++) {
                double factor = 1.0 / lhsp[k][i][2];
                lhsp[k][i][3] *= factor;
                lhsp[k][i][4] *= factor;
                rhs[k][j][i][3] *= factor;
                lhsp[k + 1][i][2] -= lhsp[k + 1][i][1] * lhsp[k][i][3];
                lhsp[k + 1][i][3] -= lhsp[k + 1][i][1] * lhsp[k][i][4];
                rhs[k + 1][j][i][3] -= lhsp[k + 1][i][1] * rhs[k][j][i][3];
                lhsp[k + 2][i][1] -= lhsp[k + 2][i][0] * lhsp[k][i][3];
                lhsp[k + 2][i][2] -= lhsp[k + 2][i][0] * lhsp[k][i][4];
                rhs[k + 2][j][i][3] -= lhsp[k + 2][i][0] * rhs[k][j][i][3];
                factor = 1.0 / lhsm[k][i][2];
                lhsm[k][i][3] *= factor;
                lhsm[k][i][4] *= factor;
                rhs[k][j][i][4] *= factor;
                lhsm[k + 1][i][2] -= lhsm[k + 1][i][1] * lhsm[k][i][3];
                lhsm[k + 1][i][3] -= lhsm[k + 1][i][1] * lhsm[k][i][4];
                rhs[k + 1][j][i][4] -= lhsm[k + 1][i][1] * rhs[k][j][i][4];
                lhsm[k + 2][i][1] -= lhsm[k + 2][i][0] * lhsm[k][i][3];
                lhsm[k + 2][i][2] -= lhsm[k + 2][i][0] * lhsm[k][i][4];
                rhs[k + 2][j][i][4] -= lhsm[k + 2][i][0] * rhs[k][j][i][4];
            }
        for (int i = 1; i < nx - 1; i++) {
            int k = nz - 2;
            double factor = 1.0 / lhsp[k][i][2];
            lhsp[k][i][3] *= factor;
            lhsp[k][i][4] *= factor;
            rhs[k][j][i][3] *= factor;
            lhsp[k + 1][i][2] -= lhsp[k + 1][i][1] * lhsp[k][i][3];
            lhsp[k + 1][i][3] -= lhsp[k + 1][i][1] * lhsp[k][i][4];
            rhs[k + 1][j][i][3] -= lhsp[k + 1][i][1] * rhs[k][j][i][3];
            factor = 1.0 / lhsm[k][i][2];
            lhsm[k][i][3] *= factor;
            lhsm[k][i][4] *= factor;
            rhs[k][j][i][4] *= factor;
            lhsm[k + 1][i][2] -= lhsm[k + 1][i][1] * lhsm[k][i][3];
            lhsm[k + 1][i][3] -= lhsm[k + 1][i][1] * lhsm[k][i][4];
            rhs[k + 1][j][i][4] -= lhsm[k + 1][i][1] * rhs[k][j][i][4];
            rhs[k + 1][j][i][3] /= lhsp[k + 1][i][2];
            rhs[k + 1][j][i][4] /= lhsm[k + 1][i][2];
        }

        /* Back substitution. */
        for (int i = 1; i < nx - 1; i++) {
            int k = nz - 2;
            for (int m = 0; m < 3; m++)
                rhs[k][j][i][m] -= lhs[k][i][3] * rhs[k + 1][j][i][m];
            rhs[k][j][i][3] -= lhsp[k][i][3] * rhs[k + 1][j][i][3];
            rhs[k][j][i][4] -= lhsm[k][i][3] * rhs[k + 1][j][i][4];
        }
        for (int k = nz - 3; k >= 0; k--)
            for (int i = 1; i < nx - 1; i++) {
                for (int m = 0; m < 3; m++)
                    rhs[k][j][i][m] -= lhs[k][i][3] * rhs[k + 1][j][i][m] + lhs[k][i][4] * rhs[k + 2][j][i][m];
                rhs[k][j][i][3] -= lhsp[k][i][3] * rhs[k + 1][j][i][3] + lhsp[k][i][4] * rhs[k + 2][j][i][3];
                rhs[k][j][i][4] -= lhsm[k][i][3] * rhs[k + 1][j][i][4] + lhsm[k][i][4] * rhs[k + 2][j][i][4];
            }
    }

    tzetar();
}
