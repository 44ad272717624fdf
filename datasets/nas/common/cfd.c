#include <stdio.h>

#include "cfd.h"

/* For each variable: the constant, then the coefficients of xi, eta and zeta,
 * of their squares, their cubes and their fourth powers. */
static const double ce[5][13] = {
    {2.0, 0.0, 0.0, 4.0, 5.0, 3.0, 0.5, 0.02, 0.01, 0.03, 0.5, 0.4, 0.3},
    {1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 0.01, 0.03, 0.02, 0.4, 0.3, 0.5},
    {2.0, 2.0, 0.0, 0.0, 0.0, 2.0, 3.0, 0.04, 0.03, 0.05, 0.3, 0.5, 0.4},
    {2.0, 2.0, 0.0, 0.0, 0.0, 2.0, 3.0, 0.03, 0.05, 0.04, 0.2, 0.1, 0.3},
    {5.0, 4.0, 3.0, 2.0, 0.1, 0.4, 0.3, 0.05, 0.04, 0.03, 0.1, 0.3, 0.2},
};

void exact_solution(double xi, double eta, double zeta, double value[5])
{
    for (int m = 0; m < 5; m++) {
        const double *c = ce[m];
        value[m] = c[0] + xi * (c[1] + xi * (c[4] + xi * (c[7] + xi * c[10])))
            + eta * (c[2] + eta * (c[5] + eta * (c[8] + eta * c[11])))
            + zeta * (c[3] + zeta * (c[6] + zeta * (c[9] + zeta * c[12])));
    }
}

void blended_solution(double xi, double eta, double zeta, double value[5])
{
    double at_xi[2][5], at_eta[2][5], at_zeta[2][5];
    for (int end = 0; end < 2; end++) {
        exact_solution(end, eta, zeta, at_xi[end]);
        exact_solution(xi, end, zeta, at_eta[end]);
        exact_solution(xi, eta, end, at_zeta[end]);
    }
    for (int m = 0; m < 5; m++) {
        double p = xi * at_xi[1][m] + (1.0 - xi) * at_xi[0][m];
        double q = eta * at_eta[1][m] + (1.0 - eta) * at_eta[0][m];
        double r = zeta * at_zeta[1][m] + (1.0 - zeta) * at_zeta[0][m];
        value[m] = p + q + r - p * q - p * r - q * r + p * q * r;
    }
}

int compare_norms(const char *what, const double computed[5], const double published[5])
{
    int good = 1;
    for (int m = 0; m < 5; m++) {
        char label[32];
        snprintf(label, sizeof label, "%s %d", what, m + 1);
        good &= npb_compare(label, computed[m], published[m], 1e-8);
    }
    return good;
}
