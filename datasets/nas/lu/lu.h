#ifndef NPB_LU_H
#define NPB_LU_H

#include <math.h>

#include "../common/cfd.h"

enum {
    PROBLEM_SIZE = NPB_PICK(12, 33, 64),
    ITMAX = NPB_PICK(50, 300, 250),
    PADDED = PROBLEM_SIZE / 2 * 2 + 1 /* lines and planes take an odd number of points */
};

/* The field, the residual and the forcing term; points are [k][j][i]. */
extern double u[PROBLEM_SIZE][PADDED][PADDED][5];
extern double rsd[PROBLEM_SIZE][PADDED][PADDED][5];
extern double frct[PROBLEM_SIZE][PADDED][PADDED][5];
extern double rho_i[PROBLEM_SIZE][PADDED][PADDED]; /* 1/density */
extern double qs[PROBLEM_SIZE][PADDED][PADDED];    /* kinetic energy per volume */

/* Blocks of the triangular factors on a plane: the diagonal and those of the
 * neighbours in z, y and x. Stored by columns: [n][m] is row m of column n. */
extern double diagonal[PADDED][PADDED][5][5];
extern double block_z[PADDED][PADDED][5][5];
extern double block_y[PADDED][PADDED][5][5];
extern double block_x[PADDED][PADDED][5][5];

extern int nx, ny, nz;
extern double dt, omega;
extern double dxi, deta, dzeta;
extern double c1, c2, c34, c1345, r43;
extern double tx1, tx2, tx3, ty1, ty2, ty3, tz1, tz2, tz3;
extern double dx1, dx2, dx3, dx4, dx5;
extern double dy1, dy2, dy3, dy4, dy5;
extern double dz1, dz2, dz3, dz4, dz5;
extern double dssp;

void set_constants(double time_step);
void set_boundary(void);
void set_interior(void);
void make_forcing(void);
void error_norm(double norm[5]);
double surface_integral(void);
void rhs(void);
void l2norm(double v[PROBLEM_SIZE][PADDED][PADDED][5], double norm[5]);
void jacld(int k);
void jacu(int k);
void blts(int k, double v[PROBLEM_SIZE][PADDED][PADDED][5], double ldz[PADDED][PADDED][5][5],
          double ldy[PADDED][PADDED][5][5], double ldx[PADDED][PADDED][5][5], double d[PADDED][PADDED][5][5]);
void buts(int k, double v[PROBLEM_SIZE][PADDED][PADDED][5], double d[PADDED][PADDED][5][5],
          double udx[PADDED][PADDED][5][5], double udy[PADDED][PADDED][5][5],
          double udz[PADDED][PADDED][5][5]);

#endif
