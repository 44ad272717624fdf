/* The sweeps: block-tridiagonal systems along the lines of each direction. */
#include "bt.h"

enum { BELOW, DIAGONAL, ABOVE };

/* Jacobians of the flux and of the viscous terms at the points of a line, and
 * the three blocks of each row. All blocks are stored by columns. */
static double fjac[PROBLEM_SIZE][5][5];
static double njac[PROBLEM_SIZE][5][5];
static double lhs[PROBLEM_SIZE][3][5][5];

/* The ends of a line stand for themselves. */
static void identity_row(double row[3][5][5])
{
    for (int n = 0; n < 5; n++)
        for (int m = 0; m < 5; m++) {
            row[BELOW][n][m] = 0.0;
            row[DIAGONAL][n][m] = n == m ? 1.0 : 0.0;
            row[ABOVE][n][m] = 0.0;
        }
}

void x_solve(void)
{
    for (int k = 1; k < nz - 1; k++)
        for (int j = 1; j < ny - 1; j++) {
            for (int i = 0; i < nx; i++) {
                double *state = u[k][j][i];
                double tmp1 = rho_i[k][j][i];
                double tmp2 = tmp1 * tmp1;
                double tmp3 = tmp1 * tmp2;

                fjac[i][0][0] = 0.0;
                fjac[i][0][1] = -(state[1] * state[1] * tmp2) + c2 * qs[k][j][i];
                fjac[i][0][2] = -(state[1] * state[2]) * tmp2;
                fjac[i][0][3] = -(state[1] * state[3]) * tmp2;
                fjac[i][0][4] = (2.0 * c2 * square[k][j][i] - c1 * state[4]) * state[1] * tmp2;
                fjac[i][1][0] = 1.0;
                fjac[i][1][1] = (2.0 - c2) * state[1] * tmp1;
                fjac[i][1][2] = state[2] * tmp1;
                fjac[i][1][3] = state[3] * tmp1;
                fjac[i][1][4] = c1 * state[4] * tmp1 - c2 * (state[1] * state[1] * tmp2 + qs[k][j][i]);
                fjac[i][2][0] = 0.0;
                fjac[i][2][1] = -c2 * state[2] * tmp1;
                fjac[i][2][2] = state[1] * tmp1;
                fjac[i][2][3] = 0.0;
                fjac[i][2][4] = -c2 * (state[1] * state[2]) * tmp2;
                fjac[i][3][0] = 0.0;
                fjac[i][3][1] = -c2 * state[3] * tmp1;
                fjac[i][3][2] = 0.0;
                fjac[i][3][3] = state[1] * tmp1;
                fjac[i][3][4] = -c2 * (state[1] * state[3]) * tmp2;
                fjac[i][4][0] = 0.0;
                fjac[i][4][1] = c2;
                fjac[i][4][2] = 0.0;
                fjac[i][4][3] = 0.0;
                fjac[i][4][4] = c1 * state[1] * tmp1;

                njac[i][0][0] = 0.0;
                njac[i][0][1] = -con43 * c3c4 * tmp2 * state[1];
                njac[i][0][2] = -c3c4 * tmp2 * state[2];
                njac[i][0][3] = -c3c4 * tmp2 * state[3];
                njac[i][0][4] = -(con43 * c3c4 - c1345) * tmp3 * (state[1] * state[1])
                    - (c3c4 - c1345) * tmp3 * (state[2] * state[2])
                    - (c3c4 - c1345) * tmp3 * (state[3] * state[3]) - c1345 * tmp2 * state[4];
                njac[i][1][0] = 0.0;
                njac[i][1][1] = con43 * c3c4 * tmp1;
                njac[i][1][2] = 0.0;
                njac[i][1][3] = 0.0;
                njac[i][1][4] = (con43 * c3c4 - c1345) * tmp2 * state[1];
                njac[i][2][0] = 0.0;
                njac[i][2][1] = 0.0;
                njac[i][2][2] = c3c4 * tmp1;
                njac[i][2][3] = 0.0;
                njac[i][2][4] = (c3c4 - c1345) * tmp2 * state[2];
                njac[i][3][0] = 0.0;
                njac[i][3][1] = 0.0;
                njac[i][3][2] = 0.0;
                njac[i][3][3] = c3c4 * tmp1;
                njac[i][3][4] = (c3c4 - c1345) * tmp2 * state[3];
                njac[i][4][0] = 0.0;
                njac[i][4][1] = 0.0;
                njac[i][4][2] = 0.0;
                njac[i][4][3] = 0.0;
                njac[i][4][4] = c1345 * tmp1;
            }

            identity_row(lhs[0]);
            identity_row(lhs[nx - 1]);
            for (int i = 1; i < nx - 1; i++) {
                double t1 = dt * tx1;
                double t2 = dt * tx2;

                lhs[i][BELOW][0][0] = -t2 * fjac[i - 1][0][0] - t1 * njac[i - 1][0][0] - t1 * dx1;
                lhs[i][BELOW][0][1] = -t2 * fjac[i - 1][0][1] - t1 * njac[i - 1][0][1];
                lhs[i][BELOW][0][2] = -t2 * fjac[i - 1][0][2] - t1 * njac[i - 1][0][2];
                lhs[i][BELOW][0][3] = -t2 * fjac[i - 1][0][3] - t1 * njac[i - 1][0][3];
                lhs[i][BELOW][0][4] = -t2 * fjac[i - 1][0][4] - t1 * njac[i - 1][0][4];
                lhs[i][BELOW][1][0] = -t2 * fjac[i - 1][1][0] - t1 * njac[i - 1][1][0];
                lhs[i][BELOW][1][1] = -t2 * fjac[i - 1][1][1] - t1 * njac[i - 1][1][1] - t1 * dx2;
                lhs[i][BELOW][1][2] = -t2 * fjac[i - 1][1][2] - t1 * njac[i - 1][1][2];
                lhs[i][BELOW][1][3] = -t2 * fjac[i - 1][1][3] - t1 * njac[i - 1][1][3];
                lhs[i][BELOW][1][4] = -t2 * fjac[i - 1][1][4] - t1 * njac[i - 1][1][4];
                lhs[i][BELOW][2][0] = -t2 * fjac[i - 1][2][0] - t1 * njac[i - 1][2][0];
                lhs[i][BELOW][2][1] = -t2 * fjac[i - 1][2][1] - t1 * njac[i - 1][2][1];
                lhs[i][BELOW][2][2] = -t2 * fjac[i - 1][2][2] - t1 * njac[i - 1][2][2] - t1 * dx3;
                lhs[i][BELOW][2][3] = -t2 * fjac[i - 1][2][3] - t1 * njac[i - 1][2][3];
                lhs[i][BELOW][2][4] = -t2 * fjac[i - 1][2][4] - t1 * njac[i - 1][2][4];
                lhs[i][BELOW][3][0] = -t2 * fjac[i - 1][3][0] - t1 * njac[i - 1][3][0];
                lhs[i][BELOW][3][1] = -t2 * fjac[i - 1][3][1] - t1 * njac[i - 1][3][1];
                lhs[i][BELOW][3][2] = -t2 * fjac[i - 1][3][2] - t1 * njac[i - 1][3][2];
                lhs[i][BELOW][3][3] = -t2 * fjac[i - 1][3][3] - t1 * njac[i - 1][3][3] - t1 * dx4;
                lhs[i][BELOW][3][4] = -t2 * fjac[i - 1][3][4] - t1 * njac[i - 1][3][4];
                lhs[i][BELOW][4][0] = -t2 * fjac[i - 1][4][0] - t1 * njac[i - 1][4][0];
                lhs[i][BELOW][4][1] = -t2 * fjac[i - 1][4][1] - t1 * njac[i - 1][4][1];
                lhs[i][BELOW][4][2] = -t2 * fjac[i - 1][4][2] - t1 * njac[i - 1][4][2];
                lhs[i][BELOW][4][3] = -t2 * fjac[i - 1][4][3] - t1 * njac[i - 1][4][3];
                lhs[i][BELOW][4][4] = -t2 * fjac[i - 1][4][4] - t1 * njac[i - 1][4][4] - t1 * dx5;

                lhs[i][DIAGONAL][0][0] = 1.0 + t1 * 2.0 * njac[i][0][0] + t1 * 2.0 * dx1;
                lhs[i][DIAGONAL][0][1] = t1 * 2.0 * njac[i][0][1];
                lhs[i][DIAGONAL][0][2] = t1 * 2.0 * njac[i][0][2];
                lhs[i][DIAGONAL][0][3] = t1 * 2.0 * njac[i][0][3];
                lhs[i][DIAGONAL][0][4] = t1 * 2.0 * njac[i][0][4];
                lhs[i][DIAGONAL][1][0] = t1 * 2.0 * njac[i][1][0];
                lhs[i][DIAGONAL][1][1] = 1.0 + t1 * 2.0 * njac[i][1][1] + t1 * 2.0 * dx2;
                lhs[i][DIAGONAL][1][2] = t1 * 2.0 * njac[i][1][2];
                lhs[i][DIAGONAL][1][3] = t1 * 2.0 * njac[i][1][3];
                lhs[i][DIAGONAL][1][4] = t1 * 2.0 * njac[i][1][4];
                lhs[i][DIAGONAL][2][0] = t1 * 2.0 * njac[i][2][0];
                lhs[i][DIAGONAL][2][1] = t1 * 2.0 * njac[i][2][1];
                lhs[i][DIAGONAL][2][2] = 1.0 + t1 * 2.0 * njac[i][2][2] + t1 * 2.0 * dx3;
                lhs[i][DIAGONAL][2][3] = t1 * 2.0 * njac[i][2][3];
                lhs[i][DIAGONAL][2][4] = t1 * 2.0 * njac[i][2][4];
                lhs[i][DIAGONAL][3][0] = t1 * 2.0 * njac[i][3][0];
                lhs[i][DIAGONAL][3][1] = t1 * 2.0 * njac[i][3][1];
                lhs[i][DIAGONAL][3][2] = t1 * 2.0 * njac[i][3][2];
                lhs[i][DIAGONAL][3][3] = 1.0 + t1 * 2.0 * njac[i][3][3] + t1 * 2.0 * dx4;
                lhs[i][DIAGONAL][3][4] = t1 * 2.0 * njac[i][3][4];
                lhs[i][DIAGONAL][4][0] = t1 * 2.0 * njac[i][4][0];
                lhs[i][DIAGONAL][4][1] = t1 * 2.0 * njac[i][4][1];
                lhs[i][DIAGONAL][4][2] = t1 * 2.0 * njac[i][4][2];
                lhs[i][DIAGONAL][4][3] = t1 * 2.0 * njac[i][4][3];
                lhs[i][DIAGONAL][4][4] = 1.0 + t1 * 2.0 * njac[i][4][4] + t1 * 2.0 * dx5;

                lhs[i][ABOVE][0][0] = t2 * fjac[i + 1][0][0] - t1 * njac[i + 1][0][0] - t1 * dx1;
                lhs[i][ABOVE][0][1] = t2 * fjac[i + 1][0][1] - t1 * njac[i + 1][0][1];
                lhs[i][ABOVE][0][2] = t2 * fjac[i + 1][0][2] - t1 * njac[i + 1][0][2];
                lhs[i][ABOVE][0][3] = t2 * fjac[i + 1][0][3] - t1 * njac[i + 1][0][3];
                lhs[i][ABOVE][0][4] = t2 * fjac[i + 1][0][4] - t1 * njac[i + 1][0][4];
                lhs[i][ABOVE][1][0] = t2 * fjac[i + 1][1][0] - t1 * njac[i + 1][1][0];
                lhs[i][ABOVE][1][1] = t2 * fjac[i + 1][1][1] - t1 * njac[i + 1][1][1] - t1 * dx2;
                lhs[i][ABOVE][1][2] = t2 * fjac[i + 1][1][2] - t1 * njac[i + 1][1][2];
                lhs[i][ABOVE][1][3] = t2 * fjac[i + 1][1][3] - t1 * njac[i + 1][1][3];
                lhs[i][ABOVE][1][4] = t2 * fjac[i + 1][1][4] - t1 * njac[i + 1][1][4];
                lhs[i][ABOVE][2][0] = t2 * fjac[i + 1][2][0] - t1 * njac[i + 1][2][0];
                lhs[i][ABOVE][2][1] = t2 * fjac[i + 1][2][1] - t1 * njac[i + 1][2][1];
                lhs[i][ABOVE][2][2] = t2 * fjac[i + 1][2][2] - t1 * njac[i + 1][2][2] - t1 * dx3;
                lhs[i][ABOVE][2][3] = t2 * fjac[i + 1][2][3] - t1 * njac[i + 1][2][3];
                lhs[i][ABOVE][2][4] = t2 * fjac[i + 1][2][4] - t1 * njac[i + 1][2][4];
                lhs[i][ABOVE][3][0] = t2 * fjac[i + 1][3][0] - t1 * njac[i + 1][3][0];
                lhs[i][ABOVE][3][1] = t2 * fjac[i + 1][3][1] - t1 * njac[i + 1][3][1];
                lhs[i][ABOVE][3][2] = t2 * fjac[i + 1][3][2] - t1 * njac[i + 1][3][2];
                lhs[i][ABOVE][3][3] = t2 * fjac[i + 1][3][3] - t1 * njac[i + 1][3][3] - t1 * dx4;
                lhs[i][ABOVE][3][4] = t2 * fjac[i + 1][3][4] - t1 * njac[i + 1][3][4];
                lhs[i][ABOVE][4][0] = t2 * fjac[i + 1][4][0] - t1 * njac[i + 1][4][0];
                lhs[i][ABOVE][4][1] = t2 * fjac[i + 1][4][1] - t1 * njac[i + 1][4][1];
                lhs[i][ABOVE][4][2] = t2 * fjac[i + 1][4][2] - t1 * njac[i + 1][4][2];
                lhs[i][ABOVE][4][3] = t2 * fjac[i + 1][4][3] - t1 * njac[i + 1][4][3];
                lhs[i][ABOVE][4][4] = t2 * fjac[i + 1][4][4] - t1 * njac[i + 1][4][4] - t1 * dx5;
            }

            solve_block(lhs[0][DIAGONAL], lhs[0][ABOVE], rhs[k][j][0]);
            for (int i = 1; i < nx - 1; i++) {
                matvec_sub(lhs[i][BELOW], rhs[k][j][i - 1], rhs[k][j][i]);
                matmul_sub(lhs[i][BELOW], lhs[i - 1][ABOVE], lhs[i][DIAGONAL]);
                solve_block(lhs[i][DIAGONAL], lhs[i][ABOVE], rhs[k][j][i]);
            }
            matvec_sub(lhs[nx - 1][BELOW], rhs[k][j][nx - 2], rhs[k][j][nx - 1]);
            matmul_sub(lhs[nx - 1][BELOW], lhs[nx - 2][ABOVE], lhs[nx - 1][DIAGONAL]);
            solve_last_block(lhs[nx - 1][DIAGONAL], rhs[k][j][nx - 1]);

            for (int i = nx - 2; i >= 0; i--)
                for (int m = 0; m < 5; m++)
                    for (int n = 0; n < 5; n++)
                        rhs[k][j][i][m] -= lhs[i][ABOVE][n][m] * rhs[k][j][i + 1][n];
        }
}

