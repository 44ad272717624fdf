/* LU: the equations advanced by symmetric successive over-relaxation, whose
 * lower and upper triangular systems are solved point by point with 5x5
 * blocks. (There is no LU factorization in it.) */
#include <stdio.h>

#include "lu.h"

static const double time_step = NPB_PICK(0.5, 0.0015, 2.0);

static const double published_residual[3][5] = {
    {1.6196343210976702e-2, 2.1976745164821318e-3, 1.5179927653399185e-3, 1.5029584435994323e-3,
     3.4264073155896461e-2},
    {1.236511638192e1, 1.317228477799, 2.550120713095, 2.326187750252, 2.826799444189e1},
    {7.7902107606689367e2, 6.3402765259692870e1, 1.9499249727292479e2, 1.7845301160418537e2,
     1.8384760349464247e3},
};
static const double published_error[3][5] = {
    {6.4223319957960924e-4, 8.4144342047347926e-5, 5.8588269616485186e-5, 5.8474222595157350e-5,
     1.3103347914111294e-3},
    {4.867877144216e-1, 5.064652880982e-2, 9.281818101960e-2, 8.570126542733e-2, 1.084277417792},
    {2.9964085685471943e1, 2.8194576365003349, 7.3473412698774742, 6.7139225687777051, 7.0715315688392578e1},
};
static const double published_integral[3] = {7.8418928865937083, 1.161399311023e1, 2.6030925604886277e1};

double rsd[PROBLEM_SIZE][PADDED][PADDED][5];
double diagonal[PADDED][PADDED][5][5];
double block_z[PADDED][PADDED][5][5];
double block_y[PADDED][PADDED][5][5];
double block_x[PADDED][PADDED][5][5];

static void ssor(int iterations)
{
    double scale = 1.0 / (omega * (2.0 - omega));

    rhs();
    for (int step = 1; step <= iterations; step++) {
        for (int k = 1; k < nz - 1; k++)
            for (int j = 1; j < ny - 1; j++)
                for (int i = 1; i < nx - 1; i++)
                    for (int m = 0; m < 5; m++)
                        rsd[k][j][i][m] *= dt;

        for (int k = 1; k < nz - 1; k++) {
            jacld(k);
            blts(k, rsd, block_z, block_y, block_x, diagonal);
        }
        for (int k = nz - 2; k > 0; k--) {
            jacu(k);
            buts(k, rsd, diagonal, block_x, block_y, block_z);
        }

        for (int k = 1; k < nz - 1; k++)
            for (int j = 1; j < ny - 1; j++)
                for (int i = 1; i < nx - 1; i++)
                    for (int m = 0; m < 5; m++)
                        u[k][j][i][m] += scale * rsd[k][j][i][m];
        rhs();
    }
}

int main(void)
{
    char size[32];
    snprintf(size, sizeof size, "%dx%dx%d", PROBLEM_SIZE, PROBLEM_SIZE, PROBLEM_SIZE);
    npb_title("LU", size, ITMAX);

    set_constants(time_step);
    make_forcing();
    set_boundary();
    set_interior();
    ssor(1); /* touches everything once */
    set_boundary();
    set_interior();

    double start = npb_seconds();
    ssor(ITMAX);
    double seconds = npb_seconds() - start;

    double residual[5], error[5];
    l2norm(rsd, residual);
    error_norm(error);

    int good = compare_norms("residual norm", residual, published_residual[NPB_CLASS_INDEX]);
    good &= compare_norms("error norm", error, published_error[NPB_CLASS_INDEX]);
    good &= npb_compare("surface integral", surface_integral(), published_integral[NPB_CLASS_INDEX], 1e-8);
    return npb_finish("LU", seconds, good);
}
