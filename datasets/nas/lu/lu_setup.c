/* Constants, first guess, forcing term, and what is computed in the end. */
#include "lu.h"

double u[PROBLEM_SIZE][PADDED][PADDED][5];
double frct[PROBLEM_SIZE][PADDED][PADDED][5];

int nx, ny, nz;
double dt, omega;
double dxi, deta, dzeta;
double c1, c2, c34, c1345, r43;
double tx1, tx2, tx3, ty1, ty2, ty3, tz1, tz2, tz3;
double dx1, dx2, dx3, dx4, dx5;
double dy1, dy2, dy3, dy4, dy5;
double dz1, dz2, dz3, dz4, dz5;
double dssp;

void set_constants(double time_step)
{
    nx = PROBLEM_SIZE;
    ny = PROBLEM_SIZE;
    nz = PROBLEM_SIZE;
    dt = time_step;
    omega = NPB_COEFFICIENT(1.2);
    dxi = 1.0 / (nx - 1);
    deta = 1.0 / (ny - 1);
    dzeta = 1.0 / (nz - 1);

    c1 = 1.4;
    c2 = 0.4;
    c34 = 0.1 * 1.0;
    c1345 = c1 * c34 * 1.4;
    r43 = 4.0 / 3.0;

    tx1 = 1.0 / (dxi * dxi);
    tx2 = 1.0 / (2.0 * dxi);
    tx3 = 1.0 / dxi;
    ty1 = 1.0 / (deta * deta);
    ty2 = 1.0 / (2.0 * deta);
    ty3 = 1.0 / deta;
    tz1 = 1.0 / (dzeta * dzeta);
    tz2 = 1.0 / (2.0 * dzeta);
    tz3 = 1.0 / dzeta;

    dx1 = dx2 = dx3 = dx4 = dx5 = 0.75;
    dy1 = dy2 = dy3 = dy4 = dy5 = 0.75;
    dz1 = dz2 = dz3 = dz4 = dz5 = 1.0;
    dssp = 0.25 * dz1; /* a quarter of the largest */
}

/* The exact solution on the faces. */
void set_boundary(void)
{
    for (int k = 0; k < nz; k++)
        for (int j = 0; j < ny; j++)
            for (int i = 0; i < nx; i++)
                if (k == 0 || k == nz - 1 || j == 0 || j == ny - 1 || i == 0 || i == nx - 1)
                    exact_solution(i * dxi, j * deta, k * dzeta, u[k][j][i]);
}

void set_interior(void)
{
    for (int k = 1; k < nz - 1; k++)
        for (int j = 1; j < ny - 1; j++)
            for (int i = 1; i < nx - 1; i++)
                blended_solution(i * dxi, j * deta, k * dzeta, u[k][j][i]);
}

/* The forcing term is what the discrete equations leave of the exact solution,
 * which becomes the steady state. Uses u and rsd. */
void make_forcing(void)
{
    for (int k = 0; k < nz; k++)
        for (int j = 0; j < ny; j++)
            for (int i = 0; i < nx; i++) {
                exact_solution(i * dxi, j * deta, k * dzeta, u[k][j][i]);
                for (int m = 0; m < 5; m++)
                    frct[k][j][i][m] = 0.0;
            }
    rhs();
    for (int k = 1; k < nz - 1; k++)
        for (int j = 1; j < ny - 1; j++)
            for (int i = 1; i < nx - 1; i++)
                for (int m = 0; m < 5; m++)
                    frct[k][j][i][m] = rsd[k][j][i][m];
}

static void finish_norm(double norm[5])
{
    for (int m = 0; m < 5; m++)
        norm[m] = sqrt(norm[m] / ((double)(nx - 2) * (ny - 2) * (nz - 2)));
}

void l2norm(double v[PROBLEM_SIZE][PADDED][PADDED][5], double norm[5])
{
    for (int m = 0; m < 5; m++)
        norm[m] = 0.0;
    for (int k = 1; k < nz - 1; k++)
        for (int j = 1; j < ny - 1; j++)
            for (int i = 1; i < nx - 1; i++)
                for (int m = 0; m < 5; m++)
                    norm[m] += v[k][j][i][m] * v[k][j][i][m];
    finish_norm(norm);
}

/* Root mean square of u minus the exact solution. */
void error_norm(double norm[5])
{
    double ue[5];
    for (int m = 0; m < 5; m++)
        norm[m] = 0.0;
    for (int k = 1; k < nz - 1; k++)
        for (int j = 1; j < ny - 1; j++)
            for (int i = 1; i < nx - 1; i++) {
                exact_solution(i * dxi, j * deta, k * dzeta, ue);
                for (int m = 0; m < 5; m++)
                    norm[m] += (ue[m] - u[k][j][i][m]) * (ue[m] - u[k][j][i][m]);
            }
    finish_norm(norm);
}

static double pressure(const double state[5])
{
    return c2
        * (state[4] - 0.5 * (state[1] * state[1] + state[2] * state[2] + state[3] * state[3]) / state[0]);
}

/* The integral of the pressure over the surface of a box inside the grid, by
 * the trapezoidal rule. */
double surface_integral(void)
{
    int i1 = 1, i2 = nx - 2;
    int j1 = 1, j2 = ny - 3;
    int k1 = 2, k2 = nz - 2;

    double sum_z = 0.0;
    for (int j = j1; j < j2; j++)
        for (int i = i1; i < i2; i++)
            sum_z += pressure(u[k1][j][i]) + pressure(u[k1][j][i + 1]) + pressure(u[k1][j + 1][i])
                + pressure(u[k1][j + 1][i + 1]) + pressure(u[k2][j][i]) + pressure(u[k2][j][i + 1])
                + pressure(u[k2][j + 1][i]) + pressure(u[k2][j + 1][i + 1]);

    double sum_y = 0.0;
    for (int k = k1; k < k2; k++)
        for (int i = i1; i < i2; i++)
            sum_y += pressure(u[k][j1][i]) + pressure(u[k][j1][i + 1]) + pressure(u[k + 1][j1][i])
                + pressure(u[k + 1][j1][i + 1]) + pressure(u[k][j2][i]) + pressure(u[k][j2][i + 1])
                + pressure(u[k + 1][j2][i]) + pressure(u[k + 1][j2][i + 1]);

    double sum_x = 0.0;
    for (int k = k1; k < k2; k++)
        for (int j = j1; j < j2; j++)
            sum_x += pressure(u[k][j][i1]) + pressure(u[k][j + 1][i1]) + pressure(u[k + 1][j][i1])
                + pressure(u[k + 1][j + 1][i1]) + pressure(u[k][j][i2]) + pressure(u[k][j + 1][i2])
                + pressure(u[k + 1][j][i2]) + pressure(u[k + 1][j + 1][i2]);

    return 0.25 * (dxi * deta * sum_z + dxi * dzeta * sum_y + deta * dzeta * sum_x);
}