void y_solve(void)
{
    for (int k = 1; k < nz - 1; k++)
        for (int i = 1; i < nx - 1; i++) {
            for (int j = 0; j < ny; j++) {
                double *state = u[k][j][i];
                double tmp1 = rho_i[k][j][i];
                double tmp2 = tmp1 * tmp1;
                double tmp3 = tmp1 * tmp2;

                fjac[j][0][0] = 0.0;
                fjac[j][0][1] = -(state[1] * state[2]) * tmp2;
                fjac[j][0][2] = -(state[2] * state[2] * tmp2) + c2 * qs[k][j][i];
                fjac[j][0][3] = -(state[2] * state[3]) * tmp2;
                fjac[j][0][4] = (2.0 * c2 * square[k][j][i] - c1 * state[4]) * state[2] * tmp2;
                fjac[j][1][0] = 0.0;
                fjac[j][1][1] = state[2] * tmp1;
                fjac[j][1][2] = -c2 * state[1] * tmp1;
                fjac[j][1][3] = 0.0;
                fjac[j][1][4] = -c2 * (state[1] * state[2]) * tmp2;
                fjac[j][2][0] = 1.0;
                fjac[j][2][1] = state[1] * tmp1;
                fjac[j][2][2] = (2.0 - c2) * state[2] * tmp1;
                fjac[j][2][3] = state[3] * tmp1;
                fjac[j][2][4] = c1 * state[4] * tmp1 - c2 * (state[2] * state[2] * tmp2 + qs[k][j][i]);
                fjac[j][3][0] = 0.0;
                fjac[j][3][1] = 0.0;
                fjac[j][3][2] = -c2 * state[3] * tmp1;
                fjac[j][3][3] = state[2] * tmp1;
                fjac[j][3][4] = -c2 * (state[2] * state[3]) * tmp2;
                fjac[j][4][0] = 0.0;
                fjac[j][4][1] = 0.0;
                fjac[j][4][2] = c2;
                fjac[j][4][3] = 0.0;
                fjac[j][4][4] = c1 * state[2] * tmp1;

                njac[j][0][0] = 0.0;
                njac[j][0][1] = -c3c4 * tmp2 * state[1];
                njac[j][0][2] = -con43 * c3c4 * tmp2 * state[2];
                njac[j][0][3] = -c3c4 * tmp2 * state[3];
                njac[j][0][4] = -(c3c4 - c1345) * tmp3 * (state[1] * state[1])
                    - (con43 * c3c4 - c1345) * tmp3 * (state[2] * state[2])
                    - (c3c4 - c1345) * tmp3 * (state[3] * state[3]) - c1345 * tmp2 * state[4];
                njac[j][1][0] = 0.0;
                njac[j][1][1] = c3c4 * tmp1;
                njac[j][1][2] = 0.0;
                njac[j][1][3] = 0.0;
                njac[j][1][4] = (c3c4 - c1345) * tmp2 * state[1];
                njac[j][2][0] = 0.0;
                njac[j][2][1] = 0.0;
                njac[j][2][2] = con43 * c3c4 * tmp1;
                njac[j][2][3] = 0.0;
                njac[j][2][4] = (con43 * c3c4 - c1345) * tmp2 * state[2];
                njac[j][3][0] = 0.0;
                njac[j][3][1] = 0.0;
                njac[j][3][2] = 0.0;
                njac[j][3][3] = c3c4 * tmp1;
                njac[j][3][4] = (c3c4 - c1345) * tmp2 * state[3];
                njac[j][4][0] = 0.0;
                njac[j][4][1] = 0.0;
                njac[j][4][2] = 0.0;
                njac[j][4][3] = 0.0;
                njac[j][4][4] = c1345 * tmp1;
            }

            identity_row(lhs[0]);
            identity_row(lhs[ny - 1]);
            for (int j = 1; j < ny - 1; j++) {
                double t1 = dt * ty1;
                double t2 = dt * ty2;

                lhs[j][BELOW][0][0] = -t2 * fjac[j - 1][0][0] - t1 * njac[j - 1][0][0] - t1 * dy1;
                lhs[j][BELOW][0][1] = -t2 * fjac[j - 1][0][1] - t1 * njac[j - 1][0][1];
                lhs[j][BELOW][0][2] = -t2 * fjac[j - 1][0][2] - t1 * njac[j - 1][0][2];
                lhs[j][BELOW][0][3] = -t2 * fjac[j - 1][0][3] - t1 * njac[j - 1][0][3];
                lhs[j][BELOW][0][4] = -t2 * fjac[j - 1][0][4] - t1 * njac[j - 1][0][4];
                lhs[j][BELOW][1][0] = -t2 * fjac[j - 1][1][0] - t1 * njac[j - 1][1][0];
                lhs[j][BELOW][1][1] = -t2 * fjac[j - 1][1][1] - t1 * njac[j - 1][1][1] - t1 * dy2;
                lhs[j][BELOW][1][2] = -t2 * fjac[j - 1][1][2] - t1 * njac[j - 1][1][2];
                lhs[j][BELOW][1][3] = -t2 * fjac[j - 1][1][3] - t1 * njac[j - 1][1][3];
                lhs[j][BELOW][1][4] = -t2 * fjac[j - 1][1][4] - t1 * njac[j - 1][1][4];
                lhs[j][BELOW][2][0] = -t2 * fjac[j - 1][2][0] - t1 * njac[j - 1][2][0];
                lhs[j][BELOW][2][1] = -t2 * fjac[j - 1][2][1] - t1 * njac[j - 1][2][1];
                lhs[j][BELOW][2][2] = -t2 * fjac[j - 1][2][2] - t1 * njac[j - 1][2][2] - t1 * dy3;
                lhs[j][BELOW][2][3] = -t2 * fjac[j - 1][2][3] - t1 * njac[j - 1][2][3];
                lhs[j][BELOW][2][4] = -t2 * fjac[j - 1][2][4] - t1 * njac[j - 1][2][4];
                lhs[j][BELOW][3][0] = -t2 * fjac[j - 1][3][0] - t1 * njac[j - 1][3][0];
                lhs[j][BELOW][3][1] = -t2 * fjac[j - 1][3][1] - t1 * njac[j - 1][3][1];
                lhs[j][BELOW][3][2] = -t2 * fjac[j - 1][3][2] - t1 * njac[j - 1][3][2];
                lhs[j][BELOW][3][3] = -t2 * fjac[j - 1][3][3] - t1 * njac[j - 1][3][3] - t1 * dy4;
                lhs[j][BELOW][3][4] = -t2 * fjac[j - 1][3][4] - t1 * njac[j - 1][3][4];
                lhs[j][BELOW][4][0] = -t2 * fjac[j - 1][4][0] - t1 * njac[j - 1][4][0];
                lhs[j][BELOW][4][1] = -t2 * fjac[j - 1][4][1] - t1 * njac[j - 1][4][1];
                lhs[j][BELOW][4][2] = -t2 * fjac[j - 1][4][2] - t1 * njac[j - 1][4][2];
                lhs[j][BELOW][4][3] = -t2 * fjac[j - 1][4][3] - t1 * njac[j - 1][4][3];
                lhs[j][BELOW][4][4] = -t2 * fjac[j - 1][4][4] - t1 * njac[j - 1][4][4] - t1 * dy5;

                lhs[j][DIAGONAL][0][0] = 1.0 + t1 * 2.0 * njac[j][0][0] + t1 * 2.0 * dy1;
                lhs[j][DIAGONAL][0][1] = t1 * 2.0 * njac[j][0][1];
                lhs[j][DIAGONAL][0][2] = t1 * 2.0 * njac[j][0][2];
                lhs[j][DIAGONAL][0][3] = t1 * 2.0 * njac[j][0][3];
                lhs[j][DIAGONAL][0][4] = t1 * 2.0 * njac[j][0][4];
                lhs[j][DIAGONAL][1][0] = t1 * 2.0 * njac[j][1][0];
                lhs[j][DIAGONAL][1][1] = 1.0 + t1 * 2.0 * njac[j][1][1] + t1 * 2.0 * dy2;
                lhs[j][DIAGONAL][1][2] = t1 * 2.0 * njac[j][1][2];
                lhs[j][DIAGONAL][1][3] = t1 * 2.0 * njac[j][1][3];
                lhs[j][DIAGONAL][1][4] = t1 * 2.0 * njac[j][1][4];
                lhs[j][DIAGONAL][2][0] = t1 * 2.0 * njac[j][2][0];
                lhs[j][DIAGONAL][2][1] = t1 * 2.0 * njac[j][2][1];
                lhs[j][DIAGONAL][2][2] = 1.0 + t1 * 2.0 * njac[j][2][2] + t1 * 2.0 * dy3;
                lhs[j][DIAGONAL][2][3] = t1 * 2.0 * njac[j][2][3];
                lhs[j][DIAGONAL][2][4] = t1 * 2.0 * njac[j][2][4];
                lhs[j][DIAGONAL][3][0] = t1 * 2.0 * njac[j][3][0];
                lhs[j][DIAGONAL][3][1] = t1 * 2.0 * njac[j][3][1];
                lhs[j][DIAGONAL][3][2] = t1 * 2.0 * njac[j][3][2];
                lhs[j][DIAGONAL][3][3] = 1.0 + t1 * 2.0 * njac[j][3][3] + t1 * 2.0 * dy4;
                lhs[j][DIAGONAL][3][4] = t1 * 2.0 * njac[j][3][4];
                lhs[j][DIAGONAL][4][0] = t1 * 2.0 * njac[j][4][0];
                lhs[j][DIAGONAL][4][1] = t1 * 2.0 * njac[j][4][1];
                lhs[j][DIAGONAL][4][2] = t1 * 2.0 * njac[j][4][2];
                lhs[j][DIAGONAL][4][3] = t1 * 2.0 * njac[j][4][3];
                lhs[j][DIAGONAL][4][4] = 1.0 + t1 * 2.0 * njac[j][4][4] + t1 * 2.0 * dy5;

                lhs[j][ABOVE][0][0] = t2 * fjac[j + 1][0][0] - t1 * njac[j + 1][0][0] - t1 * dy1;
                lhs[j][ABOVE][0][1] = t2 * fjac[j + 1][0][1] - t1 * njac[j + 1][0][1];
                lhs[j][ABOVE][0][2] = t2 * fjac[j + 1][0][2] - t1 * njac[j + 1][0][2];
                lhs[j][ABOVE][0][3] = t2 * fjac[j + 1][0][3] - t1 * njac[j + 1][0][3];
                lhs[j][ABOVE][0][4] = t2 * fjac[j + 1][0][4] - t1 * njac[j + 1][0][4];
                lhs[j][ABOVE][1][0] = t2 * fjac[j + 1][1][0] - t1 * njac[j + 1][1][0];
                lhs[j][ABOVE][1][1] = t2 * fjac[j + 1][1][1] - t1 * njac[j + 1][1][1] - t1 * dy2;
                lhs[j][ABOVE][1][2] = t2 * fjac[j + 1][1][2] - t1 * njac[j + 1][1][2];
                lhs[j][ABOVE][1][3] = t2 * fjac[j + 1][1][3] - t1 * njac[j + 1][1][3];
                lhs[j][ABOVE][1][4] = t2 * fjac[j + 1][1][4] - t1 * njac[j + 1][1][4];
                lhs[j][ABOVE][2][0] = t2 * fjac[j + 1][2][0] - t1 * njac[j + 1][2][0];
                lhs[j][ABOVE][2][1] = t2 * fjac[j + 1][2][1] - t1 * njac[j + 1][2][1];
                lhs[j][ABOVE][2][2] = t2 * fjac[j + 1][2][2] - t1 * njac[j + 1][2][2] - t1 * dy3;
                lhs[j][ABOVE][2][3] = t2 * fjac[j + 1][2][3] - t1 * njac[j + 1][2][3];
                lhs[j][ABOVE][2][4] = t2 * fjac[j + 1][2][4] - t1 * njac[j + 1][2][4];
                lhs[j][ABOVE][3][0] = t2 * fjac[j + 1][3][0] - t1 * njac[j + 1][3][0];
                lhs[j][ABOVE][3][1] = t2 * fjac[j + 1][3][1] - t1 * njac[j + 1][3][1];
                lhs[j][ABOVE][3][2] = t2 * fjac[j + 1][3][2] - t1 * njac[j + 1][3][2];
                lhs[j][ABOVE][3][3] = t2 * fjac[j + 1][3][3] - t1 * njac[j + 1][3][3] - t1 * dy4;
                lhs[j][ABOVE][3][4] = t2 * fjac[j + 1][3][4] - t1 * njac[j + 1][3][4];
                lhs[j][ABOVE][4][0] = t2 * fjac[j + 1][4][0] - t1 * njac[j + 1][4][0];
                lhs[j][ABOVE][4][1] = t2 * fjac[j + 1][4][1] - t1 * njac[j + 1][4][1];
                lhs[j][ABOVE][4][2] = t2 * fjac[j + 1][4][2] - t1 * njac[j + 1][4][2];
                lhs[j][ABOVE][4][3] = t2 * fjac[j + 1][4][3] - t1 * njac[j + 1][4][3];
                lhs[j][ABOVE][4][4] = t2 * fjac[j + 1][4][4] - t1 * njac[j + 1][4][4] - t1 * dy5;
            }

            solve_block(lhs[0][DIAGONAL], lhs[0][ABOVE], rhs[k][0][i]);
            for (int j = 1; j < ny - 1; j++) {
                matvec_sub(lhs[j][BELOW], rhs[k][j - 1][i], rhs[k][j][i]);
                matmul_sub(lhs[j][BELOW], lhs[j - 1][ABOVE], lhs[j][DIAGONAL]);
                solve_block(lhs[j][DIAGONAL], lhs[j][ABOVE], rhs[k][j][i]);
            }
            matvec_sub(lhs[ny - 1][BELOW], rhs[k][ny - 2][i], rhs[k][ny - 1][i]);
            matmul_sub(lhs[ny - 1][BELOW], lhs[ny - 2][ABOVE], lhs[ny - 1][DIAGONAL]);
            solve_last_block(lhs[ny - 1][DIAGONAL], rhs[k][ny - 1][i]);

            for (int j = ny - 2; j >= 0; j--)
                for (int m = 0; m < 5; m++)
                    for (int n = 0; n < 5; n++)
                        rhs[k][j][i][m] -= lhs[j][ABOVE][n][m] * rhs[k][j + 1][i][n];
        }
}

