/* The field and the constants of BT and SP, which differ in how they invert
 * the implicit operator. The program's own header defines PROBLEM_SIZE first,
 * and its sources include adi_setup.inc and adi_rhs.inc. */
#ifndef NPB_ADI_H
#define NPB_ADI_H

#include "cfd.h"

/* Lines and planes are padded to an odd number of points. */
enum { PADDED = PROBLEM_SIZE / 2 * 2 + 1 };

/* Points are [k][j][i]: z, y, x. */
extern double u[PROBLEM_SIZE][PADDED][PADDED][5];
extern double rhs[PROBLEM_SIZE][PADDED][PADDED][5];
extern double forcing[PROBLEM_SIZE][PADDED][PADDED][5];

/* Set by compute_rhs: velocity, 1/density, kinetic energy per volume and per
 * mass, and, in SP, the speed of sound. */
extern double us[PROBLEM_SIZE][PADDED][PADDED];
extern double vs[PROBLEM_SIZE][PADDED][PADDED];
extern double ws[PROBLEM_SIZE][PADDED][PADDED];
extern double rho_i[PROBLEM_SIZE][PADDED][PADDED];
extern double square[PROBLEM_SIZE][PADDED][PADDED];
extern double qs[PROBLEM_SIZE][PADDED][PADDED];
#ifdef WITH_SPEED
extern double speed[PROBLEM_SIZE][PADDED][PADDED];
#endif

extern int nx, ny, nz;
extern double dt;
extern double dnxm1, dnym1, dnzm1; /* distance of points */

/* Constants of the gas, and products of them. */
extern double c1, c2, c3, c4, c5;
extern double c1c2, c1c5, c3c4, c1345, con43;

/* 1/h^2, 1/(2h) and 1/h of each direction. */
extern double tx1, tx2, tx3, ty1, ty2, ty3, tz1, tz2, tz3;

/* Second-order dissipation of each variable, and the same by 1/h^2. */
extern double dx1, dx2, dx3, dx4, dx5;
extern double dy1, dy2, dy3, dy4, dy5;
extern double dz1, dz2, dz3, dz4, dz5;
extern double dx1tx1, dx2tx1, dx3tx1, dx4tx1, dx5tx1;
extern double dy1ty1, dy2ty1, dy3ty1, dy4ty1, dy5ty1;
extern double dz1tz1, dz2tz1, dz3tz1, dz4tz1, dz5tz1;

/* Fourth-order dissipation. */
extern double dssp;

/* Coefficients of the viscous terms. */
extern double xxcon2, xxcon3, xxcon4, xxcon5;
extern double yycon2, yycon3, yycon4, yycon5;
extern double zzcon2, zzcon3, zzcon4, zzcon5;

void set_constants(double time_step);
void initialize(void);
void exact_rhs(void);
void compute_rhs(void);
void add(void);
void error_norm(double norm[5]);
void rhs_norm(double norm[5]);

#endif
