/* SP: the equations advanced by an approximate factorization whose factors are
 * diagonalized (Beam and Warming, Pulliam and Chaussee), so that each direction
 * needs scalar pentadiagonal systems only. */
#include <stdio.h>

#include "sp.h"

static const double time_step = NPB_PICK(0.015, 0.0015, 0.0015);

static const double published_residual[3][5] = {
    {2.7470315451339479e-2, 1.0360746705285417e-2, 1.6235745065095532e-2, 1.5840557224455615e-2,
     3.4849040609362460e-2},
    {0.1893253733584e-2, 0.1717075447775e-3, 0.2778153350936e-3, 0.2887475409984e-3, 0.3143611161242e-2},
    {2.4799822399300195, 1.1276337964368832, 1.5028977888770491, 1.4217816211695179, 2.1292113035138280},
};
static const double published_error[3][5] = {
    {2.7289258557377227e-5, 1.0364446640837285e-5, 1.6154798287166471e-5, 1.5750704994480102e-5,
     3.4177666183390531e-5},
    {0.7542088599534e-4, 0.6512852253086e-5, 0.1049092285688e-4, 0.1128838671535e-4, 0.1212845639773e-3},
    {1.0900140297820550e-4, 3.7343951769282091e-5, 5.0092785406541633e-5, 4.7671093939528255e-5,
     1.3621613399213001e-4},
};

static void adi(void)
{
    compute_rhs();
    txinvr();
    x_solve();
    y_solve();
    z_solve();
    add();
}

static void set_sp_constants(void)
{
    set_constants(time_step);
    bt = sqrt(0.5);
    dttx1 = dt * tx1;
    dttx2 = dt * tx2;
    dtty1 = dt * ty1;
    dtty2 = dt * ty2;
    dttz1 = dt * tz1;
    dttz2 = dt * tz2;
    c2dttx1 = 2.0 * dttx1;
    c2dtty1 = 2.0 * dtty1;
    c2dttz1 = 2.0 * dttz1;
    comz1 = dt * dssp;
    comz4 = 4.0 * comz1;
    comz5 = 5.0 * comz1;
    comz6 = 6.0 * comz1;
    dxmax = fmax(dx3, dx4);
    dymax = fmax(dy2, dy4);
    dzmax = fmax(dz2, dz3);
}

int main(void)
{
    char size[32];
    snprintf(size, sizeof size, "%dx%dx%d", PROBLEM_SIZE, PROBLEM_SIZE, PROBLEM_SIZE);
    npb_title("SP", size, NITER);

    set_sp_constants();
    exact_rhs();
    initialize();
    adi(); /* touches everything once */
    initialize();

    double start = npb_seconds();
    for (int step = 1; step <= NITER; step++)
        adi();
    double seconds = npb_seconds() - start;

    double residual[5], error[5];
    error_norm(error);
    compute_rhs();
    rhs_norm(residual);
    for (int m = 0; m < 5; m++)
        residual[m] /= dt;

    int good = compare_norms("residual norm", residual, published_residual[NPB_CLASS_INDEX]);
    good &= compare_norms("error norm", error, published_error[NPB_CLASS_INDEX]);
    return npb_finish("SP", seconds, good);
}
