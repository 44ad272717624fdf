/* The blocks of the triangular factors on plane k. Both factors have the same
 * diagonal; the lower one has the neighbours before a point, the upper one
 * those after it. */
#include "lu.h"

void jacld(int k)
{
    double *state;
    double tmp1, tmp2, tmp3;

    for (int j = 1; j < ny - 1; j++)
        for (int i = 1; i < nx - 1; i++) {
            /* At the point itself. */
            state = u[k][j][i];
            tmp1 = rho_i[k][j][i];
            tmp2 = tmp1 * tmp1;
            tmp3 = tmp1 * tmp2;
            diagonal[j][i][0][0] = 1.0 + dt * 2.0 * (tx1 * dx1 + ty1 * dy1 + tz1 * dz1);
            diagonal[j][i][0][1] = -dt * 2.0 * (r43 * tx1 + ty1 + tz1) * c34 * tmp2 * state[1];
            diagonal[j][i][0][2] = -dt * 2.0 * (tx1 + r43 * ty1 + tz1) * c34 * tmp2 * state[2];
            diagonal[j][i][0][3] = -dt * 2.0 * (tx1 + ty1 + r43 * tz1) * c34 * tmp2 * state[3];
            diagonal[j][i][0][4] = -dt * 2.0
                * ((tx1 * (r43 * c34 - c1345) + ty1 * (c34 - c1345) + tz1 * (c34 - c1345))
                * (state[1] * state[1]) * tmp3
                   + (tx1 * (c34 - c1345) + ty1 * (r43 * c34 - c1345) + tz1 * (c34 - c1345))
                   * (state[2] * state[2]) * tmp3
                   + (tx1 * (c34 - c1345) + ty1 * (c34 - c1345) + tz1 * (r43 * c34 - c1345))
                   * (state[3] * state[3]) * tmp3
                   + (tx1 + ty1 + tz1) * c1345 * tmp2 * state[4]);
            diagonal[j][i][1][0] = 0.0;
            diagonal[j][i][1][1] = 1.0 + dt * 2.0 * c34 * tmp1 * (r43 * tx1 + ty1 + tz1)
                + dt * 2.0 * (tx1 * dx2 + ty1 * dy2 + tz1 * dz2);
            diagonal[j][i][1][2] = 0.0;
            diagonal[j][i][1][3] = 0.0;
            diagonal[j][i][1][4] = dt * 2.0 * tmp2 * state[1]
                * (tx1 * (r43 * c34 - c1345) + ty1 * (c34 - c1345) + tz1 * (c34 - c1345));
            diagonal[j][i][2][0] = 0.0;
            diagonal[j][i][2][1] = 0.0;
            diagonal[j][i][2][2] = 1.0 + dt * 2.0 * c34 * tmp1 * (tx1 + r43 * ty1 + tz1)
                + dt * 2.0 * (tx1 * dx3 + ty1 * dy3 + tz1 * dz3);
            diagonal[j][i][2][3] = 0.0;
            diagonal[j][i][2][4] = dt * 2.0 * tmp2 * state[2]
                * (tx1 * (c34 - c1345) + ty1 * (r43 * c34 - c1345) + tz1 * (c34 - c1345));
            diagonal[j][i][3][0] = 0.0;
            diagonal[j][i][3][1] = 0.0;
            diagonal[j][i][3][2] = 0.0;
            diagonal[j][i][3][3] = 1.0 + dt * 2.0 * c34 * tmp1 * (tx1 + ty1 + r43 * tz1)
                + dt * 2.0 * (tx1 * dx4 + ty1 * dy4 + tz1 * dz4);
            diagonal[j][i][3][4] = dt * 2.0 * tmp2 * state[3]
                * (tx1 * (c34 - c1345) + ty1 * (c34 - c1345) + tz1 * (r43 * c34 - c1345));
            diagonal[j][i][4][0] = 0.0;
            diagonal[j][i][4][1] = 0.0;
            diagonal[j][i][4][2] = 0.0;
            diagonal[j][i][4][3] = 0.0;
            diagonal[j][i][4][4] = 1.0 + dt * 2.0 * (tx1 + ty1 + tz1) * c1345 * tmp1
                + dt * 2.0 * (tx1 * dx5 + ty1 * dy5 + tz1 * dz5);

            /* The neighbour in z. */
            state = u[k - 1][j][i];
            tmp1 = rho_i[k - 1][j][i];
            tmp2 = tmp1 * tmp1;
            tmp3 = tmp1 * tmp2;
            block_z[j][i][0][0] = -dt * tz1 * dz1;
            block_z[j][i][0][1] = -dt * tz2 * (-(state[1] * state[3]) * tmp2)
                + dt * tz1 * c34 * tmp2 * state[1];
            block_z[j][i][0][2] = -dt * tz2 * (-(state[2] * state[3]) * tmp2)
                + dt * tz1 * c34 * tmp2 * state[2];
            block_z[j][i][0][3] = -dt * tz2
                * (-(state[3] * tmp1) * (state[3] * tmp1) + c2 * qs[k - 1][j][i] * tmp1)
                + dt * tz1 * r43 * c34 * tmp2 * state[3];
            block_z[j][i][0][4] = -dt * tz2 * (2.0 * c2 * qs[k - 1][j][i] - c1 * state[4]) * state[3] * tmp2
                + dt * tz1
                    * ((c34 - c1345) * tmp3 * (state[1] * state[1])
                       + (c34 - c1345) * tmp3 * (state[2] * state[2])
                       + (r43 * c34 - c1345) * tmp3 * (state[3] * state[3]) + c1345 * tmp2 * state[4]);
            block_z[j][i][1][0] = 0.0;
            block_z[j][i][1][1] = -dt * tz2 * (state[3] * tmp1) - dt * tz1 * c34 * tmp1 - dt * tz1 * dz2;
            block_z[j][i][1][2] = 0.0;
            block_z[j][i][1][3] = dt * tz2 * c2 * (state[1] * tmp1);
            block_z[j][i][1][4] = -dt * tz2 * (-c2 * (state[1] * state[3]) * tmp2)
                - dt * tz1 * (c34 - c1345) * tmp2 * state[1];
            block_z[j][i][2][0] = 0.0;
            block_z[j][i][2][1] = 0.0;
            block_z[j][i][2][2] = -dt * tz2 * (state[3] * tmp1) - dt * tz1 * c34 * tmp1 - dt * tz1 * dz3;
            block_z[j][i][2][3] = dt * tz2 * c2 * (state[2] * tmp1);
            block_z[j][i][2][4] = -dt * tz2 * (-c2 * (state[2] * state[3]) * tmp2)
                - dt * tz1 * (c34 - c1345) * tmp2 * state[2];
            block_z[j][i][3][0] = -dt * tz2;
            block_z[j][i][3][1] = -dt * tz2 * (state[1] * tmp1);
            block_z[j][i][3][2] = -dt * tz2 * (state[2] * tmp1);
            block_z[j][i][3][3] = -dt * tz2 * ((2.0 - c2) * (state[3] * tmp1))
                - dt * tz1 * r43 * c34 * tmp1 - dt * tz1 * dz4;
            block_z[j][i][3][4] = -dt * tz2
                * (c1 * state[4] * tmp1 - c2 * (state[3] * state[3] * tmp2 + qs[k - 1][j][i] * tmp1))
                - dt * tz1 * (r43 * c34 - c1345) * tmp2 * state[3];
            block_z[j][i][4][0] = 0.0;
            block_z[j][i][4][1] = 0.0;
            block_z[j][i][4][2] = 0.0;
            block_z[j][i][4][3] = -dt * tz2 * c2;
            block_z[j][i][4][4] = -dt * tz2 * (c1 * (state[3] * tmp1)) - dt * tz1 * c1345 * tmp1
                - dt * tz1 * dz5;

            /* The neighbour in y. */
            state = u[k][j - 1][i];
            tmp1 = rho_i[k][j - 1][i];
            tmp2 = tmp1 * tmp1;
            tmp3 = tmp1 * tmp2;
            block_y[j][i][0][0] = -dt * ty1 * dy1;
            block_y[j][i][0][1] = -dt * ty2 * (-(state[1] * state[2]) * tmp2)
                + dt * ty1 * c34 * tmp2 * state[1];
            block_y[j][i][0][2] = -dt * ty2
                * (-(state[2] * tmp1) * (state[2] * tmp1) + c2 * qs[k][j - 1][i] * tmp1)
                + dt * ty1 * r43 * c34 * tmp2 * state[2];
            block_y[j][i][0][3] = -dt * ty2 * (-(state[2] * state[3]) * tmp2)
                + dt * ty1 * c34 * tmp2 * state[3];
            block_y[j][i][0][4] = -dt * ty2 * (2.0 * c2 * qs[k][j - 1][i] - c1 * state[4]) * state[2] * tmp2
                + dt * ty1
                    * ((c34 - c1345) * tmp3 * (state[1] * state[1])
                       + (r43 * c34 - c1345) * tmp3 * (state[2] * state[2])
                       + (c34 - c1345) * tmp3 * (state[3] * state[3]) + c1345 * tmp2 * state[4]);
            block_y[j][i][1][0] = 0.0;
            block_y[j][i][1][1] = -dt * ty2 * (state[2] * tmp1) - dt * ty1 * c34 * tmp1 - dt * ty1 * dy2;
            block_y[j][i][1][2] = dt * ty2 * c2 * (state[1] * tmp1);
            block_y[j][i][1][3] = 0.0;
            block_y[j][i][1][4] = -dt * ty2 * (-c2 * (state[1] * state[2]) * tmp2)
                - dt * ty1 * (c34 - c1345) * tmp2 * state[1];
            block_y[j][i][2][0] = -dt * ty2;
            block_y[j][i][2][1] = -dt * ty2 * (state[1] * tmp1);
            block_y[j][i][2][2] = -dt * ty2 * ((2.0 - c2) * (state[2] * tmp1))
                - dt * ty1 * r43 * c34 * tmp1 - dt * ty1 * dy3;
            block_y[j][i][2][3] = -dt * ty2 * (state[3] * tmp1);
            block_y[j][i][2][4] = -dt * ty2
                * (c1 * state[4] * tmp1 - c2 * (state[2] * state[2] * tmp2 + qs[k][j - 1][i] * tmp1))
                - dt * ty1 * (r43 * c34 - c1345) * tmp2 * state[2];
            block_y[j][i][3][0] = 0.0;
            block_y[j][i][3][1] = 0.0;
            block_y[j][i][3][2] = dt * ty2 * c2 * (state[3] * tmp1);
            block_y[j][i][3][3] = -dt * ty2 * (state[2] * tmp1) - dt * ty1 * c34 * tmp1 - dt * ty1 * dy4;
            block_y[j][i][3][4] = -dt * ty2 * (-c2 * (state[2] * state[3]) * tmp2)
                - dt * ty1 * (c34 - c1345) * tmp2 * state[3];
            block_y[j][i][4][0] = 0.0;
            block_y[j][i][4][1] = 0.0;
            block_y[j][i][4][2] = -dt * ty2 * c2;
            block_y[j][i][4][3] = 0.0;
            block_y[j][i][4][4] = -dt * ty2 * (c1 * (state[2] * tmp1)) - dt * ty1 * c1345 * tmp1
                - dt * ty1 * dy5;

            /* The neighbour in x. */
            state = u[k][j][i - 1];
            tmp1 = rho_i[k][j][i - 1];
            tmp2 = tmp1 * tmp1;
            tmp3 = tmp1 * tmp2;
            block_x[j][i][0][0] = -dt * tx1 * dx1;
            block_x[j][i][0][1] = -dt * tx2
                * (-(state[1] * tmp1) * (state[1] * tmp1) + c2 * qs[k][j][i - 1] * tmp1)
                + dt * tx1 * r43 * c34 * tmp2 * state[1];
            block_x[j][i][0][2] = -dt * tx2 * (-(state[1] * state[2]) * tmp2)
                + dt * tx1 * c34 * tmp2 * state[2];
            block_x[j][i][0][3] = -dt * tx2 * (-(state[1] * state[3]) * tmp2)
                + dt * tx1 * c34 * tmp2 * state[3];
            block_x[j][i][0][4] = -dt * tx2 * (2.0 * c2 * qs[k][j][i - 1] - c1 * state[4]) * state[1] * tmp2
                + dt * tx1
                    * ((r43 * c34 - c1345) * tmp3 * (state[1] * state[1])
                       + (c34 - c1345) * tmp3 * (state[2] * state[2])
                       + (c34 - c1345) * tmp3 * (state[3] * state[3]) + c1345 * tmp2 * state[4]);
            block_x[j][i][1][0] = -dt * tx2;
            block_x[j][i][1][1] = -dt * tx2 * ((2.0 - c2) * (state[1] * tmp1))
                - dt * tx1 * r43 * c34 * tmp1 - dt * tx1 * dx2;
            block_x[j][i][1][2] = -dt * tx2 * (state[2] * tmp1);
            block_x[j][i][1][3] = -dt * tx2 * (state[3] * tmp1);
            block_x[j][i][1][4] = -dt * tx2
                * (c1 * state[4] * tmp1 - c2 * (state[1] * state[1] * tmp2 + qs[k][j][i - 1] * tmp1))
                - dt * tx1 * (r43 * c34 - c1345) * tmp2 * state[1];
            block_x[j][i][2][0] = 0.0;
            block_x[j][i][2][1] = dt * tx2 * c2 * (state[2] * tmp1);
            block_x[j][i][2][2] = -dt * tx2 * (state[1] * tmp1) - dt * tx1 * c34 * tmp1 - dt * tx1 * dx3;
            block_x[j][i][2][3] = 0.0;
            block_x[j][i][2][4] = -dt * tx2 * (-c2 * (state[1] * state[2]) * tmp2)
                - dt * tx1 * (c34 - c1345) * tmp2 * state[2];
            block_x[j][i][3][0] = 0.0;
            block_x[j][i][3][1] = dt * tx2 * c2 * (state[3] * tmp1);
            block_x[j][i][3][2] = 0.0;
            block_x[j][i][3][3] = -dt * tx2 * (state[1] * tmp1) - dt * tx1 * c34 * tmp1 - dt * tx1 * dx4;
            block_x[j][i][3][4] = -dt * tx2 * (-c2 * (state[1] * state[3]) * tmp2)
                - dt * tx1 * (c34 - c1345) * tmp2 * state[3];
            block_x[j][i][4][0] = 0.0;
            block_x[j][i][4][1] = -dt * tx2 * c2;
            block_x[j][i][4][2] = 0.0;
            block_x[j][i][4][3] = 0.0;
            block_x[j][i][4][4] = -dt * tx2 * (c1 * (state[1] * tmp1)) - dt * tx1 * c1345 * tmp1
                - dt * tx1 * dx5;
        }
}