void z_solve(void)
{
    for (int j = 1; j < ny - 1; j++)
        for (int i = 1; i < nx - 1; i++) {
            for (int k = 0; k < nz; k++) {
                double *state = u[k][j][i];
                double tmp1 = rho_i[k][j][i];
                double tmp2 = tmp1 * tmp1;
                double tmp3 = tmp1 * tmp2;

                fjac[k][0][0] = 0.0;
                fjac[k][0][1] = -(state[1] * state[3]) * tmp2;
                fjac[k][0][2] = -(state[2] * state[3]) * tmp2;
                fjac[k][0][3] = -(state[3] * state[3] * tmp2) + c2 * qs[k][j][i];
                fjac[k][0][4] = (2.0 * c2 * square[k][j][i] - c1 * state[4]) * state[3] * tmp2;
                fjac[k][1][0] = 0.0;
                fjac[k][1][1] = state[3] * tmp1;
                fjac[k][1][2] = 0.0;
                fjac[k][1][3] = -c2 * state[1] * tmp1;
                fjac[k][1][4] = -c2 * (state[1] * state[3]) * tmp2;
                fjac[k][2][0] = 0.0;
                fjac[k][2][1] = 0.0;
                fjac[k][2][2] = state[3] * tmp1;
                fjac[k][2][3] = -c2 * state[2] * tmp1;
                fjac[k][2][4] = -c2 * (state[2] * state[3]) * tmp2;
                fjac[k][3][0] = 1.0;
                fjac[k][3][1] = state[1] * tmp1;
                fjac[k][3][2] = state[2] * tmp1;
                fjac[k][3][3] = (2.0 - c2) * state[3] * tmp1;
                fjac[k][3][4] = c1 * state[4] * tmp1 - c2 * (state[3] * state[3] * tmp2 + qs[k][j][i]);
                fjac[k][4][0] = 0.0;
                fjac[k][4][1] = 0.0;
                fjac[k][4][2] = 0.0;
                fjac[k][4][3] = c2;
                fjac[k][4][4] = c1 * state[3] * tmp1;

                njac[k][0][0] = 0.0;
                njac[k][0][1] = -c3c4 * tmp2 * state[1];
                njac[k][0][2] = -c3c4 * tmp2 * state[2];
                njac[k][0][3] = -con43 * c3c4 * tmp2 * state[3];
                njac[k][0][4] = -(c3c4 - c1345) * tmp3 * (state[1] * state[1])
                    - (c3c4 - c1345) * tmp3 * (state[2] * state[2])
                    - (con43 * c3c4 - c1345) * tmp3 * (state[3] * state[3]) - c1345 * tmp2 * state[4];
                njac[k][1][0] = 0.0;
                njac[k][1][1] = c3c4 * tmp1;
                njac[k][1][2] = 0.0;
                njac[k][1][3] = 0.0;
                njac[k][1][4] = (c3c4 - c1345) * tmp2 * state[1];
                njac[k][2][0] = 0.0;
                njac[k][2][1] = 0.0;
                njac[k][2][2] = c3c4 * tmp1;
                njac[k][2][3] = 0.0;
                njac[k][2][4] = (c3c4 - c1345) * tmp2 * state[2];
                njac[k][3][0] = 0.0;
                njac[k][3][1] = 0.0;
                njac[k][3][2] = 0.0;
                njac[k][3][3] = con43 * c3c4 * tmp1;
                njac[k][3][4] = (con43 * c3c4 - c1345) * tmp2 * state[3];
                njac[k][4][0] = 0.0;
                njac[k][4][1] = 0.0;
                njac[k][4][2] = 0.0;
                njac[k][4][3] = 0.0;
                njac[k][4][4] = c1345 * tmp1;
            }

            identity_row(lhs[0]);
            identity_row(lhs[nz - 1]);
            for (int k = 1; k < nz - 1; k++) {
                double t1 = dt * tz1;
                double t2 = dt * tz2;

                lhs[k][BELOW][0][0] = -t2 * fjac[k - 1][0][0] - t1 * njac[k - 1][0][0] - t1 * dz1;
                lhs[k][BELOW][0][1] = -t2 * fjac[k - 1][0][1] - t1 * njac[k - 1][0][1];
                lhs[k][BELOW][0][2] = -t2 * fjac[k - 1][0][2] - t1 * njac[k - 1][0][2];
                lhs[k][BELOW][0][3] = -t2 * fjac[k - 1][0][3] - t1 * njac[k - 1][0][3];
                lhs[k][BELOW][0][4] = -t2 * fjac[k - 1][0][4] - t1 * njac[k - 1][0][4];
                lhs[k][BELOW][1][0] = -t2 * fjac[k - 1][1][0] - t1 * njac[k - 1][1][0];
                lhs[k][BELOW][1][1] = -t2 * fjac[k - 1][1][1] - t1 * njac[k - 1][1][1] - t1 * dz2;
                lhs[k][BELOW][1][2] = -t2 * fjac[k - 1][1][2] - t1 * njac[k - 1][1][2];
                lhs[k][BELOW][1][3] = -t2 * fjac[k - 1][1][3] - t1 * njac[k - 1][1][3];
                lhs[k][BELOW][1][4] = -t2 * fjac[k - 1][1][4] - t1 * njac[k - 1][1][4];
                lhs[k][BELOW][2][0] = -t2 * fjac[k - 1][2][0] - t1 * njac[k - 1][2][0];
                lhs[k][BELOW][2][1] = -t2 * fjac[k - 1][2][1] - t1 * njac[k - 1][2][1];
                lhs[k][BELOW][2][2] = -t2 * fjac[k - 1][2][2] - t1 * njac[k - 1][2][2] - t1 * dz3;
                lhs[k][BELOW][2][3] = -t2 * fjac[k - 1][2][3] - t1 * njac[k - 1][2][3];
                lhs[k][BELOW][2][4] = -t2 * fjac[k - 1][2][4] - t1 * njac[k - 1][2][4];
                lhs[k][BELOW][3][0] = -t2 * fjac[k - 1][3][0] - t1 * njac[k - 1][3][0];
                lhs[k][BELOW][3][1] = -t2 * fjac[k - 1][3][1] - t1 * njac[k - 1][3][1];
                lhs[k][BELOW][3][2] = -t2 * fjac[k - 1][3][2] - t1 * njac[k - 1][3][2];
                lhs[k][BELOW][3][3] = -t2 * fjac[k - 1][3][3] - t1 * njac[k - 1][3][3] - t1 * dz4;
                lhs[k][BELOW][3][4] = -t2 * fjac[k - 1][3][4] - t1 * njac[k - 1][3][4];
                lhs[k][BELOW][4][0] = -t2 * fjac[k - 1][4][0] - t1 * njac[k - 1][4][0];
                lhs[k][BELOW][4][1] = -t2 * fjac[k - 1][4][1] - t1 * njac[k - 1][4][1];
                lhs[k][BELOW][4][2] = -t2 * fjac[k - 1][4][2] - t1 * njac[k - 1][4][2];
                lhs[k][BELOW][4][3] = -t2 * fjac[k - 1][4][3] - t1 * njac[k - 1][4][3];
                lhs[k][BELOW][4][4] = -t2 * fjac[k - 1][4][4] - t1 * njac[k - 1][4][4] - t1 * dz5;

                lhs[k][DIAGONAL][0][0] = 1.0 + t1 * 2.0 * njac[k][0][0] + t1 * 2.0 * dz1;
                lhs[k][DIAGONAL][0][1] = t1 * 2.0 * njac[k][0][1];
                lhs[k][DIAGONAL][0][2] = t1 * 2.0 * njac[k][0][2];
                lhs[k][DIAGONAL][0][3] = t1 * 2.0 * njac[k][0][3];
                lhs[k][DIAGONAL][0][4] = t1 * 2.0 * njac[k][0][4];
                lhs[k][DIAGONAL][1][0] = t1 * 2.0 * njac[k][1][0];
                lhs[k][DIAGONAL][1][1] = 1.0 + t1 * 2.0 * njac[k][1][1] + t1 * 2.0 * dz2;
                lhs[k][DIAGONAL][1][2] = t1 * 2.0 * njac[k][1][2];
                lhs[k][DIAGONAL][1][3] = t1 * 2.0 * njac[k][1][3];
                lhs[k][DIAGONAL][1][4] = t1 * 2.0 * njac[k][1][4];
                lhs[k][DIAGONAL][2][0] = t1 * 2.0 * njac[k][2][0];
                lhs[k][DIAGONAL][2][1] = t1 * 2.0 * njac[k][2][1];
                lhs[k][DIAGONAL][2][2] = 1.0 + t1 * 2.0 * njac[k][2][2] + t1 * 2.0 * dz3;
                lhs[k][DIAGONAL][2][3] = t1 * 2.0 * njac[k][2][3];
                lhs[k][DIAGONAL][2][4] = t1 * 2.0 * njac[k][2][4];
                lhs[k][DIAGONAL][3][0] = t1 * 2.0 * njac[k][3][0];
                lhs[k][DIAGONAL][3][1] = t1 * 2.0 * njac[k][3][1];
                lhs[k][DIAGONAL][3][2] = t1 * 2.0 * njac[k][3][2];
                lhs[k][DIAGONAL][3][3] = 1.0 + t1 * 2.0 * njac[k][3][3] + t1 * 2.0 * dz4;
                lhs[k][DIAGONAL][3][4] = t1 * 2.0 * njac[k][3][4];
                lhs[k][DIAGONAL][4][0] = t1 * 2.0 * njac[k][4][0];
                lhs[k][DIAGONAL][4][1] = t1 * 2.0 * njac[k][4][1];
                lhs[k][DIAGONAL][4][2] = t1 * 2.0 * njac[k][4][2];
                lhs[k][DIAGONAL][4][3] = t1 * 2.0 * njac[k][4][3];
                lhs[k][DIAGONAL][4][4] = 1.0 + t1 * 2.0 * njac[k][4][4] + t1 * 2.0 * dz5;

                lhs[k][ABOVE][0][0] = t2 * fjac[k + 1][0][0] - t1 * njac[k + 1][0][0] - t1 * dz1;
                lhs[k][ABOVE][0][1] = t2 * fjac[k + 1][0][1] - t1 * njac[k + 1][0][1];
                lhs[k][ABOVE][0][2] = t2 * fjac[k + 1][0][2] - t1 * njac[k + 1][0][2];
                lhs[k][ABOVE][0][3] = t2 * fjac[k + 1][0][3] - t1 * njac[k + 1][0][3];
                lhs[k][ABOVE][0][4] = t2 * fjac[k + 1][0][4] - t1 * njac[k + 1][0][4];
                lhs[k][ABOVE][1][0] = t2 * fjac[k + 1][1][0] - t1 * njac[k + 1][1][0];
                lhs[k][ABOVE][1][1] = t2 * fjac[k + 1][1][1] - t1 * njac[k + 1][1][1] - t1 * dz2;
                lhs[k][ABOVE][1][2] = t2 * fjac[k + 1][1][2] - t1 * njac[k + 1][1][2];
                lhs[k][ABOVE][1][3] = t2 * fjac[k + 1][1][3] - t1 * njac[k + 1][1][3];
                lhs[k][ABOVE][1][4] = t2 * fjac[k + 1][1][4] - t1 * njac[k + 1][1][4];
                lhs[k][ABOVE][2][0] = t2 * fjac[k + 1][2][0] - t1 * njac[k + 1][2][0];
                lhs[k][ABOVE][2][1] = t2 * fjac[k + 1][2][1] - t1 * njac[k + 1][2][1];
                lhs[k][ABOVE][2][2] = t2 * fjac[k + 1][2][2] - t1 * njac[k + 1][2][2] - t1 * dz3;
                lhs[k][ABOVE][2][3] = t2 * fjac[k + 1][2][3] - t1 * njac[k + 1][2][3];
                lhs[k][ABOVE][2][4] = t2 * fjac[k + 1][2][4] - t1 * njac[k + 1][2][4];
                lhs[k][ABOVE][3][0] = t2 * fjac[k + 1][3][0] - t1 * njac[k + 1][3][0];
                lhs[k][ABOVE][3][1] = t2 * fjac[k + 1][3][1] - t1 * njac[k + 1][3][1];
                lhs[k][ABOVE][3][2] = t2 * fjac[k + 1][3][2] - t1 * njac[k + 1][3][2];
                lhs[k][ABOVE][3][3] = t2 * fjac[k + 1][3][3] - t1 * njac[k + 1][3][3] - t1 * dz4;
                lhs[k][ABOVE][3][4] = t2 * fjac[k + 1][3][4] - t1 * njac[k + 1][3][4];
                lhs[k][ABOVE][4][0] = t2 * fjac[k + 1][4][0] - t1 * njac[k + 1][4][0];
                lhs[k][ABOVE][4][1] = t2 * fjac[k + 1][4][1] - t1 * njac[k + 1][4][1];
                lhs[k][ABOVE][4][2] = t2 * fjac[k + 1][4][2] - t1 * njac[k + 1][4][2];
                lhs[k][ABOVE][4][3] = t2 * fjac[k + 1][4][3] - t1 * njac[k + 1][4][3];
                lhs[k][ABOVE][4][4] = t2 * fjac[k + 1][4][4] - t1 * njac[k + 1][4][4] - t1 * dz5;
            }

            solve_block(lhs[0][DIAGONAL], lhs[0][ABOVE], rhs[0][j][i]);
            for (int k = 1; k < nz - 1; k++) {
                matvec_sub(lhs[k][BELOW], rhs[k - 1][j][i], rhs[k][j][i]);
                matmul_sub(lhs[k][BELOW], lhs[k - 1][ABOVE], lhs[k][DIAGONAL]);
                solve_block(lhs[k][DIAGONAL], lhs[k][ABOVE], rhs[k][j][i]);
            }
            matvec_sub(lhs[nz - 1][BELOW], rhs[nz - 2][j][i], rhs[nz - 1][j][i]);
            matmul_sub(lhs[nz - 1][BELOW], lhs[nz - 2][ABOVE], lhs[nz - 1][DIAGONAL]);
            solve_last_block(lhs[nz - 1][DIAGONAL], rhs[nz - 1][j][i]);

            for (int k = nz - 2; k >= 0; k--)
                for (int m = 0; m < 5; m++)
                    for (int n = 0; n < 5; n++)
                        rhs[k][j][i][m] -= lhs[k][ABOVE][n][m] * rhs[k + 1][j][i][n];
        }
}
