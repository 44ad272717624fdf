/* The residual: the discrete equations for u, less the forcing term. */
#include "lu.h"

double rho_i[PROBLEM_SIZE][PADDED][PADDED];
double qs[PROBLEM_SIZE][PADDED][PADDED];

static double flux[PROBLEM_SIZE][5]; /* along a line */

void rhs(void)
{
    int i, j, k, m;

    for (k = 0; k < nz; k++)
        for (j = 0; j < ny; j++)
            for (i = 0; i < nx; i++) {
                for (m = 0; m < 5; m++)
                    rsd[k][j][i][m] = -frct[k][j][i][m];
                rho_i[k][j][i] = 1.0 / u[k][j][i][0];
                qs[k][j][i] = 0.5
                    * (u[k][j][i][1] * u[k][j][i][1] + u[k][j][i][2] * u[k][j][i][2]
                       + u[k][j][i][3] * u[k][j][i][3])
                    * rho_i[k][j][i];
            }

    /* Along x: the fluxes, then the viscous fluxes between the points. */
    for (k = 1; k < nz - 1; k++)
        for (j = 1; j < ny - 1; j++) {
            for (i = 0; i < nx; i++) {
                double speed = u[k][j][i][1] * rho_i[k][j][i];
                flux[i][0] = u[k][j][i][1];
                flux[i][1] = u[k][j][i][1] * speed + c2 * (u[k][j][i][4] - qs[k][j][i]);
                flux[i][2] = u[k][j][i][2] * speed;
                flux[i][3] = u[k][j][i][3] * speed;
                flux[i][4] = (c1 * u[k][j][i][4] - c2 * qs[k][j][i]) * speed;
            }
            for (i = 1; i < nx - 1; i++)
                for (m = 0; m < 5; m++)
                    rsd[k][j][i][m] -= tx2 * (flux[i + 1][m] - flux[i - 1][m]);

            for (i = 1; i < nx; i++) {
                double u_here = rho_i[k][j][i] * u[k][j][i][1];
                double v_here = rho_i[k][j][i] * u[k][j][i][2];
                double w_here = rho_i[k][j][i] * u[k][j][i][3];
                double e_here = rho_i[k][j][i] * u[k][j][i][4];
                double u_before = rho_i[k][j][i - 1] * u[k][j][i - 1][1];
                double v_before = rho_i[k][j][i - 1] * u[k][j][i - 1][2];
                double w_before = rho_i[k][j][i - 1] * u[k][j][i - 1][3];
                double e_before = rho_i[k][j][i - 1] * u[k][j][i - 1][4];
                flux[i][1] = r43 * tx3 * (u_here - u_before);
                flux[i][2] = tx3 * (v_here - v_before);
                flux[i][3] = tx3 * (w_here - w_before);
                flux[i][4] = 0.5 * (1.0 - c1 * 1.4) * tx3
                        * ((u_here * u_here + v_here * v_here + w_here * w_here)
                           - (u_before * u_before + v_before * v_before + w_before * w_before))
                    + (1.0 / 6.0) * tx3 * (u_here * u_here - u_before * u_before)
                    + c1 * 1.4 * tx3 * (e_here - e_before);
            }
            for (i = 1; i < nx - 1; i++) {
                rsd[k][j][i][0] += dx1 * tx1
                    * (u[k][j][i - 1][0] - 2.0 * u[k][j][i][0] + u[k][j][i + 1][0]);
                rsd[k][j][i][1] += tx3 * c34 * (flux[i + 1][1] - flux[i][1])
                    + dx2 * tx1 * (u[k][j][i - 1][1] - 2.0 * u[k][j][i][1] + u[k][j][i + 1][1]);
                rsd[k][j][i][2] += tx3 * c34 * (flux[i + 1][2] - flux[i][2])
                    + dx3 * tx1 * (u[k][j][i - 1][2] - 2.0 * u[k][j][i][2] + u[k][j][i + 1][2]);
                rsd[k][j][i][3] += tx3 * c34 * (flux[i + 1][3] - flux[i][3])
                    + dx4 * tx1 * (u[k][j][i - 1][3] - 2.0 * u[k][j][i][3] + u[k][j][i + 1][3]);
                rsd[k][j][i][4] += tx3 * c34 * (flux[i + 1][4] - flux[i][4])
                    + dx5 * tx1 * (u[k][j][i - 1][4] - 2.0 * u[k][j][i][4] + u[k][j][i + 1][4]);
            }

            /* Fourth-order dissipation. */
            for (m = 0; m < 5; m++) {
                rsd[k][j][1][m] -= dssp * (5.0 * u[k][j][1][m] - 4.0 * u[k][j][2][m] + u[k][j][3][m]);
                rsd[k][j][2][m] -= dssp
                    * (-4.0 * u[k][j][1][m] + 6.0 * u[k][j][2][m] - 4.0 * u[k][j][3][m] + u[k][j][4][m]);
            }
            for (i = 3; i < nx - 3; i++)
                for (m = 0; m < 5; m++)
                    rsd[k][j][i][m] -= dssp
                        * (u[k][j][i - 2][m] - 4.0 * u[k][j][i - 1][m] + 6.0 * u[k][j][i][m]
                        - 4.0 * u[k][j][i + 1][m]
                           + u[k][j][i + 2][m]);
            for (m = 0; m < 5; m++) {
                rsd[k][j][nx - 3][m] -= dssp
                    * (u[k][j][nx - 5][m] - 4.0 * u[k][j][nx - 4][m] + 6.0 * u[k][j][nx - 3][m]
                    - 4.0 * u[k][j][nx - 2][m]);
                rsd[k][j][nx - 2][m] -= dssp
                    * (u[k][j][nx - 4][m] - 4.0 * u[k][j][nx - 3][m] + 5.0 * u[k][j][nx - 2][m]);
            }
        }

    /* Along y: the fluxes, then the viscous fluxes between the points. */
    for (k = 1; k < nz - 1; k++)
        for (i = 1; i < nx - 1; i++) {
            for (j = 0; j < ny; j++) {
                double speed = u[k][j][i][2] * rho_i[k][j][i];
                flux[j][0] = u[k][j][i][2];
                flux[j][1] = u[k][j][i][1] * speed;
                flux[j][2] = u[k][j][i][2] * speed + c2 * (u[k][j][i][4] - qs[k][j][i]);
                flux[j][3] = u[k][j][i][3] * speed;
                flux[j][4] = (c1 * u[k][j][i][4] - c2 * qs[k][j][i]) * speed;
            }
            for (j = 1; j < ny - 1; j++)
                for (m = 0; m < 5; m++)
                    rsd[k][j][i][m] -= ty2 * (flux[j + 1][m] - flux[j - 1][m]);

            for (j = 1; j < ny; j++) {
                double u_here = rho_i[k][j][i] * u[k][j][i][1];
                double v_here = rho_i[k][j][i] * u[k][j][i][2];
                double w_here = rho_i[k][j][i] * u[k][j][i][3];
                double e_here = rho_i[k][j][i] * u[k][j][i][4];
                double u_before = rho_i[k][j - 1][i] * u[k][j - 1][i][1];
                double v_before = rho_i[k][j - 1][i] * u[k][j - 1][i][2];
                double w_before = rho_i[k][j - 1][i] * u[k][j - 1][i][3];
                double e_before = rho_i[k][j - 1][i] * u[k][j - 1][i][4];
                flux[j][1] = ty3 * (u_here - u_before);
                flux[j][2] = r43 * ty3 * (v_here - v_before);
                flux[j][3] = ty3 * (w_here - w_before);
                flux[j][4] = 0.5 * (1.0 - c1 * 1.4) * ty3
                        * ((u_here * u_here + v_here * v_here + w_here * w_here)
                           - (u_before * u_before + v_before * v_before + w_before * w_before))
                    + (1.0 / 6.0) * ty3 * (v_here * v_here - v_before * v_before)
                    + c1 * 1.4 * ty3 * (e_here - e_before);
            }
            for (j = 1; j < ny - 1; j++) {
                rsd[k][j][i][0] += dy1 * ty1
                    * (u[k][j - 1][i][0] - 2.0 * u[k][j][i][0] + u[k][j + 1][i][0]);
                rsd[k][j][i][1] += ty3 * c34 * (flux[j + 1][1] - flux[j][1])
                    + dy2 * ty1 * (u[k][j - 1][i][1] - 2.0 * u[k][j][i][1] + u[k][j + 1][i][1]);
                rsd[k][j][i][2] += ty3 * c34 * (flux[j + 1][2] - flux[j][2])
                    + dy3 * ty1 * (u[k][j - 1][i][2] - 2.0 * u[k][j][i][2] + u[k][j + 1][i][2]);
                rsd[k][j][i][3] += ty3 * c34 * (flux[j + 1][3] - flux[j][3])
                    + dy4 * ty1 * (u[k][j - 1][i][3] - 2.0 * u[k][j][i][3] + u[k][j + 1][i][3]);
                rsd[k][j][i][4] += ty3 * c34 * (flux[j + 1][4] - flux[j][4])
                    + dy5 * ty1 * (u[k][j - 1][i][4] - 2.0 * u[k][j][i][4] + u[k][j + 1][i][4]);
            }

            /* Fourth-order dissipation. */
            for (m = 0; m < 5; m++) {
                rsd[k][1][i][m] -= dssp * (5.0 * u[k][1][i][m] - 4.0 * u[k][2][i][m] + u[k][3][i][m]);
                rsd[k][2][i][m] -= dssp
                    * (-4.0 * u[k][1][i][m] + 6.0 * u[k][2][i][m] - 4.0 * u[k][3][i][m] + u[k][4][i][m]);
            }
            for (j = 3; j < ny - 3; j++)
                for (m = 0; m < 5; m++)
                    rsd[k][j][i][m] -= dssp
                        * (u[k][j - 2][i][m] - 4.0 * u[k][j - 1][i][m] + 6.0 * u[k][j][i][m]
                        - 4.0 * u[k][j + 1][i][m]
                           + u[k][j + 2][i][m]);
            for (m = 0; m < 5; m++) {
                rsd[k][ny - 3][i][m] -= dssp
                    * (u[k][ny - 5][i][m] - 4.0 * u[k][ny - 4][i][m] + 6.0 * u[k][ny - 3][i][m]
                    - 4.0 * u[k][ny - 2][i][m]);
                rsd[k][ny - 2][i][m] -= dssp
                    * (u[k][ny - 4][i][m] - 4.0 * u[k][ny - 3][i][m] + 5.0 * u[k][ny - 2][i][m]);
            }
        }

    /* Along z: the fluxes, then the viscous fluxes between the points. */
    for (j = 1; j < ny - 1; j++)
        for (i = 1; i < nx - 1; i++) {
            for (k = 0; k < nz; k++) {
                double speed = u[k][j][i][3] * rho_i[k][j][i];
                flux[k][0] = u[k][j][i][3];
                flux[k][1] = u[k][j][i][1] * speed;
                flux[k][2] = u[k][j][i][2] * speed;
                flux[k][3] = u[k][j][i][3] * speed + c2 * (u[k][j][i][4] - qs[k][j][i]);
                flux[k][4] = (c1 * u[k][j][i][4] - c2 * qs[k][j][i]) * speed;
            }
            for (k = 1; k < nz - 1; k++)
                for (m = 0; m < 5; m++)
                    rsd[k][j][i][m] -= tz2 * (flux[k + 1][m] - flux[k - 1][m]);

            for (k = 1; k < nz; k++) {
                double u_here = rho_i[k][j][i] * u[k][j][i][1];
                double v_here = rho_i[k][j][i] * u[k][j][i][2];
                double w_here = rho_i[k][j][i] * u[k][j][i][3];
                double e_here = rho_i[k][j][i] * u[k][j][i][4];
                double u_before = rho_i[k - 1][j][i] * u[k - 1][j][i][1];
                double v_before = rho_i[k - 1][j][i] * u[k - 1][j][i][2];
                double w_before = rho_i[k - 1][j][i] * u[k - 1][j][i][3];
                double e_before = rho_i[k - 1][j][i] * u[k - 1][j][i][4];
                flux[k][1] = tz3 * (u_here - u_before);
                flux[k][2] = tz3 * (v_here - v_before);
                flux[k][3] = r43 * tz3 * (w_here - w_before);
                flux[k][4] = 0.5 * (1.0 - c1 * 1.4) * tz3
                        * ((u_here * u_here + v_here * v_here + w_here * w_here)
                           - (u_before * u_before + v_before * v_before + w_before * w_before))
                    + (1.0 / 6.0) * tz3 * (w_here * w_here - w_before * w_before)
                    + c1 * 1.4 * tz3 * (e_here - e_before);
            }
            for (k = 1; k < nz - 1; k++) {
                rsd[k][j][i][0] += dz1 * tz1
                    * (u[k - 1][j][i][0] - 2.0 * u[k][j][i][0] + u[k + 1][j][i][0]);
                rsd[k][j][i][1] += tz3 * c34 * (flux[k + 1][1] - flux[k][1])
                    + dz2 * tz1 * (u[k - 1][j][i][1] - 2.0 * u[k][j][i][1] + u[k + 1][j][i][1]);
                rsd[k][j][i][2] += tz3 * c34 * (flux[k + 1][2] - flux[k][2])
                    + dz3 * tz1 * (u[k - 1][j][i][2] - 2.0 * u[k][j][i][2] + u[k + 1][j][i][2]);
                rsd[k][j][i][3] += tz3 * c34 * (flux[k + 1][3] - flux[k][3])
                    + dz4 * tz1 * (u[k - 1][j][i][3] - 2.0 * u[k][j][i][3] + u[k + 1][j][i][3]);
                rsd[k][j][i][4] += tz3 * c34 * (flux[k + 1][4] - flux[k][4])
                    + dz5 * tz1 * (u[k - 1][j][i][4] - 2.0 * u[k][j][i][4] + u[k + 1][j][i][4]);
            }

            /* Fourth-order dissipation. */
            for (m = 0; m < 5; m++) {
                rsd[1][j][i][m] -= dssp * (5.0 * u[1][j][i][m] - 4.0 * u[2][j][i][m] + u[3][j][i][m]);
                rsd[2][j][i][m] -= dssp
                    * (-4.0 * u[1][j][i][m] + 6.0 * u[2][j][i][m] - 4.0 * u[3][j][i][m] + u[4][j][i][m]);
            }
            for (k = 3; k < nz - 3; k++)
                for (m = 0; m < 5; m++)
                    rsd[k][j][i][m] -= dssp
                        * (u[k - 2][j][i][m] - 4.0 * u[k - 1][j][i][m] + 6.0 * u[k][j][i][m]
                        - 4.0 * u[k + 1][j][i][m]
                           + u[k + 2][j][i][m]);
            for (m = 0; m < 5; m++) {
                rsd[nz - 3][j][i][m] -= dssp
                    * (u[nz - 5][j][i][m] - 4.0 * u[nz - 4][j][i][m] + 6.0 * u[nz - 3][j][i][m]
                    - 4.0 * u[nz - 2][j][i][m]);
                rsd[nz - 2][j][i][m] -= dssp
                    * (u[nz - 4][j][i][m] - 4.0 * u[nz - 3][j][i][m] + 5.0 * u[nz - 2][j][i][m]);
            }
        }
}