void jacu(int k)
{
    double *state;
    double tmp1, tmp2, tmp3;

    for (int j = 1; j < ny - 1; j++)
        for (int i = 1; i < nx - 1; i++) {
            /* At the point itself. */
            state = u[k][j][i];
            tmp1 = rho_i[k][j][i];
            tmp2 = tmp1 * tmp1;
            tmp3 = tmp1 * tmp2;
            diagonal[j][i][0][0] = 1.0 + dt * 2.0 * (tx1 * dx1 + ty1 * dy1 + tz1 * dz1);
            diagonal[j][i][0][1] = -dt * 2.0 * (r43 * tx1 + ty1 + tz1) * c34 * tmp2 * state[1];
            diagonal[j][i][0][2] = -dt * 2.0 * (tx1 + r43 * ty1 + tz1) * c34 * tmp2 * state[2];
            diagonal[j][i][0][3] = -dt * 2.0 * (tx1 + ty1 + r43 * tz1) * c34 * tmp2 * state[3];
            diagonal[j][i][0][4] = -dt * 2.0
                * ((tx1 * (r43 * c34 - c1345) + ty1 * (c34 - c1345) + tz1 * (c34 - c1345))
                * (state[1] * state[1]) * tmp3
                   + (tx1 * (c34 - c1345) + ty1 * (r43 * c34 - c1345) + tz1 * (c34 - c1345))
                   * (state[2] * state[2]) * tmp3
                   + (tx1 * (c34 - c1345) + ty1 * (c34 - c1345) + tz1 * (r43 * c34 - c1345))
                   * (state[3] * state[3]) * tmp3
                   + (tx1 + ty1 + tz1) * c1345 * tmp2 * state[4]);
            diagonal[j][i][1][0] = 0.0;
            diagonal[j][i][1][1] = 1.0 + dt * 2.0 * c34 * tmp1 * (r43 * tx1 + ty1 + tz1)
                + dt * 2.0 * (tx1 * dx2 + ty1 * dy2 + tz1 * dz2);
            diagonal[j][i][1][2] = 0.0;
            diagonal[j][i][1][3] = 0.0;
            diagonal[j][i][1][4] = dt * 2.0 * tmp2 * state[1]
                * (tx1 * (r43 * c34 - c1345) + ty1 * (c34 - c1345) + tz1 * (c34 - c1345));
            diagonal[j][i][2][0] = 0.0;
            diagonal[j][i][2][1] = 0.0;
            diagonal[j][i][2][2] = 1.0 + dt * 2.0 * c34 * tmp1 * (tx1 + r43 * ty1 + tz1)
                + dt * 2.0 * (tx1 * dx3 + ty1 * dy3 + tz1 * dz3);
            diagonal[j][i][2][3] = 0.0;
            diagonal[j][i][2][4] = dt * 2.0 * tmp2 * state[2]
                * (tx1 * (c34 - c1345) + ty1 * (r43 * c34 - c1345) + tz1 * (c34 - c1345));
            diagonal[j][i][3][0] = 0.0;
            diagonal[j][i][3][1] = 0.0;
            diagonal[j][i][3][2] = 0.0;
            diagonal[j][i][3][3] = 1.0 + dt * 2.0 * c34 * tmp1 * (tx1 + ty1 + r43 * tz1)
                + dt * 2.0 * (tx1 * dx4 + ty1 * dy4 + tz1 * dz4);
            diagonal[j][i][3][4] = dt * 2.0 * tmp2 * state[3]
                * (tx1 * (c34 - c1345) + ty1 * (c34 - c1345) + tz1 * (r43 * c34 - c1345));
            diagonal[j][i][4][0] = 0.0;
            diagonal[j][i][4][1] = 0.0;
            diagonal[j][i][4][2] = 0.0;
            diagonal[j][i][4][3] = 0.0;
            diagonal[j][i][4][4] = 1.0 + dt * 2.0 * (tx1 + ty1 + tz1) * c1345 * tmp1
                + dt * 2.0 * (tx1 * dx5 + ty1 * dy5 + tz1 * dz5);

            /* The neighbour in x. */
            state = u[k][j][i + 1];
            tmp1 = rho_i[k][j][i + 1];
            tmp2 = tmp1 * tmp1;
            tmp3 = tmp1 * tmp2;
            block_x[j][i][0][0] = -dt * tx1 * dx1;
            block_x[j][i][0][1] = dt * tx2
                * (-(state[1] * tmp1) * (state[1] * tmp1) + c2 * qs[k][j][i + 1] * tmp1)
                + dt * tx1 * r43 * c34 * tmp2 * state[1];
            block_x[j][i][0][2] = dt * tx2 * (-(state[1] * state[2]) * tmp2)
                + dt * tx1 * c34 * tmp2 * state[2];
            block_x[j][i][0][3] = dt * tx2 * (-(state[1] * state[3]) * tmp2)
                + dt * tx1 * c34 * tmp2 * state[3];
            block_x[j][i][0][4] = dt * tx2 * (2.0 * c2 * qs[k][j][i + 1] - c1 * state[4]) * state[1] * tmp2
                + dt * tx1
                    * ((r43 * c34 - c1345) * tmp3 * (state[1] * state[1])
                       + (c34 - c1345) * tmp3 * (state[2] * state[2])
                       + (c34 - c1345) * tmp3 * (state[3] * state[3]) + c1345 * tmp2 * state[4]);
            block_x[j][i][1][0] = dt * tx2;
            block_x[j][i][1][1] = dt * tx2 * ((2.0 - c2) * (state[1] * tmp1)) - dt * tx1 * r43 * c34 * tmp1
                - dt * tx1 * dx2;
            block_x[j][i][1][2] = dt * tx2 * (state[2] * tmp1);
            block_x[j][i][1][3] = dt * tx2 * (state[3] * tmp1);
            block_x[j][i][1][4] = dt * tx2
                * (c1 * state[4] * tmp1 - c2 * (state[1] * state[1] * tmp2 + qs[k][j][i + 1] * tmp1))
                - dt * tx1 * (r43 * c34 - c1345) * tmp2 * state[1];
            block_x[j][i][2][0] = 0.0;
            block_x[j][i][2][1] = -dt * tx2 * c2 * (state[2] * tmp1);
            block_x[j][i][2][2] = dt * tx2 * (state[1] * tmp1) - dt * tx1 * c34 * tmp1 - dt * tx1 * dx3;
            block_x[j][i][2][3] = 0.0;
            block_x[j][i][2][4] = dt * tx2 * (-c2 * (state[1] * state[2]) * tmp2)
                - dt * tx1 * (c34 - c1345) * tmp2 * state[2];
            block_x[j][i][3][0] = 0.0;
            block_x[j][i][3][1] = -dt * tx2 * c2 * (state[3] * tmp1);
            block_x[j][i][3][2] = 0.0;
            block_x[j][i][3][3] = dt * tx2 * (state[1] * tmp1) - dt * tx1 * c34 * tmp1 - dt * tx1 * dx4;
            block_x[j][i][3][4] = dt * tx2 * (-c2 * (state[1] * state[3]) * tmp2)
                - dt * tx1 * (c34 - c1345) * tmp2 * state[3];
            block_x[j][i][4][0] = 0.0;
            block_x[j][i][4][1] = dt * tx2 * c2;
            block_x[j][i][4][2] = 0.0;
            block_x[j][i][4][3] = 0.0;
            block_x[j][i][4][4] = dt * tx2 * (c1 * (state[1] * tmp1)) - dt * tx1 * c1345 * tmp1
                - dt * tx1 * dx5;

            /* The neighbour in y. */
            state = u[k][j + 1][i];
            tmp1 = rho_i[k][j + 1][i];
            tmp2 = tmp1 * tmp1;
            tmp3 = tmp1 * tmp2;
            block_y[j][i][0][0] = -dt * ty1 * dy1;
            block_y[j][i][0][1] = dt * ty2 * (-(state[1] * state[2]) * tmp2)
                + dt * ty1 * c34 * tmp2 * state[1];
            block_y[j][i][0][2] = dt * ty2
                * (-(state[2] * tmp1) * (state[2] * tmp1) + c2 * qs[k][j + 1][i] * tmp1)
                + dt * ty1 * r43 * c34 * tmp2 * state[2];
            block_y[j][i][0][3] = dt * ty2 * (-(state[2] * state[3]) * tmp2)
                + dt * ty1 * c34 * tmp2 * state[3];
            block_y[j][i][0][4] = dt * ty2 * (2.0 * c2 * qs[k][j + 1][i] - c1 * state[4]) * state[2] * tmp2
                + dt * ty1
                    * ((c34 - c1345) * tmp3 * (state[1] * state[1])
                       + (r43 * c34 - c1345) * tmp3 * (state[2] * state[2])
                       + (c34 - c1345) * tmp3 * (state[3] * state[3]) + c1345 * tmp2 * state[4]);
            block_y[j][i][1][0] = 0.0;
            block_y[j][i][1][1] = dt * ty2 * (state[2] * tmp1) - dt * ty1 * c34 * tmp1 - dt * ty1 * dy2;
            block_y[j][i][1][2] = -dt * ty2 * c2 * (state[1] * tmp1);
            block_y[j][i][1][3] = 0.0;
            block_y[j][i][1][4] = dt * ty2 * (-c2 * (state[1] * state[2]) * tmp2)
                - dt * ty1 * (c34 - c1345) * tmp2 * state[1];
            block_y[j][i][2][0] = dt * ty2;
            block_y[j][i][2][1] = dt * ty2 * (state[1] * tmp1);
            block_y[j][i][2][2] = dt * ty2 * ((2.0 - c2) * (state[2] * tmp1)) - dt * ty1 * r43 * c34 * tmp1
                - dt * ty1 * dy3;
            block_y[j][i][2][3] = dt * ty2 * (state[3] * tmp1);
            block_y[j][i][2][4] = dt * ty2
                * (c1 * state[4] * tmp1 - c2 * (state[2] * state[2] * tmp2 + qs[k][j + 1][i] * tmp1))
                - dt * ty1 * (r43 * c34 - c1345) * tmp2 * state[2];
            block_y[j][i][3][0] = 0.0;
            block_y[j][i][3][1] = 0.0;
            block_y[j][i][3][2] = -dt * ty2 * c2 * (state[3] * tmp1);
            block_y[j][i][3][3] = dt * ty2 * (state[2] * tmp1) - dt * ty1 * c34 * tmp1 - dt * ty1 * dy4;
            block_y[j][i][3][4] = dt * ty2 * (-c2 * (state[2] * state[3]) * tmp2)
                - dt * ty1 * (c34 - c1345) * tmp2 * state[3];
            block_y[j][i][4][0] = 0.0;
            block_y[j][i][4][1] = 0.0;
            block_y[j][i][4][2] = dt * ty2 * c2;
            block_y[j][i][4][3] = 0.0;
            block_y[j][i][4][4] = dt * ty2 * (c1 * (state[2] * tmp1)) - dt * ty1 * c1345 * tmp1
                - dt * ty1 * dy5;

            /* The neighbour in z. */
            state = u[k + 1][j][i];
            tmp1 = rho_i[k + 1][j][i];
            tmp2 = tmp1 * tmp1;
            tmp3 = tmp1 * tmp2;
            block_z[j][i][0][0] = -dt * tz1 * dz1;
            block_z[j][i][0][1] = dt * tz2 * (-(state[1] * state[3]) * tmp2)
                + dt * tz1 * c34 * tmp2 * state[1];
            block_z[j][i][0][2] = dt * tz2 * (-(state[2] * state[3]) * tmp2)
                + dt * tz1 * c34 * tmp2 * state[2];
            block_z[j][i][0][3] = dt * tz2
                * (-(state[3] * tmp1) * (state[3] * tmp1) + c2 * qs[k + 1][j][i] * tmp1)
                + dt * tz1 * r43 * c34 * tmp2 * state[3];
            block_z[j][i][0][4] = dt * tz2 * (2.0 * c2 * qs[k + 1][j][i] - c1 * state[4]) * state[3] * tmp2
                + dt * tz1
                    * ((c34 - c1345) * tmp3 * (state[1] * state[1])
                       + (c34 - c1345) * tmp3 * (state[2] * state[2])
                       + (r43 * c34 - c1345) * tmp3 * (state[3] * state[3]) + c1345 * tmp2 * state[4]);
            block_z[j][i][1][0] = 0.0;
            block_z[j][i][1][1] = dt * tz2 * (state[3] * tmp1) - dt * tz1 * c34 * tmp1 - dt * tz1 * dz2;
            block_z[j][i][1][2] = 0.0;
            block_z[j][i][1][3] = -dt * tz2 * c2 * (state[1] * tmp1);
            block_z[j][i][1][4] = dt * tz2 * (-c2 * (state[1] * state[3]) * tmp2)
                - dt * tz1 * (c34 - c1345) * tmp2 * state[1];
            block_z[j][i][2][0] = 0.0;
            block_z[j][i][2][1] = 0.0;
            block_z[j][i][2][2] = dt * tz2 * (state[3] * tmp1) - dt * tz1 * c34 * tmp1 - dt * tz1 * dz3;
            block_z[j][i][2][3] = -dt * tz2 * c2 * (state[2] * tmp1);
            block_z[j][i][2][4] = dt * tz2 * (-c2 * (state[2] * state[3]) * tmp2)
                - dt * tz1 * (c34 - c1345) * tmp2 * state[2];
            block_z[j][i][3][0] = dt * tz2;
            block_z[j][i][3][1] = dt * tz2 * (state[1] * tmp1);
            block_z[j][i][3][2] = dt * tz2 * (state[2] * tmp1);
            block_z[j][i][3][3] = dt * tz2 * ((2.0 - c2) * (state[3] * tmp1)) - dt * tz1 * r43 * c34 * tmp1
                - dt * tz1 * dz4;
            block_z[j][i][3][4] = dt * tz2
                * (c1 * state[4] * tmp1 - c2 * (state[3] * state[3] * tmp2 + qs[k + 1][j][i] * tmp1))
                - dt * tz1 * (r43 * c34 - c1345) * tmp2 * state[3];
            block_z[j][i][4][0] = 0.0;
            block_z[j][i][4][1] = 0.0;
            block_z[j][i][4][2] = 0.0;
            block_z[j][i][4][3] = dt * tz2 * c2;
            block_z[j][i][4][4] = dt * tz2 * (c1 * (state[3] * tmp1)) - dt * tz1 * c1345 * tmp1
                - dt * tz1 * dz5;
        }
}
