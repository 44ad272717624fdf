/* The products with the matrices of eigenvectors that stand before, between
 * and after the sweeps. */
#include "sp.h"

double bt;

/* The inverse of the eigenvectors of x, before the first sweep. */
void txinvr(void)
{
    for (int k = 1; k < nz - 1; k++)
        for (int j = 1; j < ny - 1; j++)
            for (int i = 1; i < nx - 1; i++) {
                double rho = rho_i[k][j][i];
                double uu = us[k][j][i];
                double vv = vs[k][j][i];
                double ww = ws[k][j][i];
                double sound = speed[k][j][i];

                double r1 = rhs[k][j][i][0];
                double r2 = rhs[k][j][i][1];
                double r3 = rhs[k][j][i][2];
                double r4 = rhs[k][j][i][3];
                double r5 = rhs[k][j][i][4];

                double t1 = c2 / (sound * sound) * (qs[k][j][i] * r1 - uu * r2 - vv * r3 - ww * r4 + r5);
                double t2 = bt * rho * (uu * r1 - r2);
                double t3 = bt * rho * sound * t1;

                rhs[k][j][i][0] = r1 - t1;
                rhs[k][j][i][1] = -rho * (ww * r1 - r4);
                rhs[k][j][i][2] = rho * (vv * r1 - r3);
                rhs[k][j][i][3] = -t2 + t3;
                rhs[k][j][i][4] = t2 + t3;
            }
}

/* From the eigenvectors of x to those of y. */
void ninvr(void)
{
    for (int k = 1; k < nz - 1; k++)
        for (int j = 1; j < ny - 1; j++)
            for (int i = 1; i < nx - 1; i++) {
                double r1 = rhs[k][j][i][0];
                double r2 = rhs[k][j][i][1];
                double r3 = rhs[k][j][i][2];
                double r4 = rhs[k][j][i][3];
                double r5 = rhs[k][j][i][4];

                double t1 = bt * r3;
                double t2 = 0.5 * (r4 + r5);

                rhs[k][j][i][0] = -r2;
                rhs[k][j][i][1] = r1;
                rhs[k][j][i][2] = bt * (r4 - r5);
                rhs[k][j][i][3] = -t1 + t2;
                rhs[k][j][i][4] = t1 + t2;
            }
}

/* From the eigenvectors of y to those of z. */
void pinvr(void)
{
    for (int k = 1; k < nz - 1; k++)
        for (int j = 1; j < ny - 1; j++)
            for (int i = 1; i < nx - 1; i++) {
                double r1 = rhs[k][j][i][0];
                double r2 = rhs[k][j][i][1];
                double r3 = rhs[k][j][i][2];
                double r4 = rhs[k][j][i][3];
                double r5 = rhs[k][j][i][4];

                double t1 = bt * r1;
                double t2 = 0.5 * (r4 + r5);

                rhs[k][j][i][0] = bt * (r4 - r5);
                rhs[k][j][i][1] = -r3;
                rhs[k][j][i][2] = r2;
                rhs[k][j][i][3] = -t1 + t2;
                rhs[k][j][i][4] = t1 + t2;
            }
}

/* The eigenvectors of z, after the last sweep. */
void tzetar(void)
{
    for (int k = 1; k < nz - 1; k++)
        for (int j = 1; j < ny - 1; j++)
            for (int i = 1; i < nx - 1; i++) {
                double uu = us[k][j][i];
                double vv = vs[k][j][i];
                double ww = ws[k][j][i];
                double sound = speed[k][j][i];
                double density = u[k][j][i][0];

                double r1 = rhs[k][j][i][0];
                double r2 = rhs[k][j][i][1];
                double r3 = rhs[k][j][i][2];
                double r4 = rhs[k][j][i][3];
                double r5 = rhs[k][j][i][4];

                double scale = bt * density;
                double t1 = scale / sound * (r4 + r5);
                double t2 = r3 + t1;
                double t3 = scale * (r4 - r5);

                rhs[k][j][i][0] = t2;
                rhs[k][j][i][1] = -density * r2 + uu * t2;
                rhs[k][j][i][2] = density * r1 + vv * t2;
                rhs[k][j][i][3] = ww * t2 + t3;
                rhs[k][j][i][4] = density * (-uu * r2 + vv * r1) + qs[k][j][i] * t2
                    + 2.5 * (sound * sound) * t1 + ww * t3;
            }
}
