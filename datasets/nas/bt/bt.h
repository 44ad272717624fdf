#ifndef NPB_BT_H
#define NPB_BT_H

#include <math.h>

#include "../common/npb.h"

enum { PROBLEM_SIZE = NPB_PICK(12, 24, 64), NITER = NPB_PICK(60, 200, 200) };

#include "../common/adi.h"

/* Blocks are stored by columns: block[n][m] is row m of column n. */
void matvec_sub(double block[5][5], double vector[5], double result[5]);
void matmul_sub(double left[5][5], double right[5][5], double result[5][5]);
void solve_block(double block[5][5], double next[5][5], double r[5]);
void solve_last_block(double block[5][5], double r[5]);

void x_solve(void);
void y_solve(void);
void z_solve(void);

#endif
