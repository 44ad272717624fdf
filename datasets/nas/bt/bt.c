/* BT: the equations advanced by an approximate factorization (Beam and
 * Warming), each factor of which is a block-tridiagonal system of 5x5 blocks
 * along every line of its direction. */
#include <stdio.h>

#include "bt.h"

static const double time_step = NPB_PICK(0.01, 0.0008, 0.0008);

static const double published_residual[3][5] = {
    {1.7034283709541311e-1, 1.2975252070034097e-2, 3.2527926989486055e-2, 2.6436421275166801e-2,
     1.9211784131744430e-1},
    {1.125590409344e2, 1.180007595731e1, 2.710329767846e1, 2.469174937669e1, 2.638427874317e2},
    {1.0806346714637264e2, 1.1319730901220813e1, 2.5974354511582465e1, 2.3665622544678910e1,
     2.5278963211748344e2},
};
static const double published_error[3][5] = {
    {4.9976913345811579e-4, 4.5195666782961927e-5, 7.3973765172921357e-5, 7.3821238632439731e-5,
     8.9269630987491446e-4},
    {4.419655736008, 4.638531260002e-1, 1.011551749967, 9.235878729944e-1, 1.018045837718e1},
    {4.2348416040525025, 4.4390282496995698e-1, 9.6692480136345650e-1, 8.8302063039765474e-1,
     9.7379901770829278},
};

static void adi(void)
{
    compute_rhs();
    x_solve();
    y_solve();
    z_solve();
    add();
}

int main(void)
{
    char size[32];
    snprintf(size, sizeof size, "%dx%dx%d", PROBLEM_SIZE, PROBLEM_SIZE, PROBLEM_SIZE);
    npb_title("BT", size, NITER);

    set_constants(time_step);
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
    return npb_finish("BT", seconds, good);
}
