#ifndef NPB_SP_H
#define NPB_SP_H

#include <math.h>

#include "../common/npb.h"

enum { PROBLEM_SIZE = NPB_PICK(12, 36, 64), NITER = NPB_PICK(100, 400, 400) };

#define WITH_SPEED
#include "../common/adi.h"

/* Left-hand side of the three scalar systems of a plane of lines: five
 * diagonals per point, for the eigenvalues u, u + c and u - c. */
extern double lhs[PADDED][PADDED][5];
extern double lhsp[PADDED][PADDED][5];
extern double lhsm[PADDED][PADDED][5];

extern double bt; /* sqrt(1/2) */
extern double dttx1, dttx2, dtty1, dtty2, dttz1, dttz2;
extern double c2dttx1, c2dtty1, c2dttz1;
extern double comz1, comz4, comz5, comz6; /* dt dssp, by 1, 4, 5, 6 */
extern double dxmax, dymax, dzmax;

void txinvr(void);
void ninvr(void);
void pinvr(void);
void tzetar(void);
void x_solve(void);
void y_solve(void);
void z_solve(void);

#endif
