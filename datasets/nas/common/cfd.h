/* What BT, SP and LU share: the exact solution of their Navier-Stokes-like
 * equations, which the forcing term is made for. The five variables are the
 * density, the momentum in x, y and z, and the energy. */
#ifndef NPB_CFD_H
#define NPB_CFD_H

#include "npb.h"

/* The exact solution at a point of the unit cube. */
void exact_solution(double xi, double eta, double zeta, double value[5]);

/* Transfinite interpolation of it from the six faces: the first guess. */
void blended_solution(double xi, double eta, double zeta, double value[5]);

/* Compares five norms, to 1e-8. */
int compare_norms(const char *what, const double computed[5], const double published[5]);

#endif
